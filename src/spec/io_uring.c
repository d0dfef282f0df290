/* SPDX-License-Identifier: MIT */
/*
 * io_uring: the seccomp rule that denies it. CRIU can't dump a process that has a ring. Programs
 * that find no io_uring, as on an older kernel (ENOSYS), do without it: node, mariadb.
 */
#include <errno.h>

#include "part.h"

/*
 * A filter kills what uses an architecture that it does not name, so programs of 32 bits need
 * theirs. runc adds the host's own. config.json may be written on another kind of machine, but one
 * filter can't have architectures of both byte orders.
 */
static json_t *architectures(void)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return json_pack("[s, s]", "SCMP_ARCH_S390X", "SCMP_ARCH_S390");
#else
	return json_pack("[s, s, s, s, s]", "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
			 "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM");
#endif
}

json_t *spec_deny_io_uring(void)
{
	return json_pack("{s:s, s:o, s:[{s:[s, s, s], s:s, s:i}]}", "defaultAction",
			 "SCMP_ACT_ALLOW", "architectures", architectures(), "syscalls", "names",
			 "io_uring_setup", "io_uring_enter", "io_uring_register", "action",
			 "SCMP_ACT_ERRNO", "errnoRet", ENOSYS);
}

void spec_allow_io_uring(struct spec_build *b)
{
	json_t *linux_part = json_object_get(b->doc, "linux");
	json_auto_t *rule = spec_deny_io_uring();

	if (json_equal(json_object_get(linux_part, "seccomp"), rule))
		(void)json_object_del(linux_part, "seccomp");
}
