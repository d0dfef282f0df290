/* SPDX-License-Identifier: MIT */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "agent/request/process.h"
#include "walk.h"

#define WORDS_SHOWN 2000

/* The program of a process, without its directory, and its words separated by blanks. */
struct command_line {
	char *program, *words;
};

/* Whether a pattern (regex(7)) matches; if so, what it matches is cut out when cut is set. */
static bool match(char *text, const char *pattern, bool cut)
{
	regmatch_t found;
	regex_t regex;

	if (regcomp(&regex, pattern, REG_EXTENDED) != 0)
		abort();
	bool matches = regexec(&regex, text, 1, &found, 0) == 0;
	regfree(&regex);
	if (matches && cut)
		memmove(text + found.rm_so, text + found.rm_eo, strlen(text + found.rm_eo) + 1);
	return matches;
}

static void command_line_read(pid_t pid, struct command_line *ret)
{
	CLEANUP_FREE char *exe = process_link(pid, "exe");
	const char *slash = exe ? strrchr(exe, '/') : NULL;
	size_t len = 0;

	ret->program = str_dup(slash ? slash + 1 : exe ? exe : "");
	ret->words = process_file(pid, "cmdline", WORDS_SHOWN, &len);
	if (!ret->words)
		ret->words = str_dup("");
	for (size_t i = 0; i < len; i++)
		if (ret->words[i] == '\0' || ret->words[i] == '\n')
			ret->words[i] = ' ';
	(void)match(ret->words, " +$", true);
}

static void command_line_clear(struct command_line *c)
{
	free(c->program);
	free(c->words);
}
#define CLEANUP_COMMAND_LINE __attribute__((cleanup(command_line_clear)))

static const char box[] = "^[^ ]*(busy|toy)box[^ ]* +";

/* A dump wakes nanosleep. busybox and toybox do not begin it again, except one without end. */
static bool sleeps_once(const struct process_status *p, struct command_line *command)
{
	CLEANUP_FREE char *name = str_dup(p->name);

	if (!match(name, "^(u?sleep|busybox|toybox)", false))
		return false;
	command_line_read(p->pid, command);
	CLEANUP_FREE char *text = str_dup(command->words);
	(void)match(text, box, true);
	return match(command->program, "^(busy|toy)box", false) &&
	       match(text, "^([^ ]*/)?u?sleep [0-9.]", false);
}

/* Whether a shell ends when the sleep that it waits for does. */
static bool ends_with(const struct process_status *shell, const char *sleeper)
{
	CLEANUP_COMMAND_LINE struct command_line command = {0};
	CLEANUP_FREE char *name = str_dup(shell->name), *text = str_dup(sleeper);

	if (!match(name, "^(ba|da|a|z|k|mk)?sh$", false))
		return false;
	command_line_read(shell->pid, &command);
	char *last = command.words;
	if (!match(last, " -[a-z]*c ", false) ||
	    match(last, "(^|[ ;(])(while|until|for|exec) ", false))
		return false;
	(void)match(last, ".* -[a-z]*c ", true);
	(void)match(last, "[ ;]+$", true);
	(void)match(last, ".*[;&|] *", true);
	(void)match(last, ".*/", true);
	(void)match(text, box, true);
	(void)match(text, "^[^ ]*/", true);
	return strcmp(last, "wait") == 0 || strcmp(last, text) == 0;
}

/* The only child of a process; NULL if it has none, or several. */
static const struct process_status *only_child(const struct walk *walk, pid_t pid)
{
	const struct process_status *child = NULL;

	for (size_t i = 0; i < walk->n; i++) {
		if (walk->processes[i].parent != pid)
			continue;
		if (child)
			return NULL;
		child = &walk->processes[i];
	}
	return child;
}

/* The first process, or the one that an init program runs. */
static const struct process_status *main_process(const struct walk *walk)
{
	static const char inits[] =
		"^(tini|tini-static|dumb-init|catatonit|docker-init|podman-init)$";
	const struct process_status *first = walk_finds(walk, walk->first);
	const struct process_status *child = first ? only_child(walk, first->pid) : NULL;
	CLEANUP_FREE char *name = str_dup(first ? first->name : "");

	return child && match(name, inits, false) ? child : first;
}

/* The container ends with a sleep if its first process is that, or waits for it alone. */
void sleeps(struct walk *walk)
{
	const struct process_status *first = main_process(walk);
	const struct process_status *child = first ? only_child(walk, first->pid) : NULL;

	for (size_t i = 0; i < walk->n; i++) {
		const struct process_status *p = &walk->processes[i];
		CLEANUP_COMMAND_LINE struct command_line command = {0};
		if (!sleeps_once(p, &command))
			continue;
		bool alone = p == child && ends_with(first, command.words);
		walk_tell(walk, p == first || alone ? "first-sleep" : "sleep", "process %d, %s",
			  (int)p->pid, command.words);
	}
}
