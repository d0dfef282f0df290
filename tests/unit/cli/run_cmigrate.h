/* SPDX-License-Identifier: MIT */
/*
 * Runs the program in this process and captures its output. Include it after cmocka.h. Each test
 * has a working directory of its own, with an empty configuration.
 */
#ifndef CMIGRATE_TEST_RUN_CMIGRATE_H
#define CMIGRATE_TEST_RUN_CMIGRATE_H

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmigrate/base/str.h"
#include "cmigrate/cli/program.h"
#include "stub.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static char *test_top; /* the project's directory, where the program was started */
static char *test_dir;

/* ---- directories ---- */

static inline void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		fail_msg("can't write '%s'", path);
}

/* Returns NULL if there is none. */
static inline char *read_file(const char *path)
{
	CLEANUP_BUF struct buf text = {0};
	FILE *f = fopen(path, "re");
	char chunk[4096];

	if (!f)
		return NULL;
	buf_puts(&text, "");
	for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
		buf_add(&text, chunk, n);
	(void)fclose(f);
	return buf_steal(&text);
}

static inline void make_dir(const char *path)
{
	if (mkdir(path, 0755) < 0)
		fail_msg("can't make '%s'", path);
}

/* For the whole group of tests. */
static inline int directories_begin(void **state)
{
	(void)state;
	test_top = getcwd(NULL, 0);
	test_dir = stub_dir_make();
	return test_top ? 0 : -1;
}

static inline int directories_end(void **state)
{
	(void)state;
	if (chdir(test_top) < 0)
		return -1;
	stub_dir_remove(test_dir);
	free(test_top);
	return 0;
}

/* For one test. The machine's own configuration is not used. */
static inline int directory_begin(void **state)
{
	static int number;
	CLEANUP_FREE char *path = str_fmt("%s/%d", test_dir, ++number);

	(void)state;
	if (mkdir(path, 0755) < 0 || chdir(path) < 0)
		return -1;
	make_dir("root");
	write_file("cmigrate.json", "{}");
	return setenv("CMIGRATE_CONFIG", "cmigrate.json", 1);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup(test, directory_begin)

/* ---- one call ---- */

struct answer {
	int code;
	char *out, *err;
	size_t out_len;
};
#define CLEANUP_ANSWER __attribute__((cleanup(answer_clear)))

static inline void answer_clear(struct answer *o)
{
	free(o->out);
	free(o->err);
}

struct caught {
	int fd, before, file;
};

/* From here on fd is captured, or goes to the file `to` unless that is NULL. */
static inline struct caught catch_begin(int fd, const char *to)
{
	struct caught c = {.fd = fd, .before = fcntl(fd, F_DUPFD_CLOEXEC, 10)};

	c.file = to ? open(to, O_RDWR | O_CLOEXEC) : memfd_create("caught", MFD_CLOEXEC);
	if (c.before < 0 || c.file < 0 || dup2(c.file, fd) < 0)
		abort();
	return c;
}

static inline char *catch_end(const struct caught *c, size_t *ret_len)
{
	off_t size = lseek(c->file, 0, SEEK_END);
	size_t len = size > 0 ? (size_t)size : 0;
	char *text = mem_new(len + 1, 1);

	if (dup2(c->before, c->fd) < 0 || (len && pread(c->file, text, len, 0) != (ssize_t)len))
		abort();
	(void)close(c->before);
	(void)close(c->file);
	if (ret_len)
		*ret_len = len;
	return text;
}

/* stdout goes to the file `to`, or is captured if that is NULL. */
static inline struct answer run_to(const char *to, const struct argv *words)
{
	CLEANUP_ARGV struct argv all = {0};
	struct answer o = {0};

	argv_add(&all, "cmigrate");
	argv_extend(&all, words);
	(void)fflush(NULL);
	struct caught out = catch_begin(STDOUT_FILENO, to), err = catch_begin(STDERR_FILENO, NULL);
	o.code = program_run((int)all.n, all.v);
	(void)fflush(NULL);
	o.out = catch_end(&out, &o.out_len);
	o.err = catch_end(&err, NULL);
	clearerr(stdout);
	return o;
}

/* Splits a line at blanks. */
static inline void split(struct argv *words, const char *line)
{
	while (*line) {
		size_t len = strcspn(line, " ");
		if (len) {
			CLEANUP_FREE char *word = str_dupn(line, len);
			argv_add(words, word);
		}
		line += len + (line[len] == ' ');
	}
}

static inline struct answer run_words(const char *const *words)
{
	CLEANUP_ARGV struct argv all = {0};

	for (; *words; words++)
		argv_add(&all, *words);
	return run_to(NULL, &all);
}

static inline struct answer run_line(const char *line)
{
	CLEANUP_ARGV struct argv words = {0};

	split(&words, line);
	return run_to(NULL, &words);
}

/* ---- results ---- */

/* One line with the text on stderr, nothing on stdout. */
static inline void assert_refused(const struct answer *o, const char *line, int code,
				  const char *text)
{
	const char *end = strchr(o->err, '\n');

	if (o->code != code || o->out_len || !strstr(o->err, text) || !end || end[1])
		fail_msg("'%s': exit code %d instead of %d, '%s' not alone in '%s', stdout '%s'",
			 line, o->code, code, text, o->err, o->out);
}

static inline void refused(const char *line, int code, const char *text)
{
	CLEANUP_ANSWER struct answer o = run_line(line);

	assert_refused(&o, line, code, text);
}

/* The last word must be NULL. */
#define REFUSED(code, text, ...)                                                                   \
	do {                                                                                       \
		CLEANUP_ANSWER struct answer o_ =                                                  \
			run_words((const char *const[]){__VA_ARGS__, NULL});                       \
		assert_refused(&o_, #__VA_ARGS__, code, text);                                     \
	} while (0)

/* Exit code 0 and nothing on stderr; stdout, owned by the caller. */
static inline char *prints(const char *line)
{
	struct answer o = run_line(line);

	if (o.code != 0 || *o.err)
		fail_msg("'%s': exit code %d, stderr '%s'", line, o.code, o.err);
	free(o.err);
	return o.out;
}

static inline void says_nothing(const char *line)
{
	CLEANUP_FREE char *out = prints(line);

	if (*out)
		fail_msg("'%s': '%s'", line, out);
}

static inline json_t *parsed(const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

	if (!value)
		fail_msg("no JSON: %s: '%s'", error.text, text);
	return value;
}

/* The value at "mounts.6.options"; NULL where there is none. */
static inline const json_t *value_at(const json_t *document, const char *path)
{
	while (document && *path) {
		size_t len = strcspn(path, ".");
		CLEANUP_FREE char *key = str_dupn(path, len);
		document = json_is_array(document) ? json_array_get(document, (size_t)atol(key))
						   : json_object_get(document, key);
		path += len + (path[len] == '.');
	}
	return document;
}

/* wanted: JSON, or NULL if the member must be missing. */
static inline void assert_at(const json_t *document, const char *path, const char *wanted)
{
	const json_t *got = value_at(document, path);
	json_t *value = wanted ? parsed(wanted) : NULL;
	char *text = got ? json_dumps(got, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	if (got ? !value || !json_equal(got, value) : value != NULL)
		fail_msg("%s: '%s' instead of '%s'", path, text ? text : "nothing",
			 wanted ? wanted : "nothing");
	free(text);
	json_decref(value);
}

static inline size_t lines_of(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		n++;
	return n;
}

#endif
