/* SPDX-License-Identifier: MIT */
#include "rehearse.h"

#include <stdlib.h>
#include <string.h>

#include "check_report.h"
#include "cmigrate/base/fields.h"
#include "cmigrate/check/check.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/move/signals.h"
#include "cmigrate/move/step_tables.h"

/* Negative: it did not run. */
static double step_ms(const struct summary *s, const char *name)
{
	for (size_t i = 0; i < s->n_steps; i++)
		if (strcmp(s->steps[i].name, name) == 0)
			return s->steps[i].ms;
	return -1;
}

static double bytes_second(const struct summary *s)
{
	double ms = step_ms(s, "dump");

	return ms > 0 ? (double)s->image_bytes * 1000 / ms : 0;
}

static void report(struct ui *ui, const struct move *move)
{
	const struct summary *s = &move->summary;
	double restore_ms = move->plan.ends_first ? -1 : step_ms(s, "try");
	int64_t rate = (int64_t)bytes_second(s);

	if (ui_is_json(ui)) {
		ui_json(ui, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "event",
				      "rehearsal", "container", s->container, "source", s->source,
				      "destination", s->destination, "freeze_ms",
				      json_of_ms(s->freeze_ms), "dump_ms",
				      json_of_ms(step_ms(s, "dump")), "restore_ms",
				      json_of_ms(restore_ms), "image_bytes",
				      json_of_number((int64_t)s->image_bytes), "bytes_second",
				      json_of_number(rate)));
		ui_json(ui, summary_json(s));
		return;
	}
	CLEANUP_FREE char *size = check_size(s->image_bytes);
	CLEANUP_FREE char *speed = check_size((uint64_t)rate);
	ui_print(ui, "rehearsed '%s' from %s to %s: frozen %.0f ms; %s of images, %s a second; ",
		 s->container, s->source, s->destination, s->freeze_ms, size, speed);
	if (restore_ms < 0)
		ui_print(ui, "the restore was not tried\n");
	else
		ui_print(ui, "the restore took %.0f ms, and nothing of it ran\n", restore_ms);
}

static int run(struct app *app, struct move *move, struct err *err)
{
	check_warnings(app->events, &move->checks);
	int status = (int)engine_run(strategy_of(move), move, err);

	if (status != EXIT_DONE)
		ui_summary(app->ui, &move->summary);
	else if (ui_is_json(app->ui) || !ui_is_quiet(app->ui))
		report(app->ui, move);
	return status;
}

int rehearse(struct app *app, const struct move_opts *opts, const struct argv *args,
	     struct err *err)
{
	struct move *move = NULL;

	if (args->n < 2)
		return err_set(err, EXIT_USAGE, "--rehearse needs a destination");
	signals_watch();
	ui_wait(app->ui, "asking the hosts");
	int status = move_rehearsal_new(app->config, opts, args->v[0], args->v[1], app->events,
					&move, err);
	if (status == 0)
		status = run(app, move, err);
	else
		refusal_report(app->ui, move, status, err);
	move_free(move);
	return status;
}
