/* SPDX-License-Identifier: MIT */
/* What several tests need: a directory of their own, and an ssh that goes nowhere. */
#ifndef CMIGRATE_TEST_STUB_H
#define CMIGRATE_TEST_STUB_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmigrate/base/str.h"

/* A new directory; removed by stub_dir_remove(). */
static inline char *stub_dir_make(void)
{
	const char *base = getenv("TMPDIR");
	char *dir = str_fmt("%s/cmigrate-test-XXXXXX", base ? base : "/tmp");

	if (!mkdtemp(dir))
		abort();
	return dir;
}

static inline void stub_dir_remove(char *dir)
{
	CLEANUP_FREE char *command = str_fmt("rm -rf '%s'", dir);

	if (system(command) != 0)
		abort();
	free(dir);
}

/* An executable in dir. */
static inline void stub_program(const char *dir, const char *name, const char *text)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", dir, name);
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0 || chmod(path, 0700) < 0)
		abort();
}

static inline void stub_path_add(const char *dir)
{
	CLEANUP_FREE char *path = str_fmt("%s:%s", dir, getenv("PATH"));

	if (setenv("PATH", path, 1) < 0)
		abort();
}

/*
 * An ssh in dir that does what sshd does: the words behind the host are joined with blanks and read
 * by a shell. With $STUB_SSH_LOG its own words are written there, one a line. It is turned away
 * once for each directory in $STUB_SSH_AWAY. $STUB_SSH_LOGIN: what the login prints;
 * $STUB_SSH_SAYS: what the host answers in place of an agent, both as in printf(1).
 */
static inline void stub_ssh(const char *dir)
{
	stub_program(
		dir, "ssh",
		"#!/bin/sh\n"
		"[ -z \"$STUB_SSH_LOG\" ] || printf '%s\\n' \"$@\" >>\"$STUB_SSH_LOG\"\n"
		"for away in ${STUB_SSH_AWAY:+\"$STUB_SSH_AWAY\"/*}; do\n"
		"	rmdir \"$away\" 2>/dev/null || continue\n"
		"	echo 'kex_exchange_identification: Connection closed by remote host' >&2\n"
		"	echo 'Connection closed by 192.0.2.2 port 22' >&2\n"
		"	exit 255\n"
		"done\n"
		"while [ \"$1\" != -- ]; do shift; done\n"
		"if [ \"$2\" = off ]; then\n"
		"	echo 'ssh: connect to host off port 22: No route to host' >&2\n"
		"	exit 255\n"
		"fi\n"
		"shift 2\n"
		"[ -z \"$STUB_SSH_LOGIN\" ] || { printf \"$STUB_SSH_LOGIN\"; echo a banner >&2; }\n"
		"if [ -n \"$STUB_SSH_SAYS\" ]; then\n"
		"	printf \"$STUB_SSH_SAYS\"\n"
		"	exec cat >/dev/null\n"
		"fi\n"
		"exec sh -c \"$*\"\n");
	stub_path_add(dir);
}

#endif
