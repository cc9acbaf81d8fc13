/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_maintenance.h"

#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

enum { DAYS = 7, ALL_DAYS = (1 << DAYS) - 1, HOURS = 24, MINUTES = 60, CLOCK_LENGTH = 5 /* "22:00" */ };

/* Where systems keep their time zones; PostgreSQL reads them there, or has the same ones of its own. */
#define ZONES "/usr/share/zoneinfo/"

static const char *const names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

/* The day that a text begins with, which goes on behind it; -1: none. */
static int day_of(const char **text)
{
    int day;

    for (day = 0; day < DAYS; day++) {
        if (strncasecmp(*text, names[day], strlen(names[day])) == 0) {
            *text += strlen(names[day]);
            return day;
        }
    }
    return -1;
}

static int read_range(int *days, const char **text)
{
    int first = day_of(text), last = first, day;

    if (first >= 0 && **text == '-') {
        ++*text;
        last = day_of(text);
    }
    if (first < 0 || last < 0)
        return 0;
    for (day = first; day != last; day = (day + 1) % DAYS)
        *days |= 1 << day;
    *days |= 1 << last;
    return 1;
}

static int read_days(int *days, const char *text)
{
    *days = strcmp(text, "*") == 0 ? ALL_DAYS : 0;
    if (*days)
        return 1;
    for (;; text++) {
        if (!read_range(days, &text) || (*text && *text != ','))
            return 0;
        if (!*text)
            return 1;
    }
}

/* A time of the day; -1: none. */
static int read_clock(const char *text)
{
    int hour, minute;

    if (strspn(text, "0123456789") != 2 || text[2] != ':' || strspn(text + 3, "0123456789") < 2)
        return -1;
    hour = (text[0] - '0') * 10 + text[1] - '0';
    minute = (text[3] - '0') * 10 + text[4] - '0';
    return hour < HOURS && minute < MINUTES ? hour * MINUTES + minute : -1;
}

static int read_hours(orc_maintenance_t *window, const char *text)
{
    if (strlen(text) != 2 * CLOCK_LENGTH + 1 || text[CLOCK_LENGTH] != '-')
        return 0;
    window->begins = read_clock(text);
    text += CLOCK_LENGTH + 1;
    window->ends = strcmp(text, "24:00") == 0 ? HOURS * MINUTES : read_clock(text);
    return window->begins >= 0 && window->ends >= 0;
}

/* A name that could lead out of the folder is none. */
static int is_zone(const char *zone, apr_pool_t *pool)
{
    char magic[4] = "";
    apr_size_t length = sizeof magic;
    apr_file_t *file;
    int is_one;

    if (!apr_isalpha(*zone) || strstr(zone, "..") ||
        zone[strspn(zone, "abcdefghijklmnopqrstuvwxyz"
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-_/")])
        return 0;
    if (strcmp(zone, "UTC") == 0)
        return 1;
    if (apr_file_open(&file, apr_pstrcat(pool, ZONES, zone, NULL), APR_READ, APR_OS_DEFAULT, pool) != APR_SUCCESS)
        return 0;
    is_one = apr_file_read(file, magic, &length) == APR_SUCCESS && length == sizeof magic &&
             memcmp(magic, "TZif", sizeof magic) == 0;
    apr_file_close(file);
    return is_one;
}

const char *orc_maintenance_read(orc_maintenance_t *window, const char *pattern, const char *days, const char *hours,
                                 const char *zone, apr_pool_t *pool)
{
    window->pattern = pattern;
    window->zone = zone ? zone : "UTC";
    if (!*pattern)
        return "the pattern of providers and regions must not be empty";
    if (!read_days(&window->days, days))
        return apr_psprintf(pool, "%s must be days such as Mon-Fri or Sat,Sun, or *", days);
    if (!read_hours(window, hours))
        return apr_psprintf(pool, "%s must be two times of the day such as 22:00-02:00", hours);
    if (window->begins == window->ends)
        return apr_psprintf(pool, "%s is no window: it ends when it begins", hours);
    if (!is_zone(window->zone, pool))
        return apr_psprintf(pool, "%s is no time zone of this system, such as Europe/Rome", window->zone);
    return NULL;
}
