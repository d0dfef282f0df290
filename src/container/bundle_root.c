/* SPDX-License-Identifier: MIT */
#include "cmigrate/container/bundle_root.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/name.h"
#include "cmigrate/host/remote_path.h"

#define FIND_MS 15000

/* unseen gets the error if the host can't tell. */
static bool has_root(struct host *host, struct err *unseen)
{
	bool there = false;

	return path_is_directory(host, NULL, &there, unseen) == 0 && there;
}

struct host *bundle_root_host(const struct config *config, const char *root, const char *on,
			      const struct events *events, struct err *err)
{
	CLEANUP_FREE char *here = config_here(config);
	struct err unseen = ERR_INIT;

	if (on)
		return config_host(config, on, events, err);
	struct host *host = config_host(config, here, events, err);
	if (host && has_root(host, &unseen))
		return host;
	host_free(host);
	for (size_t i = 0; i < config->n_hosts; i++) {
		host = config_host(config, config->hosts[i].name, events, err);
		if (host && has_root(host, &unseen))
			return host;
		host_free(host);
	}
	if (*unseen.msg)
		*err = unseen;
	else
		(void)err_set(err, EXIT_REFUSED, "'%s' is neither here nor on a configured host",
			      root);
	(void)err_append(err, "name a host that has the bundles with --on HOST");
	return NULL;
}

int bundle_root_reach(struct bundle_root *root, const struct config *config,
		      const struct events *events, struct err *err)
{
	if (root->host)
		return 0;
	root->host = bundle_root_host(config, config->bundle_root, NULL, events, err);
	if (!root->host)
		return -1;
	state_dir_init_root(&root->state, root->host, config->bundle_root);
	return 0;
}

void bundle_root_clear(struct bundle_root *root)
{
	state_dir_clear(&root->state);
	host_free(root->host);
	root->host = NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int bundle_root_with(struct host *host, const char *file, struct argv *names, struct err *err)
{
	CLEANUP_FREE char *word = str_fmt("file=%s", file);
	CLEANUP_FREE char *out = NULL;
	char *argv[] = {"bundles", word, NULL};
	struct err bad = ERR_INIT;
	char *save = NULL;

	if (host_output(host, &(struct command){.argv = argv, .timeout_ms = FIND_MS}, &out, err) <
	    0)
		return -1;
	for (char *line = strtok_r(out, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (name_check(line, &bad) == 0)
			argv_add(names, line);
	if (names->n)
		qsort(names->v, names->n, sizeof(*names->v), by_name);
	return 0;
}
