#include "terminal.h"

#include "quietus/memory.h"

#include "code.h"
#include "probe.h"
#include "screen.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Last, since it defines short names. */
#define NCURSES_WIDECHAR 1
#include <curses.h>

enum {
    ESCAPE_MS = 300, /* an arrow key's bytes may come one by one over a BMC's serial line */
    DEFAULT_COLUMNS = 80,
    DEFAULT_ROWS = 24,
    CONTROL_L = 'L' & 0x1f,
    CONTROL_C = 'C' & 0x1f,
};

enum colour { COLOUR_GOOD = 1, COLOUR_BAD, COLOUR_BAR, COLOUR_CODE };

struct terminal {
    int fd;
    FILE *in;
    FILE *out;
    const char *kind;
    SCREEN *curses;
    struct termios before;
    bool raw; /* before is to be set again */
    bool serial;
    bool utf8;
};

static bool is_serial(const char *device) {
    const char *name = strrchr(device, '/');
    name = name ? name + 1 : device;
    return !(strncmp(name, "tty", 3) == 0 &&
             (name[3] == '\0' || (name[3] >= '0' && name[3] <= '9')));
}

static const char *kind_of(const char *device) {
    const char *kind = getenv("TERM"); // NOLINT(concurrency-mt-unsafe)
    if (device)
        return is_serial(device) ? "vt220" : "linux";
    return kind && kind[0] ? kind : "vt220";
}

/* Raw, without flow control: a lost carrier or a Ctrl-S must not hold the screen up. */
static int make_raw(struct terminal *terminal) {
    struct termios raw;
    if (tcgetattr(terminal->fd, &terminal->before))
        return -errno;
    raw = terminal->before;
    cfmakeraw(&raw);
    if (terminal->serial) {
        raw.c_cflag |= CLOCAL;
        raw.c_cflag &= ~(tcflag_t)CRTSCTS;
    }
    if (tcsetattr(terminal->fd, TCSANOW, &raw))
        return -errno;
    terminal->raw = true;
    return 0;
}

/* A serial line has no size of its own: the terminal at its end is asked. */
static void learn(struct terminal *terminal) {
    struct probe probe;
    struct winsize size = {0};
    probe_terminal(terminal->fd, &probe);
    terminal->utf8 = probe.utf8 && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    const bool known = ioctl(terminal->fd, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col;
    if (known && !terminal->serial)
        return;
    if (probe.columns || !known) {
        size.ws_col = (unsigned short)(probe.columns ? probe.columns : DEFAULT_COLUMNS);
        size.ws_row = (unsigned short)(probe.rows ? probe.rows : DEFAULT_ROWS);
        (void)ioctl(terminal->fd, TIOCSWINSZ, &size);
    }
}

static void start_colours(void) {
    if (!has_colors())
        return;
    (void)start_color();
    (void)init_pair(COLOUR_GOOD, COLOR_GREEN, COLOR_BLACK);
    (void)init_pair(COLOUR_BAD, COLOR_YELLOW, COLOR_BLACK);
    (void)init_pair(COLOUR_BAR, COLOR_WHITE, COLOR_BLUE);
    (void)init_pair(COLOUR_CODE, COLOR_WHITE, COLOR_BLACK);
}

/* Terminals send one or the other, whatever mode they were left in and whatever they are said to be
 * (xterm's and the VT220's sequences; a VT100 has no entry for most of these keys). */
static void define_keys(void) {
    static const struct {
        const char *sequence;
        int key;
    } table[] = {
        {"\033[A", KEY_UP},     {"\033OA", KEY_UP},    {"\033[B", KEY_DOWN},
        {"\033OB", KEY_DOWN},   {"\033[C", KEY_RIGHT}, {"\033OC", KEY_RIGHT},
        {"\033[D", KEY_LEFT},   {"\033OD", KEY_LEFT},  {"\033[H", KEY_HOME},
        {"\033OH", KEY_HOME},   {"\033[1~", KEY_HOME}, {"\033[F", KEY_END},
        {"\033OF", KEY_END},    {"\033[4~", KEY_END},  {"\033[5~", KEY_PPAGE},
        {"\033[6~", KEY_NPAGE},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        (void)define_key(table[i].sequence, table[i].key);
}

static void set_up(void) {
    (void)raw();
    (void)noecho();
    (void)nonl();
    (void)keypad(stdscr, TRUE);
    (void)nodelay(stdscr, TRUE);
    (void)typeahead(-1); /* a key that waits does not put off what screen_drawn relies on */
    (void)set_escdelay(ESCAPE_MS);
    (void)curs_set(0);
    define_keys();
    start_colours();
}

static bool can_position(void) {
    char name[] = "cup";
    const char *text = tigetstr(name);
    return text != NULL && text != (char *)-1; // NOLINT(performance-no-int-to-ptr)
}

static int open_files(struct terminal *terminal, const char *device, struct reason *reason) {
    const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
    terminal->fd = device ? open(device, flags | O_NONBLOCK) : open("/dev/tty", flags);
    if (terminal->fd < 0 && !device)
        terminal->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (terminal->fd < 0 || make_raw(terminal)) {
        reason_set(reason, "%s: no terminal: %s", device ? device : "standard input",
                   strerror(errno));
        return -errno;
    }
    (void)fcntl(terminal->fd, F_SETFL, O_RDWR);
    terminal->in = fdopen(fcntl(terminal->fd, F_DUPFD_CLOEXEC, 0), "r");
    terminal->out = fdopen(fcntl(terminal->fd, F_DUPFD_CLOEXEC, 0), "w");
    memory_require(terminal->in && terminal->out);
    return 0;
}

/* ncurses takes the size of a line when it starts and tells it to the terminal (where it scrolls),
 * so a serial line's has to be known before. A terminal of which only $TERM is known is asked
 * nothing before it is clear that it has a cursor. */
static int start_curses(struct terminal *terminal) {
    if (terminal->serial)
        learn(terminal);
    terminal->curses = newterm(terminal->kind, terminal->out, terminal->in);
    if (!terminal->curses || !can_position())
        return -ENOTTY;
    if (!terminal->serial)
        learn(terminal);
    set_up();
    return 0;
}

static void end_curses(struct terminal *terminal) {
    if (can_position()) {
        (void)clear();
        (void)refresh();
    }
    (void)endwin();
    delscreen(terminal->curses);
    terminal->curses = NULL;
}

struct terminal *terminal_open(const char *device, struct reason *reason) {
    struct terminal *terminal = memory_new(1, sizeof *terminal);
    terminal->fd = -1;
    terminal->serial = device && is_serial(device);
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        (void)setlocale(LC_CTYPE, "");
    if (open_files(terminal, device, reason)) {
        terminal_close(terminal);
        return NULL;
    }
    terminal->kind = kind_of(device);
    const int error = start_curses(terminal);
    if (error == 0)
        return terminal;
    reason_set(reason,
               "the terminal '%s' is not known, or cannot place its cursor; set TERM, or use "
               "quietus erase",
               terminal->kind);
    terminal_close(terminal);
    return NULL;
}

void terminal_close(struct terminal *terminal) {
    if (terminal->curses)
        end_curses(terminal);
    if (terminal->in)
        (void)fclose(terminal->in);
    if (terminal->out)
        (void)fclose(terminal->out);
    if (terminal->fd >= 0) {
        if (terminal->raw)
            (void)tcsetattr(terminal->fd, TCSANOW, &terminal->before);
        (void)close(terminal->fd);
    }
    free(terminal);
}

void terminal_size(const struct terminal *terminal, unsigned *columns, unsigned *rows) {
    int height;
    int width;
    (void)terminal;
    getmaxyx(stdscr, height, width);
    *columns = width < 1 ? 1 : (unsigned)width;
    *rows = height < 1 ? 1 : (unsigned)height;
}

bool terminal_half_blocks(const struct terminal *terminal) {
    return terminal->utf8;
}

int terminal_fd(const struct terminal *terminal) {
    return terminal->fd;
}

static int renew(struct terminal *terminal) {
    if (terminal->serial) {
        end_curses(terminal);
        return start_curses(terminal);
    }
    (void)clearok(stdscr, TRUE);
    return 0;
}

int terminal_key(struct terminal *terminal) {
    static const struct {
        int curses;
        int ours;
    } map[] = {
        {KEY_UP, KEY_GO_UP},         {KEY_DOWN, KEY_GO_DOWN},
        {KEY_LEFT, KEY_GO_LEFT},     {KEY_RIGHT, KEY_GO_RIGHT},
        {KEY_PPAGE, KEY_PAGE_UP},    {KEY_NPAGE, KEY_PAGE_DOWN},
        {KEY_HOME, KEY_GO_HOME},     {KEY_FIND, KEY_GO_HOME},
        {KEY_END, KEY_GO_END},       {KEY_SELECT, KEY_GO_END},
        {KEY_ENTER, KEY_RETURN},     {'\r', KEY_RETURN},
        {'\n', KEY_RETURN},          {'\033', KEY_ESCAPE},
        {KEY_BACKSPACE, KEY_RUBOUT}, {'\b', KEY_RUBOUT},
        {0x7f, KEY_RUBOUT},          {KEY_DC, KEY_RUBOUT},
        {'\t', KEY_NEXT_FIELD},      {CONTROL_C, KEY_CONTROL_C},
        {ERR, TERMINAL_NOTHING},     {KEY_RESIZE, TERMINAL_RESIZED},
    };
    const int key = getch();
    if (key == CONTROL_L) {
        memory_require(renew(terminal) == 0); /* it was there a moment ago */
        return TERMINAL_RESIZED;
    }
    for (size_t i = 0; i < sizeof map / sizeof *map; i++) {
        if (key == map[i].curses)
            return map[i].ours;
    }
    return (key >= ' ' && key <= '~') || (key >= 0x80 && key <= 0xff) ? key : KEY_OTHER;
}

static attr_t look_of(enum style style) {
    const bool colour = has_colors();
    const attr_t looks[] = {
        [STYLE_PLAIN] = A_NORMAL,
        [STYLE_BAR] = A_REVERSE,
        [STYLE_CURSOR] = A_REVERSE,
        [STYLE_STRONG] = A_BOLD,
        [STYLE_GOOD] = A_BOLD | (colour ? COLOR_PAIR(COLOUR_GOOD) : 0),
        [STYLE_BAD] = A_BOLD | (colour ? COLOR_PAIR(COLOUR_BAD) : 0),
        [STYLE_CODE] = colour ? COLOR_PAIR(COLOUR_CODE) : A_NORMAL,
        [STYLE_WIDE] = colour ? COLOR_PAIR(COLOUR_CODE) : A_NORMAL,
    };
    return looks[style];
}

/* Light is reverse video: bright behind, dark in front. */
static void draw_code(const struct line *line) {
    const attr_t dark = look_of(line->style);
    for (unsigned i = 0; i < line->style_columns && line->text[i]; i++) {
        const char sign = line->text[i];
        (void)attrset(sign == CODE_DARK ? dark : dark | A_REVERSE);
        (void)addstr(sign == CODE_UPPER   ? "\xe2\x96\x80"
                     : sign == CODE_LOWER ? "\xe2\x96\x84"
                                          : " ");
    }
    (void)attrset(A_NORMAL);
    if (strlen(line->text) > line->style_columns)
        (void)addstr(line->text + line->style_columns);
}

void terminal_draw(struct terminal *terminal, const struct lines *lines) {
    (void)terminal;
    (void)erase();
    for (size_t i = 0; i < lines->count; i++) {
        const struct line *line = &lines->list[i];
        (void)move((int)i, 0);
        if (line->style == STYLE_CODE || line->style == STYLE_WIDE) {
            draw_code(line);
            continue;
        }
        (void)attrset(look_of(line->style));
        (void)addnstr(line->text, getmaxx(stdscr));
        if (line->style == STYLE_BAR || line->style == STYLE_CURSOR) {
            for (int column = getcurx(stdscr);
                 column > 0 && column < getmaxx(stdscr) && getcury(stdscr) == (int)i; column++)
                (void)mvaddch((int)i, column, ' ');
        }
        (void)attrset(A_NORMAL);
    }
    (void)refresh();
}
