/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_fruitless.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <string.h>

#include "orc_time.h"

enum { PLACES = 256, DETAIL = 512 };

static const apr_interval_time_t fresh = 5 * APR_USEC_PER_SEC, usable = 10 * APR_USEC_PER_SEC;

typedef struct place_t {
    mo_fingerprint_t fingerprint;
    apr_time_t said, renewed; /* when; when somebody was told to ask again */
    int status;
    const char *code;
    char detail[DETAIL];
} place_t;

struct mo_fruitless_t {
    apr_thread_mutex_t *lock;
    place_t places[PLACES];
};

mo_fruitless_t *mo_fruitless_make(apr_pool_t *pool)
{
    mo_fruitless_t *fruitless = apr_pcalloc(pool, sizeof *fruitless);

    return apr_thread_mutex_create(&fruitless->lock, APR_THREAD_MUTEX_DEFAULT, pool) == APR_SUCCESS ? fruitless : NULL;
}

/* The one place that a token may have. */
static place_t *place_of(mo_fruitless_t *fruitless, const mo_fingerprint_t *fingerprint)
{
    return &fruitless->places[fingerprint->bytes[0] % PLACES];
}

void mo_fruitless_remember(mo_fruitless_t *fruitless, const mo_fingerprint_t *fingerprint, const orc_error_t *error)
{
    place_t *place = place_of(fruitless, fingerprint);

    if (error->retriable)
        return;
    apr_thread_mutex_lock(fruitless->lock);
    place->fingerprint = *fingerprint;
    place->said = orc_time_monotonic();
    place->status = error->status;
    place->code = error->code;
    apr_cpystrn(place->detail, error->detail, sizeof place->detail);
    apr_thread_mutex_unlock(fruitless->lock);
}

/* An answer that is no longer fresh counts for the others while one asks. */
static int counts(place_t *place, apr_time_t now)
{
    apr_interval_time_t age = now - place->said;

    if (age < fresh || (age < usable && now - place->renewed < fresh))
        return 1;
    place->renewed = now;
    return 0;
}

orc_error_t *mo_fruitless_recall(mo_fruitless_t *fruitless, const mo_fingerprint_t *fingerprint, apr_time_t since,
                                 apr_pool_t *pool)
{
    place_t *place = place_of(fruitless, fingerprint);
    orc_error_t *error = NULL;

    apr_thread_mutex_lock(fruitless->lock);
    if (place->code && memcmp(&place->fingerprint, fingerprint, sizeof *fingerprint) == 0 &&
        (since ? place->said >= since : counts(place, orc_time_monotonic())))
        error = orc_error(pool, place->status, place->code, "%s", place->detail);
    apr_thread_mutex_unlock(fruitless->lock);
    return error;
}
