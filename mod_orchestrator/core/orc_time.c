/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_time.h"

#include <apr_lib.h>
#include <apr_strings.h>

const char *orc_time_text(apr_time_t when, apr_pool_t *pool)
{
    apr_time_exp_t t;

    apr_time_exp_gmt(&t, when);
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
                        t.tm_hour, t.tm_min, t.tm_sec, t.tm_usec);
}

/* Reads exactly `digits` digits; -1 when they are not there. Moves *at past them. */
static int number(const char **at, int digits)
{
    int value = 0;

    while (digits-- > 0) {
        if (!apr_isdigit(**at))
            return -1;
        value = value * 10 + (*(*at)++ - '0');
    }
    return value;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

static int parse_offset(const char **at, int *seconds)
{
    int sign, hours, minutes;

    if (**at == 'Z' || **at == 'z') {
        (*at)++;
        *seconds = 0;
        return 1;
    }
    if (**at != '+' && **at != '-')
        return 0;
    sign = *(*at)++ == '-' ? -1 : 1;
    hours = number(at, 2);
    if (hours < 0 || hours > 23 || *(*at)++ != ':')
        return 0;
    minutes = number(at, 2);
    if (minutes < 0 || minutes > 59)
        return 0;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return 1;
}

int orc_time_parse(apr_time_t *out, const char *text)
{
    const char *at = text;
    apr_time_exp_t t = {0};
    int scale = 100000, offset;

    t.tm_year = number(&at, 4) - 1900;
    if (t.tm_year < -1900 || *at++ != '-')
        return 0;
    t.tm_mon = number(&at, 2) - 1;
    if (t.tm_mon < 0 || t.tm_mon > 11 || *at++ != '-')
        return 0;
    t.tm_mday = number(&at, 2);
    if (t.tm_mday < 1 || t.tm_mday > days_in_month(t.tm_year + 1900, t.tm_mon + 1))
        return 0;
    if (*at != 'T' && *at != 't' && *at != ' ')
        return 0;
    at++;
    t.tm_hour = number(&at, 2);
    if (t.tm_hour < 0 || t.tm_hour > 23 || *at++ != ':')
        return 0;
    t.tm_min = number(&at, 2);
    if (t.tm_min < 0 || t.tm_min > 59 || *at++ != ':')
        return 0;
    t.tm_sec = number(&at, 2);
    if (t.tm_sec < 0 || t.tm_sec > 60)
        return 0;
    if (*at == '.') {
        at++;
        if (!apr_isdigit(*at))
            return 0;
        for (; apr_isdigit(*at); at++, scale /= 10)
            t.tm_usec += (*at - '0') * scale;
    }
    if (!parse_offset(&at, &offset) || *at != '\0')
        return 0;
    t.tm_gmtoff = offset;
    return apr_time_exp_gmt_get(out, &t) == APR_SUCCESS;
}
