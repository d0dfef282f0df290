/* SPDX-License-Identifier: MIT */
#include "cmigrate/container/annotation.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "cmigrate/base/name.h"
#include "cmigrate/base/str.h"
#include "cmigrate/base/strategy.h"
#include "cmigrate/base/suggest.h"
#include "cmigrate/container/place_rule.h"

/* Eleven days. In milliseconds this still fits an int, with room to spare. */
#define SECONDS_MAX 1000000
#define MILLISECONDS_MAX 1000000

static const char *const tcp_ways[] = {"established", "close", NULL};
static const char *const truths[] = {"true", "false", NULL};
static const char *const criu_flags[] = {"--file-locks", "--ext-unix-sk", "--shell-job",
					 "--link-remap", "--ghost-limit", NULL};

static int check_strategy(const char *value, struct err *err)
{
	return suggest_check(value, strategy_words, err);
}

static int check_transport(const char *value, struct err *err)
{
	return suggest_check(value, transport_words, err);
}

static int check_encrypt(const char *value, struct err *err)
{
	return suggest_check(value, encrypt_words, err);
}

static int check_if_slow(const char *value, struct err *err)
{
	return suggest_check(value, if_slow_words, err);
}

static int check_tcp(const char *value, struct err *err)
{
	return suggest_check(value, tcp_ways, err);
}

static int check_pin(const char *value, struct err *err)
{
	return suggest_check(value, truths, err);
}

/* Checks each word of a list, and that there is at least one. */
static int check_list(const char *value, int (*check)(const char *word, struct err *err),
		      struct err *err)
{
	CLEANUP_ARGV struct argv words = {0};

	argv_words(&words, value, ", ");
	for (size_t i = 0; i < words.n; i++)
		if (check(words.v[i], err) < 0)
			return -1;
	return words.n ? 0 : err_set(err, EXIT_USAGE, "it is empty");
}

static int check_endpoints(const char *value, struct err *err)
{
	return check_list(value, name_check_endpoint, err);
}

static int check_address(const char *word, struct err *err)
{
	struct address address;

	return address_parse_service(word, &address, err);
}

static int check_addresses(const char *value, struct err *err)
{
	return check_list(value, check_address, err);
}

static int check_positive(const char *value, unsigned long max, const char *unit, struct err *err)
{
	unsigned long n = 0;

	for (const char *p = value; *p; p++) {
		if (*p < '0' || *p > '9' || n > max)
			return err_set(err, EXIT_USAGE, "'%s' is not a number of %s, 1 to %lu",
				       value, unit, max);
		n = n * 10 + (unsigned long)(*p - '0');
	}
	if (n == 0 || n > max)
		return err_set(err, EXIT_USAGE, "'%s' is not a number of %s, 1 to %lu", value, unit,
			       max);
	return 0;
}

static int check_timeout(const char *value, struct err *err)
{
	return check_positive(value, SECONDS_MAX, "seconds", err);
}

static int check_downtime(const char *value, struct err *err)
{
	return check_positive(value, MILLISECONDS_MAX, "milliseconds", err);
}

static int check_group(const char *value, struct err *err)
{
	struct place_rule rule = {0};
	int status = place_rule_group(&rule, value, err);

	place_rule_clear(&rule);
	return status;
}

static int check_hosts(const char *value, struct err *err)
{
	struct place_rule rule = {0};
	int status = place_rule_hosts(&rule, value, err);

	place_rule_clear(&rule);
	return status;
}

/* A size as CRIU reads it: digits, then at most one of K, M, G. */
static bool is_size(const char *word)
{
	size_t digits = strspn(word, "0123456789");

	if (digits == 0 || digits > 12)
		return false;
	return !word[digits] || (strchr("KMG", word[digits]) && !word[digits + 1]);
}

static int check_criu(const char *value, struct err *err)
{
	CLEANUP_ARGV struct argv words = {0};
	bool size_next = false;

	argv_words(&words, value, " ");
	for (size_t i = 0; i < words.n; i++) {
		const char *word = words.v[i];
		if (size_next && !is_size(word))
			return err_set(err, EXIT_USAGE,
				       "--ghost-limit: '%s' is not a size such as 4M", word);
		if (!size_next && suggest_check(word, criu_flags, err) < 0)
			return -1;
		size_next = !size_next && strcmp(word, "--ghost-limit") == 0;
	}
	if (size_next)
		return err_set(err, EXIT_USAGE, "--ghost-limit needs a size such as 4M");
	return 0;
}

static const struct {
	const char *key;
	int (*check)(const char *value, struct err *err);
} keys[] = {
	{ANNOTATION_ENDPOINT, check_endpoints},
	{ANNOTATION_ADDRESS, check_addresses},
	{ANNOTATION_STRATEGY, check_strategy},
	{ANNOTATION_TRANSPORT, check_transport},
	{ANNOTATION_ENCRYPT, check_encrypt},
	{ANNOTATION_TCP, check_tcp},
	{ANNOTATION_TIMEOUT, check_timeout},
	{ANNOTATION_MAX_DOWNTIME, check_downtime},
	{ANNOTATION_IF_SLOW, check_if_slow},
	{ANNOTATION_CRIU, check_criu},
	{ANNOTATION_PIN, check_pin},
	{ANNOTATION_GROUP, check_group},
	{ANNOTATION_HOSTS, check_hosts},
};

#define KEYS (sizeof(keys) / sizeof(*keys))

static int unknown_key(const char *key, struct err *err)
{
	const char *known[KEYS + 1] = {NULL};

	/* Compares without the prefix, which all of them share. */
	for (size_t i = 0; i < KEYS; i++)
		known[i] = keys[i].key + strlen(ANNOTATION_PREFIX);
	(void)err_set(err, EXIT_USAGE, "unknown annotation '%s'", key);
	(void)suggest_append(err, ANNOTATION_PREFIX, key + strlen(ANNOTATION_PREFIX), known);
	return -1;
}

int annotation_check(const char *key, const char *value, struct err *err)
{
	if (!*key)
		return err_set(err, EXIT_USAGE, "an annotation needs a name");
	if (!str_starts(key, ANNOTATION_PREFIX))
		return 0;
	for (size_t i = 0; i < KEYS; i++) {
		if (strcmp(key, keys[i].key) != 0)
			continue;
		if (keys[i].check(value, err) < 0)
			return err_wrap(err, "%s", key);
		return 0;
	}
	return unknown_key(key, err);
}
