/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_redact.h"
#include "orc_redact_forms.h"

enum { MAX_NAME = 128 }; /* before a ":" or "=" */

static const char blanks[] = " \t";

static int is_of_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("_.- ", c);
}

static int is_quote(char c)
{
    return c == '"' || c == '\'';
}

/* ---- values: where one ends ---- */

/* Behind the quote that closes: JSON within JSON has as many backslashes before it as before the one that opens. */
static const char *quoted_end(const char *value)
{
    size_t escapes = strspn(value, "\\"), seen = 0;
    const char quote = value[escapes], *at;

    for (at = value + escapes + 1; *at && *at != '\n'; at++) {
        if (*at == quote && seen <= escapes)
            return at - seen;
        seen = *at == '\\' ? seen + 1 : 0;
    }
    return at;
}

/* A list or an object, to the bracket that closes it. */
static const char *nested_end(const char *value)
{
    const char *at = value;
    long depth = 0;

    do {
        if (*at == '[' || *at == '{')
            depth++;
        else if (*at == ']' || *at == '}')
            depth--;
    } while (*at++ && depth > 0);
    return depth > 0 ? value + strlen(value) : at;
}

static int is_nothing(const char *value, const char *end)
{
    static const char *const words[] = {"null", "none", "true", "false", ORC_REDACTED};
    size_t length = (size_t)(end - value), i;

    while (length > 0 && strchr(", \t\r}])", value[length - 1]))
        length--;
    for (i = 0; i < sizeof words / sizeof *words; i++) {
        if (length == strlen(words[i]) && strncasecmp(value, words[i], length) == 0)
            return 1;
    }
    return length == 0;
}

/* A value that follows a name; `ends`: what a bare one ends with. *value moves to its first letter. NULL: it is none.
 */
static const char *value_end(const char **value, const char *ends)
{
    const char *at = *value + strspn(*value, blanks), *end;
    size_t escapes = strspn(at, "\\");

    *value = at;
    if (is_quote(at[escapes])) {
        end = quoted_end(at);
        *value = at + escapes + 1;
    }
    else if (*at == '[' || *at == '{') {
        end = nested_end(at);
    }
    else {
        end = at + strcspn(at, ends);
    }
    return is_nothing(*value, end) ? NULL : end;
}

/* ---- secrets by their names ---- */

/* "name: value", "name=value", "\"name\": value", "name => value". */
static const char *find_named(const char *text, const char **end)
{
    const char *separator, *name, *last, *value;

    for (separator = text; (separator = strpbrk(separator, ":=")); separator++) {
        int has_quotes = 0;

        for (last = separator; last > text && strchr(" \t", last[-1]); last--)
            ;
        for (; last > text && (is_quote(last[-1]) || last[-1] == '\\'); last--)
            has_quotes = 1;
        for (name = last; name > text && last - name < MAX_NAME && is_of_name(name[-1]); name--)
            ;
        if (!orc_redact_is_name(name, (size_t)(last - name)))
            continue;
        value = separator + 1 + (separator[0] == '=' && separator[1] == '>');
        *end = value_end(&value, has_quotes ? ",}] \t\r\n" : *separator == ':' ? "\r\n" : " \t\r\n\"'");
        if (*end)
            return value;
    }
    return NULL;
}

/* "--password value" */
static const char *find_option(const char *text, const char **end)
{
    const char *option, *value;

    for (option = text; (option = strstr(option, "--")); option = value) {
        option += 2;
        value = option + strcspn(option, " \t\r\n\"':=");
        if (!strchr(blanks, *value) || !*value || !orc_redact_is_name(option, (size_t)(value - option)))
            continue;
        option = value;
        *end = value_end(&option, " \t\r\n\"'");
        if (*end && *option != '-')
            return option;
    }
    return NULL;
}

/* ---- the text ---- */

enum { KINDS = ORC_REDACT_FORMS + 2 };

typedef struct scan_t {
    orc_redact_finder_t finders[KINDS];
    const char *begins[KINDS], *ends[KINDS]; /* of the next of each; NULL: there is none any more */
} scan_t;

static void start(scan_t *scan, const char *text)
{
    int i;

    memcpy(scan->finders, orc_redact_forms, sizeof orc_redact_forms);
    scan->finders[ORC_REDACT_FORMS] = find_named;
    scan->finders[ORC_REDACT_FORMS + 1] = find_option;
    for (i = 0; i < KINDS; i++)
        scan->begins[i] = scan->finders[i](text, &scan->ends[i]);
}

/* The first one from `text` on. Each finder goes on from where it is, so that all is looked at once. */
static const char *next(scan_t *scan, const char *text, const char **end)
{
    const char *first = NULL;
    int i;

    for (i = 0; i < KINDS; i++) {
        if (scan->begins[i] && scan->begins[i] < text)
            scan->begins[i] = scan->finders[i](text, &scan->ends[i]);
        if (scan->begins[i] && (!first || scan->begins[i] < first)) {
            first = scan->begins[i];
            *end = scan->ends[i];
        }
    }
    return first;
}

const char *orc_redact_text(const char *text, int *redacted, apr_pool_t *pool)
{
    apr_array_header_t *parts = apr_array_make(pool, 8, sizeof(const char *));
    const char *begin, *end;
    scan_t scan;

    *redacted = 0;
    if (!text)
        return NULL;
    for (start(&scan, text); (begin = next(&scan, text, &end)); text = end) {
        APR_ARRAY_PUSH(parts, const char *) = apr_pstrmemdup(pool, text, (apr_size_t)(begin - text));
        APR_ARRAY_PUSH(parts, const char *) = ORC_REDACTED;
        *redacted = 1;
    }
    APR_ARRAY_PUSH(parts, const char *) = text;
    return apr_array_pstrcat(pool, parts, 0);
}
