/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "cmigrate/base/json_uint64.h"
#include "cmigrate/base/proc.h"
#include "cmigrate/base/suggest.h"

json_t *json_parse(const char *text, size_t len, const char *what, struct err *err)
{
	json_error_t cause;

	if (len > JSON_TEXT_MAX) {
		(void)err_set(err, EXIT_USAGE, "'%s' is longer than %d bytes", what, JSON_TEXT_MAX);
		return NULL;
	}
	CLEANUP_FREE char *copy = str_dupn(text, len);
	json_uint64_hide(copy, len);
	json_t *root = json_loadb(copy, len, JSON_REJECT_DUPLICATES, &cause);
	if (!root) {
		(void)err_set(err, EXIT_USAGE, "'%s', line %d, column %d: %s", what, cause.line,
			      cause.column, cause.text);
		return NULL;
	}
	if (!json_is_object(root)) {
		json_decref(root);
		(void)err_set(err, EXIT_USAGE, "'%s' is not a JSON object", what);
		return NULL;
	}
	return root;
}

static int read_bounded(int fd, struct buf *text)
{
	char chunk[16384];
	ssize_t n;

	while (text->len <= JSON_TEXT_MAX && (n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			buf_add(text, chunk, (size_t)n);
	}
	return 0;
}

json_t *json_read_file(const char *path, struct err *err)
{
	CLEANUP_BUF struct buf text = {0};
	/* O_NONBLOCK: a fifo at this path must not block us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int status = fd < 0 ? -1 : read_bounded(fd, &text);

	if (status < 0)
		(void)err_errno(err, EXIT_USAGE, "can't read '%s'", path);
	fd_close(&fd);
	return status < 0 ? NULL : json_parse(buf_str(&text), text.len, path, err);
}

char *json_path(const char *path, const char *key)
{
	return *path ? str_fmt("%s.%s", path, key) : str_dup(key);
}

static int wrong_type(const char *path, const char *key, const char *wanted, struct err *err)
{
	CLEANUP_FREE char *full = json_path(path, key);

	return err_set(err, EXIT_USAGE, "'%s' is not %s", full, wanted);
}

int json_get_string(const json_t *object, const char *path, const char *key, char **ret,
		    struct err *err)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return 0;
	if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
		return wrong_type(path, key, "a string", err);
	str_set(ret, json_string_value(value));
	return 0;
}

int json_get_uint(const json_t *object, const char *path, const char *key, unsigned *ret,
		  struct err *err)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return 0;
	json_int_t n = json_integer_value(value);
	if (!json_is_integer(value) || n < 0 || n > INT_MAX)
		return wrong_type(path, key, "a whole number of 0 or more", err);
	*ret = (unsigned)n;
	return 0;
}

int json_get_count(const json_t *object, const char *path, const char *key, unsigned *ret,
		   struct err *err)
{
	unsigned n = 1;

	if (json_get_uint(object, path, key, &n, err) < 0)
		return -1;
	if (!n)
		return wrong_type(path, key, "a whole number of 1 or more", err);
	if (json_object_get(object, key))
		*ret = n;
	return 0;
}

int json_get_number(const json_t *object, const char *path, const char *key, double *ret,
		    struct err *err)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return 0;
	if (!json_is_number(value))
		return wrong_type(path, key, "a number", err);
	*ret = json_number_value(value);
	return 0;
}

int json_get_strings(const json_t *object, const char *path, const char *key, struct argv *ret,
		     struct err *err)
{
	const json_t *list = json_object_get(object, key), *word;
	size_t i;

	if (!list)
		return 0;
	if (!json_is_array(list))
		return wrong_type(path, key, "a list of strings", err);
	json_array_foreach (list, i, word)
		if (!json_is_string(word) ||
		    strlen(json_string_value(word)) != json_string_length(word))
			return wrong_type(path, key, "a list of strings", err);
	json_array_foreach (list, i, word)
		argv_add(ret, json_string_value(word));
	return 0;
}

int json_get_object(const json_t *object, const char *path, const char *key, const json_t **ret,
		    struct err *err)
{
	const json_t *value = json_object_get(object, key);

	if (value && !json_is_object(value))
		return wrong_type(path, key, "an object", err);
	*ret = value;
	return 0;
}

static bool is_known(const char *key, const char *const *known)
{
	for (; *known; known++)
		if (strcmp(key, *known) == 0)
			return true;
	return false;
}

int json_check_keys(const json_t *object, const char *path, const char *const *known,
		    struct err *err)
{
	const char *key;
	json_t *value;

	/* jansson's macro takes no const object; the loop changes nothing. */
	json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
		CLEANUP_FREE char *full = json_path(path, key);
		if (is_known(key, known))
			continue;
		(void)err_set(err, EXIT_USAGE, "unknown key '%.100s'", full);
		(void)suggest_append(err, "", key, known);
		return -1;
	}
	return 0;
}
