/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/json.h"
#include "cmigrate/base/json_uint64.h"
#include "cmigrate/base/suggest.h"
#include "cmigrate/container/annotation.h"
#include "cmigrate/spec/spec.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* An option as on the command line, and its place. */
static const struct {
	const char *name;
	bool many;
	size_t offset;
} fields[] = {
	{"args", true, offsetof(struct spec_opts, args)},
	{"network", false, offsetof(struct spec_opts, network)},
	{"tmpfs", true, offsetof(struct spec_opts, tmpfs)},
	{"bind", true, offsetof(struct spec_opts, bind)},
	{"env", true, offsetof(struct spec_opts, env)},
	{"cwd", false, offsetof(struct spec_opts, cwd)},
	{"uid", false, offsetof(struct spec_opts, uid)},
	{"gid", false, offsetof(struct spec_opts, gid)},
	{"user", false, offsetof(struct spec_opts, user)},
	{"groups", true, offsetof(struct spec_opts, groups)},
	{"hostname", false, offsetof(struct spec_opts, hostname)},
	{"cap-add", true, offsetof(struct spec_opts, cap_add)},
	{"cap-drop", true, offsetof(struct spec_opts, cap_drop)},
	{"rlimit", true, offsetof(struct spec_opts, rlimit)},
	{"label", true, offsetof(struct spec_opts, label)},
	{"address", true, offsetof(struct spec_opts, address)},
	{"endpoint", true, offsetof(struct spec_opts, endpoint)},
	{"strategy", false, offsetof(struct spec_opts, strategy)},
	{"transport", false, offsetof(struct spec_opts, transport)},
	{"encrypt", false, offsetof(struct spec_opts, encrypt)},
	{"if-slow", false, offsetof(struct spec_opts, if_slow)},
	{"sysctl", true, offsetof(struct spec_opts, sysctl)},
	{"cgroups-path", false, offsetof(struct spec_opts, cgroups_path)},
	{"cpus", false, offsetof(struct spec_opts, cpus)},
	{"pids-limit", false, offsetof(struct spec_opts, pids_limit)},
	{"rootfs", false, offsetof(struct spec_opts, rootfs)},
};

static void set_option(struct spec_opts *o, const char *name, const char *word)
{
	for (size_t i = 0; i < COUNT(fields); i++) {
		void *field = (char *)o + fields[i].offset;
		if (strcmp(fields[i].name, name) != 0)
			continue;
		if (fields[i].many)
			argv_add(field, word);
		else
			str_set(field, word);
		return;
	}
	fail_msg("no option '%s'", name);
}

static void clear_options(struct spec_opts *o)
{
	for (size_t i = 0; i < COUNT(fields); i++) {
		void *field = (char *)o + fields[i].offset;
		if (fields[i].many)
			argv_clear(field);
		else
			str_set(field, NULL);
	}
}

/* The value at a path such as "process.env.0"; NULL if there is none. */
static json_t *at(const json_t *doc, const char *path)
{
	CLEANUP_FREE char *copy = str_dup(path);
	json_t *here = NULL;
	const json_t *now = doc;

	for (char *rest = copy, *key; now && (key = strsep(&rest, ".")) != NULL; now = here)
		here = json_is_array(now) ? json_array_get(now, (size_t)atoi(key))
					  : json_object_get(now, key);
	return here;
}

static void assert_json(const json_t *doc, const char *path, const char *wanted)
{
	char *text = json_dumps(at(doc, path), JSON_COMPACT | JSON_ENCODE_ANY);

	if (!wanted && text)
		fail_msg("%s is there: %s", path, text);
	if (wanted && (!text || strcmp(text, wanted) != 0))
		fail_msg("%s is %s, not %s", path, text ? text : "absent", wanted);
	free(text);
}

static json_t *generate(struct spec_opts *o, const char *template_text)
{
	struct err err = ERR_INIT;
	json_auto_t *template_json =
		template_text ? json_parse(template_text, strlen(template_text), "t", &err) : NULL;
	json_t *doc = spec_generate(o, template_json, NULL, &err);

	if (!doc)
		fail_msg("%s", err.msg);
	clear_options(o);
	return doc;
}

static json_t *generate_one(const char *option, const char *word, const char *template_text)
{
	struct spec_opts o = {0};

	set_option(&o, option, word);
	return generate(&o, template_text);
}

#define FOURTEEN                                                                                   \
	"[\"CAP_CHOWN\",\"CAP_DAC_OVERRIDE\",\"CAP_FSETID\",\"CAP_FOWNER\",\"CAP_MKNOD\","         \
	"\"CAP_NET_RAW\",\"CAP_SETGID\",\"CAP_SETUID\",\"CAP_SETFCAP\",\"CAP_SETPCAP\","           \
	"\"CAP_NET_BIND_SERVICE\",\"CAP_SYS_CHROOT\",\"CAP_KILL\",\"CAP_AUDIT_WRITE\"]"

static void defaults(void **state)
{
	struct spec_opts o = {0};
	json_auto_t *doc = generate(&o, NULL);

	(void)state;
	assert_json(doc, "ociVersion", "\"1.0.0\"");
	assert_json(doc, "hostname", NULL);
	assert_json(doc, "annotations", NULL);
	assert_json(doc, "root", "{\"path\":\"rootfs\",\"readonly\":false}");
	assert_json(doc, "process.terminal", "false");
	assert_json(doc, "process.noNewPrivileges", NULL);
	assert_json(doc, "process.user", "{\"uid\":0,\"gid\":0}");
	assert_json(doc, "process.args", "[\"sh\"]");
	assert_json(doc, "process.cwd", "\"/\"");
	assert_json(doc, "process.env",
		    "[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\","
		    "\"TERM=xterm\"]");
	assert_json(doc, "process.capabilities.bounding", FOURTEEN);
	assert_json(doc, "process.capabilities.effective", FOURTEEN);
	assert_json(doc, "process.capabilities.inheritable", FOURTEEN);
	assert_json(doc, "process.capabilities.permitted", FOURTEEN);
	assert_json(doc, "process.capabilities.ambient", FOURTEEN);
	assert_json(doc, "process.rlimits",
		    "[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}]");
	assert_json(doc, "linux.resources", "{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]}");
	assert_json(doc, "linux.namespaces",
		    "[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},"
		    "{\"type\":\"uts\"},{\"type\":\"mount\"}]");
	assert_int_equal(json_array_size(at(doc, "linux.maskedPaths")), 10);
	assert_int_equal(json_array_size(at(doc, "linux.readonlyPaths")), 5);
}

static void default_mounts(void **state)
{
	struct spec_opts o = {0};
	json_auto_t *doc = generate(&o, NULL);

	(void)state;
	assert_int_equal(json_array_size(at(doc, "mounts")), 6);
	assert_json(doc, "mounts.0",
		    "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}");
	assert_json(doc, "mounts.1",
		    "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":"
		    "[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]}");
	assert_json(doc, "mounts.2",
		    "{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
		    "\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\","
		    "\"mode=0620\",\"gid=5\"]}");
	assert_json(
		doc, "mounts.3",
		"{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\",\"options\":"
		"[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]}");
	assert_json(doc, "mounts.4",
		    "{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\","
		    "\"options\":[\"nosuid\",\"noexec\",\"nodev\"]}");
	assert_json(doc, "mounts.5",
		    "{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\",\"options\":"
		    "[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]}");
}

/* Each option alone, and the change it makes to the defaults. */
static void each_option(void **state)
{
	static const struct {
		const char *option, *word, *path, *wanted;
	} rows[] = {
		{"network", "host", "linux.namespaces",
		 "[{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"mount\"}]"},
		{"network", "none", "linux.namespaces.4", "{\"type\":\"network\"}"},
		{"network", "/run/netns/a", "linux.namespaces.4",
		 "{\"type\":\"network\",\"path\":\"/run/netns/a\"}"},
		{"network", "host", "mounts.5.type", "\"sysfs\""},
		{"env", "A=b c=\"d\"", "process.env.2", "\"A=b c=\\\"d\\\"\""},
		{"env", "A=", "process.env.2", "\"A=\""},
		{"env", "TERM=dumb", "process.env.1", "\"TERM=dumb\""},
		{"env", "TERM=dumb", "process.env.2", NULL},
		{"cwd", "/srv/a b", "process.cwd", "\"/srv/a b\""},
		{"uid", "48", "process.user", "{\"uid\":48,\"gid\":0}"},
		{"gid", "48", "process.user", "{\"uid\":0,\"gid\":48}"},
		{"user", "48", "process.user", "{\"uid\":48,\"gid\":0}"},
		{"user", "48:4294967294", "process.user", "{\"uid\":48,\"gid\":4294967294}"},
		{"groups", "7", "process.user.additionalGids", "[7]"},
		{"hostname", "web-1.example", "hostname", "\"web-1.example\""},
		{"cap-add", "sys_time", "process.capabilities.ambient.14", "\"CAP_SYS_TIME\""},
		{"cap-add", "CAP_KILL", "process.capabilities.bounding", FOURTEEN},
		{"cap-add", "all", "process.capabilities.effective.40",
		 "\"CAP_CHECKPOINT_RESTORE\""},
		{"cap-drop", "Cap_Chown", "process.capabilities.permitted.0",
		 "\"CAP_DAC_OVERRIDE\""},
		{"cap-drop", "ALL", "process.capabilities.inheritable", "[]"},
		{"rlimit", "nofile:10", "process.rlimits",
		 "[{\"type\":\"RLIMIT_NOFILE\",\"hard\":10,\"soft\":10}]"},
		{"rlimit", "RLIMIT_CORE=0:unlimited", "process.rlimits.1",
		 "{\"type\":\"RLIMIT_CORE\",\"hard\":-9223372036854775808,\"soft\":0}"},
		{"label", "a.b=c=d", "annotations", "{\"a.b\":\"c=d\"}"},
		{"label", "org.cmigrate.tcp=close", "annotations",
		 "{\"org.cmigrate.tcp\":\"close\"}"},
		{"sysctl", "net.ipv4.tcp_rmem=1 2 3", "linux.sysctl",
		 "{\"net.ipv4.tcp_rmem\":\"1 2 3\"}"},
		{"cgroups-path", "user.slice:a:b", "linux.cgroupsPath", "\"user.slice:a:b\""},
		{"cpus", "1.5", "linux.resources.cpu", "{\"quota\":150000,\"period\":100000}"},
		{"cpus", "0.01", "linux.resources.cpu.quota", "1000"},
		{"cpus", "1.3333333333", "linux.resources.cpu.quota", "133333"},
		{"cpus", "8192", "linux.resources.cpu.quota", "819200000"},
		{"pids-limit", "20", "linux.resources.pids", "{\"limit\":20}"},
		{"rootfs", "../shared root", "root.path", "\"../shared root\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_auto_t *doc = generate_one(rows[i].option, rows[i].word, NULL);
		assert_json(doc, rows[i].path, rows[i].wanted);
	}
}

static void each_mount(void **state)
{
	static const struct {
		const char *option, *word, *destination, *source, *options;
	} rows[] = {
		{"tmpfs", "/tmp", "/tmp", "tmpfs", "rw,noexec,nosuid,nodev,size=65536k"},
		{"tmpfs", "/run:size=1g", "/run", "tmpfs", "rw,noexec,nosuid,nodev,size=1g"},
		{"tmpfs", "/run:ro,exec,dev", "/run", "tmpfs", "nosuid,size=65536k,ro,exec,dev"},
		{"tmpfs", "/a\\:b\\c\\\\d:mode=700", "/a:b\\c\\d", "tmpfs",
		 "rw,noexec,nosuid,nodev,size=65536k,mode=700"},
		{"tmpfs", "//var/./log///x/", "/var/log/x", "tmpfs",
		 "rw,noexec,nosuid,nodev,size=65536k"},
		{"bind", "/tmp/rhel7-httpd:/var/www/html", "/var/www/html", "/tmp/rhel7-httpd",
		 "rw,bind"},
		{"bind", "/s p/a\\:b:/d\xc3\xbc:ro", "/d\xc3\xbc", "/s p/a:b", "ro,bind"},
		{"bind", "/a:/b:rbind,ro", "/b", "/a", "rbind,ro"},
		{"bind", "/a:/b:ro,context=system_u:object_r:tmp_t:s0", "/b", "/a",
		 "ro,context=system_u:object_r:tmp_t:s0,bind"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_auto_t *doc = generate_one(rows[i].option, rows[i].word, NULL);
		CLEANUP_BUF struct buf options = {0};
		json_t *option;
		size_t j;

		assert_string_equal(json_string_value(at(doc, "mounts.6.destination")),
				    rows[i].destination);
		assert_string_equal(json_string_value(at(doc, "mounts.6.source")), rows[i].source);
		assert_string_equal(json_string_value(at(doc, "mounts.6.type")), rows[i].option);
		json_array_foreach (at(doc, "mounts.6.options"), j, option) {
			buf_printf(&options, "%s%s", j ? "," : "", json_string_value(option));
		}
		assert_string_equal(buf_str(&options), rows[i].options);
	}
}

static void a_comma_between_quotes_belongs_to_the_option(void **state)
{
	json_auto_t *doc = generate_one("bind", "/a:/b:ro,context=\"u:r:t:s0:c1,c2\"", NULL);

	(void)state;
	assert_json(doc, "mounts.6.options",
		    "[\"ro\",\"context=\\\"u:r:t:s0:c1,c2\\\"\",\"bind\"]");
}

static void a_parent_is_mounted_before_its_children(void **state)
{
	struct spec_opts o = {0};

	(void)state;
	set_option(&o, "tmpfs", "/srv/a/b");
	set_option(&o, "tmpfs", "/srv/ab");
	set_option(&o, "tmpfs", "/srv/a");
	set_option(&o, "bind", "/x:/srv");
	set_option(&o, "bind", "/x:/dev/shm");
	json_auto_t *doc = generate(&o, NULL);
	assert_json(doc, "mounts.3.source", "\"/x\"");
	assert_json(doc, "mounts.6.destination", "\"/srv\"");
	assert_json(doc, "mounts.7.destination", "\"/srv/a\"");
	assert_json(doc, "mounts.8.destination", "\"/srv/a/b\"");
	assert_json(doc, "mounts.9.destination", "\"/srv/ab\"");
}

static void args_keep_every_word(void **state)
{
	static const char *const words[] = {
		"/bin/a b", "",	  " ",	  "a'b\"c", "-x=y:z", "\xc3\xa9\xe2\x82\xac",
		"$HOME",    "\\", "a\nb", "*"};
	struct spec_opts o = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++)
		set_option(&o, "args", words[i]);
	json_auto_t *doc = generate(&o, NULL);
	assert_int_equal(json_array_size(at(doc, "process.args")), COUNT(words));
	for (size_t i = 0; i < COUNT(words); i++)
		assert_string_equal(json_string_value(json_array_get(at(doc, "process.args"), i)),
				    words[i]);
}

static void flags_and_sizes(void **state)
{
	struct spec_opts o = {.read_only = true, .no_new_privileges = true, .memory = 512ULL << 20};
	json_auto_t *doc = generate(&o, NULL);

	(void)state;
	assert_json(doc, "root.readonly", "true");
	assert_json(doc, "process.noNewPrivileges", "true");
	assert_json(doc, "linux.resources.memory", "{\"limit\":536870912}");
}

static void all_is_dropped_before_names_are_added(void **state)
{
	struct spec_opts o = {0};

	(void)state;
	set_option(&o, "cap-add", "KILL");
	set_option(&o, "cap-add", "CHOWN");
	set_option(&o, "cap-drop", "CHOWN");
	set_option(&o, "cap-drop", "ALL");
	json_auto_t *doc = generate(&o, NULL);
	assert_json(doc, "process.capabilities.ambient", "[\"CAP_KILL\"]");
	assert_json(doc, "process.capabilities.bounding", "[\"CAP_KILL\"]");
}

#define BIG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 65 */

static void each_refusal(void **state)
{
	static const struct {
		const char *option, *word, *message;
	} rows[] = {
		{"args", "", "--args: the first word is the program"},
		{"args", "\xff", "--args: '?' is not UTF-8"},
		{"env", "A=\xc3", "--env: 'A=?' is not UTF-8"},
		{"env", "\xc3\x28=1", "is not UTF-8"},
		{"env", "A", "--env: 'A' is not KEY=VALUE"},
		{"env", "=b", "is not KEY=VALUE"},
		{"label", "a=\xed\xa0\x80", "is not UTF-8"},
		{"bind", "/a\xfe:/b", "is not UTF-8"},
		{"network", "bridge", "--network: 'bridge' is not host, none or"},
		{"network", "", "is not host, none or"},
		{"network", "/run/../x", "'..'"},
		{"cwd", "srv", "--cwd: path 'srv' is not absolute"},
		{"cwd", "/a\nb", "control byte"},
		{"uid", "root", "--uid: 'root' is not a number"},
		{"uid", "", "is not a number"},
		{"uid", "-1", "is not a number"},
		{"uid", "4294967295", "is more than 4294967294"},
		{"gid", "99999999999999999999999", "is more than"},
		{"user", "apache", "give UID[:GID] as numbers"},
		{"user", "48:apache", "give UID[:GID] as numbers"},
		{"user", "48:", "is not a number"},
		{"groups", "wheel", "--groups: 'wheel' is not a number"},
		{"hostname", "", "--hostname: '' is not a host name"},
		{"hostname", "a b", "is not a host name"},
		{"hostname", "-a", "is not a host name"},
		{"hostname", BIG, "is not a host name"},
		{"cap-add", "NET_BIND",
		 "--cap-add: unknown capability 'NET_BIND'; did you mean "
		 "'CAP_NET_BIND_SERVICE'?"},
		{"cap-add", "CAP_KIL", "did you mean 'CAP_KILL'?"},
		{"cap-add", "cap_sysadmin", "did you mean 'CAP_SYS_ADMIN'?"},
		{"cap-add", "", "unknown capability ''"},
		{"cap-drop", "CHOWM",
		 "--cap-drop: unknown capability 'CHOWM'; did you mean 'CAP_CHOWN'?"},
		{"rlimit", "NOFILES:1",
		 "--rlimit: unknown limit 'NOFILES'; did you mean 'RLIMIT_NOFILE'?"},
		{"rlimit", "NOFILE", "is not NAME:SOFT[:HARD]"},
		{"rlimit", ":1", "is not NAME:SOFT[:HARD]"},
		{"rlimit", "NOFILE:", "is not a number"},
		{"rlimit", "NOFILE:1:", "is not a number"},
		{"rlimit", "NOFILE:2:1", "the soft limit is above the hard one"},
		{"rlimit", "NOFILE:unlimited:1", "the soft limit is above the hard one"},
		{"rlimit", "NOFILE:9223372036854775808",
		 "is more than 9223372036854775807; "
		 "limits are numbers or 'unlimited'"},
		{"sysctl", "net.ipv4.ip_forward",
		 "--sysctl: 'net.ipv4.ip_forward' is not KEY=VALUE"},
		{"sysctl", "a b=1", "is not the name of a kernel parameter"},
		{"sysctl", "vm.swappiness=1", "sysctl 'vm.swappiness' belongs to the host"},
		{"cgroups-path", "", "--cgroups-path: '' is empty"},
		{"cgroups-path", "/a/../b", "'..'"},
		{"cgroups-path", "../b", "'..'"},
		{"cpus", "0", "--cpus: '0' is not between"},
		{"cpus", "0.009", "is not between"},
		{"cpus", "8193", "is not between"},
		{"cpus", "99999999999999999999", "is not between"},
		{"cpus", "1.", "is not a number of processors"},
		{"cpus", ".5", "is not a number of processors"},
		{"cpus", "1,5", "is not a number of processors"},
		{"cpus", "-1", "is not a number of processors"},
		{"cpus", "", "is not a number of processors"},
		{"pids-limit", "0", "--pids-limit: '0'"},
		{"pids-limit", "2147483648", "is more than"},
		{"rootfs", "", "--rootfs: '' is empty"},
		{"rootfs", "a\x01", "control byte"},
		{"tmpfs", "tmp", "--tmpfs: path 'tmp' is not absolute"},
		{"tmpfs", "", "is not absolute"},
		{"tmpfs", "/", "'/' is the root file system"},
		{"tmpfs", "/./:ro", "'/' is the root file system"},
		{"tmpfs", "/a/../b", "'..'"},
		{"tmpfs", "/a:", "mount options: '' is empty"},
		{"tmpfs", "/a:ro,", "mount options 'ro,': one is empty"},
		{"tmpfs", "/a:ro,\x1b[2J", "control byte"},
		{"bind", "/a", "--bind: '/a' is not SRC:DST[:OPTS]"},
		{"bind", "/a\\:/b", "is not SRC:DST[:OPTS]"},
		{"bind", "a:/b", "source: path 'a' is not absolute"},
		{"bind", "/a:b", "destination: path 'b' is not absolute"},
		{"bind", "/a:", "destination: path '' is not absolute"},
		{"bind", "/a:/\x7f", "control byte"},
		{"bind", "/a:/b:ro,,rw", "one is empty"},
		{"label", "a", "--label: 'a' is not KEY=VALUE"},
		{"label", "org.cmigrate.endpont=http://a/",
		 "unknown annotation 'org.cmigrate.endpont'; did "
		 "you mean 'org.cmigrate.endpoint'?"},
		{"address", "192.0.2.300", "--address: "},
		{"address", "127.0.0.1", "--address: "},
		{"endpoint", "ftp://a/", "--endpoint: endpoint 'ftp://a/' is not"},
		{"endpoint", "http://a/,http://b/",
		 "--endpoint: 'http://a/,http://b/' has a comma"},
		{"strategy", "fast", "org.cmigrate.strategy: 'fast' is not one of"},
		{"transport", "pigeon", "org.cmigrate.transport: 'pigeon' is not one of"},
		{"label", "org.cmigrate.timeout=0", "--label: org.cmigrate.timeout: '0' is not"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct spec_opts o = {0};
		struct err err = ERR_INIT;

		set_option(&o, rows[i].option, rows[i].word);
		if (spec_generate(&o, NULL, NULL, &err))
			fail_msg("--%s '%s' was taken", rows[i].option, rows[i].word);
		if (!strstr(err.msg, rows[i].message))
			fail_msg("--%s '%s': %s", rows[i].option, rows[i].word, err.msg);
		assert_int_equal(err.code, EXIT_USAGE);
		clear_options(&o);
	}
}

static void refused_together(void **state)
{
	static const struct {
		const char *first, *first_word, *second, *second_word, *message;
	} rows[] = {
		{"user", "1", "uid", "1", "--user: '1' and --uid say the same thing"},
		{"user", "1:2", "gid", "1", "--user: '1:2' and --gid say the same thing"},
		{"tmpfs", "/a", "tmpfs", "//a/:ro", "--tmpfs: '/a' is given two mounts"},
		{"tmpfs", "/a", "bind", "/x:/a", "--bind: '/a' is given two mounts"},
		{"network", "host", "sysctl", "net.ipv4.ip_forward=1",
		 "sysctl 'net.ipv4.ip_forward' needs a network namespace"},
		{"network", "host", "sysctl", "net/ipv4/ip_forward=1", "needs a network namespace"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct spec_opts o = {0};
		struct err err = ERR_INIT;

		set_option(&o, rows[i].first, rows[i].first_word);
		set_option(&o, rows[i].second, rows[i].second_word);
		assert_null(spec_generate(&o, NULL, NULL, &err));
		if (!strstr(err.msg, rows[i].message))
			fail_msg("%s", err.msg);
		clear_options(&o);
	}
}

#define TEMPLATE                                                                                   \
	"{\"ociVersion\":\"1.0.2\",\"process\":{\"user\":{\"uid\":5,\"gid\":6},\"args\":[\"x\"],"  \
	"\"cwd\":\"/w\",\"capabilities\":{\"bounding\":[\"CAP_KILL\"]},\"rlimits\":[{\"type\":"    \
	"\"RLIMIT_CORE\",\"soft\":1,\"hard\":18446744073709551615}]},\"root\":{\"path\":\"r\"},"   \
	"\"mounts\":[{\"destination\":\"/run/a\"}],\"linux\":{\"namespaces\":[{\"type\":\"uts\"}," \
	"{\"type\":\"network\",\"path\":\"/n\"}],\"seccomp\":{\"defaultAction\":\"a\"}},"          \
	"\"x-other\":{\"b\":1,\"a\":null}}"

/* Only the given option differs from the template. */
static void a_template_changes_only_where_told(void **state)
{
	static const struct {
		const char *option, *word, *path, *wanted;
	} rows[] = {
		{"uid", "0", "process.user", "{\"uid\":0,\"gid\":6}"},
		{"user", "7", "process.user", "{\"uid\":7,\"gid\":6}"},
		{"args", "y", "process.args", "[\"y\"]"},
		{"env", "A=b", "process.env", "[\"A=b\"]"},
		{"cap-add", "CHOWN", "process.capabilities",
		 "{\"bounding\":[\"CAP_KILL\",\"CAP_CHOWN\"],\"effective\":[\"CAP_CHOWN\"],"
		 "\"permitted\":[\"CAP_CHOWN\"]}"},
		{"rlimit", "CORE:2:3", "process.rlimits",
		 "[{\"type\":\"RLIMIT_CORE\",\"hard\":3,\"soft\":2}]"},
		{"tmpfs", "/run", "mounts.1.destination", "\"/run/a\""},
		{"tmpfs", "/run/a/b", "mounts.0.destination", "\"/run/a\""},
		{"network", "host", "linux.namespaces", "[{\"type\":\"uts\"}]"},
		{"network", "none", "linux.namespaces.1", "{\"type\":\"network\"}"},
		{"pids-limit", "4", "linux.resources", "{\"pids\":{\"limit\":4}}"},
		{"label", "a=b", "annotations", "{\"a\":\"b\"}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_auto_t *doc = generate_one(rows[i].option, rows[i].word, TEMPLATE);
		assert_json(doc, rows[i].path, rows[i].wanted);
		assert_json(doc, "x-other", "{\"b\":1,\"a\":null}");
	}
	struct spec_opts none = {0};
	struct err err = ERR_INIT;
	json_auto_t *same = generate(&none, TEMPLATE);
	json_auto_t *wanted = json_parse(TEMPLATE, strlen(TEMPLATE), "t", &err);
	assert_true(json_equal(same, wanted));
}

/* The settings for moves become annotations; each wins over its label and its template. */
static void settings_for_moves(void **state)
{
	static const char template[] =
		"{\"process\":{},\"root\":{},\"annotations\":{"
		"\"org.cmigrate.address\":\"192.0.2.1\",\"org.cmigrate.tcp\":\"established\"}}";
	struct spec_opts o = {.tcp_close = true, .timeout = 7, .max_downtime_ms = 90, .pin = true};
	struct err err = ERR_INIT;

	(void)state;
	set_option(&o, "label", "org.cmigrate.transport=shared");
	set_option(&o, "address", "192.0.2.7/24@eth0");
	set_option(&o, "address", "192.0.2.8");
	set_option(&o, "endpoint", "http://a/");
	set_option(&o, "endpoint", "tcp://a:1");
	set_option(&o, "strategy", "hybrid");
	set_option(&o, "transport", "direct");
	json_auto_t *doc = generate(&o, template);
	assert_json(doc, "annotations",
		    "{\"org.cmigrate.address\":\"192.0.2.7/24@eth0,192.0.2.8\","
		    "\"org.cmigrate.tcp\":\"close\",\"org.cmigrate.transport\":\"direct\","
		    "\"org.cmigrate.endpoint\":\"http://a/,tcp://a:1\","
		    "\"org.cmigrate.strategy\":\"hybrid\",\"org.cmigrate.pin\":\"true\","
		    "\"org.cmigrate.timeout\":\"7\",\"org.cmigrate.max-downtime\":\"90\"}");
	o.tcp_established = true;
	assert_null(spec_generate(&o, NULL, NULL, &err));
	assert_non_null(strstr(err.msg, "exclude each other"));
	o.tcp_established = false;
	o.timeout = 1000001;
	assert_null(spec_generate(&o, NULL, NULL, &err));
	assert_non_null(strstr(err.msg, "--timeout: org.cmigrate.timeout: "));
}

static void an_empty_template_is_completed(void **state)
{
	json_auto_t *doc = generate_one("env", "A=b", "{}");
	json_auto_t *nulls = generate_one("tmpfs", "/a", "{\"mounts\":null,\"root\":{}}");

	(void)state;
	assert_json(doc, "ociVersion", "\"1.0.0\"");
	assert_json(doc, "process", "{\"env\":[\"A=b\"],\"cwd\":\"/\"}");
	assert_json(nulls, "root", "{\"path\":\"rootfs\"}");
	assert_json(nulls, "mounts.0.destination", "\"/a\"");
}

static void bad_templates(void **state)
{
	static const struct {
		const char *text, *option, *word, *message;
	} rows[] = {
		{"{\"process\":[]}", "env", "A=b",
		 "--env: the template's 'process' is not an object"},
		{"{\"process\":{\"env\":3}}", "env", "A=b", "'env' is not an array"},
		{"{\"linux\":7}", "network", "host", "--network: the template's 'linux'"},
		{"{\"mounts\":{}}", "tmpfs", "/a", "'mounts' is not an array"},
		{"{\"root\":\"r\"}", "rootfs", "a", "'root' is not an object"},
		{"{}", "hostname", "a", "a host name needs a uts namespace"},
		{"{\"hostname\":\"a\"}", "cwd", "/", "a host name needs a uts namespace"},
		{"{\"annotations\":{\"a\":1}}", "cwd", "/", "annotation 'a' is not a string"},
		{"{\"annotations\":{\"org.cmigrate.tcp\":\"x\"}}", "cwd", "/",
		 "org.cmigrate.tcp: 'x' is not one of established, close"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct spec_opts o = {0};
		struct err err = ERR_INIT;
		json_auto_t *doc = json_parse(rows[i].text, strlen(rows[i].text), "t", &err);

		set_option(&o, rows[i].option, rows[i].word);
		assert_null(spec_generate(&o, doc, NULL, &err));
		if (!strstr(err.msg, rows[i].message))
			fail_msg("%s: %s", rows[i].text, err.msg);
		clear_options(&o);
	}
}

static void seccomp(void **state)
{
	struct spec_opts o = {0};
	struct err err = ERR_INIT;
	json_auto_t *good = json_pack("{s:s}", "defaultAction", "SCMP_ACT_ALLOW");
	json_auto_t *engine =
		json_pack("{s:s, s:[]}", "defaultAction", "SCMP_ACT_ERRNO", "archMap");
	json_auto_t *other = json_object();

	(void)state;
	json_auto_t *doc = spec_generate(&o, NULL, good, &err);
	assert_json(doc, "linux.seccomp", "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}");
	o.allow_io_uring = true;
	assert_null(spec_generate(&o, NULL, good, &err));
	assert_non_null(strstr(err.msg, "exclude each other"));
	o.allow_io_uring = false;
	assert_null(spec_generate(&o, NULL, engine, &err));
	assert_non_null(strstr(err.msg, "--seccomp: 'archMap'"));
	assert_null(spec_generate(&o, NULL, other, &err));
	assert_non_null(strstr(err.msg, "no 'defaultAction'"));
}

/* A container with a ring can't move. */
static void io_uring(void **state)
{
	struct spec_opts no = {0}, yes = {.allow_io_uring = true};
	struct err err = ERR_INIT;
	json_auto_t *other = json_pack("{s:{s:{s:s}}}", "linux", "seccomp", "defaultAction", "a");

	(void)state;
	json_auto_t *denied = spec_generate(&no, NULL, NULL, &err);
	assert_json(denied, "linux.seccomp.defaultAction", "\"SCMP_ACT_ALLOW\"");
	assert_json(denied, "linux.seccomp.syscalls",
		    "[{\"names\":[\"io_uring_setup\",\"io_uring_enter\",\"io_uring_register\"],"
		    "\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38}]");
	json_auto_t *allowed = spec_generate(&yes, NULL, NULL, &err);
	assert_json(allowed, "linux.seccomp", NULL);
	/* A template is changed only as options say. */
	json_auto_t *kept = spec_generate(&no, denied, NULL, &err);
	assert_true(json_equal(kept, denied));
	json_auto_t *none = spec_generate(&no, allowed, NULL, &err);
	assert_json(none, "linux.seccomp", NULL);
	json_auto_t *taken = spec_generate(&yes, denied, NULL, &err);
	assert_json(taken, "linux.seccomp", NULL);
	json_auto_t *own = spec_generate(&yes, other, NULL, &err);
	assert_json(own, "linux.seccomp", "{\"defaultAction\":\"a\"}");
}

static void a_failure_leaves_the_template_alone(void **state)
{
	struct spec_opts o = {0};
	struct err err = ERR_INIT;
	json_auto_t *doc = json_parse(TEMPLATE, strlen(TEMPLATE), "t", &err);
	json_auto_t *before = json_deep_copy(doc);

	(void)state;
	set_option(&o, "env", "A=b");
	set_option(&o, "label", "x");
	assert_null(spec_generate(&o, doc, NULL, &err));
	assert_true(json_equal(doc, before));
	clear_options(&o);
}

static void text_round_trip(void **state)
{
	static const char text[] = "{\n"
				   "  \"z\": 18446744073709551615,\n"
				   "  \"a\": \"18446744073709551615 \\\" 18446744073709551615\",\n"
				   "  \"s\": \"-9223372036854775808\",\n"
				   "  \"u\": \"\xc3\xbc/\",\n"
				   "  \"l\": [\n    18446744073709551615\n  ]\n"
				   "}\n";
	struct err err = ERR_INIT;
	CLEANUP_BUF struct buf out = {0};
	json_auto_t *doc = json_parse(text, strlen(text), "t", &err);

	(void)state;
	assert_non_null(doc);
	assert_true(json_integer_value(json_object_get(doc, "z")) == UNLIMITED);
	spec_format(doc, false, &out);
	assert_string_equal(out.s, text);
}

static void not_a_configuration(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"", ""},
		{"{\n \"a\": }", "2"},
		{"{\"a\":184467440737095516150}", "too big"},
		{"{\"a\":-18446744073709551615}", "too big"},
		{"{\"a\":1,\"a\":2}", "uplicate"},
		{"[]", "not a JSON object"},
		{"{\"a\":\"\xff\"}", "unable to decode byte 0xff"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = ERR_INIT;
		assert_null(json_parse(rows[i].text, strlen(rows[i].text), "some.json", &err));
		assert_int_equal(err.code, EXIT_USAGE);
		assert_non_null(strstr(err.msg, "some.json"));
		if (!strstr(err.msg, rows[i].message))
			fail_msg("%s: %s", rows[i].text, err.msg);
	}
	CLEANUP_BUF struct buf deep = {0};
	struct err err = ERR_INIT;
	for (int i = 0; i < 100000; i++)
		buf_puts(&deep, "{\"a\":");
	assert_null(json_parse(deep.s, deep.len, "deep", &err));
}

static void annotations(void **state)
{
	static const struct {
		const char *key, *value, *message; /* NULL: good */
	} rows[] = {
		{"org.example.any", "\n", NULL},
		{"org.cmigratex", "", NULL},
		{"org.cmigrate.endpoint", "http://rhel0x/", NULL},
		{"org.cmigrate.endpoint", "http://a/ tcp://[::1]:80", NULL},
		{"org.cmigrate.endpoint", "ftp://a/", "org.cmigrate.endpoint: endpoint 'ftp://a/'"},
		{"org.cmigrate.endpoint", "", "it is empty"},
		{"org.cmigrate.address", "192.0.2.7/24@eth0", NULL},
		{"org.cmigrate.address", "192.0.2.7,2001:db8::7/64@eth0", NULL},
		{"org.cmigrate.address", "192.0.2.7, 192.0.2.8", NULL},
		{"org.cmigrate.address", "192.0.2.7,rhel0x", "'rhel0x' is not an IP address"},
		{"org.cmigrate.address", " ,", "it is empty"},
		{"org.cmigrate.strategy", "auto", NULL},
		{"org.cmigrate.strategy", "hybrid", NULL},
		{"org.cmigrate.strategy", "precopy",
		 "'precopy' is not one of auto, cold, pre-copy, post-copy, hybrid"},
		{"org.cmigrate.strategy", "auto|cold", "is not one of"},
		{"org.cmigrate.transport", "direct", NULL},
		{"org.cmigrate.transport", "nfs", "'nfs' is not one of shared, direct"},
		{"org.cmigrate.tcp", "established", NULL},
		{"org.cmigrate.tcp", "", "'' is not one of established, close"},
		{"org.cmigrate.timeout", "30", NULL},
		{"org.cmigrate.timeout", "1000000", NULL},
		{"org.cmigrate.timeout", "1000001", "is not a number of seconds, 1 to 1000000"},
		{"org.cmigrate.timeout", "0", "is not a number of seconds"},
		{"org.cmigrate.timeout", "", "is not a number of seconds"},
		{"org.cmigrate.timeout", "3.5", "is not a number of seconds"},
		{"org.cmigrate.timeout", "+3", "is not a number of seconds"},
		{"org.cmigrate.timeout", "99999999999999999999999999",
		 "is not a number of seconds"},
		{"org.cmigrate.encrypt", "if-possible", NULL},
		{"org.cmigrate.encrypt", "yes", "'yes' is not one of required, if-possible, off"},
		{"org.cmigrate.if-slow", "abort", NULL},
		{"org.cmigrate.if-slow", "stop", "'stop' is not one of go, abort, post-copy"},
		{"org.cmigrate.max-downtime", "300", NULL},
		{"org.cmigrate.max-downtime", "-1", "is not a number of milliseconds"},
		{"org.cmigrate.criu", "", NULL},
		{"org.cmigrate.criu", "--file-locks  --ghost-limit 4M --link-remap", NULL},
		{"org.cmigrate.criu", "--ext-unix-sk --shell-job --ghost-limit 1000", NULL},
		{"org.cmigrate.criu", "--ghost-limit", "--ghost-limit needs a size"},
		{"org.cmigrate.criu", "--ghost-limit 4MB", "'4MB' is not a size"},
		{"org.cmigrate.criu", "--ghost-limit --file-locks", "'--file-locks' is not a size"},
		{"org.cmigrate.criu", "--tcp-established", "'--tcp-established' is not one of"},
		{"org.cmigrate.criu", "--file-locks\n", "is not one of"},
		{"org.cmigrate.maxdowntime", "1", "did you mean 'org.cmigrate.max-downtime'?"},
		{"org.cmigrate.", "1", "unknown annotation 'org.cmigrate.'"},
		{"", "1", "needs a name"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = ERR_INIT;
		int status = annotation_check(rows[i].key, rows[i].value, &err);
		if (!rows[i].message != !status)
			fail_msg("%s=%s: %d %s", rows[i].key, rows[i].value, status, err.msg);
		if (rows[i].message &&
		    (!strstr(err.msg, rows[i].message) || err.code != EXIT_USAGE))
			fail_msg("%s=%s: %s", rows[i].key, rows[i].value, err.msg);
	}
}

static void suggestions(void **state)
{
	static const char *const known[] = {"move", "check", "checkpoint", NULL};
	static const char *const none[] = {NULL};

	(void)state;
	assert_string_equal(suggest("mvoe", known), "move");
	assert_string_equal(suggest("chekc", known), "check");
	assert_string_equal(suggest("checkp", known), "check");
	assert_string_equal(suggest("moved", known), "move");
	assert_null(suggest("", known));
	assert_null(suggest(BIG, known));
	assert_null(suggest("move", none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(default_mounts),
		cmocka_unit_test(each_option),
		cmocka_unit_test(each_mount),
		cmocka_unit_test(a_comma_between_quotes_belongs_to_the_option),
		cmocka_unit_test(a_parent_is_mounted_before_its_children),
		cmocka_unit_test(args_keep_every_word),
		cmocka_unit_test(flags_and_sizes),
		cmocka_unit_test(all_is_dropped_before_names_are_added),
		cmocka_unit_test(each_refusal),
		cmocka_unit_test(refused_together),
		cmocka_unit_test(a_template_changes_only_where_told),
		cmocka_unit_test(settings_for_moves),
		cmocka_unit_test(an_empty_template_is_completed),
		cmocka_unit_test(bad_templates),
		cmocka_unit_test(seccomp),
		cmocka_unit_test(io_uring),
		cmocka_unit_test(a_failure_leaves_the_template_alone),
		cmocka_unit_test(text_round_trip),
		cmocka_unit_test(not_a_configuration),
		cmocka_unit_test(annotations),
		cmocka_unit_test(suggestions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
