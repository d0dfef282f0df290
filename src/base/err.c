/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmigrate/base/str.h"

static const char *const causes[ERR_CAUSES] = {
	[CAUSE_CHECK] = "check",	 [CAUSE_GONE] = "gone",	    [CAUSE_NO_BUNDLE] = "no-bundle",
	[CAUSE_LOST_HOST] = "lost-host", [CAUSE_LOCKED] = "locked", [CAUSE_PENDING] = "pending",
};

static void err_begin(struct err *err, enum exit_code code)
{
	err->code = code;
	err->cause = CAUSE_NONE;
	err->check = NULL;
	*err->host = '\0';
}

int err_set(struct err *err, enum exit_code code, const char *fmt, ...)
{
	va_list ap;

	err_begin(err, code);
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	str_mask(err->msg);
	return -1;
}

int err_errno(struct err *err, enum exit_code code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	err_begin(err, code);
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	size_t len = strlen(err->msg);
	(void)snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", strerror(saved));
	str_mask(err->msg);
	return -1;
}

int err_because(struct err *err, enum err_cause cause)
{
	err->cause = cause;
	return -1;
}

int err_because_check(struct err *err, const char *check, bool gone)
{
	err->check = check;
	return err_because(err, gone ? CAUSE_GONE : CAUSE_CHECK);
}

int err_because_lost(struct err *err, const char *host)
{
	(void)snprintf(err->host, sizeof(err->host), "%s", host);
	return err_because(err, CAUSE_LOST_HOST);
}

const char *err_cause_word(enum err_cause cause)
{
	return causes[cause];
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char old[ERR_SIZE];
	va_list ap;

	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	size_t len = strlen(err->msg);
	(void)snprintf(err->msg + len, sizeof(err->msg) - len, ": %.*s", (int)(ERR_SIZE - 3), old);
	str_mask(err->msg);
	return -1;
}

int err_append(struct err *err, const char *fmt, ...)
{
	size_t len = strlen(err->msg);
	va_list ap;

	if (len && len + 3 < sizeof(err->msg)) {
		memcpy(err->msg + len, "; ", 3);
		len += 2;
	}
	va_start(ap, fmt);
	(void)vsnprintf(err->msg + len, sizeof(err->msg) - len, fmt, ap);
	va_end(ap);
	str_mask(err->msg);
	return -1;
}
