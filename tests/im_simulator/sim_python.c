/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_python.h"

#include <apr_strings.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *sim_python_type(const sim_node_t *node)
{
    switch (node ? node->kind : SIM_NULL) {
    case SIM_NULL:
        return "NoneType";
    case SIM_BOOL:
        return "bool";
    case SIM_INT:
        return "int";
    case SIM_FLOAT:
        return "float";
    case SIM_DATE:
        return sim_scalar_has_time(node->text) ? "datetime.datetime" : "datetime.date";
    case SIM_LIST:
        return "list";
    case SIM_MAP:
        return "dict";
    default:
        return "str";
    }
}

int sim_python_is_true(const sim_node_t *node)
{
    switch (node ? node->kind : SIM_NULL) {
    case SIM_NULL:
        return 0;
    case SIM_BOOL:
        return sim_scalar_bool(node->text);
    case SIM_INT:
        return sim_scalar_integer(node->text) != 0;
    case SIM_FLOAT:
        return sim_scalar_float(node->text) != 0;
    case SIM_DATE:
        return 1;
    case SIM_LIST:
    case SIM_MAP:
        return node->count > 0;
    default:
        return *node->text != '\0';
    }
}

/* ---- numbers and dates ---- */

int sim_python_is_number(const sim_node_t *node)
{
    return sim_node_is(node, SIM_INT) || sim_node_is(node, SIM_FLOAT) || sim_node_is(node, SIM_BOOL);
}

double sim_python_number(const sim_node_t *node)
{
    return node->kind == SIM_BOOL  ? sim_scalar_bool(node->text)
           : node->kind == SIM_INT ? (double)sim_scalar_integer(node->text)
                                   : sim_scalar_float(node->text);
}

/* Like "1.5": digits before and after the point, as Python writes numbers from 1e-4 to 1e16. */
static void write_fixed(char *buffer, size_t size, double value, int digits, int exponent)
{
    int decimals = digits - 1 - exponent;
    snprintf(buffer, size, "%.*f", decimals > 0 ? decimals : 1, value);
}

void sim_python_float(char *buffer, size_t size, double value)
{
    char scientific[64];
    int digits = 0, exponent;

    if (!isfinite(value)) {
        snprintf(buffer, size, "%s", isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return;
    }
    do {
        snprintf(scientific, sizeof(scientific), "%.*e", digits++, value);
    } while (digits < 17 && strtod(scientific, NULL) != value);
    exponent = atoi(strchr(scientific, 'e') + 1);
    if (exponent >= -4 && exponent < 16) {
        write_fixed(buffer, size, value, digits, exponent);
    }
    else {
        snprintf(buffer, size, "%s", scientific);
    }
}

typedef struct {
    int year, month, day, hour, minute, second, microsecond;
    char zone[16]; /* "+02:00", or nothing */
} date_t;

static void read_zone(char *zone, size_t size, const char *text)
{
    int hours = 0, minutes = 0;

    text += strcspn(text, "Z+-");
    if (*text == 'Z' || *text == '+' || *text == '-') {
        sscanf(*text == 'Z' ? text : text + 1, "%2d:%2d", &hours, &minutes);
        snprintf(zone, size, "%c%02d:%02d", *text == '-' ? '-' : '+', hours % 100, minutes % 100);
    }
}

static date_t read_date(const char *text)
{
    date_t date = {0};
    int length = 0;
    char fraction[8] = "000000";

    sscanf(text, "%d-%d-%d%*[Tt \t]%d:%d:%d%n", &date.year, &date.month, &date.day, &date.hour, &date.minute,
           &date.second, &length);
    if (length && text[length] == '.') {
        for (int i = 0; i < 6 && text[length + 1 + i] >= '0' && text[length + 1 + i] <= '9'; i++) {
            fraction[i] = text[length + 1 + i];
        }
    }
    date.microsecond = atoi(fraction);
    if (length) {
        read_zone(date.zone, sizeof(date.zone), text + length);
    }
    return date;
}

static const char *date_str(const char *text, apr_pool_t *pool)
{
    date_t date = read_date(text);
    const char *day = apr_psprintf(pool, "%04d-%02d-%02d", date.year, date.month, date.day), *fraction;

    if (!sim_scalar_has_time(text)) {
        return day;
    }
    fraction = date.microsecond ? apr_psprintf(pool, ".%06d", date.microsecond) : "";
    return apr_psprintf(pool, "%s %02d:%02d:%02d%s%s", day, date.hour, date.minute, date.second, fraction, date.zone);
}

static const char *date_repr(const char *text, apr_pool_t *pool)
{
    date_t date = read_date(text);
    const char *seconds = date.second || date.microsecond ? apr_psprintf(pool, ", %d", date.second) : "";

    if (!sim_scalar_has_time(text)) {
        return apr_psprintf(pool, "datetime.date(%d, %d, %d)", date.year, date.month, date.day);
    }
    if (date.microsecond) {
        seconds = apr_psprintf(pool, "%s, %d", seconds, date.microsecond);
    }
    return apr_psprintf(pool, "datetime.datetime(%d, %d, %d, %d, %d%s)", date.year, date.month, date.day, date.hour,
                        date.minute, seconds);
}

/* ---- texts ---- */

/* A growing text. */
typedef struct {
    apr_pool_t *pool;
    char *text;
    size_t length, room;
} text_t;

static void append(text_t *text, const char *more, size_t length)
{
    if (text->length + length + 1 > text->room) {
        size_t room = (text->length + length + 1) * 2;
        char *longer = apr_palloc(text->pool, room);
        if (text->length) {
            memcpy(longer, text->text, text->length);
        }
        text->text = longer;
        text->room = room;
    }
    memcpy(text->text + text->length, more, length);
    text->length += length;
    text->text[text->length] = '\0';
}

static void append_word(text_t *text, const char *word)
{
    append(text, word, strlen(word));
}

/* Escapes what Python does not print; returns how many bytes of the source that were. */
static size_t append_escaped(text_t *text, const unsigned char *c, char quote)
{
    char escape[8];

    if (*c == '\\' || *c == (unsigned char)quote) {
        apr_snprintf(escape, sizeof(escape), "\\%c", *c);
    }
    else if (*c == '\n' || *c == '\r' || *c == '\t') {
        apr_snprintf(escape, sizeof(escape), "\\%c", *c == '\n' ? 'n' : *c == '\r' ? 'r' : 't');
    }
    else if (*c < 0x20 || *c == 0x7f) {
        apr_snprintf(escape, sizeof(escape), "\\x%02x", *c);
    }
    else if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0xa0) {
        apr_snprintf(escape, sizeof(escape), "\\x%02x", c[1]);
        append_word(text, escape);
        return 2;
    }
    else {
        append(text, (const char *)c, 1);
        return 1;
    }
    append_word(text, escape);
    return 1;
}

static void append_quoted(text_t *text, const char *source)
{
    char quote = strchr(source, '\'') && !strchr(source, '"') ? '"' : '\'';

    append(text, &quote, 1);
    for (const unsigned char *c = (const unsigned char *)source; *c;) {
        c += append_escaped(text, c, quote);
    }
    append(text, &quote, 1);
}

static const char *scalar_str(const sim_node_t *node, apr_pool_t *pool)
{
    char number[64];

    switch (node ? node->kind : SIM_NULL) {
    case SIM_NULL:
        return "None";
    case SIM_BOOL:
        return sim_scalar_bool(node->text) ? "True" : "False";
    case SIM_INT:
        if (strspn(node->text, "0123456789") == strlen(node->text) && (*node->text != '0' || !node->text[1])) {
            return node->text; /* also where it has more digits than a machine's integer */
        }
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)sim_scalar_integer(node->text));
    case SIM_FLOAT:
        sim_python_float(number, sizeof(number), sim_scalar_float(node->text));
        return apr_pstrdup(pool, number);
    default:
        return node->text;
    }
}

static void append_repr(text_t *text, const sim_node_t *node)
{
    int is_map = sim_node_is(node, SIM_MAP);

    if (!is_map && !sim_node_is(node, SIM_LIST)) {
        if (sim_node_is(node, SIM_STRING)) {
            append_quoted(text, node->text);
        }
        else {
            append_word(text,
                        sim_node_is(node, SIM_DATE) ? date_repr(node->text, text->pool) : scalar_str(node, text->pool));
        }
        return;
    }
    append_word(text, is_map ? "{" : "[");
    for (int i = 0; i < node->count; i++) {
        append_word(text, i ? ", " : "");
        if (is_map) {
            append_repr(text, node->keys[i]);
            append_word(text, ": ");
        }
        append_repr(text, node->values[i]);
    }
    append_word(text, is_map ? "}" : "]");
}

const char *sim_python_repr(const sim_node_t *node, apr_pool_t *pool)
{
    text_t text = {.pool = pool};
    append_repr(&text, node);
    return text.text;
}

const char *sim_python_repr_text(const char *source, apr_pool_t *pool)
{
    text_t text = {.pool = pool};
    append_quoted(&text, source);
    return text.text;
}

const char *sim_python_str(const sim_node_t *node, apr_pool_t *pool)
{
    if (sim_node_is(node, SIM_LIST) || sim_node_is(node, SIM_MAP)) {
        return sim_python_repr(node, pool);
    }
    return sim_node_is(node, SIM_DATE) ? date_str(node->text, pool) : scalar_str(node, pool);
}

/* ---- JSON ---- */

const char *sim_python_json_problem(const sim_node_t *node, int is_strict, apr_pool_t *pool)
{
    const char *problem;

    if (sim_node_is(node, SIM_DATE)) {
        return apr_psprintf(pool, "Object of type %s is not JSON serializable",
                            sim_python_type(node) + strlen("datetime."));
    }
    if (is_strict && sim_node_is(node, SIM_FLOAT) && !isfinite(sim_scalar_float(node->text))) {
        return "Out of range float values are not JSON compliant";
    }
    for (int i = 0; node && i < node->count; i++) {
        if (sim_node_is(node->keys[i], SIM_DATE)) {
            return apr_psprintf(pool, "keys must be str, int, float, bool or None, not %s",
                                sim_python_type(node->keys[i]));
        }
        if ((problem = sim_python_json_problem(node->values[i], is_strict, pool))) {
            return problem;
        }
    }
    return NULL;
}
