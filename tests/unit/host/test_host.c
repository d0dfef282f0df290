/* SPDX-License-Identifier: MIT */
/*
 * The connection with an agent. The agent is the real one; ssh is a stand-in that runs what it is
 * given. Requests here are of verbs that touch nothing but a directory of the test's own.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmigrate/agent/image.h"
#include "cmigrate/base/deadline.h"
#include "cmigrate/host/host.h"
#include "slowness.h"
#include "stub.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static char *dir, *agent;

static struct host *with_root(struct host *host)
{
	host->root = str_dup(dir);
	return host;
}

static struct host *here(void)
{
	return with_root(host_new("here", NULL, NULL, NULL));
}

/* Its agent is an installed one. */
static struct host *far(void)
{
	struct host *host = with_root(host_new("rhel02", "root@rhel02", NULL, NULL));

	host->agent = str_dup(agent);
	return host;
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

static char *ready[] = {"ready", "count=1", NULL};

static struct command ask(char *const *argv)
{
	return (struct command){.argv = argv, .timeout_ms = scaled_ms(5000)};
}

/* Whether it has ended and was not waited for yet. */
static bool is_zombie(int pid)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/stat", pid);
	FILE *file = fopen(path, "re");
	char state = 'Z';

	if (file && fscanf(file, "%*d %*s %c", &state) != 1)
		state = 'Z';
	if (file)
		(void)fclose(file);
	return state == 'Z';
}

/* The only child that lives: the agent, because ssh's stand-in becomes it. 0: none. */
static pid_t agent_pid(void)
{
	CLEANUP_FREE char *path = str_fmt("/proc/self/task/%d/children", (int)getpid());
	FILE *file = fopen(path, "re");
	int pid = 0, found = 0;

	assert_non_null(file);
	while (fscanf(file, "%d", &pid) == 1)
		if (!is_zombie(pid))
			found = pid;
	assert_int_equal(fclose(file), 0);
	return found;
}

static const char *const nasty[] = {
	"a b\n",  "'\"\\ $(touch hacked) `touch hacked` ; touch hacked\n",
	"\n\n\n", "\x01\x7f\x1b[2J\xff\xfe\n",
	"%s%n\n",
};

static void texts(struct host *host)
{
	char *remove[] = {"store", "op=remove", "container=web", "file=history", NULL};
	char *append[] = {"store", "op=append", "container=web", "file=history", NULL};
	char *read[] = {"store", "op=read", "container=web", "file=history", NULL};
	struct err err = ERR_INIT;
	CLEANUP_BUF struct buf all = {0};

	for (size_t i = 0; i < COUNT(nasty); i++) {
		CLEANUP_FREE char *out = NULL;
		struct command cmd = ask(append);
		cmd.input = nasty[i];
		buf_puts(&all, nasty[i]);
		if (host_run(host, &cmd, &err) < 0)
			fail_msg("%s", err.msg);
		cmd = ask(read);
		assert_int_equal(host_output(host, &cmd, &out, &err), 0);
		assert_string_equal(out, buf_str(&all));
	}
	struct command cmd = ask(remove);
	assert_int_equal(host_run(host, &cmd, &err), 0);
	assert_int_not_equal(access("hacked", F_OK), 0);
}

static void texts_arrive_unchanged(void **state)
{
	(void)state;
	on_both(texts);
}

static void refused(struct host *host)
{
	static char *const rows[][4] = {
		{"store", "op=read", "container=../web", "file=history"},
		{"store", "op=read", "container=web", "file=../config.json"},
		{"store", "op=read", "container=web", NULL},
		{"store", "op=read", "op=read", "container=web"},
		{"store", "op=read", "container=web", "path=/etc/passwd"},
		{"sh", "-c", "touch hacked", NULL},
		{"exec", "touch", "hacked", NULL},
		{"", NULL, NULL, NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *argv[] = {rows[i][0], rows[i][1], rows[i][2], rows[i][3], NULL};
		struct command cmd = ask(argv);
		CLEANUP_JOB struct job job = {0};
		struct err err = ERR_INIT;
		assert_int_equal(host_start(host, &cmd, &job, &err), 0);
		job_wait(&job);
		assert_int_not_equal(job.status, 0);
		assert_int_equal(job_failure(&job, &err), -1);
		assert_int_equal(err.code, EXIT_FAILED);
		assert_true(str_starts(err.msg, host->name));
	}
	assert_int_not_equal(access("hacked", F_OK), 0);
}

static void requests_of_another_kind_are_refused(void **state)
{
	(void)state;
	on_both(refused);
}

static void limited(struct host *host)
{
	char *append[] = {"store", "op=append", "container=web", "file=history", NULL};
	char *read[] = {"store", "op=read", "container=web", "file=history", NULL};
	char *remove[] = {"store", "op=remove", "container=web", "file=history", NULL};
	CLEANUP_JOB struct job job = {0};
	struct err err = ERR_INIT;
	char *line = mem_new(1, 300001);

	memset(line, 'x', 300000);
	struct command cmd = ask(append);
	cmd.input = line;
	assert_int_equal(host_run(host, &cmd, &err), 0);
	free(line);
	cmd = ask(read);
	cmd.limit = 1000;
	assert_int_equal(host_start(host, &cmd, &job, &err), 0);
	job_wait(&job);
	assert_int_equal(job.out.len, 1000);
	assert_true(job.truncated);
	assert_int_equal(job_failure(&job, &err), -1);
	assert_non_null(strstr(err.msg, "wrote too much"));
	cmd = ask(remove);
	assert_int_equal(host_run(host, &cmd, &err), 0);
}

static void much_goes_there_and_too_much_back_is_cut(void **state)
{
	(void)state;
	on_both(limited);
}

static void many_at_once(struct host *host)
{
	struct job jobs[20] = {{0}};
	struct job *all[20];
	struct err err = ERR_INIT;

	for (size_t i = 0; i < COUNT(jobs); i++) {
		struct command cmd = ask(ready);
		all[i] = &jobs[i];
		assert_int_equal(host_start(host, &cmd, &jobs[i], &err), 0);
	}
	jobs_wait_all(all, COUNT(jobs));
	for (size_t i = 0; i < COUNT(jobs); i++) {
		assert_int_equal(jobs[i].state, JOB_DONE);
		assert_int_equal(jobs[i].status, 0);
		job_clear(&jobs[i]);
	}
}

static void requests_at_once(void **state)
{
	(void)state;
	on_both(many_at_once);
}

/* A reply that comes while another one is waited for is not lost to whoever waits for it later. */
static void replies_out_of_turn(struct host *host)
{
	struct job one = {0}, other = {0};
	struct job *both[] = {&one, &other};
	struct err err = ERR_INIT;
	struct command cmd = ask(ready);

	assert_int_equal(host_start(host, &cmd, &one, &err), 0);
	assert_int_equal(host_start(host, &cmd, &other, &err), 0);
	job_wait(&other);
	job_wait(&one);
	assert_int_equal(jobs_wait_any(both, 2, 0), -1);
	job_clear(&one);
	job_clear(&other);
	/* And so that it comes while only the other is waited for. */
	assert_int_equal(host_start(host, &cmd, &one, &err), 0);
	while (one.state == JOB_RUNNING) {
		assert_int_equal(host_start(host, &cmd, &other, &err), 0);
		job_wait(&other);
		job_clear(&other);
	}
	struct job *late[] = {&one};
	assert_int_equal(jobs_wait_any(late, 1, 0), 0);
	assert_int_equal(jobs_wait_any(late, 1, 0), -1);
	job_clear(&one);
}

static void each_reply_is_told_once(void **state)
{
	(void)state;
	on_both(replies_out_of_turn);
}

static char *file_text(const char *path)
{
	FILE *file = fopen(path, "re");
	struct buf text = {0};
	char chunk[4096];
	size_t n;

	assert_non_null(file);
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_add(&text, chunk, n);
	assert_int_equal(fclose(file), 0);
	return buf_steal(&text);
}

static void arguments_of_ssh(void **state)
{
	CLEANUP_FREE char *log = str_fmt("%s/ssh.log", dir);
	CLEANUP_ARGV struct argv options = {0};
	struct err err = ERR_INIT;
	struct command cmd = ask(ready);

	(void)state;
	argv_addl(&options, "-i", "/etc/key file", NULL);
	CLEANUP_HOST struct host *host =
		with_root(host_new("rhel02", "root@rhel02", &options, NULL));
	host->agent = str_dup(agent);
	assert_int_equal(setenv("STUB_SSH_LOG", log, 1), 0);
	assert_int_equal(host_run(host, &cmd, &err), 0);
	/* One connection serves all requests. */
	assert_int_equal(host_run(host, &cmd, &err), 0);
	assert_int_equal(unsetenv("STUB_SSH_LOG"), 0);
	CLEANUP_FREE char *words = file_text(log);
	assert_true(str_starts(words, "-i\n/etc/key file\n-T\n"));
	assert_non_null(strstr(words, "\nBatchMode=yes\n"));
	assert_non_null(strstr(words, "\nConnectTimeout="));
	/* The host's name comes after "--", so it is never an option. */
	CLEANUP_FREE char *end =
		str_fmt("\n--\nroot@rhel02\nexec %s serve --kept %s\n", agent, agent);
	const char *found = strstr(words, end);
	assert_non_null(found);
	assert_string_equal(found, end);
}

/* The one text for a shell has nothing in it but the agent's sum and size. */
static void the_line_that_starts_an_agent(void **state)
{
	CLEANUP_FREE char *log = str_fmt("%s/line.log", dir);
	CLEANUP_HOST struct host *host = host_new("off", "off", NULL, NULL);
	struct err err = ERR_INIT;
	struct command cmd = ask(ready);

	(void)state;
	host->root = str_dup("/a'b $(id)");
	assert_int_equal(setenv("STUB_SSH_LOG", log, 1), 0);
	assert_int_equal(host_run(host, &cmd, &err), -1);
	assert_int_equal(unsetenv("STUB_SSH_LOG"), 0);
	CLEANUP_FREE char *words = file_text(log);
	CLEANUP_FREE char *start =
		str_fmt("\n--\noff\nexec sh -c 'umask 077; a=%s; n=%zu; ", agent_image_sum,
			(size_t)(agent_image_end - agent_image));
	assert_non_null(strstr(words, start));
	assert_null(strstr(words, "$(id)"));
}

/* Connections to several hosts are started before the first is open, and each host has one. */
static void connections_begun_beforehand(void **state)
{
	CLEANUP_HOST struct host *one = far();
	CLEANUP_HOST struct host *two = far();
	CLEANUP_HOST struct host *off = host_new("rhel03", "off", NULL, NULL);
	CLEANUP_HOST struct host *unused = far();
	CLEANUP_FREE char *log = str_fmt("%s/connect.log", dir);
	struct command cmd = ask(ready);
	struct err err = ERR_INIT;

	(void)state;
	host_connect(one);
	host_connect(two);
	host_connect(off);
	host_connect(unused);
	assert_int_equal(setenv("STUB_SSH_LOG", log, 1), 0);
	host_connect(one);
	assert_int_equal(host_run(one, &cmd, &err), 0);
	assert_int_equal(host_run(two, &cmd, &err), 0);
	assert_int_equal(unsetenv("STUB_SSH_LOG"), 0);
	assert_int_not_equal(access(log, F_OK), 0);
	assert_int_equal(host_run(off, &cmd, &err), -1);
	assert_string_equal(
		err.msg, "rhel03: no answer: ssh: connect to host off port 22: No route to host");
	assert_int_equal(hosts_prime(&off, 1, 2, &err), -1);
}

/* A connection started before the host was known to be off is not waited for. */
static void connecting_to_a_host_that_is_fenced_later(void **state)
{
	CLEANUP_HOST struct host *host = far();
	char *none[] = {"nosuch", NULL};
	struct command cmd = ask(none);
	struct err err = ERR_INIT;

	(void)state;
	host_connect(host);
	host->fenced = true;
	assert_int_equal(host_run(host, &cmd, &err), 0);
}

static void a_fenced_host(void **state)
{
	CLEANUP_HOST struct host *host = host_new("rhel03", "off", NULL, NULL);
	CLEANUP_FREE char *out = NULL;
	struct command cmd = ask(ready);
	struct err err = ERR_INIT;

	(void)state;
	host->fenced = true;
	assert_int_equal(host_output(host, &cmd, &out, &err), 0);
	assert_string_equal(out, "");
	host->lost = true;
	assert_int_equal(host_run(host, &cmd, &err), 0);
	assert_null(host->link);
}

/* A login may print before the agent, and need not end its line. */
static void a_login_that_prints(void **state)
{
	CLEANUP_HOST struct host *host = far();
	struct command cmd = ask(ready);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(setenv("STUB_SSH_LOGIN", "Welcome to\\nrhel02, cmigrate-agent of 3", 1),
			 0);
	int status = host_run(host, &cmd, &err);
	assert_int_equal(unsetenv("STUB_SSH_LOGIN"), 0);
	if (status < 0)
		fail_msg("%s", err.msg);
}

/* sshd with too many logins under way is tried again, with the same requests. */
static void turned_away_at_first(void **state)
{
	CLEANUP_HOST struct host *host = far();
	CLEANUP_FREE char *away = str_fmt("%s/away", dir);
	CLEANUP_FREE char *one = str_fmt("%s/1", away), *two = str_fmt("%s/2", away);
	struct command cmd = ask(ready);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(mkdir(away, 0700) + mkdir(one, 0700) + mkdir(two, 0700), 0);
	assert_int_equal(setenv("STUB_SSH_AWAY", away, 1), 0);
	assert_int_equal(host_run(host, &cmd, &err), 0);
	assert_int_equal(unsetenv("STUB_SSH_AWAY"), 0);
	assert_false(host->lost);
	assert_int_equal(rmdir(away), 0);
}

static void killed(struct host *host)
{
	struct err err = ERR_INIT;
	CLEANUP_JOB struct job job = {0};
	struct command cmd = ask(ready);

	assert_int_equal(host_run(host, &cmd, &err), 0);
	pid_t pid = agent_pid();
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(host_start(host, &cmd, &job, &err), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	job_wait(&job);
	assert_true(job.lost && host->lost);
	assert_false(job.timed_out);
	assert_int_equal(job_failure(&job, &err), -1);
	assert_int_equal(err.cause, CAUSE_LOST_HOST);
	assert_non_null(strstr(err.msg, "no answer: the connection has ended"));
	/* From now on every request there fails at once. */
	int64_t begin = clock_now_us();
	assert_int_equal(host_run(host, &cmd, &err), -1);
	assert_true(clock_now_us() - begin < scaled_ms(1000) * INT64_C(1000));
}

static void an_agent_that_dies_loses_the_host(void **state)
{
	(void)state;
	on_both(killed);
}

static void stopped(struct host *host)
{
	struct err err = ERR_INIT;
	CLEANUP_JOB struct job job = {0};
	struct command cmd = ask(ready);

	assert_int_equal(host_run(host, &cmd, &err), 0);
	pid_t pid = agent_pid();
	assert_int_equal(kill(pid, SIGSTOP), 0);
	cmd.timeout_ms = 500;
	assert_int_equal(host_start(host, &cmd, &job, &err), 0);
	job_wait(&job);
	assert_true(job.lost && host->lost);
	assert_in_range((int)job_ms(&job), 500 + LINK_GRACE_MS, scaled_ms(3000) + LINK_GRACE_MS);
	/* A banner is not the reason. */
	assert_string_equal(buf_str(&job.err),
			    "it does not come to an end; the disk or an NFS server may hang");
	assert_int_equal(kill(pid, SIGKILL), 0);
}

static void an_agent_that_stops_is_not_waited_for(void **state)
{
	(void)state;
	assert_int_equal(setenv("STUB_SSH_LOGIN", "Welcome\\n", 1), 0);
	on_both(stopped);
	assert_int_equal(unsetenv("STUB_SSH_LOGIN"), 0);
}

/* Its connection is over: it must not stay behind. */
static void ended(struct host *host)
{
	struct err err = ERR_INIT;
	struct command cmd = ask(ready);

	assert_int_equal(host_run(host, &cmd, &err), 0);
}

static void an_agent_ends_with_its_connection(void **state)
{
	(void)state;
	on_both(ended);
	assert_int_equal(agent_pid(), 0);
}

static void another_machine(void **state)
{
	CLEANUP_HOST struct host *host = host_new("rhel02", "root@rhel02", NULL, NULL);
	struct command cmd = ask(ready);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(setenv("STUB_SSH_SAYS", "cmigrate-agent absent sparc64\\n", 1), 0);
	int status = host_run(host, &cmd, &err);
	assert_int_equal(unsetenv("STUB_SSH_SAYS"), 0);
	assert_int_equal(status, -1);
	assert_non_null(
		strstr(err.msg, "rhel02: no answer: it is a machine of another kind (sparc64"));
	assert_non_null(strstr(err.msg, "set hosts.rhel02.agent"));
}

static void what_is_no_agent(void **state)
{
	static const char *const rows[][2] = {
		{"cmigrate-agent hello\\nno frame at all, none", "is not cmigrate's protocol"},
		/* A hello of another build. */
		{"cmigrate-agent "
		 "hello\\n\\0\\0\\0\\025\\0\\0\\0\\0\\1\\0\\0\\0cmigrate-agent\\0001\\0"
		 "9\\000a\\0",
		 "install the same on both"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP_HOST struct host *host = host_new("rhel02", "root@rhel02", NULL, NULL);
		struct command cmd = ask(ready);
		struct err err = ERR_INIT;
		assert_int_equal(setenv("STUB_SSH_SAYS", rows[i][0], 1), 0);
		assert_int_equal(host_run(host, &cmd, &err), -1);
		assert_int_equal(unsetenv("STUB_SSH_SAYS"), 0);
		if (!strstr(err.msg, rows[i][1]))
			fail_msg("%s", err.msg);
	}
}

static void forgotten(struct host *host)
{
	struct job job = {0};
	struct err err = ERR_INIT;
	struct command cmd = ask(ready);

	for (int i = 0; i < 5; i++) {
		assert_int_equal(host_start(host, &cmd, &job, &err), 0);
		if (i % 2)
			job_cancel(&job);
		else
			job_clear(&job);
		assert_int_equal(host_run(host, &cmd, &err), 0);
	}
}

static void a_forgotten_job_disturbs_no_other(void **state)
{
	(void)state;
	on_both(forgotten);
}

/* Nothing of a job points to a connection that is closed. */
static void a_connection_closed_before_its_reply(void **state)
{
	CLEANUP_JOB struct job job = {0};
	struct command cmd = ask(ready);
	struct host *host = far();
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_start(host, &cmd, &job, &err), 0);
	assert_int_equal(job.state, JOB_RUNNING);
	host_free(host);
	assert_int_equal(job.state, JOB_DONE);
	assert_true(job.lost);
}

static void failures_are_the_agents_words(void **state)
{
	CLEANUP_HOST struct host *host = here();
	struct command cmd = ask((char *[]){"nosuch", NULL});
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_run(host, &cmd, &err), -1);
	assert_string_equal(err.msg, "here: the agent has no verb 'nosuch'");
}

static void keep_text(void *ctx, const struct event *event)
{
	struct buf *shown = ctx;

	assert_int_equal(event->kind, EVENT_COMMAND);
	buf_printf(shown, "%s: %s\n", event->host, event->text);
}

static void requests_are_shown(void **state)
{
	CLEANUP_BUF struct buf shown = {0};
	struct events events = {keep_text, &shown};
	CLEANUP_HOST struct host *host = with_root(host_new("rhel01", NULL, NULL, &events));
	char *argv[] = {"nosuch", "a=a b", "\x1b[2J", NULL};
	struct command cmd = ask(argv);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_run(host, &cmd, &err), -1);
	assert_string_equal(buf_str(&shown), "rhel01: nosuch 'a=a b' '?[2J'\n");
}

/* The agent beside this program's directory of unit tests. */
static char *find_agent(void)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	return str_fmt("%s/cmigrate-agent", dirname(dirname(dirname(self))));
}

static int prepare(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	dir = stub_dir_make();
	agent = find_agent();
	CLEANUP_FREE char *bundle = str_fmt("%s/web", dir);
	stub_ssh(dir);
	return mkdir(bundle, 0700);
}

static int clean_up(void **state)
{
	(void)state;
	free(agent);
	stub_dir_remove(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_arrive_unchanged),
		cmocka_unit_test(requests_of_another_kind_are_refused),
		cmocka_unit_test(much_goes_there_and_too_much_back_is_cut),
		cmocka_unit_test(requests_at_once),
		cmocka_unit_test(each_reply_is_told_once),
		cmocka_unit_test(arguments_of_ssh),
		cmocka_unit_test(the_line_that_starts_an_agent),
		cmocka_unit_test(connections_begun_beforehand),
		cmocka_unit_test(connecting_to_a_host_that_is_fenced_later),
		cmocka_unit_test(a_fenced_host),
		cmocka_unit_test(a_login_that_prints),
		cmocka_unit_test(turned_away_at_first),
		cmocka_unit_test(an_agent_that_dies_loses_the_host),
		cmocka_unit_test(an_agent_that_stops_is_not_waited_for),
		cmocka_unit_test(an_agent_ends_with_its_connection),
		cmocka_unit_test(another_machine),
		cmocka_unit_test(what_is_no_agent),
		cmocka_unit_test(a_forgotten_job_disturbs_no_other),
		cmocka_unit_test(a_connection_closed_before_its_reply),
		cmocka_unit_test(failures_are_the_agents_words),
		cmocka_unit_test(requests_are_shown),
	};

	return cmocka_run_group_tests(tests, prepare, clean_up);
}
