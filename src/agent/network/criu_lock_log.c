/* SPDX-License-Identifier: MIT */
#include "criu_lock_log.h"

#include <regex.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE "CRIU-"
/* A table's name has at least so many digits of the id of a run. */
#define ID_MIN 8

/*
 * CRIU writes the command before it runs it; "Unlocked ..." follows the command that removes the
 * rule. It writes the container's names into the same log: a line counts only if all of it is such
 * a line, with CRIU's own mark in the rule (criu/netfilter.c). The words between the brackets have
 * neither blanks nor quotes in them.
 */
#define RULE_LINE                                                                                  \
	"^\\([0-9.]+\\)[ \t]+Running iptables \\[ip6?tables (-w )? *-t filter -[AID] "             \
	"(INPUT|OUTPUT) --protocol tcp -m mark ! --mark 0xC114 --source [0-9A-Fa-f.:]+ "           \
	"--sport [0-9]+ --destination [0-9A-Fa-f.:]+ --dport [0-9]+ -j DROP\\]$"

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct criu_rule *)a)->deletion,
		      ((const struct criu_rule *)b)->deletion);
}

static struct criu_rule *find_rule(struct criu_lock_log *log, const char *deletion)
{
	struct criu_rule *rule = mem_new(1, sizeof(*rule));

	rule->deletion = str_dup(deletion);
	struct criu_rule **found = tsearch(rule, &log->by_deletion, compare);
	if (!found)
		abort();
	if (*found != rule) {
		free(rule->deletion);
		free(rule);
		return *found;
	}
	log->rules = mem_grow(log->rules, log->n + 1, sizeof(struct criu_rule *));
	log->rules[log->n++] = rule;
	return rule;
}

/* The command between the brackets, as the one that deletes what it is about. */
static void read_rule(struct criu_lock_log *log, const char *line)
{
	const char *start = strchr(line, '[') + 1;
	CLEANUP_FREE char *command = str_dupn(start, strlen(start) - 1);
	char *verb = strstr(command, " -t filter -") + strlen(" -t filter -");
	bool deletes = *verb == 'D';

	*verb = 'D';
	struct criu_rule *rule = find_rule(log, command);
	log->removed = deletes ? rule : NULL;
	if (!deletes)
		rule->times++;
}

static void read_line(struct criu_lock_log *log, const regex_t *rule, char *line)
{
	static const char run_id[] = " CRIU run id = ", dumping[] = " Dumping processes (pid: ";
	const char *at;

	if (strstr(line, "Running iptables [") && regexec(rule, line, 0, NULL, 0) == 0) {
		read_rule(log, line);
		return;
	}
	if (log->removed && strstr(line, " Unlocked ")) {
		log->removed->times--;
		log->removed = NULL;
	}
	if (strstr(line, run_id) && (at = strrchr(str_trim(line), ' ')) != NULL)
		argv_add(&log->runs, at + 1);
	if ((at = strstr(line, dumping)) != NULL) {
		at += strlen(dumping);
		argv_addf(&log->pids, "%.*s", (int)strspn(at, "0123456789"), at);
	}
	log->whole = log->whole || strstr(line, " Running network-lock scripts");
}

void criu_lock_log_read(struct criu_lock_log *log, const char *path)
{
	CLEANUP_FREE char *line = NULL;
	size_t size = 0;
	regex_t rule;
	ssize_t n;
	FILE *f = fopen(path, "re");

	if (!f)
		return;
	if (regcomp(&rule, RULE_LINE, REG_EXTENDED | REG_NOSUB) != 0)
		abort();
	while ((n = getline(&line, &size, f)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		read_line(log, &rule, line);
	}
	regfree(&rule);
	(void)fclose(f);
}

bool criu_lock_log_has_table(const struct criu_lock_log *log, const char *name)
{
	if (!str_starts(name, TABLE))
		return false;
	name += strlen(TABLE);
	for (size_t i = 0; strlen(name) >= ID_MIN && i < log->runs.n; i++)
		if (str_starts(log->runs.v[i], name))
			return true;
	return *name && argv_has(&log->pids, name);
}

static void free_nothing(void *rule)
{
	(void)rule;
}

void criu_lock_log_clear(struct criu_lock_log *log)
{
	tdestroy(log->by_deletion, free_nothing);
	for (size_t i = 0; i < log->n; i++) {
		free(log->rules[i]->deletion);
		free(log->rules[i]);
	}
	free(log->rules);
	argv_clear(&log->runs);
	argv_clear(&log->pids);
	*log = (struct criu_lock_log){0};
}
