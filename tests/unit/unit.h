/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "orc_error.h"
#include "orc_json.h"
#include "orc_secret.h"

/* What the unit tests share: cmocka, a pool that lives as long as the group, libsodium ready, and calls with less to
 * write. */

static apr_pool_t *pool __attribute__((unused));

static inline int setup(void **state)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return orc_secret_init(pool) ? -1 : 0;
}

static inline int teardown(void **state)
{
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}

static inline json_t *json(const char *text)
{
    json_t *value = NULL;

    assert_null(orc_json_parse(&value, text, strlen(text), pool));
    return value;
}

static inline void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in: %s", part, text);
}

/* `count` times the same text. */
static inline char *repeated(const char *text, apr_size_t count)
{
    apr_size_t length = strlen(text), i;
    char *all = apr_palloc(pool, length * count + 1);

    for (i = 0; i < count; i++)
        memcpy(all + i * length, text, length);
    all[length * count] = '\0';
    return all;
}

/* The most memory that this process ever had, in KiB. */
static inline long peak_memory(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* The work since `start` (of clock()) is in proportion to its input: seconds of this process alone, and many more than
 * it takes, so that only growth with the square of the input goes over it. */
static inline void assert_quick(clock_t start)
{
#ifdef __SANITIZE_ADDRESS__
    const double most = 60;
#else
    const double most = 10;
#endif

    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < most);
}

#endif
