/* SPDX-License-Identifier: MIT */
/* What the steps do where memory goes straight to the destination (receive.h); else each is
 * nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/criu/direct_transport.h"
#include "steps.h"

/* How long a page server may wait for its client, beyond the time of the dump. */
#define WAITING_MS 120000
/* From a page server's end to the word of it. */
#define ENDING_MS 2000
/* From the source's word that all has been sent to the page server's end. */
#define RECEIVED_MS 20000

int direct_admit(struct move *move, struct err *err)
{
	struct runtime dst = move_runtime_destination(move);
	struct pages pages = move_pages(move);

	return move->direct ? pages_admit(&pages, &dst, err) : 0;
}

/* Why the page server has ended that should not have. Always -1. */
static int receive_failure(struct move *move, struct err *err)
{
	const struct job *job = &move->receive;
	CLEANUP_FREE char *text = str_dup(buf_str(&job->err));
	const char *said = str_trim(text);

	if (job->lost)
		return job_failure(job, err);
	return err_set(err, EXIT_FAILED, "the memory did not get to %s%s%s", move->destination_name,
		       *said ? ": " : "", said);
}

int direct_receive(struct move *move, unsigned pass, struct err *err)
{
	struct runtime dst = move_runtime_destination(move);
	struct pages pages = move_pages(move);
	struct job listens = {0}, *jobs[] = {&listens, &move->receive};

	if (!move->direct)
		return 0;
	if (move->receive.state != JOB_NONE)
		job_clear(&move->receive);
	if (receive_start(&pages, &dst, pass, move->source_options.parent_pass,
			  move->dump_timeout_ms + WAITING_MS, &move->receive, err) < 0 ||
	    receive_listens_start(&dst, &listens, err) < 0)
		return -1;
	bool there = jobs_wait_any(jobs, 2, 0) == 0 && job_failure(&listens, err) == 0;
	/* Its own words say more than those of who waited for it. */
	if (!there)
		(void)jobs_wait_any(jobs + 1, 1, deadline_in_ms(ENDING_MS));
	job_clear(&listens);
	if (!there && move->receive.state == JOB_DONE)
		return receive_failure(move, err);
	return there ? 0 : -1;
}

int direct_received(struct move *move, uint64_t *ret_bytes, struct err *err)
{
	struct job *job = &move->receive;

	if (!move->direct)
		return 0;
	if (job->state == JOB_RUNNING)
		(void)jobs_wait_any(&job, 1, deadline_in_ms(RECEIVED_MS));
	if (job->state == JOB_RUNNING)
		return err_set(err, EXIT_FAILED, "%s: the page server does not end",
			       move->destination_name);
	if (job->lost || job->status != 0)
		return receive_failure(move, err);
	*ret_bytes = strtoull(buf_str(&job->out), NULL, 10);
	return 0;
}

bool direct_broke(struct move *move, struct err *err)
{
	struct job *job = &move->receive;

	if (!move->direct)
		return false;
	(void)jobs_wait_any(&job, 1, deadline_in_ms(ENDING_MS));
	if (job->state != JOB_DONE || (!job->lost && job->status == 0))
		return false;
	(void)receive_failure(move, err);
	return true;
}

int direct_before_restore(struct move *move, int n, struct err *err)
{
	struct runtime dst = move_runtime_destination(move);

	return move->direct ? receive_gather(&dst, n, err) : 0;
}

void direct_cut(struct move *move)
{
	struct runtime src = move_runtime_source(move);
	struct pages pages = move_pages(move);
	struct err unheard = ERR_INIT;

	/* What it could not do is seen by the dump that does not end. */
	if (move->direct)
		(void)receive_cut(&pages, &src, &unheard);
}

int direct_close(struct move *move, struct err *err)
{
	struct runtime dst = move_runtime_destination(move);
	struct pages pages = move_pages(move);

	if (!move->direct)
		return 0;
	return pages_end(&dst, err) < 0 || pages_clear(&pages, &dst, err) < 0 ? -1 : 0;
}
