/* SPDX-License-Identifier: MIT */
#include "cmigrate/host/remote_path.h"

#include <stdlib.h>
#include <string.h>

/* An NFS server may have to come back first. */
#define LOOK_MS 15000

static int ask(struct host *host, const char *op, const char *container, enum path_part part,
	       char **ret, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	argv_add(&a, "path");
	argv_addf(&a, "op=%s", op);
	if (container)
		argv_addf(&a, "container=%s", container);
	if (part == PATH_CHECKPOINT)
		argv_add(&a, "images=checkpoint");
	return host_output(host, &(struct command){.argv = a.v, .timeout_ms = LOOK_MS}, ret, err);
}

static int look(struct host *host, const char *op, const char *container, enum path_part part,
		bool *ret, struct err *err)
{
	CLEANUP_FREE char *out = NULL;

	if (ask(host, op, container, part, &out, err) < 0)
		return -1;
	*ret = out && str_starts(out, "yes");
	return 0;
}

int path_is_directory(struct host *host, const char *container, bool *ret, struct err *err)
{
	return look(host, "is-directory", container, PATH_BUNDLE, ret, err);
}

int path_exists(struct host *host, const char *container, enum path_part part, bool *ret,
		struct err *err)
{
	return look(host, "exists", container, part, ret, err);
}

int path_bytes(struct host *host, const char *container, enum path_part part, uint64_t *ret,
	       struct err *err)
{
	CLEANUP_FREE char *out = NULL;

	if (ask(host, "bytes", container, part, &out, err) < 0)
		return -1;
	*ret = out ? strtoull(out, NULL, 10) : 0;
	return 0;
}
