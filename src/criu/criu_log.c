/* SPDX-License-Identifier: MIT */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/criu/runtime.h"

#define LOG_TIMEOUT_MS 15000
/* A message repeats at most this many error lines. */
#define LINES_SHOWN 2

/* Errors that CRIU also writes in successful runs. */
static const char *const harmless[] = {
	"RLIMIT_NOFILE",
	"Iptables configuration failed",
	"Script ",
	"One of more action scripts failed",
	"exited, status=",
	"Dumping FAILED",
	"Restoring FAILED",
	"Unable to detach from",
	"Could not find fsopen",
	"Can't get freezer state",
	NULL,
};

struct remedy {
	const char *pattern; /* extended regular expression, matched against the error lines */
	const char *text;
};

/* Sources: CRIU's and runc's issue threads, and failures on the test hosts. */
static const struct remedy remedies[] = {
	{"In-flight connection", "a connection was being made; try again"},
	{"Connected TCP socket", "a connection is open: use --tcp-established or --tcp-close"},
	{"Can't lookup mount=.* for fd=[012] ", "stdin, stdout or stderr is a file of the host: "
						"start the container with </dev/null >/dev/null"},
	{"tty|Found dangling tty", "the container has a terminal: start it detached, without one"},
	{"Can't dump ghost file .* of [0-9]+ size",
	 "a deleted open file, or a program that was replaced, is large: use --ghost-limit SIZE"},
	{"[Ff]ile lock|flock",
	 "the container took a file lock after the checks: try again, or use --file-locks"},
	{"Can't dump half of stream", "a unix stream leads out of the container, and no flag moves "
				      "it: let the program close it"},
	{"[Ee]xternal socket|ext-unix-sk",
	 "a unix socket leads out of the container: use --ext-unix-sk"},
	{"Can't connect [0-9]+ socket",
	 "nobody listens on the destination at a unix socket outside of the container: start that "
	 "there"},
	{"Can't bind id .* addr .*Address already in use",
	 "the name of a unix socket is taken on the destination: end what has it there, or give "
	 "the "
	 "container a network namespace of its own"},
	{"Can't link remap.*Read-only file system", "a deleted file that has another name is in a "
						    "read-only file system: let the program close "
						    "it"},
	{"link-remap|Can't create link remap", "a deleted file has another name: use --link-remap"},
	{"Unknown shit.*io_uring",
	 "the container uses io_uring: start it with a config.json of cmigrate generate, which "
	 "denies it"},
	{"Unknown shit", "criu can't dump this kind of file: let the program close it"},
	{"POKEDATA failed|Can't poke",
	 "criu can't write into the first executable memory of a process if that is shared: switch "
	 "off its JIT (php: opcache.jit_buffer_size=0)"},
	{"has bad (size|build-ID|mode)",
	 "an open file is another one on the destination: bring the same one there"},
	{"Can't re-create deleted (file|directory)",
	 "a bind source was replaced or removed after the container's start: start it anew"},
	{"[Ff]ailed to move.mount|[Nn]ot a directory|Can't create mountpoint|Unable to create "
	 "mountpoint",
	 "a bind source is a file on one host and a directory or a link on the other: make them "
	 "alike"},
	{"Can't dump that handle",
	 "a process watches files of an overlay (inotify): let it poll instead"},
	{"zombie .* found while seizing",
	 "a process is traced by another one, such as strace or gdb: end the tracer"},
	{"Unseizable", "criu can't stop a process just then, or another one traces it: try again"},
	{"session leader .* outside of its pid namespace",
	 "a process came in from outside, such as by nsenter: end it"},
	{"Can't dump nested",
	 "a process has a namespace of its own: end it, or start it without one"},
	{"Zombies with threads", "a process goes on without its first thread: end that process"},
	{"[Ee]ventpoll",
	 "epoll waits for a descriptor that its process has closed: end that process"},
	{"Can't bind packet socket|Can't get interface name|No such device",
	 "a packet socket listens on a device that the destination has not under that number: let "
	 "the program close it"},
	{"unreachable sharing",
	 "a mount came into the container after its start: unmount it on the source"},
	{"mqueue isn't empty",
	 "the container has a POSIX message queue: let the program remove it (mq_unlink)"},
	{"doesn't live in IPC ns",
	 "the container has shared memory of the host: give it an IPC namespace of its own"},
	{"killed by signal 9",
	 "a process was killed while it was restored, mostly for want of memory: raise the "
	 "container's memory limit"},
	{"proto 262|MPTCP",
	 "multipath TCP can't be dumped: GODEBUG=multipathtcp=0 for Go programs"},
	{"Can't get 1:16 opt", "this kernel needs criu 4.2 or newer"},
	{"cpu.*(fpu|ins)|CPU.*not supported|Incompatible CPU|CPU instruction capabilities do not "
	 "match",
	 "the destination's CPU lacks features of the source's"},
	{"vdso", "criu is too old for this kernel"},
	{"rseq", "criu 3.17 or newer is needed for a glibc of 2.35 or newer"},
	{"No space left", "free space in the shared directory"},
	{"Can't bind.*Cannot assign requested address",
	 "the address of a connection isn't on the destination: use --tcp-close, or move its "
	 "address along"},
	{"Address already in use|Can't bind.*98",
	 "a port is in use on the destination: stop what listens there"},
	{"Can't open .*\\.img|No such file or directory.*img|Can't read .*img|Unexpected "
	 "EOF|pb.*(unpack|magic)|Magic doesn't match",
	 "the images are incomplete or damaged; the source's copy is not affected"},
	{"Can't mount|mnt: ",
	 "a mount of the container can't be made there: compare the bind sources of both hosts"},
	{"Can't get rlimit|Operation not permitted",
	 "criu lacks a capability on this host: run as root with CAP_SYS_RESOURCE"},
	{"Unable to open .*netns|Can't open netns",
	 "the network namespace is missing on this host"},
};

static bool is_harmless(const char *line)
{
	for (size_t i = 0; harmless[i]; i++)
		if (strstr(line, harmless[i]))
			return true;
	return false;
}

static const char *find_remedy(const char *lines)
{
	for (size_t i = 0; i < sizeof(remedies) / sizeof(*remedies); i++) {
		regex_t re;
		if (regcomp(&re, remedies[i].pattern, REG_EXTENDED | REG_NOSUB) != 0)
			continue;
		bool found = regexec(&re, lines, 0, NULL, 0) == 0;
		regfree(&re);
		if (found)
			return remedies[i].text;
	}
	return NULL;
}

/* Adds up to LINES_SHOWN lines "Error (criu/x.c:1): WHY" without their place and time. */
static unsigned add_errors(struct buf *out, const char *log)
{
	CLEANUP_FREE char *copy = str_dup(log);
	char *save = NULL;
	unsigned found = 0;

	for (char *line = strtok_r(copy, "\n", &save); line && found < LINES_SHOWN;
	     line = strtok_r(NULL, "\n", &save)) {
		char *error = strstr(line, "Error (");
		if (!error || is_harmless(line))
			continue;
		char *why = strstr(error, "): ");
		buf_printf(out, "%s%s", found ? "; " : "", why ? str_trim(why + 3) : error);
		found++;
	}
	return found;
}

/* tar's last line, which follows the one with the reason. */
#define TAR_END "Exiting with failure status due to previous errors"

/* Adds runc's last "level=error msg=...", or its last line. */
static void add_runc_error(struct buf *out, const char *text)
{
	CLEANUP_FREE char *copy = str_dup(text);
	char *save = NULL;
	const char *last = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *msg = strstr(line, "msg=");
		if (*str_trim(line) && !strstr(line, "level=warning") && !strstr(line, TAR_END))
			last = msg ? msg + 4 : str_trim(line);
	}
	if (last)
		buf_puts(out, last);
}

char *runtime_log_cause(const char *criu_log, const char *runc_output)
{
	struct buf out = {0};

	if (!add_errors(&out, criu_log))
		add_runc_error(&out, runc_output);
	const char *remedy = find_remedy(buf_str(&out));
	if (remedy)
		buf_printf(&out, " (%s)", remedy);
	char *cause = buf_steal(&out);
	str_mask(cause);
	return cause;
}

/* op: "errors" of CRIU's log, or "tail" of what runc has said; "" if it can't be read. */
static char *read_log(const struct runtime *rt, const char *op, const char *kind)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_JOB struct job job = {0};
	struct err unused = ERR_INIT;

	argv_add(&a, "log");
	argv_addf(&a, "container=%s", rt->name);
	argv_addf(&a, "op=%s", op);
	argv_addf(&a, "kind=%s", kind);
	struct command cmd = {.argv = a.v, .timeout_ms = LOG_TIMEOUT_MS};
	if (host_start(rt->host, &cmd, &job, &unused) < 0)
		return str_dup("");
	job_wait(&job);
	return buf_steal(&job.out);
}

void runtime_diagnose(const struct runtime *rt, const char *kind, struct err *err)
{
	bool dump = strcmp(kind, "dump") == 0;
	CLEANUP_FREE char *criu_log = read_log(rt, "errors", kind);
	CLEANUP_FREE char *runc_output = read_log(rt, "tail", dump ? "dump" : "restore");
	CLEANUP_FREE char *cause = runtime_log_cause(criu_log, runc_output);

	if (*cause)
		(void)err_append(err, "%s: %s: %s", rt->host->name,
				 dump ? "criu's dump" : "criu's restore", cause);
}
