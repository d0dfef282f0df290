/* SPDX-License-Identifier: MIT */
/* Checks of what the container's processes have of the kernel that can't be dumped, or is not kept.
 */
#include "cmigrate/check/check.h"

/* Fails with the first fact of a key. fmt: the container, its host, the fact. */
#define FAIL_WITH(key, fmt)                                                                        \
	do {                                                                                       \
		const char *fact = facts_get(p->source, key);                                      \
		if (*fact)                                                                         \
			return check_fail(f, NULL, fmt, p->bundle->name, p->source_name, fact);    \
	} while (0)

CHECK(traced)
{
	FAIL_WITH("traced", "in container '%s' on %s another process traces one: %.200s");
	return CHECK_OK;
}

CHECK(zombies)
{
	FAIL_WITH("zombie",
		  "in container '%s' on %s the first thread of a process has ended, and others "
		  "have not: %.200s");
	return CHECK_OK;
}

CHECK(nested)
{
	FAIL_WITH("nested", "in container '%s' on %s a process has a namespace of its own: %.200s");
	return CHECK_OK;
}

CHECK(exec)
{
	FAIL_WITH("exec", "in container '%s' on %s a process came in from outside: %.200s");
	return CHECK_OK;
}

CHECK(io_uring)
{
	FAIL_WITH("io-uring", "container '%s' on %s uses io_uring: %.200s");
	return CHECK_OK;
}

CHECK(descriptors)
{
	FAIL_WITH("descriptor", "container '%s' on %s has what CRIU can't dump: %.200s");
	return CHECK_OK;
}

CHECK(code)
{
	FAIL_WITH("code",
		  "in container '%s' on %s the first code of a process is shared memory that it "
		  "may not write to, so that CRIU can't stop it there: %.200s");
	return CHECK_OK;
}

CHECK(watches)
{
	FAIL_WITH("watch", "container '%s' on %s watches files of an overlay: %.200s");
	return CHECK_OK;
}

CHECK(epoll)
{
	FAIL_WITH("epoll",
		  "in container '%s' on %s epoll waits for a descriptor that is closed: %.200s");
	return CHECK_OK;
}

CHECK(queues)
{
	FAIL_WITH("queue-open", "container '%s' on %s has a message queue open: %.200s");
	FAIL_WITH("queue", "container '%s' on %s has a message queue: %.200s");
	return CHECK_OK;
}

CHECK(ipc)
{
	FAIL_WITH("host-ipc", "container '%s' on %s uses IPC of the host: %.200s");
	return CHECK_OK;
}

/* After a restore with an open file that an older process has too, nobody has the lock. */
CHECK(inherited_locks)
{
	FAIL_WITH(
		"inherited-lock",
		"in container '%s' on %s a process has a POSIX lock on an open file that an older "
		"process has too, and loses the lock: %.200s");
	return CHECK_OK;
}

CHECK(timers)
{
	FAIL_WITH("timer",
		  "container '%s' on %s has a periodic timer that may never expire again if the "
		  "freeze meets it expired: %.200s");
	return CHECK_OK;
}

CHECK(scheduling)
{
	FAIL_WITH("scheduling",
		  "in container '%s' on %s a process has settings that it loses: %.200s");
	return CHECK_OK;
}
