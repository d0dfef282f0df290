/* SPDX-License-Identifier: MIT */
/*
 * preflight: every check of a move as a table of {id, severity, what it looks at}; a pure function
 * of the facts of both hosts, the bundle, and what the move is to do.
 */
#ifndef CMIGRATE_PREFLIGHT_H
#define CMIGRATE_PREFLIGHT_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"
#include "cmigrate/base/strategy.h"
#include "cmigrate/container/bundle.h"
#include "cmigrate/container/container.h"
#include "cmigrate/host/facts.h"
#include "cmigrate/host/host.h"

/* The first criu whose dump under runc runs an action script before it ends the processes. */
#define CRIU_GATE VERSION(3, 19, 0)

enum check_severity {
	CHECK_ERROR,   /* the move is refused */
	CHECK_WARNING, /* printed; the container moves all the same */
};

enum check_outcome { CHECK_OK, CHECK_FAILED, CHECK_SKIPPED, CHECK_NOT_NEEDED };

/* The input of the checks. Everything is borrowed. */
struct preflight {
	const struct bundle *bundle;
	const char *id; /* of this move: what the proof file must say */
	const char *source_name, *destination_name;
	const struct facts *source, *destination;
	const char *destination_device; /* from configuration, or NULL */
	uint64_t destination_room;	/* bytes left there for containers; memory_left.h */
	/* The other living members of the container's group; NULL: not asked for. */
	const struct containers *members;
	enum strategy_id strategy;
	bool direct; /* memory goes straight to the destination */
	enum encrypt encrypt;
	bool tcp_established;
	const char *endpoint_silence; /* why an endpoint does not answer now; NULL: all do */
	struct argv skip;	      /* ids */
	bool strict;		      /* a warning refuses the move too */
	bool alone; /* for a checkpoint: the destination is the source, and only what concerns
		       a dump is checked */
	/* CRIU flags that the container or the operator gave */
	bool ext_unix_sk, shell_job, link_remap;
	unsigned long long ghost_limit; /* bytes; 0: CRIU's own, 1 MiB */
	/* Set by preflight_addresses() */
	/* As they are on the source; an address that isn't there has no device. */
	struct address source_addresses[ADDRESSES_MAX];
	struct address
		destination_addresses[ADDRESSES_MAX]; /* as they are to be on the destination */
	bool source_has[ADDRESSES_MAX];
};

struct finding;

/* A row of the table of checks. All text is constant. */
struct check {
	const char *id; /* of a-z and '-', never changed */
	/* At worst: a check that fails may turn out to be only a warning. */
	enum check_severity severity;
	bool vital;	    /* no move can succeed without it: --skip-check isn't suggested */
	const char *what;   /* looked at; one line */
	const char *remedy; /* what to do about it; one line */
	enum check_outcome (*run)(const struct preflight *p, struct finding *f);
};

struct check_result {
	const char *id;
	enum check_severity severity; /* of this result */
	enum check_outcome outcome;
	bool refuses;  /* it failed as an error, or it is a warning and warnings refuse */
	bool gone;     /* the container isn't on its source, or has ended there */
	char *message; /* one line, hosts named; NULL unless failed */
	char *remedy;  /* NULL unless failed */
};

struct check_results {
	struct check_result *rows;
	size_t n;
};

/* Every check, in the order in which they are run and reported. */
const struct check *preflight_checks(size_t *ret_n);

/*
 * Finds for every address of the bundle its device and prefix on the source, and the device that
 * it gets on the destination: the device that it names ("@DEVICE"), else the configured one, else
 * the one whose network holds it (`route` fact), else the source's. Fills the three arrays. The
 * destination's prefix is the bundle's if that has one, else the source's. If no device is found it
 * is "" and check 'device' fails; if that check is skipped, -1 with EXIT_REFUSED.
 */
int preflight_addresses(struct preflight *p, struct err *err);
/*
 * The addresses of the bundle with the devices that they get on a host where the container starts,
 * by the same rules. facts are the host's. ret has room for ADDRESSES_MAX. EXIT_REFUSED: an address
 * has no device there.
 */
int preflight_devices(const struct host *host, const struct bundle *bundle,
		      const struct facts *facts, struct address *ret, struct err *err);
/* Adds each id of lists ("ID[,ID]") to *ret. EXIT_USAGE for an unknown id; the message proposes the
 * nearest. */
int preflight_skip(const struct argv *lists, struct argv *ret, struct err *err);
/* Adds the checks that --force leaves out: rules about where a container may be. */
void preflight_force(struct argv *ret);
/* Runs all checks except those in skip. preflight_verdict() then decides. */
void preflight_run(const struct preflight *p, struct check_results *ret);
/* 0, or -1 with EXIT_REFUSED and one line: the first failed error, else the first warning that
 * refuses; its remedy, its id, how many more. The cause is CAUSE_CHECK or CAUSE_GONE, with that id.
 */
int preflight_verdict(const struct check_results *results, struct err *err);
void check_results_clear(struct check_results *results);

#endif
