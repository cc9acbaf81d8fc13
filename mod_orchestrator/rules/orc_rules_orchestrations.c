/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_orchestrations.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_id.h"
#include "orc_redact.h"
#include "orc_time.h"

enum {
    MAX_PARAMETERS = 64 * 1024, /* bytes of all that was asked for, as JSON: lists show it a hundred times */
    RETRY_SECONDS = 30,         /* until some of the person's may have ended */
};

/* ---- how many one person may have ---- */

static orc_sql_call_t limit_check(const orc_rules_call_t *call, const char *creator, int more)
{
    int most = call->service->config->max_orchestrations - more;

    return orc_db_kept(
        orc_sql_orchestration_limit_check(.creator = creator, .most = orc_value_number(most, call->pool)), call->pool);
}

static orc_error_t *explain_limit(orc_error_t *error, const orc_rules_call_t *call)
{
    if (!error || !orc_db_is_past_limit(error))
        return error;
    error = orc_error(call->pool, 429, "orchestrations.full", "%d orchestrations of the person have not ended yet.",
                      call->service->config->max_orchestrations);
    error->retriable = 1;
    error->retry_after = RETRY_SECONDS;
    return error;
}

/* ---- the wish ---- */

static int is_type(const orc_rules_orchestration_t *wish, const char *type)
{
    return wish->type && strcmp(wish->type, type) == 0;
}

/* A schedule's time; 0: now. */
static int read_schedule(apr_time_t *begins, const char *schedule)
{
    *begins = 0;
    if (!schedule || strcmp(schedule, "immediate") == 0 || strcmp(schedule, "now") == 0)
        return 1;
    return orc_time_parse(begins, schedule);
}

static void check_parameters(orc_error_t **error, const orc_rules_call_t *call, const orc_rules_orchestration_t *wish)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)wish->parameters, name, value)
    {
        const char *type = strcmp(name, "template_inputs") == 0 ? "UPDATE" : "DELETE";

        if (wish->type && !is_type(wish, type))
            orc_error_add_member(error, call->pool, apr_pstrcat(call->pool, "parameters/", name, NULL),
                                 "is a parameter of %s", type);
    }
}

void orc_rules_orchestration_check(orc_error_t **error, const orc_rules_call_t *call,
                                   const orc_rules_orchestration_t *wish)
{
    apr_time_t begins;

    if (!read_schedule(&begins, wish->schedule))
        orc_error_add_member(error, call->pool, "strategy/schedule",
                             "must be immediate, now, or a time of RFC 3339, like 2024-01-01T10:00:00Z");
    check_parameters(error, call, wish);
}

/* What GET shows of it, without secrets, and what is not given filled in. */
static json_t *shown(int *has_secrets, const orc_rules_orchestration_t *wish, apr_pool_t *pool)
{
    json_t *shown = json_pack("{s:O, s:{s:s, s:s, s:b, s:{s:i}}, s:b}", "targets", (json_t *)wish->targets, "strategy",
                              "type", "parallel", "schedule", wish->schedule ? wish->schedule : "immediate",
                              "maintenanceWindow", wish->keeps_windows, "parallel", "workers",
                              wish->workers ? wish->workers : 1, "dryRun", wish->is_dry_run);

    *has_secrets = 0;
    if (wish->parameters)
        json_object_update(shown, orc_redact(wish->parameters, has_secrets, pool));
    orc_json_put(shown, "description", wish->description);
    return orc_json_own(shown, pool);
}

static int is_true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

static orc_sql_call_t insertion(const orc_rules_call_t *call, const orc_rules_orchestration_t *wish, const char *shown,
                                int has_secrets)
{
    apr_pool_t *pool = call->pool;
    const json_t *inputs = json_object_get(wish->parameters, "template_inputs");
    apr_time_t begins;

    (void)read_schedule(&begins, wish->schedule);
    return orc_db_kept(
        orc_sql_orchestration_insert(.id = wish->id, .type = wish->type, .parameters = shown,
                                     .inputs_sealed = has_secrets ? orc_secret_seal(call->service->config->secret_keys,
                                                                                    ORC_SEALED_BULK_INPUTS, wish->id,
                                                                                    orc_json_text(inputs, pool), pool)
                                                                  : NULL,
                                     .is_admin = orc_value_flag(call->who->is_admin),
                                     .is_dry_run = orc_value_flag(wish->is_dry_run),
                                     .keeps_windows = orc_value_flag(wish->keeps_windows),
                                     .workers = orc_value_number(wish->workers ? wish->workers : 1, pool),
                                     .begins_at = begins ? orc_time_text(begins, pool) : NULL,
                                     .correlation_id = call->correlation_id, .caller = call->who->user_id),
        pool);
}

/* The system's time zones need not be those of the database, which may be elsewhere. */
static orc_error_t *check_windows(const orc_rules_call_t *call, const orc_rules_orchestration_t *wish)
{
    const apr_array_header_t *windows = call->service->config->windows;
    orc_error_t *error = NULL;
    int are_known;

    if (!wish->keeps_windows || !windows || !windows->nelts)
        return NULL;
    ORC_TRY(orc_store_windows_check(&are_known, call->service->db, windows, call->pool));
    if (!are_known)
        orc_error_add_member(&error, call->pool, "strategy/maintenanceWindow",
                             "can't be kept: the database lacks the time zone of a window");
    return error;
}

orc_error_t *orc_rules_orchestrate(const orc_rules_call_t *call, const orc_rules_orchestration_t *wish)
{
    orc_error_t *error = NULL;
    orc_db_step_t steps[5] = {0};
    int count = 0, has_secrets;
    const char *parameters;

    orc_rules_orchestration_check(&error, call, wish);
    parameters = orc_json_text(shown(&has_secrets, wish, call->pool), call->pool);
    if (strlen(parameters) > MAX_PARAMETERS)
        orc_error_add_member(&error, call->pool, "parameters", "must have at most %d bytes, with the targets",
                             MAX_PARAMETERS);
    ORC_TRY(error);
    if ((is_true(wish->parameters, "force") || is_true(wish->parameters, "unsecure")) && !call->who->is_admin)
        return orc_error(call->pool, 403, "forbidden.admin", "Only administrators may use force or unsecure.");
    ORC_TRY(check_windows(call, wish));
    if (wish->also)
        steps[count++] = *wish->also;
    /* Counted before anything is written, where a refusal costs nothing, and behind it, where it is exact. */
    steps[count++].call = limit_check(call, call->who->user_id, 1);
    steps[count++].call = insertion(call, wish, parameters, has_secrets);
    steps[count++].call = orc_sql_orchestration_limit_lock(.creator = call->who->user_id);
    steps[count++].call = limit_check(call, call->who->user_id, 0);
    error = orc_db_write(call->service->db, steps, count, 1, call->pool);
    return orc_db_is_reference(error) ? orc_rules_gone(call->pool) : explain_limit(error, call);
}

/* ---- what is asked of one that there is ---- */

typedef struct change_t {
    const orc_rules_call_t *call;
    const char *id;
    const orc_rules_condition_t *condition;
    const apr_array_header_t *operations;
    int is_immediate;
    orc_rules_retried_t retried;
    orc_rules_retry_told_t *told;
    void *baton;
    int is_canceled;
} change_t;

static orc_error_t *lock(orc_sql_orchestration_lock_row_t *row, orc_db_t *db, const change_t *change, apr_pool_t *pool)
{
    const orc_identity_t *who = change->call->who;
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, NULL, orc_sql_orchestration_lock_work(.id = change->id), pool));
    ORC_TRY(orc_db_execute(
        db, &rows,
        orc_sql_orchestration_lock(.id = change->id, .caller = who->user_id, .is_admin = orc_value_flag(who->is_admin)),
        pool));
    if (!rows.count)
        return orc_rules_gone(change->call->pool);
    *row = orc_sql_orchestration_lock_row(&rows, 0);
    if (!row->state)
        return orc_rules_not_found("orchestration", change->call->pool);
    if (!orc_value_is_true(row->is_allowed))
        return orc_rules_forbidden("orchestration", change->call->pool);
    return orc_rules_condition_check(change->condition, row->tag, NULL);
}

static int is_one_of(const char *state, const char *const *states)
{
    while (*states && strcmp(*states, state) != 0)
        states++;
    return *states != NULL;
}

static orc_error_t *cancel(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    static const char *const left_alone[] = {"canceling", "canceled", "succeeded", "failed", NULL};
    change_t *change = baton;
    orc_sql_orchestration_lock_row_t row;

    ORC_TRY(lock(&row, db, change, pool));
    change->is_canceled = !is_one_of(row.state, left_alone);
    if (!change->is_canceled)
        return NULL;
    return orc_db_execute(db, NULL, orc_sql_orchestration_cancel(.id = change->id, .caller_name = row.caller_name),
                          pool);
}

orc_error_t *orc_rules_orchestration_cancel(const orc_rules_call_t *call, const char *id,
                                            const orc_rules_condition_t *condition)
{
    change_t change = {.call = call, .id = id, .condition = condition};

    return orc_db_transact(call->service->db, cancel, &change, 1, call->pool);
}

/* ---- another try ---- */

static const apr_array_header_t *lower_ids(const apr_array_header_t *given, apr_pool_t *pool)
{
    apr_array_header_t *ids = apr_array_make(pool, given->nelts + 1, sizeof(const char *));
    char *id;
    int i;

    for (i = 0; i < given->nelts; i++) {
        const char *text = APR_ARRAY_IDX(given, i, const char *);

        id = apr_palloc(pool, ORC_ID_LENGTH + 1);
        APR_ARRAY_PUSH(ids, const char *) = orc_id_parse(text, id) ? id : text;
    }
    return ids;
}

static void sort_out(apr_array_header_t *former, const change_t *change, const orc_rows_t *rows)
{
    const orc_rules_retried_t *retried = &change->retried;
    apr_pool_t *pool = change->call->pool;
    int i;

    for (i = 0; i < rows->count; i++) {
        const orc_sql_orchestration_retriable_row_t row = orc_sql_orchestration_retriable_row(rows, i);
        const char *id = apr_pstrdup(pool, row.id);

        if (!orc_value_is_true(row.is_failed)) {
            APR_ARRAY_PUSH(retried->invalid, const char *) = id;
        }
        else if (!orc_value_is_true(row.is_last)) {
            APR_ARRAY_PUSH(retried->old, const char *) = id;
        }
        else {
            APR_ARRAY_PUSH(former, const char *) = id;
            APR_ARRAY_PUSH(retried->deployments, const char *) = apr_pstrdup(pool, row.deployment_id);
        }
    }
}

static void clear(change_t *change)
{
    change->retried = (orc_rules_retried_t){apr_array_make(change->call->pool, 4, sizeof(const char *)),
                                            apr_array_make(change->call->pool, 4, sizeof(const char *)),
                                            apr_array_make(change->call->pool, 4, sizeof(const char *))};
}

/* One that had ended goes on, and counts again. */
static orc_error_t *check_revived(orc_db_t *db, const change_t *change, const char *creator, apr_pool_t *pool)
{
    ORC_TRY(orc_db_execute(db, NULL, orc_sql_orchestration_limit_lock(.creator = creator), pool));
    return orc_db_execute(db, NULL, limit_check(change->call, creator, 0), pool);
}

static orc_error_t *retry(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    static const char *const canceled[] = {"canceling", "canceled", NULL}, *const ended[] = {"failed", "succeeded",
                                                                                             NULL};
    change_t *change = baton;
    apr_array_header_t *former = apr_array_make(pool, 4, sizeof(const char *));
    apr_array_header_t *ids = apr_array_make(pool, 4, sizeof(const char *));
    orc_sql_orchestration_lock_row_t row;
    orc_rows_t rows;

    clear(change);
    ORC_TRY(lock(&row, db, change, pool));
    if (is_one_of(row.state, canceled))
        return orc_error(change->call->pool, 409, "orchestration.canceled", "The orchestration is %s.", row.state);
    ORC_TRY(orc_db_execute(
        db, &rows,
        orc_sql_orchestration_retriable(.id = change->id,
                                        .ids = change->operations ? orc_value_array(change->operations, pool) : NULL),
        pool));
    sort_out(former, change, &rows);
    ORC_TRY(change->told(db, &change->retried, change->baton, pool));
    if (!former->nelts)
        return NULL;
    while (ids->nelts < former->nelts)
        APR_ARRAY_PUSH(ids, const char *) = orc_id_new(pool);
    ORC_TRY(orc_db_execute(db, NULL,
                           orc_sql_orchestration_retry(.id = change->id, .ids = orc_value_array(ids, pool),
                                                       .former = orc_value_array(former, pool),
                                                       .is_immediate = orc_value_flag(change->is_immediate)),
                           pool));
    return is_one_of(row.state, ended) ? check_revived(db, change, row.creator, pool) : NULL;
}

orc_error_t *orc_rules_orchestration_retry(const orc_rules_call_t *call, const char *id,
                                           const apr_array_header_t *operations, int is_immediate,
                                           orc_rules_retry_told_t *told, void *baton)
{
    change_t change = {.call = call,
                       .id = id,
                       .operations = operations ? lower_ids(operations, call->pool) : NULL,
                       .is_immediate = is_immediate,
                       .told = told,
                       .baton = baton};

    return explain_limit(orc_db_transact(call->service->db, retry, &change, 1, call->pool), call);
}
