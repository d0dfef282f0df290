/* SPDX-License-Identifier: MIT */
#include "binds.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/request/json_scan.h"
#include "agent/request/process.h"
#include "mounts.h"

#define INFO_MAX 4096

/* As in <linux/openat2.h>, which older systems lack. */
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#define IN_ROOT 0x10
struct how {
	uint64_t flags, mode, resolve;
};

/* source NULL: none on the host. */
static void add(struct binds *binds, const char *at, const char *source, const char *base)
{
	struct bind bind = {.at = str_dup(at), .mount = -1};

	for (size_t len = strlen(at); len > 1 && bind.at[len - 1] == '/'; len--)
		bind.at[len - 1] = '\0';
	if (source)
		bind.source = *source == '/' ? str_dup(source) : str_fmt("%s/%s", base, source);
	binds->v = mem_grow(binds->v, binds->n + 1, sizeof(*binds->v));
	binds->v[binds->n++] = bind;
}

/* type: the name of the member that says "bind". */
static void add_mount(struct binds *binds, const char *json, const char *type, const char *base)
{
	size_t len = strlen(json);
	CLEANUP_FREE char *at = json_scan(json, len, "destination");
	CLEANUP_FREE char *source = json_scan(json, len, "source");
	CLEANUP_FREE char *kind = json_scan(json, len, type);
	CLEANUP_ARGV struct argv options = {0};

	(void)json_scan_strings(json, len, "options", &options);
	bool bound = (kind && strcmp(kind, "bind") == 0) || argv_has(&options, "bind") ||
		     argv_has(&options, "rbind");
	if (at && *at == '/')
		add(binds, at, bound && source && *source ? source : NULL, base);
}

void binds_of_state(const struct runc_state *state, struct binds *ret)
{
	CLEANUP_ARGV struct argv mounts = {0};

	memset(ret, 0, sizeof(*ret));
	if (!state->text || !state->rootfs)
		return;
	add(ret, "/", state->rootfs, "");
	(void)json_scan_objects(state->text, state->len, "config.mounts", &mounts);
	for (size_t i = 0; i < mounts.n; i++)
		add_mount(ret, mounts.v[i], "device", state->bundle ? state->bundle : "");
}

void binds_of_config(const char *text, size_t len, const char *bundle, struct binds *ret)
{
	CLEANUP_FREE char *root = json_scan(text, len, "root.path");
	CLEANUP_ARGV struct argv mounts = {0};

	memset(ret, 0, sizeof(*ret));
	if (root)
		add(ret, "/", root, bundle);
	(void)json_scan_objects(text, len, "mounts", &mounts);
	for (size_t i = 0; i < mounts.n; i++)
		add_mount(ret, mounts.v[i], "type", bundle);
}

void binds_clear(struct binds *binds)
{
	for (size_t i = 0; i < binds->n; i++) {
		free(binds->v[i].at);
		free(binds->v[i].source);
	}
	free(binds->v);
	memset(binds, 0, sizeof(*binds));
}

/* Links lead where they lead in the container. */
static int open_inside(int root, const char *path)
{
	const struct how how = {.flags = O_PATH | O_CLOEXEC, .resolve = IN_ROOT};
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	/* Linux before 5.6 has no such call. */
	return fd < 0 && strcmp(path, "/") == 0 ? openat(root, ".", O_PATH | O_CLOEXEC) : fd;
}

static void look(struct bind *bind, int root)
{
	int fd = open_inside(root, bind->at);

	if (fd < 0)
		return;
	CLEANUP_FREE char *file = str_fmt("fdinfo/%d", fd);
	CLEANUP_FREE char *info = process_file(getpid(), file, INFO_MAX, NULL);
	const char *line = info ? strstr(info, "mnt_id:") : NULL;
	if (line && fstat(fd, &bind->st) == 0)
		bind->mount = atoi(line + strlen("mnt_id:"));
	(void)close(fd);
}

void binds_look(struct binds *binds, pid_t pid)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/root", (int)pid);
	int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return;
	for (size_t i = 0; i < binds->n; i++)
		look(&binds->v[i], root);
	(void)close(root);
}

const struct bind *binds_find(const struct binds *binds, int mount)
{
	for (size_t i = 0; mount >= 0 && i < binds->n; i++)
		if (binds->v[i].mount == mount)
			return &binds->v[i];
	return NULL;
}

char *binds_on_host(const struct binds *binds, const char *path)
{
	const struct bind *found = NULL;

	for (size_t i = 0; i < binds->n; i++)
		if (path_below(path, binds->v[i].at) &&
		    (!found || strlen(binds->v[i].at) >= strlen(found->at)))
			found = &binds->v[i];
	return found && found->source ? str_fmt("%s%s", found->source, path_below(path, found->at))
				      : NULL;
}
