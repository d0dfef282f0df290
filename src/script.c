/* SPDX-License-Identifier: MIT */
#include "cmigrate/script.h"

#include <stdarg.h>
#include <string.h>

/* sh -c TEXT NAME: where the arguments begin. */
#define FIRST_ARGUMENT 4

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

char *script_shown(const struct argv *a)
{
	struct buf line = {0};

	if (a->n < FIRST_ARGUMENT || strcmp(a->v[0], "sh") != 0)
		return NULL;
	buf_printf(&line, "(%s)", a->v[FIRST_ARGUMENT - 1]);
	for (size_t i = FIRST_ARGUMENT; i < a->n; i++) {
		buf_puts(&line, " ");
		quote_word(&line, a->v[i]);
	}
	return buf_steal(&line);
}
