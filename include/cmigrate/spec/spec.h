/* SPDX-License-Identifier: MIT */
/*
 * spec: config.json of a container (OCI runtime-spec 1.0.x) as a pure function of the options of
 * `cmigrate generate`. It reads no file (--template and --seccomp are passed already parsed) and
 * asks no host.
 */
#ifndef CMIGRATE_SPEC_H
#define CMIGRATE_SPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"

/* The options. A value of NULL, empty, false or 0 was not given; the default or the template
 * stays. */
struct spec_opts {
	struct argv args; /* one word of the command line each; the default is "sh" */
	char *network; /* "host", "none" (a namespace of its own, the default), or the path of one
			*/
	struct argv tmpfs; /* PATH[:OPTS] */
	struct argv bind;  /* SRC:DST[:OPTS] */
	bool read_only;
	struct argv env; /* KEY=VALUE; the command puts those of --env-file first */
	char *cwd;
	char *uid, *gid;    /* numbers */
	char *user;	    /* "UID[:GID]", instead of uid and gid */
	struct argv groups; /* additional gids */
	char *hostname;
	struct argv cap_add, cap_drop; /* names, with or without "CAP_", or ALL */
	struct argv rlimit;	       /* NAME:SOFT[:HARD] or NAME=SOFT[:HARD] */
	struct argv label;	       /* annotations, KEY=VALUE */
	/* Settings for moves, spelled as for `move`; kept as annotations. */
	struct argv address, endpoint;
	char *strategy, *transport, *encrypt, *if_slow;
	bool tcp_established, tcp_close; /* at most one of them */
	unsigned timeout;		 /* seconds */
	unsigned max_downtime_ms;
	bool pin;
	char *group;
	struct argv sysctl; /* KEY=VALUE */
	char *cgroups_path;
	unsigned long long memory; /* bytes */
	char *cpus;		   /* "1.5" */
	char *pids_limit;
	bool no_new_privileges;
	bool allow_io_uring; /* not with seccomp_json */
	char *rootfs;	     /* the default is "rootfs" */
};

/*
 * Builds the configuration. template_json: the document to start from instead of the default, or
 * NULL; seccomp_json: the linux.seccomp object, or NULL for the default's or the template's; both
 * stay the caller's. Returns a new
 * reference, or NULL with *err set (EXIT_USAGE, the message has the option and its value). Print it
 * with spec_format(), which writes 2^64-1 correctly (json_uint64.h).
 */
json_t *spec_generate(const struct spec_opts *opts, const json_t *template_json,
		      const json_t *seccomp_json, struct err *err);

/* Checks a word of --env-file: KEY=VALUE in UTF-8. 0, or -1 with EXIT_USAGE. */
int spec_check_env(const char *word, struct err *err);

/* Adds the text of a configuration, indented by two blanks or on one line, with its keys in their
 * order and a newline at the end. */
void spec_format(const json_t *doc, bool one_line, struct buf *out);

#endif
