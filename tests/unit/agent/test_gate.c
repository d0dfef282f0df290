/* SPDX-License-Identifier: MIT */
/* The gate and its verdicts, with fifos, links and processes as they are during a move. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "gate_child.h"

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Old agents are removed: not the one that a gate needs. */
static void the_agent_is_not_old(void **state)
{
	static const struct timespec long_ago[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	struct stat st;

	(void)state;
	own_run_write("/run/agent", "");
	assert_int_equal(chmod("/run/agent", 0700), 0);
	assert_int_equal(utimensat(AT_FDCWD, "/run/agent", long_ago, 0), 0);
	agent_file_init("/run/agent", "0123");
	prepare("source");
	assert_int_equal(stat("/run/agent", &st), 0);
	assert_true(st.st_mtime > 1000);
	/* An installed one is left as it is. */
	clean_up();
	assert_int_equal(utimensat(AT_FDCWD, "/run/agent", long_ago, 0), 0);
	agent_file_init("/run/agent", NULL);
	prepare("source");
	assert_int_equal(stat("/run/agent", &st), 0);
	assert_int_equal(st.st_mtime, 1000);
	clean_up();
	agent_file_init("/bin/true", NULL);
}

static void goes(void **state)
{
	(void)state;
	prepare("source");
	assert_true(exists(RUN "/verdict") && exists(RUN "/gate") && exists(IMAGES));
	pid_t pid = gate("pre-dump");
	CLEANUP_FREE char *line = line_of("parked");
	assert_string_equal(line, "parked\n");
	assert_true(exists(RUN "/at-parked") && !exists(RUN "/began"));
	dump_go();
	assert_int_equal(end_of(pid), 0);
	assert_true(exists(RUN "/began"));
	clean_up();
}

/* On the destination of a rehearsal everything is restored, and nothing of it is to run. */
static void lets_nothing_run(void **state)
{
	(void)state;
	prepare("rehearsal");
	assert_true(exists(RUN "/gate") && !exists(RUN "/verdict"));
	assert_int_equal(end_of(gate("pre-restore")), 0);
	assert_false(exists(RUN "/restored"));
	assert_int_equal(end_of(gate("post-restore")), 1);
	assert_true(exists(RUN "/restored"));
	CLEANUP_ASKED struct asked done = ASK("clean", WEB, "id=" ID);
	assert_int_equal(done.status, 0);
}

/* There it is CRIU's script for the sake of the loopback alone. */
static void lets_a_network_of_its_own_run(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked made =
		ASK("prepare", WEB, "id=" ID, "role=destination", "flag=own-network");
	assert_int_equal(made.status, 0);
	assert_true(exists(RUN "/gate"));
	assert_int_equal(end_of(gate("post-restore")), 0);
	assert_false(exists(RUN "/restored"));
	CLEANUP_ASKED struct asked done = ASK("clean", WEB, "id=" ID);
	assert_int_equal(done.status, 0);
}

static void opens(void **state)
{
	(void)state;
	prepare("source");
	pid_t pid = gate("post-dump");
	CLEANUP_FREE char *line = line_of("reached");
	assert_string_equal(line, "reached\n");
	assert_true(exists(RUN "/at-reached"));
	/* Anything but a verdict wakes it for nothing. */
	dump_go();
	assert_int_equal(verdict("open"), 0);
	assert_int_equal(end_of(pid), 0);
	clean_up();
}

static void closes(void **state)
{
	static const char *const actions[] = {"pre-dump", "post-dump"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		prepare("source");
		pid_t pid = gate(actions[i]);
		free(line_of(i == 0 ? "parked" : "reached"));
		assert_int_equal(verdict("close"), 0);
		assert_int_equal(end_of(pid), 1);
		assert_false(exists(RUN "/began"));
		clean_up();
	}
}

/* Nobody waits there yet. */
static void early_verdict(void **state)
{
	(void)state;
	prepare("source");
	assert_int_equal(verdict("open"), 0);
	assert_int_equal(end_of(gate("post-dump")), 0);
	clean_up();
	prepare("source");
	assert_int_equal(verdict("close"), 0);
	assert_int_equal(end_of(gate("pre-dump")), 1);
	assert_int_equal(end_of(gate("post-dump")), 1);
	clean_up();
}

static void first_stands(void **state)
{
	(void)state;
	prepare("source");
	assert_int_equal(verdict("close"), 0);
	assert_int_equal(verdict("close"), 0);
	CLEANUP_ASKED struct asked second = ASK("verdict", WEB, "op=open");
	assert_int_equal(second.status, 1);
	assert_string_equal(second.err, "the gate has been told 'close' already\n");
	CLEANUP_ASKED struct asked other = ASK("verdict", WEB, "op=maybe");
	assert_int_equal(other.status, 1);
	clean_up();
}

/* A gate that was closed in the same moment is closed. */
static void closed_meanwhile(void **state)
{
	(void)state;
	prepare("source");
	pid_t pid = gate("pre-dump");
	free(line_of("parked"));
	assert_int_equal(link(RUN "/say-close", RUN "/word"), 0);
	dump_go();
	assert_int_equal(end_of(pid), 1);
	assert_false(exists(RUN "/began"));
	clean_up();
}

static void nobody_parked(void **state)
{
	(void)state;
	prepare("source");
	CLEANUP_ASKED struct asked done = ASK("dump-go", WEB);
	assert_int_equal(done.status, 1);
	assert_string_equal(done.err, "no dump is parked there\n");
	clean_up();
}

static void counts(void **state)
{
	(void)state;
	prepare("sender");
	own_run_write(IMAGES "/core-1.img", "");
	own_run_write(IMAGES "/pages-1.img", "");
	own_run_write(IMAGES "/hidden", "");
	pid_t pid = gate("post-dump");
	CLEANUP_FREE char *line = line_of("reached");
	assert_string_equal(line, "reached 2\n");
	assert_int_equal(verdict("close"), 0);
	assert_int_equal(end_of(pid), 1);
	clean_up();
}

static void others_pass(void **state)
{
	(void)state;
	prepare("source");
	assert_int_equal(end_of(gate("setup-namespaces")), 0);
	assert_int_equal(setenv("CRTOOLS_IMAGE_DIR", IMAGES "/pass-3", 1), 0);
	assert_int_equal(end_of(gate("pre-dump")), 0);
	assert_int_equal(end_of(gate("post-dump")), 0);
	assert_int_equal(unsetenv("CRTOOLS_IMAGE_DIR"), 0);
	assert_false(exists(RUN "/at-parked") || exists(RUN "/at-reached"));
	clean_up();
}

static int await(const void *op)
{
	CLEANUP_FREE char *word = str_fmt("op=%s", (const char *)op);
	CLEANUP_ASKED struct asked heard = ASK("await-gate", WEB, word);

	if (heard.status == 0)
		return strcmp(heard.out, "served\n") == 0 ? 0 : 9;
	return strstr(heard.err, "removed") ? 7 : 8;
}

/* A descriptor that shows it is no event, so the state tells: it sleeps in poll(2). */
static void await_sleep(pid_t pid)
{
	struct process p;

	do
		(void)usleep(2000);
	while (process_read(pid, &p) && p.state != 'S');
}

static void serves(void **state)
{
	(void)state;
	prepare("source");
	pid_t waiter = child_of(await, "served");
	await_sleep(waiter);
	assert_int_equal(end_of(gate("status-ready")), 0);
	assert_int_equal(end_of(waiter), 0);
	clean_up();
}

static void controller_dies(void **state)
{
	(void)state;
	prepare("source");
	pid_t pid = gate("post-dump");
	free(line_of("reached"));
	pid_t waiter = child_of(await, "reached");
	await_sleep(waiter);
	assert_int_equal(kill(waiter, SIGKILL), 0);
	assert_int_equal(end_of(waiter), 128 + SIGKILL);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	assert_int_equal(verdict("open"), 0);
	assert_int_equal(end_of(pid), 0);
	clean_up();
}

static void cleaning_wakes(void **state)
{
	static const char *const ops[] = {"parked", "reached", "served"};
	pid_t waiters[3];

	(void)state;
	prepare("source");
	for (size_t i = 0; i < 3; i++) {
		waiters[i] = child_of(await, ops[i]);
		await_sleep(waiters[i]);
	}
	clean_up();
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(end_of(waiters[i]), 7);
}

static int read_listens(const void *unused)
{
	char byte;
	int fd = open(RUN "/listens", O_RDONLY | O_CLOEXEC);

	(void)unused;
	return fd >= 0 && read(fd, &byte, 1) == 1 ? 7 : 8;
}

/* The same for a page server that never listened. */
static void cleaning_wakes_receiver(void **state)
{
	(void)state;
	prepare("receiver");
	pid_t waiter = child_of(read_listens, NULL);
	await_sleep(waiter);
	CLEANUP_ASKED struct asked done = ASK("clean", WEB, "id=" ID);
	assert_int_equal(done.status, 0);
	assert_int_equal(end_of(waiter), 7);
}

static void again(void **state)
{
	(void)state;
	prepare("source");
	pid_t pid = gate("pre-dump");
	free(line_of("parked"));
	dump_go();
	assert_int_equal(end_of(pid), 0);
	own_run_write(RUN "/went-on", "");
	assert_int_equal(verdict("close"), 0);
	assert_int_equal(verdict("again"), 0);
	assert_false(exists(RUN "/word") || exists(RUN "/began") || exists(RUN "/at-parked") ||
		     exists(RUN "/went-on"));
	pid = gate("pre-dump");
	free(line_of("parked"));
	dump_go();
	assert_int_equal(end_of(pid), 0);
	clean_up();
}

/* Only a dump that was closed, has not begun and is no pass. */
static void kills(void **state)
{
	(void)state;
	prepare("source");
	pid_t criu = child_of(idle_as, "criu");
	await_session(criu);
	record_session(criu);
	assert_int_equal(verdict("kill"), 1);
	assert_int_equal(verdict("close"), 0);
	own_run_write(RUN "/began", "");
	assert_int_equal(verdict("kill"), 1);
	assert_int_equal(unlink(RUN "/began"), 0);
	own_run_write(RUN "/in-pass", "");
	CLEANUP_ASKED struct asked refused = ASK("verdict", WEB, "op=kill");
	assert_int_equal(refused.status, 1);
	assert_string_equal(refused.err, "a pass of pre-copy is not at its end yet\n");
	assert_int_equal(waitpid(criu, NULL, WNOHANG), 0);
	assert_int_equal(unlink(RUN "/in-pass"), 0);
	assert_int_equal(verdict("kill"), 0);
	assert_int_equal(end_of(criu), 128 + SIGKILL);
	clean_up();
}

static void no_gate_no_verdict(void **state)
{
	(void)state;
	assert_int_equal(verdict("close"), 0);
	prepare("ungated");
	assert_int_equal(verdict("close"), 0);
	assert_false(exists(RUN "/word"));
	clean_up();
}

/* Nothing can be written there any more, but a verdict can be given and a dump can begin. */
static void full_run(void **state)
{
	char block[4096] = {1};

	(void)state;
	assert_int_equal(mkdir("/run/cmigrate", 0700), 0);
	assert_int_equal(mount("full", "/run/cmigrate", "tmpfs", 0, "size=256k"), 0);
	prepare("source");
	FILE *filler = fopen("/run/cmigrate/filler", "we");
	assert_non_null(filler);
	while (fwrite(block, sizeof(block), 1, filler) == 1 && fflush(filler) == 0)
		;
	(void)fclose(filler);
	pid_t pid = gate("pre-dump");
	free(line_of("parked"));
	dump_go();
	assert_int_equal(end_of(pid), 0);
	pid = gate("post-dump");
	free(line_of("reached"));
	assert_int_equal(verdict("close"), 0);
	assert_int_equal(end_of(pid), 1);
	clean_up();
	assert_int_equal(umount2("/run/cmigrate", MNT_DETACH), 0);
}

static int fifo_end(const void *fd)
{
	char byte;

	return read(*(const int *)fd, &byte, 1) == 0 ? 0 : 1;
}

/* A process in a network namespace of its own, which ends with the pipe. */
static int wait_in_new_network(const void *ends)
{
	const int *fds = ends;

	if (unshare(CLONE_NEWNET) < 0 || close(fds[1]) < 0 || write(fds[3], "x", 1) != 1)
		return 1;
	return fifo_end(&fds[0]);
}

static int has_loopback(const void *pid)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/ns/net", *(const pid_t *)pid);
	struct ifreq lo = {.ifr_name = "lo"};

	if (setns(open(path, O_RDONLY | O_CLOEXEC), CLONE_NEWNET) < 0)
		return 2;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd < 0 || ioctl(fd, SIOCGIFFLAGS, &lo) < 0 ? 3 : (lo.ifr_flags & IFF_UP) != 0;
}

/* The script of a restore: the status of the gate, and whether the loopback is up then. */
static void expect_loopback(const char *role, const char *flag, int up)
{
	CLEANUP_FREE char *word = str_fmt("role=%s", role);
	int fds[4];
	char byte;

	assert_true(pipe(fds) == 0 && pipe(fds + 2) == 0);
	pid_t pid = child_of(wait_in_new_network, fds);
	CLEANUP_FREE char *number = str_fmt("%d", (int)pid);
	assert_int_equal(read(fds[2], &byte, 1), 1);
	CLEANUP_ASKED struct asked done = ASK("prepare", WEB, "id=" ID, word, flag);
	assert_int_equal(done.status, 0);
	assert_int_equal(setenv("CRTOOLS_INIT_PID", number, 1), 0);
	assert_int_equal(end_of(gate("setup-namespaces")), 0);
	assert_int_equal(end_of(child_of(has_loopback, &pid)), 0);
	assert_int_equal(end_of(gate("post-setup-namespaces")), 0);
	assert_int_equal(end_of(child_of(has_loopback, &pid)), up);
	for (size_t i = 0; i < 4; i++)
		(void)close(fds[i]);
	assert_int_equal(end_of(pid), 0);
	clean_up();
}

static void sets_loopback_up(void **state)
{
	static const char *const roles[] = {"source", "ungated", "destination"};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		expect_loopback(roles[i], "flag=own-network", 1);
	/* Another's network is left as it is. */
	expect_loopback("source", "flag=skip-in-flight", 0);
	/* A process that has gone. */
	CLEANUP_ASKED struct asked done =
		ASK("prepare", WEB, "id=" ID, "role=destination", "flag=own-network");
	assert_int_equal(done.status, 0);
	assert_true(exists(RUN "/gate"));
	assert_int_equal(setenv("CRTOOLS_INIT_PID", "4000000", 1), 0);
	assert_int_equal(end_of(gate("post-setup-namespaces")), 1);
	clean_up();
}

static int set_up(void **state)
{
	(void)state;
	make_root();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_agent_is_not_old),
		cmocka_unit_test(goes),
		cmocka_unit_test(lets_nothing_run),
		cmocka_unit_test(lets_a_network_of_its_own_run),
		cmocka_unit_test(opens),
		cmocka_unit_test(closes),
		cmocka_unit_test(early_verdict),
		cmocka_unit_test(first_stands),
		cmocka_unit_test(closed_meanwhile),
		cmocka_unit_test(nobody_parked),
		cmocka_unit_test(counts),
		cmocka_unit_test(others_pass),
		cmocka_unit_test(serves),
		cmocka_unit_test(controller_dies),
		cmocka_unit_test(cleaning_wakes),
		cmocka_unit_test(cleaning_wakes_receiver),
		cmocka_unit_test(again),
		cmocka_unit_test(kills),
		cmocka_unit_test(no_gate_no_verdict),
		cmocka_unit_test(full_run),
		cmocka_unit_test(sets_loopback_up),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
