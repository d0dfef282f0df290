/* SPDX-License-Identifier: MIT */
/*
 * default: the defaults of `oci-runtime-tool generate` in the middle of 2017, with four
 * differences. There is no "platform", which was removed from the format before 1.0.0, no fixed
 * host name, and no seccomp profile but the rule against io_uring: the one of then listed system
 * calls of its time and would stop today's C library. Paths of /proc and /sys are masked as `runc
 * spec` does.
 */
#include <stddef.h>
#include <string.h>

#include "part.h"

static const char *const capabilities[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_FSETID",
	"CAP_FOWNER",
	"CAP_MKNOD",
	"CAP_NET_RAW",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETFCAP",
	"CAP_SETPCAP",
	"CAP_NET_BIND_SERVICE",
	"CAP_SYS_CHROOT",
	"CAP_KILL",
	"CAP_AUDIT_WRITE",
	NULL,
};

static const char *const masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/sched_debug",
	"/sys/firmware",
	"/proc/scsi",
	NULL,
};

static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

static const char *const namespaces[] = {"pid", "network", "ipc", "uts", "mount", NULL};

static const struct {
	const char *destination, *type, *source, *options; /* options separated by commas */
} mounts[] = {
	{"/proc", "proc", "proc", NULL},
	{"/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"},
	{"/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"},
	{"/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k"},
	{"/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"},
	{"/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"},
};

static json_t *strings(const char *const *words)
{
	json_t *array = json_array();

	for (; *words; words++)
		json_array_append_new(array, json_string(*words));
	return array;
}

static json_t *default_mounts(void)
{
	json_t *array = json_array();

	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		json_t *mount = json_pack("{s:s, s:s, s:s}", "destination", mounts[i].destination,
					  "type", mounts[i].type, "source", mounts[i].source);
		json_array_append_new(array, mount);
		CLEANUP_FREE char *options = str_dup(mounts[i].options);
		if (!options)
			continue;
		json_t *list = json_array();
		for (char *rest = options, *word; (word = strsep(&rest, ",")) != NULL;)
			json_array_append_new(list, json_string(word));
		json_object_set_new(mount, "options", list);
	}
	return array;
}

static json_t *default_namespaces(void)
{
	json_t *array = json_array();

	for (const char *const *type = namespaces; *type; type++)
		json_array_append_new(array, json_pack("{s:s}", "type", *type));
	return array;
}

/*
 * All five sets are the same: ambient capabilities must be permitted and inheritable too, or runc
 * warns and drops them. A program that changes from root to another user, as Apache's workers do,
 * still loses them.
 *
 * noNewPrivileges stays unset, as in oci-runtime-tool: with it suexec, sudo and ping fail in
 * containers that work today. --no-new-privileges sets it.
 */
static json_t *default_process(void)
{
	static const char *const sets[] = {"bounding", "effective", "inheritable", "permitted",
					   "ambient"};
	json_t *caps = json_object();

	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		json_object_set_new(caps, sets[i], strings(capabilities));
	return json_pack("{s:b, s:{s:i, s:i}, s:[s], s:[s, s], s:s, s:o, s:[{s:s, s:i, s:i}]}",
			 "terminal", 0, "user", "uid", 0, "gid", 0, "args", "sh", "env",
			 "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			 "TERM=xterm", "cwd", "/", "capabilities", caps, "rlimits", "type",
			 "RLIMIT_NOFILE", "hard", 1024, "soft", 1024);
}

json_t *spec_default(void)
{
	json_t *linux_part =
		json_pack("{s:{s:[{s:b, s:s}]}, s:o, s:o, s:o, s:o}", "resources", "devices",
			  "allow", 0, "access", "rwm", "namespaces", default_namespaces(),
			  "maskedPaths", strings(masked_paths), "readonlyPaths",
			  strings(readonly_paths), "seccomp", spec_deny_io_uring());

	return json_pack("{s:s, s:o, s:{s:s, s:b}, s:o, s:o}", "ociVersion", "1.0.0", "process",
			 default_process(), "root", "path", "rootfs", "readonly", 0, "mounts",
			 default_mounts(), "linux", linux_part);
}
