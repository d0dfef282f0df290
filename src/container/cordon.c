/* SPDX-License-Identifier: MIT */
#include "cmigrate/container/cordon.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/fields.h"
#include "cmigrate/base/name.h"

/* The longest line that is read; the agent tells no longer one. */
#define LINE_MAX_BYTES 8192

static const struct field mark_fields[] = {
	FIELD(struct cordon, host, FIELD_TEXT),	 FIELD(struct cordon, by, FIELD_TEXT),
	FIELD(struct cordon, since, FIELD_TEXT), FIELD(struct cordon, reason, FIELD_TEXT),
	FIELD(struct cordon, open, FIELD_FLAG),	 {.key = NULL},
};

static const struct field left_fields[] = {
	FIELD(struct cordon_left, container, FIELD_TEXT),
	FIELD(struct cordon_left, how, FIELD_TEXT),
	FIELD(struct cordon_left, to, FIELD_TEXT),
	{.key = NULL},
};

static void left_clear(struct cordon_left *left)
{
	fields_clear(left_fields, left);
}

void cordon_clear(struct cordon *c)
{
	fields_clear(mark_fields, c);
	for (size_t i = 0; i < c->n_left; i++)
		left_clear(&c->left[i]);
	free(c->left);
	memset(c, 0, sizeof(*c));
}

/* ---- the text ---- */

static json_t *line_json(const char *line, size_t len)
{
	return len <= LINE_MAX_BYTES ? json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static void read_mark(struct cordon *c, const char *host, const char *line, size_t len)
{
	json_t *object = line_json(line, len);
	char *texts[3];
	struct err why = ERR_INIT;
	struct cordon read = {0};

	if (!object || fields_read(mark_fields, &read, object, "a mark", &why) < 0 || !read.host ||
	    strcmp(read.host, host) != 0) {
		fields_clear(mark_fields, &read);
		memset(&read, 0, sizeof(read));
	}
	json_decref(object);
	*c = read;
	str_set(&c->host, host);
	texts[0] = c->by;
	texts[1] = c->since;
	texts[2] = c->reason;
	for (size_t i = 0; i < 3; i++)
		if (texts[i])
			str_mask(texts[i]);
}

static bool is_how(const struct cordon_left *left)
{
	struct err why = ERR_INIT;

	if (!left->how)
		return false;
	if (strcmp(left->how, LEFT_MOVED) == 0)
		return left->to && name_check_host(left->to, &why) == 0;
	return strcmp(left->how, LEFT_CHECKPOINTED) == 0 || strcmp(left->how, LEFT_STOPPED) == 0;
}

static void read_left(struct cordon *c, const char *line, size_t len)
{
	json_t *object = line_json(line, len);
	struct cordon_left left = {0};
	struct err why = ERR_INIT;

	if (object && fields_read(left_fields, &left, object, "a container", &why) == 0 &&
	    left.container && name_check(left.container, &why) == 0 && is_how(&left))
		cordon_left_put(c, left.container, left.how, left.to);
	left_clear(&left);
	json_decref(object);
}

void cordon_parse(const char *host, const char *text, size_t len, struct cordon *ret)
{
	for (size_t at = 0, line = 0; at < len || !line; line++) {
		const char *end = len ? memchr(text + at, '\n', len - at) : NULL;
		size_t n = end ? (size_t)(end - text) - at : len - at;
		if (!line)
			read_mark(ret, host, text, n);
		else
			read_left(ret, text + at, n);
		at += n + 1;
	}
}

static void add_line(struct buf *out, const struct field *fields, const void *base)
{
	json_t *object = fields_json(fields, base, json_object());
	CLEANUP_FREE char *line = json_line(object);

	json_decref(object);
	if (line)
		buf_printf(out, "%s\n", line);
}

void cordon_text(const struct cordon *c, struct buf *out)
{
	add_line(out, mark_fields, c);
	for (size_t i = 0; i < c->n_left; i++)
		add_line(out, left_fields, &c->left[i]);
}

/* ---- what left ---- */

void cordon_left_drop(struct cordon *c, const char *container)
{
	for (size_t i = 0; i < c->n_left; i++) {
		if (strcmp(c->left[i].container, container) != 0)
			continue;
		left_clear(&c->left[i]);
		c->n_left--;
		memmove(&c->left[i], &c->left[i + 1], (c->n_left - i) * sizeof(*c->left));
		return;
	}
}

void cordon_left_put(struct cordon *c, const char *container, const char *how, const char *to)
{
	struct cordon_left left = {str_dup(container), str_dup(how), str_dup(to)};

	cordon_left_drop(c, container);
	c->left = mem_grow(c->left, c->n_left + 1, sizeof(*c->left));
	c->left[c->n_left++] = left;
}

char *cordon_sentence(const struct cordon *c)
{
	if (!c->by || !c->since)
		return str_fmt("%s is cordoned", c->host);
	return str_fmt("%s is cordoned since %.40s by %.300s%s%.400s", c->host, c->since, c->by,
		       c->reason ? ": " : "", c->reason ? c->reason : "");
}

/* ---- the marks of all hosts ---- */

/* An ssh destination "user@host" is that host too. */
static bool is_host(const char *name, const char *marked)
{
	const char *at = strrchr(name, '@');

	return strcmp(name, marked) == 0 || (at && strcmp(at + 1, marked) == 0);
}

static bool has_row(const struct cordons *cordons, const char *host)
{
	for (size_t i = 0; i < cordons->n; i++)
		if (strcmp(cordons->rows[i].host, host) == 0)
			return true;
	return false;
}

void cordons_add(struct cordons *cordons, const struct facts *facts)
{
	const char *value;

	for (size_t i = 0; (value = facts_nth(facts, "cordon", i)) != NULL; i++) {
		size_t len = strcspn(value, " ");
		CLEANUP_FREE char *host = str_dupn(value, len);
		const char *line = value[len] ? value + len + 1 : "";
		struct err why = ERR_INIT;
		if (name_check_host(host, &why) < 0 || has_row(cordons, host))
			continue;
		cordons->rows = mem_grow(cordons->rows, cordons->n + 1, sizeof(*cordons->rows));
		cordon_parse(host, line, strlen(line), &cordons->rows[cordons->n++]);
	}
}

const struct cordon *cordons_find(const struct cordons *cordons, const char *host)
{
	for (size_t i = 0; i < cordons->n; i++)
		if (!cordons->rows[i].open && is_host(host, cordons->rows[i].host))
			return &cordons->rows[i];
	return NULL;
}

void cordons_clear(struct cordons *cordons)
{
	for (size_t i = 0; i < cordons->n; i++)
		cordon_clear(&cordons->rows[i]);
	free(cordons->rows);
	memset(cordons, 0, sizeof(*cordons));
}
