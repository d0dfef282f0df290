/* SPDX-License-Identifier: MIT */
/*
 * spec: config.json of a container (OCI runtime-spec 1.0.x) as a pure function of the options of
 * `cmigrate generate`. Reads no file (--template and --seccomp are given already parsed), asks no
 * host.
 */
#ifndef CMIGRATE_SPEC_H
#define CMIGRATE_SPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"

/* The options. One that is NULL, empty, false or 0 was not given: default or template stand. */
struct spec_opts {
	struct argv args; /* one word of the command line each; the default is "sh" */
	char *network; /* "host", "none" (a namespace of its own, the default), or a path of one */
	struct argv tmpfs; /* PATH[:OPTS] */
	struct argv bind;  /* SRC:DST[:OPTS] */
	bool read_only;
	struct argv env; /* KEY=VALUE; those of --env-file were put in front by the command */
	char *cwd;
	char *uid, *gid;    /* numbers */
	char *user;	    /* "UID[:GID]", in place of uid and gid */
	struct argv groups; /* additional gids */
	char *hostname;
	struct argv cap_add, cap_drop; /* names, with or without "CAP_", or ALL */
	struct argv rlimit;	       /* NAME:SOFT[:HARD] or NAME=SOFT[:HARD] */
	struct argv label;	       /* annotations, KEY=VALUE */
	/* What moves need to know, as `move` takes it; kept as annotations. */
	struct argv address, endpoint;
	char *strategy, *transport;
	bool tcp_established, tcp_close; /* one of them */
	unsigned timeout;		 /* seconds */
	unsigned max_downtime_ms;
	bool pin;
	struct argv sysctl; /* KEY=VALUE */
	char *cgroups_path;
	unsigned long long memory; /* bytes */
	char *cpus;		   /* "1.5" */
	char *pids_limit;
	bool no_new_privileges;
	char *rootfs; /* the default is "rootfs" */
};

/*
 * Builds the configuration. template_json: the document to start from instead of the default, or
 * NULL; seccomp_json: the linux.seccomp object, or NULL; both stay the caller's. Returns a new
 * reference, or NULL with *err set (EXIT_USAGE, the option and its value named). Print it with
 * spec_format(), which knows how 2^64-1 is kept (unlimited.h).
 */
json_t *spec_generate(const struct spec_opts *opts, const json_t *template_json,
		      const json_t *seccomp_json, struct err *err);

/* Whether a word is KEY=VALUE and UTF-8, for those of --env-file. 0, or -1 with EXIT_USAGE. */
int spec_check_env(const char *word, struct err *err);

/* The text of a configuration, indented by two blanks or in one line, keys in their order, a
 * newline at the end. */
void spec_format(const json_t *doc, bool one_line, struct buf *out);

#endif
