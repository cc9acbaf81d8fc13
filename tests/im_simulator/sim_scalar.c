/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_scalar.h"

#include <apr_strings.h>
#include <math.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAGS "tag:yaml.org,2002:"

/* The implicit types of YAML 1.1 as PyYAML has them. */
#define INT_PATTERN                                                                                                    \
    "^([-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+)$"
#define FLOAT_PATTERN                                                                                                  \
    "^([-+]?[0-9][0-9_]*\\.[0-9_]*([eE][-+][0-9]+)?|\\.[0-9][0-9_]*([eE][-+][0-9]+)?|"                                 \
    "[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\\.[0-9_]*|[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN))$"
#define DATE_PATTERN                                                                                                   \
    "^([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}"             \
    "(\\.[0-9]*)?([ \t]*(Z|[-+][0-9]{1,2}(:[0-9]{2})?))?)$"

static regex_t int_regex, float_regex, date_regex;
static pthread_once_t regexes_once = PTHREAD_ONCE_INIT;

static void compile_regexes(void)
{
    if (regcomp(&int_regex, INT_PATTERN, REG_EXTENDED | REG_NOSUB) ||
        regcomp(&float_regex, FLOAT_PATTERN, REG_EXTENDED | REG_NOSUB) ||
        regcomp(&date_regex, DATE_PATTERN, REG_EXTENDED | REG_NOSUB)) {
        abort();
    }
}

static int is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++) {
        if (!strcmp(text, *words)) {
            return 1;
        }
    }
    return 0;
}

static int is_bool(const char *text)
{
    static const char *const bools[] = {"yes", "Yes", "YES", "no",  "No",  "NO",    "true",  "True",  "TRUE", "on",
                                        "On",  "ON",  "off", "Off", "OFF", "false", "False", "FALSE", NULL};
    return is_one_of(text, bools);
}

sim_kind_t sim_scalar_kind(const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};

    if (is_one_of(text, nulls)) {
        return SIM_NULL;
    }
    if (!strchr("-+.0123456789nNyYtTfFoO<=", *text)) {
        return SIM_STRING;
    }
    if (is_bool(text)) {
        return SIM_BOOL;
    }
    if (!strcmp(text, "<<") || !strcmp(text, "=")) {
        return *text == '=' ? SIM_VALUE : SIM_MERGE;
    }
    if (!strchr("-+.0123456789", *text)) {
        return SIM_STRING;
    }
    pthread_once(&regexes_once, compile_regexes);
    if (!regexec(&int_regex, text, 0, NULL, 0)) {
        return SIM_INT;
    }
    if (!regexec(&float_regex, text, 0, NULL, 0)) {
        return SIM_FLOAT;
    }
    return regexec(&date_regex, text, 0, NULL, 0) ? SIM_STRING : SIM_DATE;
}

int sim_scalar_kind_of_tag(sim_kind_t *kind, const char *tag)
{
    static const struct {
        const char *name;
        sim_kind_t kind;
    } tags[] = {{"null", SIM_NULL},  {"bool", SIM_BOOL},   {"int", SIM_INT},
                {"str", SIM_STRING}, {"float", SIM_FLOAT}, {"timestamp", SIM_DATE}};

    for (size_t i = 0; !strncmp(tag, TAGS, strlen(TAGS)) && i < sizeof(tags) / sizeof(*tags); i++) {
        if (!strcmp(tag + strlen(TAGS), tags[i].name)) {
            *kind = tags[i].kind;
            return 1;
        }
    }
    return 0;
}

static const char *date_problem(const char *text)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, length;

    if (sscanf(text, "%d-%d-%d%*[Tt \t]%d:%d:%d", &year, &month, &day, &hour, &minute, &second) < 3) {
        return "'NoneType' object has no attribute 'groupdict'";
    }
    if (year < 1) {
        return "year 0 is out of range";
    }
    if (month < 1 || month > 12) {
        return "month must be in 1..12";
    }
    length = days[month - 1] + (month == 2 && (year % 4 == 0 && (year % 100 || year % 400 == 0)));
    if (day < 1 || day > length) {
        return "day is out of range for month";
    }
    return hour > 23     ? "hour must be in 0..23"
           : minute > 59 ? "minute must be in 0..59"
           : second > 59 ? "second must be in 0..59"
                         : NULL;
}

const char *sim_scalar_problem(sim_kind_t kind, const char *text, apr_pool_t *pool)
{
    sim_kind_t found = sim_scalar_kind(text);

    switch (kind) {
    case SIM_BOOL:
        return is_bool(text) ? NULL : apr_psprintf(pool, "'%s'", text);
    case SIM_INT:
        return found == SIM_INT ? NULL : apr_psprintf(pool, "invalid literal for int() with base 10: '%s'", text);
    case SIM_FLOAT:
        return found == SIM_FLOAT || found == SIM_INT
                   ? NULL
                   : apr_psprintf(pool, "could not convert string to float: '%s'", text);
    case SIM_DATE:
        return date_problem(text);
    case SIM_VALUE:
    case SIM_MERGE:
        return apr_psprintf(pool, "could not determine a constructor for the tag '" TAGS "%s'",
                            kind == SIM_VALUE ? "value" : "merge");
    default:
        return NULL;
    }
}

int sim_scalar_bool(const char *text)
{
    return strchr("yYtT", *text) || !strcasecmp(text, "on");
}

/* The digits without underscores and sign; *sign gets 1 or -1. */
static void bare_digits(char *digits, size_t room, int *sign, const char *text)
{
    size_t length = 0;

    *sign = *text == '-' ? -1 : 1;
    text += *text == '-' || *text == '+';
    for (; *text && length < room - 1; text++) {
        if (*text != '_') {
            digits[length++] = *text;
        }
    }
    digits[length] = '\0';
}

json_int_t sim_scalar_integer(const char *text)
{
    char digits[64], *rest;
    json_int_t value;
    int sign;

    bare_digits(digits, sizeof(digits), &sign, text);
    if (!strncmp(digits, "0b", 2)) {
        return sign * strtoll(digits + 2, NULL, 2);
    }
    value = strtoll(digits, &rest, 0);
    while (*rest == ':') {
        value = value * 60 + strtoll(rest + 1, &rest, 10);
    }
    return sign * value;
}

double sim_scalar_float(const char *text)
{
    char digits[512], *rest;
    double value;
    int sign;

    bare_digits(digits, sizeof(digits), &sign, text);
    if (!strcasecmp(digits, ".inf")) {
        return sign * INFINITY;
    }
    if (!strcasecmp(digits, ".nan")) {
        return NAN;
    }
    value = strtod(digits, &rest);
    while (*rest == ':') {
        value = value * 60 + strtod(rest + 1, &rest);
    }
    return sign * value;
}

int sim_scalar_has_time(const char *text)
{
    return strchr(text, ':') != NULL;
}
