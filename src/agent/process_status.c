/* SPDX-License-Identifier: MIT */
#include "process_status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/str.h"
#include "process.h"

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

bool process_status_read(pid_t pid, struct process_status *ret)
{
	CLEANUP_FREE char *text = process_file(pid, "status", STATUS_MAX, NULL);
	unsigned long long own = 0, all = 0;
	char *save = NULL;
	const char *value;
	bool split = false;

	memset(ret, 0, sizeof(*ret));
	if (!text || !*text)
		return false;
	ret->pid = pid;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if ((value = value_of(line, "Name:")) != NULL) {
			(void)snprintf(ret->name, sizeof(ret->name), "%s", value);
		} else if ((value = value_of(line, "PPid:")) != NULL) {
			ret->parent = (pid_t)number(value);
		} else if ((value = value_of(line, "RssAnon:")) != NULL ||
			   (value = value_of(line, "RssShmem:")) != NULL) {
			own += number(value);
			split = true;
		} else if ((value = value_of(line, "VmRSS:")) != NULL) {
			all = number(value);
		} else if ((value = value_of(line, "VmSwap:")) != NULL) {
			ret->swap = number(value) * 1024;
		} else if ((value = value_of(line, "Threads:")) != NULL) {
			ret->threads = (unsigned)number(value);
			break;
		}
	}
	/* Kernels before 4.5 count it with file pages. */
	ret->memory = (split ? own : all) * 1024;
	return true;
}
