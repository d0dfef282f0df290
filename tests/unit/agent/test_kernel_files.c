/* SPDX-License-Identifier: MIT */
/* What the walk tells of things that are no files: sets of epoll, timers, watches, queues. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <mqueue.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "own_container.h"

static void nothing(void)
{
}

static void make_set(int set, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	int made = epoll_create1(EPOLL_CLOEXEC);

	MUST(dup2(made, set) == set && close(made) == 0);
	MUST(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0);
}

static int ends[2];

/* The file stays open in the test. */
static void close_entry(void)
{
	make_set(100, ends[0]);
	MUST(close(ends[0]) == 0);
}

static void an_entry_whose_descriptor_is_closed(void **state)
{
	(void)state;
	MUST(pipe2(ends, O_CLOEXEC) == 0);
	pid_t pid = start(close_entry);
	CLEANUP_FREE char *told = facts();
	expect(told, "epoll=process %d (test_kernel_fil), descriptor %d in the set of 100",
	       (int)pid, ends[0]);
	MUST(close(ends[0]) == 0 && close(ends[1]) == 0);
}

/* Under another number; and a set in a child that has closed what is in it. */
static void keep_entry(void)
{
	const pid_t parent = getpid();

	make_set(100, ends[0]);
	MUST(dup2(ends[0], 200) == 200 && close(ends[0]) == 0);
	pid_t pid = fork();
	if (pid != 0)
		return;
	/* Its parent may have ended before: it would stay, with the output of the test open. */
	MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && close(200) == 0);
	if (getppid() != parent)
		_exit(0);
	for (;;)
		(void)pause();
}

static void entries_that_are_open(void **state)
{
	(void)state;
	MUST(pipe2(ends, O_CLOEXEC) == 0);
	(void)start(keep_entry);
	CLEANUP_FREE char *told = facts();
	assert_int_equal(count(told, "epoll"), 0);
	MUST(close(ends[0]) == 0 && close(ends[1]) == 0);
}

static struct itimerspec when;

static void set_timer(void)
{
	int made = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	MUST(dup2(made, 100) == 100 && close(made) == 0);
	MUST(timerfd_settime(100, 0, &when, NULL) == 0);
}

static void timers(void **state)
{
	static const struct {
		struct itimerspec when;
		const char *told;
	} rows[] = {
		{{{0, 20000000}, {0, 20000000}}, "every 0.020 s"},
		{{{1, 0}, {1, 0}}, "every 1.000 s"},
		/* It is hardly ever found expired. */
		{{{3600, 0}, {3600, 0}}, NULL},
		{{{0, 0}, {0, 20000000}}, NULL},
		{{{1, 0}, {0, 0}}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		when = rows[i].when;
		pid_t pid = start(set_timer);
		CLEANUP_FREE char *told = facts();
		if (rows[i].told)
			expect(told, "timer=process %d, descriptor 100, %s", (int)pid,
			       rows[i].told);
		assert_int_equal(count(told, "timer"), rows[i].told ? 1 : 0);
		end_children();
	}
}

static const char *watched;

static void watch(void)
{
	MUST(unshare(CLONE_NEWNS) == 0);
	MUST(mkdir(DIR "/low", 0700) == 0 && mkdir(DIR "/over", 0700) == 0);
	MUST(mkdir(DIR "/other", 0700) == 0);
	MUST(mount("x", DIR "/over", "overlay", 0, "lowerdir=" DIR "/low:" DIR "/other") == 0);
	int made = inotify_init1(IN_CLOEXEC);
	MUST(dup2(made, 100) == 100 && close(made) == 0);
	MUST(inotify_add_watch(100, watched, IN_MODIFY) > 0);
}

static void watches(void **state)
{
	(void)state;
	watched = DIR "/over";
	pid_t pid = start(watch);
	CLEANUP_FREE char *told = facts();
	expect(told, "watch=process %d, descriptor 100, inotify", (int)pid);
	end_children();
	assert_int_equal(system("rmdir " DIR "/low " DIR "/over " DIR "/other"), 0);
	watched = DIR "/low";
	(void)start(watch);
	CLEANUP_FREE char *again = facts();
	assert_int_equal(count(again, "watch"), 0);
}

/* The ring stays mapped without its descriptor. */
static bool keep_ring;

static void use_ring(void)
{
	struct io_uring_params params = {0};
	int ring = (int)syscall(SYS_io_uring_setup, 8, &params);

	MUST(ring >= 0 && dup2(ring, 100) == 100 && close(ring) == 0);
	if (keep_ring)
		return;
	MUST(mmap(NULL, 4096, PROT_READ, MAP_SHARED, 100, IORING_OFF_SQ_RING) != MAP_FAILED);
	MUST(close(100) == 0);
}

static bool has_rings(void)
{
	int ring = (int)syscall(SYS_io_uring_setup, 1, &(struct io_uring_params){0});

	return ring >= 0 && close(ring) == 0;
}

static void rings(void **state)
{
	(void)state;
	/* The kernel may be told to have none. */
	if (!has_rings())
		return;
	pid_t pid = start(use_ring);
	CLEANUP_FREE char *mapped = facts();
	expect(mapped, "io-uring=process %d, mapped", (int)pid);
	end_children();
	keep_ring = true;
	pid = start(use_ring);
	CLEANUP_FREE char *open = facts();
	expect(open, "io-uring=process %d, descriptor 100", (int)pid);
}

static bool own_ipc;

static void share_memory(void)
{
	if (own_ipc)
		MUST(unshare(CLONE_NEWIPC) == 0);
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	MUST(id >= 0 && shmat(id, NULL, 0) != (void *)-1);
	MUST(shmctl(id, IPC_RMID, NULL) == 0);
}

static void memory_of_the_host(void **state)
{
	(void)state;
	pid_t pid = start(share_memory);
	CLEANUP_FREE char *told = facts();
	CLEANUP_FREE char *start_of = str_fmt("host-ipc=process %d, /SYSV", (int)pid);
	assert_non_null(strstr(told, start_of));
	end_children();
	own_ipc = true;
	(void)start(share_memory);
	CLEANUP_FREE char *again = facts();
	assert_int_equal(count(again, "host-ipc"), 0);
}

static bool keep_open;

/* Queues of an IPC namespace of its own; /dev/mqueue shows them. */
static void make_queue(void)
{
	struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 8};

	MUST(unshare(CLONE_NEWIPC | CLONE_NEWNS) == 0);
	MUST(mount("dev", "/dev", "tmpfs", 0, NULL) == 0 && mkdir("/dev/mqueue", 0700) == 0);
	MUST(mount("mqueue", "/dev/mqueue", "mqueue", 0, NULL) == 0);
	mqd_t queue = mq_open("/jobs", O_CREAT | O_RDWR, 0600, &attr);
	MUST(queue >= 0);
	MUST(!keep_open || dup2(queue, 100) == 100);
	MUST(mq_close(queue) == 0);
}

static void message_queues(void **state)
{
	(void)state;
	(void)start(make_queue);
	CLEANUP_FREE char *closed = facts();
	expect(closed, "queue=/jobs");
	assert_int_equal(count(closed, "queue-open"), 0);
	end_children();
	keep_open = true;
	pid_t pid = start(make_queue);
	CLEANUP_FREE char *told = facts();
	expect(told, "queue=/jobs");
	expect(told, "queue-open=process %d, descriptor 100, /jobs", (int)pid);
}

static cpu_set_t few;

static void change_scheduling(void)
{
	MUST(sched_setaffinity(0, sizeof(few), &few) == 0);
	MUST(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 7) == 0);
	MUST(prctl(PR_SET_TIMERSLACK, 1000) == 0);
	MUST(personality(ADDR_NO_RANDOMIZE) != -1);
	int filter = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
	MUST(filter >= 0 && write(filter, "0x71", 4) == 4 && close(filter) == 0);
}

static void *wait_with_slack(void *unused)
{
	(void)unused;
	MUST(prctl(PR_SET_TIMERSLACK, 2000) == 0);
	for (;;)
		(void)pause();
	return NULL;
}

static void change_a_thread(void)
{
	pthread_t thread;

	MUST(pthread_create(&thread, NULL, wait_with_slack, NULL) == 0);
}

static bool told_of_thread(void)
{
	CLEANUP_FREE char *told = facts();

	return count(told, "scheduling") == 1 &&
	       strstr(told, ", a thread, timer slack 2000 ns") != NULL;
}

static void scheduling_of_a_thread(void **state)
{
	(void)state;
	(void)start(change_a_thread);
	for (int i = 0; i < 200 && !told_of_thread(); i++)
		(void)usleep(10000);
	assert_true(told_of_thread());
}

/* The I/O priority follows from it. */
static void be_nice(void)
{
	MUST(setpriority(PRIO_PROCESS, 0, 15) == 0);
}

static void scheduling_of_its_own(void **state)
{
	cpu_set_t all;
	size_t cpu = 0;

	(void)state;
	MUST(sched_getaffinity(0, sizeof(all), &all) == 0);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&few);
	CPU_SET(cpu, &few);
	pid_t pid = start(change_scheduling);
	CLEANUP_FREE char *told = facts();
	CLEANUP_FREE char *cpus = str_fmt(", 1 of %d CPUs", CPU_COUNT(&all));
	expect(told,
	       "scheduling=process %d (test_kernel_fil)%s, I/O priority 7 of class 2, timer "
	       "slack 1000 ns, core dumps of 0x71, personality 0x40000",
	       (int)pid, CPU_COUNT(&all) > 1 ? cpus : "");
	end_children();
	(void)start(be_nice);
	(void)start(nothing);
	CLEANUP_FREE char *again = facts();
	assert_int_equal(count(again, "scheduling"), 0);
}

static void nothing_of_the_kind(void **state)
{
	(void)state;
	(void)start(nothing);
	CLEANUP_FREE char *told = facts();
	assert_int_equal(count(told, "epoll") + count(told, "timer") + count(told, "watch") +
				 count(told, "io-uring") + count(told, "host-ipc"),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_entry_whose_descriptor_is_closed),
		TEST(entries_that_are_open),
		TEST(timers),
		TEST(watches),
		TEST(rings),
		TEST(memory_of_the_host),
		TEST(message_queues),
		TEST(scheduling_of_its_own),
		TEST(scheduling_of_a_thread),
		TEST(nothing_of_the_kind),
	};

	own_run_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
