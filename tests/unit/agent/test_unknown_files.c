/* SPDX-License-Identifier: MIT */
/* What the walk tells of descriptors and code that CRIU can do nothing with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "own_container.h"

/* A context for mounting, a device, and frames of the network. */
static void open_unknown(void)
{
	int context = (int)syscall(SYS_fsopen, "tmpfs", 0);
	int ends[2], tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC),
		     xdp = socket(AF_XDP, SOCK_RAW, 0);

	MUST(context >= 0 && dup2(context, 100) == 100 && close(context) == 0);
	/* CRIU knows these. */
	MUST(tun < 0 || dup2(tun, 101) == 101);
	MUST(dup2(open("/dev/full", O_RDWR | O_CLOEXEC), 102) == 102);
	MUST(dup2(epoll_create1(0), 103) == 103 && dup2(eventfd(1, 0), 104) == 104);
	MUST(dup2(socket(AF_NETLINK, SOCK_RAW, 0), 105) == 105);
	MUST(dup2(socket(AF_INET6, SOCK_DGRAM, 0), 106) == 106);
	MUST(dup2(socket(AF_UNIX, SOCK_STREAM, 0), 107) == 107);
	MUST(pipe2(ends, O_DIRECT) == 0 && dup2(ends[1], 109) == 109);
	MUST(close(ends[0]) == 0 && close(ends[1]) == 0 && pipe(ends) == 0);
	MUST(xdp < 0 || (dup2(xdp, 108) == 108 && close(xdp) == 0));
}

static void descriptors_of_unknown_kinds(void **state)
{
	int xdp = socket(AF_XDP, SOCK_RAW, 0);

	(void)state;
	MUST(xdp < 0 || close(xdp) == 0);
	pid_t pid = start(open_unknown);
	CLEANUP_FREE char *told = facts();
	expect(told, "descriptor=process %d, descriptor 100, anon_inode:[fscontext]", (int)pid);
	if (xdp >= 0)
		expect(told, "descriptor=process %d, descriptor 108, a socket of XDP", (int)pid);
	expect(told, "descriptor=process %d, descriptor 109, a pipe of packets", (int)pid);
	assert_int_equal(count(told, "descriptor"), xdp >= 0 ? 3 : 2);
}

/* Below all programs. */
#define LOW ((void *)0x10000000)

static int protection;

static void share_code(void)
{
	MUST(mmap(LOW, 4096, protection, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == LOW);
}

static void code_in_shared_memory(void **state)
{
	(void)state;
	protection = PROT_READ | PROT_EXEC;
	pid_t pid = start(share_code);
	CLEANUP_FREE char *told = facts();
	expect(told, "code=process %d, /dev/zero (deleted)", (int)pid);
	end_children();
	protection = PROT_READ | PROT_WRITE | PROT_EXEC;
	(void)start(share_code);
	CLEANUP_FREE char *written = facts();
	assert_int_equal(count(written, "code"), 0);
	end_children();
	protection = PROT_READ;
	(void)start(share_code);
	CLEANUP_FREE char *read = facts();
	assert_int_equal(count(read, "code"), 0);
}

/* A file of huge pages counts once, though a process has it under two numbers. */
static void have_huge_file(void)
{
	int fd = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);

	MUST(fd >= 0 && ftruncate(fd, 6 << 20) == 0);
	MUST(dup2(fd, 100) == 100 && dup2(memfd_create("plain", 0), 101) == 101);
}

static void memory_in_huge_pages(void **state)
{
	(void)state;
	pid_t pid = start(have_huge_file);
	CLEANUP_FREE char *told = facts();
	expect(told, "huge=2048 3 3, process %d (test_unknown_fi)", (int)pid);
	assert_int_equal(count(told, "huge"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(descriptors_of_unknown_kinds),
		TEST(code_in_shared_memory),
		TEST(memory_in_huge_pages),
	};

	own_run_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
