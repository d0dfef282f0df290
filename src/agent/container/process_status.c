/* SPDX-License-Identifier: MIT */
#include "process_status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/request/process.h"
#include "cmigrate/base/str.h"

#define STATUS_MAX 16384

/* The value of a line "KEY:\tVALUE"; NULL: another line. */
static const char *value_of(const char *line, const char *key)
{
	size_t len = strlen(key);

	return strncmp(line, key, len) == 0 ? line + len + strspn(line + len, " \t") : NULL;
}

static unsigned long long number(const char *text)
{
	return strtoull(text, NULL, 10);
}

/* A number for each PID namespace, the innermost last. 0: none there. */
static bool is_outside(const char *numbers)
{
	const char *last = strrchr(numbers, '\t');

	return last && strcmp(last, "\t0") == 0;
}

/* Kernels before 4.5 have no RssAnon, and count it with file pages. */
struct memory {
	unsigned long long own, all;
	bool split;
};

static void read_process(struct process_status *ret, const char *line)
{
	const char *value;

	if ((value = value_of(line, "Name:")) != NULL)
		(void)snprintf(ret->name, sizeof(ret->name), "%s", value);
	else if ((value = value_of(line, "State:")) != NULL)
		ret->state = *value;
	else if ((value = value_of(line, "PPid:")) != NULL)
		ret->parent = (pid_t)number(value);
	else if ((value = value_of(line, "TracerPid:")) != NULL)
		ret->tracer = (pid_t)number(value);
	else if ((value = value_of(line, "NSpgid:")) != NULL ||
		 (value = value_of(line, "NSsid:")) != NULL)
		ret->outside = ret->outside || is_outside(value);
	else if ((value = value_of(line, "VmSwap:")) != NULL)
		ret->swap = number(value) * 1024;
	else if ((value = value_of(line, "Threads:")) != NULL)
		ret->threads = (unsigned)number(value);
}

static void read_memory(struct memory *memory, const char *line)
{
	const char *value;

	if ((value = value_of(line, "VmRSS:")) != NULL)
		memory->all = number(value);
	if ((value = value_of(line, "RssAnon:")) == NULL &&
	    (value = value_of(line, "RssShmem:")) == NULL)
		return;
	memory->own += number(value);
	memory->split = true;
}

bool process_status_read(pid_t pid, struct process_status *ret)
{
	CLEANUP_FREE char *text = process_file(pid, "status", STATUS_MAX, NULL);
	struct memory memory = {0};
	char *save = NULL;

	memset(ret, 0, sizeof(*ret));
	if (!text || !*text)
		return false;
	ret->pid = pid;
	for (char *line = strtok_r(text, "\n", &save); line && !ret->threads;
	     line = strtok_r(NULL, "\n", &save)) {
		read_process(ret, line);
		read_memory(&memory, line);
	}
	ret->memory = (memory.split ? memory.own : memory.all) * 1024;
	return true;
}
