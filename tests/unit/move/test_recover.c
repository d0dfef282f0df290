/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <string.h>

#include "cmigrate/move/recover.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* Every word that runtime_status() may give. */
static const char *const words[] = {"running", "paused", "gate", "created", "stopped", ""};

static bool is(const char *word, const char *other)
{
	return strcmp(word, other) == 0;
}

/* The decision as design has it, told in another way than the code: by what must not happen. */
static enum recovery wanted(const struct recover_facts *f)
{
	bool at_source = is(f->source_status, "running") || is(f->source_status, "paused") ||
			 is(f->source_status, "gate");
	bool at_destination = is(f->destination_status, "running");

	if (f->committed)
		return RECOVER_FORWARD;
	if (f->destination_known && at_destination)
		return f->source_known && is(f->source_status, "running") ? RECOVER_DOUBT
									  : RECOVER_COMMIT;
	if (!f->destination_known || !f->source_known || is(f->destination_status, "paused"))
		return RECOVER_DOUBT;
	if (at_source)
		return RECOVER_BACK;
	if (f->images == IMAGES_UNKNOWN)
		return RECOVER_DOUBT;
	return f->images == IMAGES_COMPLETE ? RECOVER_RESTORE : RECOVER_LOST;
}

static void check(const struct recover_facts *f)
{
	const char *why = NULL;
	enum recovery way = recover_decide(f, &why);

	if (way != wanted(f))
		fail_msg("committed %d, source %d '%s', destination %d '%s', images %d: %d",
			 f->committed, f->source_known, f->source_status, f->destination_known,
			 f->destination_status, (int)f->images, (int)way);
	/* A doubt is explained. */
	if (way == RECOVER_DOUBT)
		assert_true(why && *why);
}

static void truth_table(void **state)
{
	(void)state;
	for (size_t s = 0; s < COUNT(words); s++)
		for (size_t d = 0; d < COUNT(words); d++)
			for (unsigned bits = 0; bits < 24; bits++)
				check(&(struct recover_facts){.committed = bits & 1,
							      .source_known = bits & 2,
							      .destination_known = bits & 4,
							      .images = (bits >> 3) % 3,
							      .source_status = words[s],
							      .destination_status = words[d]});
}

/* The cases that matter most, one by one. */
static void single_cases(void **state)
{
	static const struct {
		struct recover_facts facts;
		enum recovery way;
		const char *why;
	} rows[] = {
		/* killed while nothing was frozen yet */
		{{false, true, true, "running", "", IMAGES_NONE}, RECOVER_BACK, NULL},
		/* killed while the source waits at its gate, images complete */
		{{false, true, true, "gate", "", IMAGES_COMPLETE}, RECOVER_BACK, NULL},
		/* killed behind the restore */
		{{false, true, true, "gate", "running", IMAGES_COMPLETE}, RECOVER_COMMIT, NULL},
		/* source rebooted behind the restore */
		{{false, true, true, "", "running", IMAGES_COMPLETE}, RECOVER_COMMIT, NULL},
		/* source rebooted at its gate */
		{{false, true, true, "", "", IMAGES_COMPLETE}, RECOVER_RESTORE, NULL},
		/* source rebooted in the middle of the dump */
		{{false, true, true, "", "", IMAGES_NONE}, RECOVER_LOST, NULL},
		/* both rebooted, and the shared directory isn't there yet */
		{{false, true, true, "", "", IMAGES_UNKNOWN},
		 RECOVER_DOUBT,
		 "whether the images are complete can't be seen, or whether the container went on "
		 "after them"},
		/* source off, destination has none */
		{{false, false, true, "", "", IMAGES_COMPLETE},
		 RECOVER_DOUBT,
		 "the source can't tell, and may run its copy"},
		/* destination off: it may have restored */
		{{false, true, false, "gate", "", IMAGES_COMPLETE},
		 RECOVER_DOUBT,
		 "the destination can't tell, and may run a copy"},
		{{false, true, true, "running", "running", IMAGES_COMPLETE},
		 RECOVER_DOUBT,
		 "both hosts run a copy"},
		/* a source that can't be asked is not needed where the destination runs */
		{{false, false, true, "", "running", IMAGES_COMPLETE}, RECOVER_COMMIT, NULL},
		/* committed: forward, whoever answers */
		{{true, false, false, "", "", IMAGES_NONE}, RECOVER_FORWARD, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *why = NULL;
		assert_int_equal(recover_decide(&rows[i].facts, &why), rows[i].way);
		if (rows[i].why)
			assert_string_equal(why, rows[i].why);
	}
}

/* A source that was lost before it could say so may have let the container go on. */
static void images_that_may_be_old(void **state)
{
	(void)state;
	assert_int_equal(recover_way_back(0, IMAGES_COMPLETE), IMAGES_COMPLETE);
	assert_int_equal(recover_way_back(1, IMAGES_COMPLETE), IMAGES_NONE);
	assert_int_equal(recover_way_back(-1, IMAGES_COMPLETE), IMAGES_UNKNOWN);
	assert_int_equal(recover_way_back(-1, IMAGES_UNKNOWN), IMAGES_UNKNOWN);
	assert_int_equal(recover_way_back(-1, IMAGES_NONE), IMAGES_NONE);
}

/* Asked for by the operator: only a frozen copy is taken, and only where there is no newer one. */
static void take_source(void **state)
{
	static const struct {
		struct recover_facts facts;
		enum recovery way;
	} rows[] = {
		{{true, true, true, "gate", "", IMAGES_NONE}, RECOVER_BACK},
		{{true, true, true, "paused", "", IMAGES_COMPLETE}, RECOVER_BACK},
		{{true, true, false, "gate", "", IMAGES_COMPLETE}, RECOVER_DOUBT},
		{{true, true, true, "gate", "running", IMAGES_COMPLETE}, RECOVER_DOUBT},
		{{true, true, true, "gate", "paused", IMAGES_COMPLETE}, RECOVER_DOUBT},
		{{true, true, true, "", "", IMAGES_COMPLETE}, RECOVER_FORWARD},
		{{true, true, true, "running", "", IMAGES_COMPLETE}, RECOVER_FORWARD},
		{{true, false, true, "", "", IMAGES_COMPLETE}, RECOVER_FORWARD},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *why = NULL;
		assert_int_equal(recover_decide_take_source(&rows[i].facts, &why), rows[i].way);
		assert_int_equal(why != NULL, rows[i].way == RECOVER_DOUBT);
	}
}

/* Whatever it has made on the destination has never run. */
static void a_rehearsal(void **state)
{
	static const struct {
		struct recover_facts facts;
		enum recovery way;
	} rows[] = {
		{{false, true, true, "gate", "", IMAGES_NONE}, RECOVER_BACK},
		{{false, true, true, "paused", "", IMAGES_COMPLETE}, RECOVER_BACK},
		{{false, true, true, "running", "running", IMAGES_COMPLETE}, RECOVER_BACK},
		{{false, true, false, "running", "", IMAGES_COMPLETE}, RECOVER_BACK},
		{{false, true, true, "", "", IMAGES_COMPLETE}, RECOVER_LOST},
		{{false, false, true, "", "", IMAGES_COMPLETE}, RECOVER_DOUBT},
		/* A checkpoint whose container goes on. */
		{{true, true, true, "running", "", IMAGES_NONE}, RECOVER_FORWARD},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *why = NULL;
		assert_int_equal(recover_decide_rehearsal(&rows[i].facts, &why), rows[i].way);
		assert_int_equal(why != NULL, rows[i].way == RECOVER_DOUBT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truth_table),
		cmocka_unit_test(single_cases),
		cmocka_unit_test(images_that_may_be_old),
		cmocka_unit_test(take_source),
		cmocka_unit_test(a_rehearsal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
