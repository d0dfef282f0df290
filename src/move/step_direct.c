/* SPDX-License-Identifier: MIT */
/* The steps' part if memory goes straight to the destination (direct_transport.h). Else each
 * function does nothing. */
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/criu/direct_transport.h"
#include "steps.h"

/* How long a page server may wait for its client, beside the time of the dump. */
#define WAITING_MS 120000
/* From the end of a page server until its job is done. */
#define ENDING_MS 2000
/* From the source's "all is sent" to the end of the page server. */
#define RECEIVED_MS 20000

int admit_pages(struct move *move, const struct side *server, struct err *err)
{
	const unsigned port = move->page_server.port;
	const struct runtime *src = &move->side[SOURCE].runtime,
			     *dst = &move->side[DESTINATION].runtime;
	int status = move->page_server.tunnel
			     ? page_server_open_tunnel(&move->page_server, src, dst,
						       move_is_direct(move), &move->tunnel, err)
			     : page_server_admit(&move->page_server, &server->runtime, err);

	if (status < 0)
		return -1;
	pace_start(move);
	if (move->page_server.port == port)
		return 0;
	move_set_sides(move);
	json_t *all = move_json(move);
	status = journal_change(&move->journal, all, err);
	json_decref(all);
	return status;
}

/* A move that is in doubt leaves its tunnel as it is: a copy may still get its memory by it. */
int release_pages(struct move *move, const struct side *server, struct err *err)
{
	if (page_server_clear(&move->page_server, &server->runtime, err) < 0)
		return -1;
	tunnel_close(&move->tunnel);
	return 0;
}

int direct_admit(struct move *move, struct err *err)
{
	return move_is_direct(move) ? admit_pages(move, &move->side[DESTINATION], err) : 0;
}

/* Says why the page server has ended too early. Returns -1. */
static int direct_transport_failure(struct move *move, struct err *err)
{
	const struct job *job = &move->jobs.receive;
	CLEANUP_FREE char *text = str_dup(buf_str(&job->err));
	const char *said = str_trim(text);

	if (job->lost)
		return job_failure(job, err);
	return err_set(err, EXIT_FAILED, "the memory did not get to %s%s%s",
		       move->side[DESTINATION].name, *said ? ": " : "", said);
}

int direct_receive(struct move *move, unsigned pass, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];
	struct job listens = {0}, *jobs[] = {&listens, &move->jobs.receive};

	if (!move_is_direct(move))
		return 0;
	if (move->jobs.receive.state != JOB_NONE)
		job_clear(&move->jobs.receive);
	if (direct_transport_start(
		    &move->page_server, &dst->runtime, pass, move->side[SOURCE].options.parent_pass,
		    move->plan.dump_timeout_ms + WAITING_MS, &move->jobs.receive, err) < 0 ||
	    direct_transport_listens_start(&dst->runtime, &listens, err) < 0)
		return -1;
	bool there = jobs_wait_any(jobs, 2, 0) == 0 && job_failure(&listens, err) == 0;
	/* The page server's own error says more than that of the job which waited for it. */
	if (!there)
		(void)jobs_wait_any(jobs + 1, 1, deadline_in_ms(ENDING_MS));
	job_clear(&listens);
	if (!there && move->jobs.receive.state == JOB_DONE)
		return direct_transport_failure(move, err);
	return there ? 0 : -1;
}

int direct_received(struct move *move, uint64_t *ret_bytes, struct err *err)
{
	struct job *job = &move->jobs.receive;

	if (!move_is_direct(move))
		return 0;
	if (job->state == JOB_RUNNING)
		(void)jobs_wait_any(&job, 1, deadline_in_ms(RECEIVED_MS));
	if (job->state == JOB_RUNNING)
		return err_set(err, EXIT_FAILED, "%s: the page server does not end",
			       move->side[DESTINATION].name);
	if (job->lost || job->status != 0)
		return direct_transport_failure(move, err);
	*ret_bytes = strtoull(buf_str(&job->out), NULL, 10);
	return 0;
}

bool direct_broke(struct move *move, struct err *err)
{
	struct job *job = &move->jobs.receive;

	if (!move_is_direct(move))
		return false;
	(void)jobs_wait_any(&job, 1, deadline_in_ms(ENDING_MS));
	if (job->state != JOB_DONE || (!job->lost && job->status == 0))
		return false;
	(void)direct_transport_failure(move, err);
	return true;
}

int direct_before_restore(struct move *move, int n, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	/* A lazy restore after pre-copy has a place of its own. */
	const unsigned parent = move->plan.lazy ? dst->options.parent_pass : 0;

	return parent || move_is_direct(move)
		       ? direct_transport_gather(&dst->runtime, n, parent, err)
		       : 0;
}

/* The program that serves a lazy restore needs them before the restore does. */
int direct_images(struct move *move, struct err *err)
{
	/* Recovery has not heard it. */
	const int n = move->progress.n_images;

	/* Then the program that serves the memory puts them together
	 * (src/agent/memory/flat_images.c). */
	if (move->plan.lazy && move->side[DESTINATION].options.parent_pass)
		return 0;
	if (!move->progress.gathered && direct_before_restore(move, n ? n : DIRECT_ALL, err) < 0)
		return -1;
	move->progress.gathered = true;
	return 0;
}

void direct_cut(struct move *move)
{
	struct side *src = &move->side[SOURCE];
	struct err unheard = ERR_INIT;

	/* A failure shows in the dump: it does not end. */
	if (move_is_direct(move))
		(void)direct_transport_cut(&move->page_server, &src->runtime, &unheard);
}

int direct_close(struct move *move, struct err *err)
{
	struct side *dst = &move->side[DESTINATION];

	if (!move_is_direct(move))
		return 0;
	return post_copy_end(&dst->runtime, err) < 0 || release_pages(move, dst, err) < 0 ? -1 : 0;
}
