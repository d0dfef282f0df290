/* SPDX-License-Identifier: MIT */
/* cmigrate generate: where it writes, what it reads, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <dirent.h>

#include "cli/run_cmigrate.h"

#define GENERATE "--bundle-root root generate "

/* All names in a directory except "." and "..", sorted and joined by blanks. */
static char *names_in(const char *path)
{
	CLEANUP_BUF struct buf names = {0};
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);

	if (n < 0)
		fail_msg("can't read '%s'", path);
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			buf_printf(&names, "%s%s", names.len ? " " : "", name);
		free(entries[i]);
	}
	free(entries);
	return str_dup(buf_str(&names));
}

static void assert_only(const char *path, const char *wanted)
{
	CLEANUP_FREE char *names = names_in(path);

	assert_string_equal(names, wanted);
}

static void assert_mode(const char *path, unsigned mode)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	if (S_ISREG(st.st_mode))
		assert_int_equal(st.st_nlink, 1);
}

static void assert_file_at(const char *path, const char *member, const char *wanted)
{
	CLEANUP_FREE char *text = read_file(path);

	assert_non_null(text);
	json_t *doc = parsed(text);
	assert_at(doc, member, wanted);
	json_decref(doc);
}

static void a_name_makes_the_bundle_and_the_host_name(void **state)
{
	(void)state;
	says_nothing(GENERATE "--args /usr/sbin/httpd rhel7-httpd");
	assert_only("root", "rhel7-httpd");
	assert_only("root/rhel7-httpd", "config.json");
	assert_mode("root/rhel7-httpd", 0755);
	assert_mode("root/rhel7-httpd/config.json", 0644);
	assert_file_at("root/rhel7-httpd/config.json", "hostname", "\"rhel7-httpd\"");
}

static void an_existing_bundle_keeps_what_it_has(void **state)
{
	(void)state;
	make_dir("root/a");
	assert_int_equal(chmod("root/a", 0700), 0);
	write_file("root/a/file", "data\n");
	says_nothing(GENERATE "a");
	assert_only("root/a", "config.json file");
	assert_mode("root/a", 0700);
}

static void nothing_is_overwritten_without_force(void **state)
{
	(void)state;
	says_nothing(GENERATE "a");
	CLEANUP_FREE char *before = read_file("root/a/config.json");
	refused(GENERATE "--args other a", 1, "exists; use --force");
	CLEANUP_FREE char *after = read_file("root/a/config.json");
	assert_string_equal(before, after);
	assert_only("root/a", "config.json");
	says_nothing(GENERATE "--force --args other a");
	assert_file_at("root/a/config.json", "process.args", "[\"other\"]");
	assert_only("root/a", "config.json");
	assert_mode("root/a/config.json", 0644);
}

static void output_writes_a_file_whatever_the_umask(void **state)
{
	mode_t mask = umask(077);

	(void)state;
	says_nothing(GENERATE "--output out.json");
	(void)umask(mask);
	assert_mode("out.json", 0644);
	assert_file_at("out.json", "hostname", NULL);
	refused(GENERATE "--output out.json", 1, "'out.json' exists; use --force");
	CLEANUP_FREE char *here = getcwd(NULL, 0);
	CLEANUP_FREE char *line =
		str_fmt(GENERATE "--force --output %s/out.json --hostname x", here);
	says_nothing(line);
	assert_file_at("out.json", "hostname", "\"x\"");
}

static void a_name_with_output_makes_no_bundle(void **state)
{
	(void)state;
	says_nothing(GENERATE "web --output made.json");
	assert_file_at("made.json", "hostname", "\"web\"");
	assert_only("root", "");
}

static void output_through_links_and_into_special_files(void **state)
{
	struct stat st;

	(void)state;
	make_dir("sub");
	write_file("sub/real", "old\n");
	assert_int_equal(symlink("sub/real", "link"), 0);
	refused(GENERATE "--output link", 1, "exists");
	CLEANUP_FREE char *old = read_file("sub/real");
	assert_string_equal(old, "old\n");
	says_nothing(GENERATE "--force --output link");
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_file_at("sub/real", "process.args", "[\"sh\"]");
	assert_only("sub", "real");
	assert_int_equal(symlink("sub/missing", "dangling"), 0);
	refused(GENERATE "--output dangling", 1, "exists");
	assert_only("sub", "real");
	refused(GENERATE "--output sub", 1, "is a directory");
	refused(GENERATE "--output none/x", 1, "can't create a file in 'none'");
	int fds[2];
	char text[16384] = "";
	assert_int_equal(pipe(fds), 0);
	CLEANUP_FREE char *line = str_fmt(GENERATE "--output /dev/fd/%d", fds[1]);
	says_nothing(line);
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	CLEANUP_FREE char *real = read_file("sub/real");
	assert_string_equal(text, real);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void a_full_disk_is_reported(void **state)
{
	struct stat st;

	(void)state;
	refused(GENERATE "--output /dev/full", 1, "can't write '/dev/full': No space left");
	assert_int_equal(stat("/dev/full", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

static void a_bundle_root_that_is_not_there(void **state)
{
	(void)state;
	refused("--bundle-root /nowhere generate a", 1,
		"can't create the bundle '/nowhere/a': No such file or directory; --bundle-root");
}

static void wrong_options_are_refused_before_anything_is_written(void **state)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
		{"--bnid x a", "unknown option '--bnid'; did you mean '--bind'?"},
		{"a --args", "option '--args' needs a value"},
		{"--cap-add NET_BIND a", "did you mean 'CAP_NET_BIND_SERVICE'?"},
		{"--rlimit nofiles:1 a", "did you mean 'RLIMIT_NOFILE'?"},
		{"--label org.cmigrate.endpont=x a", "did you mean 'org.cmigrate.endpoint'?"},
		{"--user apache a", "give UID[:GID] as numbers"},
		{"--tmpfs tmp a", "is not absolute"},
		{"--args sh --args \xff a", "is not UTF-8"},
		{"--memory lots a", "--memory: 'lots' is not a size"},
		{"-- -a", "begins with '-'"},
		{"../a", "not allowed in it"},
		{"a b", ""},
		{"--bind /a:/b:Z a", "runc sets no SELinux labels"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP_FREE char *line = str_fmt(GENERATE "%s", rows[i].line);
		refused(line, 2, rows[i].text);
	}
	assert_only("root", "");
}

static void control_bytes_never_reach_the_terminal(void **state)
{
	(void)state;
	CLEANUP_ANSWER struct answer o = run_line("generate --network \033[2J");
	assert_refused(&o, "--network", 2, "?[2J");
	assert_null(strchr(o.err, '\033'));
}

static void a_spec_that_runc_refuses_is_refused(void **state)
{
	static const char *const wrong[] = {"{\"process\":1}", "{\"mounts\":{}}",
					    "{\"root\":\"x\"}", "{\"annotations\":[]}",
					    "{\"ociVersion\":1}"};

	(void)state;
	write_file("t.json", "{\"linux\": {\"resources\": {\"memory\": {\"swap\": 2000000}}}}");
	refused("generate --template t.json --memory 1G", 2, "memory.swap");
	free(prints("generate --template t.json --memory 1M"));
	for (size_t i = 0; i < COUNT(wrong); i++) {
		write_file("t.json", wrong[i]);
		refused("generate --template t.json", 2, "is not a");
	}
}

static void files_that_cant_be_used_are_named_with_the_place(void **state)
{
	(void)state;
	write_file("bad.json", "{\n \"process\": {\n  \"args\": }\n");
	write_file("list.json", "[]\n");
	CLEANUP_BUF struct buf deep = {0};
	for (int i = 0; i < 100000; i++)
		buf_puts(&deep, "{\"a\":");
	write_file("deep.json", deep.s);
	write_file("large", "");
	assert_int_equal(truncate("large", 1048577), 0);
	refused("generate --template bad.json", 2, "--template: 'bad.json', line 3, column 11");
	refused("generate --seccomp bad.json", 2, "--seccomp: 'bad.json', line 3");
	refused("generate --template list.json", 2, "'list.json' is not a JSON object");
	refused("generate --seccomp cmigrate.json", 2, "no 'defaultAction'");
	refused("generate --template none", 2, "can't read 'none': No such file");
	refused("generate --template .", 2, "can't read '.': Is a directory");
	refused("generate --template deep.json", 2, "deep.json");
	refused("generate --template large", 2, "'large' is larger than 1 MiB");
	refused("generate --env-file large", 2, "'large' is larger than 1 MiB");
	/* A file without an end. */
	refused("generate --template /dev/zero", 2, "larger than 1 MiB");
}

static void lines_that_are_no_variables_are_named(void **state)
{
	FILE *f = NULL;

	(void)state;
	write_file("bad", "A=1\n# x\nnonsense\n");
	refused("generate --env-file bad", 2,
		"--env-file: 'bad', line 3: 'nonsense' is not KEY=VALUE");
	write_file("bad", "A=\xff\n");
	refused("generate --env-file bad", 2, "'bad', line 1: 'A=?' is not UTF-8");
	f = fopen("bad", "we");
	assert_non_null(f);
	assert_int_equal(fwrite("A=\0\n", 1, 4, f), 4);
	assert_int_equal(fclose(f), 0);
	refused("generate --env-file bad", 2, "'bad' has a zero byte");
	refused("generate --env-file none", 2, "can't read 'none'");
}

static void global_options_before_and_after_the_command(void **state)
{
	(void)state;
	says_nothing("-b root generate one");
	says_nothing("generate two -b root");
	says_nothing("-b /nowhere generate --quiet --bundle-root=root three");
	write_file("other.json", "{\"bundle_root\": \"/nowhere\"}");
	refused("generate four -c other.json", 1, "'/nowhere/four'");
	says_nothing("generate four -c other.json -b root");
	assert_only("root", "four one three two");
	refused("generate -c none.json", 2, "can't read 'none.json'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(a_name_makes_the_bundle_and_the_host_name),
		IN_DIRECTORY(an_existing_bundle_keeps_what_it_has),
		IN_DIRECTORY(nothing_is_overwritten_without_force),
		IN_DIRECTORY(output_writes_a_file_whatever_the_umask),
		IN_DIRECTORY(a_name_with_output_makes_no_bundle),
		IN_DIRECTORY(output_through_links_and_into_special_files),
		IN_DIRECTORY(a_full_disk_is_reported),
		IN_DIRECTORY(a_bundle_root_that_is_not_there),
		IN_DIRECTORY(wrong_options_are_refused_before_anything_is_written),
		IN_DIRECTORY(control_bytes_never_reach_the_terminal),
		IN_DIRECTORY(a_spec_that_runc_refuses_is_refused),
		IN_DIRECTORY(files_that_cant_be_used_are_named_with_the_place),
		IN_DIRECTORY(lines_that_are_no_variables_are_named),
		IN_DIRECTORY(global_options_before_and_after_the_command),
	};

	return cmocka_run_group_tests(tests, directories_begin, directories_end);
}
