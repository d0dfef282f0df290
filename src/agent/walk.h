/* SPDX-License-Identifier: MIT */
/*
 * walk: one pass over the processes of a container. Each file below looks at one thing of them
 * while the pass goes on, or at the end of it: open_files.c, mapped_files.c, container_sockets.c,
 * sleeps.c. Processes come and go meanwhile.
 */
#ifndef CMIGRATE_AGENT_WALK_H
#define CMIGRATE_AGENT_WALK_H

#include <stdint.h>

#include "process_status.h"
#include "request.h"

/* A descriptor that is a socket. */
struct open_socket {
	uint32_t inode;
	pid_t pid;
	int fd;
};

struct told {
	const char *key;
	unsigned times;
};

struct walk {
	struct request *req;
	pid_t first; /* process of the container */
	struct process_status *processes;
	size_t n;
	struct open_socket *sockets;
	size_t n_sockets;
	/* Deleted files that were told, or looked at. */
	struct argv known;
	unsigned looked;
	struct told told[32];
};

void walk_clear(struct walk *walk);
/* Says a fact KEY=VALUE, at most 16 of a kind and 600 bytes each. The key is a literal. */
void walk_tell(struct walk *walk, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Whether this is a name of memory: no file system has it. */
bool walk_is_memory(const char *path);
/* Says deleted=SIZE LINKS PATH of a file that has no name any more, once for each path. link: where
 * /proc leads to it. */
void walk_tell_deleted(struct walk *walk, const char *link, const char *path);
/* True the first time that it is asked about a path, unless there are too many. */
bool walk_is_new(struct walk *walk, const char *path);
/* If the text ends with it, cuts " (deleted)" off. */
bool walk_cut_deleted(char *path);

/* The descriptors of a process: files of the host, terminals, locks, deleted files; its sockets are
 * noted in the walk. */
void open_files(struct walk *walk, pid_t pid);
/* Mapped files that are deleted, perhaps without a descriptor: a library that was replaced. */
void mapped_files(struct walk *walk, pid_t pid);
/* At the end: the sockets of all processes, with what they are connected to. */
void container_sockets(struct walk *walk);
/* At the end: sleeps that a dump cuts short. */
void sleeps(struct walk *walk);

#endif
