/* SPDX-License-Identifier: MIT */
/* annotations: org.cmigrate.* annotations from the options that `generate` shares with `move`. */
#include <string.h>

#include "cmigrate/container/annotation.h"
#include "cmigrate/container/bundle.h"
#include "part.h"

static int set_annotation(struct spec_build *b, const char *key, const char *value, struct err *err)
{
	json_t *annotations = spec_object(b->doc, "annotations", err);

	if (!annotations || spec_check_utf8(value, err) < 0 ||
	    annotation_check(key, value, err) < 0)
		return -1;
	json_object_set_new(annotations, key, json_string(value));
	return 0;
}

int spec_add_label(struct spec_build *b, const char *word, struct err *err)
{
	CLEANUP_FREE char *key = NULL;
	const char *value;

	if (spec_key_value(word, &key, &value, err) < 0)
		return -1;
	return set_annotation(b, key, value, err);
}

/* Puts all words of a repeated option into one annotation, in place of a template's. */
static int set_list(struct spec_build *b, const char *key, const struct argv *words,
		    struct err *err)
{
	CLEANUP_BUF struct buf list = {0};

	for (size_t i = 0; i < words->n; i++)
		buf_printf(&list, "%s%s", i ? "," : "", words->v[i]);
	return words->n ? set_annotation(b, key, buf_str(&list), err) : 0;
}

static int set_number(struct spec_build *b, const char *key, unsigned number, struct err *err)
{
	CLEANUP_FREE char *text = str_fmt("%u", number);

	return number ? set_annotation(b, key, text, err) : 0;
}

/* A comma in an annotation ends a URL. */
static int check_endpoints(const struct argv *endpoints, struct err *err)
{
	for (size_t i = 0; i < endpoints->n; i++)
		if (strchr(endpoints->v[i], ','))
			return err_set(err, EXIT_USAGE,
				       "--endpoint: '%s' has a comma in it; repeat the option for "
				       "another URL, or write %%2C",
				       endpoints->v[i]);
	return 0;
}

static const char *tcp_word(const struct spec_opts *o)
{
	if (o->tcp_established)
		return "established";
	return o->tcp_close ? "close" : NULL;
}

int spec_set_annotations(struct spec_build *b, struct err *err)
{
	const struct spec_opts *o = b->opts;
	const struct {
		const char *key, *value;
	} words[] = {
		{ANNOTATION_STRATEGY, o->strategy}, {ANNOTATION_TRANSPORT, o->transport},
		{ANNOTATION_ENCRYPT, o->encrypt},   {ANNOTATION_IF_SLOW, o->if_slow},
		{ANNOTATION_TCP, tcp_word(o)},	    {ANNOTATION_PIN, o->pin ? "true" : NULL},
		{ANNOTATION_GROUP, o->group},
	};

	if (o->tcp_established && o->tcp_close)
		return err_set(err, EXIT_USAGE,
			       "--tcp-established and --tcp-close exclude each other");
	if (bundle_check_options(&o->address, &o->endpoint, err) < 0 ||
	    check_endpoints(&o->endpoint, err) < 0 ||
	    set_list(b, ANNOTATION_ADDRESS, &o->address, err) < 0 ||
	    set_list(b, ANNOTATION_ENDPOINT, &o->endpoint, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].value && set_annotation(b, words[i].key, words[i].value, err) < 0)
			return -1;
	if (set_number(b, ANNOTATION_TIMEOUT, o->timeout, err) < 0)
		return err_wrap(err, "--timeout");
	return set_number(b, ANNOTATION_MAX_DOWNTIME, o->max_downtime_ms, err) < 0
		       ? err_wrap(err, "--max-downtime")
		       : 0;
}
