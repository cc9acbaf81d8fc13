/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "orc_time.h"

/* TOSCA 1.0's simple types (its sections 3.2 and 3.3): reading and comparing their values. */

static const char *const kind_names[] = {
    [ORC_TOSCA_STRING] = "string",
    [ORC_TOSCA_INTEGER] = "integer",
    [ORC_TOSCA_FLOAT] = "float",
    [ORC_TOSCA_BOOLEAN] = "boolean",
    [ORC_TOSCA_NULL] = "null",
    [ORC_TOSCA_TIMESTAMP] = "timestamp",
    [ORC_TOSCA_VERSION] = "version",
    [ORC_TOSCA_RANGE] = "range",
    [ORC_TOSCA_SIZE] = "scalar-unit.size",
    [ORC_TOSCA_TIME] = "scalar-unit.time",
    [ORC_TOSCA_FREQUENCY] = "scalar-unit.frequency",
    [ORC_TOSCA_LIST] = "list",
    [ORC_TOSCA_MAP] = "map",
};

orc_tosca_kind_t orc_tosca_kind(const char *type)
{
    size_t i;

    if (!strncmp(type, "tosca:", 6))
        type += 6;
    for (i = ORC_TOSCA_STRING; i < sizeof(kind_names) / sizeof(*kind_names); i++)
        if (!strcmp(type, kind_names[i]))
            return (orc_tosca_kind_t)i;
    return !strcmp(type, "range_of_integer") ? ORC_TOSCA_RANGE : ORC_TOSCA_ANY;
}

/* Decimal digits, at least one, at most `most`; leaves *text after them. */
static int read_digits(json_int_t *out, const char **text, int most)
{
    const char *s = *text;

    for (*out = 0; apr_isdigit(*s); s++)
        if (s - *text >= most)
            return -1;
        else
            *out = *out * 10 + (*s - '0');
    if (s == *text)
        return -1;
    *text = s;
    return 0;
}

static int read_date(apr_int64_t *days, const char **text)
{
    const char *start = *text;
    json_int_t year, month, day;

    if (read_digits(&year, text, 4) || *text - start != 4 || *(*text)++ != '-' || read_digits(&month, text, 2) ||
        *(*text)++ != '-' || read_digits(&day, text, 2))
        return -1;
    return year && orc_time_day(days, (int)year, (int)month, (int)day) ? 0 : -1;
}

static json_int_t read_fraction(const char **text)
{
    json_int_t microseconds = 0, unit = 100000;

    for (; apr_isdigit(**text); (*text)++, unit /= 10)
        microseconds += (**text - '0') * unit;
    return microseconds;
}

/* "Z", "+2", "-05:00", or nothing (then it is UTC), up to the end. */
static int read_offset(json_int_t *seconds, const char *text)
{
    json_int_t hours, minutes = 0;
    int sign = *text == '-' ? -1 : 1;

    *seconds = 0;
    while (*text == ' ' || *text == '\t')
        text++;
    if (!*text || ((*text == 'Z' || *text == 'z') && !text[1]))
        return 0;
    sign = *text == '-' ? -1 : 1;
    if ((*text != '+' && *text != '-') || (text++, read_digits(&hours, &text, 2)) || hours > 23)
        return -1;
    if (*text == ':' && (text++, read_digits(&minutes, &text, 2)))
        return -1;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return *text || minutes > 59 ? -1 : 0;
}

/* YAML 1.1's timestamp, of which RFC 3339's times are a part: "2001-12-14", "2001-12-14t21:59:43.10-05:00". Without
 * leap seconds, which IM refuses. */
static int read_timestamp(apr_time_t *out, const char *text)
{
    json_int_t hour, minute, second, microseconds = 0, offset;
    apr_int64_t days;

    if (read_date(&days, &text))
        return -1;
    *out = days * 86400 * APR_USEC_PER_SEC;
    if (!*text)
        return 0;
    if (*text != 't' && *text != 'T' && *text != ' ' && *text != '\t')
        return -1;
    for (text++; *text == ' ' || *text == '\t';)
        text++;
    if (read_digits(&hour, &text, 2) || *text++ != ':' || read_digits(&minute, &text, 2) || *text++ != ':' ||
        read_digits(&second, &text, 2) || hour > 23 || minute > 59 || second > 59)
        return -1;
    if (*text == '.') {
        text++;
        microseconds = read_fraction(&text);
    }
    if (read_offset(&offset, text))
        return -1;
    *out += (hour * 3600 + minute * 60 + second - offset) * APR_USEC_PER_SEC + microseconds;
    return 0;
}

/* major[.minor[.fix[.qualifier[-build]]]]. TOSCA wants a minor number; people and IM take "7" for a version too.
 * A qualifier may have a "_" in TOSCA; IM's parser refuses it. */
static int read_version(orc_tosca_value_t *value, const char *text)
{
    const char *end;

    memset(&value->as, 0, sizeof(value->as));
    value->as.version.qualifier = "";
    if (read_digits(&value->as.version.parts[0], &text, 18))
        return -1;
    if (!*text)
        return 0;
    if (*text++ != '.' || read_digits(&value->as.version.parts[1], &text, 18))
        return -1;
    if (!*text)
        return 0;
    if (*text++ != '.' || read_digits(&value->as.version.parts[2], &text, 18))
        return -1;
    if (!*text)
        return 0;
    if (*text++ != '.')
        return -1;
    for (end = text; apr_isalnum(*end);)
        end++;
    if (end == text)
        return -1;
    value->as.version.qualifier = text;
    if (!*end)
        return 0;
    return *end++ != '-' || read_digits(&value->as.version.build, &end, 18) || *end ? -1 : 0;
}

typedef struct unit_t {
    orc_tosca_kind_t kind;
    const char *name;
    json_int_t factor;
} unit_t;

static const unit_t units[] = {
    {ORC_TOSCA_SIZE, "B", 1},
    {ORC_TOSCA_SIZE, "kB", 1000},
    {ORC_TOSCA_SIZE, "KiB", 1LL << 10},
    {ORC_TOSCA_SIZE, "MB", 1000000},
    {ORC_TOSCA_SIZE, "MiB", 1LL << 20},
    {ORC_TOSCA_SIZE, "GB", 1000000000},
    {ORC_TOSCA_SIZE, "GiB", 1LL << 30},
    {ORC_TOSCA_SIZE, "TB", 1000000000000},
    {ORC_TOSCA_SIZE, "TiB", 1LL << 40},
    {ORC_TOSCA_TIME, "ns", 1},
    {ORC_TOSCA_TIME, "us", 1000},
    {ORC_TOSCA_TIME, "ms", 1000000},
    {ORC_TOSCA_TIME, "s", 1000000000},
    {ORC_TOSCA_TIME, "m", 60000000000},
    {ORC_TOSCA_TIME, "h", 3600000000000},
    {ORC_TOSCA_TIME, "d", 86400000000000},
    {ORC_TOSCA_FREQUENCY, "Hz", 1},
    {ORC_TOSCA_FREQUENCY, "kHz", 1000},
    {ORC_TOSCA_FREQUENCY, "MHz", 1000000},
    {ORC_TOSCA_FREQUENCY, "GHz", 1000000000},
};

/* The number before a unit: at most 15 digits in all and 9 after the point, so that two of them compare in 128 bits. */
static int read_decimal(orc_tosca_value_t *value, const char **text)
{
    const char *s = *text;
    int digits = 0, seen_point = 0;

    value->as.unit.digits = value->as.unit.decimals = 0;
    for (; apr_isdigit(*s) || (*s == '.' && !seen_point); s++) {
        if (*s == '.') {
            seen_point = 1;
            continue;
        }
        value->as.unit.digits = value->as.unit.digits * 10 + (*s - '0');
        value->as.unit.decimals += seen_point;
        if (++digits > 15 || value->as.unit.decimals > 9)
            return -1;
    }
    if (!digits || s[-1] == '.' || **text == '.')
        return -1;
    *text = s;
    return 0;
}

/* TOSCA takes units in any case and any space before them. */
static int read_unit(orc_tosca_value_t *value, const char *text)
{
    size_t i;

    memset(&value->as, 0, sizeof(value->as));
    if (read_decimal(value, &text))
        return -1;
    while (*text == ' ' || *text == '\t')
        text++;
    for (i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (units[i].kind == value->kind && !strcasecmp(units[i].name, text)) {
            value->as.unit.factor = units[i].factor;
            return 0;
        }
    return -1;
}

static int read_range(const json_t *json)
{
    const json_t *low = json_array_get(json, 0), *high = json_array_get(json, 1);

    if (json_array_size(json) != 2 || !json_is_integer(low))
        return -1;
    if (json_is_string(high))
        return strcmp(json_string_value(high), "UNBOUNDED") ? -1 : 0;
    return json_is_integer(high) && json_integer_value(low) <= json_integer_value(high) ? 0 : -1;
}

/* What is said of a value that is none of its kind. */
static const char *const problems[] = {
    [ORC_TOSCA_ANY] = "",
    [ORC_TOSCA_STRING] = "is no string",
    [ORC_TOSCA_INTEGER] = "is no integer",
    [ORC_TOSCA_FLOAT] = "is no number",
    [ORC_TOSCA_BOOLEAN] = "is no boolean (true or false)",
    [ORC_TOSCA_NULL] = "is not null",
    [ORC_TOSCA_TIMESTAMP] = "is no timestamp (a string like \"2024-01-31T10:00:00Z\")",
    [ORC_TOSCA_VERSION] = "is no version (a string like \"7\", \"1.10\" or \"1.2.3.beta-4\")",
    [ORC_TOSCA_RANGE] = "is no range (two integers in order, the second may be \"UNBOUNDED\")",
    [ORC_TOSCA_SIZE] = "is no size (a string of a number and B, kB, KiB, MB, MiB, GB, GiB, TB or TiB)",
    [ORC_TOSCA_TIME] = "is no time (a string of a number and d, h, m, s, ms, us or ns)",
    [ORC_TOSCA_FREQUENCY] = "is no frequency (a string of a number and Hz, kHz, MHz or GHz)",
    [ORC_TOSCA_LIST] = "is no list",
    [ORC_TOSCA_MAP] = "is no map",
    [ORC_TOSCA_DATA] = "is no map of properties",
};

int orc_tosca_value_read(orc_tosca_value_t *value, const char **problem, orc_tosca_kind_t kind, const json_t *json)
{
    const char *text = json_is_string(json) ? json_string_value(json) : NULL;
    int wrong = 0;

    value->kind = kind;
    value->json = json;
    *problem = problems[kind];
    if (orc_json_is_out_of_range(json)) {
        *problem = "is a number out of range";
        return -1;
    }
    switch (kind) {
    case ORC_TOSCA_STRING:
        wrong = !text;
        break;
    case ORC_TOSCA_INTEGER:
        wrong = !json_is_integer(json);
        break;
    case ORC_TOSCA_FLOAT:
        wrong = !json_is_number(json);
        break;
    case ORC_TOSCA_BOOLEAN:
        wrong = !json_is_boolean(json);
        break;
    case ORC_TOSCA_NULL:
        wrong = !json_is_null(json);
        break;
    case ORC_TOSCA_TIMESTAMP:
        wrong = !text || read_timestamp(&value->as.time, text);
        break;
    case ORC_TOSCA_VERSION:
        wrong = !text || read_version(value, text);
        break;
    case ORC_TOSCA_RANGE:
        wrong = read_range(json);
        break;
    case ORC_TOSCA_SIZE:
    case ORC_TOSCA_TIME:
    case ORC_TOSCA_FREQUENCY:
        wrong = !text || read_unit(value, text);
        break;
    default:
        break;
    }
    return wrong ? -1 : 0;
}

int orc_tosca_kind_is_scalar(orc_tosca_kind_t kind)
{
    switch (kind) {
    case ORC_TOSCA_ANY:
    case ORC_TOSCA_NULL:
    case ORC_TOSCA_RANGE:
    case ORC_TOSCA_LIST:
    case ORC_TOSCA_MAP:
    case ORC_TOSCA_DATA:
        return 0;
    default:
        return 1;
    }
}

int orc_tosca_kind_has_order(orc_tosca_kind_t kind)
{
    switch (kind) {
    case ORC_TOSCA_STRING:
    case ORC_TOSCA_INTEGER:
    case ORC_TOSCA_FLOAT:
    case ORC_TOSCA_TIMESTAMP:
    case ORC_TOSCA_VERSION:
    case ORC_TOSCA_SIZE:
    case ORC_TOSCA_TIME:
    case ORC_TOSCA_FREQUENCY:
        return 1;
    default:
        return 0;
    }
}

static int order(int less, int greater)
{
    return less ? -1 : greater;
}

static int compare_numbers(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b))
        return order(json_integer_value(a) < json_integer_value(b), json_integer_value(a) > json_integer_value(b));
    return order(json_number_value(a) < json_number_value(b), json_number_value(a) > json_number_value(b));
}

/* A qualifier marks what came before the release: "1.0.0.beta" is older than "1.0.0". */
static int compare_versions(const orc_tosca_value_t *a, const orc_tosca_value_t *b)
{
    const char *left = a->as.version.qualifier, *right = b->as.version.qualifier;
    size_t left_length = strcspn(left, "-"), right_length = strcspn(right, "-");
    int i, found;

    for (i = 0; i < 3; i++)
        if (a->as.version.parts[i] != b->as.version.parts[i])
            return order(a->as.version.parts[i] < b->as.version.parts[i], 1);
    if (!left_length != !right_length)
        return left_length ? -1 : 1;
    found = strncmp(left, right, left_length < right_length ? left_length : right_length);
    if (found)
        return found;
    if (left_length != right_length)
        return order(left_length < right_length, 1);
    return order(a->as.version.build<b->as.version.build, a->as.version.build> b->as.version.build);
}

static __int128 power_of_ten(int exponent)
{
    __int128 power = 1;

    while (exponent-- > 0)
        power *= 10;
    return power;
}

/* Exact: 15 digits (10^15) by 86400000000000 (a day in ns) by 10^9 is below 2^127. */
static int compare_units(const orc_tosca_value_t *a, const orc_tosca_value_t *b)
{
    __int128 left = (__int128)a->as.unit.digits * a->as.unit.factor * power_of_ten(b->as.unit.decimals);
    __int128 right = (__int128)b->as.unit.digits * b->as.unit.factor * power_of_ten(a->as.unit.decimals);

    return order(left<right, left> right);
}

int orc_tosca_value_compare(const orc_tosca_value_t *a, const orc_tosca_value_t *b)
{
    switch (a->kind) {
    case ORC_TOSCA_STRING:
        return strcmp(json_string_value(a->json), json_string_value(b->json));
    case ORC_TOSCA_INTEGER:
    case ORC_TOSCA_FLOAT:
        return compare_numbers(a->json, b->json);
    case ORC_TOSCA_TIMESTAMP:
        return order(a->as.time<b->as.time, a->as.time> b->as.time);
    case ORC_TOSCA_VERSION:
        return compare_versions(a, b);
    case ORC_TOSCA_SIZE:
    case ORC_TOSCA_TIME:
    case ORC_TOSCA_FREQUENCY:
        return compare_units(a, b);
    default:
        return !json_equal(a->json, b->json);
    }
}

json_t *orc_tosca_scalar_to_json(const orc_yaml_node_t *scalar, orc_tosca_kind_t kind)
{
    json_int_t integer;
    double real;
    int boolean;

    if (orc_yaml_is_null(scalar))
        return orc_yaml_to_json(scalar);
    if (kind == ORC_TOSCA_INTEGER && !orc_yaml_integer(&integer, scalar->text))
        return json_integer(integer);
    if (kind == ORC_TOSCA_FLOAT && !orc_yaml_float(&real, scalar->text))
        return json_real(real);
    if (kind == ORC_TOSCA_FLOAT && !orc_yaml_integer(&integer, scalar->text))
        return json_real((double)integer);
    if (kind == ORC_TOSCA_BOOLEAN && !orc_yaml_boolean(&boolean, scalar->text))
        return json_boolean(boolean);
    if (kind == ORC_TOSCA_ANY || kind == ORC_TOSCA_DATA || kind == ORC_TOSCA_INTEGER || kind == ORC_TOSCA_FLOAT ||
        kind == ORC_TOSCA_BOOLEAN)
        return orc_yaml_to_json(scalar);
    return json_stringn(scalar->text, scalar->length);
}
