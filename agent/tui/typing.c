#include "typing.h"

#include <sodium.h>
#include <string.h>

static bool is_beyond_ascii(int key) {
    return key >= 0x80 && key <= 0xff;
}

static bool continues(int byte) {
    return (byte & 0xc0) == 0x80;
}

static void add(char *text, size_t size, const char *character) {
    const size_t length = strlen(text);
    if (length + strlen(character) < size)
        memcpy(text + length, character, strlen(character) + 1);
}

static void rub_out(char *text) {
    size_t length = strlen(text);
    while (length > 0 && continues(text[length - 1]))
        length--;
    text[length > 0 ? length - 1 : 0] = '\0';
}

bool screen_type(struct screen *screen, char *text, size_t size, int key) {
    const char character[] = {(char)key, '\0'};
    if (is_beyond_ascii(key))
        screen_say(screen, "Only characters of ASCII can be typed here");
    else if (key == KEY_RUBOUT)
        rub_out(text);
    else if (key >= ' ' && key <= '~')
        add(text, size, character);
    else
        return false;
    return true;
}

static void leave_out(struct screen *screen) {
    sodium_memzero(screen->partial, sizeof screen->partial); /* it may be a passphrase's */
    screen_say(screen, "A character was left out: it is not UTF-8, or cannot be seen");
}

/* By the first byte (RFC 3629); 0: none begins so. */
static size_t length_of(unsigned char first) {
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static void take_byte(struct screen *screen, char *text, size_t size, int key) {
    char shown[sizeof screen->partial];
    char *partial = screen->partial;
    const size_t length = strlen(partial);
    partial[length] = (char)key;
    partial[length + 1] = '\0';
    const size_t wanted = length_of((unsigned char)partial[0]);
    if (length + 1 < wanted)
        return;
    if (wanted == 0 || strcmp(text_printable(shown, sizeof shown, partial), partial) != 0) {
        leave_out(screen);
        return;
    }
    add(text, size, partial);
    sodium_memzero(partial, sizeof screen->partial);
}

bool screen_text_whole(struct screen *screen, int key) {
    if (screen->partial[0] == '\0' || continues(key))
        return true;
    leave_out(screen);
    return is_beyond_ascii(key) || (key >= ' ' && key <= '~');
}

void screen_type_text(struct screen *screen, char *text, size_t size, int key) {
    if (is_beyond_ascii(key))
        take_byte(screen, text, size, key);
    else
        (void)screen_type(screen, text, size, key);
}
