/* SPDX-License-Identifier: MIT */
#include "workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "verbs.h"

/* Verbs keep what is large on the heap. */
#define STACK_SIZE (256 * 1024)

static struct {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct request *waiting; /* not begun, the oldest first */
	struct request *serving;
	unsigned threads, idle;
	void (*done)(struct request *req, int status);
} workers = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static void unlink_request(struct request **list, struct request *req)
{
	while (*list && *list != req)
		list = &(*list)->next;
	if (*list)
		*list = req->next;
}

static int serve_one(struct request *req)
{
	const struct verb *verb = verb_find(req->words.v[0]);

	if (!verb_may(req, verb))
		return WORKERS_REFUSED;
	return request_over(req) ? 1 : verb->serve(req);
}

static struct request *next_request(void)
{
	(void)pthread_mutex_lock(&workers.lock);
	workers.idle++;
	while (!workers.waiting)
		(void)pthread_cond_wait(&workers.more, &workers.lock);
	workers.idle--;
	struct request *req = workers.waiting;
	workers.waiting = req->next;
	req->next = workers.serving;
	workers.serving = req;
	(void)pthread_mutex_unlock(&workers.lock);
	return req;
}

static void *work(void *unused)
{
	bool spoilt = false;

	while (!spoilt) {
		struct request *req = next_request();
		int status = serve_one(req);
		spoilt = req->spoilt;
		(void)pthread_mutex_lock(&workers.lock);
		unlink_request(&workers.serving, req);
		workers.threads -= spoilt;
		(void)pthread_mutex_unlock(&workers.lock);
		workers.done(req, status);
	}
	return unused;
}

/* Called with the lock. */
static bool add_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	if (workers.threads >= WORKERS_MAX)
		return false;
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	bool made = pthread_create(&thread, &attr, work, NULL) == 0;
	(void)pthread_attr_destroy(&attr);
	workers.threads += made;
	return made;
}

static unsigned count(const struct request *list)
{
	unsigned n = 0;

	for (; list; list = list->next)
		n++;
	return n;
}

bool workers_serve(struct request *req, void (*done)(struct request *req, int status))
{
	struct request **end = &workers.waiting;

	(void)pthread_mutex_lock(&workers.lock);
	workers.done = done;
	bool served = workers.idle > count(workers.waiting) || add_thread();
	if (served) {
		while (*end)
			end = &(*end)->next;
		req->next = NULL;
		*end = req;
		(void)pthread_cond_signal(&workers.more);
	}
	(void)pthread_mutex_unlock(&workers.lock);
	return served;
}

static void cancel(struct request *req)
{
	__atomic_store_n(&req->cancelled, true, __ATOMIC_RELEASE);
	(void)eventfd_write(req->wake, 1);
}

static void cancel_matching(const uint32_t *id)
{
	struct request *lists[2];

	(void)pthread_mutex_lock(&workers.lock);
	lists[0] = workers.waiting;
	lists[1] = workers.serving;
	for (int i = 0; i < 2; i++)
		for (struct request *req = lists[i]; req; req = req->next)
			if (!id || req->id == *id) {
				req->abandoned = !id;
				cancel(req);
			}
	(void)pthread_mutex_unlock(&workers.lock);
}

void workers_cancel(uint32_t id)
{
	cancel_matching(&id);
}

void workers_cancel_all(void)
{
	cancel_matching(NULL);
}

void workers_spare(unsigned n)
{
	(void)pthread_mutex_lock(&workers.lock);
	/* Threads that have just been made are not idle yet. */
	unsigned busy = count(workers.serving) + count(workers.waiting);
	while (workers.threads < busy + n && add_thread())
		;
	(void)pthread_mutex_unlock(&workers.lock);
}
