/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_callbacks.h"

#include <apr_strings.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "orc_callee.h"
#include "orc_log.h"
#include "orc_secret.h"
#include "orc_store_callbacks.h"

#define LOOK_INTERVAL apr_time_from_sec(1)    /* from one look at what is due to the next */
#define LOCK_PATIENCE apr_time_from_msec(200) /* while all other calls wait */
#define PATIENCE      apr_time_from_sec(5)    /* for the database; a daemon that ends has little time */
#define CALL_TIMEOUT  apr_time_from_sec(10)   /* that a receiver has for its answer */
#define LEASE         apr_time_from_sec(30)   /* longer than that, and than the way back to the database */
#define FIRST_PAUSE   apr_time_from_sec(1)
#define LAST_PAUSE    apr_time_from_sec(600)

enum {
    AT_ONCE = 4,         /* calls to one host */
    MAX_IN_FLIGHT = 128, /* calls to all of them */
    MAX_ANSWER = 65536,  /* bytes of an answer that are waited for; what it says is not looked at */
};

/* One that is in hand; in a pool of its own. */
typedef struct telling_t {
    apr_pool_t *pool;
    orc_callbacks_t *callbacks;
    orc_store_callback_t row;
    const orc_callee_t *callee;
    int is_told;
    const char *reason; /* why it is not */
} telling_t;

struct orc_callbacks_t {
    apr_pool_t *pool;
    pthread_t thread;
    orc_engine_t *engine;
    orc_http_t *http;
    orc_db_source_t *source;
    apr_hash_t *in_hand;       /* host -> int *: how many of its are */
    apr_array_header_t *ended; /* of telling_t *, to be stored */
    int has_news;              /* some of them were not tried yet */
    int in_flight;
    apr_time_t look_at; /* monotonic */
    int is_away;        /* the database is, and that was told */
};

#define increment(counter) ((void)__atomic_add_fetch(&(counter), 1, __ATOMIC_RELAXED))

static int *in_hand_of(orc_callbacks_t *callbacks, const char *host)
{
    int *number = apr_hash_get(callbacks->in_hand, host, APR_HASH_KEY_STRING);

    if (!number) {
        number = apr_pcalloc(callbacks->pool, sizeof *number);
        apr_hash_set(callbacks->in_hand, apr_pstrdup(callbacks->pool, host), APR_HASH_KEY_STRING, number);
    }
    return number;
}

/* ---- telling ---- */

static void end(telling_t *telling, const char *reason)
{
    telling->is_told = !reason;
    telling->reason = reason;
    telling->callbacks->has_news = 1;
    APR_ARRAY_PUSH(telling->callbacks->ended, telling_t *) = telling;
}

static void on_answer(void *baton, const orc_http_response_t *response)
{
    telling_t *telling = baton;

    telling->callbacks->in_flight--;
    if (response->error)
        end(telling, apr_pstrdup(telling->pool, response->error->detail));
    else if (response->status / 100 == 2)
        end(telling, NULL);
    else
        end(telling, apr_psprintf(telling->pool, "It answered with the status %d.", response->status));
}

static int may_connect(void *baton, const struct sockaddr *address)
{
    const telling_t *telling = baton;

    return orc_callee_may_connect(telling->callee, address);
}

/* The outputs as their owner sees them: the receiver is the owner's, and one that the administrator lists; but only
 * where nobody on the way can read them. */
static const char *body_of(const telling_t *telling, const char *url)
{
    const orc_store_callback_t *row = &telling->row;
    orc_secret_keys_t *keys = telling->callbacks->engine->config->secret_keys;
    json_t *object, *outputs;
    const char *opened;

    if (!row->outputs_sealed || strncmp(url, "https://", 8) != 0)
        return row->object;
    opened = orc_secret_reveal(keys, ORC_SEALED_OUTPUTS, row->deployment_id, row->outputs_sealed, telling->pool);
    if (!opened || orc_json_parse(&outputs, opened, strlen(opened), telling->pool) ||
        orc_json_parse(&object, row->object, strlen(row->object), telling->pool))
        return row->object;
    json_object_set(object, "outputs", outputs);
    return orc_json_text(object, telling->pool);
}

/* A host that was listed once, and is no more, is called no more. */
static void tell(telling_t *telling)
{
    orc_callbacks_t *callbacks = telling->callbacks;
    apr_array_header_t *headers = apr_array_make(telling->pool, 2, sizeof(const char *));
    orc_http_request_t request = {.method = "POST", .endpoint = telling->row.host, .timeout = CALL_TIMEOUT};
    orc_callee_url_t url;
    orc_error_t *error;

    if (!orc_callee_url(&url, telling->row.url, telling->pool))
        telling->callee = orc_callee_find(callbacks->engine->config->callees, &url);
    if (!telling->callee) {
        end(telling, "It is not among the hosts that this service calls.");
        return;
    }
    APR_ARRAY_PUSH(headers, const char *) = "Content-Type: application/json";
    APR_ARRAY_PUSH(headers, const char *) = apr_pstrcat(telling->pool, "Callback-Id: ", telling->row.id, NULL);
    request.url = url.url;
    request.headers = headers;
    request.body = body_of(telling, url.url);
    request.body_length = strlen(request.body);
    request.max_response = MAX_ANSWER;
    request.keeps_tail = 1;
    request.may_connect = may_connect;
    request.sender = telling;
    error = orc_http_submit(NULL, callbacks->http, &request, on_answer, telling, telling->pool);
    if (error)
        end(telling, error->detail);
    else
        callbacks->in_flight++;
}

/* ---- storing ---- */

/* From one second to ten minutes, doubled each time; up to a quarter more or less, so that not all come at once. */
static apr_interval_time_t pause_after(const telling_t *telling)
{
    apr_interval_time_t pause = FIRST_PAUSE;
    unsigned char dice;
    int i;

    for (i = 0; i < telling->row.tries && pause < LAST_PAUSE; i++)
        pause *= 2;
    pause = pause > LAST_PAUSE ? LAST_PAUSE : pause;
    apr_generate_random_bytes(&dice, 1);
    return pause * 3 / 4 + pause / 2 * dice / 255;
}

static orc_error_t *store(orc_db_t *db, const telling_t *telling, apr_pool_t *pool)
{
    orc_engine_status_t *status = telling->callbacks->engine->status;
    const orc_store_callback_t *row = &telling->row;
    int is_given_up;

    if (telling->is_told) {
        ORC_TRY(orc_store_callback_told(db, row, pool));
        increment(status->callbacks_told);
        return NULL;
    }
    ORC_TRY(orc_store_callback_untold(&is_given_up, db, row, pause_after(telling), telling->reason, pool));
    increment(status->callbacks_failed);
    if (is_given_up)
        increment(status->callbacks_given_up);
    orc_log(ORC_LOG_INFO, "deployment %s: the callback at %s was not told%s: %s", row->deployment_id, row->host,
            is_given_up ? ", and is not tried again" : "", telling->reason);
    return NULL;
}

static void forget(telling_t *telling)
{
    --*in_hand_of(telling->callbacks, telling->row.host);
    apr_pool_destroy(telling->pool);
}

/* What can't be stored now, because of a row that somebody has locked, or because the database is away, is tried again:
 * nobody else may have claimed it meanwhile, and told it once more. */
static orc_error_t *store_ended(orc_callbacks_t *callbacks, orc_db_t *db, apr_pool_t *pool)
{
    telling_t **all = (telling_t **)callbacks->ended->elts;
    int i, kept = 0, count = callbacks->ended->nelts;
    orc_error_t *away = NULL;

    callbacks->has_news = 0;
    for (i = 0; i < count; i++) {
        orc_error_t *error = away ? away : store(db, all[i], pool);

        if (error && !error->retriable)
            orc_log(ORC_LOG_ERROR, "callbacks: %s", orc_error_line(error, pool));
        if (error && error->retriable)
            all[kept++] = all[i];
        else
            forget(all[i]);
        if (error && error->retriable && !orc_db_is_held_up(error))
            away = error;
    }
    callbacks->ended->nelts = kept;
    return away;
}

/* ---- claiming ---- */

/* How many more may be told to a host now: no more than are called at once, so that none is claimed, and has its try,
 * that the client would hold back. */
static int room_at(orc_callbacks_t *callbacks, const char *host)
{
    int room = AT_ONCE - *in_hand_of(callbacks, host), open = orc_http_room(callbacks->http, host);

    return room < open ? room : open;
}

static void take(orc_callbacks_t *callbacks, const orc_store_callback_t *row)
{
    apr_pool_t *pool;
    telling_t *telling;

    apr_pool_create(&pool, callbacks->pool);
    telling = apr_pcalloc(pool, sizeof *telling);
    telling->pool = pool;
    telling->callbacks = callbacks;
    telling->row = *row;
    telling->row.id = apr_pstrdup(pool, row->id);
    telling->row.deployment_id = apr_pstrdup(pool, row->deployment_id);
    telling->row.url = apr_pstrdup(pool, row->url);
    telling->row.host = apr_pstrdup(pool, row->host);
    ++*in_hand_of(callbacks, row->host);
    tell(telling);
}

static orc_error_t *claim(orc_callbacks_t *callbacks, orc_db_t *db, apr_pool_t *pool)
{
    apr_array_header_t *hosts, *open = apr_array_make(pool, 8, sizeof(const char *));
    apr_array_header_t *rooms = apr_array_make(pool, 8, sizeof(int)), *rows;
    int i, most = MAX_IN_FLIGHT - callbacks->in_flight;
    unsigned char first;

    if (most <= 0)
        return NULL;
    ORC_TRY(orc_store_callback_hosts(&hosts, db, pool));
    apr_generate_random_bytes(&first, 1); /* so that no hosts come before the others each time */
    for (i = 0; i < hosts->nelts; i++) {
        const char *host = APR_ARRAY_IDX(hosts, (i + first) % hosts->nelts, const char *);
        int room = room_at(callbacks, host);

        if (room <= 0)
            continue;
        APR_ARRAY_PUSH(open, const char *) = host;
        APR_ARRAY_PUSH(rooms, int) = room;
    }
    if (!open->nelts)
        return NULL;
    ORC_TRY(orc_store_callback_claim(&rows, db, open, rooms, most, callbacks->engine->owner, LEASE, pool));
    for (i = 0; i < rows->nelts; i++)
        take(callbacks, &APR_ARRAY_IDX(rows, i, orc_store_callback_t));
    return NULL;
}

/* ---- the thread ---- */

static orc_error_t *work(orc_callbacks_t *callbacks, apr_pool_t *pool)
{
    apr_time_t now = orc_time_monotonic();
    orc_db_t *db;

    if (now < callbacks->look_at && (!callbacks->has_news || callbacks->is_away))
        return NULL;
    callbacks->look_at = now + LOOK_INTERVAL;
    ORC_TRY(orc_db_open(&db, callbacks->source, pool));
    ORC_TRY(store_ended(callbacks, db, pool));
    /* What ended makes room, and what stands behind it is due. */
    if (!callbacks->engine->is_stopping)
        ORC_TRY(claim(callbacks, db, pool));
    orc_db_close(db);
    return NULL;
}

/* The poller tells of a database that is away, too. */
static void try_work(orc_callbacks_t *callbacks, apr_pool_t *turn)
{
    orc_error_t *error = work(callbacks, turn);

    if (error && !callbacks->is_away)
        orc_log(error->status == 503 ? ORC_LOG_INFO : ORC_LOG_ERROR, "callbacks: %s", orc_error_line(error, turn));
    callbacks->is_away = error != NULL;
}

static void release(orc_callbacks_t *callbacks, apr_pool_t *turn)
{
    orc_error_t *error;
    orc_db_t *db;

    error = work(callbacks, turn);
    if (!error)
        error = orc_db_open(&db, callbacks->source, turn);
    if (!error)
        error = orc_store_callback_release(db, callbacks->engine->owner, turn);
    if (error)
        orc_log(ORC_LOG_INFO, "callbacks: %s", orc_error_line(error, turn));
}

static void *run(void *baton)
{
    orc_callbacks_t *callbacks = baton;
    orc_engine_t *engine = callbacks->engine;
    struct pollfd stop = {engine->stop_pipe[0], POLLIN, 0};
    apr_pool_t *turn;

    apr_pool_create(&turn, callbacks->pool);
    while (!engine->is_stopping) {
        apr_interval_time_t pause;

        try_work(callbacks, turn);
        pause = callbacks->look_at - orc_time_monotonic();
        if (callbacks->has_news && !callbacks->is_away)
            pause = 0;
        (void)orc_http_wait(callbacks->http, pause < 0 ? 0 : pause, &stop, 1, turn);
        apr_pool_clear(turn);
    }
    release(callbacks, turn);
    return NULL;
}

orc_error_t *orc_callbacks_make(orc_callbacks_t **out, orc_engine_t *engine, apr_pool_t *pool)
{
    orc_http_options_t options = orc_http_defaults();
    orc_callbacks_t *callbacks;
    apr_pool_t *own;

    *out = NULL;
    if (!engine->config->callees || !engine->config->callees->nelts)
        return NULL;
    apr_pool_create(&own, NULL); /* the thread's alone */
    callbacks = apr_pcalloc(own, sizeof *callbacks);
    callbacks->pool = own;
    callbacks->engine = engine;
    options.max_in_flight = AT_ONCE;
    options.ca_file = engine->config->ca_file;
    ORC_TRY(orc_http_make(&callbacks->http, &options, own));
    callbacks->source = orc_db_source_single(engine->config->database_url, own);
    callbacks->source->lock_patience = LOCK_PATIENCE;
    callbacks->source->patience = PATIENCE;
    callbacks->in_hand = apr_hash_make(own);
    callbacks->ended = apr_array_make(own, 16, sizeof(telling_t *));
    if (pthread_create(&callbacks->thread, NULL, run, callbacks) != 0)
        return orc_error(pool, 500, "engine", "A thread can't be made.");
    *out = callbacks;
    return NULL;
}

void orc_callbacks_end(orc_callbacks_t *callbacks)
{
    if (!callbacks)
        return;
    pthread_join(callbacks->thread, NULL);
    apr_pool_destroy(callbacks->pool);
}
