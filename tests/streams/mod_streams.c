/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * A route that streams, for tests: "SetHandler streams" sends the lines of the file that the query names ("file=PATH"),
 * and those that come to it later: it ends at a line END and fails at a line FAIL. "kind=finite" says that it never
 * waits and reads the file once. "pause=MS" is waited between two looks. Each look opens and closes a database
 * connection.
 */

#include <apr_dbd.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_dbd.h>
#include <mpm_common.h>

#include "mo_private.h"
#include "mo_stream.h"
#include "mo_waiting.h"

enum { MOST = 65536 };

typedef struct follower_t {
    server_rec *server;
    const char *path;
    apr_off_t sent;
    int is_finite;
    apr_interval_time_t pause;
} follower_t;

static APR_OPTIONAL_FN_TYPE(ap_dbd_open) * dbd_open;
static APR_OPTIONAL_FN_TYPE(ap_dbd_close) * dbd_close;
static mo_shared_t *shared;
static mo_slot_t *slot;

static const char *read_rest(const follower_t *follower, apr_pool_t *pool)
{
    char *bytes = apr_pcalloc(pool, MOST + 1);
    apr_size_t length = MOST;
    apr_off_t from = follower->sent;
    apr_file_t *file;

    if (apr_file_open(&file, follower->path, APR_FOPEN_READ, 0, pool) != APR_SUCCESS)
        return "";
    if (apr_file_seek(file, APR_SET, &from) != APR_SUCCESS || apr_file_read(file, bytes, &length) != APR_SUCCESS)
        length = 0;
    apr_file_close(file);
    bytes[length] = '\0';
    return bytes;
}

static orc_error_t *look_at_database(const follower_t *follower, apr_pool_t *pool)
{
    ap_dbd_t *dbd = dbd_open(pool, follower->server);

    if (!dbd)
        return orc_error(pool, 503, "database", "No connection.");
    dbd_close(follower->server, dbd);
    return NULL;
}

static orc_error_t *next(orc_piece_t *piece, void *baton, apr_pool_t *pool)
{
    follower_t *follower = baton;
    const char *end;

    ORC_TRY(look_at_database(follower, pool));
    piece->bytes = read_rest(follower, pool);
    piece->length = strlen(piece->bytes);
    piece->pause = follower->pause;
    if (strncmp(piece->bytes, "FAIL\n", 5) == 0)
        return orc_error(pool, 500, "test", "the test wants it");
    if (strncmp(piece->bytes, "END\n", 4) == 0 || (follower->is_finite && piece->length == 0)) {
        piece->length = 0;
        piece->then = ORC_STREAM_END;
        return NULL;
    }
    end = strstr(piece->bytes, "END\n");
    end = end ? end : strstr(piece->bytes, "FAIL\n");
    if (end)
        piece->length = (apr_size_t)(end - piece->bytes);
    follower->sent += (apr_off_t)piece->length;
    piece->then = piece->length > 0 ? ORC_STREAM_MORE : ORC_STREAM_LATER;
    return NULL;
}

static const char *value_of(const request_rec *r, const char *name)
{
    const char *found = r->args ? strstr(r->args, name) : NULL;

    return found ? apr_pstrmemdup(r->pool, found + strlen(name), strcspn(found + strlen(name), "&")) : NULL;
}

static int answer(request_rec *r)
{
    follower_t *follower;
    const char *pause;

    if (!r->handler || strcmp(r->handler, "streams") != 0)
        return DECLINED;
    follower = apr_pcalloc(r->pool, sizeof *follower);
    follower->server = r->server;
    follower->path = value_of(r, "file=");
    follower->is_finite = value_of(r, "kind=") != NULL;
    pause = value_of(r, "pause=");
    follower->pause = apr_time_from_msec(pause ? apr_atoi64(pause) : 0);
    if (!follower->is_finite && mo_stream_take_place(r, NULL, shared, slot))
        return HTTP_SERVICE_UNAVAILABLE;
    ap_set_content_type(r, "application/x-ndjson");
    return mo_stream_send(r, orc_stream_make(next, follower, !follower->is_finite, r->pool));
}

static int share(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server)
{
    shared = mo_shared_get(server->process->pool, ptemp);
    return shared ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

static void begin(apr_pool_t *pchild, server_rec *server)
{
    dbd_open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    dbd_close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
    slot = mo_shared_slot(shared, pchild);
    mo_stream_init(pchild, server);
}

static void register_hooks(apr_pool_t *pool)
{
    ap_hook_post_config(share, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(begin, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_suspend_connection(mo_waiting_begin, NULL, NULL, APR_HOOK_LAST);
    ap_hook_handler(answer, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(streams) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, AP_MODULE_FLAG_NONE,
};
