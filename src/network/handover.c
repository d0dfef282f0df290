/* SPDX-License-Identifier: MIT */
#include "cmigrate/network/handover.h"

#include <stdio.h>

#include "cmigrate/base/checksum.h"

/* Usually milliseconds; an emulated host under load has taken 5 s to set its hold. */
#define NET_TIMEOUT_MS 15000

/* A request: verb, op, namespace. */
static void begin(struct argv *a, const struct handover *handover, const char *verb, const char *op)
{
	argv_add(a, verb);
	argv_addf(a, "op=%s", op);
	if (handover->netns)
		argv_addf(a, "netns=%s", handover->netns);
}

static void add_addresses(struct argv *a, const struct handover *handover)
{
	for (size_t i = 0; i < handover->n; i++)
		argv_addf(a, "address=%s/%d@%s", handover->addresses[i].ip,
			  handover->addresses[i].prefix, handover->addresses[i].device);
}

void handover_words(const struct handover *handover, const char *verb, const char *op,
		    struct argv *ret)
{
	begin(ret, handover, verb, op);
	add_addresses(ret, handover);
}

static int start(const struct handover *handover, const struct argv *a, struct job *job,
		 struct err *err)
{
	return host_start(handover->host,
			  &(struct command){.argv = a->v, .timeout_ms = NET_TIMEOUT_MS}, job, err);
}

static int run(const struct handover *handover, const struct argv *a, struct err *err)
{
	return host_run(handover->host,
			&(struct command){.argv = a->v, .timeout_ms = NET_TIMEOUT_MS}, err);
}

int handover_address_start(const struct handover *handover, const char *op, struct job *job,
			   struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	handover_words(handover, "address", op, &a);
	return start(handover, &a, job, err);
}

static int address(const struct handover *handover, const char *op, struct err *err)
{
	struct job job = {0};

	if (!handover->n)
		return 0;
	return handover_address_start(handover, op, &job, err) < 0 ? -1 : job_finish(&job, err);
}

int handover_address_up(const struct handover *handover, struct err *err)
{
	return address(handover, "up", err);
}

int handover_address_enter(const struct handover *handover, struct err *err)
{
	return address(handover, "enter", err);
}

int handover_address_down(const struct handover *handover, struct err *err)
{
	return address(handover, "down", err);
}

int handover_announce(const struct handover *handover, struct err *err)
{
	return address(handover, "announce", err);
}

void handover_tag(const char *container, char ret_tag[HANDOVER_TAG_SIZE])
{
	(void)snprintf(ret_tag, HANDOVER_TAG_SIZE, "%08x", checksum(container));
}

/* A request about packets. */
static void packets_argv(struct argv *a, const struct handover *handover, const char *verb,
			 const char *op, const char *tag)
{
	begin(a, handover, verb, op);
	argv_addf(a, "tag=%s", tag);
}

int handover_hold(const struct handover *handover, const char *tag, enum hold_kind *ret_kind,
		  struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_JOB struct job job = {0};

	packets_argv(&a, handover, "hold", "set", tag);
	add_addresses(&a, handover);
	if (start(handover, &a, &job, err) < 0)
		return -1;
	job_wait(&job);
	if (job_failure(&job, err) < 0)
		return err_wrap(err, "can't hold packets back");
	const char *said = buf_str(&job.out);
	*ret_kind = str_starts(said, "plug")	 ? HOLD_PLUG
		    : str_starts(said, "bucket") ? HOLD_BUCKET
						 : HOLD_DROPPED;
	return 0;
}

int handover_release(const struct handover *handover, const char *tag, enum hold_kind kind,
		     struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	if (kind == HOLD_DROPPED) {
		packets_argv(&a, handover, "hold", "no_drop", tag);
	} else {
		packets_argv(&a, handover, "hold", "release", tag);
		argv_add(&a, kind == HOLD_PLUG ? "kind=plug" : "kind=bucket");
	}
	return run(handover, &a, err);
}

int handover_hold_clear(const struct handover *handover, const char *tag, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	packets_argv(&a, handover, "hold", "clear", tag);
	return run(handover, &a, err);
}

int handover_forward(const struct handover *handover, const char *tag, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	packets_argv(&a, handover, "forward", "set", tag);
	add_addresses(&a, handover);
	for (size_t i = 0; i < handover->n; i++) {
		if (!*handover->next_hops[i])
			return err_set(err, EXIT_FAILED,
				       "the destination has no other address beside %s",
				       handover->addresses[i].ip);
		argv_addf(&a, "hop=%s", handover->next_hops[i]);
	}
	return run(handover, &a, err);
}

int handover_forward_all_start(const struct handover *handover, const char *tag, struct job *job,
			       struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	packets_argv(&a, handover, "forward", "all", tag);
	add_addresses(&a, handover);
	return start(handover, &a, job, err);
}

int handover_forward_clear(const struct handover *handover, const char *tag, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	packets_argv(&a, handover, "forward", "clear", tag);
	return run(handover, &a, err);
}

int handover_settle(const struct handover *handover, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	argv_add(&a, "settle");
	if (handover->netns)
		argv_addf(&a, "netns=%s", handover->netns);
	for (size_t i = 0; i < handover->n; i++)
		argv_addf(&a, "ip=%s", handover->addresses[i].ip);
	return run(handover, &a, err);
}
