/* SPDX-License-Identifier: MIT */
#include "cmigrate/container/bundle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/json.h"
#include "cmigrate/container/annotation.h"

int bundle_init(struct bundle *bundle, const char *bundle_root, const char *name, struct err *err)
{
	memset(bundle, 0, sizeof(*bundle));
	if (name_check(name, err) < 0)
		return -1;
	bundle->name = str_dup(name);
	bundle->dir = str_fmt("%s/%s", bundle_root, name);
	return 0;
}

void bundle_clear(struct bundle *b)
{
	free(b->name);
	free(b->dir);
	free(b->strategy);
	free(b->transport);
	free(b->encrypt);
	free(b->if_slow);
	free(b->tcp);
	free(b->netns);
	free(b->hooks);
	argv_clear(&b->endpoints);
	argv_clear(&b->criu_flags);
	argv_clear(&b->binds);
	place_rule_clear(&b->rule);
	memset(b, 0, sizeof(*b));
}

int bundle_add_addresses(struct bundle *bundle, const char *text, struct err *err)
{
	CLEANUP_ARGV struct argv words = {0};

	argv_words(&words, text, BUNDLE_SEPARATORS);
	for (size_t i = 0; i < words.n; i++) {
		if (bundle->n_addresses == ADDRESSES_MAX)
			return err_set(err, EXIT_USAGE, "more than %d service addresses",
				       ADDRESSES_MAX);
		if (address_parse_service(words.v[i], &bundle->addresses[bundle->n_addresses],
					  err) < 0)
			return -1;
		bundle->n_addresses++;
	}
	return 0;
}

bool bundle_has_address(const struct bundle *bundle, const char *ip)
{
	for (size_t i = 0; i < bundle->n_addresses; i++)
		if (strcmp(bundle->addresses[i].ip, ip) == 0)
			return true;
	return false;
}

int bundle_check_options(const struct argv *addresses, const struct argv *endpoints,
			 struct err *err)
{
	struct bundle taken = {0};

	for (size_t i = 0; i < addresses->n; i++)
		if (bundle_add_addresses(&taken, addresses->v[i], err) < 0)
			return err_wrap(err, "--address");
	for (size_t i = 0; i < endpoints->n; i++)
		if (name_check_endpoint(endpoints->v[i], err) < 0)
			return err_wrap(err, "--endpoint");
	return 0;
}

/* The keys whose values are more than a text. Others: 0. */
static int read_places(struct bundle *b, const char *what, const char *text, struct err *err)
{
	if (strcmp(what, "address") == 0)
		return bundle_add_addresses(b, text, err);
	if (strcmp(what, "group") == 0)
		return place_rule_group(&b->rule, text, err);
	return strcmp(what, "hosts") == 0 ? place_rule_hosts(&b->rule, text, err) : 0;
}

static int read_annotations(struct bundle *b, const json_t *root, struct err *err)
{
	const json_t *all = NULL;
	const char *key;
	json_t *value;

	if (json_get_object(root, "", "annotations", &all, err) < 0)
		return -1;
	json_object_foreach ((json_t *)(uintptr_t)all, key, value) {
		const char *text = json_string_value(value);
		if (!text)
			return err_set(err, EXIT_USAGE, "annotation '%.80s' is not a string", key);
		if (!str_starts(key, "org.cmigrate."))
			continue;
		const char *what = key + strlen("org.cmigrate.");
		if (annotation_check(key, text, err) < 0 || read_places(b, what, text, err) < 0)
			return -1;
		if (strcmp(what, "endpoint") == 0)
			argv_words(&b->endpoints, text, BUNDLE_SEPARATORS);
		else if (strcmp(what, "criu") == 0)
			argv_words(&b->criu_flags, text, BUNDLE_SEPARATORS);
		else if (strcmp(what, "strategy") == 0)
			str_set(&b->strategy, text);
		else if (strcmp(what, "transport") == 0)
			str_set(&b->transport, text);
		else if (strcmp(what, "encrypt") == 0)
			str_set(&b->encrypt, text);
		else if (strcmp(what, "tcp") == 0)
			str_set(&b->tcp, text);
		else if (strcmp(what, "timeout") == 0)
			b->timeout = (unsigned)strtoul(text, NULL, 10);
		else if (strcmp(what, "max-downtime") == 0)
			b->max_downtime_ms = (unsigned)strtoul(text, NULL, 10);
		else if (strcmp(what, "if-slow") == 0)
			str_set(&b->if_slow, text);
	}
	return 0;
}

static int read_namespaces(struct bundle *b, const json_t *root, struct err *err)
{
	const json_t *linux_part = NULL, *ns;
	size_t i;

	if (json_get_object(root, "", "linux", &linux_part, err) < 0)
		return -1;
	b->host_network = true;
	json_array_foreach (json_object_get(linux_part, "namespaces"), i, ns) {
		CLEANUP_FREE char *type = NULL;
		if (json_get_string(ns, "linux.namespaces", "type", &type, err) < 0)
			return -1;
		if (!type || strcmp(type, "network") != 0)
			continue;
		b->host_network = false;
		if (json_get_string(ns, "linux.namespaces", "path", &b->netns, err) < 0 ||
		    (b->netns && name_check_path(b->netns, err) < 0))
			return -1;
	}
	return 0;
}

static bool is_bind(const json_t *mount)
{
	const json_t *options = json_object_get(mount, "options"), *option;
	const char *type = json_string_value(json_object_get(mount, "type"));
	size_t i;

	if (type && strcmp(type, "bind") == 0)
		return true;
	json_array_foreach (options, i, option) {
		const char *word = json_string_value(option);
		if (word && (strcmp(word, "bind") == 0 || strcmp(word, "rbind") == 0))
			return true;
	}
	return false;
}

static int read_mounts(struct bundle *b, const json_t *root, struct err *err)
{
	const json_t *mounts = json_object_get(root, "mounts"), *mount;
	size_t i;

	if (mounts && !json_is_array(mounts))
		return err_set(err, EXIT_USAGE, "'mounts' is not a list");
	json_array_foreach (mounts, i, mount) {
		CLEANUP_FREE char *source = NULL;
		if (!json_is_object(mount))
			return err_set(err, EXIT_USAGE,
				       "'mounts' has an entry that is not an object");
		if (json_get_string(mount, "mounts", "source", &source, err) < 0)
			return -1;
		if (source && *source == '/' && is_bind(mount))
			argv_add(&b->binds, source);
	}
	return 0;
}

static int read_process(struct bundle *b, const json_t *root, struct err *err)
{
	const json_t *process = NULL;

	if (json_get_object(root, "", "process", &process, err) < 0)
		return -1;
	if (!process || !json_is_string(json_object_get(root, "ociVersion")))
		return err_set(err, EXIT_USAGE, "it has no '%s': not an OCI configuration",
			       process ? "ociVersion" : "process");
	b->terminal = json_is_true(json_object_get(process, "terminal"));
	return 0;
}

/* 0 if there is none; runc takes -1 and 0 for "no limit". */
static uint64_t read_limit(const json_t *root, const char *resource)
{
	const json_t *linux_part = json_object_get(root, "linux");
	const json_t *resources = json_object_get(linux_part, "resources");
	json_int_t limit =
		json_integer_value(json_object_get(json_object_get(resources, resource), "limit"));

	return limit > 0 ? (uint64_t)limit : 0;
}

/* NULL if there are none. Owned by the caller. */
static char *read_hooks(const json_t *hooks)
{
	static const char *const kinds[] = {"prestart",	      "createRuntime", "createContainer",
					    "startContainer", "poststart",     "poststop"};
	struct buf text = {0};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (json_array_size(json_object_get(hooks, kinds[i])))
			buf_printf(&text, "%s%s", text.len ? ", " : "", kinds[i]);
	return text.len ? buf_steal(&text) : NULL;
}

int bundle_parse(struct bundle *bundle, const char *text, size_t len, struct err *err)
{
	CLEANUP_FREE char *path = str_fmt("%s/config.json", bundle->dir);
	json_t *root = json_parse(text, len, path, err);

	if (!root)
		return -1;
	int status = 0;
	if (read_process(bundle, root, err) < 0 || read_annotations(bundle, root, err) < 0 ||
	    read_namespaces(bundle, root, err) < 0 || read_mounts(bundle, root, err) < 0)
		status = err_wrap(err, "'%s'", path);
	bundle->memory_limit = read_limit(root, "memory");
	bundle->pids_limit = read_limit(root, "pids");
	bundle->hooks = read_hooks(json_object_get(root, "hooks"));
	json_decref(root);
	return status;
}
