/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "agent/request/keeper.h"
#include "asked.h"
#include "own_session.h"
#include "stub.h"

#define ID "20251121T233320-0badcafe"
#define ROOT "/run/bundles"
#define STATUS WEB_RUN "/pages.status"
#define START "fetch", "op=start", "container=web", "id=" ID, "server=192.0.2.1", "port=27001", NULL

/* It reads its configuration, and writes its words, one a line; then it waits for the word to end,
 * which is its exit status. */
#define CRIU                                                                                       \
	"#!/bin/sh\n"                                                                              \
	"read -r unused <\"$CRIU_CONFIG_FILE\"\n"                                                  \
	"printf '%s\\n' \"$@\" >/run/words.new && mv /run/words.new /run/words\n"                  \
	"echo '(00.1) Error (criu/uffd.c:1): no more pages' >" WEB_RUN "/pages.log\n"              \
	"read -r status </run/end\n"                                                               \
	"exit $status\n"

/* A request of its own process, as the agent's threads are beside each other. */
static pid_t begin(struct asked (*serve)(void))
{
	pid_t pid = own_fork();

	if (pid == 0) {
		struct asked a = serve();
		if (*a.err)
			own_run_write("/run/said", a.err);
		_exit(a.status);
	}
	return pid;
}

static struct asked start(void)
{
	return ask(ROOT, NULL, START);
}

/* Started, and let go once it waits. */
static pid_t begin_fetch_by(struct asked (*serve)(void))
{
	pid_t pid = begin(serve);

	assert_true(comes(is_there, WEB_RUN "/fetch.session"));
	CLEANUP_ASKED struct asked go = ask(ROOT, NULL, "fetch", "op=go", "container=web", NULL);
	assert_int_equal(go.status, 0);
	return pid;
}

static pid_t begin_fetch(void)
{
	return begin_fetch_by(start);
}

static struct asked await_socket(void)
{
	return ask(ROOT, NULL, "fetch", "op=socket", "container=web", NULL);
}

static struct asked await_all(void)
{
	return ask(ROOT, NULL, "fetch", "op=wait", "container=web", NULL);
}

static int end_of(pid_t pid)
{
	int status;

	assert_true(comes(has_died, &pid));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* runc's own file of a container with that first process, of a bundle. */
static void write_state(pid_t pid, unsigned long long start, const char *bundle)
{
	CLEANUP_FREE char *text = str_fmt(
		"{\"id\":\"web\",\"init_process_pid\":%d,\"init_process_start\":%llu,"
		"\"config\":{\"rootfs\":\"%s/rootfs\",\"labels\":[\"bundle=%s\"],\"cgroups\":{}},"
		"\"cgroup_paths\":{}}",
		(int)pid, start, bundle, bundle);

	(void)mkdir("/run/runc/web", 0700);
	own_run_write("/run/runc/web/state.json", text);
}

static pid_t copy_of(const char *bundle)
{
	struct process p;
	pid_t pid = own_process(NULL);

	assert_true(process_read(pid, &p));
	write_state(pid, p.start, bundle);
	return pid;
}

static void criu_ends(const char *status)
{
	FILE *f = fopen("/run/end", "we");

	assert_non_null(f);
	(void)fprintf(f, "%s\n", status);
	(void)fclose(f);
}

static int fresh(void **state)
{
	(void)state;
	own_web_run();
	(void)mkdir(ROOT, 0700);
	(void)mkdir(ROOT "/web", 0700);
	return mkfifo("/run/end", 0600);
}

static int remove_all(void **state)
{
	(void)state;
	return own_web_remove()
		       ? 1
		       : system("rm -rf " ROOT " /run/runc/web /run/end /run/words /run/said");
}

static void fetched(void **state)
{
	char line[4096];

	(void)state;
	pid_t fetch = begin_fetch();
	assert_true(comes(is_there, "/run/words"));
	pid_t wait = begin(await_all);
	assert_true(comes(is_there, WEB_RUN "/fetch.session"));
	assert_false(is_there(STATUS));
	pid_t copy = copy_of(ROOT "/web");
	criu_ends("0");
	assert_int_equal(end_of(fetch), 0);
	assert_int_equal(end_of(wait), 0);
	assert_int_equal(readlink(STATUS, line, sizeof(line)), 1);
	assert_int_equal(*line, '0');
	assert_false(process_has_ended(copy));
	own_end(copy);
	FILE *f = fopen("/run/words", "re");
	size_t n = fread(line, 1, sizeof(line) - 1, f);
	line[n] = '\0';
	assert_string_equal(line, "lazy-pages\n--images-dir\n" ROOT "/web/.cmigrate/images-" ID
				  "\n--work-dir\n" WEB_RUN "\n--log-file\npages.log\n-v2\n"
				  "--page-server\n--address\n192.0.2.1\n--port\n27001\n");
	(void)fclose(f);
	/* Asked again later. */
	CLEANUP_ASKED struct asked again = await_all();
	assert_int_equal(again.status, 0);
}

static struct asked start_from_images(void)
{
	return ask(ROOT, NULL, "fetch", "op=start", "container=web", "id=" ID, "transport=direct",
		   NULL);
}

/* The memory came straight here before, so the images are in the work directory. */
static void from_images_that_are_here(void **state)
{
	char line[4096];

	(void)state;
	pid_t fetch = begin_fetch_by(start_from_images);
	assert_true(comes(is_there, "/run/words"));
	FILE *f = fopen("/run/words", "re");
	size_t n = fread(line, 1, sizeof(line) - 1, f);
	line[n] = '\0';
	(void)fclose(f);
	assert_string_equal(line, "lazy-pages\n--images-dir\n" WEB_RUN
				  "/pages\n--work-dir\n" WEB_RUN "\n--log-file\npages.log\n-v2\n");
	criu_ends("0");
	assert_int_equal(end_of(fetch), 0);
	/* A server without its port. */
	CLEANUP_ASKED struct asked half = ask(ROOT, NULL, "fetch", "op=start", "container=web",
					      "id=" ID, "server=192.0.2.1", NULL);
	assert_int_equal(half.status, 1);
}

static struct asked start_after_pre_copy(void)
{
	return ask(ROOT, NULL, "fetch", "op=start", "container=web", "id=" ID, "parent=2", NULL);
}

/* It gets images of its own and pages over a socket, once the images are there. */
static void after_pre_copy(void **state)
{
	char line[4096];

	(void)state;
	assert_int_equal(system("cd " ROOT "/web && mkdir -p .cmigrate/images-" ID "/pass-1 "
				".cmigrate/images-" ID "/pass-2 && cd .cmigrate/images-" ID
				" && echo x >core-1.img && echo [] >descriptors.json"),
			 0);
	pid_t fetch = begin_fetch_by(start_after_pre_copy);
	assert_true(comes(is_there, "/run/words"));
	FILE *f = fopen("/run/words", "re");
	size_t n = fread(line, 1, sizeof(line) - 1, f);
	line[n] = '\0';
	(void)fclose(f);
	const char *begin = "lazy-pages\n--images-dir\n" WEB_RUN "/flat\n--work-dir\n" WEB_RUN
			    "\n--log-file\npages.log\n-v1\n--page-server\n--ps-socket\n";
	assert_true(str_starts(line, begin) && atoi(line + strlen(begin)) > 2);
	assert_true(is_there(WEB_RUN "/flat/core-1.img"));
	criu_ends("0");
	assert_int_equal(end_of(fetch), 0);
}

/* The source has written more than can be seen: criu is not let go, and the reason is told. */
static void images_that_are_not_there(void **state)
{
	(void)state;
	assert_int_equal(system("mkdir -p " ROOT "/web/.cmigrate/images-" ID), 0);
	pid_t restore = own_process(NULL), fetch = begin(start_after_pre_copy);
	own_record(SESSION_RESTORE, restore);
	assert_true(comes(is_there, WEB_RUN "/fetch.session"));
	CLEANUP_ASKED struct asked go =
		ask(ROOT, NULL, "fetch", "op=go", "container=web", "count=30", NULL);
	assert_int_equal(go.status, 0);
	CLEANUP_ASKED struct asked socket = await_socket();
	assert_int_equal(socket.status, 1);
	assert_string_equal(socket.err, "not all images of the dump are in '" ROOT
					"/web/.cmigrate/images-" ID "'\n");
	own_end(restore);
	assert_true(end_of(fetch) != 0);
	assert_false(is_there("/run/words"));
}

/* No restore is started for it, and none waits for the time limit. */
static void a_socket_that_will_not_come(void **state)
{
	pid_t restore = own_process(NULL);

	(void)state;
	own_record(SESSION_RESTORE, restore);
	pid_t fetch = begin_fetch();
	pid_t wait = begin(await_socket);
	assert_true(comes(is_there, "/run/words"));
	criu_ends("3");
	assert_int_equal(end_of(wait), 1);
	own_end(restore);
	assert_int_equal(end_of(fetch), 3);
	CLEANUP_ASKED struct asked again = await_socket();
	assert_string_equal(again.err, "criu lazy-pages has ended: no more pages\n");
}

static void the_copy_is_killed_if_it_can_not_be_fetched(void **state)
{
	(void)state;
	pid_t fetch = begin_fetch(), copy = copy_of(ROOT "/web");
	assert_true(comes(is_there, "/run/words"));
	pid_t wait = begin(await_all);
	criu_ends("3");
	assert_int_equal(end_of(wait), 1);
	assert_true(process_has_ended(copy));
	assert_int_equal(end_of(fetch), 3);
	own_end(copy);
	CLEANUP_ASKED struct asked again = await_all();
	assert_string_equal(again.err,
			    "the rest of its memory could not be fetched: no more pages\n");
}

/* The pid has been given to another process; another container has the name. */
static void no_other_process_is_killed(void **state)
{
	pid_t other = copy_of(ROOT "/web");
	struct process p;

	(void)state;
	assert_true(process_read(other, &p));
	write_state(other, p.start + 1, ROOT "/web");
	pid_t fetch = begin_fetch();
	assert_true(comes(is_there, "/run/words"));
	criu_ends("3");
	assert_int_equal(end_of(fetch), 3);
	assert_false(process_has_ended(other));
	own_end(other);
	(void)unlink(WEB_RUN "/" FETCH_GO);
	(void)mkdir("/run/elsewhere", 0700);
	other = copy_of("/run/elsewhere");
	fetch = begin_fetch();
	criu_ends("3");
	assert_int_equal(end_of(fetch), 3);
	assert_false(process_has_ended(other));
	own_end(other);
}

/* runc tells of the copy at the end of the restore alone. */
static void a_restore_under_way_is_waited_for(void **state)
{
	pid_t restore = own_process(NULL);

	(void)state;
	own_record(SESSION_RESTORE, restore);
	pid_t fetch = begin_fetch();
	assert_true(comes(is_there, "/run/words"));
	criu_ends("3");
	clock_sleep_ms(100);
	assert_false(is_there(STATUS));
	pid_t copy = copy_of(ROOT "/web");
	assert_true(comes(has_died, &copy));
	assert_int_equal(end_of(fetch), 3);
	own_end(copy);
	own_end(restore);
}

static void it_outlives_the_agent(void **state)
{
	(void)state;
	pid_t agent = begin_fetch(), copy = copy_of(ROOT "/web");
	assert_true(comes(is_there, "/run/words"));
	own_end(agent);
	assert_true(session_lives(WEB_RUN "/fetch.session"));
	pid_t wait = begin(await_all);
	criu_ends("1");
	assert_int_equal(end_of(wait), 1);
	assert_true(process_has_ended(copy));
	own_end(copy);
	assert_true(is_there(STATUS));
}

static void nobody_fetches(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked none = await_all();
	assert_int_equal(none.status, 1);
	assert_string_equal(none.err, "nobody fetches the rest of its memory any more\n");
	pid_t fetch = begin_fetch();
	assert_true(comes(is_there, "/run/words"));
	pid_t wait = begin(await_all);
	CLEANUP_ASKED struct asked end = ask(ROOT, NULL, "fetch", "op=end", "container=web", NULL);
	assert_int_equal(end.status, 0);
	assert_false(session_lives(WEB_RUN "/fetch.session"));
	assert_int_equal(end_of(wait), 1);
	(void)end_of(fetch);
	CLEANUP_ASKED struct asked again =
		ask(ROOT, NULL, "fetch", "op=end", "container=web", NULL);
	assert_int_equal(again.status, 0);
}

static void it_waits_for_the_word(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked early = ask(ROOT, NULL, "fetch", "op=go", "container=web", NULL);
	assert_int_equal(early.status, 1);
	pid_t fetch = begin(start);
	assert_true(comes(is_there, WEB_RUN "/fetch.session"));
	clock_sleep_ms(50);
	assert_false(is_there("/run/words"));
	assert_false(process_has_ended(fetch));
	/* Without a word it ends with the work directory, and does nothing. */
	pid_t copy = copy_of(ROOT "/web");
	assert_int_equal(system("rm -rf " WEB_RUN), 0);
	assert_int_equal(end_of(fetch), 1);
	assert_false(process_has_ended(copy));
	assert_false(is_there("/run/words"));
	own_end(copy);
}

static bool watches(const void *pid)
{
	for (int fd = 3; fd < 32; fd++) {
		CLEANUP_FREE char *word = str_fmt("fd/%d", fd);
		CLEANUP_FREE char *link = process_link(*(const pid_t *)pid, word);
		if (link && strstr(link, "inotify"))
			return true;
	}
	return false;
}

/* The directory has been removed, and another move of the container has made its own. */
static void the_word_of_another_move(void **state)
{
	CLEANUP_PIDS struct pids keeper = {0};
	pid_t fetch = begin(start);

	(void)state;
	assert_true(comes(is_there, WEB_RUN "/fetch.session"));
	session_members(WEB_RUN "/fetch.session", &keeper);
	/* Its criu comes after it. */
	assert_true(keeper.n > 0);
	assert_true(comes(watches, &keeper.v[0]));
	assert_int_equal(kill(keeper.v[0], SIGSTOP), 0);
	assert_int_equal(system("rm -rf " WEB_RUN), 0);
	own_web_run();
	assert_int_equal(symlink("go", WEB_RUN "/" FETCH_GO), 0);
	assert_int_equal(kill(keeper.v[0], SIGCONT), 0);
	bool ends = comes(has_died, &fetch);
	if (!ends)
		(void)kill(keeper.v[0], SIGKILL);
	assert_false(is_there("/run/words"));
	assert_int_equal(end_of(fetch), 1);
}

static void a_receiver_is_ended_too(void **state)
{
	pid_t receive = own_process(NULL);

	(void)state;
	own_record(SESSION_RECEIVE, receive);
	CLEANUP_ASKED struct asked end = ask(ROOT, NULL, "fetch", "op=end", "container=web", NULL);
	assert_int_equal(end.status, 0);
	assert_true(process_has_ended(receive));
	own_end(receive);
}

/* Its name comes before it listens, and another file may have that name. */
static void the_socket(void **state)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = WEB_RUN "/lazy-pages.socket"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	pid_t wait = begin(await_socket);
	clock_sleep_ms(30);
	own_run_write(name.sun_path, "x");
	clock_sleep_ms(30);
	assert_false(process_has_ended(wait));
	assert_int_equal(unlink(name.sun_path), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	clock_sleep_ms(30);
	assert_false(process_has_ended(wait));
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(end_of(wait), 0);
	CLEANUP_ASKED struct asked again = await_socket();
	assert_int_equal(again.status, 0);
	(void)close(fd);
}

static void what_it_needs(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked none =
		ask(ROOT, NULL, "fetch", "op=start", "container=web", NULL);
	CLEANUP_ASKED struct asked op = ask(ROOT, NULL, "fetch", "op=x", "container=web", NULL);
	assert_int_equal(none.status, 1);
	assert_int_equal(op.status, 1);
	assert_int_equal(remove_all(NULL), 0);
	CLEANUP_ASKED struct asked run = await_all();
	assert_int_equal(run.status, 1);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(fetched),
		TEST(from_images_that_are_here),
		TEST(after_pre_copy),
		TEST(images_that_are_not_there),
		TEST(a_socket_that_will_not_come),
		TEST(the_copy_is_killed_if_it_can_not_be_fetched),
		TEST(no_other_process_is_killed),
		TEST(a_restore_under_way_is_waited_for),
		TEST(it_outlives_the_agent),
		TEST(nobody_fetches),
		TEST(it_waits_for_the_word),
		TEST(the_word_of_another_move),
		TEST(a_receiver_is_ended_too),
		TEST(the_socket),
		TEST(what_it_needs),
	};

	/* The agent's own program, for this test. */
	if (argc > 1 && strcmp(argv[1], "fetch-keeper") == 0)
		return fetch_keeper(argc, argv);
	own_run_enter();
	char *dir = stub_dir_make();
	stub_program(dir, "criu", CRIU);
	stub_path_add(dir);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	stub_dir_remove(dir);
	return failed;
}
