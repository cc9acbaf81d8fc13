/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_dbd.h"

#include <apr_dbd.h>
#include <mod_dbd.h>

#include "orc_monitor.h"
#include "orc_time.h"

APLOG_USE_MODULE(orchestrator);

enum {
    WAIT_SECONDS = 2,   /* for a free connection */
    MAX_WAITING = 1024, /* threads */
};

typedef struct dbd_baton_t {
    mo_config_t *config;
    mo_slot_t *slot;
    server_rec *server;
    apr_pool_t *pool;
    APR_OPTIONAL_FN_TYPE(ap_dbd_open) * open;
    APR_OPTIONAL_FN_TYPE(ap_dbd_close) * close;
    orc_monitor_t *door;   /* held while mod_dbd opens: it makes one connection after the other */
    orc_monitor_t *places; /* guards the two below; told when there is one */
    int busy, waiting;
} dbd_baton_t;

typedef struct dbd_handle_t {
    ap_dbd_t *dbd;
    apr_pool_t *pool; /* mod_dbd makes a connection in it when DBDPersist is off */
} dbd_handle_t;

/* Waits for one of the DBDMax places. */
static int enter(dbd_baton_t *baton, apr_time_t deadline)
{
    int entered = 0;

    orc_monitor_lock(baton->places);
    baton->waiting++;
    mo_add(baton->slot->waiting, 1);
    while (baton->busy >= baton->config->db_max && baton->waiting <= MAX_WAITING) {
        apr_interval_time_t rest = deadline - orc_time_monotonic();

        if (rest <= 0 || !orc_monitor_wait_for(baton->places, rest))
            break;
    }
    if (baton->busy < baton->config->db_max) {
        baton->busy++;
        entered = 1;
    }
    baton->waiting--;
    mo_sub(baton->slot->waiting, 1);
    orc_monitor_unlock(baton->places);
    if (entered)
        mo_add(baton->slot->connections, 1);
    return entered;
}

static void leave(dbd_baton_t *baton)
{
    mo_sub(baton->slot->connections, 1);
    orc_monitor_lock(baton->places);
    baton->busy--;
    orc_monitor_tell(baton->places);
    orc_monitor_unlock(baton->places);
}

/* A connection of mod_dbd's; NULL when it can't be made, or another one is being made for too long. */
static ap_dbd_t *open_in_turn(dbd_baton_t *baton, apr_time_t deadline, apr_pool_t *pool)
{
    ap_dbd_t *dbd;

    if (!orc_monitor_lock_within(baton->door, deadline - orc_time_monotonic())) {
        mo_add(baton->config->shared->shed, 1);
        return NULL;
    }
    dbd = baton->open(pool, baton->server);
    orc_monitor_unlock(baton->door);
    return dbd;
}

static PGconn *dbd_take(orc_db_source_t *source, void **handle)
{
    apr_time_t deadline = orc_time_monotonic() + apr_time_from_sec(WAIT_SECONDS);
    dbd_baton_t *baton = source->baton;
    dbd_handle_t *taken;
    apr_pool_t *pool;
    ap_dbd_t *dbd;

    if (!enter(baton, deadline)) {
        mo_add(baton->config->shared->shed, 1);
        return NULL;
    }
    apr_pool_create(&pool, baton->pool);
    dbd = open_in_turn(baton, deadline, pool);
    if (!dbd) {
        apr_pool_destroy(pool);
        leave(baton);
        return NULL;
    }
    taken = apr_palloc(pool, sizeof *taken);
    taken->dbd = dbd;
    taken->pool = pool;
    *handle = taken;
    return apr_dbd_native_handle(dbd->driver, dbd->handle);
}

static void dbd_give(orc_db_source_t *source, void *handle, PGconn *connection, int broken)
{
    dbd_baton_t *baton = source->baton;
    dbd_handle_t *taken = handle;
    apr_pool_t *pool = taken->pool;

    /* mod_dbd has no call to throw a connection away: a broken one is reset by whoever gets it next. */
    baton->close(baton->server, taken->dbd);
    apr_pool_destroy(pool);
    leave(baton);
}

orc_db_source_t *mo_dbd_source(mo_config_t *config, mo_slot_t *slot, server_rec *server, apr_pool_t *pool)
{
    orc_db_source_t *source = apr_pcalloc(pool, sizeof *source);
    dbd_baton_t *baton = apr_pcalloc(pool, sizeof *baton);

    baton->config = config;
    baton->slot = slot;
    baton->server = server;
    baton->pool = pool;
    baton->open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    baton->close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
    baton->door = orc_monitor_make(pool);
    baton->places = orc_monitor_make(pool);
    if (!baton->door || !baton->places)
        return NULL;
    source->take = dbd_take;
    source->give = dbd_give;
    source->state = &config->shared->database;
    source->patience = config->values->database_timeout;
    source->baton = baton;
    return source;
}
