/* SPDX-License-Identifier: MIT */
/*
 * cmigrate-agent: acts for cmigrate on a host (docs/agent.md).
 *
 *   serve [--kept PATH] [--name NAME] [--bundle-root DIR]   serves a controller on stdin and stdout
 *   fetch-keeper, receive-keeper   what it starts itself (keeper.h)
 *
 * By the name of "gate" it is what CRIU executes during a dump (gate.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/dump/gate.h"
#include "agent/request/agent_file.h"
#include "agent/request/keeper.h"
#include "cmigrate/agent/build.h"
#include "cmigrate/base/proc.h"
#include "cmigrate/base/str.h"
#include "cmigrate/base/version.h"
#include "serve.h"
#include "verbs.h"

#define IN_MEMORY "--in-memory"

/* A copy in memory is executed from now on: neither a full disk nor an NFS server that hangs can
 * stop it. Returns only if that can't be had; then the file is locked into memory (lock_pages). */
static void go_to_memory(char **argv, int argc)
{
	char *again[16];
	struct stat st;
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = memfd_create("cmigrate-agent", MFD_CLOEXEC);

	bool whole = from >= 0 && to >= 0 && fstat(from, &st) == 0 && argc + 2 <= 16;
	for (off_t left = whole ? st.st_size : 0; whole && left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);
		whole = n > 0;
		left -= n;
	}
	for (int i = 0; whole && i < argc; i++)
		again[i] = argv[i];
	if (whole) {
		again[argc] = IN_MEMORY;
		again[argc + 1] = NULL;
		(void)fexecve(to, again, environ);
	}
	/* Its contents would be locked into memory in vain. */
	fd_close(&from);
	fd_close(&to);
}

static const char *option(int argc, char **argv, const char *name)
{
	for (int i = 2; i + 1 < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return argv[i + 1];
	return NULL;
}

static int serve_main(int argc, char **argv)
{
	if (strcmp(argv[argc - 1], IN_MEMORY) != 0)
		go_to_memory(argv, argc);
	(void)prctl(PR_SET_NAME, "cmigrate-agent");
	(void)mlockall(MCL_CURRENT | MCL_FUTURE);
	/* It writes the memory and state of services. */
	(void)umask(077);
	agent_file_init(option(argc, argv, "--kept"), option(argc, argv, "--name"));
	const char *root = option(argc, argv, "--bundle-root");
	if (root)
		verbs_bounded();
	return serve(STDIN_FILENO, STDOUT_FILENO, root);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{"serve", serve_main},
		{"fetch-keeper", fetch_keeper},
		{"receive-keeper", receive_keeper},
	};
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;

	if (slash && strcmp(slash + 1, GATE_LINK) == 0)
		_exit(gate_main(argv[0]));
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			/* No thread's cleanup, no buffers: it may be in the middle of anything. */
			_exit(commands[i].run(argc, argv));
	(void)fprintf(stderr,
		      "cmigrate-agent " CMIGRATE_VERSION " (%s): cmigrate starts it, see "
		      "cmigrate(1)\n",
		      AGENT_BUILD);
	return 2;
}
