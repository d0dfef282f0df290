/* SPDX-License-Identifier: MIT */
/* Checks of runc and criu: installed, new enough for the kernel, the same on both hosts. */
#include <string.h>

#include "cmigrate/check/check.h"

/* runc 1.0 knows no annotations for criu and loses the cgroup of a paused container. */
#define RUNC_MIN VERSION(1, 1, 0)
/* The first that reads the file of CRIU_CONFIG_FILE in full and knows cgroup v2. */
#define CRIU_MIN VERSION(3, 15, 0)
/* SO_PASSCRED of inet sockets is refused by newer kernels: older criu dumps no such socket. */
#define KERNEL_PASSCRED VERSION(6, 16, 0)
#define CRIU_PASSCRED VERSION(4, 2, 0)
/* glibc 2.35 registers restartable sequences. */
#define KERNEL_RSEQ VERSION(5, 13, 0)
#define CRIU_RSEQ VERSION(3, 17, 0)

static enum check_outcome check_program(const struct preflight *p, const char *program,
					unsigned min, const char *min_text, struct finding *f)
{
	for (size_t i = 0; i < CHECK_HOSTS; i++) {
		struct check_host host = check_host(p, i);
		unsigned version = facts_version(host.facts, program);
		if (!version)
			return check_fail(f, "install it there", "there is no %s on %s", program,
					  host.name);
		if (version < min)
			return check_fail(f, NULL, "%s on %s is %.20s, older than %s", program,
					  host.name, facts_get(host.facts, program), min_text);
	}
	return CHECK_OK;
}

CHECK(runc)
{
	return check_program(p, "runc", RUNC_MIN, "1.1", f);
}

CHECK(criu)
{
	return check_program(p, "criu", CRIU_MIN, "3.15", f);
}

CHECK(criu_kernel)
{
	for (size_t i = 0; i < CHECK_HOSTS; i++) {
		struct check_host host = check_host(p, i);
		unsigned kernel = facts_version(host.facts, "kernel");
		unsigned criu = facts_version(host.facts, "criu");
		const char *versions[] = {facts_get(host.facts, "criu"),
					  facts_get(host.facts, "kernel")};
		if (criu && kernel >= KERNEL_PASSCRED && criu < CRIU_PASSCRED)
			return check_fail(f, "install criu 4.2 there",
					  "criu %.20s on %s can't dump sockets under kernel %.40s",
					  versions[0], host.name, versions[1]);
		if (criu && kernel >= KERNEL_RSEQ && criu < CRIU_RSEQ)
			return check_warn(
				f, "install criu 3.17 there",
				"criu %.20s on %s can't dump programs of glibc 2.35 or newer",
				versions[0], host.name);
	}
	return CHECK_OK;
}

CHECK(criu_check)
{
	for (size_t i = 0; i < CHECK_HOSTS; i++) {
		struct check_host host = check_host(p, i);
		const char *said = facts_get(host.facts, "criu-check");
		if (*said)
			return check_fail(f, NULL, "'criu check' fails on %s: %.300s", host.name,
					  said);
	}
	return CHECK_OK;
}

CHECK(criu_order)
{
	unsigned here = facts_version(p->source, "criu");
	unsigned there = facts_version(p->destination, "criu");

	if (there && there < here)
		return check_fail(f, NULL, "criu %.20s on %s is older than %.20s on %s",
				  facts_get(p->destination, "criu"), p->destination_name,
				  facts_get(p->source, "criu"), p->source_name);
	return CHECK_OK;
}

CHECK(criu_config)
{
	if (strcmp(facts_get(p->source, "criu-config"), facts_get(p->destination, "criu-config")) !=
	    0)
		return check_fail(f, NULL, "/etc/criu/runc.conf of %s and %s differ",
				  p->source_name, p->destination_name);
	return CHECK_OK;
}

CHECK(gate)
{
	unsigned criu = facts_version(p->source, "criu");

	if (criu && criu < CRIU_GATE)
		return check_fail(f, NULL,
				  "criu %.20s on %s has no gate: an undo restores from the images",
				  facts_get(p->source, "criu"), p->source_name);
	return CHECK_OK;
}
