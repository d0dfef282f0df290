/* SPDX-License-Identifier: MIT */
#include "cmigrate/check/memory_left.h"

#include "cmigrate/base/options.h"
#include "cmigrate/container/container.h"
#include "cmigrate/host/ask_all.h"
#include "cmigrate/host/facts.h"

int room_ask(const struct config_host *row, struct host *host, struct job *job, struct err *err)
{
	char *argv[] = {"list", "op=load", NULL};
	struct command cmd = {.argv = argv, .timeout_ms = ASK_TIMEOUT_MS, .limit = LIST_LIMIT};

	if (!row || !row->memory)
		return 0;
	return host_start(host, &cmd, job, err);
}

int room_read(const struct config_host *row, struct job *job, uint64_t *ret, struct err *err)
{
	CLEANUP_CONTAINERS struct containers list = {0};
	struct facts facts;

	*ret = ROOM_UNLIMITED;
	if (job->state == JOB_NONE)
		return 0;
	job_wait(job);
	if (job_failure(job, err) < 0)
		return -1;
	facts_parse(&facts, buf_str(&job->out));
	int status = containers_add(&list, job->host->name, &facts, err);
	facts_clear(&facts);
	if (status < 0)
		return -1;
	uint64_t allowed = options_size(row->memory), used = containers_memory(&list, NULL);
	*ret = allowed > used ? allowed - used : 0;
	return 0;
}
