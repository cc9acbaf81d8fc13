/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_logs.h"

#include <string.h>

#include "orc_im.h"
#include "orc_log.h"
#include "orc_redact.h"
#include "orc_rules_internal.h"

static const apr_interval_time_t im_patience = 2 * APR_USEC_PER_SEC;
enum { MAX_IM_LOG = 1024 * 1024 };

/* The token that the infrastructure's owner at IM has; NULL when there is none to be had. */
static const char *im_token(const orc_store_log_t *log, const orc_rules_call_t *call)
{
    if (log->is_creator)
        return call->who->access_token;
    return orc_secret_reveal(call->service->config->secret_keys, ORC_SEALED_ACCESS_TOKEN, log->creator_id,
                             log->access_token, call->pool);
}

/* IM's own words when it answers in time; NULL: what is stored has to do. */
static const char *ask_im(const orc_store_log_t *log, const orc_rules_call_t *call, const char *deployment_id)
{
    const orc_config_t *config = call->service->config;
    const orc_im_values_t values = {.access_token = im_token(log, call)};
    orc_im_target_t target = {.url = log->im_endpoint ? log->im_endpoint : config->im_url,
                              .request_id = call->correlation_id,
                              .timeout = im_patience};
    orc_im_result_t *result;
    orc_error_t *error;

    if (!log->im_infra_id || !target.url || !values.access_token ||
        !orc_providers_have_endpoint(call->service->providers, config->im_url, target.url))
        return NULL;
    error = orc_im_credentials(&target.authorization, config->im_auth, NULL, &values, call->pool);
    if (!error)
        error = orc_im_fetch_contmsg(&result, &target, log->im_infra_id, MAX_IM_LOG, config->ca_file, call->pool);
    if (!error)
        return result->text && *result->text ? result->text : NULL;
    orc_log(ORC_LOG_INFO, "deployment %s: IM's log is not to be had: %s", deployment_id,
            orc_error_line(error, call->pool));
    return NULL;
}

/* One look at a deployment's log at a time on a host, and few at all: who comes meanwhile is given what is stored. */
static const char *look(const orc_store_log_t *log, const orc_rules_call_t *call, const char *deployment_id)
{
    orc_gate_t *looks = call->service->rules->looks;
    const char *fresh;

    if (!orc_gate_enter(looks, deployment_id, 0))
        return NULL;
    fresh = ask_im(log, call, deployment_id);
    orc_gate_leave(looks, deployment_id);
    return fresh;
}

/* Puts what IM said among the parts: without its secrets, and sealed when it has any. */
static void set_im_part(orc_store_log_parts_t *parts, const char *text, const orc_rules_call_t *call,
                        const char *deployment_id)
{
    int has_secrets;

    parts->im_logs = orc_redact_text(text, &has_secrets, call->pool);
    if (has_secrets)
        parts->im_logs_sealed =
            orc_secret_seal(call->service->config->secret_keys, ORC_SEALED_IM_LOGS, deployment_id, text, call->pool);
}

/* IM's part with its secrets. */
static const char *whole_of(const orc_store_log_t *log, const orc_rules_call_t *call, const char *deployment_id)
{
    return log->im_logs_sealed ? orc_secret_reveal(call->service->config->secret_keys, ORC_SEALED_IM_LOGS,
                                                   deployment_id, log->im_logs_sealed, call->pool)
                               : log->im_logs;
}

/* Secrets are for owners, in either part. */
static void show(orc_store_log_t *log, const char *whole, apr_pool_t *pool)
{
    int has_secrets;

    if (log->is_owner)
        log->im_logs = whole;
    else
        log->orchestrator_logs = orc_redact_text(log->orchestrator_logs, &has_secrets, pool);
}

orc_error_t *orc_rules_log_read(orc_store_log_t *log, const orc_rules_call_t *call, const char *deployment_id)
{
    orc_store_log_parts_t parts = {0};
    const char *fresh, *whole;

    ORC_TRY(
        orc_store_log_read(log, call->service->db, deployment_id, call->who->user_id, call->who->is_admin, call->pool));
    if (!log->is_known)
        return orc_rules_gone(call->pool);
    if (!log->exists)
        return orc_rules_not_found("deployment", call->pool);
    if (!log->is_allowed)
        return orc_rules_forbidden("deployment", call->pool);
    whole = whole_of(log, call, deployment_id);
    fresh = look(log, call, deployment_id);
    if (fresh && (!whole || strcmp(fresh, whole) != 0)) {
        set_im_part(&parts, fresh, call, deployment_id);
        ORC_TRY(orc_store_log_keep_im(&log->timestamp, call->service->db, deployment_id, &parts, log->im_infra_id,
                                      log->im_after, call->pool));
        log->im_logs = parts.im_logs;
        whole = fresh;
    }
    show(log, whole, call->pool);
    return NULL;
}

const char *orc_rules_log_tag(const orc_store_log_t *log, apr_pool_t *pool)
{
    const char *text = orc_json_text(
        orc_json_own(json_pack("[s, s?, s?]", log->timestamp, log->im_logs, log->orchestrator_logs), pool), pool);

    return orc_secret_sha256(text, strlen(text), pool);
}

orc_error_t *orc_rules_log_look(const orc_rules_call_t *call, const char *deployment_id)
{
    orc_store_log_parts_t parts = {0};
    orc_store_log_t log;
    const char *fresh;

    ORC_TRY(orc_store_log_place(&log, call->service->db, deployment_id, call->pool));
    fresh = log.im_infra_id && log.access_token ? look(&log, call, deployment_id) : NULL;
    if (!fresh)
        return NULL;
    set_im_part(&parts, fresh, call, deployment_id);
    return orc_store_log_keep_im(&log.timestamp, call->service->db, deployment_id, &parts, log.im_infra_id,
                                 log.im_after, call->pool);
}

/* ---- writing ---- */

typedef struct work_t {
    const orc_rules_call_t *call;
    const char *deployment_id;
    const orc_store_log_parts_t *parts; /* NULL: both go */
    const orc_rules_condition_t *condition;
} work_t;

/* As a reader has it who was given what is stored now. */
static orc_error_t *check_version(orc_db_t *db, const work_t *work, apr_pool_t *pool)
{
    const orc_identity_t *who = work->call->who;
    orc_store_log_t log;

    if (!work->condition || !work->condition->check)
        return NULL;
    ORC_TRY(orc_store_log_read_locked(&log, db, work->deployment_id, who->user_id, who->is_admin, pool));
    show(&log, whole_of(&log, work->call, work->deployment_id), pool);
    return orc_rules_condition_check(work->condition, orc_rules_log_tag(&log, pool), NULL);
}

static orc_error_t *change(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    const work_t *work = baton;
    int is_known, exists;

    ORC_TRY(orc_store_log_lock(&is_known, &exists, db, work->deployment_id, work->call->who->user_id, pool));
    if (!is_known)
        return orc_rules_gone(pool);
    if (!exists)
        return orc_rules_not_found("deployment", pool);
    ORC_TRY(check_version(db, work, pool));
    return work->parts ? orc_store_log_write(db, work->deployment_id, work->parts, pool)
                       : orc_store_log_delete(db, work->deployment_id, pool);
}

orc_error_t *orc_rules_log_write(const orc_rules_call_t *call, const char *deployment_id,
                                 const orc_store_log_parts_t *parts)
{
    orc_store_log_parts_t stored = *parts;
    work_t work = {call, deployment_id, &stored, NULL};

    if (!call->who->is_admin && !call->who->is_service)
        return orc_rules_forbidden("log", call->pool);
    if (parts->im_logs)
        set_im_part(&stored, parts->im_logs, call, deployment_id);
    return orc_db_transact(call->service->db, change, &work, 0, call->pool);
}

orc_error_t *orc_rules_log_delete(const orc_rules_call_t *call, const char *deployment_id,
                                  const orc_rules_condition_t *condition)
{
    work_t work = {call, deployment_id, NULL, condition};

    if (!call->who->is_admin)
        return orc_rules_forbidden("log", call->pool);
    return orc_db_transact(call->service->db, change, &work, 0, call->pool);
}
