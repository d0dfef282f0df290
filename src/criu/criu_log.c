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
	 "a deleted open file is large: use --ghost-limit SIZE"},
	{"[Ff]ile lock|flock",
	 "the container took a file lock after the checks: try again, or use --file-locks"},
	{"external socket|ext-unix-sk|unix: Can't dump half of",
	 "a unix socket leads out of the container: use --ext-unix-sk"},
	{"link-remap|Can't create link remap", "a deleted file has another name: use --link-remap"},
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
