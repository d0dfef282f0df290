/* SPDX-License-Identifier: MIT */
/* Files, mounts, named pipes and IPC of the host that a container uses, and what looks alike and is
 * its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "own_container.h"

/* The bundle is in /run; LOCAL is another file system of the host, of which the container has a
 * directory. */
#define LOCAL "/run/local"
#define SOURCE LOCAL "/data"
#define AT DIR "/at"
#define CONFIG                                                                                     \
	"{\"rootfs\":\"/\",\"mounts\":[{\"device\":\"tmpfs\",\"source\":\"tmpfs\","                \
	"\"destination\":\"" DIR "/own\"},{\"device\":\"bind\",\"source\":\"" SOURCE               \
	"\",\"destination\":\"" AT "/\"},{\"device\":\"bind\",\"source\":\"/run/held\","           \
	"\"destination\":\"" DIR "/held\"}]}"

/* Of the processes that a deed starts. */
static pid_t *born;

static void nothing(void)
{
}

static int mount_all(void **state)
{
	container_config = CONFIG;
	if (set_up(state) != 0)
		return -1;
	return system("mkdir " LOCAL " /run/held " AT " " DIR "/own " DIR "/held && "
		      "mount -t tmpfs x " LOCAL " && mkdir " SOURCE " && "
		      "mount --bind " SOURCE " " AT " && mount --bind /run/held " DIR "/held && "
		      "mount -t tmpfs x " DIR "/own");
}

static int unmount_all(void **state)
{
	end_children();
	if (system("umount -lR " AT " && umount -l " DIR "/held " DIR "/own && umount -lR " LOCAL
		   " && rm -r " LOCAL " /run/held") != 0)
		return -1;
	return tear_down(state);
}

#define MOUNTED(f) cmocka_unit_test_setup_teardown(f, mount_all, unmount_all)

static int open_file(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

	MUST(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	MUST(fchmod(fd, 0640) == 0 && close(fd) == 0);
	fd = open(path, flags | O_CLOEXEC);
	MUST(fd >= 0);
	return fd;
}

static void have_as(int number, int fd)
{
	MUST(dup2(fd, number) == number && close(fd) == 0);
}

static void use_files(void)
{
	have_as(100, open_file(AT "/read", O_RDONLY, "12345"));
	have_as(101, open_file(AT "/log", O_WRONLY | O_APPEND, ""));
	MUST(mkdir(AT "/directory", 0750) == 0 && chdir(AT "/directory") == 0);
	int fd = open_file(AT "/mapped", O_RDWR, "1234");
	MUST(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED && close(fd) == 0);
	/* These are its own, on the shared directory, or have no name. */
	(void)open_file(DIR "/own/file", O_RDONLY, "");
	(void)open_file(DIR "/held/file", O_RDONLY, "");
	(void)open_file(AT "/deleted", O_RDONLY, "");
	MUST(unlink(AT "/deleted") == 0);
}

static void expect_file(const char *told, pid_t pid, const char *way, unsigned mode,
			const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, mode);
	expect(told, "file=%d %s %o %lld %lld 0 - %s", (int)pid, way, mode, (long long)st.st_size,
	       (long long)st.st_mtime, path);
}

static size_t count_files(const char *told)
{
	size_t n = 0;

	for (const char *p = told; (p = strstr(p, "file=")) != NULL; p++) {
		CLEANUP_FREE char *line = str_dupn(p, strcspn(p, "\n"));
		n += strstr(line, " " AT) != NULL;
	}
	return n;
}

static void files_of_the_host(void **state)
{
	(void)state;
	pid_t pid = start(use_files);
	/* The same file twice is one. */
	(void)start(nothing);
	CLEANUP_FREE char *told = facts();
	expect_file(told, pid, "r 100", S_IFREG | 0640, AT "/read");
	expect_file(told, pid, "w 101", S_IFREG | 0640, AT "/log");
	expect_file(told, pid, "r -2", S_IFDIR | 0750, AT "/directory");
	expect_file(told, pid, "r -1", S_IFREG | 0640, AT "/mapped");
	assert_int_equal(count_files(told), 4);
	assert_null(strstr(told, "/own/file"));
	assert_null(strstr(told, "/held/file"));
}

/* A program has a build id. */
static void programs(void **state)
{
	(void)state;
	(void)start(nothing);
	CLEANUP_FREE char *told = facts();
	CLEANUP_FREE char *exe = str_fmt("/proc/%d/exe", (int)getpid());
	char path[400] = "";
	assert_true(readlink(exe, path, sizeof(path) - 1) > 0);
	const char *end = strstr(told, path);
	assert_non_null(end);
	/* Twenty bytes of it. */
	assert_int_equal(strspn(end - 41, "0123456789abcdef"), 40);
}

static void write_mapped(void)
{
	int fd = open_file(AT "/mapped", O_RDWR, "1234");

	MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
	MUST(close(fd) == 0);
}

static void use_elsewhere(void)
{
	MUST(unshare(CLONE_NEWNS) == 0);
	write_mapped();
	have_as(100, open_file(AT "/read", O_RDONLY, ""));
	/* Its own over the host's. */
	MUST(mkdir(AT "/sub", 0700) == 0 && mount("x", AT "/sub", "tmpfs", 0, NULL) == 0);
	(void)open_file(AT "/sub/hidden", O_RDONLY, "");
}

static void use_rooted(void)
{
	have_as(100, open_file(AT "/log", O_WRONLY, "1"));
	MUST(chroot("/run") == 0 && chdir("/") == 0);
}

static void bear_others(void)
{
	born[0] = child_after(use_elsewhere);
	born[1] = child_after(use_rooted);
}

static void processes_with_other_mounts_and_roots(void **state)
{
	(void)state;
	(void)start(bear_others);
	pid_t elsewhere = born[0], rooted = born[1];
	children[n_children++] = elsewhere;
	children[n_children++] = rooted;
	CLEANUP_FREE char *told = facts();
	expect_file(told, elsewhere, "r 100", S_IFREG | 0640, AT "/read");
	expect_file(told, elsewhere, "w -1", S_IFREG | 0640, AT "/mapped");
	expect_file(told, rooted, "w 100", S_IFREG | 0640, AT "/log");
	assert_int_equal(count_files(told), 3);
}

static void sources_as_they_were(void **state)
{
	(void)state;
	(void)start(nothing);
	CLEANUP_FREE char *told = facts();
	expect(told, "bind-was=d " SOURCE);
	expect(told, "bind-was=d /run/held");
	assert_int_equal(count(told, "bind-deleted") + count(told, "bind-other"), 0);
	assert_int_equal(count(told, "bind-renamed"), 0);
	assert_int_equal(count(told, "mount-received") + count(told, "mount-below"), 0);
}

static void sources_that_are_others_by_now(void **state)
{
	(void)state;
	(void)start(nothing);
	assert_int_equal(rename(SOURCE, LOCAL "/old"), 0);
	CLEANUP_FREE char *gone = facts();
	expect(gone, "bind-renamed=" SOURCE);
	assert_int_equal(mkdir(SOURCE, 0755), 0);
	CLEANUP_FREE char *other = facts();
	expect(other, "bind-renamed=" SOURCE);
	assert_int_equal(rename("/run/held", "/run/old"), 0);
	CLEANUP_FREE char *shared = facts();
	expect(shared, "bind-other=/run/held");
	assert_int_equal(rename("/run/old", "/run/held"), 0);
	assert_int_equal(system("rmdir " SOURCE " && ln -s old " SOURCE), 0);
	CLEANUP_FREE char *linked = facts();
	assert_int_equal(count(linked, "bind-renamed") + count(linked, "bind-other"), 0);
	assert_int_equal(system("rmdir " LOCAL "/old"), 0);
	CLEANUP_FREE char *deleted = facts();
	expect(deleted, "bind-deleted=" SOURCE);
	assert_int_equal(count(deleted, "bind-renamed") + count(deleted, "bind-other"), 0);
}

/* A first process with another root tells nothing of the container's mounts. */
static void enter_root(void)
{
	MUST(chroot(LOCAL) == 0 && chdir("/") == 0);
}

static void a_first_process_with_another_root(void **state)
{
	(void)state;
	(void)start(enter_root);
	CLEANUP_FREE char *told = facts();
	assert_int_equal(count(told, "bind-was") + count(told, "bind-renamed"), 0);
	assert_int_equal(count(told, "bind-other") + count(told, "file"), 0);
}

static void mounts_that_appear(void **state)
{
	(void)state;
	assert_int_equal(system("umount " AT " && mount --make-shared " LOCAL " && "
				"mount --bind " SOURCE " " AT " && mount --make-slave " AT " && "
				"mkdir " SOURCE "/new"),
			 0);
	(void)start(nothing);
	CLEANUP_FREE char *before = facts();
	assert_int_equal(count(before, "mount-received"), 0);
	assert_int_equal(system("mount -t tmpfs x " SOURCE "/new"), 0);
	CLEANUP_FREE char *after = facts();
	expect(after, "mount-received=" AT "/new");
	assert_int_equal(count(after, "mount-received"), 1);
}

static void mounts_that_are_shared(void **state)
{
	(void)state;
	(void)start(nothing);
	CLEANUP_FREE char *before = facts();
	assert_int_equal(count(before, "mount-shared"), 0);
	assert_int_equal(system("mount --make-shared " AT), 0);
	CLEANUP_FREE char *bound = facts();
	assert_int_equal(count(bound, "mount-shared"), 0);
	assert_int_equal(system("mount --make-shared " DIR "/own"), 0);
	CLEANUP_FREE char *told = facts();
	expect(told, "mount-shared=" DIR "/own");
}

/* As rbind brings them; what shows a part of the bind mount itself is the container's. */
static void mounts_below(void **state)
{
	(void)state;
	assert_int_equal(system("mkdir " AT "/a " AT "/b " AT "/c " AT "/d && mount --bind /usr " AT
				"/a && "
				"mount --bind "
				"/run/held " AT "/b && mount --bind " AT "/d " AT "/c"),
			 0);
	(void)start(nothing);
	CLEANUP_FREE char *told = facts();
	expect(told, "mount-below=" AT "/a");
	expect(told, "mount-copied=" AT "/b");
	assert_int_equal(count(told, "mount-below"), 1);
	assert_int_equal(count(told, "mount-copied"), 1);
	assert_int_equal(count(told, "mount-received"), 0);
}

static void open_pipe(void)
{
	have_as(100, open(SOURCE "/pipe", O_RDWR | O_CLOEXEC));
}

static void named_pipes(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(SOURCE "/pipe", 0600), 0);
	pid_t pid = start(open_pipe);
	/* The partner is one of the container. */
	(void)start(open_pipe);
	CLEANUP_FREE char *inside = facts();
	assert_int_equal(count(inside, "fifo"), 0);
	int end = open(SOURCE "/pipe", O_RDWR | O_CLOEXEC);
	assert_true(end >= 0);
	CLEANUP_FREE char *outside = facts();
	expect(outside,
	       "fifo=process %d, descriptor 100, " SOURCE
	       "/pipe, with process %d (test_used_files)",
	       (int)pid, (int)getpid());
	assert_int_equal(close(end), 0);
}

static void use_semaphores(void)
{
	int id = semget(IPC_PRIVATE, 3, 0600);
	struct sembuf up = {.sem_num = 2, .sem_op = 1};

	MUST(id >= 0 && semop(id, &up, 1) == 0);
}

static void use_queue(void)
{
	struct {
		long type;
		char text;
	} message = {1, 'x'};
	int id = msgget(IPC_PRIVATE, 0600);

	MUST(id >= 0 && msgsnd(id, &message, 1, 0) == 0);
}

static void use_shared_memory(void)
{
	MUST(shmget(IPC_PRIVATE, 4096, 0600) >= 0);
}

static void use_own_ipc(void)
{
	MUST(unshare(CLONE_NEWIPC) == 0);
	use_semaphores();
	use_queue();
	use_shared_memory();
}

static void ipc_of_the_host(void **state)
{
	static const struct {
		void (*deed)(void);
		const char *what;
	} rows[] = {{use_semaphores, "semaphores"},
		    {use_queue, "message queue"},
		    {use_shared_memory, "shared memory"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		pid_t pid = start(rows[i].deed);
		CLEANUP_FREE char *told = facts();
		CLEANUP_FREE char *line =
			str_fmt("host-ipc=process %d, %s ", (int)pid, rows[i].what);
		assert_non_null(strstr(told, line));
		assert_int_equal(count(told, "host-ipc"), 1);
		end_children();
	}
	(void)start(use_own_ipc);
	CLEANUP_FREE char *told = facts();
	assert_int_equal(count(told, "host-ipc"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MOUNTED(files_of_the_host),
		MOUNTED(programs),
		MOUNTED(processes_with_other_mounts_and_roots),
		MOUNTED(sources_as_they_were),
		MOUNTED(sources_that_are_others_by_now),
		MOUNTED(a_first_process_with_another_root),
		MOUNTED(mounts_that_appear),
		MOUNTED(mounts_that_are_shared),
		MOUNTED(mounts_below),
		MOUNTED(named_pipes),
		TEST(ipc_of_the_host),
	};

	own_run_enter();
	/* What is made in it goes with it. */
	if (unshare(CLONE_NEWIPC) < 0)
		return 1;
	born = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return born == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
