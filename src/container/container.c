/* SPDX-License-Identifier: MIT */
#include "cmigrate/container/container.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmigrate/base/str.h"
#include "cmigrate/container/annotation.h"
#include "cmigrate/container/bundle.h"

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* A string member of acceptable length; "" otherwise. */
static char *text_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	size_t len = json_string_length(value);
	char *text;

	/* Two texts that differ only after a zero byte would look the same. */
	if (!json_is_string(value) || len > CONTAINER_TEXT_MAX ||
	    strlen(json_string_value(value)) != len)
		return str_dup("");
	text = str_dup(json_string_value(value));
	str_mask(text);
	return text;
}

static char *state_of(const json_t *object)
{
	static const char *const known[] = {"created", "running", "pausing", "paused", "stopped"};
	const char *state = json_string_value(json_object_get(object, "status"));

	for (size_t i = 0; state && i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(state, known[i]) == 0)
			return str_dup(state);
	return str_dup("unknown");
}

static unsigned pid_of(const json_t *object)
{
	json_int_t pid = json_integer_value(json_object_get(object, "pid"));

	return pid > 0 && pid <= INT_MAX ? (unsigned)pid : 0;
}

int container_read(struct container *c, const char *host, const json_t *object, struct err *err)
{
	const json_t *annotations = json_object_get(object, "annotations");

	memset(c, 0, sizeof(*c));
	c->name = text_of(object, "id");
	if (!*c->name) {
		container_clear(c);
		return err_set(err, EXIT_FAILED, "%s: runc reports a container without a name",
			       host);
	}
	c->host = str_dup(host);
	c->state = state_of(object);
	c->bundle = text_of(object, "bundle");
	c->addresses = text_of(annotations, ANNOTATION_ADDRESS);
	c->endpoints = text_of(annotations, ANNOTATION_ENDPOINT);
	c->created = text_of(object, "created");
	c->age = -1;
	c->memory = -1;
	c->work = -1;
	c->pid = strcmp(c->state, "stopped") == 0 ? 0 : pid_of(object);
	return 0;
}

void container_clear(struct container *c)
{
	free(c->name);
	free(c->host);
	free(c->state);
	free(c->bundle);
	free(c->addresses);
	free(c->endpoints);
	free(c->created);
	place_rule_clear(&c->rule);
	memset(c, 0, sizeof(*c));
}

bool container_lives(const struct container *c)
{
	return strcmp(c->state, "stopped") != 0;
}

bool container_is_same(const struct container *a, const struct container *b)
{
	return a->pid && a->pid == b->pid && *a->created && strcmp(a->created, b->created) == 0;
}

/* A row: memory=PID BYTES PROCESSES or work=PID TICKS PROCESSES */
struct usage {
	unsigned pid, processes;
	int64_t amount;
};

static int by_pid(const void *a, const void *b)
{
	const struct usage *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

struct usages {
	struct usage *rows;
	size_t n;
};

static void read_usages(struct usages *ret, const struct facts *facts, const char *key)
{
	ret->rows = mem_new(facts->n, sizeof(*ret->rows));
	ret->n = 0;
	for (size_t i = 0; i < facts->n; i++) {
		unsigned pid, processes;
		long long amount;
		char rest;
		if (strcmp(facts->rows[i].key, key) != 0 || strlen(facts->rows[i].value) > 40 ||
		    sscanf(facts->rows[i].value, "%9u %18lld %9u%c", &pid, &amount, &processes,
			   &rest) != 3)
			continue;
		ret->rows[ret->n++] = (struct usage){pid, processes, amount < 0 ? -1 : amount};
	}
	qsort(ret->rows, ret->n, sizeof(*ret->rows), by_pid);
}

static const struct usage *usage_of(const struct usages *usages, unsigned pid)
{
	const struct usage key = {.pid = pid};

	return pid ? bsearch(&key, usages->rows, usages->n, sizeof(*usages->rows), by_pid) : NULL;
}

/* Facts about all containers of a host, printed beside their list. */
struct details {
	struct usages memory, work;
	int64_t now;
};

static void add_details(struct container *c, const struct details *details)
{
	const struct usage *memory = usage_of(&details->memory, c->pid);
	const struct usage *work = usage_of(&details->work, c->pid);
	int64_t created = container_time(c->created);

	if (memory) {
		c->memory = memory->amount;
		c->processes = memory->processes;
	}
	if (work)
		c->work = work->amount;
	if (created >= 0 && details->now > 0)
		c->age = details->now > created ? details->now - created : 0;
}

/* The value of a row "KEY=VALUE BUNDLE"; NULL if there is none. Owned by the caller. */
static char *bundle_value(const struct facts *facts, const char *key, const char *bundle)
{
	const char *row;

	for (size_t i = 0; (row = facts_nth(facts, key, i)) != NULL; i++) {
		size_t len = strcspn(row, " ");
		if (row[len] && strcmp(row + len + 1, bundle) == 0)
			return str_dupn(row, len);
	}
	return NULL;
}

/* A rule that can't be understood is none here: a move of the container is refused by it. */
static void read_rule(struct container *c, const struct facts *facts)
{
	CLEANUP_FREE char *group = bundle_value(facts, "group", c->bundle);
	CLEANUP_FREE char *hosts = bundle_value(facts, "hosts", c->bundle);
	struct err ignored = ERR_INIT;

	if (group)
		(void)place_rule_group(&c->rule, group, &ignored);
	if (hosts)
		(void)place_rule_hosts(&c->rule, hosts, &ignored);
}

static int add_rows(struct containers *list, const char *host, const json_t *array,
		    const struct facts *facts, struct err *err)
{
	uint64_t now = facts_uint(facts, "now");
	struct details details = {.now = now < INT64_MAX ? (int64_t)now : 0};
	size_t before = list->n, i;
	const json_t *object;
	int status = 0;

	read_usages(&details.memory, facts, "memory");
	read_usages(&details.work, facts, "work");
	list->rows = mem_grow(list->rows, list->n + json_array_size(array), sizeof(*list->rows));
	json_array_foreach (array, i, object) {
		struct container *c = &list->rows[list->n];
		status = container_read(c, host, object, err);
		if (status < 0)
			break;
		add_details(c, &details);
		c->pinned = facts_has(facts, "pin", c->bundle);
		read_rule(c, facts);
		c->in_move = facts_has(facts, "in-move", c->bundle);
		list->n++;
	}
	while (status < 0 && list->n > before)
		container_clear(&list->rows[--list->n]);
	free(details.memory.rows);
	free(details.work.rows);
	return status;
}

uint64_t containers_memory(const struct containers *list, const char *host)
{
	uint64_t used = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct container *c = &list->rows[i];
		if ((!host || strcmp(c->host, host) == 0) && c->memory > 0)
			used += (uint64_t)c->memory;
	}
	return used;
}

int containers_add(struct containers *list, const char *host, const struct facts *facts,
		   struct err *err)
{
	CLEANUP_JSON json_t *array = facts_json(facts, "list");

	if (!json_is_array(array))
		return err_set(err, EXIT_FAILED, "%s: what it has of containers is no list", host);
	return add_rows(list, host, array, facts, err);
}

static int by_name(const void *a, const void *b)
{
	const struct container *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->host, y->host);
}

void containers_sort(struct containers *list)
{
	if (list->n)
		qsort(list->rows, list->n, sizeof(*list->rows), by_name);
}

void containers_clear(struct containers *list)
{
	for (size_t i = 0; i < list->n; i++)
		container_clear(&list->rows[i]);
	free(list->rows);
	memset(list, 0, sizeof(*list));
}

/* The words of a list, each cut at the first byte in `end`. */
static char *joined(const char *text, const char *end)
{
	CLEANUP_ARGV struct argv words = {0};
	struct buf out = {0};

	argv_words(&words, text, BUNDLE_SEPARATORS);
	for (size_t i = 0; i < words.n; i++)
		buf_printf(&out, "%s%.*s", i ? "," : "", (int)strcspn(words.v[i], end), words.v[i]);
	return buf_steal(&out);
}

char *container_ips(const struct container *c)
{
	return joined(c->addresses, "/@");
}

char *container_urls(const struct container *c)
{
	return joined(c->endpoints, "");
}

void container_age(char text[24], int64_t seconds)
{
	long long s = seconds;

	if (s < 0)
		(void)snprintf(text, 24, "-");
	else if (s < MINUTE)
		(void)snprintf(text, 24, "%llds", s);
	else if (s < HOUR)
		(void)snprintf(text, 24, "%lldm", s / MINUTE);
	else if (s < DAY)
		(void)snprintf(text, 24, "%lldh%lldm", s / HOUR, s % HOUR / MINUTE);
	else
		(void)snprintf(text, 24, "%lldd%lldh", s / DAY, s % DAY / HOUR);
}

/* "Z" or "+02:00" in seconds; false for anything else. */
static bool read_zone(const char *text, int64_t *ret)
{
	unsigned hours, minutes;
	char sign, rest;

	*ret = 0;
	if (strcmp(text, "Z") == 0)
		return true;
	if (sscanf(text, "%c%2u:%2u%c", &sign, &hours, &minutes, &rest) != 3 ||
	    (sign != '+' && sign != '-'))
		return false;
	*ret = (sign == '-' ? -1 : 1) * ((int64_t)hours * HOUR + (int64_t)minutes * MINUTE);
	return true;
}

int64_t container_time(const char *rfc3339)
{
	struct tm tm = {0};
	int64_t zone = 0;
	const char *rest = strptime(rfc3339, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!rest)
		return -1;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (!read_zone(rest, &zone))
		return -1;
	int64_t seconds = (int64_t)timegm(&tm) - zone;
	return seconds < 0 ? -1 : seconds;
}
