/* SPDX-License-Identifier: MIT */
#include "beat.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/protocol/frame.h"

/* A drain with more hosts at once has fewer connections open: the others are greeted by requests.
 */
#define LINKS_MAX 1024

static struct {
	pthread_mutex_t lock;
	bool runs;
	size_t n;
	struct {
		int fd;
		bool busy;
	} links[LINKS_MAX];
} beats = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *send_beats(void *unused)
{
	CLEANUP_BUF struct buf frame = {0};

	frame_add(&frame, FRAME_BEAT, 0, NULL, 0);
	for (;;) {
		clock_sleep_ms(BEAT_MS);
		beat_hold();
		/* It is shorter than PIPE_BUF: all of it is written, or nothing. One that is full
		 * now has room next time. */
		for (size_t i = 0; i < beats.n; i++)
			if (!beats.links[i].busy)
				(void)!write(beats.links[i].fd, frame.s, frame.len);
		beat_release();
	}
	return unused;
}

static void start_thread(void)
{
	sigset_t all, before;
	pthread_t thread;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, send_beats, NULL) == 0) {
		(void)pthread_detach(thread);
		beats.runs = true;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void beat_hold(void)
{
	(void)pthread_mutex_lock(&beats.lock);
}

void beat_release(void)
{
	(void)pthread_mutex_unlock(&beats.lock);
}

void beat_start(int fd)
{
	beat_hold();
	if (!beats.runs)
		start_thread();
	if (beats.n < LINKS_MAX) {
		beats.links[beats.n].fd = fd;
		beats.links[beats.n++].busy = false;
	}
	beat_release();
}

void beat_stop(int fd)
{
	beat_hold();
	for (size_t i = 0; i < beats.n; i++)
		if (beats.links[i].fd == fd) {
			beats.links[i] = beats.links[--beats.n];
			break;
		}
	beat_release();
}

void beat_busy(int fd, bool busy)
{
	for (size_t i = 0; i < beats.n; i++)
		if (beats.links[i].fd == fd)
			beats.links[i].busy = busy;
}
