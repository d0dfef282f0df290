/* SPDX-License-Identifier: MIT */
#include "link.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent_start.h"
#include "beat.h"
#include "cmigrate/agent/build.h"
#include "cmigrate/base/deadline.h"
#include "cmigrate/base/version.h"
#include "cmigrate/protocol/frame.h"
#include "link_start.h"

/* Enough for ssh to try two addresses and for the login on a busy host; while the agent is sent,
 * for each part of it. */
#define START_MS 25000
/* An agent sends a beat every BEAT_MS. An emulated host under load may be late by seconds. */
#define SILENT_MS 12000
#define READ_CHUNK 65536
/* Reads at a time: a host that writes without end must not keep us from the clock. */
#define READS_MAX 64
/* The last bytes of the messages of ssh and the login that are kept. */
#define MESSAGES_MAX 65536

struct link *link_open(struct host *host, struct err *err)
{
	struct proc proc;

	if (agent_start(host, &proc, err) < 0)
		return NULL;
	struct link *link = mem_new(1, sizeof(*link));
	link->host = host;
	link->proc = proc;
	link->heard_us = clock_now_us();
	return link;
}

bool link_is_dead(const struct link *link)
{
	return link->state == LINK_DEAD;
}

static struct buf *outgoing(struct link *link)
{
	return link->state == LINK_OPEN ? &link->in : &link->queue;
}

void link_request(struct link *link, struct job *job, const struct command *cmd)
{
	job->id = ++link->last_id;
	job->next = link->jobs;
	link->jobs = job;
	frame_request_add(outgoing(link), job->id, (uint32_t)cmd->timeout_ms, (uint32_t)job->limit,
			  cmd->argv, cmd->input);
}

void link_forget(struct link *link, struct job *job)
{
	struct job **p = &link->jobs;

	while (*p && *p != job)
		p = &(*p)->next;
	if (*p)
		*p = job->next;
}

void link_cancel(struct link *link, const struct job *job)
{
	frame_add(outgoing(link), FRAME_CANCEL, job->id, NULL, 0);
}

void link_lose(struct link *link, const char *why)
{
	if (link->state == LINK_OPEN)
		beat_stop(link->proc.in);
	link->state = LINK_DEAD;
	link->host->lost = true;
	if (why && !link->err.len)
		buf_puts(&link->err, why);
	while (link->jobs) {
		struct job *job = link->jobs;
		link->jobs = job->next;
		buf_clear(&job->err);
		buf_puts(&job->err, buf_str(&link->err));
		job->lost = true;
		job_end(job);
	}
}

void link_late(struct link *link)
{
	link_lose(link, link->state == LINK_OPEN
				? "it does not come to an end; the disk or an NFS server may hang"
				: "it takes too long to connect");
}

static void write_some(struct link *link)
{
	beat_hold();
	while (link->in.len && link->proc.in >= 0) {
		ssize_t n = write(link->proc.in, link->in.s, link->in.len);
		if (n > 0) {
			buf_consume(&link->in, (size_t)n);
			if (link->state != LINK_OPEN)
				link->heard_us = clock_now_us();
		} else if (n < 0 && errno != EINTR) {
			break; /* the end of the connection shows at its other descriptors */
		}
	}
	beat_busy(link->proc.in, link->in.len > 0);
	beat_release();
}

static void read_some(struct link *link, int *fd, struct buf *to)
{
	CLEANUP_FREE char *chunk = mem_new(1, READ_CHUNK);

	for (int reads = 0; *fd >= 0 && reads < READS_MAX; reads++) {
		ssize_t n = read(*fd, chunk, READ_CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			fd_close(fd);
			return;
		}
		link->heard_us = clock_now_us();
		buf_add(to, chunk, (size_t)n);
	}
}

static struct job *job_of(const struct link *link, uint32_t id)
{
	struct job *job = link->jobs;

	while (job && job->id != id)
		job = job->next;
	return job;
}

static void add_output(struct job *job, struct buf *to, const struct frame *frame)
{
	size_t room = job->limit > to->len ? job->limit - to->len : 0;

	job->truncated |= frame->len > room;
	buf_add(to, frame->payload, frame->len < room ? frame->len : room);
}

static int hear_end(struct link *link, struct job *job, const struct frame *frame, struct err *err)
{
	struct frame_end end;

	if (frame_end_read(frame, &end, err) < 0)
		return -1;
	job->status = end.status;
	job->timed_out = end.timed_out;
	job->truncated |= end.truncated;
	link_forget(link, job);
	job_end(job);
	return 0;
}

static int hear_hello(struct link *link, const struct frame *frame, struct err *err)
{
	CLEANUP_ARGV struct argv words = {0};
	struct host *host = link->host;

	if (frame_hello_read(frame, &words, err) < 0)
		return -1;
	if (words.n < 4 || strcmp(words.v[1], PROTOCOL_VERSION) != 0 ||
	    strcmp(words.v[3], AGENT_BUILD) != 0) {
		CLEANUP_FREE char *theirs = str_dup(words.n > 2 ? words.v[2] : "?");
		str_mask(theirs);
		return err_set(err, EXIT_FAILED,
			       "the agent there is of cmigrate %.40s, this is another build "
			       "(" CMIGRATE_VERSION "): install the same on both",
			       theirs);
	}
	frame_hello_add(&link->in, (char *[]){"cmigrate", PROTOCOL_VERSION, CMIGRATE_VERSION,
					      AGENT_BUILD, host->root ? host->root : "/",
					      host->serves ? host->serves : "", NULL});
	buf_add(&link->in, buf_str(&link->queue), link->queue.len);
	buf_clear(&link->queue);
	link->state = LINK_OPEN;
	/* A banner is no reason for what happens later. */
	buf_clear(&link->err);
	beat_start(link->proc.in);
	return 0;
}

static int hear_frame(struct link *link, const struct frame *frame, struct err *err)
{
	struct job *job = frame->id ? job_of(link, frame->id) : NULL;

	if (link->state != LINK_OPEN)
		return frame->kind == FRAME_HELLO
			       ? hear_hello(link, frame, err)
			       : err_set(err, EXIT_FAILED, "the agent did not say hello");
	if (frame->kind == FRAME_ERR && !frame->id) {
		/* Its last words. */
		CLEANUP_FREE char *why = str_dupn(frame->payload, frame->len);
		str_mask(why);
		return err_set(err, EXIT_FAILED, "%s", why);
	}
	if (!job)
		return 0; /* a beat, or a reply that nobody waits for any more */
	if (frame->kind == FRAME_OUT)
		add_output(job, &job->out, frame);
	else if (frame->kind == FRAME_ERR)
		add_output(job, &job->err, frame);
	else if (frame->kind == FRAME_END)
		return hear_end(link, job, frame, err);
	return 0;
}

static void hear_frames(struct link *link)
{
	struct err err = ERR_INIT;
	struct frame frame;
	int got;

	while ((got = frame_read(&link->out, &frame, &err)) > 0) {
		if (hear_frame(link, &frame, &err) < 0) {
			got = -1;
			break;
		}
		frame_drop(&link->out, &frame);
	}
	if (got < 0) {
		buf_clear(&link->err);
		link_lose(link, err.msg);
	}
}

static void check_life(struct link *link)
{
	int64_t silent_ms = (clock_now_us() - link->heard_us) / 1000;

	if (link->proc.out < 0 && link->proc.err < 0 && !link_reconnects(link))
		link_lose(link, "the connection has ended");
	else if (link->state == LINK_OPEN && silent_ms > SILENT_MS)
		link_lose(link, "its agent gives no sign of life");
	else if (link->state != LINK_OPEN && silent_ms > START_MS)
		link_lose(link, "it takes too long to connect");
}

void link_pump(struct link *link)
{
	if (link->state == LINK_DEAD)
		return;
	write_some(link);
	read_some(link, &link->proc.err, &link->err);
	if (link->err.len > MESSAGES_MAX)
		buf_consume(&link->err, link->err.len - MESSAGES_MAX);
	read_some(link, &link->proc.out, &link->out);
	if (link->state == LINK_OPEN || link_hears_agent(link))
		hear_frames(link);
	if (link->state == LINK_DEAD)
		return;
	write_some(link);
	check_life(link);
}

static void add_fd(struct pollfd *fds, size_t *n, int fd, short events)
{
	if (fd >= 0)
		fds[(*n)++] = (struct pollfd){.fd = fd, .events = events};
}

int64_t link_poll(const struct link *link, struct pollfd *fds, size_t *n)
{
	int64_t silent =
		link->heard_us + (link->state == LINK_OPEN ? SILENT_MS : START_MS) * 1000LL + 1000;

	add_fd(fds, n, link->in.len ? link->proc.in : -1, POLLOUT);
	add_fd(fds, n, link->proc.out, POLLIN);
	add_fd(fds, n, link->proc.err, POLLIN);
	return deadline_min(silent, link->again_us);
}

void link_take(struct link *link, struct proc *ret, struct buf *ret_heard)
{
	beat_stop(link->proc.in);
	*ret = link->proc;
	*ret_heard = link->out;
	buf_clear(&link->in);
	buf_clear(&link->queue);
	buf_clear(&link->err);
	free(link);
}

void link_close(struct link *link)
{
	if (link->state == LINK_OPEN)
		link_pump(link); /* a cancel, an unlock */
	bool patient = link->state != LINK_DEAD;
	link_lose(link, "the connection was closed");
	link_end_process(&link->proc, patient);
	buf_clear(&link->in);
	buf_clear(&link->queue);
	buf_clear(&link->out);
	buf_clear(&link->err);
	free(link);
}
