/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmigrate/base/str.h"

int err_set(struct err *err, enum exit_code code, const char *fmt, ...)
{
	va_list ap;

	err->code = code;
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

	err->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	size_t len = strlen(err->msg);
	(void)snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", strerror(saved));
	str_mask(err->msg);
	return -1;
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
