/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_follow.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_rules_internal.h"
#include "orc_rules_logs.h"
#include "orc_time.h"

static const apr_interval_time_t look_interval = APR_USEC_PER_SEC / 4; /* for news, of the whole process */
static const apr_interval_time_t late_lines = APR_USEC_PER_SEC;        /* committed behind one that is younger */
static const apr_interval_time_t im_interval = 20 * APR_USEC_PER_SEC;  /* as often as IM refreshes its log */
static const apr_interval_time_t outage_pause = APR_USEC_PER_SEC;

struct orc_rules_follow_t {
    orc_rules_call_t call;
    orc_rules_log_wish_t wish;
    const char *deployment_id, *type;
    orc_store_log_place_t place;
    apr_pool_t *place_pool; /* of the place's texts */
    int news;               /* its place there; -1: none */
    unsigned moved;         /* as of the last look */
    int is_open;            /* as of the last look; so it is before the first one */
    apr_time_t read_at;     /* when it is read again, whatever the news */
    apr_time_t im_at;       /* when IM is asked again */
    apr_time_t told_at;     /* the last time that there was something to tell */
};

static apr_status_t leave(void *baton)
{
    orc_rules_follow_t *follow = baton;

    orc_news_leave(follow->call.service->rules->news, follow->news);
    return APR_SUCCESS;
}

orc_error_t *orc_rules_follow(orc_rules_follow_t **out, const orc_rules_call_t *call, const orc_rules_log_wish_t *wish)
{
    orc_rules_follow_t *follow = apr_pcalloc(call->pool, sizeof *follow);
    orc_store_log_start_t start;

    ORC_TRY(orc_store_operation_log_find(&start, call->service->db, &wish->at, &wish->lines, call->who->user_id,
                                         call->who->is_admin, call->pool));
    if (!start.is_known)
        return orc_rules_gone(call->pool);
    if (!start.exists)
        return orc_rules_not_found(wish->at.deployment_id ? "deployment" : "operation", call->pool);
    if (!start.is_allowed)
        return orc_rules_forbidden("deployment", call->pool);
    if (!start.is_there)
        return orc_rules_not_found("operation", call->pool);
    follow->call = *call;
    follow->call.visit = NULL;
    follow->wish = *wish;
    follow->deployment_id = start.deployment_id;
    follow->type = start.type;
    follow->place = (orc_store_log_place_t){start.mark, "{}", NULL};
    follow->is_open = 1;
    follow->news = -1;
    follow->told_at = orc_time_monotonic();
    if (wish->follows) {
        follow->news = orc_news_enter(call->service->rules->news, wish->at.id);
        apr_pool_cleanup_register(call->pool, follow, leave, apr_pool_cleanup_null);
    }
    *out = follow;
    return NULL;
}

/* ---- news ---- */

static void hear(void *news, const char *id, const char *text)
{
    orc_news_tell(news, id, text);
}

/* For everybody in this process. That the database is away is no news. */
static void look_for_news(const orc_rules_follow_t *follow, apr_pool_t *pool)
{
    const orc_service_t *service = follow->call.service;

    if (orc_news_is_due(service->rules->news, orc_time_monotonic(), look_interval))
        (void)orc_store_operation_log_news(orc_news_ids(service->rules->news, pool), service->db, hear,
                                           service->rules->news, pool);
}

/* Whether it is to be read now. */
static int is_moved(orc_rules_follow_t *follow, apr_time_t now, apr_pool_t *pool)
{
    unsigned moved;

    if (now >= follow->read_at)
        return 1;
    look_for_news(follow, pool);
    moved = orc_news_moved(follow->call.service->rules->news, follow->news);
    if (moved == follow->moved)
        return 0;
    follow->moved = moved;
    return 1;
}

/* ---- reading ---- */

/* What IM has to say is stored with what it said before, and is read from there. */
static void ask_im(orc_rules_follow_t *follow, apr_time_t now, apr_pool_t *pool)
{
    orc_rules_call_t call = follow->call;

    if (!follow->is_open || now < follow->im_at)
        return;
    follow->im_at = now + im_interval;
    follow->read_at = 0;
    call.pool = pool;
    (void)orc_rules_log_look(&call, follow->deployment_id);
}

static void keep_place(orc_rules_follow_t *follow, const orc_store_log_place_t *place)
{
    apr_pool_t *pool;

    apr_pool_create(&pool, follow->call.pool);
    follow->place =
        (orc_store_log_place_t){place->mark, apr_pstrdup(pool, place->sent), apr_pstrdup(pool, place->last)};
    if (follow->place_pool)
        apr_pool_destroy(follow->place_pool);
    follow->place_pool = pool;
}

/* It went with its deployment, by force; whatever was at work then ended. */
static void tell_gone(orc_rules_told_t *told, const orc_rules_follow_t *follow, apr_pool_t *pool)
{
    const char *now = orc_time_text(apr_time_now(), pool), *last = follow->place.last;

    /* the database's clock may be ahead of this host's */
    told->text = apr_psprintf(pool, "{\"timestamp\":\"%s\",\"end\":true,\"state\":\"%s\"}\n",
                              last && strcmp(last, now) > 0 ? last : now,
                              strcmp(follow->type, "DELETE") == 0 ? "succeeded" : "canceled");
    told->is_over = 1;
}

static orc_error_t *read_lines(orc_rules_told_t *told, orc_rules_follow_t *follow, apr_time_t now, apr_pool_t *pool)
{
    const orc_rules_call_t *call = &follow->call;
    orc_store_log_next_t next;

    ORC_TRY(orc_store_operation_log_read(&next, call->service->db, follow->wish.at.id, &follow->place,
                                         &follow->wish.lines, call->who->user_id, call->who->is_admin, pool));
    if (!next.is_there) {
        tell_gone(told, follow, pool);
        return NULL;
    }
    if (!next.is_allowed)
        return orc_rules_forbidden("deployment", pool);
    keep_place(follow, &next.place);
    told->text = next.end_line ? apr_pstrcat(pool, next.text, next.end_line, NULL) : next.text;
    told->is_over = next.end_line != NULL || (!follow->wish.follows && !next.is_full);
    told->pause = next.is_full ? 0 : look_interval;
    follow->is_open = next.is_open;
    follow->read_at = now + (next.is_full ? 0 : *next.text ? late_lines : call->service->config->follow_heartbeat);
    return NULL;
}

static void give_sign_of_life(orc_rules_told_t *told, orc_rules_follow_t *follow, apr_time_t now)
{
    if (*told->text)
        follow->told_at = now;
    else if (now >= follow->told_at + follow->call.service->config->follow_heartbeat) {
        told->text = "\n";
        follow->told_at = now;
    }
}

/* What is there is told before IM is asked; who only reads waits for IM's word. */
orc_error_t *orc_rules_follow_next(orc_rules_told_t *told, orc_rules_follow_t *follow, apr_pool_t *pool)
{
    int follows = follow->wish.follows, is_first = !follow->read_at;
    apr_time_t now = orc_time_monotonic();
    orc_error_t *error;

    *told = (orc_rules_told_t){"", 0, look_interval};
    if (!follows || !is_first)
        ask_im(follow, now, pool);
    if (!is_moved(follow, now, pool)) {
        give_sign_of_life(told, follow, now);
        return NULL;
    }
    error = read_lines(told, follow, now, pool);
    if (error && (!follows || error->status != 503))
        return error;
    if (error)
        told->pause = outage_pause;
    if (follows)
        give_sign_of_life(told, follow, now);
    return NULL;
}
