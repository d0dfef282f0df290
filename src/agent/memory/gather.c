/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/paths.h"
#include "image_files.h"

static int gather(struct request *req, const char *path, int images, int pages)
{
	CLEANUP_ARGV struct argv names = {0};
	const unsigned long long count = request_number(req, "count");

	if (request_has(req, "count") && count == 0)
		return image_files_copy(req, images, pages, IMAGE_DESCRIPTORS);
	if (image_files_list(req, path, images, count, &names) != 0)
		return 1;
	for (size_t i = 0; i < names.n; i++)
		if (image_files_copy(req, images, pages, names.v[i]) != 0)
			return 1;
	return image_files_copy(req, images, pages, IMAGE_DESCRIPTORS);
}

/* Where the images of a restore are put together: that of a lazy one after pre-copy has a directory
 * of its own (flat_images.h). NULL with a message. The caller's. */
static char *make_target(struct request *req)
{
	const bool flat = request_has(req, "parent");
	char *path = path_in_run(req, flat ? "flat" : "pages");

	if (!flat || mkdir(path, 0700) == 0 || errno == EEXIST)
		return path;
	(void)request_errno(req, "'%s'", path);
	str_set(&path, NULL);
	return NULL;
}

/*
 * gather container id [images] [count] [parent]: copies the images of the shared directory beside
 * the memory that came straight here (receive_keeper.c), because CRIU looks for all of them in one
 * directory. count: how many the source has written; 0: none yet but the list of descriptors, which
 * runc reads first; without it the number is not known any more. parent: that list for a lazy
 * restore after pre-copy. Copies, because a link would lead nowhere once CRIU has changed its root,
 * and CRIU takes an image that it doesn't find for empty.
 */
int verb_gather(struct request *req)
{
	CLEANUP_FREE char *from = path_images(req);
	CLEANUP_FREE char *to = make_target(req);
	int images = to ? image_files_open(req, from) : -1;
	int pages = images < 0 ? -1 : image_files_open(req, to);
	int status = pages < 0 ? 1 : gather(req, from, images, pages);

	if (images >= 0)
		(void)close(images);
	if (pages >= 0)
		(void)close(pages);
	return status;
}
