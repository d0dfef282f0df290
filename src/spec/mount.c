/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "cmigrate/base/name.h"
#include "part.h"

/*
 * Takes a path off the front of *rest, up to a ':' that has no backslash before it. "\:" is a colon
 * of the path, "\\" a backslash; any other backslash stands for itself. *rest then points after the
 * colon, or is NULL if there was none.
 */
static char *take_path(const char **rest)
{
	CLEANUP_BUF struct buf path = {0};
	const char *p = *rest;

	for (; *p && *p != ':'; p++) {
		if (*p == '\\' && (p[1] == ':' || p[1] == '\\'))
			p++;
		buf_add(&path, p, 1);
	}
	*rest = *p ? p + 1 : NULL;
	return buf_steal(&path);
}

/* Leaves one '/' between names and none at the end, so that a directory has one spelling. */
static void squeeze_path(char *path)
{
	char *to = path;

	for (const char *from = path; *from; from++) {
		if (from[0] == '/' && (from[1] == '/' || (from[1] == '\0' && to != path)))
			continue;
		if (from[0] == '/' && from[1] == '.' && (from[2] == '/' || from[2] == '\0')) {
			from++;
			continue;
		}
		*to++ = *from;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

/* Splits at commas outside of double quotes: context="system_u:object_r:t:s0:c1,c2". */
static int split_options(const char *text, struct argv *ret, struct err *err)
{
	CLEANUP_FREE char *copy = str_dup(text);
	bool quoted = false;
	char *start = copy;

	if (spec_check_plain(text, err) < 0)
		return err_wrap(err, "mount options");
	for (char *p = copy;; p++) {
		if (*p == '"')
			quoted = !quoted;
		if (*p && (quoted || *p != ','))
			continue;
		bool last = !*p;
		*p = '\0';
		if (!*start)
			return err_set(err, EXIT_USAGE, "mount options '%s': one is empty", text);
		argv_add(ret, start);
		start = p + 1;
		if (last)
			return 0;
	}
}

static bool is_inside(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 && path[len] == '/';
}

/*
 * Puts a mount in the place of an earlier one with the same destination; else before the first
 * mount below it, which it would hide; else at the end. So parents come before their children.
 */
static int place_mount(struct spec_build *b, json_t *mount, struct err *err)
{
	const char *destination = json_string_value(json_object_get(mount, "destination"));
	json_t *mounts = spec_array(b->doc, "mounts", err), *old;
	size_t i, place;

	if (!mounts)
		return -1;
	place = json_array_size(mounts);
	json_array_foreach (mounts, i, old) {
		const char *there = json_string_value(json_object_get(old, "destination"));
		if (there && strcmp(there, destination) == 0)
			return json_array_set(mounts, i, mount);
		if (there && place > i && is_inside(there, destination))
			place = i;
	}
	return json_array_insert(mounts, place, mount);
}

static int add_mount(struct spec_build *b, const char *type, const char *source,
		     const char *destination, const struct argv *options, struct err *err)
{
	if (strcmp(destination, "/") == 0)
		return err_set(err, EXIT_USAGE,
			       "'/' is the root file system; name another one with --rootfs");
	if (argv_has(&b->mounted, destination))
		return err_set(err, EXIT_USAGE, "'%s' is given two mounts", destination);
	argv_add(&b->mounted, destination);
	json_t *list = json_array();
	for (size_t i = 0; i < options->n; i++)
		json_array_append_new(list, json_string(options->v[i]));
	json_auto_t *mount = json_pack("{s:s, s:s, s:s, s:o}", "destination", destination, "type",
				       type, "source", source, "options", list);
	return place_mount(b, mount, err);
}

/* Whether two options set the same thing, as "noexec" and "exec", "rw" and "ro", "size=1m" and
 * "size=2m" do. */
static bool is_rival(const char *preset, const char *given)
{
	size_t key = strcspn(preset, "=");

	if (preset[key])
		return strncmp(preset, given, key + 1) == 0;
	if (strcmp(preset, "rw") == 0)
		return strcmp(given, "ro") == 0 || strcmp(given, "rw") == 0;
	if (str_starts(preset, "no") && strcmp(preset + 2, given) == 0)
		return true;
	return strcmp(preset, given) == 0;
}

/* A preset stays unless an option contradicts it: --tmpfs /run:size=1g is still nosuid. */
static void add_presets(const char *path, struct argv *options, const struct argv *given)
{
	static const char *const common[] = {"rw", "noexec", "nosuid", "nodev", "size=65536k"};
	/* No nodev: a /dev needs devices. */
	static const char *const dev[] = {"rw", "nosuid", "strictatime", "mode=755", "size=65536k"};
	const char *const *presets = strcmp(path, "/dev") == 0 ? dev : common;

	for (size_t i = 0; i < sizeof(common) / sizeof(*common); i++) {
		bool wanted = true;
		for (size_t j = 0; j < given->n; j++)
			wanted = wanted && !is_rival(presets[i], given->v[j]);
		if (wanted)
			argv_add(options, presets[i]);
	}
}

int spec_add_tmpfs(struct spec_build *b, const char *word, struct err *err)
{
	CLEANUP_ARGV struct argv given = {0}, options = {0};
	CLEANUP_FREE char *path = take_path(&word);

	if (name_check_path(path, err) < 0 || (word && split_options(word, &given, err) < 0))
		return -1;
	squeeze_path(path);
	add_presets(path, &options, &given);
	argv_extend(&options, &given);
	return add_mount(b, "tmpfs", "tmpfs", path, &options, err);
}

int spec_add_bind(struct spec_build *b, const char *word, struct err *err)
{
	CLEANUP_ARGV struct argv options = {0};
	const char *rest = word;
	CLEANUP_FREE char *source = take_path(&rest);

	if (!rest)
		return err_set(err, EXIT_USAGE, "'%s' is not SRC:DST[:OPTS]", word);
	CLEANUP_FREE char *destination = take_path(&rest);
	if (name_check_path(source, err) < 0)
		return err_wrap(err, "source");
	if (name_check_path(destination, err) < 0)
		return err_wrap(err, "destination");
	if (rest && split_options(rest, &options, err) < 0)
		return -1;
	if (argv_has(&options, "Z") || argv_has(&options, "z"))
		return err_set(
			err, EXIT_USAGE,
			"'%s': runc sets no SELinux labels; leave the z out, and label '%s' with "
			"chcon",
			word, source);
	squeeze_path(source);
	squeeze_path(destination);
	if (!rest)
		argv_add(&options, "rw");
	/* The type alone doesn't make runc bind; it needs one of these options. */
	if (!argv_has(&options, "bind") && !argv_has(&options, "rbind"))
		argv_add(&options, "bind");
	return add_mount(b, "bind", source, destination, &options, err);
}
