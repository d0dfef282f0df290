/* SPDX-License-Identifier: MIT */
#include "in_clear.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "agent/request/fact.h"
#include "agent/request/paths.h"
#include "agent/request/text_file.h"

#define MOUNTINFO_MAX (16 * 1024 * 1024)

/* Each type with the options that encrypt it, and those that say that it comes from this host. */
static const struct {
	const char *type;
	const char *options[6];
} types[] = {
	{"nfs", {"sec=krb5p", "xprtsec=tls", "xprtsec=mtls", "addr=127.0.0.1", "addr=::1", NULL}},
	{"nfs4", {"sec=krb5p", "xprtsec=tls", "xprtsec=mtls", "addr=127.0.0.1", "addr=::1", NULL}},
	{"cifs", {"seal", NULL}},
	{"smb3", {"seal", NULL}},
};

static bool in_clear(const char *type, const char *options)
{
	CLEANUP_ARGV struct argv has = {0};
	size_t n = 0;

	while (n < sizeof(types) / sizeof(*types) && strcmp(types[n].type, type) != 0)
		n++;
	if (n == sizeof(types) / sizeof(*types))
		return false;
	argv_words(&has, options, ",");
	for (size_t i = 0; types[n].options[i]; i++)
		if (argv_has(&has, types[n].options[i]))
			return false;
	return true;
}

/* The words of a line of proc_pid_mountinfo(5): "ID PARENT MAJOR:MINOR ... - TYPE SOURCE OPTIONS".
 */
static bool is_of(const struct argv *words, const char *device)
{
	return words->n > 2 && strcmp(words->v[2], device) == 0;
}

static size_t type_of(const struct argv *words)
{
	size_t i = 0;

	while (i < words->n && strcmp(words->v[i], "-") != 0)
		i++;
	return i + 1;
}

char *in_clear_type(const char *mountinfo, const char *device)
{
	CLEANUP_ARGV struct argv lines = {0};

	argv_words(&lines, mountinfo, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		CLEANUP_ARGV struct argv words = {0};
		argv_words(&words, lines.v[i], " ");
		size_t type = type_of(&words);
		if (is_of(&words, device) && type + 2 < words.n)
			return in_clear(words.v[type], words.v[type + 2]) ? str_dup(words.v[type])
									  : NULL;
	}
	return NULL;
}

void in_clear_say(struct request *req)
{
	CLEANUP_FREE char *bundle = path_bundle(req);
	CLEANUP_FREE char *mounts = text_file_read("/proc/self/mountinfo", MOUNTINFO_MAX, NULL);
	struct stat st;

	if (!mounts || stat(bundle, &st) < 0)
		return;
	CLEANUP_FREE char *device = str_fmt("%u:%u", major(st.st_dev), minor(st.st_dev));
	CLEANUP_FREE char *type = in_clear_type(mounts, device);
	if (type)
		fact_say(req, "in-clear", type);
}
