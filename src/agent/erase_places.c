/* SPDX-License-Identifier: MIT */
#include "erase_places.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json_scan.h"
#include "paths.h"
#include "process.h"
#include "text_file.h"

#define CGROUPS "/sys/fs/cgroup"
#define CONFIG_MAX (1024 * 1024)
#define PROC_MAX 65536
#define PLACE_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/@+-"

/* The path of a line of /proc/PID/cgroup, "NUMBER:CONTROLLERS:PATH". */
static char *path_of(char *line)
{
	char *colon = strchr(line, ':');

	colon = colon ? strchr(colon + 1, ':') : NULL;
	return colon ? colon + 1 : NULL;
}

static void add_place(struct argv *to, const char *dir, size_t len, const char *name)
{
	CLEANUP_FREE char *place = str_fmt("%.*s/%s", (int)len, dir, name);

	if (!argv_has(to, place))
		argv_add(to, place);
}

/* Below and beside each cgroup of a file like /proc/PID/cgroup. */
static void add_around(struct argv *to, const char *file, const char *name)
{
	CLEANUP_FREE char *text = text_file_read(file, PROC_MAX, NULL);
	CLEANUP_ARGV struct argv lines = {0};

	argv_words(&lines, text ? text : "", "\n");
	for (size_t i = 0; i < lines.n; i++) {
		const char *path = path_of(lines.v[i]);
		const char *last = path ? strrchr(path, '/') : NULL;
		if (!last)
			continue;
		add_place(to, path, last[1] ? strlen(path) : (size_t)(last - path), name);
		add_place(to, path, (size_t)(last - path), name);
	}
}

int erase_places(struct request *req, struct argv *ret)
{
	CLEANUP_FREE char *bundle = path_bundle(req);
	CLEANUP_FREE char *config = str_fmt("%s/config.json", bundle);
	CLEANUP_FREE char *noted = path_in_run(req, "cgroup");
	size_t len = 0;
	CLEANUP_FREE char *text = text_file_read_at(AT_FDCWD, config, CONFIG_MAX, &len);
	/* No other member of that name: an annotation may have it too. */
	CLEANUP_FREE char *said = text ? json_scan(text, len, "linux.cgroupsPath") : NULL;
	const char *name = said && *said ? said : request_get(req, "container");

	/* In the root of a hierarchy is everybody. */
	if (said && (strspn(said, PLACE_CHARS) != strlen(said) || !name[strspn(name, "/.")]))
		return request_fail(req, "'%s': a cgroupsPath that can't be looked for", config);
	if (*name == '/') {
		argv_add(ret, name);
		return 0;
	}
	add_around(ret, "/proc/self/cgroup", name);
	add_around(ret, noted, name);
	return 0;
}

static void add_dir(struct argv *to, const char *hierarchy, const char *place)
{
	CLEANUP_FREE char *dir = str_fmt("%s%s", hierarchy, place);
	struct stat st;

	if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode) && !argv_has(to, dir))
		argv_add(to, dir);
}

void erase_cgroups(const struct argv *places, struct argv *ret)
{
	bool unified = access(CGROUPS "/cgroup.controllers", F_OK) == 0;
	DIR *hierarchies = unified ? NULL : opendir(CGROUPS);
	struct dirent *entry;

	for (size_t i = 0; i < places->n; i++)
		add_dir(ret, CGROUPS, places->v[i]);
	while (hierarchies && (entry = readdir(hierarchies))) {
		CLEANUP_FREE char *hierarchy = str_fmt(CGROUPS "/%s", entry->d_name);
		for (size_t i = 0; *entry->d_name != '.' && i < places->n; i++)
			add_dir(ret, hierarchy, places->v[i]);
	}
	if (hierarchies)
		closedir(hierarchies);
}

static void write_word(const char *dir, const char *file, const char *word)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", dir, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, word, strlen(word));
	close(fd);
}

void erase_thaw(const struct argv *cgroups)
{
	for (size_t i = 0; i < cgroups->n; i++) {
		write_word(cgroups->v[i], "freezer.state", "THAWED");
		write_word(cgroups->v[i], "cgroup.freeze", "0");
	}
}

bool erase_remove_cgroups(const struct argv *cgroups)
{
	bool none = true;

	for (size_t i = 0; i < cgroups->n; i++)
		none = (rmdir(cgroups->v[i]) == 0 || errno == ENOENT) && none;
	return none;
}

static bool is_at(const char *path, const struct argv *places)
{
	for (size_t i = 0; i < places->n; i++) {
		size_t len = strlen(places->v[i]);
		if (strncmp(path, places->v[i], len) == 0 && (!path[len] || path[len] == '/'))
			return true;
	}
	return false;
}

static bool is_contained(pid_t pid, const struct argv *places, const char *own)
{
	CLEANUP_FREE char *text = process_file(pid, "cgroup", PROC_MAX, NULL);
	CLEANUP_ARGV struct argv lines = {0};

	argv_words(&lines, text ? text : "", "\n");
	for (size_t i = 0; i < lines.n; i++) {
		const char *path = path_of(lines.v[i]);
		if (!path || !is_at(path, places))
			continue;
		CLEANUP_FREE char *here = process_link(pid, "ns/pid_for_children");
		return here && strcmp(here, own) != 0;
	}
	return false;
}

void erase_contained(const struct argv *places, struct pids *ret)
{
	CLEANUP_FREE char *own = process_link(getpid(), "ns/pid");
	size_t n = 0;
	struct process *all = process_all(&n);

	for (size_t i = 0; own && i < n; i++)
		if (all[i].state != 'Z' && all[i].state != 'X' &&
		    is_contained(all[i].pid, places, own))
			pids_add(ret, all[i].pid);
	free(all);
}
