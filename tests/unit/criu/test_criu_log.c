/* SPDX-License-Identifier: MIT */
/* Lines of CRIU and runc from test hosts, their issue threads and their sources. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/criu/runtime.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static void known_causes(void **state)
{
	static const struct {
		const char *log, *said, *remedy;
	} rows[] = {
		{"(00.007543) Error (criu/sk-inet.c:188): inet: In-flight connection (l) for 5f\n",
		 "inet: In-flight connection (l) for 5f", "try again"},
		{"(00.006) Error (criu/sk-inet.c:191): inet: Connected TCP socket, consider using "
		 "--tcp-established option.\n",
		 "inet: Connected TCP socket", "--tcp-established or --tcp-close"},
		{"(00.004) Error (criu/files-reg.c:1815): Can't lookup mount=31 for fd=1 "
		 "path=/root/out\n",
		 "Can't lookup mount=31 for fd=1", "</dev/null"},
		{"(00.01) Error (criu/tty.c:1861): tty: Found dangling tty with sid 8 pgid 8 (pts) "
		 "on "
		 "peer fd 0.\n",
		 "Found dangling tty", "has a terminal"},
		{"(00.02) Error (criu/files-reg.c:980): Can't dump ghost file /tmp/big of 2097152 "
		 "size, increase limit\n",
		 "Can't dump ghost file /tmp/big", "--ghost-limit SIZE"},
		{"(00.02) Error (criu/file-lock.c:110): Some file locks are hold by dumping tasks! "
		 "You "
		 "can try --file-locks to dump them.\n",
		 "Some file locks are hold", "use --file-locks"},
		{"(00.02) Error (criu/sk-unix.c:873): unix: External socket is used. Consider "
		 "using "
		 "--ext-unix-sk option.\n",
		 "External socket is used", "use --ext-unix-sk"},
		{"(00.02) Error (criu/files-reg.c:1229): Can't create link remap for /tmp/x. Use "
		 "link-remap option.\n",
		 "Can't create link remap for /tmp/x", "use --link-remap"},
		{"(00.02) Error (criu/sk-inet.c:79): inet: Unsupported proto 262 for socket 7\n",
		 "proto 262", "GODEBUG=multipathtcp=0"},
		{"(00.02) Error (criu/sockets.c:452): sockets: Can't get 1:16 opt: Operation not "
		 "supported\n",
		 "Can't get 1:16 opt", "criu 4.2 or newer"},
		{"(00.02) Error (criu/cr-restore.c:9): cpuinfo: CPU instruction capabilities do "
		 "not "
		 "match run time\n",
		 "do not match run time", "CPU lacks features"},
		{"(00.02) Error (criu/vdso.c:400): vdso: Parasite-proxy vdso bounds\n", "vdso",
		 "too old for this kernel"},
		{"(00.02) Error (criu/sk-inet.c:904): inet: Can't bind inet socket (id 25): Cannot "
		 "assign requested address\n",
		 "Cannot assign requested address",
		 "address of a connection isn't on the destination"},
		{"(00.02) Error (criu/sk-inet.c:904): inet: Can't bind inet socket (id 25): "
		 "Address "
		 "already in use\n",
		 "Address already in use", "a port is in use on the destination"},
		{"(00.02) Error (criu/image.c:474): Can't open inventory.img: No such file or "
		 "directory\n",
		 "Can't open inventory.img", "images are incomplete or damaged"},
		{"(00.02) Error (criu/image.c:10): write: No space left on device\n",
		 "No space left on device", "free space in the shared directory"},
		{"(00.02) Error (criu/mount.c:2344): mnt: Can't mount at ./data: No such file or "
		 "directory\n",
		 "Can't mount at ./data", "compare the bind sources"},
		{"(00.02) Error (criu/sk-unix.c:881): unix: \tCan't dump half of stream unix "
		 "connection. name: /run/a.sock; peer name: --\n",
		 "half of stream unix connection", "no flag moves it"},
		{"(00.02) Error (criu/sk-unix.c:1406): unix: Can't connect 4711 socket: Connection "
		 "refused\n",
		 "Can't connect 4711 socket", "nobody listens on the destination"},
		{"(00.02) Error (criu/sk-unix.c:1651): unix: Can't bind id 0x7 ino 4711 addr name: "
		 "Address already in use\n",
		 "Can't bind id 0x7", "name of a unix socket is taken"},
		{"(00.02) Error (criu/files-reg.c:1159): Can't link remap to /data/link_remap.7: "
		 "Read-only file system\n",
		 "Can't link remap", "read-only file system: let the program"},
		{"(00.02) Error (criu/proc_parse.c:502): Unknown shit 600 "
		 "(anon_inode:[io_uring])\n",
		 "io_uring", "cmigrate generate"},
		{"(00.02) Error (criu/proc_parse.c:502): Unknown shit 600 "
		 "(anon_inode:[perf_event])\n",
		 "perf_event", "can't dump this kind of file"},
		{"(00.02) Error (compel/src/lib/ptrace.c:73): POKEDATA failed: Input/output "
		 "error\n",
		 "POKEDATA failed", "opcache.jit_buffer_size=0"},
		{"(00.02) Error (compel/src/lib/ptrace.c:96): Can't poke 7 @ 0x600008 from 0x7f00 "
		 "sized 8\n",
		 "Can't poke 7", "switch off its JIT"},
		{"(00.02) Error (criu/files-reg.c:2175): File data/log has bad size 7 (expect 9)\n",
		 "has bad size 7", "another one on the destination"},
		{"(00.02) Error (criu/files-reg.c:2153): File lib/libc.so has bad build-ID\n",
		 "has bad build-ID", "another one on the destination"},
		{"(00.02) Error (criu/mount-v2.c:396): mnt-v2: Can't re-create deleted file "
		 "/etc/resolv.conf: Read-only file system\n",
		 "re-create deleted file", "start it anew"},
		{"(00.02) Error (criu/mount-v2.c:324): mnt-v2: Failed to move_mount from 7 to "
		 "/data: Not a directory\n",
		 "Failed to move_mount", "file on one host and a directory"},
		{"(00.02) Error (criu/fsnotify.c:284): fsnotify: \tCan't dump that handle\n",
		 "Can't dump that handle", "let it poll"},
		{"(00.02) Error (criu/seize.c:335): zombie 7 (comm sh) found while seizing\n",
		 "found while seizing", "end the tracer"},
		{"(00.02) Error (compel/src/lib/infect.c:261): Unseizable non-zombie 7 found, "
		 "state S, err -1/1\n",
		 "Unseizable non-zombie 7", "try again"},
		{"(00.02) Error (criu/cr-dump.c:1681): A session leader of 7(3) is outside of its "
		 "pid namespace\n",
		 "outside of its pid namespace", "nsenter"},
		{"(00.02) Error (criu/namespaces.c:460): Can't dump nested pid namespace for 7\n",
		 "Can't dump nested pid", "namespace of its own"},
		{"(00.02) Error (criu/seize.c:882): Zombies with threads are not supported\n",
		 "Zombies with threads", "without its first thread"},
		{"(00.02) Error (criu/cr-dump.c:1703): Dump eventpoll (pid: 7) failed with -1\n",
		 "Dump eventpoll", "descriptor that its process has closed"},
		{"(00.02) Error (criu/sk-packet.c:447): sockets: Can't bind packet socket to eth1: "
		 "No such device\n",
		 "Can't bind packet socket", "listens on a device"},
		{"(00.02) Error (criu/mount.c:1093): mnt: Mount 7 ./data (master_id: 3 shared_id: "
		 "0) has unreachable sharing. Try --enable-external-masters.\n",
		 "unreachable sharing", "unmount it on the source"},
		{"(00.02) Error (criu/filesystems.c:650): mqueue isn't empty\n",
		 "mqueue isn't empty", "mq_unlink"},
		{"(00.02) Error (criu/cr-dump.c:477): Task 7 with SysVIPC shmem map @7f00 doesn't "
		 "live in IPC ns\n",
		 "doesn't live in IPC ns", "IPC namespace of its own"},
		{"(00.02) Error (criu/cr-restore.c:1262): 7 killed by signal 9: Killed\n",
		 "killed by signal 9", "memory limit"},
		{"(00.02) Error (soccr/soccr.c:499): inet: Can't bind inet socket back: Cannot "
		 "assign requested address\n",
		 "inet socket back", "--tcp-close"},
		{"(00.02) Error (criu/files-reg.c:1031): Can't dump ghost file /bin/prog of "
		 "2500000 size, increase limit\n",
		 "ghost file /bin/prog", "program that was replaced"},
		{"(00.02) Error (criu/cr-dump.c:233): Can't get rlimit 0: Operation not "
		 "permitted\n",
		 "Can't get rlimit 0", "CAP_SYS_RESOURCE"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP_FREE char *cause =
			runtime_log_cause(rows[i].log, "criu failed: type NOTIFY");
		if (!strstr(cause, rows[i].said) || !strstr(cause, rows[i].remedy))
			fail_msg("row %zu: %s", i, cause);
		/* No place in a source file, and no time. */
		assert_null(strstr(cause, "Error ("));
	}
}

/* CRIU writes these in successful runs, or after every failure. */
static void harmless_lines(void **state)
{
	static const char log[] =
		"(00.000058) Error (criu/kerndat.c:1): RLIMIT_NOFILE: Operation not permitted\n"
		"(00.000058) Error (criu/util.c:631): exited, status=3\n"
		"(00.000058) Error (criu/net.c:3757): Iptables configuration failed: x\n"
		"(00.000058) Error (criu/action-scripts.c:68): Script /run/x/gate exited with 1\n"
		"(00.000058) Error (criu/action-scripts.c:90): One of more action scripts failed\n"
		"(00.01) Error (criu/sk-inet.c:188): inet: In-flight connection (l) for 5f\n"
		"(00.01) Error (criu/cr-dump.c:2128): Dumping FAILED.\n";

	(void)state;
	CLEANUP_FREE char *cause = runtime_log_cause(log, "");
	assert_true(str_starts(cause, "inet: In-flight connection (l) for 5f ("));
}

static void first_causes_only(void **state)
{
	static const char log[] = "(00.1) Error (criu/a.c:1): first\n"
				  "(00.2) Warn  (criu/b.c:1): a warning\n"
				  "(00.2) Error (criu/b.c:1): second\n"
				  "(00.3) Error (criu/c.c:1): third\n";

	(void)state;
	CLEANUP_FREE char *cause = runtime_log_cause(log, "runc's words");
	assert_string_equal(cause, "first; second");
}

static void without_a_log(void **state)
{
	static const struct {
		const char *output, *cause;
	} rows[] = {
		{"", ""},
		{"\n\n", ""},
		{"time=\"x\" level=error msg=\"container does not exist\"\n",
		 "\"container does not exist\""},
		{"first\nlast words\n", "last words"},
		{"tar: ./a: Cannot open: Read-only file system\n"
		 "tar: Exiting with failure status due to previous errors\n",
		 "tar: ./a: Cannot open: Read-only file system"},
		{"time=\"x\" level=warning msg=\"a warning\"\n", ""},
		{"runc: reason\ntime=\"x\" level=warning msg=\"a warning\"\n", "runc: reason"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP_FREE char *cause = runtime_log_cause("", rows[i].output);
		assert_string_equal(cause, rows[i].cause);
	}
}

static void a_log_can_say_anything(void **state)
{
	(void)state;
	CLEANUP_FREE char *cause = runtime_log_cause("Error (x): \x1b[2Jcleared\n", "");
	assert_string_equal(cause, "?[2Jcleared");
	CLEANUP_FREE char *cut = runtime_log_cause("Error (cut off", "");
	assert_string_equal(cut, "Error (cut off");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_causes),		  cmocka_unit_test(harmless_lines),
		cmocka_unit_test(first_causes_only),	  cmocka_unit_test(without_a_log),
		cmocka_unit_test(a_log_can_say_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
