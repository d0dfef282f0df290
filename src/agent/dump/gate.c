/* SPDX-License-Identifier: MIT */
#include "gate.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/network/loopback.h"
#include "cmigrate/base/str.h"

#define WORD_SIZE 16
#define LOCK_AFTER_MS 500

struct gate {
	int run;	      /* RUN */
	int verdict;	      /* the fifo; -1: not open */
	bool at_end;	      /* the images are complete; else CRIU has not begun */
	char line[WORD_SIZE]; /* the last one from the fifo */
};

/* The directory of the link by which it was executed. */
static int open_run(const char *link)
{
	CLEANUP_FREE char *copy = str_dup(link);

	return open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* For reading and writing: a controller that dies ends no wait, and a line stays as long as the
 * gate does. */
static int open_fifo(int run, const char *name)
{
	return openat(run, name, O_RDWR | O_CLOEXEC);
}

static bool exists(int run, const char *name)
{
	return faccessat(run, name, F_OK, 0) == 0;
}

/* A link needs no room on a /run that is full. */
static bool make_mark(int run, const char *name)
{
	return linkat(run, GATE_SAY_OPEN, run, name, 0) == 0 || exists(run, name);
}

/* The images of a directory; 0 if it can't be read: then their number is not said. */
static unsigned count_images(const char *directory)
{
	DIR *dir = directory ? opendir(directory) : NULL;
	unsigned n = 0;

	for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
		size_t len = strlen(e->d_name);
		n += e->d_name[0] != '.' && len > 4 && strcmp(e->d_name + len - 4, ".img") == 0;
	}
	if (dir)
		(void)closedir(dir);
	return n;
}

/* Says that the gate is there. Keeps the fifo open, because only then the line stays. */
static bool tell(const struct gate *gate, const char *images)
{
	const char *name = gate->at_end ? GATE_REACHED : GATE_PARKED;
	int fifo = open_fifo(gate->run, name);
	unsigned n = gate->at_end && exists(gate->run, GATE_COUNTS) ? count_images(images) : 0;

	if (fifo < 0 || !make_mark(gate->run, gate->at_end ? GATE_AT_REACHED : GATE_AT_PARKED))
		return false;
	return (n ? dprintf(fifo, "%s %u\n", name, n) : dprintf(fifo, "%s\n", name)) > 0;
}

/* The word that stands: "open", "close", or "" while there is none. */
static void read_word(int run, char ret[WORD_SIZE])
{
	int fd = openat(run, GATE_WORD, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, ret, WORD_SIZE - 1);

	if (fd >= 0)
		(void)close(fd);
	ret[n > 0 ? n : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

/*
 * From then on it needs no file system but RUN's, whatever becomes of the one that it was executed
 * from. At its end the container is frozen, and the processor is for the restore: then it comes
 * later, unless a line is there before.
 */
static void lock_pages(const struct gate *gate)
{
	struct pollfd verdict = {.fd = gate->verdict, .events = POLLIN};

	if (!gate->at_end || poll(&verdict, 1, LOCK_AFTER_MS) == 0)
		(void)mlockall(MCL_CURRENT);
}

/* Waits for the next line. Bytes beyond its room are dropped. */
static void read_line(struct gate *gate)
{
	size_t n = 0;
	char c;

	lock_pages(gate);
	for (;;) {
		ssize_t got = read(gate->verdict, &c, 1);
		if (got == 1 && c == '\n')
			break;
		if (got == 1 && n < sizeof(gate->line) - 1)
			gate->line[n++] = c;
	}
	gate->line[n] = '\0';
}

static int wait_for_verdict(struct gate *gate)
{
	char word[WORD_SIZE];

	for (;; read_line(gate)) {
		read_word(gate->run, word);
		if (strcmp(word, "close") == 0)
			return 1;
		if (gate->at_end && strcmp(word, "open") == 0)
			return 0;
		if (gate->at_end || strcmp(gate->line, "go") != 0 || *word)
			continue;
		/* From then on nobody kills us for being late. A gate that was closed meanwhile is
		 * noticed. */
		return make_mark(gate->run, GATE_BEGAN) && !exists(gate->run, GATE_WORD) ? 0 : 1;
	}
}

/* A page server's hook says so once, and does not wait. */
static int tell_served(int run)
{
	int fifo = open_fifo(run, GATE_SERVED);

	return fifo >= 0 && dprintf(fifo, "served\n") > 0 ? 0 : 1;
}

/* A pass of pre-copy has a directory of its own, and no gate. */
static bool is_pass(const char *images)
{
	const char *slash = images ? strrchr(images, '/') : NULL;

	return slash && str_starts(slash, "/pass-");
}

/* The restore of a rehearsal ends there; every other one goes on. A full /run has room for a link.
 */
static int tell_restored(int run)
{
	if (!exists(run, GATE_REHEARSES))
		return 0;
	(void)!linkat(run, "criu.conf", run, GATE_RESTORED, 0);
	return 1;
}

static int set_loopback_up(const char *link)
{
	const char *pid = getenv("CRTOOLS_INIT_PID");
	int run = open_run(link);

	if (run < 0 || !exists(run, GATE_OWN_NETWORK))
		return run < 0;
	return !pid || loopback_set_up(atoi(pid)) < 0;
}

int gate_main(const char *link)
{
	const char *action = getenv("CRTOOLS_SCRIPT_ACTION"), *images = getenv("CRTOOLS_IMAGE_DIR");
	struct gate gate = {.verdict = -1};

	if (!action || is_pass(images))
		return 0;
	if (strcmp(action, "post-setup-namespaces") == 0)
		return set_loopback_up(link);
	gate.at_end = strcmp(action, "post-dump") == 0;
	bool serves = strcmp(action, "status-ready") == 0;
	bool restored = strcmp(action, "post-restore") == 0;
	if (!gate.at_end && !serves && !restored && strcmp(action, "pre-dump") != 0)
		return 0;
	gate.run = open_run(link);
	if (gate.run < 0)
		return 1;
	if (restored)
		return tell_restored(gate.run);
	if (serves)
		return tell_served(gate.run);
	gate.verdict = open_fifo(gate.run, GATE_VERDICT);
	if (gate.verdict < 0 || !tell(&gate, images))
		return 1;
	return wait_for_verdict(&gate);
}
