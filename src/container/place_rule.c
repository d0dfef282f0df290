/* SPDX-License-Identifier: MIT */
#include "cmigrate/container/place_rule.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/name.h"

int place_rule_group(struct place_rule *ret, const char *text, struct err *err)
{
	size_t len = strcspn(text, ":");
	CLEANUP_FREE char *name = str_dupn(text, len);
	const char *how = text[len] ? text + len + 1 : "spread";
	bool together = strcmp(how, "together") == 0;
	struct err why = ERR_INIT;

	if (name_check(name, &why) < 0 || (!together && strcmp(how, "spread") != 0))
		return err_set(err, EXIT_USAGE,
			       "'%.80s' is not NAME:spread or NAME:together, as in web:spread",
			       text);
	str_set(&ret->group, name);
	ret->together = together;
	return 0;
}

int place_rule_hosts(struct place_rule *ret, const char *text, struct err *err)
{
	CLEANUP_ARGV struct argv words = {0};
	struct argv hosts = {0};
	bool but = false;
	int status = 0;

	argv_words(&words, text, ", \t");
	for (size_t i = 0; i < words.n && status == 0; i++) {
		bool no = *words.v[i] == '!';
		status = name_check_host(words.v[i] + no, err);
		if (status == 0 && i && no != but)
			status = err_set(err, EXIT_USAGE,
					 "'%.80s' has hosts with and without '!'; either these or "
					 "all but these",
					 text);
		but = no;
		argv_add(&hosts, words.v[i] + no);
	}
	if (status == 0 && !hosts.n)
		status = err_set(err, EXIT_USAGE, "it is empty");
	if (status < 0) {
		argv_clear(&hosts);
		return -1;
	}
	argv_clear(&ret->hosts);
	ret->hosts = hosts;
	ret->but = but;
	return 0;
}

bool place_rule_allows(const struct place_rule *rule, const char *host)
{
	const char *at = strrchr(host, '@');

	if (!rule->hosts.n)
		return true;
	return (argv_has(&rule->hosts, host) || (at && argv_has(&rule->hosts, at + 1))) !=
	       rule->but;
}

bool place_rule_same(const struct place_rule *rule, const struct place_rule *other)
{
	return rule->group && other->group && strcmp(rule->group, other->group) == 0;
}

char *place_rule_hosts_text(const struct place_rule *rule)
{
	struct buf text = {0};

	for (size_t i = 0; i < rule->hosts.n; i++)
		buf_printf(&text, "%s%s%s", i ? "," : "", rule->but ? "!" : "", rule->hosts.v[i]);
	return buf_steal(&text);
}

void place_rule_clear(struct place_rule *rule)
{
	free(rule->group);
	argv_clear(&rule->hosts);
	memset(rule, 0, sizeof(*rule));
}
