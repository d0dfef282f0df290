/* SPDX-License-Identifier: MIT */
/* terminal: the abilities of the terminal behind a descriptor. */
#ifndef CMIGRATE_TERMINAL_H
#define CMIGRATE_TERMINAL_H

#include <stdbool.h>

/* Columns; 80 if fd is no terminal or doesn't tell. */
unsigned terminal_width(int fd);
/* Whether a line on it can be rewritten in place. */
bool terminal_is_live(int fd);
/* Colours are for terminals only, and not if NO_COLOR is set. */
bool terminal_has_colours(int fd);
/* Whether the locale's characters are UTF-8. */
bool terminal_is_utf8(void);
/* Whether a write would wait: a terminal may be stopped (Ctrl-S). */
bool terminal_would_block(int fd);

#endif
