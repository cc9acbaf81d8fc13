/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_yaml.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "orc_words.h"

/* YAML 1.1's plain scalars (https://yaml.org/type/), in the spellings that PyYAML takes: IM reads our text with it, so
 * what we think a scalar is must be what IM thinks. */

static int is_null_word(const char *text)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL", NULL};

    return orc_words_find(words, text) != NULL;
}

int orc_yaml_boolean(int *out, const char *text)
{
    static const char *const yes[] = {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", NULL};
    static const char *const no[] = {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF", NULL};

    if (!*text || !strchr("yYtToOnNfF", *text) || (!orc_words_find(yes, text) && !orc_words_find(no, text)))
        return -1;
    *out = orc_words_find(yes, text) != NULL;
    return 0;
}

static const char *skip_sign(const char *text)
{
    return *text == '+' || *text == '-' ? text + 1 : text;
}

/* The first byte that is none of `set`. */
static const char *skip(const char *text, const char *set)
{
    return text + strspn(text, set);
}

/* After digits: one or more ":d" or ":dd" below 60. NULL when there is none. */
static const char *skip_sexagesimal(const char *text)
{
    const char *start = text;

    while (*text == ':' && text[1] >= '0' && text[1] <= '9') {
        if (text[1] <= '5' && text[2] >= '0' && text[2] <= '9')
            text += 3;
        else
            text += 2;
    }
    return text > start ? text : NULL;
}

static int is_integer(const char *text)
{
    const char *end;

    text = skip_sign(text);
    if (*text == '0') {
        if (!text[1])
            return 1;
        if (text[1] == 'b')
            return *skip(text + 2, "_") && !*skip(text + 2, "01_");
        if (text[1] == 'x')
            return *skip(text + 2, "_") && !*skip(text + 2, "0123456789abcdefABCDEF_");
        return !*skip(text + 1, "01234567_");
    }
    if (*text < '1' || *text > '9')
        return 0;
    end = skip(text, "0123456789_");
    if (!*end)
        return 1;
    end = skip_sexagesimal(end);
    return end && !*end;
}

/* Nothing, or an exponent with its sign, up to the end. */
static int is_exponent(const char *text)
{
    if (!*text)
        return 1;
    return (*text == 'e' || *text == 'E') && (text[1] == '+' || text[1] == '-') && text[2] &&
           !*skip(text + 2, "0123456789");
}

static int is_infinity_or_nan(const char *text)
{
    static const char *const infinity[] = {".inf", ".Inf", ".INF", NULL};
    static const char *const nan[] = {".nan", ".NaN", ".NAN", NULL};

    return *skip_sign(text) == '.' && (orc_words_find(infinity, skip_sign(text)) || orc_words_find(nan, text));
}

static int is_float(const char *text)
{
    const char *end;

    if (is_infinity_or_nan(text))
        return 1;
    if (*text == '.')
        return text[1] >= '0' && text[1] <= '9' && is_exponent(skip(text + 1, "0123456789_"));
    text = skip_sign(text);
    if (*text < '0' || *text > '9')
        return 0;
    end = skip(text, "0123456789_");
    if (*end == '.')
        return is_exponent(skip(end + 1, "0123456789_"));
    end = skip_sexagesimal(end);
    return end && *end == '.' && !*skip(end + 1, "0123456789_");
}

static const char *skip_digits(const char *text, int least, int most)
{
    int count = 0;

    while (count < most && text[count] >= '0' && text[count] <= '9')
        count++;
    return count < least ? NULL : text + count;
}

/* "[tT ]h:mm:ss[.f][ ][Z|+hh[:mm]]" up to the end. */
static int is_time_of_day(const char *text)
{
    if (*text == 't' || *text == 'T')
        text++;
    else if (*text == ' ' || *text == '\t')
        text = skip(text, " \t");
    else
        return 0;
    if (!(text = skip_digits(text, 1, 2)) || *text != ':' || !(text = skip_digits(text + 1, 2, 2)) || *text != ':' ||
        !(text = skip_digits(text + 1, 2, 2)))
        return 0;
    if (*text == '.')
        text = skip(text + 1, "0123456789");
    if (!*text)
        return 1;
    text = skip(text, " \t");
    if (*text == 'Z')
        return !text[1];
    if ((*text != '+' && *text != '-') || !(text = skip_digits(text + 1, 1, 2)))
        return 0;
    return !*text || (*text == ':' && (text = skip_digits(text + 1, 2, 2)) && !*text);
}

static int is_timestamp(const char *text)
{
    const char *month, *day, *end;

    if (!(month = skip_digits(text, 4, 4)) || *month != '-' || !(day = skip_digits(month + 1, 1, 2)) || *day != '-' ||
        !(end = skip_digits(day + 1, 1, 2)))
        return 0;
    if (!*end)
        return end == text + 10;
    return is_time_of_day(end);
}

int orc_yaml_is_readable(const char *text)
{
    const char *digits = skip_sign(text);

    if (!strcmp(text, "=") || !strcmp(text, "<<"))
        return 0;
    if (*digits == '0' && (digits[1] == 'b' || digits[1] == 'x') && digits[2] == '_')
        return *skip(digits + 2, "_") != '\0';
    return !is_timestamp(text);
}

orc_yaml_type_t orc_yaml_type(const orc_yaml_node_t *scalar)
{
    const char *text = scalar->text;
    int boolean;

    if (scalar->style != ORC_YAML_PLAIN)
        return ORC_YAML_STRING;
    if (is_null_word(text))
        return ORC_YAML_NULL;
    if (!orc_yaml_boolean(&boolean, text))
        return ORC_YAML_BOOLEAN;
    if (is_float(text))
        return ORC_YAML_FLOAT;
    if (is_integer(text))
        return ORC_YAML_INTEGER;
    return is_timestamp(text) ? ORC_YAML_TIMESTAMP : ORC_YAML_STRING;
}

static int base_of(const char **digits)
{
    const char *text = *digits;

    if (*text != '0' || !text[1])
        return 10;
    *digits = text[1] == 'b' || text[1] == 'x' ? text + 2 : text + 1;
    return text[1] == 'b' ? 2 : text[1] == 'x' ? 16 : 8;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return (c | 0x20) - 'a' + 10;
}

/* Digits of a base with "_" between them; a ":" makes what came before sixty times what it was. */
static int magnitude(apr_uint64_t *out, const char *text, int base)
{
    apr_uint64_t total = 0, part = 0;

    for (; *text; text++) {
        if (*text == '_')
            continue;
        if (*text == ':') {
            if (__builtin_add_overflow(total, part, &total) || __builtin_mul_overflow(total, 60, &total))
                return -1;
            part = 0;
        }
        else if (__builtin_mul_overflow(part, base, &part) || __builtin_add_overflow(part, digit_of(*text), &part))
            return -1;
    }
    return __builtin_add_overflow(total, part, out) ? -1 : 0;
}

int orc_yaml_integer(json_int_t *out, const char *text)
{
    const char *digits = skip_sign(text);
    apr_uint64_t most = APR_INT64_MAX, value;
    int base, is_negative = *text == '-';

    if (!is_integer(text))
        return -1;
    base = base_of(&digits);
    if (magnitude(&value, digits, base) || value > most + (apr_uint64_t)is_negative)
        return -1;
    *out = (json_int_t)(is_negative ? 0 - value : value);
    return 0;
}

static double sexagesimal_float(const char *text)
{
    double total = 0;
    char *end;

    for (;;) {
        total = total * 60 + strtod(text, &end);
        if (*end != ':')
            return total;
        text = end + 1;
    }
}

/* strtod takes no "_"; a number longer than this has no use for its further digits. */
static void copy_without_underscores(char *out, size_t size, const char *text)
{
    size_t used = 0;

    for (; *text && used + 1 < size; text++)
        if (*text != '_')
            out[used++] = *text;
    out[used] = '\0';
}

int orc_yaml_float(double *out, const char *text)
{
    const char *unsigned_text = skip_sign(text);
    char digits[512];
    double value;

    if (!is_float(text) || strlen(text) >= sizeof(digits))
        return -1;
    if (is_infinity_or_nan(text))
        return -1;
    copy_without_underscores(digits, sizeof(digits), unsigned_text);
    value = strchr(digits, ':') ? sexagesimal_float(digits) : strtod(digits, NULL);
    if (isinf(value))
        return -1;
    *out = *text == '-' ? -value : value;
    return 0;
}
