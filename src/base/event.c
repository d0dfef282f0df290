/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/event.h"

#include <stdarg.h>
#include <stdio.h>

#include "cmigrate/base/str.h"

void event_emit(const struct events *ev, const struct event *event)
{
	if (ev && ev->fn)
		ev->fn(ev->ctx, event);
}

void event_note(const struct events *ev, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	str_mask(text);
	event_emit(ev, &(struct event){.kind = EVENT_NOTE, .text = text});
}
