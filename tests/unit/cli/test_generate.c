/* SPDX-License-Identifier: MIT */
/*
 * cmigrate generate: the configuration it writes. The last test checks all of them against the
 * OCI's schema.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "cli/run_cmigrate.h"

#define ARTICLE                                                                                    \
	"--args /usr/sbin/httpd --args -DFOREGROUND --network host --tmpfs /tmp --tmpfs /run "     \
	"--tmpfs /var/log/httpd --tmpfs /run/httpd --bind /tmp/rhel7-httpd:/var/www/html "

/* The names of the documents to check against the schema. */
static struct argv documents;

#define NO_LIMIT "18446744073709551615"

/*
 * Keeps a document for the schema and parses it, with 7 in place of the number that jansson can't
 * hold.
 */
static json_t *kept(const char *text)
{
	CLEANUP_FREE char *path = str_fmt("%s/document-%zu.json", test_dir, documents.n);
	CLEANUP_FREE char *copy = str_dup(text);

	write_file(path, text);
	argv_add(&documents, path);
	for (char *large; (large = strstr(copy, NO_LIMIT)) != NULL;)
		memcpy(large, "                   7", strlen(NO_LIMIT));
	return parsed(copy);
}

static json_t *generated(const char *options)
{
	CLEANUP_FREE char *line = str_fmt("generate %s", options);
	CLEANUP_FREE char *text = prints(line);

	return kept(text);
}

static void the_articles_command_line(void **state)
{
	json_t *doc = generated(ARTICLE "--read-only");

	(void)state;
	assert_at(doc, "process.args", "[\"/usr/sbin/httpd\", \"-DFOREGROUND\"]");
	assert_at(doc, "root", "{\"path\": \"rootfs\", \"readonly\": true}");
	assert_at(doc, "linux.namespaces",
		  "[{\"type\": \"pid\"}, {\"type\": \"ipc\"}, {\"type\": \"uts\"}, {\"type\": "
		  "\"mount\"}]");
	static const char *const targets[] = {
		"/proc", "/dev", "/dev/pts",	   "/dev/shm",	 "/dev/mqueue",	 "/sys",
		"/tmp",	 "/run", "/var/log/httpd", "/run/httpd", "/var/www/html"};
	assert_int_equal(json_array_size(json_object_get(doc, "mounts")), COUNT(targets));
	for (size_t i = 0; i < COUNT(targets); i++) {
		CLEANUP_FREE char *path = str_fmt("mounts.%zu.destination", i);
		assert_string_equal(json_string_value(value_at(doc, path)), targets[i]);
	}
	assert_at(doc, "mounts.6.options",
		  "[\"rw\", \"noexec\", \"nosuid\", \"nodev\", \"size=65536k\"]");
	assert_at(doc, "mounts.10",
		  "{\"destination\": \"/var/www/html\", \"type\": \"bind\", \"source\": "
		  "\"/tmp/rhel7-httpd\", \"options\": [\"rw\", \"bind\"]}");
	json_decref(doc);
}

static void the_older_spelling_of_read_only_gives_the_same_bytes(void **state)
{
	CLEANUP_FREE char *a = prints("generate " ARTICLE "--read-only");
	CLEANUP_FREE char *b = prints("generate " ARTICLE "--rootfs-readonly");

	(void)state;
	assert_string_equal(a, b);
	assert_string_equal(a + strlen(a) - 2, "}\n");
}

static void every_option_at_once(void **state)
{
	(void)state;
	write_file("vars", "FROM_FILE=1\n");
	write_file("seccomp.json", "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}");
	json_t *doc = generated(
		"--args sh --network /run/netns/x --tmpfs /tmp:size=1m --bind /a:/b:ro --env A=b "
		"--env-file vars --cwd /srv --user 48:48 --groups 7 --hostname web --cap-add "
		"SYS_TIME --cap-drop CHOWN --rlimit core:0:unlimited --label note=x "
		"--address 192.0.2.7 --address 2001:db8::7/64@eth1 --endpoint http://rhel0x/ "
		"--endpoint tcp://192.0.2.7:80 --strategy pre-copy --transport direct "
		"--encrypt required "
		"--tcp-established --timeout 5 --max-downtime 200 --if-slow abort --pin "
		"--group web:spread "
		"--sysctl net.ipv4.ip_forward=1 "
		"--cgroups-path /x --memory 512M --cpus 1.5 --pids-limit 20 --no-new-privileges "
		"--seccomp seccomp.json --rootfs /runc/rootfs --read-only");
	assert_at(doc, "process.rlimits.1",
		  "{\"type\": \"RLIMIT_CORE\", \"soft\": 0, \"hard\": 7}");
	assert_at(
		doc, "annotations",
		"{\"note\": \"x\", \"org.cmigrate.address\": \"192.0.2.7,2001:db8::7/64@eth1\", "
		"\"org.cmigrate.endpoint\": \"http://rhel0x/,tcp://192.0.2.7:80\", "
		"\"org.cmigrate.strategy\": \"pre-copy\", \"org.cmigrate.transport\": \"direct\", "
		"\"org.cmigrate.encrypt\": \"required\", "
		"\"org.cmigrate.tcp\": \"established\", \"org.cmigrate.timeout\": \"5\", "
		"\"org.cmigrate.max-downtime\": \"200\", \"org.cmigrate.if-slow\": \"abort\", "
		"\"org.cmigrate.pin\": \"true\", "
		"\"org.cmigrate.group\": \"web:spread\"}");
	assert_at(doc, "linux.resources.memory.limit", "536870912");
	assert_at(doc, "linux.resources.pids.limit", "20");
	assert_at(doc, "linux.resources.cpu", "{\"quota\": 150000, \"period\": 100000}");
	assert_at(doc, "linux.seccomp.defaultAction", "\"SCMP_ACT_ALLOW\"");
	json_decref(doc);
}

static void hard_words_arrive_as_they_were(void **state)
{
	static const char *const words[] = {
		"",	   " ",	    "it's", "\"", "\\",	  "-x", "--args",
		"a=b:c,d", "$HOME", "`id`", "*",  "a\nb", "\t", "gr\xc3\xb6\xc3\x9f \xe2\x82\xac"};
	CLEANUP_ARGV struct argv line = {0};
	CLEANUP_BUF struct buf all = {0};

	(void)state;
	argv_addl(&line, "generate", "--args", "/bin/prog", NULL);
	for (size_t i = 0; i < COUNT(words); i++) {
		argv_addl(&line, "--args", words[i], NULL);
		buf_printf(&all, "%s%s", i ? " " : "", words[i]);
	}
	argv_add(&line, "--env");
	argv_addf(&line, "X=%s", all.s);
	argv_add(&line, "--label");
	argv_addf(&line, "note=%s", all.s);
	CLEANUP_ANSWER struct answer o = run_to(NULL, &line);
	assert_int_equal(o.code, 0);
	json_t *doc = kept(o.out);
	const json_t *args = value_at(doc, "process.args");
	assert_int_equal(json_array_size(args), COUNT(words) + 1);
	for (size_t i = 0; i < COUNT(words); i++)
		assert_string_equal(json_string_value(json_array_get(args, i + 1)), words[i]);
	assert_string_equal(json_string_value(value_at(doc, "process.env.2")) + 2, all.s);
	assert_string_equal(json_string_value(value_at(doc, "annotations.note")), all.s);
	json_decref(doc);
}

static void colons_in_paths_and_in_mount_options(void **state)
{
	json_t *doc = generated("--tmpfs /a\\:b --bind /s\\:1:/d\\:2:ro,context=u:r:t:s0");

	(void)state;
	assert_at(doc, "mounts.6.destination", "\"/a:b\"");
	assert_at(doc, "mounts.7.source", "\"/s:1\"");
	assert_at(doc, "mounts.7.destination", "\"/d:2\"");
	assert_at(doc, "mounts.7.options", "[\"ro\", \"context=u:r:t:s0\", \"bind\"]");
	json_decref(doc);
}

static void a_tmpfs_on_dev_keeps_what_makes_it_one(void **state)
{
	static const struct {
		const char *options, *size;
	} rows[] = {{"--tmpfs /dev --args a", "65536k"}, {"--tmpfs /dev:size=1m --args a", "1m"}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP_FREE char *wanted =
			str_fmt("[\"rw\", \"nosuid\", \"strictatime\", \"mode=755\", \"size=%s\"]",
				rows[i].size);
		json_t *doc = generated(rows[i].options);
		const json_t *mounts = json_object_get(doc, "mounts");
		size_t found = 0;
		for (size_t j = 0; j < json_array_size(mounts); j++) {
			const json_t *mount = json_array_get(mounts, j);
			const char *to = json_string_value(json_object_get(mount, "destination"));
			if (strcmp(to, "/dev") != 0)
				continue;
			found++;
			assert_at(mount, "options", wanted);
		}
		assert_int_equal(found, 1);
		json_decref(doc);
	}
}

static void a_template_changes_only_where_told(void **state)
{
	(void)state;
	write_file("t.json",
		   "{\"ociVersion\": \"1.0.2\", \"x\": [{\"b\": 1, \"a\": 2}],\n \"process\": "
		   "{\"cwd\": \"/\", \"rlimits\": [{\"type\": \"RLIMIT_CORE\", \"soft\": 1, "
		   "\"hard\": 18446744073709551615}]}}");
	CLEANUP_FREE char *text = prints("generate --template t.json --args sh --uid 0");
	const char *b = strstr(text, "\"b\": 1"), *a = strstr(text, "\"a\": 2");

	assert_non_null(strstr(text, NO_LIMIT));
	assert_true(b && a && b < a);
	json_t *doc = kept(text);
	assert_at(doc, "",
		  "{\"ociVersion\": \"1.0.2\", \"x\": [{\"a\": 2, \"b\": 1}], \"process\": "
		  "{\"cwd\": \"/\", \"rlimits\": [{\"type\": \"RLIMIT_CORE\", \"soft\": 1, "
		  "\"hard\": 7}], \"args\": [\"sh\"], \"user\": {\"uid\": 0}}}");
	json_decref(doc);
}

static void lines_of_env_files(void **state)
{
	(void)state;
	write_file("one", "\xef\xbb\xbf# comment\r\n\r\n  A=1 # kept\r\nB= x = y \nTERM=dumb");
	write_file("two", "A=2\nC=3\n");
	write_file("empty", "");
	json_t *doc = generated("--env B=cli --env-file one --env-file two --env-file empty");
	json_t *env = json_deep_copy(value_at(doc, "process.env"));
	assert_int_equal(json_array_remove(env, 0), 0);
	assert_at(env, "", "[\"TERM=dumb\", \"A=2\", \"B=cli\", \"C=3\"]");
	json_decref(env);
	json_decref(doc);
	doc = generated("--env-file one");
	env = json_deep_copy(value_at(doc, "process.env"));
	assert_int_equal(json_array_remove(env, 0), 0);
	assert_at(env, "", "[\"TERM=dumb\", \"A=1 # kept\", \"B= x = y \"]");
	json_decref(env);
	json_decref(doc);
}

static void json_is_one_line_on_stdout_and_many_in_a_file(void **state)
{
	CLEANUP_FREE char *line = prints("generate --json --args a");
	CLEANUP_FREE char *lines = prints("generate --args a");
	json_t *a = parsed(line), *b = parsed(lines);

	(void)state;
	assert_int_equal(lines_of(line), 1);
	assert_true(json_equal(a, b));
	says_nothing("generate --json --output one.json --args a");
	CLEANUP_FREE char *file = read_file("one.json");
	assert_string_equal(file, lines);
	json_decref(a);
	json_decref(b);
}

/* Writes a document that the schema must refuse. */
static void write_bad(const char *path)
{
	CLEANUP_FREE char *text = prints("generate");
	json_t *doc = parsed(text);
	json_t *limit = json_array_get(value_at(doc, "process.rlimits"), 0);

	assert_int_equal(json_object_set_new(limit, "type", json_string("NOFILE")), 0);
	assert_int_equal(json_dump_file(doc, path, 0), 0);
	json_decref(doc);
}

/*
 * Runs last: one process checks everything that was written. A bad document shows that it does
 * check.
 */
static void all_documents_pass_the_schema_and_a_bad_one_does_not(void **state)
{
	CLEANUP_BUF struct buf files = {0};

	(void)state;
	assert_true(documents.n > 8);
	quote_argv(&files, documents.v);
	write_bad("bad.json");
	CLEANUP_FREE char *command =
		str_fmt("'%s/tests/schema/validate' %s bad.json >said 2>&1", test_top, files.s);
	int status = system(command);
	CLEANUP_FREE char *said = read_file("said");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 1 || lines_of(said) != 1 ||
	    !str_starts(said, "bad.json: ") || !strstr(said, "NOFILE"))
		fail_msg("%s", said);
	argv_clear(&documents);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(the_articles_command_line),
		IN_DIRECTORY(the_older_spelling_of_read_only_gives_the_same_bytes),
		IN_DIRECTORY(every_option_at_once),
		IN_DIRECTORY(hard_words_arrive_as_they_were),
		IN_DIRECTORY(colons_in_paths_and_in_mount_options),
		IN_DIRECTORY(a_tmpfs_on_dev_keeps_what_makes_it_one),
		IN_DIRECTORY(a_template_changes_only_where_told),
		IN_DIRECTORY(lines_of_env_files),
		IN_DIRECTORY(json_is_one_line_on_stdout_and_many_in_a_file),
		IN_DIRECTORY(all_documents_pass_the_schema_and_a_bad_one_does_not),
	};

	return cmocka_run_group_tests(tests, directories_begin, directories_end);
}
