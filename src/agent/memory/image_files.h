/* SPDX-License-Identifier: MIT */
/* image_files: the files of images, listed and copied to this host. */
#ifndef CMIGRATE_AGENT_IMAGE_FILES_H
#define CMIGRATE_AGENT_IMAGE_FILES_H

#include "agent/request/request.h"

/* runc's list of descriptors. It is no image of CRIU's, and is written first. */
#define IMAGE_DESCRIPTORS "descriptors.json"

/* Opens a directory; -1 with a message. */
int image_files_open(struct request *req, const char *path);
/*
 * The names of the images in a directory that is open as well. count: as many as there have to be;
 * 0 if that is not known. NFS may show an older list at first. 0, or 1 with a message.
 */
int image_files_list(struct request *req, const char *path, int dir, unsigned long long count,
		     struct argv *ret);
/* Copies a file, or makes a second name for it on the same file system. 0, or 1 with a message. */
int image_files_copy(struct request *req, int from, int to, const char *name);

#endif
