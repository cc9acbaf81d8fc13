/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The glue between httpd and the simulator: directives, the request as a value, the answer, and what only a server can
 * do wrong (hang, reset, late answers). */

#include "sim_server.h"

#include <ap_mpm.h>
#include <apr_portable.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <httpd.h>
#include <poll.h>
#include <sys/socket.h>
#include <util_filter.h>
#include <util_script.h>

#define MAX_BODY    (4 * 1024 * 1024)
#define MAX_HANG_MS 120000
#define SLICE_MS    50 /* how soon a waiting call sees the clock advanced, the client gone or the server stopping */

extern module AP_MODULE_DECLARE_DATA im_simulator_module;

typedef struct {
    const char *version;
    apr_array_header_t *issuers;
    sim_server_t *server; /* made in the child */
} config_t;

static void *config_create(apr_pool_t *pool, server_rec *s)
{
    config_t *config = apr_pcalloc(pool, sizeof(*config));
    config->version = "1.19.1";
    config->issuers = apr_array_make(pool, 2, sizeof(char *));
    return config;
}

/* ---- waiting ---- */

static int client_socket(const request_rec *r)
{
    apr_socket_t *socket = ap_get_conn_socket(r->connection);
    apr_os_sock_t fd = -1;
    return socket && apr_os_sock_get(&fd, socket) == APR_SUCCESS ? fd : -1;
}

/* One slice; 0 when the client is gone or the server stops. */
static int wait_slice(const request_rec *r)
{
    struct pollfd client = {.fd = client_socket(r), .events = POLLRDHUP};
    int state = AP_MPMQ_RUNNING;

    ap_mpm_query(AP_MPMQ_MPM_STATE, &state);
    return state != AP_MPMQ_STOPPING && poll(&client, 1, SLICE_MS) == 0;
}

/* Until the simulator's clock has moved on by ms. 0 when the client is gone, the server stops or all was reset. */
static int wait_clock(const request_rec *r, sim_store_t *store, apr_int64_t ms)
{
    apr_int64_t until = sim_store_now(store) + ms;
    unsigned generation = sim_store_generation(store);

    while (sim_store_now(store) < until) {
        if (until - sim_store_now(store) <= SLICE_MS) {
            apr_sleep(apr_time_from_msec(1));
        }
        else if (!wait_slice(r)) {
            return 0;
        }
        if (generation != sim_store_generation(store)) {
            return 0;
        }
    }
    return 1;
}

/* The same whether or not the client is still there. 0 when the server stops or all was reset. */
static int wait_in_queue(sim_store_t *store, apr_int64_t ms)
{
    apr_int64_t until = sim_store_now(store) + ms;
    unsigned generation = sim_store_generation(store);
    int state = AP_MPMQ_RUNNING;

    while (sim_store_now(store) < until && state != AP_MPMQ_STOPPING && generation == sim_store_generation(store)) {
        apr_sleep(apr_time_from_msec(1));
        ap_mpm_query(AP_MPMQ_MPM_STATE, &state);
    }
    return state != AP_MPMQ_STOPPING && generation == sim_store_generation(store);
}

/* In real time, whatever the simulator's clock says. */
static void hang(const request_rec *r, sim_store_t *store)
{
    unsigned generation = sim_store_generation(store);

    for (int ms = 0; ms < MAX_HANG_MS && generation == sim_store_generation(store) && wait_slice(r); ms += SLICE_MS) {
    }
}

/* Ends the connection without an answer: with a RST when abortive. */
static int drop_connection(request_rec *r, int is_abortive)
{
    struct linger linger = {1, 0};

    if (is_abortive) {
        setsockopt(client_socket(r), SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    }
    r->connection->keepalive = AP_CONN_CLOSE;
    r->connection->aborted = 1;
    return OK;
}

/* ---- the handler ---- */

/* The whole body, with a NUL after it. */
static apr_status_t read_body(char **body, apr_size_t *length, request_rec *r)
{
    apr_bucket_brigade *all = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_bucket_brigade *part = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_status_t rv = APR_SUCCESS;
    apr_off_t total = 0;
    int is_end = 0;

    while (!is_end && rv == APR_SUCCESS && total <= MAX_BODY) {
        apr_bucket *bucket;
        apr_off_t bytes;
        rv = ap_get_brigade(r->input_filters, part, AP_MODE_READBYTES, APR_BLOCK_READ, HUGE_STRING_LEN);
        for (bucket = APR_BRIGADE_FIRST(part); bucket != APR_BRIGADE_SENTINEL(part); bucket = APR_BUCKET_NEXT(bucket)) {
            is_end = is_end || APR_BUCKET_IS_EOS(bucket);
        }
        if (rv == APR_SUCCESS && (rv = apr_brigade_length(part, 1, &bytes)) == APR_SUCCESS) {
            total += bytes;
            APR_BRIGADE_CONCAT(all, part);
        }
    }
    if (rv == APR_SUCCESS && total > MAX_BODY) {
        rv = APR_ENOSPC;
    }
    if (rv == APR_SUCCESS) {
        *length = (apr_size_t)total;
        *body = apr_pcalloc(r->pool, *length + 1);
        rv = apr_brigade_flatten(all, *body, length);
    }
    return rv;
}

static sim_request_t make_request(request_rec *r, const char *path)
{
    sim_request_t request = {.pool = r->pool, .method = r->method, .path = path};
    apr_table_t *query;
    const char *host = apr_table_get(r->headers_in, "Host");

    ap_args_to_table(r, &query);
    request.query = query;
    request.host = host ? host : "localhost";
    request.accept = apr_table_get(r->headers_in, "Accept");
    request.content_type = apr_table_get(r->headers_in, "Content-Type");
    request.authorization = apr_table_get(r->headers_in, "Authorization");
    request.request_id = apr_table_get(r->headers_in, "X-Request-ID");
    return request;
}

static void send_reply(request_rec *r, const sim_server_t *server, const sim_reply_t *reply)
{
    r->status = reply->status;
    ap_set_content_type(r, reply->media_type);
    ap_set_content_length(r, (apr_off_t)reply->length);
    if (reply->infrastructure_id) {
        apr_table_setn(r->headers_out, server->generation == 1 ? "InfID" : "infid", reply->infrastructure_id);
    }
    if (!r->header_only) {
        ap_rwrite(reply->body, (int)reply->length, r);
    }
}

/* Carries the reply out. Returns the status that was sent, 0 when there was no answer. */
static int finish(request_rec *r, const sim_server_t *server, const sim_reply_t *reply)
{
    if (reply->ending != SIM_QUEUE && reply->wait_ms > 0 && !wait_clock(r, server->store, reply->wait_ms)) {
        drop_connection(r, 0);
        return 0;
    }
    if (reply->ending == SIM_HANG) {
        hang(r, server->store);
    }
    if (reply->ending != SIM_SEND) {
        drop_connection(r, reply->ending == SIM_RESET);
        return 0;
    }
    send_reply(r, server, reply);
    return reply->status;
}

static sim_route_class_t class_of(const char *method, const char *path, apr_pool_t *pool)
{
    apr_array_header_t *parameters;
    int allowed;
    const sim_route_t *route = sim_route_find(&parameters, &allowed, method, path, pool);

    return route ? route->route_class : SIM_CLASS_OTHER;
}

static int handler(request_rec *r)
{
    config_t *config;
    sim_reply_t reply = {0};
    sim_request_t request;
    sim_route_class_t route_class;
    const char *path;
    char *body;
    int status;

    if (!r->handler || strcmp(r->handler, "im-simulator")) {
        return DECLINED;
    }
    config = ap_get_module_config(r->server->module_config, &im_simulator_module);
    path = apr_pstrdup(r->pool, r->uri);
    request = make_request(r, path);
    if (read_body(&body, &request.length, r) != APR_SUCCESS) {
        return HTTP_BAD_REQUEST;
    }
    request.body = body;
    if (!strncmp(path, "/_simulator/", 12)) {
        sim_control_answer(&reply, config->server, &request);
        send_reply(r, config->server, &reply);
        return OK;
    }
    route_class = class_of(r->method, path, r->pool);
    sim_calls_begin(config->server->calls, route_class);
    sim_im_answer(&reply, config->server, &request);
    if (reply.ending == SIM_QUEUE && wait_in_queue(config->server->store, reply.wait_ms)) {
        request.was_queued = 1;
        reply = (sim_reply_t){0};
        sim_im_answer(&reply, config->server, &request);
    }
    status = finish(r, config->server, &reply);
    sim_calls_end(config->server->calls, route_class, r->method, path, request.request_id, status, r->request_time,
                  apr_time_now() - r->request_time);
    return OK;
}

/* ---- start ---- */

static int check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    int processes = 1, is_threaded = 0;

    ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &processes);
    ap_mpm_query(AP_MPMQ_IS_THREADED, &is_threaded);
    if (processes != 1 || !is_threaded) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s,
                     "the IM simulator keeps its state in one process: use a threaded MPM and set ServerLimit 1");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

static void start_child(apr_pool_t *pool, server_rec *s)
{
    sim_store_t *store = sim_store_create(pool);
    sim_calls_t *calls = sim_calls_create(pool);

    for (; s; s = s->next) {
        config_t *config = ap_get_module_config(s->module_config, &im_simulator_module);
        config->server = apr_pcalloc(pool, sizeof(*config->server));
        config->server->version = config->version;
        config->server->generation = config->version[0] == '1' ? 1 : 2;
        config->server->issuers = config->issuers;
        config->server->store = store;
        config->server->calls = calls;
    }
}

static const char *set_version(cmd_parms *cmd, void *dir, const char *version)
{
    config_t *config = ap_get_module_config(cmd->server->module_config, &im_simulator_module);

    if (strncmp(version, "1.", 2) && strncmp(version, "2.", 2)) {
        return "IMSimulatorVersion is a version of IM from 1.x or 2.x, such as 1.19.1 or 2.0.0";
    }
    config->version = version;
    return NULL;
}

static const char *add_issuer(cmd_parms *cmd, void *dir, const char *issuer)
{
    config_t *config = ap_get_module_config(cmd->server->module_config, &im_simulator_module);
    APR_ARRAY_PUSH(config->issuers, const char *) = issuer;
    return NULL;
}

static const command_rec directives[] = {
    AP_INIT_TAKE1("IMSimulatorVersion", set_version, NULL, RSRC_CONF,
                  "the version of IM to answer as: 1.19.1 (default) or 2.0.0"),
    AP_INIT_ITERATE("IMSimulatorIssuer", add_issuer, NULL, RSRC_CONF,
                    "issuers whose tokens are taken (exact text); none: every issuer's"),
    {NULL}};

static void register_hooks(apr_pool_t *pool)
{
    ap_hook_post_config(check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(start_child, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(handler, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(im_simulator) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, config_create, NULL, directives, register_hooks, AP_MODULE_FLAG_NONE,
};
