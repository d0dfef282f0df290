/* SPDX-License-Identifier: MIT */
/* A tmpfs of a container, saved, compared and made again, with real mounts in namespaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "agent/container/runc_state.h"
#include "agent/request/process.h"
#include "agent/restore/tmpfs_attributes.h"
#include "asked.h"
#include "own_run.h"
#include "stub.h"

#define RUN "/run/cmigrate/web"
#define YARD "/run/cmigrate/other/.criu.cgyard.Ab3dE6"
#define ID "20260101T000000-01234567"
#define FIELDS "container=web", "id=" ID

static char *root, *images, *bin;
static pid_t container;

static char *in_container(const char *path)
{
	return str_fmt("/proc/%d/root/srv/%s", (int)container, path);
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* A process with a tmpfs of its own on /srv, and nothing else. */
static void start_container(void)
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	container = fork();
	if (container == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount("tmpfs", "/srv", "tmpfs", 0, "size=64k,mode=1751") < 0 ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
}

static void write_state(void)
{
	struct process process;

	assert_true(process_read(container, &process));
	CLEANUP_FREE char *text =
		str_fmt("{\"id\":\"web\",\"init_process_pid\":%d,\"init_process_start\":%llu,"
			"\"config\":{\"rootfs\":\"/x\",\"labels\":[\"bundle=%s/"
			"web\"]},\"cgroup_paths\":{}}",
			(int)container, process.start, root);
	own_run_write("/run/runc/web/state.json", text);
}

static void make(const char *path)
{
	if (mkdir(path, 0700) < 0) {
		perror(path);
		abort();
	}
}

static int set_up(void **state)
{
	(void)state;
	own_run_enter();
	root = stub_dir_make();
	bin = stub_dir_make();
	stub_path_add(bin);
	CLEANUP_FREE char *bundle = str_fmt("%s/web", root);
	CLEANUP_FREE char *kept = str_fmt("%s/web/.cmigrate", root);
	images = str_fmt("%s/web/.cmigrate/images-" ID, root);
	make(bundle);
	make(kept);
	make(images);
	make("/run/cmigrate");
	make(RUN);
	make("/run/runc/web");
	own_run_write(RUN "/criu.conf", "network-lock skip\n");
	start_container();
	write_state();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)kill(container, SIGKILL);
	(void)waitpid(container, NULL, 0);
	stub_dir_remove(root);
	stub_dir_remove(bin);
	free(images);
	return 0;
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char text[4096] = "";

	if (f) {
		(void)!fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	return str_dup(text);
}

/* Files as they are made by hand in each test. */
static void fill(void)
{
	CLEANUP_FREE char *dir = in_container("a  b");
	CLEANUP_FREE char *link = in_container("a  b/link");
	CLEANUP_FREE char *empty = in_container("empty");

	make(dir);
	assert_int_equal(symlink("../x y", link), 0);
	own_run_write(empty, "");
	assert_int_equal(chmod(empty, 04511), 0);
}

static void ask_for(const char *op, int status, const char *out)
{
	CLEANUP_FREE char *word = str_fmt("op=%s", op);
	CLEANUP_ASKED struct asked asked = ask(root, NULL, "tmpfs", word, FIELDS, NULL);

	if (asked.status != status || strcmp(asked.out, out) != 0)
		fail_msg("%s: %d '%s' '%s'", op, asked.status, asked.out, asked.err);
}

/* Leaves room for so many pages in /run. */
static void fill_run(unsigned pages)
{
	static char page[4096];
	struct statvfs room;
	int fd = open("/run/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || mount(NULL, "/run", NULL, MS_REMOUNT, "size=256k") < 0)
		abort();
	while (statvfs("/run", &room) == 0 && room.f_bfree > pages)
		if (write(fd, page, sizeof(page)) != (ssize_t)sizeof(page))
			abort();
	close(fd);
}

/* The list and the contents have room, the last page of the configuration has not. */
static void full_run(void **state)
{
	char text[4091], now[8192] = "";

	(void)state;
	memset(text, '#', sizeof(text));
	text[sizeof(text) - 2] = '\n';
	text[sizeof(text) - 1] = '\0';
	own_run_write(RUN "/criu.conf", text);
	fill_run(2);
	ask_for("save", 0, "");
	FILE *f = fopen(RUN "/criu.conf", "re");
	assert_non_null(f);
	(void)!fread(now, 1, sizeof(now) - 1, f);
	fclose(f);
	assert_int_equal(unlink("/run/filler"), 0);
	assert_string_equal(now, text);
	assert_false(is_there(RUN "/criu.new"));
	own_run_write(RUN "/criu.conf", "network-lock skip\n");
}

static void saved_and_compared(void **state)
{
	CLEANUP_FREE char *archive = str_fmt("%s/tmpfs/1.tar", images);
	CLEANUP_FREE char *again = str_fmt("%s/tmpfs/1.again", images);
	CLEANUP_FREE char *list = str_fmt("%s/tmpfs/list", images);
	CLEANUP_FREE char *checked = str_fmt("%s/tmpfs/checked", images);

	(void)state;
	fill();
	ask_for("save", 0, "saved\n");
	assert_true(is_there(archive));
	CLEANUP_FREE char *said = read_file(list);
	assert_string_equal(said, "1 rw,size=64k,mode=1751\n");
	CLEANUP_FREE char *conf = read_file(RUN "/criu.conf");
	assert_string_equal(conf, "network-lock skip\nexternal mnt[/srv]:tmpfs-1\n");
	assert_false(is_there(checked));
	/* No program is started for this one. */
	CLEANUP_FREE char *path = str_dup(getenv("PATH"));
	assert_int_equal(setenv("PATH", "/nowhere", 1), 0);
	ask_for("same", 0, "");
	assert_true(is_there(checked));
	assert_false(is_there(again));
	CLEANUP_FREE char *late = in_container("late");
	own_run_write(late, "contents");
	CLEANUP_ASKED struct asked unable = ask(root, NULL, "tmpfs", "op=same", FIELDS, NULL);
	assert_int_equal(unable.status, 1);
	assert_non_null(
		strstr(unable.err, "'/srv', a tmpfs of the container, can't be saved: it is"));
	assert_int_equal(setenv("PATH", path, 1), 0);
	ask_for("same", 0, "changed\n");
	assert_true(is_there(again));
	assert_int_equal(unlink(again), 0);
	assert_int_equal(unlink(late), 0);
	/* A directory's time tells that it was there. */
	ask_for("same", 0, "changed\n");
	assert_int_equal(unlink(again), 0);
}

struct restoring {
	struct asked asked;
	const char *op;
};

static void *restore(void *arg)
{
	struct restoring *restoring = arg;

	restoring->asked =
		ask(root, NULL, "restore", restoring->op, FIELDS, "flag=file-locks", NULL);
	return NULL;
}

/* A thread gets the mount namespace. */
static void run_restore(pthread_t *thread, struct restoring *restoring, const char *op)
{
	restoring->op = op;
	assert_int_equal(pthread_create(thread, NULL, restore, restoring), 0);
}

static char *end_restore(pthread_t thread, struct restoring *restoring, int status)
{
	assert_int_equal(pthread_join(thread, NULL), 0);
	if (restoring->asked.status != status)
		fail_msg("%d '%s'", restoring->asked.status, restoring->asked.err);
	asked_clear(&restoring->asked);
	return read_file(RUN "/restore.out");
}

/* What runc finds there, and how it is called. */
static void made_again(void **state)
{
	struct restoring restoring = {0};
	pthread_t thread;
	CLEANUP_FREE char *expected =
		str_fmt("restore --detach --bundle %s/web --image-path %s --work-path " RUN
			" --file-locks web\n" RUN
			"/criu.conf\na  b\nempty\n../x y\n4511\n1751\nrw,relatime\n",
			root, images);

	(void)state;
	stub_program(bin, "runc",
		     "#!/bin/sh\necho \"$*\"\necho \"$CRIU_CONFIG_FILE\"\ncd " RUN "/tmpfs/1\nls\n"
		     "readlink 'a  b/link'\nstat -c %a empty\nstat -c %a .\n"
		     "awk '$5 == \"" RUN "/tmpfs/1\" {print $6}' /proc/self/mountinfo\nexit 7\n");
	run_restore(&thread, &restoring, "op=now");
	CLEANUP_FREE char *out = end_restore(thread, &restoring, 7);
	assert_string_equal(out, expected);
	/* Nothing of it is seen here, and the thread's namespace is gone. */
	CLEANUP_FREE char *mounts = read_file("/proc/self/mountinfo");
	assert_null(strstr(mounts, RUN "/tmpfs"));
	CLEANUP_FREE char *conf = read_file(RUN "/criu.conf");
	assert_non_null(strstr(conf, "external mnt[/srv]:tmpfs-1\nexternal mnt[tmpfs-1]:" RUN
				     "/tmpfs/1\n"));
	CLEANUP_FREE char *group = read_file(RUN "/cgroup");
	assert_non_null(strchr(group, ':'));
	/* Lines of an earlier try don't stay. */
	run_restore(&thread, &restoring, "op=now");
	free(end_restore(thread, &restoring, 7));
	CLEANUP_FREE char *conf_then = read_file(RUN "/criu.conf");
	assert_string_equal(conf_then, conf);
}

static void make_mount(const char *path)
{
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(mount("yard", path, "tmpfs", 0, NULL), 0);
}

/* runc would take the first mount of a hierarchy for the host's. */
static void without_the_cgroups_of_another(void **state)
{
	struct restoring restoring = {0};
	pthread_t thread;

	(void)state;
	assert_int_equal(mkdir("/run/cmigrate/other", 0700), 0);
	make_mount(YARD);
	make_mount(YARD "/cpuset");
	make_mount("/run/cmigrate/other/kept");
	stub_program(bin, "runc",
		     "#!/bin/sh\ngrep -o '/run/cmigrate/other[^ ]*' "
		     "/proc/self/mountinfo\nexit 7\n");
	run_restore(&thread, &restoring, "op=now");
	CLEANUP_FREE char *out = end_restore(thread, &restoring, 7);
	assert_string_equal(out, "/run/cmigrate/other/kept\n");
	/* It has its own. */
	assert_int_equal(umount(YARD "/cpuset"), 0);
	assert_int_equal(umount(YARD), 0);
	assert_int_equal(umount("/run/cmigrate/other/kept"), 0);
	assert_int_equal(system("rm -r /run/cmigrate/other"), 0);
}

static void *refill(void *arg)
{
	struct asked *asked = arg;

	*asked = ask(root, NULL, "refill", FIELDS, NULL);
	return NULL;
}

/* A parked restore, for which a shell stands that waits at the fifo. */
static void refilled(void **state)
{
	struct restoring restoring = {0};
	CLEANUP_ASKED struct asked filled = {0};
	pthread_t thread, second;

	(void)state;
	stub_program(bin, "runc",
		     "#!/bin/sh\ncat " RUN "/parked.conf >/dev/null\n"
		     "read line <" RUN "/parked.conf\nls " RUN "/tmpfs/1\n");
	assert_int_equal(mkfifo(RUN "/parked.conf", 0600), 0);
	run_restore(&thread, &restoring, "op=parked");
	CLEANUP_ASKED struct asked parked = ask(root, NULL, "park", "container=web", NULL);
	assert_int_equal(parked.status, 0);
	CLEANUP_FREE char *late = in_container("late");
	own_run_write(late, "contents");
	ask_for("same", 0, "changed\n");
	assert_int_equal(pthread_create(&second, NULL, refill, &filled), 0);
	assert_int_equal(pthread_join(second, NULL), 0);
	assert_string_equal(filled.err, "");
	assert_int_equal(filled.status, 0);
	CLEANUP_ASKED struct asked went = ask(root, NULL, "restore-go", "container=web", NULL);
	assert_int_equal(went.status, 0);
	CLEANUP_FREE char *out = end_restore(thread, &restoring, 0);
	assert_string_equal(out, "a  b\nempty\nlate\n");
	assert_true(is_there(RUN "/restore.ended"));
	/* Nobody is there any more. */
	CLEANUP_ASKED struct asked gone = ask(root, NULL, "refill", FIELDS, NULL);
	assert_int_equal(gone.status, 1);
	assert_int_equal(unlink(late), 0);
}

/* All is CRIU's then, and nothing stays. */
/* What is told of each tmpfs that has a file with attributes. Owned by the caller. */
static char *attributes_told(void)
{
	struct request req = {.wake = -1};
	CLEANUP_RUNC_STATE struct runc_state runc = {0};

	assert_int_equal(runc_state_read(&req, "web", &runc), 0);
	tmpfs_attributes(&req, &runc);
	assert_string_equal(buf_str(&req.err), "");
	buf_puts(&req.out, "");
	return buf_steal(&req.out);
}

/* An access list with root as a named user. */
static void set_acl(const char *path)
{
	const struct {
		uint32_t version;
		struct {
			uint16_t tag, mode;
			uint32_t id;
		} rows[5];
	} acl = {2,
		 {{1, 7, UINT32_MAX},
		  {2, 4, 0},
		  {4, 5, UINT32_MAX},
		  {0x10, 7, UINT32_MAX},
		  {0x20, 0, UINT32_MAX}}};

	assert_int_equal(setxattr(path, "system.posix_acl_access", &acl, sizeof(acl), 0), 0);
}

static void attributes(void **state)
{
	CLEANUP_FREE char *below = in_container("a  b/below");
	CLEANUP_FREE char *full = in_container("full");
	CLEANUP_FREE char *none = attributes_told();

	(void)state;
	assert_string_equal(none, "");
	own_run_write(below, "");
	set_acl(below);
	CLEANUP_FREE char *saved = attributes_told();
	assert_string_equal(saved, "attribute-saved=/srv/a  b/below: system.posix_acl_access\n");
	own_run_write(full, "x");
	CLEANUP_FREE char *lost = attributes_told();
	assert_string_equal(lost, "attribute=/srv/a  b/below: system.posix_acl_access\n");
	assert_int_equal(unlink(below) + unlink(full), 0);
}

static void one_with_contents(void **state)
{
	CLEANUP_FREE char *file = in_container("file");
	CLEANUP_FREE char *saved = str_fmt("%s/tmpfs", images);
	CLEANUP_FREE char *command = str_fmt("rm -r %s", saved);

	(void)state;
	assert_int_equal(system(command), 0);
	own_run_write(file, "x");
	ask_for("save", 0, "");
	assert_false(is_there(saved));
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	ask_for("save", 0, "");
	assert_int_equal(unlink(file), 0);
	/* Many files. */
	for (int i = 0; i < 200; i++) {
		CLEANUP_FREE char *name = str_fmt("%d", i);
		CLEANUP_FREE char *path = in_container(name);
		own_run_write(path, "");
	}
	ask_for("save", 0, "");
	/* No program: then none is saved. */
	CLEANUP_FREE char *many = str_fmt("rm -f /proc/%d/root/srv/[0-9]*", (int)container);
	assert_int_equal(system(many), 0);
	stub_program(bin, "tar", "#!/bin/sh\nexit 1\n");
	ask_for("save", 0, "");
	assert_false(is_there(saved));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_run),
		cmocka_unit_test(saved_and_compared),
		cmocka_unit_test(made_again),
		cmocka_unit_test(without_the_cgroups_of_another),
		cmocka_unit_test(refilled),
		cmocka_unit_test(attributes),
		cmocka_unit_test(one_with_contents),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
