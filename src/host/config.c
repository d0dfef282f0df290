/* SPDX-License-Identifier: MIT */
#include "cmigrate/host/config.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmigrate/base/json.h"
#include "cmigrate/base/name.h"
#include "cmigrate/base/options.h"
#include "cmigrate/base/strategy.h"
#include "cmigrate/base/suggest.h"
#include "this_host.h"

static int read_ssh(const json_t *root, struct config *c, struct err *err)
{
	static const char *const known[] = {"user", "options", NULL};
	const json_t *ssh = NULL;

	if (json_get_object(root, "", "ssh", &ssh, err) < 0)
		return -1;
	if (!ssh)
		return 0;
	if (json_check_keys(ssh, "ssh", known, err) < 0 ||
	    json_get_string(ssh, "ssh", "user", &c->ssh_user, err) < 0 ||
	    json_get_strings(ssh, "ssh", "options", &c->ssh_options, err) < 0)
		return -1;
	if (c->ssh_user && name_check_host(c->ssh_user, err) < 0)
		return err_wrap(err, "ssh.user");
	return 0;
}

/* word NULL: not set, and fine. */
static int check_choice(const char *path, const char *word, const char *const *known,
			struct err *err)
{
	return !word || suggest_check(word, known, err) == 0 ? 0 : err_wrap(err, "%s", path);
}

/* From which size on memory follows a restored container from its images: "64M", or "never". */
static int read_lazy_from(const json_t *move, struct config *c, struct err *err)
{
	CLEANUP_FREE char *size = NULL;

	if (json_get_string(move, "move", "lazy_from", &size, err) < 0)
		return -1;
	if (!size)
		return 0;
	c->lazy_from = strcmp(size, "never") == 0 ? LAZY_NEVER : options_size(size);
	if (!c->lazy_from)
		return err_set(err, EXIT_USAGE,
			       "'move.lazy_from' is not a size such as 64M, or 'never'");
	return 0;
}

static int read_bandwidth(const json_t *move, struct config *c, struct err *err)
{
	CLEANUP_FREE char *rate = NULL;

	if (json_get_string(move, "move", "bandwidth", &rate, err) < 0)
		return -1;
	c->bandwidth = rate ? options_size(rate) : 0;
	return rate && !c->bandwidth
		       ? err_set(err, EXIT_USAGE, "'move.bandwidth' is not a rate such as 20M")
		       : 0;
}

static int read_move(const json_t *root, struct config *c, struct err *err)
{
	static const char *const known[] = {"strategy",	       "transport", "timeout",
					    "max_downtime_ms", "if_slow",   "lazy_from",
					    "bandwidth",       "encrypt",   NULL};
	const json_t *move = NULL;

	if (json_get_object(root, "", "move", &move, err) < 0)
		return -1;
	if (!move)
		return 0;
	if (json_check_keys(move, "move", known, err) < 0 ||
	    json_get_string(move, "move", "strategy", &c->strategy, err) < 0 ||
	    json_get_string(move, "move", "transport", &c->transport, err) < 0 ||
	    json_get_string(move, "move", "encrypt", &c->encrypt, err) < 0 ||
	    json_get_count(move, "move", "timeout", &c->timeout, err) < 0 ||
	    json_get_count(move, "move", "max_downtime_ms", &c->max_downtime_ms, err) < 0 ||
	    json_get_string(move, "move", "if_slow", &c->if_slow, err) < 0 ||
	    read_lazy_from(move, c, err) < 0 || read_bandwidth(move, c, err) < 0)
		return -1;
	return check_choice("move.strategy", c->strategy, strategy_words, err) < 0 ||
			       check_choice("move.if_slow", c->if_slow, if_slow_words, err) < 0 ||
			       check_choice("move.encrypt", c->encrypt, encrypt_words, err) < 0
		       ? -1
		       : check_choice("move.transport", c->transport, transport_words, err);
}

static int check_rebalance(const struct config *c, struct err *err)
{
	static const char *const ways[] = {"memory", "pressure", "count", NULL};

	if (check_choice("rebalance.by", c->rebalance_by, ways, err) < 0)
		return -1;
	if (!(c->rebalance_threshold >= 0 && c->rebalance_threshold <= 10))
		return err_set(err, EXIT_USAGE,
			       "'rebalance.threshold' is not a share such as 0.2, from 0 to 10");
	if (!c->rebalance_max_moves)
		return err_set(err, EXIT_USAGE,
			       "'rebalance.max_moves' is 0: no move would be made");
	return 0;
}

static int read_rebalance(const json_t *root, struct config *c, struct err *err)
{
	static const char *const known[] = {"by", "threshold", "max_moves", "cooldown", NULL};
	const json_t *r = NULL;

	if (json_get_object(root, "", "rebalance", &r, err) < 0)
		return -1;
	if (!r)
		return 0;
	if (json_check_keys(r, "rebalance", known, err) < 0 ||
	    json_get_string(r, "rebalance", "by", &c->rebalance_by, err) < 0 ||
	    json_get_number(r, "rebalance", "threshold", &c->rebalance_threshold, err) < 0 ||
	    json_get_uint(r, "rebalance", "max_moves", &c->rebalance_max_moves, err) < 0 ||
	    json_get_uint(r, "rebalance", "cooldown", &c->rebalance_cooldown, err) < 0)
		return -1;
	return check_rebalance(c, err);
}

static int read_hooks(const json_t *root, struct config *c, struct err *err)
{
	static const char *const known[] = {"pre_move", "post_move", "fence", NULL};
	const json_t *hooks = NULL;

	if (json_get_object(root, "", "hooks", &hooks, err) < 0)
		return -1;
	if (!hooks)
		return 0;
	if (json_check_keys(hooks, "hooks", known, err) < 0 ||
	    json_get_strings(hooks, "hooks", "pre_move", &c->hook_pre_move, err) < 0 ||
	    json_get_strings(hooks, "hooks", "post_move", &c->hook_post_move, err) < 0 ||
	    json_get_strings(hooks, "hooks", "fence", &c->hook_fence, err) < 0)
		return -1;
	return 0;
}

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"

/* It is kept as the agents write addresses. */
static int check_migration_address(struct config_host *h, const char *path, struct err *err)
{
	struct address a;
	struct err bad = ERR_INIT;
	unsigned char v6[16];

	if (!h->migration_address)
		return 0;
	if (strpbrk(h->migration_address, "/@") ||
	    address_parse(h->migration_address, &a, &bad) < 0)
		return err_set(err, EXIT_USAGE,
			       "'%s.migration_address' is not an IP address such as 192.0.2.2",
			       path);
	/* It would be one of several networks, and CRIU takes no device. */
	if (inet_pton(AF_INET6, a.ip, v6) == 1 && v6[0] == 0xfe && (v6[1] & 0xc0) == 0x80)
		return err_set(err, EXIT_USAGE,
			       "'%s.migration_address' is an address of one link alone", path);
	str_set(&h->migration_address, a.ip);
	return 0;
}

static int read_host(const char *name, const json_t *row, struct config_host *h, struct err *err)
{
	static const char *const known[] = {"ssh", "device", "memory", "agent", "migration_address",
					    NULL};
	CLEANUP_FREE char *path = json_path("hosts", name);

	if (name_check_host(name, err) < 0)
		return err_wrap(err, "hosts");
	if (!json_is_object(row))
		return err_set(err, EXIT_USAGE, "'%s' is not an object", path);
	h->name = str_dup(name);
	if (json_check_keys(row, path, known, err) < 0 ||
	    json_get_string(row, path, "ssh", &h->ssh, err) < 0 ||
	    json_get_string(row, path, "device", &h->device, err) < 0 ||
	    json_get_string(row, path, "memory", &h->memory, err) < 0 ||
	    json_get_string(row, path, "agent", &h->agent, err) < 0 ||
	    json_get_string(row, path, "migration_address", &h->migration_address, err) < 0)
		return -1;
	if ((h->ssh && name_check_host(h->ssh, err) < 0) ||
	    (h->device && name_check_device(h->device, err) < 0))
		return err_wrap(err, "%s", path);
	/* It becomes a word of the line that starts the agent. */
	if (h->agent &&
	    (name_check_path(h->agent, err) < 0 || strspn(h->agent, PLAIN) != strlen(h->agent)))
		return err_set(err, EXIT_USAGE,
			       "'%s.agent' is not an absolute path of plain characters", path);
	if (h->memory && !options_size(h->memory))
		return err_set(err, EXIT_USAGE, "'%s.memory' is not a size such as 16G", path);
	return check_migration_address(h, path, err);
}

static int read_hosts(const json_t *root, struct config *c, struct err *err)
{
	const json_t *hosts = NULL;
	const char *name;
	json_t *row;

	if (json_get_object(root, "", "hosts", &hosts, err) < 0)
		return -1;
	c->hosts = mem_new(json_object_size(hosts) + 1, sizeof(*c->hosts));
	json_object_foreach ((json_t *)(uintptr_t)hosts, name, row)
		if (read_host(name, row, &c->hosts[c->n_hosts++], err) < 0)
			return -1;
	return 0;
}

/* The root is written into scripts and CRIU's configuration, which can't quote these characters. */
static int check_root(const struct config *config, const char *where, struct err *err)
{
	if (name_check_path(config->bundle_root, err) < 0)
		return err_wrap(err, "%s", where);
	if (!strpbrk(config->bundle_root, "'\"\\"))
		return 0;
	return err_set(err, EXIT_USAGE, "%s: '%s' has a quote or a backslash in it", where,
		       config->bundle_root);
}

static int read_root(const json_t *root, struct config *c, struct err *err)
{
	static const char *const known[] = {"bundle_root", "ssh",   "hosts",   "move",
					    "rebalance",   "hooks", "metrics", NULL};

	if (json_check_keys(root, "", known, err) < 0 ||
	    json_get_string(root, "", "bundle_root", &c->bundle_root, err) < 0 ||
	    read_ssh(root, c, err) < 0 || read_hosts(root, c, err) < 0 ||
	    read_move(root, c, err) < 0 || read_rebalance(root, c, err) < 0 ||
	    read_hooks(root, c, err) < 0 ||
	    json_get_string(root, "", "metrics", &c->metrics, err) < 0)
		return -1;
	if (c->metrics && name_check_path(c->metrics, err) < 0)
		return err_wrap(err, "metrics");
	return check_root(c, "bundle_root", err);
}

static void set_defaults(struct config *config)
{
	memset(config, 0, sizeof(*config));
	config->bundle_root = str_dup(BUNDLE_ROOT_DEFAULT);
	config->rebalance_threshold = 0.2;
	config->rebalance_max_moves = 4;
}

/* Drops the reference to root. */
static int take_root(json_t *root, const char *what, struct config *config, struct err *err)
{
	int status = root ? read_root(root, config, err) : -1;

	if (root && status < 0)
		(void)err_wrap(err, "configuration '%s'", what);
	json_decref(root);
	return status;
}

int config_parse(const char *text, size_t len, const char *what, struct config *config,
		 struct err *err)
{
	set_defaults(config);
	return take_root(json_parse(text, len, what, err), what, config, err);
}

int config_load(const char *path, const char *bundle_root, struct config *config, struct err *err)
{
	int status = 0;

	set_defaults(config);
	if (!path)
		path = getenv("CMIGRATE_CONFIG");
	if (path && !*path)
		path = NULL;
	if (!path && access(CONFIG_DEFAULT_PATH, F_OK) == 0)
		path = CONFIG_DEFAULT_PATH;
	if (path)
		status = take_root(json_read_file(path, err), path, config, err);
	if (status == 0 && bundle_root) {
		CLEANUP_FREE char *cwd = *bundle_root == '/' ? NULL : getcwd(NULL, 0);
		CLEANUP_FREE char *full = cwd ? str_fmt("%s/%s", cwd, bundle_root) : NULL;
		str_set(&config->bundle_root, full ? full : bundle_root);
		return check_root(config, "--bundle-root", err);
	}
	return status;
}

int config_need_hosts(const struct config *config, size_t n, struct err *err)
{
	if (!config->n_hosts)
		return err_set(err, EXIT_USAGE,
			       "the configuration names no hosts; add them to '" CONFIG_DEFAULT_PATH
			       "' or another --config FILE, see cmigrate-config(5)");
	if (config->n_hosts < n)
		return err_set(err, EXIT_USAGE, "the configuration has no other host");
	return 0;
}

int config_check_fenced(const struct config *config, const struct argv *names, struct err *err)
{
	for (size_t i = 0; i < names->n; i++)
		if (!config_find(config, names->v[i]))
			return err_set(err, EXIT_USAGE,
				       "--fenced: no host '%s' in the configuration", names->v[i]);
	return 0;
}

void config_clear(struct config *c)
{
	for (size_t i = 0; i < c->n_hosts; i++) {
		free(c->hosts[i].name);
		free(c->hosts[i].ssh);
		free(c->hosts[i].device);
		free(c->hosts[i].memory);
		free(c->hosts[i].agent);
		free(c->hosts[i].migration_address);
	}
	free(c->hosts);
	free(c->bundle_root);
	free(c->metrics);
	free(c->ssh_user);
	free(c->strategy);
	free(c->transport);
	free(c->encrypt);
	free(c->if_slow);
	free(c->rebalance_by);
	argv_clear(&c->ssh_options);
	argv_clear(&c->hook_pre_move);
	argv_clear(&c->hook_post_move);
	argv_clear(&c->hook_fence);
	memset(c, 0, sizeof(*c));
}

const struct config_host *config_find(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_hosts; i++)
		if (strcmp(config->hosts[i].name, name) == 0)
			return &config->hosts[i];
	return NULL;
}

char *config_here(const struct config *config)
{
	for (size_t i = 0; i < config->n_hosts; i++)
		if (this_host_is(config->hosts[i].name, config->hosts[i].ssh))
			return str_dup(config->hosts[i].name);
	return this_host_name();
}

static int unknown_host(const struct config *config, const char *name, struct err *err)
{
	struct buf known = {0};

	for (size_t i = 0; i < config->n_hosts; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", config->hosts[i].name);
	(void)err_set(err, EXIT_USAGE, "unknown host '%s'; the configuration has %s", name,
		      buf_str(&known));
	buf_clear(&known);
	return -1;
}

struct host *config_host(const struct config *config, const char *name, const struct events *events,
			 struct err *err)
{
	const struct config_host *row = config_find(config, name);
	CLEANUP_FREE char *dest = NULL;

	if (name_check_host(name, err) < 0)
		return NULL;
	bool here = this_host_is(name, row ? row->ssh : NULL);
	if (config->n_hosts && !row && !here) {
		(void)unknown_host(config, name, err);
		return NULL;
	}
	if (!here) {
		const char *target = row && row->ssh ? row->ssh : name;
		dest = config->ssh_user && !strchr(target, '@')
			       ? str_fmt("%s@%s", config->ssh_user, target)
			       : str_dup(target);
	}
	struct host *h = host_new(name, dest, &config->ssh_options, events);
	h->device = str_dup(row ? row->device : NULL);
	h->agent = str_dup(row ? row->agent : NULL);
	h->migration_address = str_dup(row ? row->migration_address : NULL);
	h->root = str_dup(config->bundle_root);
	return h;
}
