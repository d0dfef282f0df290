/* SPDX-License-Identifier: MIT */
/*
 * name: the allowed form of words from a person, a file or a host.
 *
 * All of them end up in command lines of root on two machines, so the rules are narrower than those
 * of the programs that get them. Every function returns 0, or -1 with EXIT_USAGE.
 */
#ifndef CMIGRATE_NAME_H
#define CMIGRATE_NAME_H

#include <stdbool.h>

#include "cmigrate/base/err.h"

/* A container's name: runc's rule ([A-Za-z0-9_+.-], not "." or ".."), no leading '-', 1..128. */
int name_check(const char *name, struct err *err);
/* A host: an ssh destination "[user@]host" of [A-Za-z0-9_.:%@-] and brackets, no leading '-'. */
int name_check_host(const char *host, struct err *err);
/* A network device: [A-Za-z0-9_.:@-], 1..15 bytes, no leading '-' (IFNAMSIZ of linux/if.h). */
int name_check_device(const char *device, struct err *err);
/* The id of a move: 20260102T030405-0a1b2c3d. */
int name_check_id(const char *id, struct err *err);
/* An absolute path without control bytes and without a ".." component, below PATH_MAX. */
int name_check_path(const char *path, struct err *err);
/* A URL that endpoint_url_parse() takes, without control bytes or blanks. */
int name_check_endpoint(const char *url, struct err *err);

#define IP_SIZE 64
/* A service address: "ADDRESS[/PREFIX][@DEVICE]", IPv4 or IPv6. */
struct address {
	char ip[IP_SIZE]; /* canonical text of inet_ntop(3) */
	int prefix;	  /* 32 or 128 where none was given */
	char device[16];  /* "" where none was given */
	bool v6;
};

/* Service addresses of one container, at most. */
#define ADDRESSES_MAX 8

int address_parse(const char *text, struct address *ret, struct err *err);
/* As address_parse(), but only an address that can move with a container: no loopback, link-local
 * or multicast address. */
int address_parse_service(const char *text, struct address *ret, struct err *err);

#endif
