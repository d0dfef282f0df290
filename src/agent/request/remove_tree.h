/* SPDX-License-Identifier: MIT */
/* remove_tree: removes a directory with all that is in it, following no link and no mount. */
#ifndef CMIGRATE_AGENT_REMOVE_TREE_H
#define CMIGRATE_AGENT_REMOVE_TREE_H

/* Removes what is there and may be removed, also after a failure. Fine if there is nothing. keep:
 * the name of an entry of the directory that stays, and the directory with it; or NULL. 0, or -1
 * with the errno of the first failure. */
int remove_tree(const char *path, const char *keep);

#endif
