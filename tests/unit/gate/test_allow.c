/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/host/script.h"
#include "gate/allow.h"

#define ROOT "/runc/containers"
#define WEB ROOT "/web"
#define ID "20260102T030405-0a1b2c3d"
#define OTHER_ID "20260102T030405-ffffffff"
#define IMAGES WEB "/.cmigrate/images-" ID
#define CONF "CRIU_CONFIG_FILE=/run/cmigrate/web/criu.conf"
#define CHECKPOINT                                                                                 \
	"(dump) web " IMAGES " runc checkpoint --image-path " IMAGES                               \
	" --work-path /run/cmigrate/web "
#define RESTORE                                                                                    \
	"(restore) /run/cmigrate/web " IMAGES " runc restore --detach --bundle " WEB               \
	" --image-path " IMAGES " --work-path /run/cmigrate/web "

#define ROW(...)                                                                                   \
	{                                                                                          \
		.words = __VA_ARGS__                                                               \
	}

struct row {
	const char *words; /* "(script) ARGUMENTS" or words, separated by blanks; '~' is a blank */
	const char *env, *log, *input;
	bool takes_over;
};

static void add_words(struct argv *a, const char *text)
{
	CLEANUP_FREE char *copy = str_dup(text);
	char *save = NULL;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		for (char *c = w; *c; c++)
			if (*c == '~')
				*c = ' ';
		argv_add(a, strcmp(w, "''") == 0 ? "" : w);
	}
}

static void make_line(const struct row *row, struct wire_line *line)
{
	const char *words = row->words;

	if (*words == '(') {
		CLEANUP_FREE char *name = str_dupn(words + 1, strcspn(words, ")") - 1);
		const struct script *script = script_find(name);
		argv_addl(&line->argv, "sh", "-c", script ? script->text : "id", name, NULL);
		words += strlen(name) + 2;
	}
	add_words(&line->argv, words);
	add_words(&line->env, row->env ? row->env : "");
	line->log = str_dup(row->log);
	line->input = str_dup(row->input);
	line->takes_over = row->takes_over;
}

static int ask(const struct row *row, struct err *err)
{
	CLEANUP_WIRE_LINE struct wire_line line = {.takes_over = false};

	make_line(row, &line);
	return allow_line(&line, ROOT, err);
}

static void let_in(void **state)
{
	static const struct row rows[] = {
		ROW("true"),
		ROW("test -d " ROOT),
		ROW("test -d " WEB),
		ROW("test -e " IMAGES),
		ROW("test -e " WEB "/checkpoint"),
		ROW("(list)"),
		ROW("(list) addresses"),
		ROW("(facts) web " WEB " " ID " source strategy=auto peer=rhel02"),
		ROW("(facts) web " WEB " " ID
		    " destination strategy=post-copy peer=rhel01 address=192.0.2.1 "
		    "address=fd00::1 bind=/etc/a~b bind=/x "
		    "netns=/run/netns/x"),
		ROW("(facts) web " WEB " " ID
		    " destination strategy=cold transport=direct peer=rhel01"),
		ROW("(place) look '' 192.0.2.1/24@ 192.0.2.2/24@eth0"),
		ROW("(lock) " WEB "/.cmigrate pid~4~on~x 0a1b", .takes_over = true),
		ROW("(store) append " WEB "/.cmigrate journal", .input = "any;\nthing $(id)\n"),
		ROW("(prepare) source /run/cmigrate/web " IMAGES
		    " network-lock~skip ghost-limit~12"),
		ROW("(prepare) sender /run/cmigrate/web " IMAGES),
		ROW("(prepare) receiver /run/cmigrate/web " IMAGES " tcp-close"),
		ROW("(bundles) " ROOT " journal"),
		ROW("du -sk /runc/containers/web/checkpoint"),
		ROW("(images) " IMAGES " /runc/containers/web"),
		ROW("(images) " IMAGES " /runc/containers/web /run/cmigrate/web/pages"),
		ROW("(clean) /run/cmigrate/web '' keep"),
		ROW("(pass) 2 /run/cmigrate/web " IMAGES " web 192.0.2.2:27001", CONF),
		ROW(CHECKPOINT "--page-server 192.0.2.2:27001 web", CONF,
		    "/run/cmigrate/web/dump.out"),
		ROW("(restore) /run/cmigrate/web " IMAGES " runc restore --detach --bundle " WEB
		    " --image-path /run/cmigrate/web/pages --work-path /run/cmigrate/web web",
		    CONF " CMIGRATE_RESTORE=" ID, "/run/cmigrate/web/restore.out"),
		ROW("(freeze) web ''"),
		ROW("(store) read " WEB "/.cmigrate history"),
		ROW("(store) read " WEB "/.cmigrate lock"),
		ROW("(store) remove " WEB "/.cmigrate journal"),
		ROW("(erase) web CMIGRATE_RESTORE=" ID " " WEB " /run/cmigrate/web"),
		ROW("(guard) admit 0a1b2c3d 192.0.2.2 27001 192.0.2.1"),
		ROW("(address) up /proc/self/ns/net 192.0.2.1/24@eth0"),
		ROW("ping -q -c 1 -W 0.01 -I cm0a1b2c3d 192.0.2.1"),
		ROW("(await) " CONF),
		ROW("(await) CMIGRATE_RESTORE=" ID),
		ROW("(tmpfs) save /run/cmigrate/web " IMAGES " web"),
		ROW("(refill) /run/cmigrate/web " IMAGES),
		ROW("(readahead) " IMAGES " 3"),
		ROW("(clean) /run/cmigrate/web ''"),
		ROW("(clean) /run/cmigrate/web " WEB "/checkpoint"),
		ROW(CHECKPOINT "web", CONF, "/run/cmigrate/web/dump.out"),
		ROW(CHECKPOINT "--shell-job --tcp-established --link-remap web", CONF,
		    "/run/cmigrate/web/dump.out"),
		ROW(RESTORE "--tcp-established web", CONF " CMIGRATE_RESTORE=" ID,
		    "/run/cmigrate/web/restore.out"),
		ROW("(fence) " ID " CMIGRATE_MOVE=" ID),
		ROW("grep -a -m 400 -e Error~( /run/cmigrate/web/dump.log"),
		ROW("(address) down '' 192.0.2.1/24@"),
		ROW("(fence) " ID " CMIGRATE_RECOVER=" ID ".123456"),
		ROW("(address) up '' 192.0.2.1/24@eth0 fd00::1/64@eth0.5"),
		ROW("(hold) set 0a1b2c3d /run/netns/x 192.0.2.1/24@eth0"),
		ROW("(bounce) set 0a1b2c3d '' 192.0.2.1/24@eth0,192.0.2.9 "
		    "fd00::1/64@eth0.5,fd00::9"),
		ROW("ip -force -batch -", .input = "addr del 192.0.2.1/24 dev eth0\n"
						   "addr del fd00::1/64 dev eth0\n"),
		ROW("nsenter --net=/run/netns/x -- ping -q -c 1 -W 0.01 -I cm0a1b2c3d 192.0.2.1"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = ERR_INIT;
		if (ask(&rows[i], &err) < 0)
			fail_msg("%s: %s", rows[i].words, err.msg);
	}
}

static int nft(const char *text, struct err *err)
{
	CLEANUP_WIRE_LINE struct wire_line line = {.takes_over = false};

	argv_addl(&line.argv, "nft", text, NULL);
	return allow_line(&line, ROOT, err);
}

#define ELEMENT(set, ip) "add element netdev cmigrate_0a1b2c3d " set " { " ip " };"

static void nft_commands(void **state)
{
	static const char *const bad[] = {
		"",
		"flush ruleset",
		ELEMENT("all4", "192.0.2.1") " flush ruleset",
		ELEMENT("all4", "192.0.2.1") "\nflush ruleset",
		ELEMENT("all4", "192.0.2.1, 192.0.2.2"),
		ELEMENT("all4", "0.0.0.0/0"),
		ELEMENT("all5", "192.0.2.1"),
		"include \"/etc/shadow\"",
		"add element netdev filter all4 { 192.0.2.1 };",
	};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(nft(ELEMENT("all4", "192.0.2.1"), &err), 0);
	assert_int_equal(nft(ELEMENT("all4", "192.0.2.1") ELEMENT("all6", "fd00::1"), &err), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (nft(bad[i], &err) == 0)
			fail_msg("%s", bad[i]);
}

/* Each of these would do more than cmigrate does. */
static void kept_out(void **state)
{
	static const struct row rows[] = {
		ROW("id"),
		ROW("true x"),
		ROW("sh"),
		ROW("sh -c id"),
		ROW("sh -c id x"),
		ROW("env id"),
		ROW("nsenter id"),
		ROW("(nothing)"),
		ROW("runc exec web id"),
		ROW("runc state"),
		ROW("runc state ../x"),
		ROW("runc state -h"),
		ROW("runc state ''"),
		ROW("runc --root /x state web"),
		ROW("test -d /etc"),
		ROW("test -d " ROOT "/"),
		ROW("test -d " ROOT "/.."),
		ROW("test -d " ROOT "/web/.."),
		ROW("test -d " ROOT "/../x"),
		ROW("test -d " ROOT "/web/rootfs"),
		ROW("test -d " ROOT "x"),
		ROW("test -d " ROOT "//web"),
		ROW("test -e /etc/shadow"),
		ROW("head -c 1048577 /etc/shadow"),
		ROW("head -c 1048577 " WEB "/rootfs/etc/shadow"),
		ROW("head -c 1048577 " WEB "/config.json /etc/shadow"),
		ROW("(bundles) / journal"),
		ROW("(bundles) " ROOT " config.json"),
		ROW("rm -f -- " WEB "/config.json"),
		ROW("rm -rf -- " WEB "/.cmigrate/proof-" ID),
		ROW("rm -f -- " WEB "/.cmigrate/proof-" ID " /etc/passwd"),
		ROW("rm -f -- " WEB "/.cmigrate/proof-../../config.json"),
		ROW("sync -f /"),
		ROW("tail -n 400 /etc/shadow"),
		ROW("grep -a -m 400 -e Error~( /run/cmigrate/web/x.log"),
		/* The environment, input or log of another command. */
		ROW("true", "LD_PRELOAD=/x"),
		ROW("true", .log = "/etc/passwd"),
		ROW("true", .input = "x\n"),
		ROW("true", .takes_over = true),
		ROW("(lock) " WEB "/.cmigrate x 0a1b"),
		ROW("(lock) /etc x 0a1b", .takes_over = true),
		ROW(CHECKPOINT "web", "CRIU_CONFIG_FILE=/tmp/x", "/run/cmigrate/web/dump.out"),
		ROW(CHECKPOINT "web", CONF " PATH=/tmp", "/run/cmigrate/web/dump.out"),
		ROW(CHECKPOINT "web", NULL, "/run/cmigrate/web/dump.out"),
		ROW(CHECKPOINT "web", CONF, "/etc/cron.d/x"),
		ROW(CHECKPOINT "web", CONF, "/run/cmigrate/web/criu.conf"),
		ROW(CHECKPOINT "web", CONF),
		ROW(CHECKPOINT "--criu /tmp/x web", CONF, "/run/cmigrate/web/dump.out"),
		/* Two containers, or two moves. */
		ROW(CHECKPOINT "db", CONF, "/run/cmigrate/web/dump.out"),
		ROW(CHECKPOINT "web", "CRIU_CONFIG_FILE=/run/cmigrate/db/criu.conf",
		    "/run/cmigrate/web/dump.out"),
		ROW(RESTORE "web", CONF " CMIGRATE_RESTORE=" OTHER_ID,
		    "/run/cmigrate/web/restore.out"),
		ROW("(restore) /run/cmigrate/web " IMAGES " sh -c id", CONF " CMIGRATE_RESTORE=" ID,
		    "/run/cmigrate/web/restore.out"),
		ROW("(tmpfs) save /run/cmigrate/web " IMAGES " db"),
		ROW("(refill) /run/cmigrate/web /etc"),
		ROW("(readahead) /etc 1"),
		ROW("(readahead) " IMAGES " ../1"),
		ROW("(facts) db " WEB " " ID " source strategy=auto peer=rhel02"),
		ROW("(facts) web " WEB " " ID " source strategy=auto peer=-x"),
		ROW("(fence) " ID " CMIGRATE_MOVE=" OTHER_ID),
		ROW("(fence) " ID " PATH=/bin"),
		ROW("(fence) .* CMIGRATE_MOVE=" ID),
		/* Programs that CRIU or the gate would execute. */
		ROW("(prepare) source /run/cmigrate/web " IMAGES " action-script~/tmp/x"),
		ROW("(prepare) source /run/cmigrate/web " IMAGES
		    " tcp-close\naction-script~/tmp/x"),
		ROW("(prepare) source /run/cmigrate/web " IMAGES " plugin-dir~/tmp"),
		ROW("(prepare) source /run/cmigrate/web/x " IMAGES),
		ROW("(store) replace " WEB "/.cmigrate images-" ID ".gate", .input = "#!/bin/sh\n"),
		ROW("(store) replace " WEB "/.cmigrate ../config.json", .input = "{}\n"),
		ROW("(store) replace " WEB "/.cmigrate x/y", .input = "{}\n"),
		ROW("(store) replace " WEB " journal", .input = "{}\n"),
		ROW("(store) replace " WEB "/.cmigrate journal"),
		ROW("(store) read " WEB "/.cmigrate config.json"),
		ROW("(prepare) source /run/cmigrate/web " IMAGES " tcp-close\n"),
		ROW("(prepare) source /run/cmigrate/web " IMAGES " /etc/passwd"),
		/* No container of this name runs here, so it has no freezer. */
		ROW("(freeze) web /sys/fs/cgroup/freezer/system.slice/freezer.state"),
		ROW("(freeze) system.slice /sys/fs/cgroup/system.slice/cgroup.freeze"),
		ROW("(freeze) web /etc/freezer.state"),
		ROW("rm -f /run/cmigrate/web/criu.conf /run/cmigrate/web/restore.out"),
		ROW("dd if=/etc/shadow of=/run/cmigrate/web/parked.conf oflag=nonblock "
		    "conv=notrunc "
		    "status=none"),
		ROW("cat /run/runc/../x/state.json"),
		/* Memory straight to the destination. */
		ROW("(facts) web " WEB " " ID " source strategy=cold transport=x peer=rhel01"),
		ROW("(images) " IMAGES " /etc"),
		ROW("(images) " IMAGES " /runc/containers/web /etc"),
		ROW("(clean) /run/cmigrate/web " IMAGES " keep"),
		ROW("(clean) /run '' keep"),
		ROW("(pass) 2 /run/cmigrate/web " IMAGES " web --criu", CONF),
		/* Ports of other programs. */
		ROW("(pass) 2 /run/cmigrate/web " IMAGES " web 192.0.2.2:443", CONF),
		ROW("(guard) admit 0a1b2c3d 192.0.2.2 22 192.0.2.1"),
		/* The lock may be held, never written or removed. */
		ROW("(store) replace " WEB "/.cmigrate lock", .input = "x\n"),
		ROW("(store) append " WEB "/.cmigrate lock", .input = "x\n"),
		ROW("(store) remove " WEB "/.cmigrate lock"),
		/* Opening a device may have effects. */
		ROW("(address) up /dev/null 192.0.2.1/24@eth0"),
		ROW("nsenter --net=/dev/null -- ping -q -c 1 -W 0.01 -I cm0a1b2c3d 192.0.2.1"),
		ROW("-- ping -q -c 1 -W 0.01 -I cm0a1b2c3d 192.0.2.1"),
		ROW("nsenter ping -q -c 1 -W 0.01 -I cm0a1b2c3d 192.0.2.1"),
		ROW("(restore) /run/cmigrate/web " IMAGES " runc restore --detach --bundle " WEB
		    " --image-path /tmp/pages --work-path /run/cmigrate/web web",
		    CONF " CMIGRATE_RESTORE=" ID, "/run/cmigrate/web/restore.out"),
		/* Removals. */
		ROW("(clean) /run ''"),
		ROW("(clean) /run/cmigrate/.. ''"),
		ROW("(clean) /run/cmigrate/web /"),
		ROW("(clean) /run/cmigrate/web " WEB),
		ROW("(clean) /run/cmigrate/web " WEB "/.cmigrate/images-.."),
		ROW("(clean) /run/cmigrate/web " ROOT "/db/checkpoint"),
		ROW("(logs) /run/cmigrate/web /etc"),
		ROW("(erase) web PATH=/usr/bin:/bin"),
		ROW("(erase) * CMIGRATE_RESTORE=" ID),
		ROW("(await) PATH=/bin"),
		ROW("(verdict) /run/cmigrate/web ;reboot"),
		ROW("(end) web;reboot 1"),
		ROW("(end) web 1;reboot"),
		ROW("(end) web -1"),
		ROW("(run) web /tmp/evil"),
		ROW("(run) web " ROOT "/db"),
		/* The network. */
		ROW("(address) flush '' 192.0.2.1/24@eth0"),
		ROW("(address) up '' 192.0.2.1/24@eth0;reboot"),
		ROW("(address) up '' 192.0.2.1/24@../x"),
		ROW("(address) up '' 192.0.2.1/24@.."),
		ROW("(address) up '' 192.0.2.1/24@"),
		ROW("(address) up '' 192.0.2.01/24@eth0"),
		ROW("(address) up '' 192.0.2.1@eth0"),
		ROW("(address) up netns 192.0.2.1/24@eth0"),
		ROW("(address) up /run/../x 192.0.2.1/24@eth0"),
		ROW("(hold) queue 0a1b2c3d '' 192.0.2.1/24@eth0"),
		ROW("(hold) set 0a1b2c3d; '' 192.0.2.1/24@eth0"),
		ROW("(hold) set ../../x '' 192.0.2.1/24@eth0"),
		ROW("(hold) set 0a1b2c3d a[0] 192.0.2.1/24@eth0"),
		ROW("(bounce) set 0a1b2c3d '' 192.0.2.1/24@eth0,192.0.2.9~counter"),
		ROW("(bounce) set 0a1b2c3d '' 192.0.2.1/24@eth0,"),
		ROW("(bounce) set 0a1b2c3d '' 192.0.2.1/24@eth0"),
		ROW("ip -force -batch -", .input = "link del eth0\n"),
		ROW("ip -force -batch -", .input = "netns exec x id\n"),
		ROW("ip -force -batch -",
		    .input = "addr del 192.0.2.1/24 dev eth0\nlink del eth0\n"),
		ROW("ip -force -batch -", .input = "addr del 192.0.2.1/24 dev eth0"),
		ROW("ip -force -batch -"),
		ROW("ip -force -batch /etc/shadow"),
		ROW("ip link del eth0"),
		ROW("tc qdisc del dev eth0 root"),
		ROW("tc qdisc change dev eth0 root plug release_indefinite"),
		ROW("ping -f 192.0.2.1"),
		ROW("nsenter --net=/run/netns/x -- sh"),
		ROW("nsenter --target=1 -- nft flush"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err err = ERR_INIT;
		if (ask(&rows[i], &err) == 0)
			fail_msg("let in: %s", rows[i].words);
		assert_int_equal(err.code, EXIT_REFUSED);
		assert_true(str_starts(err.msg, "refused "));
		assert_null(strchr(err.msg, '\n'));
	}
}

/* A known name with another text. */
static void altered_scripts(void **state)
{
	CLEANUP_FREE char *more = str_fmt("%sid\n", script_state.text);
	CLEANUP_FREE char *less = str_dupn(script_state.text, strlen(script_state.text) - 1);
	const char *const texts[] = {more, less, "", "id", script_list.text};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		CLEANUP_WIRE_LINE struct wire_line line = {.takes_over = false};
		struct err err = ERR_INIT;
		argv_addl(&line.argv, "sh", "-c", texts[i], "state", "web", NULL);
		assert_int_equal(allow_line(&line, ROOT, &err), -1);
		assert_string_equal(
			err.msg,
			"refused (state) web: the script's text differs from the one here");
	}
}

/* Without a row, a script can't run on a host that has a gate-keeper; each script has a row. */
static void every_script_has_a_row(void **state)
{
	(void)state;
	for (const struct script *const *s = scripts; *s; s++) {
		CLEANUP_FREE char *start = str_fmt("(%s)", (*s)->name);
		const struct allow_row *row = allow_rows;
		while (row->words && !str_starts(row->words, start))
			row++;
		if (!row->words)
			fail_msg("src/gate/allow_table.c has no row for src/scripts/%s.sh",
				 (*s)->name);
		assert_ptr_equal(script_find((*s)->name), *s);
	}
	for (const struct allow_row *row = allow_rows; row->words; row++) {
		if (*row->words != '(')
			continue;
		CLEANUP_FREE char *name = str_dupn(row->words + 1, strcspn(row->words, ")") - 1);
		if (!script_find(name))
			fail_msg("src/gate/allow_table.c: no src/scripts/%s.sh", name);
	}
}

/* Too many words, or patterns in one word, are refused before the stack ends. */
static void bounded(void **state)
{
	CLEANUP_WIRE_LINE struct wire_line words = {.takes_over = false},
					   input = {.takes_over = false};
	CLEANUP_BUF struct buf text = {0};
	struct err err = ERR_INIT;

	(void)state;
	argv_addl(&words.argv, "sh", "-c", script_address.text, "address", "up", "", NULL);
	argv_addl(&input.argv, "ip", "-force", "-batch", "-", NULL);
	for (int i = 0; i < 2000; i++)
		argv_add(&words.argv, "192.0.2.1/24@eth0");
	for (int i = 0; i < 100000; i++)
		buf_puts(&text, "addr del 192.0.2.1/24 dev eth0\n");
	input.input = str_dup(text.s);
	assert_int_equal(allow_line(&words, ROOT, &err), -1);
	assert_int_equal(allow_line(&input, ROOT, &err), -1);
}

static void session(void **state)
{
	static const char *const good[] = {
		"exec env CMIGRATE_VERSION=0.1.0 sh",
		"exec env CMIGRATE_VERSION=0.2.0-rc1 CMIGRATE_MOVE=" ID " sh",
		"exec env CMIGRATE_VERSION=0.1.0 CMIGRATE_RECOVER=" ID ".12 sh",
	};
	static const char *const bad[] = {
		"id",
		"exec sh",
		"exec env sh",
		"sh",
		"exec env CMIGRATE_VERSION=0.1.0 sh -c id",
		"exec env CMIGRATE_VERSION=0.1.0 bash",
		"exec env CMIGRATE_VERSION=0.1.0 PATH=/tmp sh",
		"exec env LD_PRELOAD=/tmp/x CMIGRATE_VERSION=0.1.0 sh",
		"exec env CMIGRATE_VERSION=0.1.0_x sh",
		"/usr/lib/openssh/sftp-server",
		"internal-sftp",
		"scp -t /etc",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		CLEANUP_ARGV struct argv a = {0};
		struct err err = ERR_INIT;
		assert_int_equal(wire_words(good[i], &a, &err), 0);
		if (allow_command(&a, ROOT, &err) < 0)
			fail_msg("%s: %s", good[i], err.msg);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CLEANUP_ARGV struct argv a = {0};
		struct err err = ERR_INIT;
		assert_int_equal(wire_words(bad[i], &a, &err), 0);
		if (allow_command(&a, ROOT, &err) == 0)
			fail_msg("let in: %s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(let_in),
		cmocka_unit_test(nft_commands),
		cmocka_unit_test(kept_out),
		cmocka_unit_test(altered_scripts),
		cmocka_unit_test(every_script_has_a_row),
		cmocka_unit_test(bounded),
		cmocka_unit_test(session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
