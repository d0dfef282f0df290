/* SPDX-License-Identifier: MIT */
#include "check_report.h"

#include "cmigrate/move/step_tables.h"

static const char *result_word(const struct check_result *r)
{
	switch (r->outcome) {
	case CHECK_OK:
		return "ok";
	case CHECK_SKIPPED:
		return "skipped";
	case CHECK_NOT_NEEDED:
		return "not needed";
	case CHECK_FAILED:
		break;
	}
	return r->refuses ? "refused" : "warning";
}

static json_t *result_json(const struct check_result *r)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?}", "id", r->id, "check", r->id,
			 "severity", r->severity == CHECK_WARNING ? "warning" : "error", "result",
			 result_word(r), "message", r->message, "remedy", r->remedy);
}

void check_report(struct ui *ui, const struct check_results *results)
{
	static const char *const headers[] = {"CHECK", "RESULT", "", NULL};
	struct ui_table *table = ui_is_json(ui) ? NULL : ui_table_new(headers);

	for (size_t i = 0; i < results->n; i++) {
		const struct check_result *r = &results->rows[i];
		if (!table) {
			ui_json(ui, result_json(r));
			continue;
		}
		CLEANUP_FREE char *text = r->message && r->remedy
						  ? str_fmt("%s; %s", r->message, r->remedy)
						  : str_dup(r->message ? r->message : "");
		const char *cells[] = {r->id, result_word(r), text, NULL};
		ui_table_row(table, cells);
	}
	if (table)
		ui_table_print(ui, table);
}

void check_warnings(const struct events *events, const struct check_results *results)
{
	for (size_t i = 0; i < results->n; i++) {
		const struct check_result *r = &results->rows[i];
		if (r->outcome == CHECK_FAILED && !r->refuses)
			event_note(events, "%s: %s (%s)", r->id, r->message, r->remedy);
	}
}

void refusal_report(struct ui *ui, struct move *move, int status, const struct err *err)
{
	if (status == 0 || !ui_is_json(ui))
		return;
	summary_refuse(&move->summary, err);
	ui_json(ui, summary_json(&move->summary));
}

static void print_prediction(struct ui *ui, const struct move *move)
{
	const struct move_plan *plan = &move->plan;

	if (plan->predicted_ms > 0)
		ui_print(ui,
			 "copying all memory in the freeze would take %.0f ms, the budget is %u "
			 "ms\n",
			 plan->predicted_ms, plan->max_downtime_ms);
	if (plan->if_slow == IF_SLOW_ABORT && plan->expected_ms > plan->max_downtime_ms)
		ui_print(ui, "it would not be moved: the freeze is predicted to take %.0f ms\n",
			 plan->expected_ms);
}

void plan_report(struct ui *ui, const struct move *move)
{
	const struct strategy *strategy = strategy_of(move);
	json_t *steps = json_array();

	ui_print(ui, "\nplan: '%s' from %s to %s, %s, connections %s\n", move->bundle.name,
		 move->side[SOURCE].name, move->side[DESTINATION].name, strategy->name,
		 move->side[SOURCE].options.tcp_established ? "kept" : "closed");
	if (move->plan.ends_first)
		ui_print(ui,
			 "the copy on %s ends before the restore: a failure goes back to the "
			 "images\n",
			 move->side[SOURCE].name);
	print_prediction(ui, move);
	for (size_t i = 0; i < strategy->n; i++) {
		const struct step *step = &strategy->steps[i];
		json_array_append_new(steps, json_string(step->name));
		ui_print(ui, "%3zu  %s%s%s\n", i + 1, step->name, step->frozen ? "  (frozen)" : "",
			 step->commit ? "  (no way back after this)" : "");
	}
	if (ui_is_json(ui))
		ui_json(ui,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*, s:o, s:o}", "event", "plan",
				  "container", move->bundle.name, "source", move->side[SOURCE].name,
				  "destination", move->side[DESTINATION].name, "strategy",
				  strategy->name, "way_back", move->summary.way_back,
				  "predicted_freeze_ms",
				  move->plan.predicted_ms > 0 ? json_real(move->plan.predicted_ms)
							      : json_null(),
				  "steps", json_incref(steps)));
	json_decref(steps);
}
