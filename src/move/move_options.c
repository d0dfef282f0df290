/* SPDX-License-Identifier: MIT */
#include "cmigrate/move/move_options.h"

#include "cmigrate/container/annotation.h"

#define ROW(member, name, kind, arg, help) OPT(struct move_opts, member, name, 0, kind, arg, help)

const struct opt move_opts_table[] = {
	ROW(from, "from", OPT_STRING, "HOST", "the source (found by asking)"),
	/* The name that all other commands have for it. */
	{.name = "on",
	 .kind = OPT_STRING,
	 .offset = offsetof(struct move_opts, from),
	 .arg = "HOST",
	 .help = "",
	 .hidden = true},
	OPT_ONE_OF(struct move_opts, strategy, "strategy", "NAME", "how memory is carried over",
		   ANNOTATION_STRATEGIES),
	OPT_ONE_OF(struct move_opts, transport, "transport", "NAME",
		   "how memory travels: via the shared directory or directly",
		   ANNOTATION_TRANSPORTS),
	ROW(tcp_established, "tcp-established", OPT_FLAG, NULL,
	    "keep open connections (default if a service address moves along)"),
	ROW(tcp_close, "tcp-close", OPT_FLAG, NULL,
	    "close open connections on the destination (default if none does)"),
	ROW(addresses, "address", OPT_STRINGS, "CIDR[@DEVICE]",
	    "service address that moves along; repeatable"),
	ROW(endpoints, "endpoint", OPT_STRINGS, "URL",
	    "http, https or tcp URL that must answer after the move; repeatable"),
	ROW(timeout, "timeout", OPT_COUNT, "SECONDS", "how long to wait for the endpoint (30)"),
	ROW(max_downtime_ms, "max-downtime", OPT_COUNT, "MS", "how long the freeze may last (300)"),
	OPT_ONE_OF(struct move_opts, if_slow, "if-slow", "WHAT",
		   "if it would last longer: go on, undo the move, or let the memory follow (go)",
		   ANNOTATION_IF_SLOWS),
	ROW(bandwidth, "bandwidth", OPT_SIZE, "RATE",
	    "bytes a second of memory that goes straight to the other host"),
	ROW(throttle, "throttle", OPT_FLAG, NULL,
	    "less processor time for it if the passes of pre-copy don't shrink"),
	OPT_ONE_OF(struct move_opts, if_silent, "if-silent", "WHAT",
		   "if the endpoint does not answer in time: undo the move, or keep it (exit code "
		   "5)",
		   "rollback|keep"),
	ROW(keep_images, "keep-images", OPT_FLAG, NULL, "keep the images in the bundle"),
	ROW(keep_logs, "keep-logs", OPT_FLAG, NULL, "keep the logs of runc and CRIU in the bundle"),
	ROW(skip_checks, "skip-check", OPT_STRINGS, "ID[,ID]", "leave out checks; repeatable"),
	ROW(strict, "strict", OPT_FLAG, NULL, "refuse where a check only warns"),
	ROW(force, "force", OPT_FLAG, NULL, "move it even to a cordoned host"),
	ROW(dry_run, "dry-run", OPT_FLAG, NULL, "make the checks, print the plan, change nothing"),
	ROW(rehearse, "rehearse", OPT_FLAG, NULL,
	    "dump it, let it go on, try the restore, move nothing"),
	ROW(file_locks, "file-locks", OPT_FLAG, NULL, "it takes file locks now and then"),
	ROW(ext_unix_sk, "ext-unix-sk", OPT_FLAG, NULL, "passed on to runc"),
	ROW(shell_job, "shell-job", OPT_FLAG, NULL, "passed on to runc"),
	ROW(link_remap, "link-remap", OPT_FLAG, NULL, "passed on to runc"),
	ROW(ghost_limit, "ghost-limit", OPT_SIZE, "SIZE",
	    "passed on to criu: copy deleted files up to this size"),
	{.name = NULL},
};
