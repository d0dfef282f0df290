/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/check/memory_left.h"
#include "cmigrate/check/preflight.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define ID "0123456789abcdef"
#define BOOT "447087ac-584d-46c7-900a-71880b4a2def"
#define TOOLS "tool=ip\ntool=tar\n"

/* What two hosts answered before a move that went well, shortened. */
#define COMMON                                                                                     \
	"runc=1.3.6+ds1\ncriu=4.2.1\ncriu-config=\nuid=0\nkernel=6.18.44-cloud-amd64\n"            \
	"machine=x86_64\n" TOOLS "tool=nft\nifb=yes\n"                                             \
	"cpu=fpu vme de tsc cx8 apic cmov clflush mmx fxsr sse sse2 ht syscall nx rdtscp lm pni "  \
	"ssse3 fma avx avx2 bmi1\n"                                                                \
	"memory-available=24433950720\ncgroup=tmpfs\nspace=84760395776\n"                          \
	"bundle-path=/runc/containers/web\nconfig-sum=72809950 1804\nproof=" ID "\n"               \
	"proof-owner=0\nlisten=0.0.0.0:22\nlisten=[::]:22\ncomplete=yes\n"

/* Each has the address that the other one knows. */
#define PEERS1 "peer=192.0.2.2\npeer-from=192.0.2.1\n"
#define PEERS2 "peer=192.0.2.1\npeer-from=192.0.2.2\n"

#define LO                                                                                         \
	"{\"ifindex\":1,\"ifname\":\"lo\",\"flags\":[\"LOOPBACK\",\"UP\",\"LOWER_UP\"],"           \
	"\"address\":\"00:00:00:00:00:00\",\"addr_info\":[{\"family\":\"inet\",\"local\":"         \
	"\"127.0.0.1\",\"prefixlen\":8}]}"
#define ETH0(mac, flags, addresses)                                                                \
	"{\"ifindex\":2,\"link_index\":4,\"ifname\":\"eth0\",\"flags\":[" flags                    \
	"],\"mtu\":1500,\"link_type\":\"ether\",\"address\":\"" mac "\",\"addr_info\":[" addresses \
	"]}"
#define INET(ip, prefix)                                                                           \
	"{\"family\":\"inet\",\"local\":\"" ip "\",\"prefixlen\":" prefix ",\"scope\":\"global\"}"
#define UP "\"BROADCAST\",\"MULTICAST\",\"UP\",\"LOWER_UP\""
#define MAC1 "02:00:0a:63:00:01"
#define MAC2 "02:00:0a:63:00:02"
#define STATE(status)                                                                              \
	"{  \"ociVersion\": \"1.2.1\",  \"id\": \"web\",  \"pid\": 340,  \"status\": \"" status    \
	"\",  \"bundle\": \"/runc/containers/web\",  \"rootfs\": \"/runc/rootfs\"}"

static const char source_base[] = COMMON
	"identity=" BOOT " pid:[4026532770] net:[4026532618]\n"
	"addr=[" LO
	"," ETH0(MAC1, UP,
		 INET("10.99.0.1", "24") "," INET(
			 "10.99.0.100",
			 "24")) "]\n"
				"route=[{\"type\":\"local\",\"dst\":\"10.99.0.100\",\"dev\":\"lo\"}"
				"]\n"
				"state=" STATE("running") "\n"
							  "container-listen=*:80\nmemory=2994176\n";

static const char destination_base[] = COMMON
	"identity=" BOOT " pid:[4026532775] net:[4026532689]\n"
	"addr=[" LO
	"," ETH0(MAC2, UP, INET("10.99.0.2", "24")) "]\n"
						    "route=[{\"dst\":\"10.99.0.100\",\"dev\":"
						    "\"eth0\",\"prefsrc\":\"10.99.0.2\"}]\n"
						    "owner=10.99.0.100 02:00:0A:63:00:01\nstate=\n";

struct fixture {
	struct bundle bundle;
	struct facts source, destination;
	struct preflight p;
	struct check_results results;
	struct err err;
};

/* Does a text of lines say anything of the key that the line begins with? */
static bool has_key(const char *text, const char *line)
{
	size_t len = strcspn(line, "=") + 1;

	for (; text && *text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL)
		if (strncmp(text, line, len) == 0)
			return true;
	return false;
}

/* The base, with the rows of every key in `changes` replaced by those. */
static void make_facts(struct facts *facts, const char *base, const char *changes)
{
	CLEANUP_BUF struct buf text = {0};

	for (const char *line = base; *line; line = strchr(line, '\n') + 1)
		if (!has_key(changes, line))
			buf_add(&text, line, strcspn(line, "\n") + 1);
	buf_puts(&text, changes ? changes : "");
	facts_parse(facts, buf_str(&text));
}

static void set_up(struct fixture *x, const char *source, const char *destination)
{
	memset(x, 0, sizeof(*x));
	assert_int_equal(bundle_init(&x->bundle, "/runc/containers", "web", &x->err), 0);
	assert_int_equal(bundle_add_addresses(&x->bundle, "10.99.0.100", &x->err), 0);
	x->bundle.host_network = true;
	make_facts(&x->source, source_base, source);
	make_facts(&x->destination, destination_base, destination);
	x->p = (struct preflight){
		.bundle = &x->bundle,
		.id = ID,
		.source_name = "rhel01",
		.destination_name = "rhel02",
		.source = &x->source,
		.destination = &x->destination,
		.strategy = STRATEGY_COLD,
		.encrypt = ENCRYPT_IF_POSSIBLE,
		.tcp_established = true,
		.destination_room = ROOM_UNLIMITED,
	};
}

static void run(struct fixture *x)
{
	assert_int_equal(preflight_addresses(&x->p, &x->err), 0);
	preflight_run(&x->p, &x->results);
}

static void tear_down(struct fixture *x)
{
	check_results_clear(&x->results);
	argv_clear(&x->p.skip);
	bundle_clear(&x->bundle);
	facts_clear(&x->source);
	facts_clear(&x->destination);
}

static const struct check_result *result_of(const struct fixture *x, const char *id)
{
	for (size_t i = 0; i < x->results.n; i++)
		if (strcmp(x->results.rows[i].id, id) == 0)
			return &x->results.rows[i];
	fail_msg("no result of '%s'", id);
	return NULL;
}

static void set_rule(struct fixture *x, const char *hosts, const char *group)
{
	if ((hosts && place_rule_hosts(&x->bundle.rule, hosts, &x->err) < 0) ||
	    (group && place_rule_group(&x->bundle.rule, group, &x->err) < 0))
		fail_msg("%s", x->err.msg);
}

static void other_hosts(struct fixture *x)
{
	set_rule(x, "rhel01, rhel03", NULL);
}

static void not_there(struct fixture *x)
{
	set_rule(x, "!rhel02", NULL);
}

/* Another member of the container's group. */
static struct container member = {.name = (char *)"web2"};
static const struct containers members = {&member, 1};

static void spread_there(struct fixture *x)
{
	set_rule(x, NULL, "web:spread");
	member.host = (char *)"rhel02";
	x->p.members = &members;
}

static void together_elsewhere(struct fixture *x)
{
	set_rule(x, NULL, "web:together");
	member.host = (char *)"rhel03";
	x->p.members = &members;
}

static void spread_on_its_way(struct fixture *x)
{
	static struct container coming = {
		.name = (char *)"web2", .host = (char *)"rhel02", .in_move = true};
	static const struct containers all = {&coming, 1};

	set_rule(x, NULL, "web:spread");
	x->p.members = &all;
}

static void no_addresses(struct fixture *x)
{
	x->bundle.n_addresses = 0;
}

static void with_bind(struct fixture *x)
{
	argv_add(&x->bundle.binds, "/srv/www");
}

static void with_netns(struct fixture *x)
{
	x->bundle.netns = str_dup("/run/netns/web");
	x->bundle.host_network = false;
}

static void own_network(struct fixture *x)
{
	x->bundle.host_network = false;
}

static void with_terminal(struct fixture *x)
{
	x->bundle.terminal = true;
}

static void shell_job(struct fixture *x)
{
	x->bundle.terminal = true;
	x->p.shell_job = true;
}

static void flags(struct fixture *x)
{
	x->p.ext_unix_sk = x->p.link_remap = true;
	x->p.ghost_limit = 4 << 20;
}

static void closed(struct fixture *x)
{
	x->p.tcp_established = false;
}

static void silent(struct fixture *x)
{
	if (!x->bundle.endpoints.n)
		argv_add(&x->bundle.endpoints, "http://web/");
	x->p.endpoint_silence = "endpoint 'http://web/' does not answer: refused";
}

static void no_endpoints(struct fixture *x)
{
	argv_clear(&x->bundle.endpoints);
}

static void little_room(struct fixture *x)
{
	x->p.destination_room = 1 << 20;
}

static void direct(struct fixture *x)
{
	x->p.direct = true;
}

static void pre_copy(struct fixture *x)
{
	x->p.strategy = STRATEGY_PRE_COPY;
}

static void with_hooks(struct fixture *x)
{
	x->bundle.hooks = str_dup("prestart, poststart");
}

static void limited(struct fixture *x)
{
	x->bundle.memory_limit = 120 << 20;
	x->bundle.pids_limit = 6;
}

static void post_copy(struct fixture *x)
{
	x->p.strategy = STRATEGY_POST_COPY;
}

static void encrypted(struct fixture *x)
{
	x->p.encrypt = ENCRYPT_REQUIRED;
}

static void encrypted_checkpoint(struct fixture *x)
{
	encrypted(x);
	x->p.alone = true;
}

static void encrypted_direct(struct fixture *x)
{
	encrypted(x);
	direct(x);
}

static void encrypted_post_copy(struct fixture *x)
{
	encrypted(x);
	post_copy(x);
}

static void encrypted_hybrid(struct fixture *x)
{
	encrypted(x);
	x->p.strategy = STRATEGY_HYBRID;
}

static void in_clear(struct fixture *x)
{
	x->p.encrypt = ENCRYPT_OFF;
}

static void clear_direct(struct fixture *x)
{
	in_clear(x);
	direct(x);
}

static void clear_post_copy(struct fixture *x)
{
	in_clear(x);
	post_copy(x);
}

static void limited_post_copy(struct fixture *x)
{
	limited(x);
	post_copy(x);
}

static void post_copy_remap(struct fixture *x)
{
	x->p.strategy = STRATEGY_POST_COPY;
	x->p.link_remap = true;
}

static void on_v6(struct fixture *x)
{
	x->bundle.n_addresses = 0;
	assert_int_equal(bundle_add_addresses(&x->bundle, "fd99::100/128@eth0", &x->err), 0);
}

static void on_eth7(struct fixture *x)
{
	x->p.destination_device = "eth7";
}

#define DOWN_ADDR "addr=[" ETH0(MAC2, "\"BROADCAST\"", INET("10.99.0.2", "24")) "]\n"
#define THERE_ADDR "addr=[" ETH0(MAC2, UP, INET("10.99.0.100", "32")) "]\n"
#define V6_ADDR(deprecated)                                                                        \
	"addr=[" ETH0(MAC1, UP,                                                                    \
		      "{\"local\":\"fd99::100\",\"prefixlen\":128,\"deprecated\":" deprecated      \
		      "}") "]\n"

#define USED(way, look) "file=7 " way " " look " /a b\n"
#define THERE(look) "there=" look " /a b\n"

struct row {
	const char *id;
	const char *source, *destination; /* what they say otherwise */
	void (*change)(struct fixture *x);
	const char *message; /* a part of it */
	bool warning;
};

static const struct row failing[] = {
	{"facts", "complete=\n", NULL, NULL, "rhel01 did not tell all", false},
	{"facts", NULL, "complete=no\n", NULL, "rhel02 did not tell all", false},
	{"facts", NULL, "complete=no\nproblem=no state\n", NULL,
	 "rhel02 did not tell all about itself: no state", false},
	{"root", NULL, "uid=1000\n", NULL, "user id '1000' on rhel02, not root", false},
	{"root", "uid=\n", NULL, NULL, "user id '' on rhel01", false},
	{"source-is-destination", NULL, "identity=" BOOT " pid:[4026532770] net:[4026532618]\n",
	 NULL, "rhel01 and rhel02 are the same host", false},
	{"owner", "owner=pacemaker:web\n", NULL, NULL, "resource 'web' of the cluster has it",
	 false},
	{"cordon", NULL,
	 "cordon=rhel02 {\"host\":\"rhel02\",\"by\":\"ann@rhel03\",\"since\":\"2026\","
	 "\"reason\":\"new disk\"}\n",
	 NULL, "rhel02 is cordoned since 2026 by ann@rhel03: new disk", false},
	{"hosts", NULL, NULL, other_hosts,
	 "'web' may not be on rhel02: org.cmigrate.hosts is 'rhel01,rhel03'", false},
	{"hosts", NULL, NULL, not_there, "org.cmigrate.hosts is '!rhel02'", false},
	{"group", NULL, NULL, spread_there, "'web2' is on rhel02, and group 'web' is to be spread",
	 false},
	{"group", NULL, NULL, spread_on_its_way,
	 "a move of 'web2' to or from rhel02 is under way, and group 'web' is to be spread", false},
	{"group", NULL, NULL, together_elsewhere,
	 "'web2' is on rhel03, and group 'web' is to be together", false},
	{"tools", "tool=tar\n", NULL, NULL, "there is no 'ip' on rhel01", false},
	{"tools", NULL, "tool=ip\n", NULL, "there is no 'tar' on rhel02", false},
	{"tools", TOOLS, NULL, NULL, "there is no 'nft' on rhel01", false},
	{"tools", NULL, TOOLS, NULL, "there is no 'nft' on rhel02", false},
	{"container", "state=\n", NULL, NULL, "no container 'web' on rhel01", false},
	{"container", "state=[1]\n", NULL, NULL, "no container 'web' on rhel01", false},
	{"container", "state={\"status\":1}\n", NULL, NULL, "no container 'web' on rhel01", false},
	{"container", "state=" STATE("stopped") "\n", NULL, NULL,
	 "container 'web' on rhel01 is stopped, not running", false},
	{"container", "state=" STATE("paused") "\n", NULL, NULL, "is paused, not running", false},
	{"container", "state={\"status\":\"\\u001b[31m\\n\"}\n", NULL, NULL, "is ?[31m?, not",
	 false},
	{"container", "state={\"status\":\"running\",\"bundle\":\"/srv/web\"}\n", NULL, NULL,
	 "was started from '/srv/web', not from '/runc/containers/web'", false},
	{"runc", "runc=\n", NULL, NULL, "there is no runc on rhel01", false},
	{"runc", NULL, "runc=1.0.3\n", NULL, "runc on rhel02 is 1.0.3, older than 1.1", false},
	{"criu", NULL, "criu=\n", NULL, "there is no criu on rhel02", false},
	{"criu", "criu=3.14\n", NULL, NULL, "criu on rhel01 is 3.14, older than 3.15", false},
	{"bundle", NULL, "config-sum=\n", NULL,
	 "there is no '/runc/containers/web/config.json' on rhel02", false},
	{"bundle", "config-sum=1 2\n", NULL, NULL, "on rhel02 differs from the one on rhel01",
	 false},
	{"writable", NULL, "proof-owner=\n", NULL,
	 "rhel02 can't write in '/runc/containers/web/.cmigrate'", false},
	{"writable", "proof-owner=65534\n", NULL, NULL, "belongs to user id 65534", false},
	{"shared", NULL, "proof=\n", NULL,
	 "'/runc/containers/web' on rhel02 is not the directory that rhel01 has there", false},
	{"shared", NULL, "proof=" ID "0\n", NULL, "is not the directory", false},
	{"name", NULL, "state=" STATE("stopped") "\n", NULL,
	 "there is a container 'web' on rhel02 already: stopped", false},
	{"name", NULL, "state=garbage\n", NULL, "already: state unknown", false},
	{"machine", NULL, "machine=aarch64\n", NULL, "rhel01 is 'x86_64', but rhel02 is 'aarch64'",
	 false},
	{"cpu", NULL, "cpu=fpu tsc cx8 cmov clflush mmx fxsr sse sse2 rdtscp pni ssse3\n", NULL,
	 "the CPU of rhel02 lacks features that rhel01 has: fma avx avx2 bmi1", false},
	{"cpu", "cpu=a avx1 avx2 avx3 avx4 avx5 avx6 avx7 avx8 avx9\n", "cpu=\n", NULL,
	 "avx8 and 1 more", false},
	/* A part of another word is not the word. */
	{"cpu", "cpu=avx\n", "cpu=avx2 xavx\n", NULL, "has: avx", false},
	{"cpu", "machine=aarch64\ncpu=fp asimd sve\n", "machine=aarch64\ncpu=fp asimd\n", NULL,
	 "has: sve", false},
	{"cgroup", NULL, "cgroup=cgroup2fs\n", NULL,
	 "rhel01 has cgroup version 1, but rhel02 has version 2", false},
	{"criu-kernel", NULL, "criu=4.1.1\n", NULL,
	 "criu 4.1.1 on rhel02 can't dump sockets under kernel 6.18.44", false},
	{"criu-kernel", "criu=3.16\nkernel=5.13.0\n", NULL, NULL,
	 "criu 3.16 on rhel01 can't dump programs of glibc 2.35", true},
	{"criu-check", NULL, "criu-check=Error (criu/cr-check.c:1): no\n", NULL,
	 "'criu check' fails on rhel02: Error", true},
	{"criu-order", NULL, "criu=4.1.1\n", NULL, "criu 4.1.1 on rhel02 is older than 4.2.1",
	 true},
	{"criu-config", NULL, "criu-config=tcp-close \n", NULL, "runc.conf of rhel01 and rhel02",
	 true},
	{"gate", "criu=3.18\n", NULL, NULL, "criu 3.18 on rhel01 has no gate", true},
	{"pages", "criu=3.18\n", NULL, post_copy, "needs criu 3.19 or newer on rhel01", false},
	{"pages", NULL, NULL, clear_post_copy, "rhel01 does not know the address of rhel02", false},
	/* Another of its addresses, and one that moves. */
	{"pages", PEERS1, "peer=192.0.2.9\npeer-from=192.0.2.2\n", clear_post_copy,
	 "rhel01 and rhel02 don't know each other's address", false},
	{"pages", "peer=192.0.2.2\npeer-from=10.99.0.100\n",
	 "peer=10.99.0.100\npeer-from=192.0.2.2\n", clear_post_copy,
	 "rhel01 and rhel02 don't know each other's address", false},
	{"pages", PEERS1, PEERS2, post_copy, "criu on rhel02 can't use userfaultfd", false},
	{"pages", PEERS1, PEERS2 "uffd=yes\n", post_copy_remap, "exclude each other", false},
	{"pages", PEERS1 "pipe-max=1048576\n", PEERS2 "uffd=yes\n", post_copy,
	 "pipes on rhel01 are too small", false},
	{"encrypt", NULL, NULL, clear_direct, "in the clear from rhel01 to rhel02", true},
	{"encrypt", NULL, NULL, clear_post_copy, "in the clear from rhel01 to rhel02", true},
	{"encrypt", "in-clear=nfs4\n", NULL, encrypted, "which rhel01 has by nfs4 without", false},
	{"encrypt", "in-clear=nfs4\n", NULL, encrypted_checkpoint,
	 "without encryption; mount it with sec=krb5p or xprtsec=tls", false},
	{"encrypt", NULL, "in-clear=cifs\n", encrypted_hybrid, "which rhel02 has by cifs without",
	 false},
	{"encrypt", NULL, "in-clear=nfs4\n", encrypted_direct, "registers, buffers of sockets",
	 true},
	{"encrypt", NULL, "in-clear=nfs4\n", encrypted_post_copy, "registers, buffers of sockets",
	 true},
	{"space", "space=1048576\n", NULL, NULL, "has 1.0 MiB left, and the images may take 19 MiB",
	 false},
	{"space", "memory=1073741824\nspace=2000000000\n", NULL, pre_copy,
	 "the images may take 2.2 GiB", false},
	{"space", "space=\n", NULL, NULL, "has 0 bytes left", false},
	{"space", "memory=1073741824\nspace=1048576\n", NULL, direct, "the images may take 16 MiB",
	 false},
	{"space", "memory=99999999999999999999999\n", NULL, NULL, "memory on rhel01 is unknown",
	 false},
	{"memory", NULL, "memory-available=2994176\n", NULL,
	 "rhel02 has 2.9 MiB of memory left, and the container uses 2.9 MiB", false},
	{"memory", "memory=18446744073709551615\n", NULL, NULL, "memory on rhel01 is unknown",
	 false},
	{"memory", NULL, "memory-available=-1\n", NULL, "rhel02 has 0 bytes", false},
	{"memory", NULL, NULL, little_room,
	 "rhel02 has 1.0 MiB of memory left of what the configuration allows, and the container "
	 "uses 2.9 MiB",
	 false},
	{"memory-limit", "cgroup-memory=125829121\nprocesses=1\n", NULL, limited,
	 "config.json allows container 'web' 120 MiB of memory, and it uses 120 MiB", false},
	{"memory-limit", "cgroup-memory=125000000\nprocesses=1\n", NULL, limited,
	 "120 MiB of memory, it uses 119 MiB, and its restore may need 121 MiB", true},
	{"memory-limit", "cgroup-memory=110000000\nmemory=330000000\nprocesses=3\n", NULL,
	 limited_post_copy,
	 "limited to 120 MiB of memory, and with post-copy its 3 processes may need 321 MiB",
	 false},
	{"memory-limit", "memory-max=33554432\nmemory=33000000\nprocesses=2\n", NULL, post_copy,
	 "container 'web' is limited to 32 MiB of memory, and with post-copy its 2 processes may "
	 "need 35 MiB",
	 false},
	{"limits", "limit=cpuset.cpus 0-1,7\n", "cpus=0-3\n", NULL,
	 "container 'web' on rhel01 has a limit that can't be set on rhel02, which has CPUs 0-3: "
	 "cpuset.cpus 0-1,7",
	 true},
	{"limits", "limit=cpuset.cpus 0\nlimit=cpuset.mems 1\n", "cpus=0-3\nnodes=0\n", NULL,
	 "which has memory nodes 0: cpuset.mems 1", true},
	{"pids-limit", "processes=1\nthreads=5\n", NULL, limited,
	 "config.json allows container 'web' 6 processes and threads, and its restore needs 7",
	 false},
	{"pids-limit", "processes=4\nthreads=4\n", NULL, limited,
	 "config.json allows container 'web' 6 processes and threads, and its restore needs 7",
	 false},
	{"binds", NULL, "missing-bind=/srv/www\n", with_bind, "there is no '/srv/www' on rhel02",
	 false},
	{"binds", NULL, "missing-bind=/a\nmissing-bind=/b\nmissing-bind=/c\n", with_bind,
	 "there is no '/a' on rhel02 to bind, nor 2 more", false},
	{"hooks", NULL, NULL, with_hooks,
	 "config.json of container 'web' has OCI hooks (prestart, poststart): rhel02 runs prestart "
	 "and createRuntime again, then rhel01 runs poststop, and nobody runs others",
	 true},
	{"binds", "bind-was=d /srv/www\n", "bind-is=f /srv/www\n", with_bind,
	 "'/srv/www' is a directory for container 'web' on rhel01, and a file on rhel02", false},
	{"binds", "bind-was=f /srv/www\n", "bind-is=d /srv/www\n", with_bind,
	 "'/srv/www' is a file for container 'web' on rhel01, and a directory on rhel02", false},
	{"mounts", "bind-deleted=/etc/resolv.conf\n", NULL, NULL,
	 "'/etc/resolv.conf' on rhel01, which container 'web' binds, has been removed or replaced",
	 false},
	{"mounts", "bind-other=/srv/www\n", NULL, NULL,
	 "'/srv/www' on rhel01, which container 'web' binds, has been removed or replaced", false},
	{"mounts", "mount-shared=/proc\n", NULL, NULL,
	 "container 'web' shares mounts with rhel01 that CRIU can't restore: /proc", false},
	{"mounts", "bind-renamed=/etc/resolv.conf\n", NULL, NULL,
	 "is another one since it started; after the move it has that of rhel02", true},
	{"mounts", "mount-received=/data/new\nmount-below=/x\nmount-copied=/y\n", NULL, NULL,
	 "container 'web' has a mount of rhel01 in it that config.json doesn't have: /data/new",
	 false},
	{"mounts", "mount-below=/data/new\n", NULL, NULL,
	 "has a mount of rhel01 in it that config.json doesn't have: /data/new", false},
	{"mounts", "mount-copied=/data/new\n", NULL, NULL,
	 "container 'web' gets a copy of its own of a tmpfs of rhel01: /data/new", true},
	{"files", USED("r 5", "100640 10 1000 0 -"), "absent=/a b\n", NULL,
	 "in container 'web' on rhel01 process 7 has open '/a b', and rhel02 has no such file",
	 false},
	{"files", USED("r -2", "40755 10 1000 0 -"), "absent=/a b\n", NULL,
	 "process 7 is in '/a b', and rhel02 has no such directory", false},
	{"files", USED("r -1", "100640 10 1000 0 -"), THERE("100640 11 1000 0 -"), NULL,
	 "process 7 has mapped '/a b', which is of another size on rhel02", false},
	{"files", USED("r -1", "100640 10 1000 0 0a"), THERE("100640 10 1000 0 0b"), NULL,
	 "which is of another build on rhel02", false},
	{"files", USED("r 5", "100640 10 1000 0 -"), THERE("100600 10 1000 0 -"), NULL,
	 "process 7 has open '/a b', which is of another mode on rhel02", false},
	{"files", USED("r -2", "40755 10 1000 0 -"), THERE("100755 10 1000 0 -"), NULL,
	 "which is of another type on rhel02", false},
	{"files", USED("w 5", "100640 10 1000 0 -"), THERE("100640 10 1001 0 -"), NULL,
	 "which is another one on rhel02", false},
	{"files", USED("w 5", "100640 10 1000 0 -"), THERE("100640 0 1000 0 -"), NULL,
	 "which is of another size on rhel02", false},
	{"files", USED("w 5", "100640 10 1000 7 -"), THERE("100640 10 1001 8 -"), NULL,
	 "which is another one on rhel02", false},
	{"fifos", "fifo=process 7, descriptor 5, /a, with process 9 (cat)\n", NULL, NULL,
	 "whose other end is outside of it, and stays there: process 7, descriptor 5, /a, with "
	 "process 9 (cat)",
	 true},
	{"netns", NULL, "missing-netns=/run/netns/web\n", with_netns,
	 "there is no network namespace '/run/netns/web' on rhel02", false},
	{"ports", NULL, "listen=0.0.0.0:80\n", NULL, "port 80 is in use on rhel02", false},
	{"ports", "container-listen-udp=0.0.0.0:53\n", "listen-udp=127.0.0.53%lo:53\n", NULL,
	 "UDP port 53 is in use on rhel02", false},
	{"device", NULL, NULL, on_eth7, "there is no device 'eth7' on rhel02 for 10.99.0.100",
	 false},
	{"device", NULL, DOWN_ADDR, NULL, "device 'eth0' on rhel02 is down", false},
	{"device", NULL, "addr={}\n", NULL, "there is no device 'eth0' on rhel02", false},
	{"device", "addr=\n", "addr=[]\nroute=\n", NULL,
	 "no device of rhel02 is in the network of 10.99.0.100", false},
	{"address", NULL, THERE_ADDR, NULL,
	 "service address 10.99.0.100 is on rhel02 already, on 'eth0'", false},
	{"address-source", "addr=[]\n", NULL, NULL, "service address 10.99.0.100 is not on rhel01",
	 true},
	{"address-in-use", NULL,
	 "owner=10.99.0.100 " MAC1 "\nowner=10.99.0.100 02:00:00:00:00:07\n", NULL,
	 "02:00:00:00:00:07 answers to rhel02 for service address 10.99.0.100", false},
	{"address-in-use", "addr=7\n", NULL, NULL, "answers to rhel02", false},
	{"address-preferred", V6_ADDR("false"), NULL, on_v6,
	 "rhel01 may use service address fd99::100 for connections of its own", true},
	{"connection", NULL, "ssh=10.99.0.100 4711 10.99.0.2 22\n", NULL,
	 "the ssh connection to rhel02 comes from service address 10.99.0.100", false},
	{"connection", "ssh=::ffff:10.99.0.9 4711 ::ffff:10.99.0.100 22\n", NULL, NULL,
	 "an ssh connection to rhel01 goes to service address 10.99.0.100", false},
	{"endpoint", NULL, NULL, silent, "'http://web/' does not answer: refused", true},
	{"packets", NULL, "ifb=\n", NULL, "rhel02 can't hold packets back, only drop them", true},
	{"terminal", NULL, NULL, with_terminal, "container 'web' on rhel01 was given a terminal",
	 false},
	{"terminal", "terminal=process 478, descriptor 0, /dev/pts/0\n", NULL, NULL,
	 "uses a terminal: process 478, descriptor 0, /dev/pts/0", false},
	{"stdio", "stdio=process 450, descriptor 1, /var/log/web.log\n", NULL, NULL,
	 "has a file of the host open: process 450, descriptor 1, /var/log/web.log", false},
	{"locks", "lock=process 425, FLOCK WRITE, /data/web.pid\n", NULL, NULL,
	 "container 'web' on rhel01 holds a lock on a file that others see: process 425, FLOCK "
	 "WRITE, /data/web.pid; its copy there ends before the restore",
	 true},
	{"locks", "lock=process 425, FLOCK WRITE, /data/web.pid\n", NULL, post_copy,
	 "with post-copy both copies would need a lock that container 'web' on rhel01 holds: "
	 "process 425, FLOCK WRITE, /data/web.pid",
	 false},
	{"sleep", "first-sleep=process 7, sleep 3600\n", NULL, NULL,
	 "a dump would end container 'web' on rhel01, which ends with a sleep: process 7, sleep "
	 "3600",
	 false},
	{"sleep", "sleep=process 8, sleep 1\n", NULL, NULL,
	 "a sleep in container 'web' on rhel01 ends early: process 8, sleep 1", true},
	{"sockets", "external=datagram reachable /dev/log, process 996 (a), descriptor 4\n",
	 "unix=datagram /dev/log\n", NULL,
	 "unix socket outside of it: datagram reachable /dev/log, process 996 (a), descriptor 4; "
	 "move it with --ext-unix-sk",
	 false},
	{"sockets", "external=datagram reachable /dev/log, process 996 (a), descriptor 4\n",
	 "unix=stream /dev/log\nunix=datagram /dev/log2\n", flags,
	 "nobody on rhel02 has the unix socket '/dev/log', to which container 'web' is connected: "
	 "datagram reachable /dev/log, process 996 (a), descriptor 4; start there the program",
	 false},
	{"sockets", "external=stream reachable /run/x, process 7 (a), descriptor 4\n",
	 "unix=stream /run/x\n", flags,
	 "outside of it, and criu can't move one half of it: stream reachable /run/x, process 7 "
	 "(a), descriptor 4; let the program close it",
	 false},
	{"sockets", "external=seqpacket unnamed -, process 7 (a), descriptor 4\n", NULL, NULL,
	 "and criu can't move one half of it: seqpacket", false},
	{"sockets", "external=datagram elsewhere /run/log, process 7 (a), descriptor 4\n",
	 "unix=datagram /run/log\n", flags,
	 "and criu can't find that one by its name: datagram elsewhere /run/log", false},
	{"sockets", "in-flight=closed before it was accepted, process 7 (a), descriptor 4\n", NULL,
	 NULL, "that criu can't dump: closed before it was accepted", false},
	{"abstract-names", "abstract=stream @x, process 7 (a), descriptor 4\n",
	 "unix=datagram @x\nunix=stream @x\n", NULL,
	 "an abstract unix socket of container 'web' is in use on rhel02: stream @x, process 7",
	 false},
	{"bound-addresses",
	 "bound=connection 10.99.0.1, 10.99.0.1:40000 to 10.99.0.9:80, process 7 (a), descriptor "
	 "4\n",
	 NULL, NULL,
	 "has a connection from an address that stays there: connection 10.99.0.1, 10.99.0.1:40000 "
	 "to 10.99.0.9:80, process 7 (a), descriptor 4; end that connection",
	 false},
	{"bound-addresses", "bound=receiver fe80::1, [fe80::1]:53, process 7 (a), descriptor 4\n",
	 NULL, NULL,
	 "has a socket bound to an address that stays there: receiver fe80::1, [fe80::1]:53",
	 false},
	{"bound-addresses", "bound=listener 10.99.0.1, 10.99.0.1:80, process 7 (a), descriptor 4\n",
	 "nonlocal-bind=ipv6\n", with_netns, "bound to an address that stays there: listener",
	 false},
	{"bound-addresses",
	 "bound=datagrams 10.99.0.1, 10.99.0.1:8 to 10.99.0.9:53, process 7 (a), descriptor 4\n",
	 "nonlocal-bind=ipv4\n", NULL, "bound to an address that stays there: datagrams", false},
	{"socket-devices", "bound-device=eth7, process 7 (a), descriptor 4\n", NULL, NULL,
	 "there is no device 'eth7' on rhel02, to which a socket of container 'web' is bound: eth7",
	 false},
	{"socket-devices", "packet-device=3 eth0, process 7 (a), descriptor 4\n", NULL, NULL,
	 "device 3 on rhel02 isn't 'eth0', to which a packet socket of container 'web' is bound",
	 false},
	{"conversations",
	 "left-behind=127.0.0.1:4 to 127.0.0.1:3306, process 7 (a), descriptor 4\n", NULL, NULL,
	 "container 'web' is connected with a program on rhel01 that stays there: 127.0.0.1:4 to "
	 "127.0.0.1:3306, process 7 (a), descriptor 4",
	 true},
	{"unread", "netlink=768 bytes, process 7 (a), descriptor 4\n", NULL, NULL,
	 "netlink socket with messages that it does not read, which criu can't dump: 768 bytes",
	 false},
	{"unread", "corked=UDP_CORK, process 7 (a), descriptor 4\n", NULL, NULL,
	 "has a corked UDP socket, which criu can't dump: UDP_CORK, process 7", false},
	{"unread", "unread=0.0.0.0:53, process 7 (a), descriptor 4\n", NULL, NULL,
	 "does not read datagrams, which are lost: 0.0.0.0:53", true},
	{"unread", "urgent=a connection, process 7 (a), descriptor 4\n", NULL, NULL,
	 "has not read urgent data, which is lost: a connection", true},
	{"unread", "unaccepted=2 at 0.0.0.0:80, process 7 (a), descriptor 4\n", NULL, NULL,
	 "does not accept connections, which are lost: 2 at 0.0.0.0:80", true},
	{"unread", "unaccepted-unix=/run/x, process 7 (a), descriptor 4\n", NULL, NULL,
	 "does not accept connections, which are lost: /run/x", true},
	{"multicast", "multicast=224.0.0.18 on eth0, process 7 (a), descriptor 4\n", NULL, NULL,
	 "has a socket in a multicast group, which it leaves: 224.0.0.18 on eth0", true},
	{"socket-options", "socket-option=TCP_USER_TIMEOUT, process 7 (a), descriptor 4\n", NULL,
	 NULL, "has a socket with options that it loses: TCP_USER_TIMEOUT, process 7", true},
	{"deleted", "deleted=10 0 rw /tmp/a\ndeleted=3000000 0 rw /tmp/big\n", NULL, NULL,
	 "container 'web' on rhel01 has a deleted file of 2.9 MiB open: /tmp/big", false},
	{"deleted", "deleted=10 1 rw /tmp/linked\n", NULL, NULL,
	 "under a deleted name: /tmp/linked", false},
	{"deleted", "nfs-deleted=rw /srv/.nfs0123456789abcdef\n", NULL, NULL,
	 "deleted file open on NFS: /srv/.nfs0123456789abcdef", false},
	{"deleted", "nfs-deleted=ro /srv/.nfs0123\n", NULL, flags,
	 "deleted file open on NFS, on a mount that is read-only: /srv/.nfs0123", false},
	{"deleted", "deleted=10 1 ro /tmp/linked\n", NULL, flags,
	 "under a deleted name, on a mount that is read-only: /tmp/linked", false},
	{"deleted", "deleted=5000000 0 ro /tmp/map\n", NULL, flags, "4.8 MiB open: /tmp/map",
	 false},
	{"attributes", "attribute=/tmp/tool: security.capability\n", NULL, NULL,
	 "in a tmpfs of container 'web' on rhel01 a file has an attribute that it loses: "
	 "/tmp/tool: "
	 "security.capability",
	 true},
	{"attributes", "attribute-saved=/tmp/a: user.b\n", NULL, with_hooks,
	 "loses: /tmp/a: user.b", true},
	{"traced", "traced=process 7 (web), by process 9 (gdb)\n", NULL, NULL,
	 "in container 'web' on rhel01 another process traces one: process 7 (web), by process 9 "
	 "(gdb)",
	 false},
	{"zombies", "zombie=process 7 (web)\n", NULL, NULL,
	 "the first thread of a process has ended, and others have not: process 7 (web)", false},
	{"nested", "nested=process 7 (web), pid namespace\n", NULL, NULL,
	 "a process has a namespace of its own: process 7 (web), pid namespace", false},
	{"exec", "exec=process 7 (sh)\n", NULL, NULL,
	 "in container 'web' on rhel01 a process came in from outside: process 7 (sh)", false},
	{"io-uring", "io-uring=process 7, descriptor 9\n", NULL, NULL,
	 "container 'web' on rhel01 uses io_uring: process 7, descriptor 9", false},
	{"watches", "watch=process 7, descriptor 9, inotify\n", NULL, NULL,
	 "watches files of an overlay: process 7, descriptor 9, inotify", false},
	{"descriptors", "descriptor=process 7, descriptor 9, anon_inode:[userfaultfd]\n", NULL,
	 NULL, "has what CRIU can't dump: process 7, descriptor 9, anon_inode:[userfaultfd]",
	 false},
	{"code", "code=process 7, /dev/zero (deleted)\n", NULL, NULL,
	 "so that CRIU can't stop it there: process 7, /dev/zero (deleted)", false},
	{"epoll", "epoll=process 7 (web), descriptor 5 in the set of 4\n", NULL, NULL,
	 "epoll waits for a descriptor that is closed: process 7 (web), descriptor 5", false},
	{"queues", "queue=/jobs\n", NULL, NULL, "has a message queue: /jobs", false},
	{"queues", "queue-open=process 7, descriptor 5, /jobs\n", NULL, NULL,
	 "has a message queue open: process 7, descriptor 5, /jobs", false},
	{"ipc", "host-ipc=process 7, /SYSV00000000\n", NULL, NULL,
	 "uses IPC of the host: process 7, /SYSV00000000", false},
	{"inherited-locks", "inherited-lock=process 7, WRITE, /tmp/lock\n", NULL, NULL,
	 "and loses the lock: process 7, WRITE, /tmp/lock", true},
	{"timers", "timer=process 7, descriptor 5, every 0.020 s\n", NULL, NULL,
	 "a periodic timer that may never expire again if the freeze meets it expired: process 7, "
	 "descriptor 5, every 0.020 s",
	 true},
	{"scheduling", "scheduling=process 7 (web): CPUs 0\n", NULL, NULL,
	 "a process has settings that it loses: process 7 (web): CPUs 0", true},
	{"huge-pages", "huge=2048 3 0, process 7 (a)\nhuge-free=2048 1\n",
	 "huge-free=1048576 9\nhuge-free=2048 2\n", NULL,
	 "the container has need of 3 huge pages of 2048 KiB, and rhel02 has 2 of them free: "
	 "process 7 (a); let that host have more",
	 false},
	{"huge-pages", "huge=2048 3 2, process 7 (a)\nhuge-free=2048 1\n", "huge-free=2048 9\n",
	 NULL,
	 "a dump has need of 2 huge pages of 2048 KiB, and rhel01 has 1 of them free: process 7",
	 false},
	{"huge-pages", "huge=2048 1 0, process 7 (a)\n", NULL, NULL,
	 "need of 1 huge pages of 2048 KiB, and rhel01 has 0 of them free", false},
	{"ping", "ping=process 7, descriptor 4\n", "ping-groups=1 0\n", NULL,
	 "container 'web' on rhel01 has an ICMP socket that is not raw, and rhel02 lets group 0 "
	 "have none: process 7, descriptor 4; sysctl net.ipv4.ping_group_range",
	 false},
	{"ping", "ping=process 7, descriptor 4\n", "ping-groups=0 2147483647\n", own_network,
	 "which criu can't make in a network namespace of the container's own: process 7", false},
	{"tcp-keys", "tcp-keys=TCP_MD5SIG, 0.0.0.0:179, process 7 (a), descriptor 4\n", NULL, NULL,
	 "container 'web' on rhel01 has a TCP socket whose keys the kernel has and criu does not "
	 "keep: TCP_MD5SIG, 0.0.0.0:179, process 7 (a), descriptor 4; stop it, and start it there",
	 false},
	{"tcp-keys",
	 "tcp-keys=kernel TLS, 10.99.0.100:443 to 10.99.0.9:40000, process 7 (a), descriptor 4\n",
	 NULL, NULL,
	 "kernel TLS, 10.99.0.100:443 to 10.99.0.9:40000, process 7 (a), descriptor 4; end that "
	 "connection (ss -K), or move it with --tcp-close",
	 false},
	{"mptcp", "mptcp=0.0.0.0:8080\n", NULL, NULL,
	 "container 'web' on rhel01 has an MPTCP socket: 0.0.0.0:8080", false},
};

/* What looks alike and is no failure. */
static const struct row passing[] = {
	{"tools", TOOLS, TOOLS, no_addresses, NULL, false},
	{"container",
	 "state={\"status\":\"running\",\"bundle\":\"/mnt/web\"}\nbundle-path=/mnt/web\n", NULL,
	 NULL, NULL, false},
	{"runc", "runc=1.1.0-rc.1\n", "runc=1.5.0\n", NULL, NULL, false},
	{"criu", "criu=3.15\n", "criu=10.0\n", NULL, NULL, false},
	{"criu-kernel", "kernel=6.12.8\ncriu=4.1.1\n", NULL, NULL, NULL, false},
	{"criu-kernel", "kernel=5.4.293\ncriu=3.16\n", NULL, NULL, NULL, false},
	{"criu-order", "criu=3.19\n", NULL, NULL, NULL, false},
	{"gate", "criu=3.19\n", "criu=3.15\n", NULL, NULL, false},
	{"pages", "criu=3.18\n", NULL, NULL, NULL, false},
	{"pages", PEERS1 "pipe-max=4194304\n", PEERS2 "uffd=yes\n", post_copy, NULL, false},
	{"pages", PEERS1 "pipe-max=1048576\nmay-exceed=yes\n", PEERS2 "uffd=yes\n", post_copy, NULL,
	 false},
	/* The tunnel needs no address of either host. */
	{"pages", "pipe-max=4194304\n", "uffd=yes\n", encrypted_post_copy, NULL, false},
	{"encrypt", "in-clear=nfs4\n", "in-clear=nfs4\n", NULL, NULL, false},
	{"encrypt", "in-clear=nfs4\n", "in-clear=nfs4\n", direct, NULL, false},
	{"encrypt", NULL, NULL, encrypted, NULL, false},
	{"encrypt", NULL, NULL, in_clear, NULL, false},
	{"space", "memory=1073741824\nspace=33554432\n", NULL, direct, NULL, false},
	/* Only kernels and hypervisors use those. */
	{"cpu", "cpu=fpu vmx ept smep constant_tsc\n", "cpu=fpu\n", NULL, NULL, false},
	{"cpu", "cpu=\n", "cpu=\n", NULL, NULL, false},
	{"memory", NULL, "memory-available=19771392\n", NULL, NULL, false},
	{"huge-pages", "huge=2048 3 2, process 7 (a)\nhuge-free=2048 2\n", "huge-free=2048 3\n",
	 NULL, NULL, false},
	{"ping", "ping=process 7, descriptor 4\n", "ping-groups=0\t2147483647\n", NULL, NULL,
	 false},
	{"memory-limit", "cgroup-memory=110000000\nmemory=330000000\nprocesses=3\n", NULL, limited,
	 NULL, false},
	{"memory-limit", "cgroup-memory=900000000000\nprocesses=3\n", NULL, NULL, NULL, false},
	{"memory-limit", "cgroup-memory=1000\nprocesses=1\nmemory-max=125820928\n", NULL, limited,
	 NULL, false},
	/* Limits that runc update has set are carried over. */
	{"memory-limit", "memory-max=33554432\nmemory=33000000\nprocesses=2\n", NULL, NULL, NULL,
	 false},
	{"memory-limit", "memory-max=9223372036854771712\nmemory=5\nprocesses=1\n", NULL, post_copy,
	 NULL, false},
	{"memory-limit", "memory-max=9223372036854771712\nmemory=5\nprocesses=1\n", NULL,
	 limited_post_copy, NULL, false},
	{"pids-limit", "processes=3\nthreads=4\n", NULL, limited, NULL, false},
	{"limits", "limit=cpuset.cpus 1,3\nlimit=cpuset.mems 0\n", "cpus=0-3\nnodes=0\n", NULL,
	 NULL, false},
	{"limits", "limit=cpuset.cpus 0-7\n", NULL, NULL, NULL, false},
	{"limits", "limit=cpuset.cpus x\nlimit=\nlimit=cpuset.cpus 5-\n", "cpus=,,-\n", NULL, NULL,
	 true},
	{"binds", NULL, NULL, with_bind, NULL, false},
	{"binds", "bind-was=d /srv/www\n", "bind-is=d /srv/www\n", with_bind, NULL, false},
	{"binds", "bind-was=d /srv/old\n", "bind-is=f /srv/www\n", with_bind, NULL, false},
	{"files", USED("r 5", "100640 10 1000 0 -"), THERE("100640 10 2000 0 -"), NULL, NULL,
	 false},
	{"files", USED("r -1", "100640 10 1000 0 0a"), THERE("100640 10 2000 0 0a"), NULL, NULL,
	 false},
	{"files", USED("r -2", "40755 10 1000 0 -"), THERE("40755 20 2000 0 -"), NULL, NULL, false},
	{"files", USED("w 5", "100640 0 1000 0 -"), THERE("100640 0 2000 0 -"), NULL, NULL, false},
	{"files", USED("w 5", "100640 10 1000 0 -"), THERE("100640 10 1000 0 -"), NULL, NULL,
	 false},
	{"files", USED("w 5", "100640 10 1000 7 -"), THERE("100640 20 2000 7 -"), NULL, NULL,
	 false},
	{"files", USED("w 5", "10640 0 1000 0 -"), THERE("10640 0 2000 0 -"), NULL, NULL, false},
	{"files", USED("r 5", "100640 10 1000 0 -"), NULL, NULL, NULL, false},
	{"netns", NULL, NULL, with_netns, NULL, false},
	{"ports", NULL, "listen=0.0.0.0:80\n", own_network, NULL, false},
	{"device", NULL, "addr=[]\n", no_addresses, NULL, false},
	{"address", NULL, THERE_ADDR, no_addresses, NULL, false},
	{"address-source", "addr=[]\n", NULL, no_addresses, NULL, false},
	{"address-in-use", NULL, "owner=\n", NULL, NULL, false},
	{"address-preferred", V6_ADDR("true"), NULL, on_v6, NULL, false},
	{"connection", "ssh=10.99.0.9 100 10.99.0.1 22\n", "ssh=garbage\n", NULL, NULL, false},
	{"address-in-use", NULL, "owner=nonsense\n", NULL, NULL, false},
	{"endpoint", NULL, NULL, no_endpoints, NULL, false},
	{"packets", NULL, TOOLS "ifb=\n", closed, NULL, false},
	{"terminal", "terminal=process 1, descriptor 0, /dev/pts/0\n", NULL, shell_job, NULL,
	 false},
	{"locks", "own-lock=process 425, POSIX WRITE, /run/web.pid\n", NULL, NULL, NULL, false},
	{"locks", "own-lock=process 425, POSIX WRITE, /run/web.pid\n", NULL, post_copy, NULL,
	 false},
	{"deleted", "deleted=1048576 0 ro /tmp/a\n", NULL, NULL, NULL, false},
	{"deleted", "deleted=3000000 0 rw /tmp/a\ndeleted=10 1 rw /b\nnfs-deleted=rw /.nfs0\n",
	 NULL, flags, NULL, false},
	{"sockets", "external=datagram reachable /dev/log, process 996 (a), descriptor 4\n",
	 "unix=datagram /dev/log\n", flags, NULL, false},
	{"abstract-names", "abstract=stream @x, process 7 (a), descriptor 4\n",
	 "unix=datagram @x\nunix=stream @xy\n", NULL, NULL, false},
	{"abstract-names", "abstract=stream @x, process 7 (a), descriptor 4\n", "unix=stream @x\n",
	 own_network, NULL, false},
	/* The service address, one that both hosts have, a connection that is closed. */
	{"bound-addresses",
	 "bound=connection 10.99.0.100, 10.99.0.100:4 to 10.99.0.9:80, process 7 (a), descriptor "
	 "4\nbound=listener 10.99.0.2, 10.99.0.2:80, process 7 (a), descriptor 5\n",
	 NULL, NULL, NULL, false},
	{"bound-addresses",
	 "bound=connection 10.99.0.1, 10.99.0.1:4 to 10.99.0.9:80, process 7 (a), descriptor 4\n",
	 NULL, closed, NULL, false},
	{"bound-addresses", "bound=listener 10.99.0.1, 10.99.0.1:80, process 7 (a), descriptor 4\n",
	 "nonlocal-bind=ipv4\n", NULL, NULL, false},
	{"bound-addresses", "bound=listener 10.99.0.1, 10.99.0.1:80, process 7 (a), descriptor 4\n",
	 NULL, own_network, NULL, false},
	{"socket-devices",
	 "bound-device=eth0, process 7 (a), descriptor 4\npacket-device=2 eth0, process 7 (a), "
	 "descriptor 5\n",
	 NULL, NULL, NULL, false},
	{"conversations", "left-behind=127.0.0.1:4 to 127.0.0.1:3306, process 7 (a)\n", NULL,
	 closed, NULL, false},
	{"attributes", "attribute-saved=/tmp/a: user.b\n", NULL, NULL, NULL, false},
	{"deleted", "deleted=\ndeleted=x\ndeleted=99999999999999999999999 0\n", NULL, flags, NULL,
	 true},
};

static void check_failing(const struct row *row)
{
	struct fixture x;

	set_up(&x, row->source, row->destination);
	if (row->change)
		row->change(&x);
	run(&x);
	const struct check_result *r = result_of(&x, row->id);
	CLEANUP_FREE char *text =
		str_fmt("%s; %s", r->message ? r->message : "", r->remedy ? r->remedy : "");
	if (r->outcome != CHECK_FAILED || !strstr(text, row->message))
		fail_msg("'%s': outcome %d, '%s' for '%s'", row->id, (int)r->outcome, text,
			 row->message);
	assert_int_equal(r->severity, row->warning ? CHECK_WARNING : CHECK_ERROR);
	assert_true(r->remedy && *r->remedy);
	assert_null(strpbrk(r->message, "\n\x1b"));
	tear_down(&x);
}

static void each_check_can_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(failing); i++)
		check_failing(&failing[i]);
}

static void each_check_has_a_row_that_fails_it(void **state)
{
	size_t n;
	const struct check *checks = preflight_checks(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;
		while (k < COUNT(failing) && strcmp(failing[k].id, checks[i].id) != 0)
			k++;
		if (k == COUNT(failing))
			fail_msg("'%s' has none", checks[i].id);
	}
}

/* Every check passes with what two good hosts said, with a service address and without. */
static void good_hosts_pass(void **state)
{
	(void)state;
	for (int addresses = 0; addresses < 2; addresses++) {
		struct fixture x;
		set_up(&x, NULL, NULL);
		if (!addresses)
			no_addresses(&x);
		run(&x);
		for (size_t i = 0; i < x.results.n; i++)
			if (x.results.rows[i].outcome == CHECK_FAILED)
				fail_msg("'%s': %s", x.results.rows[i].id,
					 x.results.rows[i].message);
		assert_int_equal(preflight_verdict(&x.results, &x.err), 0);
		assert_int_equal(x.err.code, EXIT_DONE);
		tear_down(&x);
	}
}

static void rules_that_allow_it(void **state)
{
	static const struct {
		const char *hosts, *group, *member;
	} rows[] = {{"rhel02", NULL, NULL},	      {"!rhel01,!rhel03", NULL, NULL},
		    {NULL, "web:spread", "rhel03"},   {NULL, "web:spread", "rhel01"},
		    {NULL, "web:together", "rhel02"}, {NULL, "web:together", NULL}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture x;
		set_up(&x, NULL, NULL);
		set_rule(&x, rows[i].hosts, rows[i].group);
		member.host = (char *)(uintptr_t)rows[i].member;
		x.p.members = rows[i].member ? &members : &(const struct containers){NULL, 0};
		run(&x);
		if (preflight_verdict(&x.results, &x.err) < 0)
			fail_msg("row %zu: %s", i, x.err.msg);
		tear_down(&x);
	}
	/* --force leaves out all rules. */
	struct fixture x;
	set_up(&x, NULL, "cordon=rhel02 {}\n");
	spread_there(&x);
	not_there(&x);
	preflight_force(&x.p.skip);
	run(&x);
	assert_int_equal(preflight_verdict(&x.results, &x.err), 0);
	tear_down(&x);
}

static void what_looks_alike_passes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(passing); i++) {
		struct fixture x;
		set_up(&x, passing[i].source, passing[i].destination);
		if (passing[i].change)
			passing[i].change(&x);
		run(&x);
		const struct check_result *r = result_of(&x, passing[i].id);
		/* Of numbers out of range nothing is asked but that they harm nobody. */
		if (!passing[i].warning && r->outcome == CHECK_FAILED)
			fail_msg("'%s', row %zu: %s", r->id, i, r->message);
		tear_down(&x);
	}
}

static void listeners_collide(void **state)
{
	static const struct {
		const char *ours, *theirs;
		bool collide;
	} rows[] = {
		{"0.0.0.0:80", "0.0.0.0:80", true},
		{"0.0.0.0:80", "0.0.0.0:8080", false},
		{"*:80", "10.99.0.2:80", true},
		{"*:80", "[fd99::2]:80", true},
		{"10.99.0.100:80", "*:80", true},
		{"10.99.0.100:80", "0.0.0.0:80", true},
		{"10.99.0.100:80", "10.99.0.2:80", false},
		{"10.99.0.100:80", "10.99.0.100:80", true},
		{"127.0.0.1:6379", "127.0.0.1:6379", true},
		{"127.0.0.1%lo:53", "127.0.0.1:53", true},
		{"0.0.0.0:80", "[::]:80", false},
		{"[::]:80", "[fd99::2]:80", true},
		{"[::1]:80", "[::1]:80", true},
		{"[::1]:80", "127.0.0.1:80", false},
		{"[::ffff:10.99.0.2]:80", "10.99.0.2:80", true},
		{"[::ffff:10.99.0.2]:80", "[::]:80", false},
		{":::80", "[fd99::2]:80", true},
		{"nonsense", "nonsense", false},
		{":80", "0.0.0.0:80", false},
		{"0.0.0.0:", "0.0.0.0:", false},
		{"0.0.0.0:http", "0.0.0.0:http", false},
		{"0.0.0.0:99999999999999999999", "0.0.0.0:80", false},
		{"", "", false},
		{"]:80", "[:80", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP_FREE char *ours = str_fmt("container-listen=%s\n", rows[i].ours);
		CLEANUP_FREE char *theirs =
			str_fmt("listen=0.0.0.0:22\nlisten=%s\n", rows[i].theirs);
		struct fixture x;
		set_up(&x, ours, theirs);
		run(&x);
		if ((result_of(&x, "ports")->outcome == CHECK_FAILED) != rows[i].collide)
			fail_msg("'%s' and '%s'", rows[i].ours, rows[i].theirs);
		tear_down(&x);
	}
}

struct place {
	const char *address; /* as the bundle has it */
	const char *source, *destination, *configured;
	const char *here, *there; /* devices */
	int prefix_here, prefix_there;
	bool has;
};

static const struct place places[] = {
	{"10.99.0.100", NULL, NULL, NULL, "eth0", "eth0", 24, 24, true},
	{"10.99.0.100/25", NULL, NULL, NULL, "eth0", "eth0", 24, 25, true},
	{"10.99.0.100@eth9", NULL, NULL, "eth1", "eth0", "eth9", 24, 24, true},
	{"10.99.0.100", NULL, NULL, "eth1", "eth0", "eth1", 24, 24, true},
	{"10.99.0.100", NULL, "route=[{\"dst\":\"10.99.0.100\",\"dev\":\"br0\"}]\n", NULL, "eth0",
	 "br0", 24, 24, true},
	/* Behind a gateway: not that device. */
	{"10.99.0.100", NULL,
	 "route=[{\"dst\":\"10.99.0.100\",\"gateway\":\"10.1.0.1\",\"dev\":\"br0\"}]\n", NULL,
	 "eth0", "eth0", 24, 24, true},
	{"10.99.0.100", "addr=[]\n", NULL, NULL, "", "eth0", 32, 32, false},
	{"10.99.0.100/24@eth1", "addr=\n", "addr=\nroute=\n", NULL, "", "eth1", 24, 24, false},
	{"10.99.0.100", "addr=\n", "route=\n", NULL, "", "", 32, 32, false},
	{"10.99.0.100", NULL, THERE_ADDR "route=[{\"type\":\"local\",\"dst\":\"10.99.0.100\"}]\n",
	 NULL, "eth0", "eth0", 24, 24, true},
	/* What a host calls a device is taken only if it can be one. */
	{"10.99.0.100", NULL, "route=[{\"dst\":\"10.99.0.100\",\"dev\":\"-x;id\"}]\n", NULL, "eth0",
	 "eth0", 24, 24, true},
	{"10.99.0.100", "addr=[{\"ifname\":\"a b\",\"addr_info\":[{\"local\":\"10.99.0.100\"}]}]\n",
	 "route=7\n", NULL, "", "", 32, 32, false},
	{"10.99.0.100",
	 "addr=[7,{\"ifname\":\"eth0\",\"addr_info\":[7,{\"local\":\"10.99.0.100\","
	 "\"prefixlen\":-99999999999}]}]\n",
	 "route=[[]]\n", NULL, "eth0", "eth0", 32, 32, true},
	{"2001:db8::7/64",
	 "addr=[{\"ifname\":\"eth0\",\"addr_info\":[{\"local\":\"2001:db8::7\",\"prefixlen\":128}]}"
	 "]\n",
	 NULL, NULL, "eth0", "eth0", 128, 64, true},
};

static void addresses_find_their_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(places); i++) {
		const struct place *row = &places[i];
		struct fixture x;
		set_up(&x, row->source, row->destination);
		x.bundle.n_addresses = 0;
		assert_int_equal(bundle_add_addresses(&x.bundle, row->address, &x.err), 0);
		x.p.destination_device = row->configured;
		assert_int_equal(preflight_addresses(&x.p, &x.err), 0);
		const struct address *here = &x.p.source_addresses[0];
		const struct address *there = &x.p.destination_addresses[0];
		if (strcmp(here->device, row->here) != 0 || here->prefix != row->prefix_here ||
		    strcmp(there->device, row->there) != 0 || there->prefix != row->prefix_there ||
		    x.p.source_has[0] != row->has)
			fail_msg("row %zu: /%d@%s, /%d@%s", i, here->prefix, here->device,
				 there->prefix, there->device);
		tear_down(&x);
	}
}

static void an_unknown_device_cannot_be_skipped(void **state)
{
	struct fixture x;

	(void)state;
	set_up(&x, "addr=\n", "addr=\nroute=\n");
	argv_add(&x.p.skip, "device");
	assert_int_equal(preflight_addresses(&x.p, &x.err), -1);
	assert_int_equal(x.err.code, EXIT_REFUSED);
	assert_non_null(strstr(x.err.msg, "no device of rhel02"));
	tear_down(&x);
}

static void checks_can_be_skipped(void **state)
{
	struct fixture x;

	(void)state;
	set_up(&x, NULL, "listen=*:80\n");
	argv_addl(&x.p.skip, "ports", "gate", NULL);
	run(&x);
	assert_int_equal(result_of(&x, "ports")->outcome, CHECK_SKIPPED);
	assert_null(result_of(&x, "ports")->message);
	assert_int_equal(preflight_verdict(&x.results, &x.err), 0);
	tear_down(&x);
}

static void an_unknown_check_is_named(void **state)
{
	static const struct {
		const char *id, *message;
	} rows[] = {
		{"port", "there is no check 'port'; did you mean 'ports'?"},
		{"ports,gat", "there is no check 'gat'; did you mean 'gate'?"},
		{"ports, gate", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP_ARGV struct argv lists = {0}, ids = {0};
		struct err err = ERR_INIT;
		argv_add(&lists, rows[i].id);
		assert_int_equal(preflight_skip(&lists, &ids, &err), rows[i].message ? -1 : 0);
		if (!rows[i].message) {
			assert_int_equal(ids.n, 2);
			assert_string_equal(ids.v[1], "gate");
			continue;
		}
		assert_int_equal(err.code, EXIT_USAGE);
		if (!strstr(err.msg, rows[i].message))
			fail_msg("'%s'", err.msg);
	}
}

static void the_verdict_is_one_line(void **state)
{
	static const struct {
		const char *source, *destination, *line;
	} rows[] = {
		{NULL, "listen=0.0.0.0:80\n",
		 "check 'ports': port 80 is in use on rhel02; stop what listens there, or "
		 "--skip-check ports"},
		{"mptcp=0.0.0.0:8080\n", "listen=0.0.0.0:80\n",
		 "check 'ports': port 80 is in use on rhel02; stop what listens there, or "
		 "--skip-check ports; 1 more failed"},
		/* Without a container there is nothing to move, whatever is skipped. */
		{"state=" STATE("stopped") "\n", NULL,
		 "check 'container': container 'web' on rhel01 is stopped, not running; "
		 "start it: cmigrate run"},
		/* Warnings refuse nothing. */
		{"criu=3.18\nkernel=4.18.0\n", "criu-config=x\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture x;
		set_up(&x, rows[i].source, rows[i].destination);
		run(&x);
		assert_int_equal(preflight_verdict(&x.results, &x.err), rows[i].line ? -1 : 0);
		assert_int_equal(x.err.code, rows[i].line ? EXIT_REFUSED : EXIT_DONE);
		assert_string_equal(x.err.msg, rows[i].line ? rows[i].line : "");
		tear_down(&x);
	}
}

/* An error comes first: nothing else can be done about it. */
static void strict_warnings_refuse(void **state)
{
	static const struct {
		const char *source, *destination, *line;
	} rows[] = {
		{"criu-config=x\n", NULL,
		 "check 'criu-config', a warning (--strict): /etc/criu/runc.conf of rhel01 and "
		 "rhel02 differ; make them the same: what is in them overrides what cmigrate asks "
		 "for, or --skip-check criu-config"},
		{"criu=3.18\nkernel=4.18.0\n", "criu-config=x\nlisten=0.0.0.0:80\n",
		 "check 'ports': port 80 is in use on rhel02; stop what listens there, or "
		 "--skip-check ports; 2 more failed"},
		{NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture x;
		set_up(&x, rows[i].source, rows[i].destination);
		x.p.strict = true;
		run(&x);
		assert_int_equal(preflight_verdict(&x.results, &x.err), rows[i].line ? -1 : 0);
		assert_string_equal(x.err.msg, rows[i].line ? rows[i].line : "");
		assert_int_equal(x.err.code, rows[i].line ? EXIT_REFUSED : EXIT_DONE);
		if (i == 0) {
			assert_string_equal(x.err.check, "criu-config");
			assert_true(result_of(&x, "criu-config")->refuses);
			assert_int_equal(result_of(&x, "criu-config")->severity, CHECK_WARNING);
		}
		tear_down(&x);
	}
}

/* A checkpoint has no destination, and everything else that a dump ends at. */
static void alone_only_the_dump_counts(void **state)
{
	struct fixture x;

	(void)state;
	set_up(&x, "timer=process 7, every 0.020 s\nin-clear=nfs4\n", NULL);
	x.p.destination = &x.source;
	x.p.destination_name = x.p.source_name;
	x.p.alone = true;
	run(&x);
	assert_int_equal(preflight_verdict(&x.results, &x.err), 0);
	for (size_t i = 0; i < x.results.n; i++)
		if (x.results.rows[i].outcome == CHECK_FAILED &&
		    strcmp(x.results.rows[i].id, "timers") != 0)
			fail_msg("'%s': %s", x.results.rows[i].id, x.results.rows[i].message);
	assert_int_equal(result_of(&x, "timers")->outcome, CHECK_FAILED);
	assert_int_equal(result_of(&x, "name")->outcome, CHECK_NOT_NEEDED);
	tear_down(&x);
}

/* Hosts that say nothing, or only nonsense, crash nothing and are refused. */
static void nonsense_is_refused(void **state)
{
	static const char *const values[] = {
		"",
		"[]",
		"{}",
		"[[[[",
		"7",
		"-1",
		"null",
		"\"x\"",
		"%s%n",
		"[{\"ifname\":7,\"flags\":7,\"addr_info\":{\"a\":[]}}]",
		"[{\"addr_info\":[{\"local\":[]},null,7]},null,7]"};
	static const char *const keys[] = {"addr",    "route",
					   "state",   "owner",
					   "listen",  "container-listen",
					   "deleted", "memory",
					   "space",   "memory-available",
					   "runc",    "criu",
					   "kernel",  "cpu",
					   "uid",     "proof-owner",
					   "cgroup",  "missing-bind",
					   "file",    "there",
					   "absent",  "bind-was",
					   "bind-is", "nfs-deleted",
					   "machine", "complete"};

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		CLEANUP_BUF struct buf text = {0};
		for (size_t k = 0; k < COUNT(keys); k++)
			buf_printf(&text, "%s=%s\n", keys[k], values[i]);
		struct fixture x;
		set_up(&x, text.s, text.s);
		with_bind(&x);
		run(&x);
		assert_int_equal(preflight_verdict(&x.results, &x.err), -1);
		assert_int_equal(x.err.code, EXIT_REFUSED);
		tear_down(&x);
	}
}

static void the_table_is_sound(void **state)
{
	size_t n;
	const struct check *checks = preflight_checks(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const char *id = checks[i].id;
		assert_int_equal(strspn(id, "abcdefghijklmnopqrstuvwxyz-"), strlen(id));
		assert_true(*checks[i].what && *checks[i].remedy);
		assert_null(strpbrk(checks[i].remedy, "\n"));
		assert_non_null(checks[i].run);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(checks[k].id, id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_sound),
		cmocka_unit_test(good_hosts_pass),
		cmocka_unit_test(each_check_can_fail),
		cmocka_unit_test(each_check_has_a_row_that_fails_it),
		cmocka_unit_test(rules_that_allow_it),
		cmocka_unit_test(what_looks_alike_passes),
		cmocka_unit_test(listeners_collide),
		cmocka_unit_test(addresses_find_their_place),
		cmocka_unit_test(an_unknown_device_cannot_be_skipped),
		cmocka_unit_test(checks_can_be_skipped),
		cmocka_unit_test(an_unknown_check_is_named),
		cmocka_unit_test(the_verdict_is_one_line),
		cmocka_unit_test(strict_warnings_refuse),
		cmocka_unit_test(alone_only_the_dump_counts),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
