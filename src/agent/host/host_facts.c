/* SPDX-License-Identifier: MIT */
#include "host_facts.h"

#include <dirent.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "agent/request/fact.h"
#include "agent/request/process.h"
#include "agent/request/program.h"
#include "agent/request/text_file.h"

#define CONFIG_MAX 1000
/* The file is read up to here; most of it may be comments. */
#define CONFIG_FILE_MAX 65536
/* "0-3,8" of a host with many processors. */
#define LIST_MAX 4096
#define HUGE_PAGES "/sys/kernel/mm/hugepages"

/* Two names of one host are found by this: one boot, one pid and one network namespace. */
static void say_identity(struct request *req)
{
	CLEANUP_FREE char *boot = text_file_read("/proc/sys/kernel/random/boot_id", 64, NULL);
	CLEANUP_FREE char *pid_ns = process_link(getpid(), "ns/pid");
	CLEANUP_FREE char *net_ns = process_link(getpid(), "ns/net");

	request_say(req, "identity=%s %s %s\n", boot ? str_trim(boot) : "", pid_ns ? pid_ns : "",
		    net_ns ? net_ns : "");
}

static void say_kernel(struct request *req)
{
	struct utsname name;

	if (uname(&name) < 0)
		return;
	fact_say(req, "nodename", name.nodename);
	fact_say(req, "kernel", name.release);
	fact_say(req, "machine", name.machine);
}

/* The operator's own configuration of CRIU, without comments, one blank between its words. */
static void say_criu_config(struct request *req)
{
	CLEANUP_FREE char *text = text_file_read("/etc/criu/runc.conf", CONFIG_FILE_MAX, NULL);
	CLEANUP_ARGV struct argv words = {0};
	CLEANUP_BUF struct buf line = {0};
	char *save = NULL;

	for (char *row = text ? strtok_r(text, "\n", &save) : NULL; row;
	     row = strtok_r(NULL, "\n", &save)) {
		row[strcspn(row, "#")] = '\0';
		argv_words(&words, row, " \t\r");
	}
	for (size_t i = 0; i < words.n && line.len < CONFIG_MAX; i++)
		buf_printf(&line, "%s%s", i ? " " : "", words.v[i]);
	request_say(req, "criu-config=%.*s\n", CONFIG_MAX, buf_str(&line));
}

/* "flags : fpu vme ..." of x86, "Features : fp asimd ..." of arm64. */
static void say_processor(struct request *req)
{
	CLEANUP_FREE char *flags = text_file_field("/proc/cpuinfo", "flags");
	CLEANUP_FREE char *features =
		*flags ? str_dup("") : text_file_field("/proc/cpuinfo", "Features");
	char *text = *flags ? flags : features;

	fact_say(req, "cpu", str_trim(text + strspn(text, "\t :")));
}

/* With version 1 of cgroups, and with both, a tmpfs is there. */
static void say_cgroup(struct request *req)
{
	struct statfs fs;

	if (statfs("/sys/fs/cgroup", &fs) < 0)
		return;
	if (fs.f_type == CGROUP2_SUPER_MAGIC)
		fact_say(req, "cgroup", "cgroup2fs");
	else
		fact_say(req, "cgroup", fs.f_type == TMPFS_MAGIC ? "tmpfs" : "other");
}

/* Where a container's cpuset can be. */
static void say_cpus(struct request *req)
{
	CLEANUP_FREE char *cpus = text_file_read("/sys/devices/system/cpu/online", LIST_MAX, NULL);
	CLEANUP_FREE char *nodes =
		text_file_read("/sys/devices/system/node/online", LIST_MAX, NULL);

	fact_say(req, "cpus", cpus ? str_trim(cpus) : "");
	fact_say(req, "nodes", nodes ? str_trim(nodes) : "");
}

static unsigned long long read_count(const char *size, const char *file)
{
	CLEANUP_FREE char *path = str_fmt(HUGE_PAGES "/%s/%s", size, file);
	CLEANUP_FREE char *text = text_file_read(path, 64, NULL);

	return text ? strtoull(text, NULL, 10) : 0;
}

static unsigned long long more(unsigned long long a, unsigned long long b)
{
	return a > b ? a - b : 0;
}

/* huge-free=KIB PAGES of each size that the kernel has; it makes more of them on demand, up to a
 * limit. */
static void say_huge_pages(struct request *req)
{
	DIR *dir = opendir(HUGE_PAGES);
	unsigned long long kib;

	for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
		if (sscanf(e->d_name, "hugepages-%llukB", &kib) != 1)
			continue;
		request_say(req, "huge-free=%llu %llu\n", kib,
			    more(read_count(e->d_name, "free_hugepages"),
				 read_count(e->d_name, "resv_hugepages")) +
				    more(read_count(e->d_name, "nr_overcommit_hugepages"),
					 read_count(e->d_name, "surplus_hugepages")));
	}
	if (dir)
		(void)closedir(dir);
}

static void say_tools(struct request *req)
{
	static const char *const tools[] = {"nft", "ip", "tar"};

	for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++)
		if (program_exists(tools[i]))
			fact_say(req, "tool", tools[i]);
}

void host_facts(struct request *req)
{
	CLEANUP_FREE char *available = text_file_field("/proc/meminfo", "MemAvailable:");

	say_identity(req);
	request_say(req, "uid=%u\n", (unsigned)getuid());
	/* Both ends of the connection that the agent was started over, or on the controller of the
	 * operator's login. */
	fact_say(req, "ssh", getenv("SSH_CONNECTION"));
	say_kernel(req);
	say_criu_config(req);
	say_processor(req);
	say_cpus(req);
	request_say(req, "memory-available=%llu\n", strtoull(available, NULL, 10) * 1024);
	say_huge_pages(req);
	say_cgroup(req);
	say_tools(req);
}

void host_pipe_facts(struct request *req)
{
	CLEANUP_FREE char *max = text_file_read("/proc/sys/fs/pipe-max-size", 64, NULL);
	CLEANUP_FREE char *effective = text_file_field("/proc/thread-self/status", "CapEff:");

	fact_say(req, "pipe-max", max ? str_trim(max) : "");
	fact_say_yes(req, "may-exceed", strtoull(effective, NULL, 16) >> CAP_SYS_RESOURCE & 1);
}
