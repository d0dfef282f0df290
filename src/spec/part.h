/* SPDX-License-Identifier: MIT */
/*
 * part: the functions that the files of this folder share. Each option of `generate` has one
 * function that checks its word and puts it into the document. Its message has the word; the caller
 * puts the option's name in front.
 */
#ifndef CMIGRATE_SPEC_PART_H
#define CMIGRATE_SPEC_PART_H

#include <jansson.h>
#include <stdbool.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"
#include "cmigrate/spec/spec.h"

struct spec_build {
	json_t *doc;
	const struct spec_opts *opts;
	bool from_template;
	struct argv mounted; /* destinations given by options, to find duplicates */
};

typedef int spec_word_fn(struct spec_build *b, const char *word, struct err *err);

/* default.c: a new document with the defaults. */
json_t *spec_default(void);

/* io_uring.c: a new linux.seccomp object that denies io_uring and nothing else. */
json_t *spec_deny_io_uring(void);
/* Takes this object out of a document that has it unchanged. */
void spec_allow_io_uring(struct spec_build *b);

/* json.c: a member of the wanted type, created if missing; borrowed, NULL with *err set. */
json_t *spec_object(json_t *parent, const char *key, struct err *err);
json_t *spec_array(json_t *parent, const char *key, struct err *err);
/* An object two levels down, e.g. "process", "user". */
json_t *spec_object2(json_t *doc, const char *key, const char *key2, struct err *err);
/* Reads a number of digits only, up to max. */
int spec_number(const char *word, unsigned long long max, unsigned long long *ret, struct err *err);
/* Splits "KEY=VALUE": *ret_key is the caller's, *ret_value points into word. */
int spec_key_value(const char *word, char **ret_key, const char **ret_value, struct err *err);
int spec_check_utf8(const char *word, struct err *err);
/* Refuses an empty word and control bytes. */
int spec_check_plain(const char *word, struct err *err);

/* process.c */
int spec_set_args(struct spec_build *b, const struct argv *args, struct err *err);
spec_word_fn spec_add_env, spec_set_cwd, spec_set_uid, spec_set_gid, spec_set_user, spec_add_group;

/* privilege.c. Call order: drop ALL, add names, drop names. */
spec_word_fn spec_drop_all_caps, spec_add_cap, spec_drop_cap, spec_add_rlimit;

/* mount.c */
spec_word_fn spec_add_tmpfs, spec_add_bind;

/* annotations.c */
spec_word_fn spec_add_label;
/* Writes the annotations of the options for moves, which win over labels. */
int spec_set_annotations(struct spec_build *b, struct err *err);

/* linux.c */
spec_word_fn spec_set_network, spec_set_hostname, spec_add_sysctl, spec_set_cgroups_path;
spec_word_fn spec_set_cpus, spec_set_pids_limit;
int spec_set_memory(struct spec_build *b, unsigned long long bytes, struct err *err);
int spec_set_seccomp(struct spec_build *b, const json_t *seccomp, struct err *err);
/* Refuses settings that runc would refuse because a namespace is missing. */
int spec_check_namespaces(const json_t *doc, struct err *err);

#endif
