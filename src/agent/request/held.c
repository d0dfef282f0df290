/* SPDX-License-Identifier: MIT */
#include "held.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "process.h"

/* How often to look at a process without a pidfd. */
#define TICK_MS 5
/* A container may have more processes than the agent may have open files. Of the others the start
 * tells. */
#define PIDFDS_MAX 256

static bool holds(const struct held *held, pid_t pid)
{
	for (size_t i = 0; i < held->n; i++)
		if (held->v[i].pid == pid)
			return true;
	return false;
}

static void hold(struct held *held, pid_t pid)
{
	struct process process;

	if (holds(held, pid) || !process_read(pid, &process))
		return;
	int fd = held->n < PIDFDS_MAX ? process_pidfd(pid) : -1;
	if (fd < 0 && held->n < PIDFDS_MAX && errno == ESRCH)
		return;
	held->v = mem_grow(held->v, held->n + 1, sizeof(*held->v));
	held->v[held->n].pid = pid;
	held->v[held->n].start = process.start;
	held->v[held->n++].fd = fd;
}

static void let_go(struct held *held, size_t i)
{
	if (held->v[i].fd >= 0)
		close(held->v[i].fd);
	held->v[i] = held->v[--held->n];
}

void held_find(struct held *held, void (*find)(struct pids *ret, void *ctx), void *ctx)
{
	CLEANUP_PIDS struct pids first = {0}, again = {0};
	const size_t before = held->n;

	find(&first, ctx);
	if (!first.n)
		return;
	for (size_t i = 0; i < first.n; i++)
		hold(held, first.v[i]);
	find(&again, ctx);
	for (size_t i = held->n; i-- > before;)
		if (!pids_has(&again, held->v[i].pid))
			let_go(held, i);
}

static bool has_ended(const struct held *held, size_t i)
{
	struct pollfd ended = {.fd = held->v[i].fd, .events = POLLIN};
	struct process process;

	if (ended.fd >= 0)
		return poll(&ended, 1, 0) == 1;
	return !process_read(held->v[i].pid, &process) || process.start != held->v[i].start ||
	       process.state == 'Z' || process.state == 'X';
}

static void send(const struct held *held, size_t i, int sig)
{
	if (held->v[i].fd >= 0)
		(void)syscall(SYS_pidfd_send_signal, held->v[i].fd, sig, NULL, 0);
	else if (!has_ended(held, i))
		(void)kill(held->v[i].pid, sig);
}

void held_kill(const struct held *held, bool (*spares)(pid_t pid))
{
	for (size_t i = 0; i < held->n; i++)
		if (!spares || !spares(held->v[i].pid))
			send(held, i, SIGKILL);
}

void held_signal(const struct held *held, bool (*gets)(pid_t pid), int sig)
{
	for (size_t i = 0; i < held->n; i++)
		if (gets(held->v[i].pid))
			send(held, i, sig);
}

static void drop_ended(struct held *held)
{
	for (size_t i = held->n; i-- > 0;)
		if (has_ended(held, i))
			let_go(held, i);
}

bool held_wait(struct request *req, struct held *held, int ms)
{
	const int64_t end = ms < 0 ? 0 : deadline_in_ms(ms);

	for (drop_ended(held); held->n && !deadline_passed(end); drop_ended(held)) {
		int left = deadline_poll_ms(end);
		if (held->v[0].fd < 0 && (left < 0 || left > TICK_MS))
			left = TICK_MS;
		if (request_wait(req, held->v[0].fd, POLLIN, left) < 0)
			break;
	}
	return held->n == 0;
}

void held_clear(struct held *held)
{
	while (held->n)
		let_go(held, 0);
	free(held->v);
	held->v = NULL;
}
