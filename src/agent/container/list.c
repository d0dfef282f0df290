/* SPDX-License-Identifier: MIT */
/* Every container of this host in one go, for list, status and the fleet. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/network/address.h"
#include "agent/request/json_scan.h"
#include "agent/request/text_file.h"
#include "agent/shared/cordons.h"
#include "cmigrate/base/name.h"
#include "listed.h"
#include "runc_state_json.h"

#define CONFIG_MAX (1024u * 1024)
/* Longer rules about places are left out: a move is refused by them. */
#define RULE_MAX 4096

int verb_list(struct request *req);

static void say_list(struct request *req, const struct listed *listed)
{
	CLEANUP_BUF struct buf json = {0};

	buf_puts(&json, "[");
	for (size_t i = 0; i < listed->n; i++) {
		buf_puts(&json, i ? "," : "");
		runc_state_json(&json, &listed->v[i]);
	}
	request_say(req, "list=%s]\n", buf_str(&json));
}

static void say_memory(struct request *req, const char *key, const char *word)
{
	CLEANUP_FREE char *kilobytes = text_file_field("/proc/meminfo", word);

	if (*kilobytes)
		request_say(req, "%s=%llu\n", key, strtoull(kilobytes, NULL, 10) * 1024);
}

static void say_load(struct request *req)
{
	double average[1];

	say_memory(req, "memory-total", "MemTotal:");
	say_memory(req, "memory-available", "MemAvailable:");
	request_say(req, "cpus=%ld\n", sysconf(_SC_NPROCESSORS_ONLN));
	if (getloadavg(average, 1) == 1)
		request_say(req, "loadavg=%.2f\n", average[0]);
	/* The file may exist and be unreadable, if the kernel was told not to measure pressure. */
	CLEANUP_FREE char *some = text_file_field("/proc/pressure/cpu", "some ");
	const char *share = strstr(some, "avg60=");
	if (share)
		request_say(req, "pressure=%.*s\n", (int)strspn(share + 6, "0123456789."),
			    share + 6);
}

static bool is_readable(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* VALUE BUNDLE; blanks of the value separate the members of a list, as commas do. */
static void say_rule(struct request *req, const char *text, const char *key, const char *bundle)
{
	CLEANUP_FREE char *path = str_fmt("annotations.org.cmigrate.%s", key);
	CLEANUP_FREE char *value = json_scan(text, strlen(text), path);

	if (!value || !*value || strlen(value) > RULE_MAX)
		return;
	for (char *at = value; *at; at++)
		if (*at == ' ' || *at == '\t' || *at == '\n')
			*at = ',';
	request_say(req, "%s=%s %s\n", key, value, bundle);
}

/* config.json is asked as it is now: a move reads it from there too. */
static void say_rules(struct request *req, const char *bundle)
{
	CLEANUP_FREE char *path = str_fmt("%s/config.json", bundle);
	CLEANUP_FREE char *text = text_file_read(path, CONFIG_MAX, NULL);
	CLEANUP_FREE char *pin =
		text ? json_scan(text, strlen(text), "annotations.org.cmigrate.pin") : NULL;

	if (pin && strcmp(pin, "true") == 0)
		request_say(req, "pin=%s\n", bundle);
	if (!text)
		return;
	say_rule(req, text, "group", bundle);
	say_rule(req, text, "hosts", bundle);
}

static void say_bundle(struct request *req, const char *bundle, bool load)
{
	struct err unused = ERR_INIT;

	/* Another one is no bundle of ours. */
	if (!bundle || name_check_path(bundle, &unused) < 0)
		return;
	CLEANUP_FREE char *journal = str_fmt("%s/.cmigrate/journal", bundle);
	if (is_readable(journal))
		request_say(req, "in-move=%s\n", bundle);
	if (load)
		say_rules(req, bundle);
}

static void say_usage(struct request *req, const struct runc_state *state, bool load)
{
	struct usage usage;

	listed_usage(state, &usage);
	if (!usage.processes)
		return;
	request_say(req, "memory=%d %llu %u\n", (int)state->pid, usage.memory, usage.processes);
	if (load)
		request_say(req, "work=%d %llu %u\n", (int)state->pid, usage.ticks,
			    usage.processes);
}

/*
 * Says now=SECONDS, list=JSON as `runc list` prints it, memory=PID BYTES PROCESSES for the first
 * process of each running container, in-move=BUNDLE for each bundle with the journal of a move,
 * cordon=HOST JSON for each host with such a mark (cordons.h). With op=addresses also addr=JSON
 * (address.h).
 *
 * With op=load also memory-total=BYTES, memory-available=BYTES, cpus=N, loadavg=LOAD,
 * pressure=PERCENT (if the kernel tells it), work=PID TICKS PROCESSES, the processor time that a
 * container has used, and for each bundle pin=BUNDLE, group=RULE BUNDLE and hosts=RULE BUNDLE, if
 * its config.json has these annotations.
 */
int verb_list(struct request *req)
{
	CLEANUP_LISTED struct listed listed = {0};
	bool load = request_is(req, "op", "load");

	if (!load && !request_is(req, "op", "plain") && !request_is(req, "op", "addresses"))
		return request_fail(req, "'list' has no op '%s'", request_get(req, "op"));
	if (listed_read(req, &listed) < 0)
		return 1;
	request_say(req, "now=%lld\n", (long long)time(NULL));
	say_list(req, &listed);
	cordons_say(req);
	if (request_is(req, "op", "addresses"))
		address_json(req, "addr");
	if (load)
		say_load(req);
	for (size_t i = 0; i < listed.n && !request_over(req); i++) {
		say_bundle(req, listed.v[i].bundle, load);
		say_usage(req, &listed.v[i], load);
	}
	return 0;
}
