/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_time.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <time.h>

/* APR's own conversions refuse times before 1970, which are times like others to PostgreSQL. */

enum { DAYS_TO_1970 = 719468 }; /* from 0000-03-01, the first day of an era of 400 years */

/* Days since 1970 of a day of the proleptic Gregorian calendar. */
static apr_int64_t days_of(int year, int month, int day)
{
    int y = month > 2 ? year : year - 1;
    int era = y / 400, year_of_era = y % 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return (apr_int64_t)era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           DAYS_TO_1970;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

int orc_time_day(apr_int64_t *days, int year, int month, int day)
{
    if (year < 0 || year > 9999 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return 0;
    *days = days_of(year, month, day);
    return 1;
}

static void day_of(apr_int64_t days, int *year, int *month, int *day)
{
    apr_int64_t z = days + DAYS_TO_1970;
    int era = (int)(z / 146097), day_of_era = (int)(z % 146097);
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int shifted = (5 * day_of_year + 2) / 153;

    *day = day_of_year - (153 * shifted + 2) / 5 + 1;
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

const char *orc_time_text(apr_time_t when, apr_pool_t *pool)
{
    const apr_time_t a_day = apr_time_from_sec(86400);
    apr_int64_t days = when / a_day;
    apr_time_t rest = when % a_day;
    int year, month, day, seconds;

    if (rest < 0) {
        rest += a_day;
        days--;
    }
    day_of(days, &year, &month, &day);
    seconds = (int)apr_time_sec(rest);
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", year, month, day, seconds / 3600,
                        seconds / 60 % 60, seconds % 60, (int)apr_time_usec(rest));
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

/* Reads the fraction behind the seconds, if there is one: microseconds, or -1. */
static int parse_fraction(const char **at)
{
    int microseconds = 0, scale = 100000;

    if (**at != '.')
        return 0;
    (*at)++;
    if (!apr_isdigit(**at))
        return -1;
    for (; apr_isdigit(**at); (*at)++, scale /= 10)
        microseconds += (**at - '0') * scale;
    return microseconds;
}

int orc_time_parse(apr_time_t *out, const char *text)
{
    static const apr_int64_t first = -62135596800, last = 253402300799; /* seconds of the years 1 to 9999 */
    int year, month, day, hour, minute, second, fraction, offset;
    const char *at = text;
    apr_int64_t days, seconds;

    year = number(&at, 4);
    if (year < 0 || *at++ != '-')
        return 0;
    month = number(&at, 2);
    if (month < 0 || *at++ != '-')
        return 0;
    day = number(&at, 2);
    if (!orc_time_day(&days, year, month, day))
        return 0;
    if (*at != 'T' && *at != 't' && *at != ' ')
        return 0;
    at++;
    hour = number(&at, 2);
    if (hour < 0 || hour > 23 || *at++ != ':')
        return 0;
    minute = number(&at, 2);
    if (minute < 0 || minute > 59 || *at++ != ':')
        return 0;
    second = number(&at, 2);
    if (second < 0 || second > 60)
        return 0;
    fraction = parse_fraction(&at);
    if (fraction < 0 || !parse_offset(&at, &offset) || *at != '\0')
        return 0;
    seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset;
    if (seconds < first || seconds > last)
        return 0;
    *out = apr_time_from_sec(seconds) + fraction;
    return 1;
}

const char *orc_time_utc(const char *text, apr_pool_t *pool)
{
    apr_time_t when;

    return orc_time_parse(&when, text) ? orc_time_text(when, pool) : NULL;
}

apr_time_t orc_time_monotonic(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return apr_time_from_sec(now.tv_sec) + now.tv_nsec / 1000;
}

void orc_time_until(struct timespec *until, apr_interval_time_t time)
{
    clock_gettime(CLOCK_MONOTONIC, until);
    if (time <= 0)
        return;
    time += until->tv_nsec / 1000;
    until->tv_sec += (time_t)apr_time_sec(time);
    until->tv_nsec = apr_time_usec(time) * 1000;
}
