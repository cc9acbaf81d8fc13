/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_stream.h"

#include <apr_portable.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_protocol.h>
#include <poll.h>
#include <util_filter.h>

#include "ap_mpm.h"
#include "mo_private.h"
#include "mo_waiting.h"
#include "orc_time.h"

APLOG_USE_MODULE(orchestrator);

enum {
    MOST_FOLLOWERS = 100, /* of one host */
    COME_AGAIN = 10,      /* seconds, when all places are taken */
    LOOK_MS = 100,        /* between two looks of a worker that waits */
};

void mo_stream_init(apr_pool_t *pchild, server_rec *main_server)
{
    int threads = mo_mpm_number(AP_MPMQ_MAX_THREADS);

    mo_waiting_init(threads >= 4 ? threads / 4 : 1, pchild);
}

/* ---- places ---- */

static apr_status_t leave(void *slot)
{
    mo_sub(((mo_slot_t *)slot)->followers, 1);
    return APR_SUCCESS;
}

/* One for so many workers each, up to the most. */
static int places_of(int each)
{
    int workers = mo_mpm_number(AP_MPMQ_MAX_THREADS) * mo_mpm_number(AP_MPMQ_MAX_DAEMONS);

    return workers / each < MOST_FOLLOWERS ? workers / each : MOST_FOLLOWERS;
}

/* Followers that hold a worker leave three of four to others. */
static int places_with_worker(void)
{
    return places_of(4);
}

static int is_async(void)
{
    int yes = 0;

    return ap_mpm_query(AP_MPMQ_IS_ASYNC, &yes) == APR_SUCCESS && yes;
}

int mo_stream_places(void)
{
    return is_async() ? places_of(1) : places_with_worker();
}

/* A quarter, also of those that hold a worker; and half of a child's connections. */
int mo_stream_share(void)
{
    int host = places_with_worker() / 4, child = mo_mpm_number(AP_MPMQ_MAX_THREADS) / 2;
    int share = is_async() && child < host ? child : host;

    return share > 1 ? share : 1;
}

/* Those that hold no worker are connections, of which a child takes as many as it has threads and some for each that is
 * idle (AsyncRequestWorkerFactor): the latter are left to whoever else comes. */
static int has_place(const request_rec *r, mo_shared_t *shared, const mo_slot_t *slot)
{
    int host = (int)mo_shared_sum(shared).followers;

    if (mo_waiting_is_possible(r))
        return host <= mo_stream_places() && (int)mo_read(slot->followers) <= mo_mpm_number(AP_MPMQ_MAX_THREADS);
    return host <= places_with_worker();
}

orc_error_t *mo_stream_take_place(request_rec *r, orc_rules_visit_t *visit, mo_shared_t *shared, mo_slot_t *slot)
{
    orc_error_t *error;

    if (r->header_only)
        return NULL;
    ORC_TRY(orc_rules_visit_follows(visit, r->pool));
    mo_add(slot->followers, 1);
    apr_pool_cleanup_register(r->pool, slot, leave, apr_pool_cleanup_null);
    if (has_place(r, shared, slot))
        return NULL;
    apr_pool_cleanup_run(r->pool, slot, leave);
    error = orc_error(r->pool, 503, "followers.full", "Too many requests follow something already; try again later.");
    error->retriable = 1;
    error->retry_after = COME_AGAIN;
    return error;
}

/* ---- the client ---- */

/* What of these events the client's socket has now. Of one that is no more, all. */
static short events_of(conn_rec *c, short events)
{
    struct pollfd socket = {.events = events};
    apr_os_sock_t fd;

    if (c->aborted || apr_os_sock_get(&fd, ap_get_conn_socket(c)) != APR_SUCCESS)
        return events;
    socket.fd = fd;
    return poll(&socket, 1, 0) > 0 ? socket.revents : 0;
}

/* What a client sends meanwhile is of no interest, but that it goes away is. A stream of HTTP/2 has no socket of its
 * own: mod_http2 says so. */
static int is_client_gone(conn_rec *c)
{
    return c->master ? c->aborted || c->master->aborted : events_of(c, POLLRDHUP) != 0;
}

int mo_stream_is_free(const mo_stream_t *sending)
{
    return events_of(sending->c, POLLOUT) != 0;
}

static int is_httpd_stopping(void)
{
    int state = AP_MPMQ_RUNNING;

    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS && state == AP_MPMQ_STOPPING;
}

/* ---- sending ---- */

static apr_status_t pass(mo_stream_t *sending, const orc_piece_t *piece)
{
    apr_bucket_alloc_t *alloc = sending->c->bucket_alloc;
    apr_status_t status;

    if (piece->length > 0)
        APR_BRIGADE_INSERT_TAIL(sending->out, apr_bucket_transient_create(piece->bytes, piece->length, alloc));
    if (piece->then == ORC_STREAM_LATER)
        APR_BRIGADE_INSERT_TAIL(sending->out, apr_bucket_flush_create(alloc));
    if (APR_BRIGADE_EMPTY(sending->out))
        return APR_SUCCESS;
    status = ap_pass_brigade(sending->r->output_filters, sending->out);
    apr_brigade_cleanup(sending->out);
    return sending->c->aborted ? APR_ECONNABORTED : status;
}

/* As long as nothing was sent, httpd answers with the error itself; behind that the last chunk is left out. */
static void break_off(mo_stream_t *sending, int status)
{
    apr_bucket_alloc_t *alloc = sending->c->bucket_alloc;
    request_rec *r = sending->r;

    sending->stream->is_over = 1;
    sending->c->keepalive = AP_CONN_CLOSE;
    APR_BRIGADE_INSERT_TAIL(sending->out,
                            ap_bucket_error_create(r->sent_bodyct ? HTTP_BAD_GATEWAY : status, NULL, r->pool, alloc));
    APR_BRIGADE_INSERT_TAIL(sending->out, apr_bucket_eos_create(alloc));
    (void)ap_pass_brigade(r->output_filters, sending->out);
    apr_brigade_cleanup(sending->out);
}

/* That somebody may not see it any more is their matter. */
static int level_of(const orc_error_t *error)
{
    if (error->status < 500)
        return APLOG_INFO;
    return error->status == 503 ? APLOG_WARNING : APLOG_ERR;
}

static mo_stream_end_t fail(mo_stream_t *sending, const orc_error_t *error)
{
    request_rec *r = sending->r;

    ap_log_rerror(APLOG_MARK, level_of(error), 0, r, ORCLOGNO(1012) "request %s: %s %s: broken off: %s",
                  r->log_id ? r->log_id : "-", r->method, r->uri, orc_error_line(error, sending->piece));
    break_off(sending, error->status >= 500 ? error->status : HTTP_INTERNAL_SERVER_ERROR);
    return MO_STREAM_BROKEN;
}

mo_stream_end_t mo_stream_pump(mo_stream_t *sending)
{
    orc_error_t *error;
    orc_piece_t piece;

    do {
        apr_pool_clear(sending->piece);
        error = orc_stream_ask(&piece, sending->stream, sending->piece);
        if (error)
            return fail(sending, error);
        if (pass(sending, &piece) != APR_SUCCESS)
            return MO_STREAM_BROKEN;
    } while (piece.then == ORC_STREAM_MORE && (!sending->yields || mo_stream_is_free(sending)));
    return piece.then != ORC_STREAM_END ? MO_STREAM_WAITS : MO_STREAM_ENDS;
}

/* ---- waiting ---- */

int mo_stream_is_wanted(const mo_stream_t *sending)
{
    return !is_client_gone(sending->c) && !is_httpd_stopping();
}

void mo_stream_give_up(mo_stream_t *sending)
{
    if (is_client_gone(sending->c))
        sending->c->aborted = 1;
    else
        break_off(sending, HTTP_SERVICE_UNAVAILABLE);
}

/* In a worker, for want of anything better. */
static mo_stream_end_t stay(mo_stream_t *sending)
{
    mo_stream_end_t end;

    do {
        while (!orc_stream_is_due(sending->stream, orc_time_monotonic())) {
            if (!mo_stream_is_wanted(sending)) {
                mo_stream_give_up(sending);
                return MO_STREAM_BROKEN;
            }
            apr_sleep(apr_time_from_msec(LOOK_MS));
        }
        end = mo_stream_pump(sending);
    } while (end == MO_STREAM_WAITS);
    return end;
}

int mo_stream_send(request_rec *r, orc_stream_t *stream)
{
    int is_free = stream->is_follower && mo_waiting_is_possible(r);
    mo_stream_t *sending = apr_pcalloc(r->connection->pool, sizeof *sending);
    mo_stream_end_t end;

    if (r->header_only)
        return OK;
    sending->r = r;
    sending->c = r->connection;
    sending->stream = stream;
    sending->out = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_pool_create(&sending->piece, r->pool);
    /* httpd takes no connection back that it was told to let go. Said by the header, which leaves the chunks. */
    if (is_free)
        apr_table_setn(r->headers_out, "Connection", "close");
    sending->yields = is_free;
    end = mo_stream_pump(sending);
    if (end == MO_STREAM_WAITS && is_free && mo_waiting_suspend(sending) == SUSPENDED)
        return SUSPENDED;
    sending->yields = 0;
    if (end == MO_STREAM_WAITS)
        end = stay(sending);
    return end == MO_STREAM_BROKEN && !r->sent_bodyct ? AP_FILTER_ERROR : OK;
}
