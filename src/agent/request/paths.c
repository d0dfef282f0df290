/* SPDX-License-Identifier: MIT */
#include "paths.h"

#define RUN_ROOT "/run/cmigrate"

static const char *container(const struct request *req)
{
	const char *name = request_get(req, "container");

	/* A verb without this field has no path of a container. */
	return name ? name : "";
}

char *path_bundle(const struct request *req)
{
	return str_fmt("%s/%s", req->root, container(req));
}

char *path_state(const struct request *req)
{
	const char *batch = request_get(req, "batch");

	/* The bundle of no container: runc's names don't begin so. */
	if (batch)
		return str_fmt("%s/.cmigrate-%s", req->root, batch);
	if (!request_has(req, "container"))
		return str_fmt("%s/.cmigrate", req->root);
	return str_fmt("%s/%s/.cmigrate", req->root, container(req));
}

char *path_run(const struct request *req)
{
	return str_fmt(RUN_ROOT "/%s", container(req));
}

char *path_in_run(const struct request *req, const char *file)
{
	return str_fmt(RUN_ROOT "/%s/%s", container(req), file);
}

char *path_images(const struct request *req)
{
	const char *id = request_get(req, "id"), *images = request_get(req, "images");

	if (images && str_starts(images, "at-"))
		return str_fmt("%s/%s/checkpoints/%s", req->root, container(req), images + 3);
	if (images && str_starts(images, "new-"))
		return str_fmt("%s/%s/checkpoints/.%s", req->root, container(req), images + 4);
	if (request_is(req, "images", "checkpoint") || !id)
		return str_fmt("%s/%s/checkpoint", req->root, container(req));
	return str_fmt("%s/%s/.cmigrate/images-%s", req->root, container(req), id);
}

char *path_in_images(const struct request *req, const char *file)
{
	CLEANUP_FREE char *images = path_images(req);

	return str_fmt("%s/%s", images, file);
}
