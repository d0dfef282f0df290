/* SPDX-License-Identifier: MIT */
/*
 * kept_answer: what a program has answered, kept under /run for as long as neither the program nor
 * the kernel changes. Nothing depends on it: where it can't be kept the program is asked again.
 */
#ifndef CMIGRATE_AGENT_KEPT_ANSWER_H
#define CMIGRATE_AGENT_KEPT_ANSWER_H

/* Names a program's binary on this kernel since this boot: another binary, even of the same size
 * and date, has another identity. NULL: there is no such program. Owned by the caller. */
char *kept_answer_identity(const char *program);
/* The answer to a question ([a-z-]) by the binary of this identity; NULL: none is kept, or by
 * somebody other than root. Owned by the caller. identity NULL: none. */
char *kept_answer_read(const char *question, const char *identity);
/* Keeps one, a line. Several agents may do so at once. */
void kept_answer_write(const char *question, const char *identity, const char *answer);

#endif
