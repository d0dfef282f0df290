/* SPDX-License-Identifier: MIT */
#include "scratch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <net/route.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/json_scan.h"
#include "agent/request/paths.h"
#include "agent/request/text_file.h"
#include "own_mounts.h"

#define CONFIG_MAX (2 * 1024 * 1024)
#define MOUNTS_MAX (4 * 1024 * 1024)
#define LO "lo"
#define LO_INDEX 1

static int add_ipv4(int fd, const char *ip, size_t number)
{
	struct ifreq r = {0};
	struct sockaddr_in *a = (struct sockaddr_in *)(void *)&r.ifr_addr;

	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), LO ":%zu", number);
	a->sin_family = AF_INET;
	if (inet_pton(AF_INET, ip, &a->sin_addr) != 1 || ioctl(fd, SIOCSIFADDR, &r) < 0)
		return -1;
	a->sin_addr.s_addr = INADDR_BROADCAST;
	return ioctl(fd, SIOCSIFNETMASK, &r);
}

static int add_ipv6(const char *ip)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct in6_ifreq r = {.ifr6_prefixlen = 128, .ifr6_ifindex = LO_INDEX};
	int status = fd < 0 || inet_pton(AF_INET6, ip, &r.ifr6_addr) != 1
			     ? -1
			     : ioctl(fd, SIOCSIFADDR, &r);

	if (fd >= 0)
		(void)close(fd);
	return status;
}

/* Every peer is reached by lo: CRIU connects sockets that were connected. */
static int add_routes(int fd)
{
	char lo[] = LO;
	struct rtentry route = {.rt_flags = RTF_UP, .rt_dev = lo};
	struct in6_rtmsg route6 = {
		.rtmsg_flags = RTF_UP, .rtmsg_metric = 1, .rtmsg_ifindex = LO_INDEX};
	int fd6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	((struct sockaddr_in *)(void *)&route.rt_dst)->sin_family = AF_INET;
	((struct sockaddr_in *)(void *)&route.rt_genmask)->sin_family = AF_INET;
	/* A host without IPv6 has no such peers. */
	if (fd6 >= 0) {
		(void)ioctl(fd6, SIOCADDRT, &route6);
		(void)close(fd6);
	}
	return ioctl(fd, SIOCADDRT, &route);
}

static int fill_network(const struct request *req)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq up = {.ifr_name = LO, .ifr_flags = IFF_UP};
	int status = fd < 0 ? -1 : ioctl(fd, SIOCSIFFLAGS, &up);
	const char *ip;

	for (size_t i = 0; status == 0 && (ip = request_nth(req, "ip", i)) != NULL; i++)
		status = strchr(ip, ':') ? add_ipv6(ip) : add_ipv4(fd, ip, i + 1);
	if (status == 0)
		status = add_routes(fd);
	int cause = errno;
	if (fd >= 0)
		(void)close(fd);
	errno = cause;
	return status;
}

/* runc finds it by the path. */
static int put_network(const struct request *req)
{
	const char *path = request_get(req, "netns");

	return path ? mount("/proc/thread-self/ns/net", path, NULL, MS_BIND, NULL) : 0;
}

static bool has_mounts_below(const char *dir)
{
	CLEANUP_FREE char *text = text_file_read("/proc/thread-self/mounts", MOUNTS_MAX, NULL);
	CLEANUP_FREE char *below = str_fmt(" %s/", strcmp(dir, "/") == 0 ? "" : dir);

	return !text || strstr(text, below);
}

/* Its options can't say these characters. */
static bool can_be_covered(const char *dir)
{
	struct stat st;

	return stat(dir, &st) == 0 && S_ISDIR(st.st_mode) && !strpbrk(dir, ",:\\\" ") &&
	       !has_mounts_below(dir);
}

static int cover(struct request *req, const char *dir, size_t number)
{
	CLEANUP_FREE char *name = str_fmt("scratch-%zu", number);
	CLEANUP_FREE char *scratch = path_in_run(req, name);
	CLEANUP_FREE char *upper = str_fmt("%s/upper", scratch);
	CLEANUP_FREE char *work = str_fmt("%s/work", scratch);
	CLEANUP_FREE char *options =
		str_fmt("lowerdir=%s,upperdir=%s,workdir=%s", dir, upper, work);
	struct stat st;

	if (!can_be_covered(dir))
		return 0;
	if (stat(dir, &st) < 0 || mkdir(scratch, 0700) < 0 || mkdir(upper, 0700) < 0 ||
	    mkdir(work, 0700) < 0 || chown(upper, st.st_uid, st.st_gid) < 0 ||
	    chmod(upper, st.st_mode & 07777) < 0)
		return request_errno(req, "can't make '%s'", scratch);
	if (mount("overlay", dir, "overlay", 0, options) < 0)
		return request_errno(req, "can't cover '%s' by an overlay", dir);
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One below another comes after it, and is seen through its overlay. */
static int cover_files(struct request *req)
{
	CLEANUP_FREE char *bundle = path_bundle(req);
	CLEANUP_FREE char *path = str_fmt("%s/config.json", bundle);
	CLEANUP_ARGV struct argv dirs = {0};
	size_t len = 0;
	CLEANUP_FREE char *config = text_file_read(path, CONFIG_MAX, &len);
	CLEANUP_FREE char *root = config ? json_scan(config, len, "root.path") : NULL;
	const char *bind;

	if (!root)
		return request_fail(req, "'%s' names no root", path);
	argv_addf(&dirs, "%s%s%s", *root == '/' ? "" : bundle, *root == '/' ? "" : "/", root);
	for (size_t i = 0; (bind = request_nth(req, "bind", i)) != NULL; i++)
		if (!argv_has(&dirs, bind))
			argv_add(&dirs, bind);
	qsort(dirs.v, dirs.n, sizeof(*dirs.v), by_path);
	for (size_t i = 0; i < dirs.n; i++)
		if (cover(req, dirs.v[i], i) != 0)
			return 1;
	return 0;
}

int scratch_enter(struct request *req)
{
	if (own_mounts_enter(req) != 0)
		return 1;
	if (unshare(CLONE_NEWNET) < 0)
		return request_errno(req, "can't make a network namespace");
	if (fill_network(req) < 0)
		return request_errno(req, "can't make a network");
	if (put_network(req) < 0)
		return request_errno(req, "can't replace '%s'", request_get(req, "netns"));
	return cover_files(req);
}
