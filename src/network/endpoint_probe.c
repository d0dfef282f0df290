/* SPDX-License-Identifier: MIT */
#include "cmigrate/network/endpoint_probe.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/base/endpoint.h"
#include "cmigrate/host/host.h"
#include "network/conversation.h"
#include "network/name_addresses.h"

/*
 * Limit for a TCP connection. A dropped packet is sent again only after a second, so a new try is
 * faster. Each try may take twice as long as the one before, for endpoints that are far away; after
 * the longest, the first limit is used again. Name resolution and TLS don't count.
 */
#define CONNECT_MS 250
#define CONNECT_MAX_MS 4000
/* Limit for the whole answer: a slow page is not requested again and again. */
#define TRY_MS 10000
/* Pause between two tries of an endpoint that refuses. */
#define PAUSE_MS 2
#define LONG_US 300000 /* a try is reported when it has lasted so long */
/* The part of an answer that is shown. */
#define ANSWER_MAX 64
/* The part of a page that is searched. */
#define PAGE_MAX 65536

struct endpoint {
	CURL *easy;
	char *url; /* as given */
	struct endpoint_url parts;
	bool answered;
	bool running;
	bool talking; /* connected, and the service has to reply; running too */
	struct conversation talk;
	int64_t next_us; /* not before this */
	int64_t begun_us;
	int connect_ms;		    /* limit of this try */
	struct curl_slist *resolve; /* its name as it was looked up, or NULL */
	struct buf answer;
	char cause[CURL_ERROR_SIZE];
	char said[CURL_ERROR_SIZE + 64];
};

struct probe {
	CURLM *multi;
	struct endpoint *endpoints;
	size_t n;
	int64_t last_us;
};

static size_t keep_answer(char *data, size_t size, size_t n, void *ctx)
{
	struct endpoint *e = ctx;
	size_t room = PAGE_MAX - e->answer.len;

	buf_add(&e->answer, data, size * n < room ? size * n : room);
	return size * n;
}

/* True if an accepted connection is not enough. */
static bool talks(const struct endpoint *e)
{
	return e->parts.stream && (e->parts.send.len || e->parts.expect.len);
}

static void set_up(struct endpoint *e)
{
	CURL *c = e->easy;

	curl_easy_setopt(c, CURLOPT_URL, e->parts.ask);
	curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, e->parts.stream ? 1L : 0L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)TRY_MS);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)TRY_MS);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	/* A connection that must not be used again is closed before anything is said over it. */
	curl_easy_setopt(c, CURLOPT_FORBID_REUSE, talks(e) ? 0L : 1L);
	curl_easy_setopt(c, CURLOPT_DNS_CACHE_TIMEOUT, -1L); /* resolved once */
	curl_easy_setopt(c, CURLOPT_RESOLVE, e->resolve);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "cmigrate");
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep_answer);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, e);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, e->cause);
	curl_easy_setopt(c, CURLOPT_PRIVATE, e);
}

static int add_endpoint(struct probe *p, const char *url, struct err *err)
{
	struct endpoint *e = &p->endpoints[p->n++];

	e->url = str_dup(url);
	if (endpoint_url_parse(url, &e->parts, err) < 0)
		return -1;
	e->resolve = name_addresses(e->parts.ask);
	e->easy = curl_easy_init();
	if (e->easy)
		set_up(e);
	return 0;
}

struct probe *probe_new(const struct argv *urls, struct err *err)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		(void)err_set(err, EXIT_FAILED, "can't start libcurl");
		return NULL;
	}
	CURLM *multi = curl_multi_init();
	if (!multi) {
		curl_global_cleanup();
		(void)err_set(err, EXIT_FAILED, "can't start libcurl");
		return NULL;
	}
	struct probe *p = mem_new(1, sizeof(*p));
	p->multi = multi;
	p->endpoints = mem_new(urls->n, sizeof(*p->endpoints));
	while (p->n < urls->n) {
		if (add_endpoint(p, urls->v[p->n], err) < 0) {
			probe_free(p);
			return NULL;
		}
	}
	return p;
}

void probe_free(struct probe *probe)
{
	if (!probe)
		return;
	for (size_t i = 0; i < probe->n; i++) {
		struct endpoint *e = &probe->endpoints[i];
		if (e->running)
			(void)curl_multi_remove_handle(probe->multi, e->easy);
		curl_easy_cleanup(e->easy);
		buf_clear(&e->answer);
		curl_slist_free_all(e->resolve);
		endpoint_url_clear(&e->parts);
		free(e->url);
	}
	(void)curl_multi_cleanup(probe->multi);
	free(probe->endpoints);
	free(probe);
	curl_global_cleanup();
}

static void start_due(struct probe *p, int64_t now)
{
	for (size_t i = 0; i < p->n; i++) {
		struct endpoint *e = &p->endpoints[i];
		if (e->answered || e->running || now < e->next_us)
			continue;
		/* The handle of an earlier answer over tcp:// was freed with its connection. */
		if (!e->easy && (e->easy = curl_easy_init()) != NULL)
			set_up(e);
		if (!e->easy)
			continue;
		buf_clear(&e->answer);
		e->cause[0] = '\0';
		e->begun_us = now;
		e->connect_ms *= 2;
		if (e->connect_ms < CONNECT_MS || e->connect_ms > CONNECT_MAX_MS)
			e->connect_ms = CONNECT_MS;
		e->running = curl_multi_add_handle(p->multi, e->easy) == CURLM_OK;
	}
}

/* Ends a try. The connection of a stream is closed with its handle. */
static void end_try(struct probe *p, struct endpoint *e)
{
	/* An older libcurl keeps the connection for a while. */
	if (e->talking)
		(void)shutdown(e->talk.fd, SHUT_RDWR);
	(void)curl_multi_remove_handle(p->multi, e->easy);
	e->running = e->talking = false;
	e->next_us = deadline_in_ms(PAUSE_MS);
	if (e->parts.stream) {
		curl_easy_cleanup(e->easy);
		e->easy = NULL;
	}
}

static void proven(struct probe *p, struct endpoint *e)
{
	e->answered = true;
	p->last_us = clock_now_us();
	end_try(p, e);
}

/* A connection is made. It is an answer only if nothing else is asked for. */
static void stream_connected(struct probe *p, struct endpoint *e)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (!talks(e)) {
		proven(p, e);
		return;
	}
	(void)curl_easy_getinfo(e->easy, CURLINFO_ACTIVESOCKET, &fd);
	if (fd == CURL_SOCKET_BAD) {
		(void)snprintf(e->said, sizeof(e->said), "the connection was closed");
		end_try(p, e);
		return;
	}
	e->talking = true;
	conversation_begin(&e->talk, fd, clock_now_us());
}

static void page_complete(struct probe *p, struct endpoint *e)
{
	long status = 0;

	(void)curl_easy_getinfo(e->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < e->parts.lowest || status > e->parts.highest) {
		(void)snprintf(e->said, sizeof(e->said), "status %ld", status);
	} else if (!endpoint_url_proves(&e->parts, &e->answer)) {
		(void)snprintf(e->said, sizeof(e->said),
			       "status %ld, and a page without the text that it must contain",
			       status);
	} else {
		proven(p, e);
		return;
	}
	end_try(p, e);
}

static void transfer_done(struct probe *p, struct endpoint *e, CURLcode result)
{
	if (result != CURLE_OK) {
		(void)snprintf(e->said, sizeof(e->said), "%s",
			       *e->cause ? e->cause : curl_easy_strerror(result));
		end_try(p, e);
	} else if (e->parts.stream) {
		stream_connected(p, e);
	} else {
		page_complete(p, e);
	}
}

static void collect(struct probe *p)
{
	int left;

	for (CURLMsg *m; (m = curl_multi_info_read(p->multi, &left)) != NULL;) {
		struct endpoint *e = NULL;
		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&e);
		transfer_done(p, e, m->data.result);
	}
}

static void talk(struct probe *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct endpoint *e = &p->endpoints[i];
		if (!e->talking)
			continue;
		enum said said = conversation_go_on(&e->talk, &e->parts, clock_now_us(), &e->answer,
						    e->said, sizeof(e->said));
		if (said == SAID_PROOF)
			proven(p, e);
		else if (said == SAID_SOMETHING_ELSE)
			end_try(p, e);
	}
}

/* Ends tries whose TCP connection takes too long. */
static void drop_late(struct probe *p, int64_t now)
{
	for (size_t i = 0; i < p->n; i++) {
		struct endpoint *e = &p->endpoints[i];
		curl_off_t looked_up = 0, connected = 0;
		if (!e->running || e->talking)
			continue;
		(void)curl_easy_getinfo(e->easy, CURLINFO_NAMELOOKUP_TIME_T, &looked_up);
		(void)curl_easy_getinfo(e->easy, CURLINFO_CONNECT_TIME_T, &connected);
		if (connected || now - e->begun_us - looked_up < e->connect_ms * INT64_C(1000))
			continue;
		(void)snprintf(e->said, sizeof(e->said), "no connection within %d ms",
			       e->connect_ms);
		end_try(p, e);
	}
}

static const struct endpoint *silent_one(const struct probe *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!p->endpoints[i].answered)
			return &p->endpoints[i];
	return NULL;
}

/* A try that lasts tells more than why an earlier one failed. */
static void explain(struct probe *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct endpoint *e = &p->endpoints[i];
		curl_off_t connected = 0;
		int64_t spent = clock_now_us() - e->begun_us;
		if (!e->running || e->answer.len || (*e->said && spent < LONG_US))
			continue;
		(void)curl_easy_getinfo(e->easy, CURLINFO_CONNECT_TIME_T, &connected);
		(void)snprintf(e->said, sizeof(e->said), "%s",
			       connected ? "it accepts connections and sends nothing"
					 : "no connection yet");
	}
}

/* How long curl may sleep: until the next try or the deadline, at most 50 ms to ask whether to
 * stop. */
static int nap_ms(const struct probe *p, int64_t deadline)
{
	int64_t wake = deadline_min(deadline, deadline_in_ms(50));

	for (size_t i = 0; i < p->n; i++)
		if (!p->endpoints[i].answered && !p->endpoints[i].running)
			wake = deadline_min(wake, p->endpoints[i].next_us);
	return deadline_poll_ms(wake);
}

/* Sleeps until something has come, or curl or a new try is due. */
static void await(struct probe *p, int64_t deadline)
{
	struct curl_waitfd *fds = mem_new(p->n, sizeof(*fds));
	unsigned n = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct endpoint *e = &p->endpoints[i];
		bool sends = e->talking && conversation_sends(&e->talk, &e->parts);
		if (e->talking)
			fds[n++] = (struct curl_waitfd){.fd = e->talk.fd,
							.events = CURL_WAIT_POLLIN |
								  (sends ? CURL_WAIT_POLLOUT : 0)};
	}
	(void)curl_multi_poll(p->multi, fds, n, nap_ms(p, deadline), NULL);
	free(fds);
}

int probe_wait(struct probe *probe, int64_t deadline, const struct probe_stop *stop,
	       int64_t *ret_answered_us, struct err *err)
{
	const struct endpoint *silent;
	int running;

	for (size_t i = 0; i < probe->n; i++)
		probe->endpoints[i].answered = false;
	while ((silent = silent_one(probe)) != NULL) {
		start_due(probe, clock_now_us());
		(void)curl_multi_perform(probe->multi, &running);
		collect(probe);
		talk(probe);
		drop_late(probe, clock_now_us());
		if (!silent_one(probe))
			break;
		if (deadline_passed(deadline) || (stop && stop->fn(stop->ctx))) {
			explain(probe);
			return err_set(err, EXIT_SILENT, "endpoint '%s' does not answer%s%s",
				       silent->url, *silent->said ? ": " : "", silent->said);
		}
		await(probe, deadline);
	}
	*ret_answered_us = probe->last_us;
	return 0;
}

double probe_now(const struct argv *urls, int timeout_ms, const struct probe_stop *stop,
		 char **ret_said, struct err *err)
{
	int64_t start = clock_now_us(), answered = 0;
	struct probe *probe = probe_new(urls, err);

	if (!probe)
		return -1;
	/* There is time for one try: it isn't cut short for another. */
	for (size_t i = 0; i < probe->n; i++)
		probe->endpoints[i].connect_ms = CONNECT_MAX_MS / 2;
	int status = probe_wait(probe, deadline_in_ms(timeout_ms), stop, &answered, err);
	if (status < 0 && ret_said)
		*ret_said = str_dup(silent_one(probe)->said);
	probe_free(probe);
	return status < 0 ? -1 : (double)(answered - start) / 1000.0;
}

char *probe_answer(const struct probe *probe)
{
	char *line = str_dup(buf_str(&probe->endpoints[0].answer));

	line[strcspn(line, "\r\n")] = '\0';
	if (strlen(line) > ANSWER_MAX)
		line[ANSWER_MAX] = '\0';
	str_mask(line);
	return line;
}
