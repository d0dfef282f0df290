/* SPDX-License-Identifier: MIT */
#include "rivals.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmigrate/base/name.h"
#include "named_socket.h"
#include "process.h"

/* As /proc/net/unix has it after an '@'. */
#define NAME "cmigrate-agent/%s/"
#define SOCKETS_MAX (16 * 1024 * 1024)

int rivals_serve(const char *id)
{
	struct err unused = ERR_INIT;

	if (name_check_id(id, &unused) < 0)
		return 0;
	CLEANUP_FREE char *name = str_fmt(NAME "%d", id, (int)getpid());
	/* It is kept until the agent ends. Nobody is ever accepted. */
	return named_socket_listen(name) < 0 ? -1 : 0;
}

static void collect(const char *id, struct argv *ret_names)
{
	CLEANUP_FREE char *sockets = process_file(getpid(), "net/unix", SOCKETS_MAX, NULL);
	CLEANUP_FREE char *mark = str_fmt("@" NAME, id);
	char *save = NULL;

	for (char *line = sockets ? strtok_r(sockets, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *name = strstr(line, mark);
		if (name && !argv_has(ret_names, name + 1))
			argv_add(ret_names, name + 1);
	}
}

int rivals_end(struct request *req, const char *id)
{
	CLEANUP_ARGV struct argv names = {0};
	int status = 0;

	collect(id, &names);
	for (size_t i = 0; i < names.n; i++)
		status |= named_socket_end(req, names.v[i]);
	return status;
}
