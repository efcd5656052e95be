#include "terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MIN_COLUMNS 60  /* below it tables are broken by the terminal */
#define MAX_COLUMNS 240 /* wider lines are hard to read */

static bool locale_is_utf8;

void terminal_init(void)
{
    (void)setlocale(LC_CTYPE, "");
    locale_is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    if (!locale_is_utf8)
        (void)setlocale(LC_CTYPE, "C.UTF-8");
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

static bool wants_color(enum color_choice choice, const struct terminal *terminal)
{
    const char *force = getenv("CLICOLOR_FORCE");
    if (choice != COLOR_AUTO)
        return choice == COLOR_ALWAYS;
    if (is_set("NO_COLOR"))
        return false;
    if (force && *force && strcmp(force, "0") != 0)
        return true;
    return terminal->is_tty && !terminal->is_dumb;
}

static int columns_of(int fd, bool is_tty)
{
    struct winsize size;
    if (!is_tty || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return TERMINAL_PIPE_WIDTH;
    if (size.ws_col < MIN_COLUMNS)
        return MIN_COLUMNS;
    return size.ws_col < MAX_COLUMNS ? size.ws_col : MAX_COLUMNS;
}

struct terminal terminal_of(FILE *stream, enum color_choice choice)
{
    int fd = fileno(stream);
    const char *type = getenv("TERM");
    struct terminal terminal = {.is_tty = isatty(fd) == 1};
    terminal.is_dumb = !type || strcmp(type, "dumb") == 0;
    terminal.is_utf8 = !terminal.is_tty || locale_is_utf8;
    terminal.columns = columns_of(fd, terminal.is_tty);
    terminal.has_color = wants_color(choice, &terminal);
    return terminal;
}

const char *terminal_style(const struct terminal *terminal, enum style style)
{
    static const char *const sequences[] = {
        [STYLE_PLAIN] = "\033[0m",  [STYLE_BOLD] = "\033[1m",    [STYLE_DIM] = "\033[2m",
        [STYLE_GREEN] = "\033[32m", [STYLE_YELLOW] = "\033[33m", [STYLE_RED] = "\033[31m",
        [STYLE_CYAN] = "\033[36m",
    };
    return terminal->has_color ? sequences[style] : "";
}

const char *terminal_plain(const struct terminal *terminal)
{
    return terminal_style(terminal, STYLE_PLAIN);
}
