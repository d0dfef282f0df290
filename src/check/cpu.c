/* SPDX-License-Identifier: MIT */
/*
 * The check of CPU features. A program asks once, at its start, what the CPU can do, and goes on
 * using it after the move: what the source has, the destination must have. On x86 only instructions
 * and registers count, as with CRIU's own check (`--cpu-cap fpu,ins`), not what only kernels see.
 */
#include <stdlib.h>
#include <string.h>

#include "cmigrate/check/check.h"

/* Names in a message. */
#define SHOWN_MAX 8

/* Families of instruction sets with members not yet known: avx512_..., amx_..., sse4_... */
static const char *const families[] = {"avx", "amx", "sse", "xsave", "sha"};

static const char *const instructions[] = {
	"3dnow",      "3dnowext",  "abm",	 "adx",	       "aes",	   "bmi1",
	"bmi2",	      "cldemote",  "clflush",	 "clflushopt", "clwb",	   "clzero",
	"cmov",	      "cx16",	   "cx8",	 "enqcmd",     "erms",	   "f16c",
	"fma",	      "fma4",	   "fpu",	 "fsgsbase",   "fsrm",	   "fxsr",
	"fxsr_opt",   "gfni",	   "hle",	 "lahf_lm",    "lwp",	   "misalignsse",
	"mmx",	      "mmxext",	   "movbe",	 "movdir64b",  "movdiri",  "mpx",
	"mwaitx",     "pclmulqdq", "pku",	 "pni",	       "popcnt",   "prefetchwt1",
	"ptwrite",    "rdpid",	   "rdpru",	 "rdrand",     "rdseed",   "rdtscp",
	"rtm",	      "serialize", "ssse3",	 "tbm",	       "tsc",	   "tsxldtrk",
	"user_shstk", "vaes",	   "vpclmulqdq", "waitpkg",    "wbnoinvd", "xgetbv1",
	"xop",
};

static int compare(const void *key, const void *entry)
{
	return strcmp(key, *(const char *const *)entry);
}

static bool is_instruction(const char *flag)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (str_starts(flag, families[i]))
			return true;
	return bsearch(flag, instructions, sizeof(instructions) / sizeof(*instructions),
		       sizeof(*instructions), compare);
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += len)
		if ((at == list || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

/* The names of the flags that the destination lacks; how many there are. */
static size_t missing_flags(const struct preflight *p, bool x86, struct buf *ret)
{
	CLEANUP_ARGV struct argv flags = {0};
	const char *there = facts_get(p->destination, "cpu");
	size_t n = 0;

	argv_words(&flags, facts_get(p->source, "cpu"), " ");
	for (size_t i = 0; i < flags.n; i++) {
		const char *flag = flags.v[i];
		if ((x86 && !is_instruction(flag)) || has_word(there, flag))
			continue;
		if (n++ < SHOWN_MAX)
			buf_printf(ret, "%s%.32s", n > 1 ? " " : "", flag);
	}
	if (n > SHOWN_MAX)
		buf_printf(ret, " and %zu more", n - SHOWN_MAX);
	return n;
}

CHECK(cpu)
{
	CLEANUP_BUF struct buf missing = {0};
	const char *machine = facts_get(p->source, "machine");

	if (missing_flags(p, strcmp(machine, "x86_64") == 0, &missing) == 0)
		return CHECK_OK;
	return check_fail(f, NULL, "the CPU of %s lacks features that %s has: %s",
			  p->destination_name, p->source_name, buf_str(&missing));
}
