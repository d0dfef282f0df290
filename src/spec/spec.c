/* SPDX-License-Identifier: MIT */
#include "cmigrate/spec/spec.h"

#include <string.h>

#include "cmigrate/container/annotation.h"
#include "part.h"

static int set_rootfs(struct spec_build *b, const char *word, struct err *err)
{
	json_t *root = spec_object(b->doc, "root", err);

	if (!root || spec_check_plain(word, err) < 0)
		return -1;
	json_object_set_new(root, "path", json_string(word));
	return 0;
}

static int set_read_only(struct spec_build *b, struct err *err)
{
	json_t *root = spec_object(b->doc, "root", err);

	return root ? json_object_set_new(root, "readonly", json_true()) : -1;
}

static int set_no_new_privileges(struct spec_build *b, struct err *err)
{
	json_t *process = spec_object(b->doc, "process", err);

	return process ? json_object_set_new(process, "noNewPrivileges", json_true()) : -1;
}

enum word_kind { ONE, MANY };

#define ROW_ONE(name, member, function)                                                            \
	{                                                                                          \
		name, ONE, offsetof(struct spec_opts, member), function                            \
	}
#define ROW_MANY(name, member, function)                                                           \
	{                                                                                          \
		name, MANY, offsetof(struct spec_opts, member), function                           \
	}

/* The order matters for capabilities only. */
static const struct row {
	const char *option;
	enum word_kind kind;
	size_t offset;
	spec_word_fn *apply;
} rows[] = {
	ROW_ONE("rootfs", rootfs, set_rootfs),
	ROW_MANY("env", env, spec_add_env),
	ROW_ONE("cwd", cwd, spec_set_cwd),
	ROW_ONE("uid", uid, spec_set_uid),
	ROW_ONE("gid", gid, spec_set_gid),
	ROW_ONE("user", user, spec_set_user),
	ROW_MANY("groups", groups, spec_add_group),
	ROW_MANY("cap-drop", cap_drop, spec_drop_all_caps),
	ROW_MANY("cap-add", cap_add, spec_add_cap),
	ROW_MANY("cap-drop", cap_drop, spec_drop_cap),
	ROW_MANY("rlimit", rlimit, spec_add_rlimit),
	ROW_ONE("network", network, spec_set_network),
	ROW_ONE("hostname", hostname, spec_set_hostname),
	ROW_MANY("tmpfs", tmpfs, spec_add_tmpfs),
	ROW_MANY("bind", bind, spec_add_bind),
	ROW_MANY("sysctl", sysctl, spec_add_sysctl),
	ROW_ONE("cgroups-path", cgroups_path, spec_set_cgroups_path),
	ROW_ONE("cpus", cpus, spec_set_cpus),
	ROW_ONE("pids-limit", pids_limit, spec_set_pids_limit),
	ROW_MANY("label", label, spec_add_label),
};

static int apply_word(struct spec_build *b, const struct row *row, const char *word,
		      struct err *err)
{
	if (spec_check_utf8(word, err) < 0 || row->apply(b, word, err) < 0)
		return err_wrap(err, "--%s", row->option);
	return 0;
}

static int apply_row(struct spec_build *b, const struct row *row, struct err *err)
{
	const void *field = (const char *)b->opts + row->offset;

	if (row->kind == ONE) {
		const char *word = *(char *const *)field;
		return word ? apply_word(b, row, word, err) : 0;
	}
	const struct argv *words = field;
	for (size_t i = 0; i < words->n; i++)
		if (apply_word(b, row, words->v[i], err) < 0)
			return -1;
	return 0;
}

/* Applies the options whose values are no words, or are one value only together. */
static int apply_rest(struct spec_build *b, const json_t *seccomp, struct err *err)
{
	const struct spec_opts *o = b->opts;

	if (o->args.n && spec_set_args(b, &o->args, err) < 0)
		return err_wrap(err, "--args");
	if (o->read_only && set_read_only(b, err) < 0)
		return err_wrap(err, "--read-only");
	if (o->no_new_privileges && set_no_new_privileges(b, err) < 0)
		return err_wrap(err, "--no-new-privileges");
	if (o->memory && spec_set_memory(b, o->memory, err) < 0)
		return err_wrap(err, "--memory");
	if (o->allow_io_uring && seccomp)
		return err_set(
			err, EXIT_USAGE,
			"--allow-io-uring and --seccomp exclude each other: the file decides "
			"what is allowed");
	if (o->allow_io_uring)
		spec_allow_io_uring(b);
	if (seccomp && spec_set_seccomp(b, seccomp, err) < 0)
		return err_wrap(err, "--seccomp");
	return spec_set_annotations(b, err);
}

/* Adds members that the format requires and a template lacks. */
static void complete(json_t *doc)
{
	json_t *process = json_object_get(doc, "process");
	json_t *root = json_object_get(doc, "root");

	if (!json_object_get(doc, "ociVersion"))
		json_object_set_new(doc, "ociVersion", json_string("1.0.0"));
	if (json_is_object(process) && !json_object_get(process, "cwd"))
		json_object_set_new(process, "cwd", json_string("/"));
	if (json_is_object(root) && !json_object_get(root, "path"))
		json_object_set_new(root, "path", json_string("rootfs"));
}

/* Refuses types that runc would refuse. */
static int check_types(const json_t *doc, struct err *err)
{
	static const struct {
		const char *key;
		json_type type;
		const char *what;
	} members[] = {
		{"ociVersion", JSON_STRING, "a string"}, {"process", JSON_OBJECT, "an object"},
		{"root", JSON_OBJECT, "an object"},	 {"hostname", JSON_STRING, "a string"},
		{"mounts", JSON_ARRAY, "a list"},	 {"annotations", JSON_OBJECT, "an object"},
		{"hooks", JSON_OBJECT, "an object"},	 {"linux", JSON_OBJECT, "an object"},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		const json_t *value = json_object_get(doc, members[i].key);
		if (value && json_typeof(value) != members[i].type)
			return err_set(err, EXIT_USAGE, "the template's '%s' is not %s",
				       members[i].key, members[i].what);
	}
	return 0;
}

/* A template's annotations were written by hand; an error in them would show only at the move. */
static int check_annotations(const json_t *doc, struct err *err)
{
	json_t *annotations = json_object_get(doc, "annotations"), *value;
	const char *key;

	json_object_foreach (annotations, key, value) {
		if (!json_is_string(value))
			return err_set(err, EXIT_USAGE, "annotation '%s' is not a string", key);
		if (annotation_check(key, json_string_value(value), err) < 0)
			return -1;
	}
	return 0;
}

json_t *spec_generate(const struct spec_opts *opts, const json_t *template_json,
		      const json_t *seccomp_json, struct err *err)
{
	struct spec_build b = {.opts = opts, .from_template = template_json != NULL};
	int status = 0;

	b.doc = template_json ? json_deep_copy(template_json) : spec_default();
	for (size_t i = 0; status == 0 && i < sizeof(rows) / sizeof(*rows); i++)
		status = apply_row(&b, &rows[i], err);
	if (status == 0)
		status = apply_rest(&b, seccomp_json, err);
	complete(b.doc);
	if (status == 0)
		status = check_types(b.doc, err);
	if (status == 0)
		status = check_annotations(b.doc, err);
	if (status == 0)
		status = spec_check_namespaces(b.doc, err);
	argv_clear(&b.mounted);
	if (status == 0)
		return b.doc;
	json_decref(b.doc);
	return NULL;
}
