/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_value.h"

#include "sim_python.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <math.h>
#include <pthread.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_PATTERN "^([0-9]+)(\\.([0-9]+))?(\\.([0-9]+))?(\\.([0-9A-Za-z]+))?(-([0-9]))*$"

static regex_t version_regex;
static pthread_once_t regex_once = PTHREAD_ONCE_INIT;

static void compile_regex(void)
{
    if (regcomp(&version_regex, VERSION_PATTERN, REG_EXTENDED)) {
        abort();
    }
}

typedef void check_fn(sim_problems_t *problems, const sim_node_t *value);

static void collect_no(sim_problems_t *problems, const sim_node_t *value, const char *what)
{
    sim_collect(problems, "ValueError: \"%s\" is not a%s.", sim_python_str(value, problems->pool), what);
}

/* Whether Python's int() reads a text: digits with single underscores between them, white space around. */
static int is_integer_text(const char *text)
{
    int digits = 0;

    text += strspn(text, " \t\n\r\f\v");
    text += *text == '-' || *text == '+';
    for (; apr_isdigit(*text) || (*text == '_' && digits && apr_isdigit(text[1])); text++) {
        digits++;
    }
    return digits && !text[strspn(text, " \t\n\r\f\v")];
}

int sim_value_is_integer(const sim_node_t *value)
{
    return sim_node_is(value, SIM_INT) || sim_node_is(value, SIM_BOOL) ||
           (sim_node_is(value, SIM_FLOAT) && isfinite(sim_scalar_float(value->text))) ||
           (sim_node_is(value, SIM_STRING) && is_integer_text(value->text));
}

static void check_string(sim_problems_t *problems, const sim_node_t *value)
{
    if (!sim_node_is(value, SIM_STRING)) {
        collect_no(problems, value, " string");
    }
}

static void check_integer(sim_problems_t *problems, const sim_node_t *value)
{
    if (!sim_value_is_integer(value)) {
        collect_no(problems, value, "n integer");
    }
}

static void check_float(sim_problems_t *problems, const sim_node_t *value)
{
    if (!sim_node_is(value, SIM_FLOAT)) {
        collect_no(problems, value, " float");
    }
}

static void check_number(sim_problems_t *problems, const sim_node_t *value)
{
    if (!sim_python_is_number(value)) {
        collect_no(problems, value, " numeric");
    }
}

static void check_boolean(sim_problems_t *problems, const sim_node_t *value)
{
    const char *text = sim_node_string(value);

    if (!sim_node_is(value, SIM_BOOL) && !(text && (!strcasecmp(text, "true") || !strcasecmp(text, "false")))) {
        collect_no(problems, value, " boolean");
    }
}

static void check_list(sim_problems_t *problems, const sim_node_t *value)
{
    if (!sim_node_is(value, SIM_LIST)) {
        collect_no(problems, value, " list");
    }
}

static void check_map(sim_problems_t *problems, const sim_node_t *value)
{
    if (!sim_node_is(value, SIM_MAP)) {
        collect_no(problems, value, " map");
    }
}

/* ---- ranges ---- */

/* The first two of a range as nodes; a text is a sequence of its letters. 0 when Python crashes. */
static int range_ends(const sim_node_t *ends[2], sim_problems_t *problems, const sim_node_t *value)
{
    if (sim_node_is(value, SIM_STRING)) {
        for (int i = 0; i < 2 && value->text[0] && value->text[i]; i++) {
            ends[i] = sim_node_new(SIM_STRING, apr_pstrmemdup(problems->pool, value->text + i, 1), problems->pool);
        }
    }
    else if (sim_node_is(value, SIM_LIST)) {
        for (int i = 0; i < 2 && i < value->count; i++) {
            ends[i] = value->values[i];
        }
    }
    if (!ends[0] || !ends[1]) {
        sim_crash(problems, sim_node_is(value, SIM_MAP) ? "0" : "%s index out of range",
                  sim_node_is(value, SIM_LIST) ? "list" : "string");
        return 0;
    }
    return 1;
}

static int is_unbounded(const sim_node_t *end)
{
    return sim_node_string(end) && !strcmp(end->text, "UNBOUNDED");
}

static void check_range(sim_problems_t *problems, const sim_node_t *value)
{
    const sim_node_t *ends[2] = {NULL, NULL};
    int is_above;

    check_list(problems, value);
    if (!sim_node_is(value, SIM_LIST) && !sim_node_is(value, SIM_STRING) && !sim_node_is(value, SIM_MAP)) {
        sim_crash(problems, "object of type '%s' has no len()", sim_python_type(value));
        return;
    }
    if ((value->kind == SIM_STRING ? (int)strlen(value->text) : value->count) != 2) {
        collect_no(problems, value, " valid range");
    }
    if (!range_ends(ends, problems, value)) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        if (!is_unbounded(ends[i])) {
            check_number(problems, ends[i]);
        }
    }
    if (is_unbounded(ends[0]) || is_unbounded(ends[1])) {
        return;
    }
    if (sim_python_is_number(ends[0]) && sim_python_is_number(ends[1])) {
        is_above = sim_python_number(ends[0]) > sim_python_number(ends[1]);
    }
    else if (sim_node_string(ends[0]) && sim_node_string(ends[1])) {
        is_above = strcmp(ends[0]->text, ends[1]->text) > 0;
    }
    else {
        sim_crash(problems, "'>' not supported between instances of '%s' and '%s'", sim_python_type(ends[0]),
                  sim_python_type(ends[1]));
        return;
    }
    if (is_above) {
        collect_no(problems, value, " valid range");
    }
}

/* ---- timestamps and versions ---- */

/* dateutil reads nearly every text that has a digit. */
static void check_timestamp(sim_problems_t *problems, const sim_node_t *value)
{
    const char *text = sim_node_string(value), *type = strrchr(sim_python_type(value), '.');
    const char *words;

    if (text && text[strcspn(text, "0123456789")]) {
        return;
    }
    words = text ? apr_psprintf(problems->pool, "Unknown string format: %s", text)
                 : apr_psprintf(problems->pool, "Parser must be a string or character stream, not %s",
                                type ? type + 1 : sim_python_type(value));
    sim_collect(problems, "ValueError: \"%s\" is not a valid timestamp. \"%s\"", sim_python_str(value, problems->pool),
                words);
}

static int is_zero(const char *text, const regmatch_t *match)
{
    return match->rm_so >= 0 && match->rm_eo == match->rm_so + 1 && text[match->rm_so] == '0';
}

/* major.minor.fix.qualifier-build: no qualifier without a fix or of 0.0.0, no build without a qualifier. */
static void check_version(sim_problems_t *problems, const sim_node_t *value)
{
    const char *text = sim_python_str(value, problems->pool);
    regmatch_t part[10];
    int is_valid;

    pthread_once(&regex_once, compile_regex);
    is_valid = !regexec(&version_regex, text, 10, part, 0);
    if (is_valid && part[7].rm_so >= 0) {
        is_valid =
            part[5].rm_so >= 0 && !(is_zero(text, &part[1]) && is_zero(text, &part[3]) && is_zero(text, &part[5]));
    }
    else if (is_valid) {
        is_valid = part[9].rm_so < 0;
    }
    if (!is_valid) {
        sim_collect(problems,
                    "InvalidTOSCAVersionPropertyException: Value of TOSCA version property \"%s\" is invalid.", text);
    }
}

/* ---- scalar units ---- */

static int is_word_character(char c)
{
    return apr_isalnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Splits "1.5 GB" as the regular expression ([0-9.]+)\s*(\w+) does, which takes the last digit of "4096" for a unit. */
static int split_unit(const char **number, const char **unit, const char *text, apr_pool_t *pool)
{
    for (size_t length = strspn(text, "0123456789."); length > 0; length--) {
        const char *word = text + length + strspn(text + length, " \t\n\r\f\v");
        size_t letters = 0;
        while (is_word_character(word[letters])) {
            letters++;
        }
        if (letters) {
            *number = apr_pstrmemdup(pool, text, length);
            *unit = apr_pstrmemdup(pool, word, letters);
            return 1;
        }
    }
    return 0;
}

static int is_float_text(const char *text)
{
    const char *point = strchr(text, '.');
    return text[strspn(text, ".")] && !(point && strchr(point + 1, '.'));
}

/* units ends with NULL and is in the order of Python's sorted(). */
static int is_unit(const char *unit, const char *const *units)
{
    for (; *units; units++) {
        if (!strcasecmp(unit, *units)) {
            return 1;
        }
    }
    return 0;
}

static const char *unit_names(const char *const *units, apr_pool_t *pool)
{
    const char *names = apr_psprintf(pool, "['%s'", *units);
    while (*++units) {
        names = apr_psprintf(pool, "%s, '%s'", names, *units);
    }
    return apr_pstrcat(pool, names, "]", NULL);
}

static void check_unit(sim_problems_t *problems, const sim_node_t *value, const char *const *units)
{
    const char *text = sim_python_str(value, problems->pool), *number, *unit;
    int is_split = split_unit(&number, &unit, text, problems->pool) && is_float_text(number);

    if (is_split && is_unit(unit, units)) {
        return;
    }
    if (is_split) {
        sim_collect(problems, "ValueError: The unit \"%s\" is not valid. Valid units are \"%s\".", unit,
                    unit_names(units, problems->pool));
    }
    sim_collect(problems, "ValueError: \"%s\" is not a valid scalar-unit.", text);
}

static const char *const sizes[] = {"B", "GB", "GiB", "KiB", "MB", "MiB", "TB", "TiB", "kB", NULL};

static void check_size(sim_problems_t *problems, const sim_node_t *value)
{
    check_unit(problems, value, sizes);
}

static void check_time(sim_problems_t *problems, const sim_node_t *value)
{
    static const char *const units[] = {"d", "h", "m", "ms", "ns", "s", "us", NULL};
    check_unit(problems, value, units);
}

static void check_frequency(sim_problems_t *problems, const sim_node_t *value)
{
    static const char *const units[] = {"GHz", "Hz", "MHz", "kHz", NULL};
    check_unit(problems, value, units);
}

const char *sim_value_size_problem(const sim_node_t *value, apr_pool_t *pool)
{
    const char *text = sim_python_str(value, pool), *number, *unit;

    if (split_unit(&number, &unit, text, pool) && is_float_text(number) && is_unit(unit, sizes)) {
        return NULL;
    }
    return apr_psprintf(pool, "\"%s\" is not a valid scalar-unit.", text);
}

/* ---- ports ---- */

static void check_port(sim_problems_t *problems, const sim_node_t *value)
{
    double port;

    check_integer(problems, value);
    if (!sim_python_is_number(value) && !sim_value_is_integer(value)) {
        sim_crash(problems, "'<' not supported between instances of '%s' and 'int'", sim_python_type(value));
        return;
    }
    port = sim_python_is_number(value) ? sim_python_number(value) : (double)atoll(value->text);
    if (port < 1 || port > 65535) {
        sim_collect(problems,
                    "ValidationError: The value \"%s\" of property \"None\" is out of range \"(min:1, max:65535)\".",
                    sim_python_str(value, problems->pool));
    }
}

static void check_ports(sim_problems_t *problems, const sim_node_t *value)
{
    const sim_node_t *source = sim_node_get(value, "source");

    if (sim_node_is(value, SIM_MAP) && !source && !sim_node_get(value, "source_range") &&
        !sim_node_get(value, "target") && !sim_node_get(value, "target_range")) {
        sim_collect(problems, "InvalidTypeAdditionalRequirementsError: Additional requirements for type "
                              "\"tosca.datatypes.network.PortSpec\" not met.");
    }
    if (sim_node_is(value, SIM_MAP) && sim_value_is_integer(source)) {
        check_port(problems, source);
        return;
    }
    if (sim_node_is(value, SIM_MAP)) {
        check_integer(problems, source);
    }
    sim_collect(problems, "ValueError: \"%s\" do not meet requirements for type \"PortSpec\".",
                sim_python_str(value, problems->pool));
}

/* ---- by type ---- */

static const struct {
    const char *type;
    check_fn *check;
} types[] = {{"integer", check_integer},
             {"string", check_string},
             {"boolean", check_boolean},
             {"float", check_float},
             {"range", check_range},
             {"number", check_number},
             {"timestamp", check_timestamp},
             {"list", check_list},
             {"map", check_map},
             {"scalar-unit.size", check_size},
             {"scalar-unit.frequency", check_frequency},
             {"scalar-unit.time", check_time},
             {"version", check_version},
             {"PortDef", check_port},
             {"PortSpec", check_ports}};

static check_fn *check_of(const char *type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        if (!strcmp(types[i].type, type)) {
            return types[i].check;
        }
    }
    return NULL;
}

int sim_value_is_type(const char *type)
{
    return check_of(type) != NULL;
}

void sim_value_check(sim_problems_t *problems, const sim_node_t *type, const sim_node_t *value)
{
    check_fn *check = sim_node_string(type) ? check_of(type->text) : NULL;

    if (check) {
        check(problems, value);
    }
    else if (sim_node_is(type, SIM_LIST) || sim_node_is(type, SIM_MAP)) {
        sim_crash(problems, "unhashable type: '%s'", sim_python_type(type));
    }
    else if (!sim_node_is(type, SIM_STRING)) {
        sim_crash(problems, "can only concatenate str (not \"%s\") to str", sim_python_type(type));
    }
    else if (!sim_node_is(value, SIM_MAP)) {
        sim_crash_without(problems, value, "keys");
    }
}
