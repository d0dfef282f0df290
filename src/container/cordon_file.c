/* SPDX-License-Identifier: MIT */
/* The file of a mark, read and replaced under the bundle root's lock. */
#include "cmigrate/container/cordon.h"

/* A holder needs three requests; an NFS server that is slow has been seen to take seconds. */
#define LOCK_MS 15000

int cordon_load(const struct state_dir *root, const char *host, struct cordon *ret, struct err *err)
{
	CLEANUP_FREE char *file = str_fmt("cordon-%s", host);
	CLEANUP_BUF struct buf text = {0};
	bool found = false;

	*ret = (struct cordon){0};
	if (state_dir_read(root, file, &text, &found, err) < 0)
		return -1;
	if (found)
		cordon_parse(host, buf_str(&text), text.len, ret);
	return 0;
}

static int write_back(const struct state_dir *root, const char *host, const struct cordon *c,
		      struct err *err)
{
	CLEANUP_FREE char *file = str_fmt("cordon-%s", host);
	CLEANUP_BUF struct buf text = {0};

	if (!c->host)
		return state_dir_remove(root, file, err);
	cordon_text(c, &text);
	return state_dir_replace(root, file, buf_str(&text), err);
}

int cordon_change(const struct state_dir *root, const char *host,
		  void (*change)(struct cordon *cordon, void *ctx), void *ctx, struct err *err)
{
	CLEANUP_CORDON struct cordon c = {0};
	struct state_dir_lock held = {0};

	if (state_dir_lock_wait(root, LOCK_MS, &held, err) < 0)
		return -1;
	int status = cordon_load(root, host, &c, err);
	if (status == 0) {
		change(&c, ctx);
		status = write_back(root, host, &c, err);
	}
	state_dir_unlock(&held);
	return status;
}
