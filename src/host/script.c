/* SPDX-License-Identifier: MIT */
#include "cmigrate/host/script.h"

#include <stdarg.h>
#include <string.h>

void script_argv(struct argv *a, const struct script *script, ...)
{
	va_list ap;

	argv_addl(a, "sh", "-c", script->text, script->name, NULL);
	va_start(ap, script);
	for (const char *word; (word = va_arg(ap, const char *)) != NULL;)
		argv_add(a, word);
	va_end(ap);
}

const struct script *script_find(const char *name)
{
	for (const struct script *const *s = scripts; *s; s++)
		if (strcmp((*s)->name, name) == 0)
			return *s;
	return NULL;
}

char *script_shown(char *const *argv)
{
	struct buf line = {0};

	for (size_t i = 0; i < SCRIPT_WORDS; i++)
		if (!argv[i])
			return NULL;
	if (strcmp(argv[0], "sh") != 0 || strcmp(argv[1], "-c") != 0)
		return NULL;
	buf_printf(&line, "(%s)", argv[SCRIPT_WORDS - 1]);
	for (char *const *word = argv + SCRIPT_WORDS; *word; word++) {
		buf_puts(&line, " ");
		quote_word(&line, *word);
	}
	return buf_steal(&line);
}
