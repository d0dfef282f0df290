/* SPDX-License-Identifier: MIT */
#include "criu_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/str.h"

#define ERROR_MAX 300

/* "(00.003) Error (criu/file.c:12): the cause" */
static const char *cause_in(const char *line)
{
	const char *error = strstr(line, "Error (");
	const char *cause = error ? strstr(error, "): ") : NULL;

	return cause ? cause + strlen("): ") : error;
}

char *criu_log_error(const char *path)
{
	FILE *file = fopen(path, "re");
	CLEANUP_FREE char *line = NULL;
	char *error = NULL;
	size_t size = 0;

	while (file && !error && getline(&line, &size, file) > 0)
		if (cause_in(line))
			error = str_dupn(cause_in(line), strnlen(cause_in(line), ERROR_MAX));
	if (file)
		(void)fclose(file);
	if (!error)
		return str_dup("");
	error[strcspn(error, "\n")] = '\0';
	str_mask(error);
	return error;
}
