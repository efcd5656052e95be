/* What one output stream can show: colours, characters, and how wide it is. */
#ifndef MB_TERMINAL_H
#define MB_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

#define TERMINAL_PIPE_WIDTH 80

enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct terminal {
    bool is_tty;
    bool is_dumb; /* TERM=dumb: no cursor to move */
    bool has_color;
    bool is_utf8; /* may be sent any UTF-8; a file or pipe always may */
    int columns;
};

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_GREEN, STYLE_YELLOW, STYLE_RED, STYLE_CYAN };

/* Once, before all others: the locale says what the terminal reads; widths are UTF-8's after it. */
void terminal_init(void);
/* COLOR_AUTO: NO_COLOR, CLICOLOR_FORCE, then whether it is a terminal. */
struct terminal terminal_of(FILE *stream, enum color_choice choice);
/* Escape sequences, "" without colours. Static. */
const char *terminal_style(const struct terminal *terminal, enum style style);
const char *terminal_plain(const struct terminal *terminal);

#endif
