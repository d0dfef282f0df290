/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "cmigrate/base/name.h"
#include "part.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
/* HOST_NAME_MAX of linux/limits.h. */
#define HOSTNAME_LEN 64
/* The kernel's documentation (sched-bwc): the default period is 100 ms, the smallest quota 1 ms. */
#define CPU_PERIOD 100000U
#define CPU_QUOTA_MIN 1000U
#define CPUS_MAX 8192U

/*
 * To share the host's network, a container just gets no network namespace. /sys stays a sysfs
 * mount: root may mount one there, and it then shows the host's devices.
 */
int spec_set_network(struct spec_build *b, const char *word, struct err *err)
{
	json_t *namespaces, *old, *linux_part = spec_object(b->doc, "linux", err);
	bool host = strcmp(word, "host") == 0, none = strcmp(word, "none") == 0;

	if (!linux_part || !(namespaces = spec_array(linux_part, "namespaces", err)))
		return -1;
	if (!host && !none && *word != '/')
		return err_set(err, EXIT_USAGE,
			       "'%s' is not host, none or the absolute path of a namespace", word);
	if (*word == '/' && name_check_path(word, err) < 0)
		return -1;
	for (size_t i = 0; (old = json_array_get(namespaces, i)) != NULL;) {
		const char *type = json_string_value(json_object_get(old, "type"));
		if (type && strcmp(type, "network") == 0)
			json_array_remove(namespaces, i);
		else
			i++;
	}
	if (none)
		json_array_append_new(namespaces, json_pack("{s:s}", "type", "network"));
	else if (!host)
		json_array_append_new(namespaces,
				      json_pack("{s:s, s:s}", "type", "network", "path", word));
	return 0;
}

int spec_set_hostname(struct spec_build *b, const char *word, struct err *err)
{
	size_t len = strlen(word);

	if (!len || len > HOSTNAME_LEN || *word == '-' || strspn(word, LETTERS "._-+") != len)
		return err_set(err, EXIT_USAGE,
			       "'%s' is not a host name: 1 to %d letters, digits, '.', '-', '_'",
			       word, HOSTNAME_LEN);
	json_object_set_new(b->doc, "hostname", json_string(word));
	return 0;
}

int spec_add_sysctl(struct spec_build *b, const char *word, struct err *err)
{
	CLEANUP_FREE char *key = NULL;
	const char *value;
	json_t *sysctl = spec_object2(b->doc, "linux", "sysctl", err);

	if (!sysctl || spec_key_value(word, &key, &value, err) < 0)
		return -1;
	if (strspn(key, LETTERS "._-/@:") != strlen(key))
		return err_set(err, EXIT_USAGE, "'%s' is not the name of a kernel parameter", key);
	json_object_set_new(sysctl, key, json_string(value));
	return 0;
}

int spec_set_cgroups_path(struct spec_build *b, const char *word, struct err *err)
{
	json_t *linux_part = spec_object(b->doc, "linux", err);

	if (!linux_part || spec_check_plain(word, err) < 0)
		return -1;
	/* Accepts "/a/b", "a/b", and systemd's "slice:prefix:name". */
	CLEANUP_FREE char *rooted = str_fmt("/%s", word);
	if (name_check_path(rooted, err) < 0)
		return -1;
	json_object_set_new(linux_part, "cgroupsPath", json_string(word));
	return 0;
}

static json_t *resource(struct spec_build *b, const char *key, struct err *err)
{
	json_t *resources = spec_object2(b->doc, "linux", "resources", err);

	return resources ? spec_object(resources, key, err) : NULL;
}

int spec_set_memory(struct spec_build *b, unsigned long long bytes, struct err *err)
{
	json_t *memory = resource(b, "memory", err);

	if (!memory)
		return -1;
	if (bytes > INT64_MAX)
		return err_set(err, EXIT_USAGE, "%llu bytes are more than any host has", bytes);
	/* The limit of memory and swap together; runc refuses one below the memory limit. */
	json_int_t swap = json_integer_value(json_object_get(memory, "swap"));
	if (swap > 0 && swap < (json_int_t)bytes)
		return err_set(
			err, EXIT_USAGE,
			"%llu bytes are more than the template's linux.resources.memory.swap "
			"(memory and swap together), %lld",
			bytes, (long long)swap);
	json_object_set_new(memory, "limit", json_integer((json_int_t)bytes));
	return 0;
}

/* Converts "1.5" to microseconds of each period; digits after the fifth are below a microsecond. */
static int parse_cpus(const char *word, unsigned *ret_quota, struct err *err)
{
	size_t whole_len = strspn(word, "0123456789");
	const char *fraction = word + whole_len + (word[whole_len] == '.');
	size_t fraction_len = strspn(fraction, "0123456789");
	unsigned whole = 0, quota = 0, unit = CPU_PERIOD;

	if (!whole_len || fraction[fraction_len] || (word[whole_len] == '.' && !fraction_len))
		return err_set(err, EXIT_USAGE, "'%s' is not a number of processors such as 1.5",
			       word);
	for (size_t i = 0; i < whole_len && whole <= CPUS_MAX; i++)
		whole = whole * 10 + (unsigned)(word[i] - '0');
	for (size_t i = 0; i < fraction_len && unit > 1; i++) {
		unit /= 10;
		quota += unit * (unsigned)(fraction[i] - '0');
	}
	if (whole > CPUS_MAX || whole * CPU_PERIOD + quota < CPU_QUOTA_MIN)
		return err_set(err, EXIT_USAGE, "'%s' is not between 0.01 and %u processors", word,
			       CPUS_MAX);
	*ret_quota = whole * CPU_PERIOD + quota;
	return 0;
}

int spec_set_cpus(struct spec_build *b, const char *word, struct err *err)
{
	json_t *cpu = resource(b, "cpu", err);
	unsigned quota = 0;

	if (!cpu || parse_cpus(word, &quota, err) < 0)
		return -1;
	json_object_set_new(cpu, "quota", json_integer(quota));
	json_object_set_new(cpu, "period", json_integer(CPU_PERIOD));
	return 0;
}

int spec_set_pids_limit(struct spec_build *b, const char *word, struct err *err)
{
	json_t *pids = resource(b, "pids", err);
	unsigned long long limit;

	if (!pids || spec_number(word, INT32_MAX, &limit, err) < 0)
		return -1;
	/* runc takes 0 and below for "no limit", which a user who gives 0 can't mean. */
	if (!limit)
		return err_set(err, EXIT_USAGE, "'0' processes can't run a program");
	json_object_set_new(pids, "limit", json_integer((json_int_t)limit));
	return 0;
}

int spec_set_seccomp(struct spec_build *b, const json_t *seccomp, struct err *err)
{
	json_t *linux_part = spec_object(b->doc, "linux", err);

	if (!linux_part)
		return -1;
	/* runc would silently ignore the conditions in profiles of Docker and Podman. */
	if (json_object_get(seccomp, "archMap"))
		return err_set(err, EXIT_USAGE,
			       "'archMap': this is an engine's profile, not a "
			       "linux.seccomp object of the OCI runtime-spec");
	if (!json_is_string(json_object_get(seccomp, "defaultAction")))
		return err_set(err, EXIT_USAGE, "no 'defaultAction': not a linux.seccomp object");
	json_object_set_new(linux_part, "seccomp", json_deep_copy(seccomp));
	return 0;
}

static bool has_namespace(const json_t *doc, const char *type)
{
	json_t *entry;
	size_t i;

	json_array_foreach (json_object_get(json_object_get(doc, "linux"), "namespaces"), i,
			    entry) {
		const char *there = json_string_value(json_object_get(entry, "type"));
		if (there && strcmp(there, type) == 0)
			return true;
	}
	return false;
}

/* A name that ends in a dot stands for all keys below it. */
static bool is_of(const char *key, const char *name)
{
	return name[strlen(name) - 1] == '.' ? str_starts(key, name) : strcmp(key, name) == 0;
}

/* The namespace of a sysctl, by the rules of runc's validator. '/' and '.' both separate names. */
static const char *namespace_of(const char *key)
{
	static const struct {
		const char *name, *type;
	} known[] = {
		{"net.", "network"},	      {"fs.mqueue.", "ipc"},
		{"kernel.msgmax", "ipc"},     {"kernel.msgmnb", "ipc"},
		{"kernel.msgmni", "ipc"},     {"kernel.sem", "ipc"},
		{"kernel.shmall", "ipc"},     {"kernel.shmmax", "ipc"},
		{"kernel.shmmni", "ipc"},     {"kernel.shm_rmid_forced", "ipc"},
		{"kernel.domainname", "uts"},
	};
	CLEANUP_FREE char *dotted = str_dup(key);

	for (char *p = dotted; *p; p++)
		if (*p == '/')
			*p = '.';
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (is_of(dotted, known[i].name))
			return known[i].type;
	return NULL;
}

int spec_check_namespaces(const json_t *doc, struct err *err)
{
	json_t *sysctl = json_object_get(json_object_get(doc, "linux"), "sysctl"), *value;
	const char *key;

	if (json_object_get(doc, "hostname") && !has_namespace(doc, "uts"))
		return err_set(err, EXIT_USAGE,
			       "a host name needs a uts namespace, and the template has none");
	json_object_foreach (sysctl, key, value) {
		const char *type = namespace_of(key);
		if (!type)
			return err_set(err, EXIT_USAGE,
				       "sysctl '%s' belongs to the host; no namespace has its own",
				       key);
		if (!has_namespace(doc, type))
			return err_set(err, EXIT_USAGE,
				       "sysctl '%s' needs a %s namespace of the container's own",
				       key, type);
	}
	return 0;
}
