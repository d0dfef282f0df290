/* SPDX-License-Identifier: MIT */
/* The walk over a container's processes, with processes of the test's own. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "own_container.h"

/* A descriptor of a program that is played, for its readiness. */
#define READY 9

static bool root;

static void nothing(void)
{
}

static void use_memory(void)
{
	size_t size = 8 << 20;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(memory != MAP_FAILED);
	memset(memory, 1, size);
}

static void totals(void **state)
{
	(void)state;
	(void)start(nothing);
	(void)start(use_memory);
	CLEANUP_FREE char *told = facts();
	expect(told, "processes=2");
	expect(told, "threads=2");
	const char *memory = strstr(told, "\nmemory=");
	assert_non_null(memory);
	assert_true(strtoull(memory + strlen("\nmemory="), NULL, 10) >= 8 << 20);
}

/* Processes in a cgroup below the container's own belong to it. */
static void processes_below(void **state)
{
	(void)state;
	(void)start(nothing);
	pid_t below = start(nothing);
	CLEANUP_FREE char *line = str_fmt("%d\n", (int)below);
	own_run_write(PIDS "/below/cgroup.procs", line);
	n_children = 1;
	CLEANUP_FREE char *told = facts();
	n_children = 2;
	expect(told, "processes=2");
}

static int make_file(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	MUST(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
	return fd;
}

static void open_deleted(void)
{
	(void)make_file(DIR "/gone", 10);
	int linked = make_file(DIR "/linked", 20);

	MUST(dup(linked) >= 0 && link(DIR "/linked", DIR "/other") == 0);
	MUST(unlink(DIR "/gone") == 0 && unlink(DIR "/linked") == 0);
	/* Memory, and no file. */
	MUST(memfd_create("x", 0) >= 0);
	(void)make_file(DIR "/.nfs00000000deadbeef00000001", 1);
	(void)make_file(DIR "/.nfs-notes", 1);
}

static void deleted_files(void **state)
{
	(void)state;
	(void)start(open_deleted);
	CLEANUP_FREE char *told = facts();
	expect(told, "deleted=10 0 rw " DIR "/gone");
	expect(told, "deleted=20 1 rw " DIR "/linked");
	expect(told, "nfs-deleted=rw " DIR "/.nfs00000000deadbeef00000001");
	assert_int_equal(count(told, "deleted"), 2);
	assert_int_equal(count(told, "nfs-deleted"), 1);
}

static void map_deleted(void)
{
	int fd = make_file(DIR "/library", 4096);

	MUST(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	MUST(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
	/* As a static program is mapped: "00400000-" in maps, "400000-" in map_files. */
	int low = make_file(DIR "/program", 4096);
	MUST(mmap((void *)0x400000, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE, low, 0) !=
	     MAP_FAILED);
	MUST(close(low) == 0 && unlink(DIR "/program") == 0);
	MUST(close(fd) == 0 && unlink(DIR "/library") == 0);
}

static void mapped_files_that_are_deleted(void **state)
{
	(void)state;
	(void)start(map_deleted);
	CLEANUP_FREE char *told = facts();
	/* The kernel lets only root look at them. */
	assert_int_equal(count(told, "deleted"), root ? 2 : 0);
	if (root)
		expect(told, "deleted=4096 0 rw " DIR "/library");
	if (root)
		expect(told, "deleted=4096 0 rw " DIR "/program");
}

static void lock_files(void)
{
	int file = make_file(DIR "/locked", 1), memory = memfd_create("x", 0);
	struct flock all = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

	MUST(flock(file, LOCK_EX) == 0 && fcntl(memory, F_SETLK, &all) == 0);
	/* A tmpfs that nobody else sees. */
	MUST(unshare(CLONE_NEWNS) == 0 && mkdir(DIR "/tmp", 0700) == 0);
	MUST(mount("x", DIR "/tmp", "tmpfs", 0, NULL) == 0);
	MUST(flock(make_file(DIR "/tmp/own", 1), LOCK_SH) == 0);
}

static void locks(void **state)
{
	(void)state;
	int pid = start(lock_files);
	CLEANUP_FREE char *told = facts();
	expect(told, "lock=process %d, FLOCK WRITE, " DIR "/locked", pid);
	expect(told, "own-lock=process %d, POSIX READ, /memfd:x (deleted)", pid);
	expect(told, "own-lock=process %d, FLOCK READ, " DIR "/tmp/own", pid);
	assert_int_equal(count(told, "lock") + count(told, "own-lock"), 3);
}

/* What was opened before is on mounts that a new namespace doesn't see. */
static void open_outside(void)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	MUST(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	MUST(dup2(make_file(DIR "/log", 1), 100) == 100);
	MUST(dup2(open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC), 101) == 101);
	MUST(unshare(CLONE_NEWNS) == 0);
	MUST(dup2(make_file(DIR "/inside", 1), 102) == 102);
}

static void files_of_the_host(void **state)
{
	(void)state;
	int pid = start(open_outside);
	CLEANUP_FREE char *told = facts();
	CLEANUP_FREE char *terminal =
		str_fmt("\nterminal=process %d, descriptor 101, /dev/pts/", pid);
	expect(told, "stdio=process %d, descriptor 100, " DIR "/log", pid);
	assert_non_null(strstr(told, terminal));
	assert_null(strstr(told, "descriptor 102"));
}

/* This program under another name; play_on() goes on there. Returns the process that sleeps: the
 * program itself, or the child of a shell. */
static pid_t play(const char *program, const char *word, const char *more)
{
	CLEANUP_FREE char *path = str_fmt(DIR "/%s", program);
	CLEANUP_FREE char *copy =
		str_fmt("test -e %s || cp /proc/%d/exe %s", path, (int)getpid(), path);
	char *argv[] = {(char *)(strcmp(program, "sh") == 0 ? "sh" : "sleep"), (char *)word,
			(char *)more, NULL};
	int ready[2];
	pid_t pid, sleeper;

	MUST(system(copy) == 0 && pipe2(ready, 0) == 0);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		MUST(dup2(ready[1], READY) == READY && close(ready[0]) == 0);
		MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		(void)execv(path, argv);
		abort();
	}
	(void)close(ready[1]);
	MUST(read(ready[0], &sleeper, sizeof(sleeper)) == sizeof(sleeper));
	(void)close(ready[0]);
	children[n_children++] = pid;
	return sleeper;
}

static int play_on(char **argv)
{
	char *const words[] = {(char *)"sleep", (char *)"1000", NULL};
	pid_t pid = getpid();

	if (strcmp(argv[0], "sh") != 0) {
		MUST(write(READY, &pid, sizeof(pid)) == sizeof(pid) && close(READY) == 0);
	} else if (fork() == 0) {
		MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		(void)execv(DIR "/busybox", words);
		abort();
	}
	for (;;)
		(void)pause();
}

static void sleeps_of_busybox(void **state)
{
	(void)state;
	(void)play("busybox", "1000", NULL);
	(void)play("busybox", "infinity", NULL);
	(void)play("sleep", "5", NULL);
	CLEANUP_FREE char *told = facts();
	expect(told, "first-sleep=process %d, sleep 1000", (int)children[0]);
	assert_int_equal(count(told, "first-sleep") + count(told, "sleep"), 1);
	/* Another one is first. */
	pid_t first = children[0];
	children[0] = children[1];
	children[1] = first;
	CLEANUP_FREE char *again = facts();
	expect(again, "sleep=process %d, sleep 1000", (int)first);
	assert_int_equal(count(again, "first-sleep"), 0);
}

static void shells_that_wait_for_a_sleep(void **state)
{
	static const struct {
		const char *script, *key;
	} rows[] = {
		{"trap x TERM; sleep 1000", "first-sleep"},
		{"echo; /bin/sleep 1000;", "first-sleep"},
		{"sleep 1000 & wait", "first-sleep"},
		{"while true; do sleep 1000; done", "sleep"},
		{"sleep 1000; echo", "sleep"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		/* The shell starts what the first has left there. */
		(void)play("busybox", "1", NULL);
		end_children();
		pid_t sleeper = play("sh", "-c", rows[i].script);
		children[n_children++] = sleeper;
		CLEANUP_FREE char *told = facts();
		expect(told, "%s=process %d, sleep 1000", rows[i].key, (int)sleeper);
		end_children();
	}
}

static void delete_many(void)
{
	for (int i = 0; i < 40; i++) {
		CLEANUP_FREE char *path = str_fmt(DIR "/%d", i);
		(void)make_file(path, 1);
		MUST(unlink(path) == 0);
	}
}

static void at_most_16_of_a_kind(void **state)
{
	(void)state;
	(void)start(delete_many);
	CLEANUP_FREE char *told = facts();
	assert_int_equal(count(told, "deleted"), 16);
}

static void limits(void **state)
{
	(void)state;
	(void)start(nothing);
	own_run_write(MEMORY "/memory.limit_in_bytes", "1048576\n");
	own_run_write(MEMORY "/memory.stat", "cache 9\nshmem 3\nrss 4\ntotal_cache 9\n"
					     "total_rss 5\ntotal_shmem 30\n");
	CLEANUP_FREE char *v1 = facts();
	expect(v1, "memory-max=1048576");
	expect(v1, "cgroup-memory=35");
	assert_int_equal(unlink(MEMORY "/memory.limit_in_bytes"), 0);
	own_run_write(MEMORY "/memory.max", "2097152\n");
	own_run_write(MEMORY "/memory.stat", "anon 5\nfile 9\nkernel 700\nshmem 30\n");
	CLEANUP_FREE char *v2 = facts();
	expect(v2, "memory-max=2097152");
	expect(v2, "cgroup-memory=735");
}

/* A System V segment that is attached to no process. */
static void memory_that_no_process_has(void **state)
{
	(void)state;
	(void)start(nothing);
	own_run_write(MEMORY "/memory.stat", "rss 9\ntotal_rss 1\ntotal_shmem 99999999999\n");
	CLEANUP_FREE char *v1 = facts();
	expect(v1, "memory=100000000000");
	/* The kernel's own is not dumped. */
	own_run_write(MEMORY "/memory.stat", "anon 1\nshmem 99999999999\nkernel 5\n");
	CLEANUP_FREE char *v2 = facts();
	expect(v2, "memory=100000000000");
	expect(v2, "cgroup-memory=100000000005");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(totals),
		TEST(memory_that_no_process_has),
		TEST(processes_below),
		TEST(deleted_files),
		TEST(mapped_files_that_are_deleted),
		TEST(locks),
		TEST(files_of_the_host),
		TEST(sleeps_of_busybox),
		TEST(shells_that_wait_for_a_sleep),
		TEST(at_most_16_of_a_kind),
		TEST(limits),
	};

	if (argc > 1)
		return play_on(argv);
	root = geteuid() == 0;
	own_run_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
