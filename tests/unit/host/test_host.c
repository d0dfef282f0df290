/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/host/host.h"
#include "slowness.h"
#include "stub.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define SHELL(text) ((char *[]){"sh", "-c", (text), NULL})

static char *dir;

static struct host *here(void)
{
	return host_new("here", NULL, NULL, NULL);
}

static struct host *far(void)
{
	return host_new("rhel02", "root@rhel02", NULL, NULL);
}

/* Both kinds of host must behave alike, so these tests run twice. */
typedef void both_fn(struct host *host);

static void on_both(both_fn *test)
{
	CLEANUP_HOST struct host *local = here();
	CLEANUP_HOST struct host *remote = far();

	test(local);
	test(remote);
}

static char *output(struct host *host, char *const *argv)
{
	struct command cmd = {.argv = argv, .timeout_ms = scaled_ms(5000)};
	struct err err = ERR_INIT;
	char *out = NULL;

	if (host_output(host, &cmd, &out, &err) < 0)
		fail_msg("%s: %s", host->name, err.msg);
	return out;
}

static const char *const nasty[] = {
	"",
	" ",
	"a b",
	"  two  blanks ",
	"'",
	"''",
	"\"",
	"\\",
	"\\'\\\"",
	"$(touch hacked)",
	"`touch hacked`",
	"$HOME",
	"${IFS}",
	"; touch hacked",
	"&& touch hacked",
	"| cat",
	"> hacked",
	"\n",
	"a\nb\n",
	"\ntouch hacked\n",
	"\t",
	"*",
	"?[a-z]",
	"~",
	"~root",
	"-rf",
	"--",
	"#",
	"a#b",
	"!x",
	"{a,b}",
	"x=y",
	"\xc3\xa9t\xc3\xa9 \xe2\x82\xac",
	"\xff\xfe",
	"\x01\x7f\x1b[2J",
	"%s%n",
	"exit 0",
};

static void nasty_words(struct host *host)
{
	for (size_t i = 0; i < COUNT(nasty); i++) {
		char *argv[] = {"printf", "<%s|%s>", (char *)(uintptr_t)nasty[i], "end", NULL};
		CLEANUP_FREE char *out = output(host, argv);
		CLEANUP_FREE char *wanted = str_fmt("<%s|end>", nasty[i]);
		assert_string_equal(out, wanted);
	}
	assert_int_not_equal(access("hacked", F_OK), 0);
}

static void words_arrive_unchanged(void **state)
{
	(void)state;
	on_both(nasty_words);
}

static void nasty_environment(struct host *host)
{
	for (size_t i = 0; i < COUNT(nasty); i++) {
		CLEANUP_FREE char *word = str_fmt("HOST_WORD=%s", nasty[i]);
		char *env[] = {word, "HOST_OTHER=1", NULL};
		struct command cmd = {.argv = SHELL("printf '%s.' \"$HOST_WORD\" \"$HOST_OTHER\""),
				      .env = env,
				      .timeout_ms = scaled_ms(5000)};
		struct err err = ERR_INIT;
		CLEANUP_FREE char *out = NULL;
		assert_int_equal(host_output(host, &cmd, &out, &err), 0);
		CLEANUP_FREE char *wanted = str_fmt("%s.1.", nasty[i]);
		assert_string_equal(out, wanted);
	}
	/* The environment was for that command alone. */
	CLEANUP_FREE char *out = output(host, SHELL("echo \"[$HOST_WORD]\""));
	assert_string_equal(out, "[]\n");
}

static void environment(void **state)
{
	(void)state;
	on_both(nasty_environment);
}

static void the_environment_tag_of_a_host(void **state)
{
	CLEANUP_HOST struct host *local = here();
	CLEANUP_HOST struct host *remote = far();
	struct host *both[] = {local, remote};

	(void)state;
	for (size_t i = 0; i < COUNT(both); i++) {
		both[i]->env_tag = str_dup("CMIGRATE_MOVE=20240506T070809-1");
		CLEANUP_FREE char *out = output(both[i], SHELL("echo $CMIGRATE_MOVE"));
		assert_string_equal(out, "20240506T070809-1\n");
	}
}

static void input_as_it_is(struct host *host)
{
	static const char text[] = "one\n$(id) `id` $HOME\n\nEOF\n'\"\\\nlast\n";
	struct command cmd = {.argv = SHELL("cat"), .input = text, .timeout_ms = scaled_ms(5000)};
	struct err err = ERR_INIT;
	CLEANUP_FREE char *out = NULL;

	assert_int_equal(host_output(host, &cmd, &out, &err), 0);
	assert_string_equal(out, text);
	/* A command without input reads nothing, and doesn't swallow the next command. */
	CLEANUP_FREE char *none = output(host, SHELL("wc -c"));
	assert_string_equal(none, "0\n");
}

static void input(void **state)
{
	(void)state;
	on_both(input_as_it_is);
}

static void much_input(struct host *host)
{
	char *line = mem_new(1, 300001);
	struct err err = ERR_INIT;
	CLEANUP_FREE char *out = NULL;

	memset(line, 'x', 300000);
	line[299999] = '\n';
	struct command cmd = {.argv = SHELL("wc -c"), .input = line, .timeout_ms = scaled_ms(5000)};
	assert_int_equal(host_output(host, &cmd, &out, &err), 0);
	assert_string_equal(out, "300000\n");
	/* A command may leave its input unread. */
	cmd.argv = SHELL("exit 0");
	assert_int_equal(host_run(host, &cmd, &err), 0);
	free(line);
}

static void more_input_than_a_pipe_takes(void **state)
{
	(void)state;
	on_both(much_input);
}

static void failing(struct host *host)
{
	static const struct {
		const char *text;
		int status;
		const char *said;
	} rows[] = {
		{"exit 3", 3, "ended with status 3"},
		{"echo first >&2; echo 'the reason' >&2; exit 1", 1, "status 1: the reason"},
		{"printf 'no line end' >&2; exit 1", 1, "status 1: no line end"},
		{"kill -9 $$", 128 + SIGKILL, "status 137"},
		{"exit 124", 124, "status 124"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP_JOB struct job job = {0};
		struct command cmd = {.argv = SHELL((char *)(uintptr_t)rows[i].text),
				      .timeout_ms = scaled_ms(5000)};
		struct err err = ERR_INIT;
		assert_int_equal(host_start(host, &cmd, &job, &err), 0);
		job_wait(&job);
		assert_int_equal(job.status, rows[i].status);
		assert_false(job.timed_out || job.lost);
		assert_int_equal(job_failure(&job, &err), -1);
		assert_int_equal(err.code, EXIT_FAILED);
		assert_true(str_starts(err.msg, host->name));
		if (!strstr(err.msg, rows[i].said))
			fail_msg("%s", err.msg);
	}
}

static void failures_name_host_command_and_reason(void **state)
{
	(void)state;
	on_both(failing);
}

static void not_there(struct host *host)
{
	char *argv[] = {"no-such-program", "x", NULL};
	struct command cmd = {.argv = argv, .timeout_ms = scaled_ms(5000)};
	struct err err = ERR_INIT;

	assert_int_equal(host_run(host, &cmd, &err), -1);
	assert_true(str_starts(err.msg, host->name));
	assert_non_null(strstr(err.msg, "no-such-program"));
}

static void a_missing_program(void **state)
{
	(void)state;
	on_both(not_there);
}

static void logged(struct host *host)
{
	CLEANUP_FREE char *log = str_fmt("%s/lo g'$(id)", dir);
	struct command cmd = {
		.argv = SHELL("echo out; echo err >&2"), .log = log, .timeout_ms = scaled_ms(5000)};
	struct err err = ERR_INIT;
	CLEANUP_FREE char *out = NULL;

	assert_int_equal(host_output(host, &cmd, &out, &err), 0);
	assert_string_equal(out, "");
	char *show[] = {"cat", log, NULL};
	CLEANUP_FREE char *text = output(host, show);
	assert_string_equal(text, "out\nerr\n");
	assert_int_equal(unlink(log), 0);
}

static void a_log_file(void **state)
{
	(void)state;
	on_both(logged);
}

/* A deadline ends the command with its children, at once if it heeds SIGTERM. */
static void too_slow(struct host *host)
{
	CLEANUP_JOB struct job job = {0};
	struct command cmd = {.argv = SHELL("sleep 60 & wait"), .timeout_ms = 100};
	struct err err = ERR_INIT;

	assert_int_equal(host_start(host, &cmd, &job, &err), 0);
	job_wait(&job);
	assert_true(job.timed_out);
	assert_false(job.lost);
	assert_in_range((int)job_ms(&job), 100, scaled_ms(1050));
	assert_int_equal(job_failure(&job, &err), -1);
	assert_non_null(strstr(err.msg, "did not end within 0.1 s"));
	free(output(host, SHELL("true")));
}

static void deadlines(void **state)
{
	(void)state;
	on_both(too_slow);
}

static void deaf(struct host *host)
{
	CLEANUP_JOB struct job job = {0};
	CLEANUP_FREE char *pid_file = str_fmt("%s/pid", dir);
	char *argv[] = {"sh", "-c", "trap '' TERM; (sleep 60) & echo $! >\"$0\"; wait; sleep 60",
			pid_file, NULL};
	struct command cmd = {.argv = argv, .timeout_ms = scaled_ms(100)};
	struct err err = ERR_INIT;

	assert_int_equal(host_start(host, &cmd, &job, &err), 0);
	job_wait(&job);
	assert_true(job.timed_out);
	assert_in_range((int)job_ms(&job), scaled_ms(100) + 1000, scaled_ms(5000));
	/* Gone, or a zombie that its parent has yet to reap. */
	char *gone[] = {
		"sh", "-c",
		"while grep -q '^State:.[^Z]' /proc/\"$(cat \"$0\")\"/status 2>/dev/null; do "
		"sleep 0.1; done",
		pid_file, NULL};
	free(output(host, gone));
}

/* Like a process on a hung disk: no signal reaches it, and it does not end. */
static void an_unkillable_command_loses_the_host(void **state)
{
	struct command cmd = {.argv = SHELL("exec sleep 60"), .timeout_ms = 50};
	CLEANUP_HOST struct host *host = here();
	CLEANUP_JOB struct job job = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_start(host, &cmd, &job, &err), 0);
	pid_t real = job.proc.pid, other = fork();
	if (other == 0) {
		(void)pause(); /* this process is in our session: the job can't signal its group */
		_exit(0);
	}
	job.proc.pid = other;
	job_wait(&job);
	assert_true(job.lost && job.timed_out && host->lost);
	assert_int_equal(job_failure(&job, &err), -1);
	assert_int_equal(err.cause, CAUSE_LOST_HOST);
	assert_non_null(strstr(err.msg, "can't be killed"));
	assert_int_equal(kill(real, SIGKILL), 0);
	assert_int_equal(kill(other, SIGKILL), 0);
	assert_int_equal(waitpid(real, NULL, 0), real);
	assert_int_equal(waitpid(other, NULL, 0), other);
}

static void a_deadline_for_a_command_that_ignores_sigterm(void **state)
{
	(void)state;
	on_both(deaf);
}

/* Constant output can't keep a command from its deadline. */
static void a_writer_without_end(void **state)
{
	CLEANUP_HOST struct host *local = here();
	CLEANUP_HOST struct host *remote = far();
	struct host *both[] = {local, remote};

	(void)state;
	for (size_t i = 0; i < COUNT(both); i++) {
		CLEANUP_JOB struct job job = {0};
		struct command cmd = {.argv = SHELL("exec yes"), .timeout_ms = 300, .limit = 1000};
		struct err err = ERR_INIT;
		assert_int_equal(host_start(both[i], &cmd, &job, &err), 0);
		job_wait(&job);
		assert_true(job.timed_out);
		assert_true(job.truncated);
		assert_true(job.out.len <= 1000);
		assert_true(job.out.cap < 32 * 1024 * 1024);
		assert_in_range((int)job_ms(&job), 300, scaled_ms(5000));
	}
}

static void limited(struct host *host)
{
	static const struct {
		const char *text;
		size_t limit, len;
		bool truncated;
	} rows[] = {
		{"printf 1234567890", 10, 10, false},
		{"printf 1234567890", 9, 9, true},
		{"head -c 5000000 /dev/zero | tr '\\0' x", 1000, 1000, true},
		{"head -c 5000000 /dev/zero | tr '\\0' x >&2; printf ok", 1000, 2, true},
		{"head -c 1048576 /dev/zero | tr '\\0' x", 0, OUTPUT_LIMIT, false},
		{"head -c 1048577 /dev/zero | tr '\\0' x", 0, OUTPUT_LIMIT, true},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP_JOB struct job job = {0};
		struct command cmd = {.argv = SHELL((char *)(uintptr_t)rows[i].text),
				      .timeout_ms = scaled_ms(20000),
				      .limit = rows[i].limit};
		struct err err = ERR_INIT;
		assert_int_equal(host_start(host, &cmd, &job, &err), 0);
		job_wait(&job);
		assert_int_equal(job.status, 0);
		if (job.out.len != rows[i].len || job.truncated != rows[i].truncated)
			fail_msg("%s, row %zu: %zu bytes, truncated %d", host->name, i, job.out.len,
				 job.truncated);
		assert_int_equal(job_failure(&job, &err), rows[i].truncated ? -1 : 0);
	}
	CLEANUP_FREE char *next = output(host, SHELL("echo usable"));
	assert_string_equal(next, "usable\n");
}

static void too_much_output_is_cut_and_reported(void **state)
{
	(void)state;
	on_both(limited);
}

static void binary(struct host *host)
{
	CLEANUP_JOB struct job job = {0};
	struct command cmd = {.argv = SHELL("printf 'a\\000b\\n\\n\\377'"),
			      .timeout_ms = scaled_ms(5000)};
	struct err err = ERR_INIT;

	assert_int_equal(host_start(host, &cmd, &job, &err), 0);
	job_wait(&job);
	assert_int_equal(job.out.len, 6);
	assert_memory_equal(job.out.s, "a\0b\n\n\377", 6);
}

static void output_is_bytes(void **state)
{
	(void)state;
	on_both(binary);
}

/* Waits until the file exists, then prints its second word. */
#define WAITS_FOR(file, word)                                                                      \
	(char *[])                                                                                 \
	{                                                                                          \
		"sh", "-c", "until [ -e \"$0\" ]; do sleep 0.01; done; echo \"$1\"", file, word,   \
			NULL                                                                       \
	}

static void touch(const char *path)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
}

/* The first would never end if the second had to wait for it. */
static void two_at_once(struct host *host)
{
	CLEANUP_FREE char *one = str_fmt("%s/one", dir), *other = str_fmt("%s/other", dir);
	struct job slow = {0}, fast = {0};
	struct job *jobs[] = {&slow, &fast};
	struct err err = ERR_INIT;
	struct command cmd = {.argv = WAITS_FOR(other, "slow"), .timeout_ms = scaled_ms(5000)};

	assert_int_equal(host_start(host, &cmd, &slow, &err), 0);
	cmd.argv = WAITS_FOR(one, "fast");
	assert_int_equal(host_start(host, &cmd, &fast, &err), 0);
	/* Neither ends in time. */
	assert_int_equal(jobs_wait_any(jobs, 2, deadline_in_ms(20)), -1);
	assert_int_equal(slow.state, JOB_RUNNING);
	touch(one);
	assert_int_equal(jobs_wait_any(jobs, 2, 0), 1);
	assert_int_equal(slow.state, JOB_RUNNING);
	assert_string_equal(fast.out.s, "fast\n");
	touch(other);
	assert_int_equal(jobs_wait_any(jobs, 2, 0), 0);
	assert_string_equal(slow.out.s, "slow\n");
	/* Neither runs. */
	assert_int_equal(jobs_wait_any(jobs, 2, 0), -1);
	job_clear(&slow);
	job_clear(&fast);
	assert_int_equal(unlink(one) + unlink(other), 0);
}

static void jobs_at_once(void **state)
{
	(void)state;
	on_both(two_at_once);
}

/* A slow host doesn't delay another one. */
static void wait_all(void **state)
{
	CLEANUP_HOST struct host *local = here();
	CLEANUP_HOST struct host *remote = far();
	CLEANUP_JOB struct job a = {0};
	CLEANUP_JOB struct job b = {0};
	struct job *jobs[] = {&a, &b};
	struct command cmd = {.argv = SHELL("sleep 0.2; echo done"), .timeout_ms = scaled_ms(5000)};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_start(local, &cmd, &a, &err), 0);
	assert_int_equal(host_start(remote, &cmd, &b, &err), 0);
	jobs_wait_all(jobs, 2);
	assert_int_equal(a.state, JOB_DONE);
	assert_int_equal(b.state, JOB_DONE);
	assert_string_equal(b.out.s, "done\n");
}

static void arguments_of_ssh(void **state)
{
	CLEANUP_FREE char *log = str_fmt("%s/ssh.log", dir);
	CLEANUP_ARGV struct argv options = {0};
	char *show[] = {"cat", log, NULL};

	(void)state;
	argv_addl(&options, "-i", "/etc/key file", NULL);
	CLEANUP_HOST struct host *host = host_new("rhel02", "root@rhel02", &options, NULL);
	CLEANUP_HOST struct host *local = here();
	assert_int_equal(setenv("STUB_SSH_LOG", log, 1), 0);
	free(output(host, SHELL("true")));
	assert_int_equal(unsetenv("STUB_SSH_LOG"), 0);
	CLEANUP_FREE char *words = output(local, show);
	assert_true(str_starts(words, "-i\n/etc/key file\n-T\n"));
	assert_non_null(strstr(words, "\nBatchMode=yes\n"));
	assert_non_null(strstr(words, "\nConnectTimeout="));
	/* The host's name comes after "--", so it is never an option. */
	assert_non_null(strstr(words, "\n--\nroot@rhel02\nexec\nenv\nCMIGRATE_VERSION="));
}

/* One connection serves all commands, one after the other. */
static void a_channel_is_used_again(void **state)
{
	CLEANUP_HOST struct host *host = far();

	(void)state;
	CLEANUP_FREE char *one = output(host, SHELL("echo $PPID"));
	CLEANUP_FREE char *two = output(host, SHELL("true"));
	CLEANUP_FREE char *three = output(host, SHELL("echo $PPID"));
	assert_non_null(host->channels);
	assert_string_equal(two, "");
	/* The parent of timeout(1), which is new each time. */
	assert_string_not_equal(one, three);
	CLEANUP_FREE char *log = str_fmt("%s/again.log", dir);
	assert_int_equal(setenv("STUB_SSH_LOG", log, 1), 0);
	free(output(host, SHELL("true")));
	assert_int_equal(unsetenv("STUB_SSH_LOG"), 0);
	assert_int_not_equal(access(log, F_OK), 0);
}

static void primed_channels_are_used(void **state)
{
	CLEANUP_HOST struct host *host = far();
	CLEANUP_FREE char *log = str_fmt("%s/prime.log", dir);
	struct job jobs[3] = {{0}};
	struct command cmd = {.argv = SHELL("sleep 0.1"), .timeout_ms = scaled_ms(5000)};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(hosts_prime(&host, 1, 3, &err), 0);
	assert_int_equal(setenv("STUB_SSH_LOG", log, 1), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(host_start(host, &cmd, &jobs[i], &err), 0);
	for (size_t i = 0; i < 3; i++) {
		job_wait(&jobs[i]);
		assert_int_equal(jobs[i].status, 0);
		job_clear(&jobs[i]);
	}
	assert_int_equal(unsetenv("STUB_SSH_LOG"), 0);
	assert_int_not_equal(access(log, F_OK), 0);
}

/* Connections to several hosts are started before the first is open, and each host has one. */
static void connections_begun_beforehand(void **state)
{
	CLEANUP_HOST struct host *one = far();
	CLEANUP_HOST struct host *two = far();
	CLEANUP_HOST struct host *off = host_new("rhel03", "off", NULL, NULL);
	CLEANUP_HOST struct host *unused = far();
	CLEANUP_FREE char *log = str_fmt("%s/connect.log", dir);
	struct command cmd = {.argv = SHELL("true"), .timeout_ms = scaled_ms(5000)};
	struct err err = ERR_INIT;

	(void)state;
	host_connect(one);
	host_connect(two);
	host_connect(off);
	host_connect(unused);
	assert_non_null(one->channels);
	assert_non_null(two->channels);
	assert_int_equal(setenv("STUB_SSH_LOG", log, 1), 0);
	host_connect(one);
	assert_int_equal(host_run(one, &cmd, &err), 0);
	assert_int_equal(host_run(two, &cmd, &err), 0);
	host_connect(two);
	assert_int_equal(host_run(two, &cmd, &err), 0);
	assert_int_equal(unsetenv("STUB_SSH_LOG"), 0);
	assert_int_not_equal(access(log, F_OK), 0);
	assert_int_equal(host_run(off, &cmd, &err), -1);
	assert_string_equal(
		err.msg, "rhel03: no answer: ssh: connect to host off port 22: No route to host");
}

/* A connection started before the host was known to be off is not waited for. */
static void connecting_to_a_host_that_is_fenced_later(void **state)
{
	CLEANUP_HOST struct host *host = far();
	struct command cmd = {.argv = SHELL("exit 1"), .timeout_ms = scaled_ms(5000)};
	struct err err = ERR_INIT;

	(void)state;
	host_connect(host);
	host->fenced = true;
	assert_int_equal(host_run(host, &cmd, &err), 0);
	host_connect(host);
}

static void look_alike_marks(void **state)
{
	CLEANUP_HOST struct host *host = far();

	(void)state;
	for (int i = 0; i < 3; i++) {
		CLEANUP_FREE char *out =
			output(host, SHELL("printf '\\n0123456789abcdef0123456789abcdef 0\\n'; "
					   "printf '\\n0123456789abcdef0123456789abcdef\\n' >&2; "
					   "printf 'end'"));
		assert_string_equal(out, "\n0123456789abcdef0123456789abcdef 0\nend");
	}
}

/* A command that kills its shell ends the channel, not cmigrate. */
static void a_shell_that_dies_in_the_middle(void **state)
{
	CLEANUP_HOST struct host *host = far();
	CLEANUP_JOB struct job job = {0};
	struct command cmd = {
		.argv = SHELL("echo half; echo 'the end' >&2; kill -9 $PPID; sleep 0.1")};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_start(host, &cmd, &job, &err), 0);
	job_wait(&job);
	assert_true(job.lost);
	assert_false(job.timed_out);
	assert_int_equal(job_failure(&job, &err), -1);
	assert_non_null(strstr(err.msg, "rhel02: no answer: the end"));
	/* From now on every command there fails at once. */
	assert_true(host->lost);
	int64_t begin = clock_now_us();
	assert_int_equal(host_run(host, &cmd, &err), -1);
	assert_true(clock_now_us() - begin < scaled_ms(1000) * INT64_C(1000));
}

/* sshd with too many logins under way is tried again, with the same input. */
static void turned_away_at_first(void **state)
{
	CLEANUP_HOST struct host *host = far();
	CLEANUP_FREE char *away = str_fmt("%s/away", dir);
	CLEANUP_FREE char *one = str_fmt("%s/1", away), *two = str_fmt("%s/2", away);
	CLEANUP_FREE char *out = NULL;
	char *argv[] = {"cat", NULL};
	struct command cmd = {.argv = argv, .input = "once\n", .timeout_ms = scaled_ms(5000)};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(mkdir(away, 0700) + mkdir(one, 0700) + mkdir(two, 0700), 0);
	assert_int_equal(setenv("STUB_SSH_AWAY", away, 1), 0);
	assert_int_equal(host_output(host, &cmd, &out, &err), 0);
	assert_int_equal(unsetenv("STUB_SSH_AWAY"), 0);
	assert_string_equal(out, "once\n");
	assert_false(host->lost);
	assert_int_equal(rmdir(away), 0);
}

static void a_host_that_cant_be_reached(void **state)
{
	CLEANUP_HOST struct host *host = host_new("rhel03", "off", NULL, NULL);
	struct command cmd = {.argv = SHELL("true"), .timeout_ms = scaled_ms(5000)};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_run(host, &cmd, &err), -1);
	assert_string_equal(
		err.msg, "rhel03: no answer: ssh: connect to host off port 22: No route to host");
	assert_int_equal(hosts_prime(&host, 1, 2, &err), -1);
}

static void a_host_that_goes_silent(void **state)
{
	CLEANUP_HOST struct host *host = far();
	CLEANUP_JOB struct job job = {0};
	/* Stops the channel's shell: the connection stands, but nothing arrives. */
	struct command cmd = {.argv = SHELL("kill -STOP $(ps -o ppid= -p $PPID)"),
			      .timeout_ms = scaled_ms(500)};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_start(host, &cmd, &job, &err), 0);
	job_wait(&job);
	assert_true(job.lost);
	assert_in_range((int)job_ms(&job), cmd.timeout_ms + LINK_GRACE_MS,
			scaled_ms(3000) + LINK_GRACE_MS);
}

static void a_fenced_host(void **state)
{
	CLEANUP_HOST struct host *host = host_new("rhel03", "off", NULL, NULL);
	CLEANUP_FREE char *out = NULL;
	struct command cmd = {.argv = SHELL("exit 1"), .timeout_ms = scaled_ms(5000)};
	struct err err = ERR_INIT;

	(void)state;
	host->fenced = true;
	assert_int_equal(host_output(host, &cmd, &out, &err), 0);
	assert_string_equal(out, "");
	host->lost = true;
	assert_int_equal(host_run(host, &cmd, &err), 0);
	assert_null(host->channels);
}

/* The marks of an abandoned job are still to come; no other command must get them. */
static void an_abandoned_job(void **state)
{
	CLEANUP_HOST struct host *host = far();
	struct job job = {0};
	struct command cmd = {.argv = SHELL("sleep 0.1; echo late"), .timeout_ms = scaled_ms(5000)};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_start(host, &cmd, &job, &err), 0);
	job_clear(&job);
	for (int i = 0; i < 3; i++) {
		CLEANUP_FREE char *out = output(host, SHELL("sleep 0.1; echo own"));
		assert_string_equal(out, "own\n");
	}
}

static void keep_text(void *ctx, const struct event *event)
{
	struct buf *shown = ctx;

	assert_int_equal(event->kind, EVENT_COMMAND);
	buf_printf(shown, "%s: %s\n", event->host, event->text);
}

static void commands_are_shown_as_run(void **state)
{
	CLEANUP_BUF struct buf shown = {0};
	struct events events = {keep_text, &shown};
	CLEANUP_HOST struct host *host = host_new("rhel01", NULL, NULL, &events);
	char *argv[] = {"true", "a b", "\x1b[2J", NULL};
	char *env[] = {"A=1", NULL};
	struct command cmd = {.argv = argv, .env = env, .timeout_ms = scaled_ms(5000)};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_run(host, &cmd, &err), 0);
	cmd.shown = "(script) x";
	assert_int_equal(host_run(host, &cmd, &err), 0);
	char *script[] = {"sh", "-c", "exit 0", "name", "a b", NULL};
	assert_int_equal(host_run(host,
				  &(struct command){.argv = script, .timeout_ms = scaled_ms(5000)},
				  &err),
			 0);
	assert_string_equal(buf_str(&shown), "rhel01: A=1 true 'a b' '?[2J'\nrhel01: (script) x\n"
					     "rhel01: (name) 'a b'\n");
}

static int set_up(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	dir = stub_dir_make();
	stub_ssh(dir);
	return chdir(dir);
}

static int tear_down(void **state)
{
	(void)state;
	int status = chdir("/");
	stub_dir_remove(dir);
	return status;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_arrive_unchanged),
		cmocka_unit_test(environment),
		cmocka_unit_test(the_environment_tag_of_a_host),
		cmocka_unit_test(input),
		cmocka_unit_test(more_input_than_a_pipe_takes),
		cmocka_unit_test(failures_name_host_command_and_reason),
		cmocka_unit_test(a_missing_program),
		cmocka_unit_test(a_log_file),
		cmocka_unit_test(deadlines),
		cmocka_unit_test(an_unkillable_command_loses_the_host),
		cmocka_unit_test(a_deadline_for_a_command_that_ignores_sigterm),
		cmocka_unit_test(a_writer_without_end),
		cmocka_unit_test(too_much_output_is_cut_and_reported),
		cmocka_unit_test(output_is_bytes),
		cmocka_unit_test(jobs_at_once),
		cmocka_unit_test(wait_all),
		cmocka_unit_test(arguments_of_ssh),
		cmocka_unit_test(turned_away_at_first),
		cmocka_unit_test(a_channel_is_used_again),
		cmocka_unit_test(primed_channels_are_used),
		cmocka_unit_test(connections_begun_beforehand),
		cmocka_unit_test(connecting_to_a_host_that_is_fenced_later),
		cmocka_unit_test(look_alike_marks),
		cmocka_unit_test(a_shell_that_dies_in_the_middle),
		cmocka_unit_test(a_host_that_cant_be_reached),
		cmocka_unit_test(a_host_that_goes_silent),
		cmocka_unit_test(a_fenced_host),
		cmocka_unit_test(an_abandoned_job),
		cmocka_unit_test(commands_are_shown_as_run),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
