/* SPDX-License-Identifier: MIT */
/* markup: text that becomes part of HTML or SVG. Everything that isn't constant goes through here.
 */
#ifndef CMIGRATE_MARKUP_H
#define CMIGRATE_MARKUP_H

#include "cmigrate/base/str.h"

/*
 * Adds a text so that it is text, between tags and in a quoted attribute alike: & < > " ' become
 * references, control bytes '?'. NULL adds nothing.
 */
void markup_text(struct buf *out, const char *text);

#endif
