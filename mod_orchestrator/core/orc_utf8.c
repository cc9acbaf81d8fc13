/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_utf8.h"

#include <string.h>

static int continues(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Bytes of a character that begins with this one; 0: none does. */
static apr_size_t promised(unsigned char first)
{
    return first == 0     ? 0
           : first < 0x80 ? 1
           : first < 0xc2 ? 0
           : first < 0xe0 ? 2
           : first < 0xf0 ? 3
           : first < 0xf5 ? 4
                          : 0;
}

/* Longer than it needs to be, half of a surrogate pair, or above the last character. */
static int is_forbidden(unsigned char first, unsigned char second)
{
    return (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
           (first == 0xf4 && second > 0x8f);
}

apr_size_t orc_utf8_character(const char *text, apr_size_t length)
{
    apr_size_t size = length ? promised((unsigned char)*text) : 0, i;

    if (size > length)
        return 0;
    for (i = 1; i < size; i++) {
        if (!continues(text[i]))
            return 0;
    }
    return size > 1 && is_forbidden((unsigned char)text[0], (unsigned char)text[1]) ? 0 : size;
}

int orc_utf8_is_valid(const char *text)
{
    apr_size_t length = strlen(text), size;

    while ((size = orc_utf8_character(text, length))) {
        text += size;
        length -= size;
    }
    return length == 0;
}

apr_size_t orc_utf8_count(const char *text)
{
    apr_size_t count = 0;

    for (; *text; text++)
        count += !continues(*text);
    return count;
}

apr_size_t orc_utf8_cut(const char *text, apr_size_t most)
{
    while (most > 0 && continues(text[most]))
        most--;
    return most;
}

void orc_utf8_mend(char *text, apr_size_t length)
{
    while (length > 0) {
        apr_size_t size = orc_utf8_character(text, length);

        if (!size) {
            *text = '?';
            size = 1;
        }
        text += size;
        length -= size;
    }
}
