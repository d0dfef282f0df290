/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cmigrate/base/name.h"
#include "part.h"

/* (uid_t)-1 means "leave as it is" to setresuid(2): no user has this number. */
#define ID_MAX 4294967294ULL

static json_t *process(struct spec_build *b, struct err *err)
{
	return spec_object(b->doc, "process", err);
}

int spec_set_args(struct spec_build *b, const struct argv *args, struct err *err)
{
	json_t *parent = process(b, err);

	if (!parent)
		return -1;
	if (!*args->v[0])
		return err_set(err, EXIT_USAGE, "the first word is the program, and it is empty");
	json_auto_t *words = json_array();
	for (size_t i = 0; i < args->n; i++) {
		if (spec_check_utf8(args->v[i], err) < 0)
			return -1;
		json_array_append_new(words, json_string(args->v[i]));
	}
	json_object_set(parent, "args", words);
	return 0;
}

int spec_check_env(const char *word, struct err *err)
{
	CLEANUP_FREE char *key = NULL;
	const char *value;

	if (spec_check_utf8(word, err) < 0)
		return -1;
	return spec_key_value(word, &key, &value, err);
}

/* A variable that exists already gets the new value in its place. */
int spec_add_env(struct spec_build *b, const char *word, struct err *err)
{
	json_t *parent = process(b, err);
	json_t *env = parent ? spec_array(parent, "env", err) : NULL;
	json_t *old;
	size_t i;

	if (!env || spec_check_env(word, err) < 0)
		return -1;
	size_t key_len = strcspn(word, "=") + 1;
	json_array_foreach (env, i, old) {
		const char *text = json_string_value(old);
		if (text && strncmp(text, word, key_len) == 0) {
			json_array_set_new(env, i, json_string(word));
			return 0;
		}
	}
	json_array_append_new(env, json_string(word));
	return 0;
}

int spec_set_cwd(struct spec_build *b, const char *word, struct err *err)
{
	json_t *parent = process(b, err);

	if (!parent || name_check_path(word, err) < 0)
		return -1;
	json_object_set_new(parent, "cwd", json_string(word));
	return 0;
}

static int set_id(struct spec_build *b, const char *key, const char *word, struct err *err)
{
	json_t *user = spec_object2(b->doc, "process", "user", err);
	unsigned long long id;

	if (!user || spec_number(word, ID_MAX, &id, err) < 0)
		return -1;
	json_object_set_new(user, key, json_integer((json_int_t)id));
	return 0;
}

int spec_set_uid(struct spec_build *b, const char *word, struct err *err)
{
	return set_id(b, "uid", word, err);
}

int spec_set_gid(struct spec_build *b, const char *word, struct err *err)
{
	return set_id(b, "gid", word, err);
}

int spec_set_user(struct spec_build *b, const char *word, struct err *err)
{
	CLEANUP_FREE char *uid = str_dup(word);
	char *gid = strchr(uid, ':');

	if (b->opts->uid || (gid && b->opts->gid))
		return err_set(err, EXIT_USAGE,
			       "'%s' and --%s say the same thing; give one of them", word,
			       b->opts->uid ? "uid" : "gid");
	if (gid)
		*gid++ = '\0';
	if (spec_set_uid(b, uid, err) < 0 || (gid && spec_set_gid(b, gid, err) < 0))
		return err_append(err, "names of the container's /etc/passwd are not read; "
				       "give UID[:GID] as numbers");
	return 0;
}

int spec_add_group(struct spec_build *b, const char *word, struct err *err)
{
	json_t *user = spec_object2(b->doc, "process", "user", err);
	json_t *groups = user ? spec_array(user, "additionalGids", err) : NULL;
	json_t *old;
	unsigned long long gid;
	size_t i;

	if (!groups || spec_number(word, ID_MAX, &gid, err) < 0)
		return -1;
	json_array_foreach (groups, i, old) {
		if (json_is_integer(old) && json_integer_value(old) == (json_int_t)gid)
			return 0;
	}
	json_array_append_new(groups, json_integer((json_int_t)gid));
	return 0;
}
