/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_im_lines.h"

#include <apr_lib.h>
#include <string.h>

/* Up to where a separator stands outside of quotes, or the end; NULL: a quote is not closed. */
static const char *find(const char *text, const char *end, char separator)
{
    char quote = 0;

    for (; text < end && (quote || *text != separator); text++) {
        if (*text == quote)
            quote = 0;
        else if (!quote && (*text == '"' || *text == '\''))
            quote = *text;
    }
    return quote ? NULL : text;
}

static int is_blank(const char *text, const char *end)
{
    while (text < end && apr_isspace(*text))
        text++;
    return text == end;
}

static int is_type(const char *name, const char *end)
{
    while (name < end && apr_isspace(*name))
        name++;
    return end - name >= 4 && strncmp(name, "type", 4) == 0 && is_blank(name + 4, end);
}

static const char *check_pair(int *has_type, const char *pair, const char *end)
{
    const char *equals = find(pair, end, '=');

    if (equals == end || is_blank(pair, equals))
        return "has something that is no NAME = VALUE";
    if (find(equals + 1, end, '=') != end)
        return "has a value with = in it that is not in quotes";
    *has_type = *has_type || is_type(pair, equals);
    return NULL;
}

static const char *check_line(const char *line, const char *end)
{
    const char *mistake = NULL, *pair, *next;
    int has_type = 0;

    if (!find(line, end, '\0'))
        return "has a quote that is not closed";
    for (pair = line; !mistake && !is_blank(pair, end); pair = next < end ? next + 1 : end) {
        next = find(pair, end, ';');
        mistake = check_pair(&has_type, pair, next);
    }
    return mistake ? mistake : has_type ? NULL : "has a line without a type: IM would take it for nothing";
}

/* Two backslashes and an n are a newline in a value. */
static const char *end_of(const char *line)
{
    const char *end = line;

    while (*end && *end != '\n' && !(end[0] == '\\' && end[1] == 'n' && (end == line || end[-1] != '\\')))
        end++;
    return end;
}

const char *orc_im_lines_mistake(const char *lines)
{
    const char *mistake = NULL, *end;

    for (; !mistake && *lines; lines = end + (*end == '\\') + (*end != '\0')) {
        end = end_of(lines);
        lines += strspn(lines, " \t");
        if (lines < end && *lines != '#')
            mistake = check_line(lines, end);
    }
    return mistake;
}
