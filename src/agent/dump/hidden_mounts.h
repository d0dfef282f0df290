/* SPDX-License-Identifier: MIT */
/* hidden_mounts: mount points of a container that another of its mounts hides from the host. */
#ifndef CMIGRATE_AGENT_HIDDEN_MOUNTS_H
#define CMIGRATE_AGENT_HIDDEN_MOUNTS_H

#include "cmigrate/base/str.h"

/* From /proc/PID/mountinfo of one of its processes: adds, line by line, the mount points that lie
 * on another mount than the root's, as paths in the root file system, in which nobody needs them.
 */
void hidden_mounts(const char *mountinfo, const char *rootfs, struct buf *ret);

#endif
