/* SPDX-License-Identifier: MIT */
/* process: processes of this host as /proc has them. They end at any time: no error is an error. */
#ifndef CMIGRATE_AGENT_PROCESS_H
#define CMIGRATE_AGENT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process {
	pid_t pid, parent, session;
	char state;	/* R, S, D, Z, T, t, X */
	unsigned flags; /* PF_* of the kernel: PROCESS_EXITING */
	unsigned long long
		start; /* since boot, in ticks: with the pid it names a process for good */
	unsigned long long ticks; /* of processor time, user and kernel */
	char comm[64];		  /* any bytes but NUL */
};
#define PROCESS_EXITING 4u

/* False if there is no such process. */
bool process_read(pid_t pid, struct process *ret);
/* All of them, in the order of /proc. Owned by the caller; *ret_n is their number. */
struct process *process_all(size_t *ret_n);
/* A file of /proc/PID, at most max bytes, terminated; NULL if it can't be read. Owned by the
 * caller. ret_len may be NULL. */
char *process_file(pid_t pid, const char *file, size_t max, size_t *ret_len);
/* Where a link of /proc/PID leads ("exe", "ns/net"); NULL if it can't be read. The caller's. */
char *process_link(pid_t pid, const char *link);
/* Whether it is in the same namespace ("net", "pid", "mnt", "user") as the agent. */
bool process_in_our(pid_t pid, const char *ns);
/* A descriptor of it, by which its end can be waited for (POLLIN); -1 with errno, also before Linux
 * 5.3. The caller's. */
int process_pidfd(pid_t pid);
/* A duplicate of one of its descriptors; -1 with errno, also before Linux 5.6. The caller's. */
int process_take_fd(int pidfd, int number);
/* Whether it has ended, or is about to: gone, a zombie, or exiting. */
bool process_has_ended(pid_t pid);

#endif
