/* SPDX-License-Identifier: MIT */
/*
 * files: what this host has in the place of files that a container uses elsewhere. The text that
 * comes along is a line for each: "i" to look for a build id too or "-", a blank, the path in the
 * container. config.json says where that is here. One line each: there=LOOK PATH (file_look.h), or
 * absent=PATH.
 */
#include <errno.h>
#include <string.h>

#include "agent/container/binds.h"
#include "agent/container/file_look.h"
#include "agent/request/fact.h"
#include "agent/request/paths.h"
#include "agent/request/text_file.h"
#include "cmigrate/base/name.h"

#define CONFIG_MAX 1048577
#define FILES_MAX 1000

int verb_files(struct request *req);

static void say_file(struct request *req, const struct binds *binds, bool with_id, const char *path)
{
	CLEANUP_FREE char *here = binds_on_host(binds, path);
	CLEANUP_BUF struct buf look = {0};

	if (here && file_look(here, with_id, &look)) {
		request_say(req, "there=%s %s\n", buf_str(&look), path);
		return;
	}
	/* A host that can't tell has not said no. */
	if (!here || errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
		fact_say(req, "absent", path);
}

static bool is_plain(const char *path)
{
	struct err unused = ERR_INIT;

	return name_check_path(path, &unused) == 0;
}

static int say_all(struct request *req, const struct binds *binds)
{
	CLEANUP_FREE char *text = str_dup(buf_str(&req->input));
	char *save = NULL;
	size_t n = 0;

	for (char *line = strtok_r(text, "\n", &save); line && !request_over(req);
	     line = strtok_r(NULL, "\n", &save)) {
		if ((*line != 'i' && *line != '-') || line[1] != ' ' || !is_plain(line + 2))
			return request_fail(req, "'%.100s' is no file to look for", line);
		if (n++ == FILES_MAX)
			return request_fail(req, "more than %d files", FILES_MAX);
		say_file(req, binds, *line == 'i', line + 2);
	}
	return 0;
}

int verb_files(struct request *req)
{
	CLEANUP_FREE char *bundle = path_bundle(req);
	CLEANUP_FREE char *path = str_fmt("%s/config.json", bundle);
	size_t len = 0;
	CLEANUP_FREE char *text = text_file_read(path, CONFIG_MAX, &len);
	CLEANUP_BINDS struct binds binds = {0};

	/* Another check says that there is none. */
	if (!text)
		return 0;
	binds_of_config(text, len, bundle, &binds);
	return say_all(req, &binds);
}
