/* SPDX-License-Identifier: MIT */
/*
 * walk: one pass over the processes of a container. Each file below looks at one thing of them
 * while the pass goes on, or at the end of it. Processes come and go meanwhile.
 */
#ifndef CMIGRATE_AGENT_WALK_H
#define CMIGRATE_AGENT_WALK_H

#include <stdint.h>

#include "agent/request/request.h"
#include "binds.h"
#include "mounts.h"
#include "process_status.h"
#include "runc_state.h"

/* A descriptor that is a socket. */
struct open_socket {
	uint32_t inode;
	pid_t pid;
	int fd;
	/* Set at the end of the walk, of one descriptor of each socket: the kernel lists it; it is
	 * a unix socket. */
	bool listed, local;
	bool raw;
};

struct walk;
/* Whether something holds of a process now; if so, adds what is said of it. */
typedef bool (*walk_suspicion)(const struct walk *walk, pid_t pid, struct buf *ret);

/* A named pipe that a process has open. */
struct open_fifo {
	dev_t device;
	ino_t inode;
	pid_t pid;
	int fd;
	char *path;
};

/* Memory in huge pages of one size, and a process that has some. */
struct huge_size {
	unsigned long long page, pages;
	unsigned long long largest; /* pages of the largest file */
	pid_t pid;
};
#define HUGE_SIZES 4

struct huge_pages {
	struct huge_size sizes[HUGE_SIZES];
	ino_t *seen; /* files that are counted */
	size_t n_seen;
};

struct told {
	const char *key;
	unsigned times;
};

#define OUTSIDE_MAX 16

struct walk {
	struct request *req;
	pid_t first; /* process of the container */
	struct process_status *processes;
	size_t n;
	struct open_socket *sockets;
	size_t n_sockets;
	struct suspect *suspects;
	size_t n_suspects;
	struct argv namespaces;		   /* names of the first process's; unseizable.c */
	struct mounts mounts, host_mounts; /* of the first process, of the agent */
	struct binds binds;		   /* none if it can't be told what the mounts are */
	dev_t shared;			   /* the device of the bundle */
	bool has_local;			   /* some bind mount is not on that */
	uint64_t *seen;			   /* sums of paths; used_files.c */
	size_t n_seen;
	unsigned files;
	int outside[OUTSIDE_MAX]; /* ids of mounts that no process of the container sees */
	size_t n_outside;
	struct open_fifo *fifos;
	size_t n_fifos;
	struct huge_pages huge;
	/* Deleted files that were told, or looked at. */
	struct argv known;
	unsigned looked;
	struct told told[64];
	struct argv said; /* texts that are told once */
};

void walk_clear(struct walk *walk);
/* Says a fact KEY=VALUE, at most 16 of a kind and 600 bytes each. The key is a literal. */
void walk_tell(struct walk *walk, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Whether this is a name of memory: no file system has it. */
bool walk_is_memory(const char *path);
/* Says deleted=SIZE LINKS rw|ro PATH of a file that has no name any more, once for each path. link:
 * where /proc leads to it. row: the mount that it is on; NULL: not known. */
void walk_tell_deleted(struct walk *walk, const char *link, const char *path,
		       const struct mount_row *row);
/* True the first time that it is asked about a path, unless there are too many. */
bool walk_is_new(struct walk *walk, const char *path);
/* If the text ends with it, cuts " (deleted)" off. */
bool walk_cut_deleted(char *path);

/* NULL: it is not among the processes. */
const struct process_status *walk_finds(const struct walk *walk, pid_t pid);
/* Whether it is the first process of the container, or comes from it. */
bool walk_is_descendant(const struct walk *walk, pid_t pid);
/* Adds "process PID (NAME)". */
void walk_name(pid_t pid, struct buf *ret);
/* If something holds of a process, says so at the end, as KEY=, unless it has passed by then: a
 * program of "runc exec" that ends, a process that is about to end. */
void walk_suspect(struct walk *walk, const char *key, pid_t pid, walk_suspicion holds);

/* Before all others: what the container has mounted. Says which sources of bind mounts are others
 * by now, and which mounts have appeared from the host. */
void mounted(struct walk *walk, const struct runc_state *state);
/* Before all others: which processes come from the first one, and which came in from outside. */
void tree(struct walk *walk);
/* Processes that CRIU can't stop, or can't put into its tree: traced processes, those whose first
 * thread has ended, namespaces below the container's. */
void unseizable(struct walk *walk, const struct process_status *p);
/* The descriptors of a process: files of the host, terminals, locks, deleted files; its sockets are
 * noted in the walk. Of a process that came in from outside, its sockets alone. */
void open_files(struct walk *walk, const struct process_status *p);
/* A descriptor that is no file and no socket: io_uring, watches, timers. True: a set of epoll. */
bool kernel_file(struct walk *walk, pid_t pid, int fd, const char *name);
/* A descriptor, a socket or a mapping of a kind that CRIU can't dump. name: of what it is; link:
 * where /proc leads to it. True: it is of such a kind. */
bool unknown_file(struct walk *walk, pid_t pid, int fd, const char *name);
void unknown_socket(struct walk *walk, pid_t pid, int fd);
bool unknown_mapping(struct walk *walk, pid_t pid, const char *name, const char *link);
/* Epoll entries whose descriptor the process has closed. */
void closed_entries(struct walk *walk, pid_t pid);
/* Mapped files that are deleted, perhaps without a descriptor: a library that was replaced. Rings
 * of io_uring, which may have no descriptor either, shared memory of the host, and processes whose
 * first code CRIU can't write into. own: of used_mounts(). */
void mapped_files(struct walk *walk, pid_t pid, const struct mounts *own);
/* Counts a file that is open or mapped, if it is in huge pages. link: where /proc leads to it;
 * private: the length of a private mapping; 0: none. */
void huge_file(struct walk *walk, pid_t pid, const char *link, unsigned long long private);
/* At the end: says huge=KIB PAGES LARGEST, HOLDER of each size of pages. */
void huge_pages(struct walk *walk);
void huge_pages_clear(struct walk *walk);
/* A file, directory or device that a process has open or mapped. */
struct used_file {
	pid_t pid;
	int fd; /* USED_MAPPED, USED_DIRECTORY, or a descriptor */
	bool written;
	const char *link; /* where /proc leads to it */
	const char *path;
	const struct mount_row *row; /* as the process sees its mount; NULL: not known */
};
#define USED_MAPPED (-1)
#define USED_DIRECTORY (-2)
/* After mounted(), before the files below. */
void used_files_begin(struct walk *walk);
/*
 * If the file is on a bind mount of a place that the shared directory doesn't hold, says
 * file=PID r|w FD LOOK PATH, once for each path: file_look.h; PATH as config.json's mounts have it.
 */
void used_file(struct walk *walk, const struct used_file *file);
/* The same of a file whose mount its path tells. own: of used_mounts(). */
void used_path(struct walk *walk, const struct mounts *own, const struct used_file *file);
/* The mounts of a process that doesn't see those of the first one; none if it does. */
void used_mounts(const struct walk *walk, pid_t pid, struct mounts *ret);
/* The directory that a process is in, and its root. */
void used_directories(struct walk *walk, pid_t pid, const struct mounts *own);
/* Notes that a process has a named pipe open. */
void fifo_note(struct walk *walk, const struct used_file *file, const struct stat *st);
/* At the end: which of them others have open too. */
void fifos(struct walk *walk);
void fifos_clear(struct walk *walk);
/* At the end: what of the host's IPC namespace the container uses, but for mapped memory. */
void host_ipc(struct walk *walk);
/* At the end: the sockets of all processes (sockets.h). */
void container_sockets(struct walk *walk);
/* At the end: sleeps that a dump cuts short. */
void sleeps(struct walk *walk);
/* Whether it is a POSIX message queue, or the directory of such. */
bool walk_is_queue(const char *path);
/* At the end: POSIX message queues of the container, if it has /dev/mqueue mounted. */
void queues(struct walk *walk);
/* At the end: what processes have set of CPUs, I/O priority and timer slack, which CRIU forgets. */
void scheduling(struct walk *walk, const struct runc_state *state);
/* At the end: looks again at what walk_suspect() was told, for a second at most, and says it. */
void suspects(struct walk *walk);
void suspects_clear(struct walk *walk);

#endif
