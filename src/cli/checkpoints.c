/* SPDX-License-Identifier: MIT */
#include "checkpoints.h"

#include "cmigrate/base/name.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/container/bundle_root.h"
#include "cmigrate/container/generations.h"
#include "cmigrate/host/config.h"

static bool is_asked(const struct argv *names, const struct generation *g)
{
	return !names->n || argv_has(names, g->container);
}

static void print_json(struct ui *ui, const struct generations *list, const struct argv *names)
{
	for (size_t i = 0; i < list->n; i++)
		if (is_asked(names, &list->rows[i]))
			ui_json(ui, generation_json(&list->rows[i]));
}

static void print_table(struct ui *ui, const struct generations *list, const struct argv *names)
{
	struct ui_table *table =
		ui_table_new((const char *const[]){"NAME", "ID", "TAKEN", "HOST", "SIZE", NULL});

	for (size_t i = 0; i < list->n; i++) {
		const struct generation *g = &list->rows[i];
		char size[16];
		ui_bytes(size, g->bytes);
		if (is_asked(names, g))
			ui_table_row(table, (const char *const[]){g->container, g->id, g->taken,
								  g->host, size});
	}
	ui_table_print(ui, table);
}

int checkpoints_report(const struct app *app, const struct argv *names, struct err *err)
{
	CLEANUP_GENERATIONS struct generations list = {0};

	for (size_t i = 0; i < names->n; i++)
		if (name_check(names->v[i], err) < 0)
			return -1;
	CLEANUP_HOST struct host *host =
		bundle_root_host(app->config, app_bundle_root(app), NULL, app->events, err);
	if (!host || generations_read(host, names->n == 1 ? names->v[0] : NULL, &list, err) < 0)
		return -1;
	if (ui_is_json(app->ui))
		print_json(app->ui, &list, names);
	else
		print_table(app->ui, &list, names);
	return EXIT_DONE;
}
