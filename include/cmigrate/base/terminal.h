/* SPDX-License-Identifier: MIT */
/* terminal: what the terminal behind a descriptor can show. */
#ifndef CMIGRATE_TERMINAL_H
#define CMIGRATE_TERMINAL_H

#include <stdbool.h>

/* Columns; 80 where fd is no terminal or does not say. */
unsigned terminal_width(int fd);
/* Whether a line on it can be rewritten in place. */
bool terminal_is_live(int fd);
/* Colours are for terminals only, and for nobody who set NO_COLOR. */
bool terminal_has_colours(int fd);
/* Whether the locale's characters are UTF-8. */
bool terminal_is_utf8(void);
/* Whether a write would wait: a terminal may be stopped (Ctrl-S). */
bool terminal_would_block(int fd);

#endif
