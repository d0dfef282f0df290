/* SPDX-License-Identifier: MIT */
/* config: the configuration file and the inventory of hosts in it; see cmigrate-config(5). */
#ifndef CMIGRATE_CONFIG_H
#define CMIGRATE_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/base/str.h"
#include "cmigrate/host/host.h"

#define CONFIG_DEFAULT_PATH "/etc/cmigrate/config.json"
/* move.lazy_from "never" */
#define LAZY_NEVER UINT64_MAX
#define BUNDLE_ROOT_DEFAULT "/runc/containers"

struct config_host {
	char *name;
	char *ssh;		 /* ssh destination; NULL: the name */
	char *device;		 /* for service addresses; NULL: found by its network */
	char *memory;		 /* share for containers, "16G"; NULL: all of it */
	char *migration_address; /* of the network that memory goes over; NULL: that of ssh */
	char *agent;		 /* path of an agent installed there; NULL: ours is sent */
};

struct config {
	char *bundle_root;
	char *ssh_user;
	struct argv ssh_options;
	struct config_host *hosts;
	size_t n_hosts;
	char *strategy;		      /* NULL: not set */
	char *transport;	      /* "shared" or "direct"; NULL: not set */
	char *encrypt;		      /* "required", "if-possible" or "off"; NULL: not set */
	unsigned timeout;	      /* seconds; 0: not set */
	unsigned max_downtime_ms;     /* 0: not set */
	char *if_slow;		      /* "go", "abort" or "post-copy"; NULL: not set */
	uint64_t lazy_from;	      /* bytes; 0: not set; LAZY_NEVER */
	unsigned long long bandwidth; /* bytes a second; 0: not set */
	char *rebalance_by;
	double rebalance_threshold;
	unsigned rebalance_max_moves;
	unsigned rebalance_cooldown; /* seconds after a move; 0: none */
	char *metrics;		     /* file for Prometheus, or NULL */
	struct argv hook_pre_move, hook_post_move, hook_fence;
};

/*
 * Reads the file at path, else at $CMIGRATE_CONFIG, else at CONFIG_DEFAULT_PATH if it exists, else
 * uses the defaults. bundle_root overrides the file unless NULL; a relative one starts at the
 * working directory. EXIT_USAGE: the message has the JSON path of the error. The caller clears
 * *config with config_clear() in either case.
 */
int config_load(const char *path, const char *bundle_root, struct config *config, struct err *err);
/* As config_load(), but from a text; `what` names it in messages. */
int config_parse(const char *text, size_t len, const char *what, struct config *config,
		 struct err *err);
void config_clear(struct config *config);

/* EXIT_USAGE if the configuration names fewer than n hosts. */
int config_need_hosts(const struct config *config, size_t n, struct err *err);
/* Checks the words of --fenced. EXIT_USAGE if one isn't in the inventory: a misspelt name must not
 * pass for a host that is off. */
int config_check_fenced(const struct config *config, const struct argv *names, struct err *err);
/* The row of a host; NULL if it isn't in the inventory. */
const struct config_host *config_find(const struct config *config, const char *name);
/*
 * The host of a name that somebody gave: from the inventory or, without one, as an ssh destination.
 * This machine (by its own host name, or "localhost") is reached without ssh. EXIT_USAGE if the
 * name isn't in the inventory. Owned by the caller.
 */
struct host *config_host(const struct config *config, const char *name, const struct events *events,
			 struct err *err);
/* This machine's name in the inventory, or its host name. Owned by the caller. */
char *config_here(const struct config *config);

#endif
