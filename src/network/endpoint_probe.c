/* SPDX-License-Identifier: MIT */
#include "cmigrate/network/endpoint_probe.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/host/host.h"

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
#define ANSWER_MAX 64

struct endpoint {
	CURL *easy;
	char *url; /* as given */
	bool tcp;
	bool answered;
	bool running;
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
	size_t room = ANSWER_MAX - (e->answer.len < ANSWER_MAX ? e->answer.len : ANSWER_MAX);

	buf_add(&e->answer, data, size * n < room ? size * n : room);
	return size * n;
}

/* "NAME:PORT:ADDRESS,...": addresses of a name for libcurl. Owned by the caller. */
static char *resolution(const char *name, const char *port, const struct addrinfo *all)
{
	struct buf text = {0};
	char ip[INET6_ADDRSTRLEN];

	buf_printf(&text, "%s:%s:", name, port);
	for (const struct addrinfo *a = all; a; a = a->ai_next)
		if (getnameinfo(a->ai_addr, a->ai_addrlen, ip, sizeof(ip), NULL, 0,
				NI_NUMERICHOST) == 0)
			buf_printf(&text, "%s%s", a == all ? "" : ",", ip);
	return buf_steal(&text);
}

/* A name that can't be resolved now is left to libcurl, which reports why. */
static void look_up(struct endpoint *e, CURLU *url)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL;
	char *name = NULL, *port = NULL;

	if (curl_url_get(url, CURLUPART_HOST, &name, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	    *name != '[' && getaddrinfo(name, NULL, &hints, &all) == 0) {
		CLEANUP_FREE char *text = resolution(name, port, all);
		e->resolve = curl_slist_append(NULL, text);
		freeaddrinfo(all);
	}
	curl_free(name);
	curl_free(port);
}

static void find_address(struct endpoint *e)
{
	CURLU *url = curl_url();
	CLEANUP_FREE char *http = e->tcp ? str_fmt("http://%s", e->url + strlen("tcp://")) : NULL;

	if (url && curl_url_set(url, CURLUPART_URL, http ? http : e->url, 0) == CURLUE_OK)
		look_up(e, url);
	curl_url_cleanup(url);
}

static void set_up(struct endpoint *e)
{
	CURL *c = e->easy;
	CLEANUP_FREE char *http = NULL;

	if (e->tcp)
		http = str_fmt("http://%s", e->url + strlen("tcp://"));
	curl_easy_setopt(c, CURLOPT_URL, http ? http : e->url);
	curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, e->tcp ? 1L : 0L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)TRY_MS);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)TRY_MS);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(c, CURLOPT_DNS_CACHE_TIMEOUT, -1L); /* resolved once */
	curl_easy_setopt(c, CURLOPT_RESOLVE, e->resolve);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "cmigrate");
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep_answer);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, e);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, e->cause);
	curl_easy_setopt(c, CURLOPT_PRIVATE, e);
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
	for (; p->n < urls->n; p->n++) {
		struct endpoint *e = &p->endpoints[p->n];
		e->url = str_dup(urls->v[p->n]);
		e->tcp = str_starts(e->url, "tcp://");
		find_address(e);
		e->easy = curl_easy_init();
		if (e->easy)
			set_up(e);
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

static void endpoint_done(struct probe *p, struct endpoint *e, CURLcode result)
{
	long status = 0;

	(void)curl_easy_getinfo(e->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_multi_remove_handle(p->multi, e->easy);
	e->running = false;
	e->next_us = deadline_in_ms(PAUSE_MS);
	if (result == CURLE_OK && (e->tcp || status < 500)) {
		e->answered = true;
		p->last_us = clock_now_us();
		/* CONNECT_ONLY leaves the connection open, so close it. */
		if (e->tcp) {
			curl_easy_cleanup(e->easy);
			e->easy = NULL;
		}
		return;
	}
	if (result == CURLE_OK)
		(void)snprintf(e->said, sizeof(e->said), "status %ld", status);
	else
		(void)snprintf(e->said, sizeof(e->said), "%s",
			       *e->cause ? e->cause : curl_easy_strerror(result));
}

static void collect(struct probe *p)
{
	int left;

	for (CURLMsg *m; (m = curl_multi_info_read(p->multi, &left)) != NULL;) {
		struct endpoint *e = NULL;
		CURLcode result = m->data.result;
		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&e);
		endpoint_done(p, e, result);
	}
}

/* Ends tries whose TCP connection takes too long. */
static void drop_late(struct probe *p, int64_t now)
{
	for (size_t i = 0; i < p->n; i++) {
		struct endpoint *e = &p->endpoints[i];
		curl_off_t looked_up = 0, connected = 0;
		if (!e->running)
			continue;
		(void)curl_easy_getinfo(e->easy, CURLINFO_NAMELOOKUP_TIME_T, &looked_up);
		(void)curl_easy_getinfo(e->easy, CURLINFO_CONNECT_TIME_T, &connected);
		if (connected || now - e->begun_us - looked_up < e->connect_ms * INT64_C(1000))
			continue;
		(void)curl_multi_remove_handle(p->multi, e->easy);
		e->running = false;
		(void)snprintf(e->said, sizeof(e->said), "no connection within %d ms",
			       e->connect_ms);
	}
}

static const struct endpoint *silent_one(const struct probe *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!p->endpoints[i].answered)
			return &p->endpoints[i];
	return NULL;
}

/* How long curl may sleep: until the next try or the deadline, at most 50 ms to check *cancel. */
static int nap_ms(const struct probe *p, int64_t deadline)
{
	int64_t wake = deadline_min(deadline, deadline_in_ms(50));

	for (size_t i = 0; i < p->n; i++)
		if (!p->endpoints[i].answered && !p->endpoints[i].running)
			wake = deadline_min(wake, p->endpoints[i].next_us);
	return deadline_poll_ms(wake);
}

int probe_wait(struct probe *probe, int64_t deadline, const volatile int *cancel,
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
		drop_late(probe, clock_now_us());
		if (!silent_one(probe))
			break;
		if (deadline_passed(deadline) || (cancel && *cancel))
			return err_set(err, EXIT_SILENT, "endpoint '%s' does not answer%s%s",
				       silent->url, *silent->said ? ": " : "", silent->said);
		(void)curl_multi_poll(probe->multi, NULL, 0, nap_ms(probe, deadline), NULL);
	}
	*ret_answered_us = probe->last_us;
	return 0;
}

double probe_now(const struct argv *urls, int timeout_ms, const volatile int *cancel,
		 char **ret_said, struct err *err)
{
	int64_t start = clock_now_us(), answered = 0;
	struct probe *probe = probe_new(urls, err);

	if (!probe)
		return -1;
	int status = probe_wait(probe, deadline_in_ms(timeout_ms), cancel, &answered, err);
	if (status < 0 && ret_said)
		*ret_said = str_dup(silent_one(probe)->said);
	probe_free(probe);
	return status < 0 ? -1 : (double)(answered - start) / 1000.0;
}

char *probe_answer(const struct probe *probe)
{
	char *line = str_dup(buf_str(&probe->endpoints[0].answer));

	line[strcspn(line, "\r\n")] = '\0';
	str_mask(line);
	return line;
}
