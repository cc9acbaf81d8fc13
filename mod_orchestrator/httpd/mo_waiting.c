/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_waiting.h"

#include <apr_ring.h>
#include <apr_thread_proc.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

#include "ap_mpm.h"
#include "mo_private.h"
#include "orc_monitor.h"
#include "orc_time.h"

/*
 * httpd 2.4 forgets a suspended connection: nobody polls it, nobody ends it, and there is no way to hand it back. So it
 * is ours from the moment when its worker lets go to the end of its pool. A tick looks after all of a child's, as long
 * as there is one; it only looks, and workers do what is to be done.
 */

enum {
    LOOK_MS = 100,   /* between two looks */
    MOST_READS = 16, /* of a connection in one look */
};

/* After its last byte a connection lingers, so that the last bytes are not lost to a reset. Also, its worker's last
 * touch of it (behind the suspend_connection hook) is long over then. */
static const apr_interval_time_t linger = 2 * APR_USEC_PER_SEC;

typedef struct entry_t {
    APR_RING_ENTRY(entry_t) link;
    mo_stream_t *sending;
    conn_rec *c;
    apr_time_t stuck;  /* since when it could be asked but for a client that reads nothing; 0: it isn't so */
    apr_time_t closed; /* when the last byte was sent; 0: not yet */
} entry_t;

APR_RING_HEAD(entries_t, entry_t);

static apr_pool_t *own_pool; /* of the thread */
static orc_monitor_t *monitor;
static struct entries_t entries; /* those that are with no worker */
static apr_thread_t *keeper;     /* made for the first one */
static int is_ending;
static int at_work, most_at_work; /* workers that the streams have, and may have */

/* Before the pools of what it looks at go. */
static apr_status_t end_keeper(void *unused)
{
    apr_status_t status;

    orc_monitor_lock(monitor);
    is_ending = 1;
    orc_monitor_tell(monitor);
    orc_monitor_unlock(monitor);
    return keeper ? apr_thread_join(&status, keeper) : APR_SUCCESS;
}

void mo_waiting_init(int workers, apr_pool_t *pchild)
{
    apr_allocator_t *allocator;

    most_at_work = workers;
    APR_RING_INIT(&entries, entry_t, link);
    apr_allocator_create(&allocator);
    apr_pool_create_ex(&own_pool, pchild, NULL, allocator);
    apr_allocator_owner_set(allocator, own_pool);
    monitor = orc_monitor_make(own_pool);
    if (monitor)
        apr_pool_pre_cleanup_register(own_pool, NULL, end_keeper);
}

int mo_waiting_is_possible(const request_rec *r)
{
    int is_async = 0;

    return r->connection->cs && !r->connection->master && !r->main && !r->prev &&
           ap_mpm_query(AP_MPMQ_IS_ASYNC, &is_async) == APR_SUCCESS && is_async;
}

static void add(entry_t *entry)
{
    int is_first;

    orc_monitor_lock(monitor);
    is_first = APR_RING_EMPTY(&entries, entry_t, link);
    APR_RING_INSERT_TAIL(&entries, entry, entry_t, link);
    if (is_first)
        orc_monitor_tell(monitor);
    orc_monitor_unlock(monitor);
}

/* ---- the end of a connection ---- */

/* What the client still sends is taken off, else the kernel resets the connection at the end. */
static int is_lingering(const entry_t *entry, apr_time_t now)
{
    apr_socket_t *socket = ap_get_conn_socket(entry->c);
    char bytes[8192];
    apr_size_t length;
    int i;

    for (i = 0; i < MOST_READS && !entry->c->aborted; i++) {
        length = sizeof bytes;
        if (apr_socket_recv(socket, bytes, &length) != APR_SUCCESS)
            break;
    }
    return now < entry->closed + linger;
}

static void finish(entry_t *entry)
{
    mo_stream_t *sending = entry->sending;
    conn_rec *c = entry->c;

    entry->sending = NULL;
    ap_finalize_request_protocol(sending->r);
    ap_process_request_after_handler(sending->r); /* logs it; its pool is gone now */
    c->cs->state = CONN_STATE_SUSPENDED;          /* as httpd counted it */
    if (ap_start_lingering_close(c))
        c->aborted = 1;
    else
        apr_socket_timeout_set(ap_get_conn_socket(c), 0);
    entry->closed = orc_time_monotonic();
    add(entry);
}

/* ---- going on ---- */

/* A client that reads nothing has the time that httpd gives to any. */
static int is_given_up(entry_t *entry)
{
    if (mo_stream_is_wanted(entry->sending) && !entry->stuck)
        return 0;
    if (entry->stuck)
        entry->c->aborted = 1;
    mo_stream_give_up(entry->sending);
    return 1;
}

static void go_on(void *baton)
{
    entry_t *entry = baton;

    if (!is_given_up(entry) && mo_stream_pump(entry->sending) == MO_STREAM_WAITS)
        add(entry);
    else
        finish(entry);
    __atomic_sub_fetch(&at_work, 1, __ATOMIC_SEQ_CST);
}

static void let_go(void *baton)
{
    entry_t *entry = baton;

    apr_pool_destroy(entry->c->pool);
}

/* Whether it is to be asked, and its client can take what comes, or has had its time for that. */
static int is_ready(entry_t *entry, apr_time_t now)
{
    const mo_stream_t *sending = entry->sending;

    if (!orc_stream_is_due(sending->stream, now))
        return 0;
    if (mo_stream_is_free(sending)) {
        entry->stuck = 0;
        return 1;
    }
    if (!entry->stuck)
        entry->stuck = now;
    return now > entry->stuck + sending->r->server->timeout;
}

/* What a worker has to do with an entry now; NULL: nothing. */
static ap_mpm_callback_fn_t *step_of(entry_t *entry, apr_time_t now)
{
    /* Its last worker has not taken its hands off yet. */
    if (entry->c->sbh)
        return NULL;
    if (entry->closed)
        return is_lingering(entry, now) ? NULL : let_go;
    if (__atomic_load_n(&at_work, __ATOMIC_SEQ_CST) >= most_at_work)
        return NULL;
    return is_ready(entry, now) || !mo_stream_is_wanted(entry->sending) ? go_on : NULL;
}

static void look(void)
{
    apr_time_t now = orc_time_monotonic();
    ap_mpm_callback_fn_t *step;
    entry_t *entry, *next;

    for (entry = APR_RING_FIRST(&entries); entry != APR_RING_SENTINEL(&entries, entry_t, link); entry = next) {
        next = APR_RING_NEXT(entry, link);
        step = step_of(entry, now);
        if (!step)
            continue;
        if (step == go_on)
            __atomic_add_fetch(&at_work, 1, __ATOMIC_SEQ_CST);
        APR_RING_REMOVE(entry, link);
        ap_mpm_register_timed_callback(0, step, entry);
    }
}

static void *APR_THREAD_FUNC keep(apr_thread_t *thread, void *unused)
{
    orc_monitor_lock(monitor);
    while (!is_ending) {
        if (APR_RING_EMPTY(&entries, entry_t, link))
            orc_monitor_wait(monitor);
        look();
        if (!is_ending)
            orc_monitor_wait_for(monitor, apr_time_from_msec(LOOK_MS));
    }
    orc_monitor_unlock(monitor);
    return NULL;
}

/* ---- the beginning ---- */

static int has_keeper(void)
{
    int is_there;

    if (!monitor)
        return 0;
    orc_monitor_lock(monitor);
    if (!keeper && apr_thread_create(&keeper, NULL, keep, NULL, own_pool) != APR_SUCCESS)
        keeper = NULL;
    is_there = keeper != NULL;
    orc_monitor_unlock(monitor);
    return is_there;
}

int mo_waiting_suspend(mo_stream_t *sending)
{
    entry_t *entry = apr_pcalloc(sending->c->pool, sizeof *entry);

    if (!has_keeper())
        return DECLINED;
    entry->sending = sending;
    entry->c = sending->c;
    ap_set_module_config(sending->c->conn_config, &orchestrator_module, entry);
    return SUSPENDED;
}

void mo_waiting_begin(conn_rec *c, request_rec *r)
{
    entry_t *entry = c->cs && c->cs->state == CONN_STATE_SUSPENDED
                         ? ap_get_module_config(c->conn_config, &orchestrator_module)
                         : NULL;

    if (entry && !entry->closed)
        add(entry);
}
