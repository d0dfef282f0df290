/* SPDX-License-Identifier: MIT */
/* bundle: the settings of a config.json that a move needs, as a pure function of its text. */
#ifndef CMIGRATE_BUNDLE_H
#define CMIGRATE_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/name.h"
#include "cmigrate/base/str.h"
#include "cmigrate/container/place_rule.h"

/* Images of `cmigrate checkpoint`, a directory in the bundle. */
#define BUNDLE_CHECKPOINT "checkpoint"

struct bundle {
	char *name;
	char *dir; /* the same on every host */
	struct argv endpoints;
	struct address addresses[ADDRESSES_MAX];
	size_t n_addresses;
	char *strategy;		  /* org.cmigrate.strategy, NULL if not set */
	char *transport;	  /* "shared", "direct" or NULL */
	char *encrypt;		  /* "required", "if-possible", "off" or NULL */
	char *tcp;		  /* "established", "close" or NULL */
	unsigned timeout;	  /* seconds; 0: not set */
	unsigned max_downtime_ms; /* 0: not set */
	char *if_slow;		  /* "go", "abort", "post-copy" or NULL */
	struct argv criu_flags;	  /* words of org.cmigrate.criu */
	bool host_network;	  /* shares the host's network namespace */
	char *netns;		  /* path of the network namespace, or NULL */
	struct argv binds;	  /* absolute sources of its bind mounts */
	bool terminal;
	uint64_t memory_limit; /* linux.resources, bytes; 0: none */
	uint64_t pids_limit;   /* 0: none */
	char *hooks; /* kinds of its OCI hooks, "prestart, poststop", programs that runc runs on the
			host; NULL: none */
	struct place_rule rule; /* org.cmigrate.hosts and .group */
};

/* dir is BUNDLE_ROOT/NAME. EXIT_USAGE: the name is not allowed. */
int bundle_init(struct bundle *bundle, const char *bundle_root, const char *name, struct err *err);
/* Reads config.json's text. EXIT_USAGE: the message has the error, and *bundle must not be used. */
int bundle_parse(struct bundle *bundle, const char *text, size_t len, struct err *err);
/* Separates the addresses, and the endpoints, of an annotation. */
#define BUNDLE_SEPARATORS ", \t"
/* Whether ip is one of the service addresses. */
bool bundle_has_address(const struct bundle *bundle, const char *ip);
/* Adds an address ("ADDRESS[/PREFIX][@DEVICE]", several separated by commas or blanks). */
int bundle_add_addresses(struct bundle *bundle, const char *text, struct err *err);
/* Checks the words of --address and --endpoint before any host is asked. EXIT_USAGE. */
int bundle_check_options(const struct argv *addresses, const struct argv *endpoints,
			 struct err *err);
void bundle_clear(struct bundle *bundle);

#endif
