/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_totals.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <string.h>

enum { PLACES = 64, MARK = 65 };

static const apr_interval_time_t fresh = 10 * APR_USEC_PER_SEC, usable = 30 * APR_USEC_PER_SEC;

typedef struct total_t {
    char key[MARK]; /* "": free */
    apr_int64_t total;
    apr_time_t counted, renewed; /* when; when somebody was told to count anew */
} total_t;

struct orc_surface_totals_t {
    apr_thread_mutex_t *lock;
    total_t places[PLACES];
};

orc_surface_totals_t *orc_surface_totals_make(apr_pool_t *pool)
{
    orc_surface_totals_t *totals = apr_pcalloc(pool, sizeof *totals);

    return apr_thread_mutex_create(&totals->lock, APR_THREAD_MUTEX_DEFAULT, pool) == APR_SUCCESS ? totals : NULL;
}

/* The place of the key; else the one that was counted first, to be taken over. */
static total_t *place_of(orc_surface_totals_t *totals, const char *key)
{
    total_t *oldest = &totals->places[0];
    int i;

    for (i = 0; i < PLACES; i++) {
        total_t *place = &totals->places[i];

        if (strcmp(place->key, key) == 0)
            return place;
        if (place->counted < oldest->counted)
            oldest = place;
    }
    return oldest;
}

apr_int64_t orc_surface_totals_find(orc_surface_totals_t *totals, const char *key, apr_time_t now)
{
    apr_int64_t found = -1;
    total_t *place;

    apr_thread_mutex_lock(totals->lock);
    place = place_of(totals, key);
    if (strcmp(place->key, key) == 0 && now - place->counted < usable) {
        if (now - place->counted < fresh || now - place->renewed < fresh)
            found = place->total;
        else
            place->renewed = now;
    }
    apr_thread_mutex_unlock(totals->lock);
    return found;
}

void orc_surface_totals_keep(orc_surface_totals_t *totals, const char *key, apr_int64_t total, apr_time_t now)
{
    total_t *place;

    apr_thread_mutex_lock(totals->lock);
    place = place_of(totals, key);
    if (total >= ORC_SURFACE_LONG_LIST) {
        apr_cpystrn(place->key, key, sizeof place->key);
        place->total = total;
        place->counted = now;
    }
    else if (strcmp(place->key, key) == 0) {
        memset(place, 0, sizeof *place);
    }
    apr_thread_mutex_unlock(totals->lock);
}
