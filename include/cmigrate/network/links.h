/* SPDX-License-Identifier: MIT */
/* links: reads the devices and addresses of a host from `ip -j addr show`. Pure functions. */
#ifndef CMIGRATE_LINKS_H
#define CMIGRATE_LINKS_H

#include <jansson.h>

/* The device that has an address, with its prefix length in *ret_prefix; NULL if none has it. */
const json_t *link_find_address(const json_t *links, const char *ip, int *ret_prefix);
/* The device of a name, or NULL. */
const json_t *link_find_device(const json_t *links, const char *name);
/* A string member; "" if it isn't a string. */
const char *link_text(const json_t *object, const char *key);

#endif
