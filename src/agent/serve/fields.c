/* SPDX-License-Identifier: MIT */
#include "fields.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "cmigrate/base/name.h"
#include "cmigrate/base/page_port.h"

#define DIGITS "0123456789"
#define HEX DIGITS "abcdef"
#define SHOWN 100

static bool is_container(const char *value)
{
	struct err unused = ERR_INIT;

	return name_check(value, &unused) == 0;
}

static bool is_id(const char *value)
{
	struct err unused = ERR_INIT;

	return name_check_id(value, &unused) == 0;
}

static bool is_tag(const char *value)
{
	return strlen(value) == 8 && strspn(value, HEX) == 8;
}

static bool is_path(const char *value)
{
	struct err unused = ERR_INIT;

	return name_check_path(value, &unused) == 0;
}

/* A network namespace's file, or nothing. Opening another file, such as a watchdog's, may have
 * effects. */
static bool is_netns(const char *value)
{
	struct statfs fs;

	return is_path(value) &&
	       (statfs(value, &fs) < 0 ? errno == ENOENT : fs.f_type == NSFS_MAGIC);
}

static bool is_device(const char *value)
{
	struct err unused = ERR_INIT;

	/* The word becomes part of paths in /proc/sys. */
	return name_check_device(value, &unused) == 0 && strspn(value, ".") != strlen(value);
}

/* Accepts an address only as cmigrate spells it. */
static bool is_ip(const char *value)
{
	struct err unused = ERR_INIT;
	struct address a;

	return address_parse(value, &a, &unused) == 0 && strcmp(a.ip, value) == 0;
}

/* IP/PREFIX@DEVICE; the device may be empty: the agent looks for it. */
static bool is_address(const char *value)
{
	CLEANUP_FREE char *copy = str_dup(value);
	char *slash = strchr(copy, '/'), *at = slash ? strchr(slash, '@') : NULL;

	if (!at)
		return false;
	*slash = '\0';
	*at = '\0';
	size_t digits = strspn(slash + 1, DIGITS);
	return is_ip(copy) && digits && digits <= 3 && !slash[1 + digits] &&
	       strtoul(slash + 1, NULL, 10) <= (strchr(copy, ':') ? 128 : 32) &&
	       (!at[1] || is_device(at + 1));
}

static bool is_number(const char *value)
{
	size_t n = strlen(value);

	return n && n <= 20 && strspn(value, DIGITS) == n;
}

static bool is_quota(const char *value)
{
	return strcmp(value, "max") == 0 || is_number(value);
}

/* No other program's port may be closed, or asked about. */
static bool is_page_port(const char *value)
{
	return is_number(value) && strtoul(value, NULL, 10) - PAGE_PORT_FIRST < 2ul * PAGE_PORTS;
}

static bool is_host(const char *value)
{
	struct err unused = ERR_INIT;

	return name_check_host(value, &unused) == 0;
}

/* A word of a closed list: the verb knows which. */
static bool is_word(const char *value)
{
	size_t n = strlen(value);

	return n && n <= 64 && strspn(value, "abcdefghijklmnopqrstuvwxyz-_" DIGITS) == n;
}

/* Images are known by whose they are; where they lie, the agent says (paths.h). */
static bool is_images(const char *value)
{
	return strcmp(value, "move") == 0 || strcmp(value, "checkpoint") == 0 ||
	       (str_starts(value, "new-") && is_id(value + strlen("new-"))) ||
	       (str_starts(value, "at-") && is_id(value + strlen("at-")));
}

/* A file of a container, or of many moves, on the shared directory, besides configuration and
 * images; or the mark of a host. */
static bool is_state_file(const char *value)
{
	static const char *const files[] = {"journal", "history", "events", "wishes", "owner"};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (strcmp(value, files[i]) == 0)
			return true;
	return str_starts(value, "cordon-") && is_host(value + strlen("cordon-"));
}

/* Many moves of one command: "rebalance", or "drain-HOST". It becomes part of a path. */
static bool is_batch(const char *value)
{
	return strcmp(value, "rebalance") == 0 ||
	       (str_starts(value, "drain-") && is_host(value + strlen("drain-")));
}

/* One line. */
static bool is_line(const char *value)
{
	if (strlen(value) > 4096)
		return false;
	for (; *value; value++)
		if ((unsigned char)*value < ' ' || *value == 0x7f)
			return false;
	return true;
}

/* A key means the same in every verb. */
static const struct key {
	const char *name;
	bool (*check)(const char *value);
} keys[] = {
	{"container", is_container},
	{"id", is_id},
	{"tag", is_tag},
	{"netns", is_netns},
	{"address", is_address},
	{"ip", is_ip},
	{"hop", is_ip},
	{"client", is_ip},
	{"peer-ip", is_ip},
	{"server", is_ip},
	{"device", is_device},
	{"peer", is_host},
	{"port", is_page_port},
	{"bind", is_path},
	{"pass", is_number},
	{"parent", is_number},
	{"count", is_number},
	{"seconds", is_number},
	{"number", is_number},
	{"size", is_number},
	{"rate", is_number},
	{"quota", is_quota},
	{"ghost-limit", is_number},
	{"op", is_word},
	{"role", is_word},
	{"images", is_images},
	{"kind", is_word},
	{"strategy", is_word},
	{"transport", is_word},
	{"file", is_state_file},
	{"flag", is_word},
	{"keep", is_word},
	{"batch", is_batch},
	{"stamp", is_line},
	{NULL, NULL},
};

static bool check_value(const char *name, size_t len, const char *value)
{
	for (const struct key *key = keys; key->name; key++)
		if (strlen(key->name) == len && strncmp(key->name, name, len) == 0)
			return key->check(value);
	return false;
}

/* The mark after a key in the verb's row: '?', '*', '+', ' ' for none; 0: not one of its keys. */
static char mark_of(const char *fields, const char *name, size_t len)
{
	for (const char *p = fields; *p;) {
		p += strspn(p, " ");
		size_t word = strcspn(p, " ?*+");
		char mark = p[word] && p[word] != ' ' ? p[word] : ' ';
		if (word == len && strncmp(p, name, len) == 0)
			return mark;
		p += strcspn(p, " ");
	}
	return 0;
}

static size_t times(const struct request *req, const char *name, size_t len)
{
	size_t n = 0;

	for (size_t i = 1; i < req->words.n; i++)
		n += strncmp(req->words.v[i], name, len) == 0 && req->words.v[i][len] == '=';
	return n;
}

static int check_word(struct request *req, const struct verb *verb, const char *word)
{
	size_t len = strcspn(word, "=");
	char mark = word[len] ? mark_of(verb->fields, word, len) : 0;

	if (!mark)
		return request_fail(req, "'%s' takes no '%.*s'", verb->name, SHOWN, word);
	if ((mark == ' ' || mark == '?') && times(req, word, len) > 1)
		return request_fail(req, "'%s' takes one '%.*s'", verb->name, (int)len, word);
	if (!check_value(word, len, word + len + 1))
		return request_fail(req, "'%s': '%.*s' is not allowed", verb->name, SHOWN, word);
	return 0;
}

int fields_check(struct request *req, const struct verb *verb)
{
	for (size_t i = 1; i < req->words.n; i++)
		if (check_word(req, verb, req->words.v[i]) != 0)
			return 1;
	for (const char *p = verb->fields; *p;) {
		p += strspn(p, " ");
		size_t len = strcspn(p, " ?*+");
		if (len && (!p[len] || p[len] == ' ' || p[len] == '+') && !times(req, p, len))
			return request_fail(req, "'%s' needs '%.*s'", verb->name, (int)len, p);
		p += strcspn(p, " ");
	}
	return 0;
}
