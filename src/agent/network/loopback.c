/* SPDX-License-Identifier: MIT */
#include "loopback.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/request/process.h"
#include "cmigrate/base/proc.h"
#include "cmigrate/base/str.h"

static int set_flag(void)
{
	struct ifreq lo = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int status = fd < 0 ? -1 : ioctl(fd, SIOCGIFFLAGS, &lo);

	if (status == 0) {
		lo.ifr_flags |= IFF_UP;
		status = ioctl(fd, SIOCSIFFLAGS, &lo);
	}
	fd_close(&fd);
	return status;
}

int loopback_set_up(pid_t pid)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/ns/net", (int)pid);

	if (process_in_our(pid, "net"))
		return 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int status = fd < 0 ? -1 : setns(fd, CLONE_NEWNET);
	fd_close(&fd);
	return status < 0 ? -1 : set_flag();
}
