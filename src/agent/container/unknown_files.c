/* SPDX-License-Identifier: MIT */
/* Descriptors and mappings that CRIU has no way to dump, whatever state they are in. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "agent/request/process.h"
#include "walk.h"

#define INFO_MAX 4096
#define ANON "anon_inode:"
/* linux/major.h and Documentation/admin-guide/devices.txt */
#define MEM_MAJOR 1
#define MISC_MAJOR 10
#define TUN_MINOR 200
#define AUTOFS_MINOR 235

static bool is_among(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* io_uring has a check of its own. A criu without libbpf, as Debian's, knows no maps of BPF. */
static bool is_known_anon(const char *name)
{
	static const char *const known[] = {"[eventfd]",  "[eventpoll]", "inotify",
					    "[fanotify]", "[signalfd]",	 "[timerfd]",
					    "[pidfd]",	  "[io_uring]",	 NULL};

	return is_among(name, known);
}

/* Memory without a file system that CRIU could open it in. */
static bool is_unknown_memory(const char *name)
{
	return str_starts(name, "/secretmem") || str_starts(name, "/dmabuf:");
}

/* Memory devices, terminals (tty(4), pts(4)) and network devices of /dev/net/tun. */
static bool is_known_device(dev_t device)
{
	unsigned kind = major(device), number = minor(device);

	return kind == MEM_MAJOR || kind == 4 || kind == 5 || (kind >= 136 && kind <= 143) ||
	       (kind == MISC_MAJOR && (number == TUN_MINOR || number == AUTOFS_MINOR));
}

static bool is_unknown_device(const char *name, const char *link)
{
	struct stat st;

	/* Their nodes are there; all others need not be looked at. */
	if (!str_starts(name, "/dev/") || str_starts(name, "/dev/shm/") ||
	    strcmp(name, "/dev/null") == 0 || stat(link, &st) < 0)
		return false;
	return S_ISBLK(st.st_mode) || (S_ISCHR(st.st_mode) && !is_known_device(st.st_rdev));
}

/* pipe(2): O_DIRECT. */
static bool is_packet_pipe(pid_t pid, int fd, const char *name)
{
	if (!str_starts(name, "pipe:"))
		return false;
	CLEANUP_FREE char *file = str_fmt("fdinfo/%d", fd);
	CLEANUP_FREE char *info = process_file(pid, file, INFO_MAX, NULL);
	const char *flags = info ? strstr(info, "flags:") : NULL;

	return flags && strtoul(flags + strlen("flags:"), NULL, 8) & O_DIRECT;
}

bool unknown_file(struct walk *walk, pid_t pid, int fd, const char *name)
{
	CLEANUP_FREE char *link = str_fmt("/proc/%d/fd/%d", (int)pid, fd);
	bool unknown = str_starts(name, ANON)
			       ? !is_known_anon(name + strlen(ANON))
			       : is_unknown_memory(name) || is_unknown_device(name, link);

	if (is_packet_pipe(pid, fd, name)) {
		name = "a pipe of packets";
		unknown = true;
	}
	if (unknown)
		walk_tell(walk, "descriptor", "process %d, descriptor %d, %s", (int)pid, fd, name);
	return unknown;
}

/* The kernel tells the name of the protocol of a socket, whatever network namespace it is in. */
void unknown_socket(struct walk *walk, pid_t pid, int fd)
{
	static const char *const known[] = {
		"UNIX",	    "UNIX-STREAM", "TCP",   "TCPv6",   "UDP",  "UDPv6",
		"UDP-Lite", "UDPLITEv6",   "RAW",   "RAWv6",   "PING", "PINGv6",
		"PACKET",   "NETLINK",	   "MPTCP", "MPTCPv6", NULL};
	CLEANUP_FREE char *link = str_fmt("/proc/%d/fd/%d", (int)pid, fd);
	char name[64];
	ssize_t len = getxattr(link, "system.sockprotoname", name, sizeof(name) - 1);

	if (len <= 0)
		return;
	name[len] = '\0';
	if (str_starts(name, "PING"))
		walk_tell(walk, "ping", "process %d, descriptor %d", (int)pid, fd);
	/* MPTCP has a check of its own. */
	if (!is_among(name, known))
		walk_tell(walk, "descriptor", "process %d, descriptor %d, a socket of %s", (int)pid,
			  fd, name);
}

bool unknown_mapping(struct walk *walk, pid_t pid, const char *name, const char *link)
{
	bool unknown = str_starts(name, ANON) ? !is_known_anon(name + strlen(ANON))
		       : *name == '['
			       ? strcmp(name, "[uprobes]") == 0
			       : is_unknown_memory(name) || (strcmp(name, "/dev/zero") != 0 &&
							     is_unknown_device(name, link));

	if (unknown)
		walk_tell(walk, "descriptor", "process %d, mapped, %s", (int)pid, name);
	return unknown;
}
