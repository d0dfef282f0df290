/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "cmigrate/base/json_uint64.h"
#include "cmigrate/base/suggest.h"
#include "part.h"

/* Names from linux/capability.h up to kernel 6.x and getrlimit(2), both without their prefix. */
static const char *const capabilities[] = {
	"CHOWN",
	"DAC_OVERRIDE",
	"DAC_READ_SEARCH",
	"FOWNER",
	"FSETID",
	"KILL",
	"SETGID",
	"SETUID",
	"SETPCAP",
	"LINUX_IMMUTABLE",
	"NET_BIND_SERVICE",
	"NET_BROADCAST",
	"NET_ADMIN",
	"NET_RAW",
	"IPC_LOCK",
	"IPC_OWNER",
	"SYS_MODULE",
	"SYS_RAWIO",
	"SYS_CHROOT",
	"SYS_PTRACE",
	"SYS_PACCT",
	"SYS_ADMIN",
	"SYS_BOOT",
	"SYS_NICE",
	"SYS_RESOURCE",
	"SYS_TIME",
	"SYS_TTY_CONFIG",
	"MKNOD",
	"LEASE",
	"AUDIT_WRITE",
	"AUDIT_CONTROL",
	"SETFCAP",
	"MAC_OVERRIDE",
	"MAC_ADMIN",
	"SYSLOG",
	"WAKE_ALARM",
	"BLOCK_SUSPEND",
	"AUDIT_READ",
	"PERFMON",
	"BPF",
	"CHECKPOINT_RESTORE",
	NULL,
};

static const char *const limits[] = {
	"AS",	  "CORE",  "CPU", "DATA",   "FSIZE",  "LOCKS",	    "MEMLOCK", "MSGQUEUE", "NICE",
	"NOFILE", "NPROC", "RSS", "RTPRIO", "RTTIME", "SIGPENDING", "STACK",   NULL,
};

/* The name as spelled in the list, for "cap_kill" and "Kill" alike. */
static const char *find_name(const char *what, const char *prefix, const char *const *known,
			     const char *word, struct err *err)
{
	CLEANUP_FREE char *upper = str_dup(word);

	for (char *p = upper; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	const char *bare = upper + (str_starts(upper, prefix) ? strlen(prefix) : 0);
	for (const char *const *name = known; *name; name++)
		if (strcmp(*name, bare) == 0)
			return *name;
	err_set(err, EXIT_USAGE, "unknown %s '%s'", what, word);
	(void)suggest_append(err, prefix, bare, known);
	return NULL;
}

static bool is_all(const char *word)
{
	return strcasecmp(word, "ALL") == 0;
}

/* Index of the name in the set, or the set's size. */
static size_t find_cap(const json_t *set, const char *name)
{
	json_t *old;
	size_t i;

	json_array_foreach (set, i, old) {
		const char *text = json_string_value(old);
		if (text && str_starts(text, "CAP_") && strcmp(text + 4, name) == 0)
			break;
	}
	return i;
}

static json_t *cap_sets(struct spec_build *b, struct err *err)
{
	return spec_object2(b->doc, "process", "capabilities", err);
}

/*
 * A template may have no inheritable or ambient capabilities on purpose, as `runc spec` does, so an
 * empty set of those stays empty. An ambient capability must be inheritable too.
 */
static int add_to_sets(json_t *sets, const char *name, bool keep_empty, struct err *err)
{
	static const char *const all[] = {"bounding", "effective", "permitted", "inheritable",
					  "ambient"};

	bool inherits = !keep_empty || json_array_size(json_object_get(sets, "inheritable")) > 0;
	bool ambient = !keep_empty || json_array_size(json_object_get(sets, "ambient")) > 0;
	size_t n = inherits ? (ambient ? 5 : 4) : 3;
	for (size_t i = 0; i < n; i++) {
		json_t *set = spec_array(sets, all[i], err);
		if (!set)
			return -1;
		if (find_cap(set, name) == json_array_size(set))
			json_array_append_new(set, json_sprintf("CAP_%s", name));
	}
	return 0;
}

int spec_add_cap(struct spec_build *b, const char *word, struct err *err)
{
	json_t *sets = cap_sets(b, err);

	if (!sets)
		return -1;
	if (is_all(word)) {
		for (const char *const *name = capabilities; *name; name++)
			if (add_to_sets(sets, *name, b->from_template, err) < 0)
				return -1;
		return 0;
	}
	const char *name = find_name("capability", "CAP_", capabilities, word, err);
	return name ? add_to_sets(sets, name, b->from_template, err) : -1;
}

int spec_drop_all_caps(struct spec_build *b, const char *word, struct err *err)
{
	json_t *sets = cap_sets(b, err), *set;
	const char *key;

	if (!sets)
		return -1;
	if (!is_all(word))
		return 0;
	json_object_foreach (sets, key, set) {
		json_array_clear(set);
	}
	return 0;
}

int spec_drop_cap(struct spec_build *b, const char *word, struct err *err)
{
	json_t *sets = cap_sets(b, err), *set;
	const char *key;

	if (!sets)
		return -1;
	if (is_all(word))
		return 0;
	const char *name = find_name("capability", "CAP_", capabilities, word, err);
	if (!name)
		return -1;
	json_object_foreach (sets, key, set) {
		(void)json_array_remove(set, find_cap(set, name));
	}
	return 0;
}

/* jansson can't write 2^63 and above, except for "unlimited". */
static int parse_limit(const char *word, json_int_t *ret, struct err *err)
{
	unsigned long long n;

	if (strcmp(word, "unlimited") == 0 || strcmp(word, "-1") == 0) {
		*ret = UNLIMITED;
		return 0;
	}
	if (spec_number(word, INT64_MAX, &n, err) < 0)
		return err_append(err, "limits are numbers or 'unlimited'");
	*ret = (json_int_t)n;
	return 0;
}

static int set_rlimit(json_t *rlimits, const char *name, json_int_t soft, json_int_t hard)
{
	json_t *old;
	size_t i;

	json_array_foreach (rlimits, i, old) {
		const char *type = json_string_value(json_object_get(old, "type"));
		if (type && str_starts(type, "RLIMIT_") && strcmp(type + 7, name) == 0)
			break;
	}
	(void)json_array_remove(rlimits, i);
	return json_array_insert_new(rlimits, i,
				     json_pack("{s:o, s:I, s:I}", "type",
					       json_sprintf("RLIMIT_%s", name), "hard", hard,
					       "soft", soft));
}

int spec_add_rlimit(struct spec_build *b, const char *word, struct err *err)
{
	CLEANUP_FREE char *copy = str_dup(word);
	json_t *process = spec_object(b->doc, "process", err);
	json_t *rlimits = process ? spec_array(process, "rlimits", err) : NULL;
	json_int_t soft = 0, hard = 0;

	if (!rlimits)
		return -1;
	char *values = strpbrk(copy, "=:");
	if (!values || values == copy)
		return err_set(err, EXIT_USAGE, "'%s' is not NAME:SOFT[:HARD]", word);
	*values++ = '\0';
	const char *name = find_name("limit", "RLIMIT_", limits, copy, err);
	if (!name)
		return -1;
	char *second = strchr(values, ':');
	if (second)
		*second++ = '\0';
	if (parse_limit(values, &soft, err) < 0 ||
	    parse_limit(second ? second : values, &hard, err) < 0)
		return -1;
	/* As in the kernel, the comparison is unsigned: "unlimited" is the largest. */
	if ((soft == UNLIMITED && hard != soft) || (hard != UNLIMITED && soft > hard))
		return err_set(err, EXIT_USAGE, "'%s': the soft limit is above the hard one", word);
	return set_rlimit(rlimits, name, soft, hard);
}
