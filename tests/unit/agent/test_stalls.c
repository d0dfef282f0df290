/* SPDX-License-Identifier: MIT */
/* A thread that waits for a page for too long is made to ask for it again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <errno.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/memory/stalls.h"
#include "own_session.h"

#define ROOT "/run/bundles"
#define FREEZER "/sys/fs/cgroup/freezer/web"
#define PAGE 4096

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			perror(#condition);                                                        \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* Touches a page that nobody brings. */
static void touch(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */);

	if (fd < 0 && errno == EINVAL)
		fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register range = {.range = {(uintptr_t)page, PAGE},
					.mode = UFFDIO_REGISTER_MODE_MISSING};
	MUST(fd >= 0 && page != MAP_FAILED && ioctl(fd, UFFDIO_API, &api) == 0 &&
	     ioctl(fd, UFFDIO_REGISTER, &range) == 0);
	*(volatile char *)page = 1;
}

static void sleep_on(void)
{
	for (;;)
		(void)pause();
}

/* A container of one process; freezer: what its file says. */
static pid_t container(void (*work)(void), const char *freezer)
{
	struct process p;
	pid_t pid = own_process(work);

	MUST(process_read(pid, &p));
	CLEANUP_FREE char *state =
		str_fmt("{\"id\":\"web\",\"init_process_pid\":%d,\"init_process_start\":%llu,"
			"\"config\":{\"rootfs\":\"" ROOT "/web/rootfs\",\"labels\":[\"bundle=" ROOT
			"/web\"],\"cgroups\":{}},\"cgroup_paths\":{\"freezer\":\"" FREEZER "\"}}",
			(int)pid, p.start);
	CLEANUP_FREE char *tasks = str_fmt("%d\n", (int)pid);
	own_run_write("/run/runc/web/state.json", state);
	own_run_write(FREEZER "/tasks", tasks);
	own_run_write(FREEZER "/freezer.state", freezer);
	return pid;
}

static bool waits_for_page(const void *pid)
{
	CLEANUP_FREE char *place = process_file(*(const pid_t *)pid, "wchan", 64, NULL);

	return place && strcmp(place, "handle_userfault") == 0;
}

/* Looks for more than the time after which it acts. */
static struct stalls look(void)
{
	char *words[] = {"fetch", "container=web", NULL};
	struct request req = {.root = ROOT, .wake = -1};
	struct stalls stalls = {0};

	for (size_t i = 0; words[i]; i++)
		argv_add(&req.words, words[i]);
	for (int i = 0; i < 20; i++) {
		stalls_look(&req, &stalls);
		clock_sleep_ms(STALLS_LOOK_MS);
	}
	argv_clear(&req.words);
	buf_clear(&req.err);
	struct stalls ret = stalls;
	stalls_clear(&stalls);
	ret.v = NULL;
	return ret;
}

static void a_page_that_does_not_come(void **state)
{
	pid_t pid = container(touch, "THAWED\n");

	(void)state;
	assert_true(comes(waits_for_page, &pid));
	struct stalls seen = look();
	assert_true(seen.n_asked > 0);
	assert_true(seen.longest_us >= 50000);
	FILE *f = fopen(FREEZER "/freezer.state", "re");
	char line[32] = "";
	assert_non_null(fgets(line, sizeof(line), f));
	(void)fclose(f);
	assert_int_equal(strncmp(line, "THAWED", 6), 0);
	own_end(pid);
}

/* A restore has threads in that cgroup. */
static void a_restore_under_way_is_left_alone(void **state)
{
	pid_t pid = container(touch, "THAWED\n"), restore = own_process(NULL);

	(void)state;
	own_record(SESSION_RESTORE, restore);
	assert_true(comes(waits_for_page, &pid));
	struct stalls seen = look();
	assert_int_equal(seen.n_asked, 0);
	own_end(restore);
	own_end(pid);
}

static void others_are_left_alone(void **state)
{
	pid_t pid = container(sleep_on, "THAWED\n");

	(void)state;
	struct stalls seen = look();
	assert_true(seen.n_asked == 0 && seen.longest_us == 0);
	own_end(pid);
	/* Somebody has paused it. */
	pid = container(touch, "FROZEN\n");
	assert_true(comes(waits_for_page, &pid));
	seen = look();
	assert_int_equal(seen.n_asked, 0);
	own_end(pid);
	/* There is none. */
	assert_int_equal(unlink("/run/runc/web/state.json"), 0);
	seen = look();
	assert_int_equal(seen.n_asked, 0);
}

static int fresh(void **state)
{
	(void)state;
	own_web_run();
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	return own_web_remove();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(a_page_that_does_not_come),
		TEST(a_restore_under_way_is_left_alone),
		TEST(others_are_left_alone),
	};

	own_run_enter();
	MUST(system("mkdir -p /run/runc/web " FREEZER " " ROOT "/web") == 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
