/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_work.h"

#include <apr_strings.h>
#include <string.h>

/* The columns of work_claim, in its order. */
enum {
    WORK_ID,
    WORK_DEPLOYMENT_ID,
    WORK_LEASE_NUMBER,
    WORK_TYPE,
    WORK_STATE,
    WORK_PHASE,
    WORK_OPTIONS,
    WORK_PROGRESS,
    WORK_CORRELATION_ID,
    WORK_DESCRIPTION,
    WORK_USER_GROUP,
    WORK_USER_GROUP_ISSUER,
    WORK_DEADLINE,
    WORK_CLOCK,
    WORK_WAITS_FOR_TOKEN,
    WORK_INPUTS,
    WORK_PER_PROVIDER_MAX_RETRIES,
    WORK_MAX_PROVIDERS,
    WORK_PER_PROVIDER_TIMEOUT_MINS,
    WORK_KEEP_LAST_ATTEMPT,
    WORK_TARGET_PROVIDER,
    WORK_TARGET_REGION,
    WORK_IM_ENDPOINT,
    WORK_IM_INFRA_ID,
    WORK_USER_ID,
    WORK_ISSUER,
    WORK_EMAIL,
    WORK_REFRESH_TOKEN,
    WORK_ACCESS_TOKEN,
    WORK_TOKEN_EXPIRES,
    WORK_PROVIDER_TYPE,
    WORK_CONTENT,
    WORK_OWNERS,
    WORK_REMAINS,
    WORK_INPUTS_SEALED,
};

static const char *number(apr_int64_t value, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, value);
}

/* A PostgreSQL array of texts. */
static const char *text_array(const apr_array_header_t *texts, apr_pool_t *pool)
{
    apr_array_header_t *parts = apr_array_make(pool, texts->nelts * 2 + 2, sizeof(const char *));
    int i;

    APR_ARRAY_PUSH(parts, const char *) = "{";
    for (i = 0; i < texts->nelts; i++) {
        const char *from = APR_ARRAY_IDX(texts, i, const char *);
        char *quoted = apr_palloc(pool, strlen(from) * 2 + 4), *at = quoted;

        if (i)
            *at++ = ',';
        *at++ = '"';
        for (; *from; from++) {
            if (*from == '"' || *from == '\\')
                *at++ = '\\';
            *at++ = *from;
        }
        *at++ = '"';
        *at = '\0';
        APR_ARRAY_PUSH(parts, const char *) = quoted;
    }
    APR_ARRAY_PUSH(parts, const char *) = "}";
    return apr_array_pstrcat(pool, parts, 0);
}

static apr_array_header_t *first_column(const orc_rows_t *rows, apr_pool_t *pool)
{
    apr_array_header_t *texts = apr_array_make(pool, rows->count, sizeof(const char *));
    int i;

    for (i = 0; i < rows->count; i++)
        APR_ARRAY_PUSH(texts, const char *) = apr_pstrdup(pool, orc_rows_text(rows, i, 0));
    return texts;
}

/* ---- claims ---- */

orc_error_t *orc_store_claim(orc_rows_t *rows, orc_db_t *db, const orc_store_claim_t *claim, apr_pool_t *pool)
{
    return orc_db_call(db, rows, ORC_SQL_WORK_CLAIM, pool, number(claim->due, pool), number(claim->pending, pool),
                       number(claim->max_at_work, pool), claim->owner, number(claim->lease, pool));
}

static const char *copy(const orc_rows_t *rows, int row, int column, apr_pool_t *pool)
{
    return apr_pstrdup(pool, orc_rows_text(rows, row, column));
}

/* Our own JSON, which was checked when it came in and may be one level deeper now. NULL for SQL's NULL. */
static orc_error_t *read_json(json_t **out, const orc_rows_t *rows, int row, int column, apr_pool_t *pool)
{
    const char *text = orc_rows_text(rows, row, column);

    *out = NULL;
    if (!text)
        return NULL;
    *out = orc_json_own_text(text, pool);
    return *out ? NULL : orc_error(pool, 500, "database", "A stored JSON value can't be read.");
}

orc_error_t *orc_store_work_read(orc_work_t **out, const orc_rows_t *rows, int row, apr_pool_t *pool)
{
    orc_work_t *work = apr_pcalloc(pool, sizeof *work);

    work->id = copy(rows, row, WORK_ID, pool);
    work->deployment_id = copy(rows, row, WORK_DEPLOYMENT_ID, pool);
    work->lease_number = copy(rows, row, WORK_LEASE_NUMBER, pool);
    work->type = copy(rows, row, WORK_TYPE, pool);
    work->state = copy(rows, row, WORK_STATE, pool);
    work->phase = copy(rows, row, WORK_PHASE, pool);
    work->correlation_id = copy(rows, row, WORK_CORRELATION_ID, pool);
    work->description = copy(rows, row, WORK_DESCRIPTION, pool);
    work->user_group = copy(rows, row, WORK_USER_GROUP, pool);
    work->user_group_issuer = copy(rows, row, WORK_USER_GROUP_ISSUER, pool);
    work->deadline = orc_rows_integer(rows, row, WORK_DEADLINE);
    work->clock = orc_rows_integer(rows, row, WORK_CLOCK);
    work->waits_for_token = orc_rows_true(rows, row, WORK_WAITS_FOR_TOKEN);
    work->per_provider_max_retries = (int)orc_rows_integer(rows, row, WORK_PER_PROVIDER_MAX_RETRIES);
    work->max_providers = (int)orc_rows_integer(rows, row, WORK_MAX_PROVIDERS);
    work->per_provider_timeout_mins = (int)orc_rows_integer(rows, row, WORK_PER_PROVIDER_TIMEOUT_MINS);
    work->keep_last_attempt = orc_rows_true(rows, row, WORK_KEEP_LAST_ATTEMPT);
    work->target_provider = copy(rows, row, WORK_TARGET_PROVIDER, pool);
    work->target_region = copy(rows, row, WORK_TARGET_REGION, pool);
    work->im_endpoint = copy(rows, row, WORK_IM_ENDPOINT, pool);
    work->im_infra_id = copy(rows, row, WORK_IM_INFRA_ID, pool);
    work->user_id = copy(rows, row, WORK_USER_ID, pool);
    work->issuer = copy(rows, row, WORK_ISSUER, pool);
    work->email = copy(rows, row, WORK_EMAIL, pool);
    work->refresh_token = copy(rows, row, WORK_REFRESH_TOKEN, pool);
    work->access_token = copy(rows, row, WORK_ACCESS_TOKEN, pool);
    work->token_expires = orc_rows_integer(rows, row, WORK_TOKEN_EXPIRES);
    work->provider_type = copy(rows, row, WORK_PROVIDER_TYPE, pool);
    work->content = copy(rows, row, WORK_CONTENT, pool);
    work->inputs_sealed = copy(rows, row, WORK_INPUTS_SEALED, pool);
    *out = work;
    ORC_TRY(read_json(&work->options, rows, row, WORK_OPTIONS, pool));
    ORC_TRY(read_json(&work->progress, rows, row, WORK_PROGRESS, pool));
    ORC_TRY(read_json(&work->inputs, rows, row, WORK_INPUTS, pool));
    ORC_TRY(read_json(&work->owners, rows, row, WORK_OWNERS, pool));
    return read_json(&work->remains, rows, row, WORK_REMAINS, pool);
}

orc_error_t *orc_store_next(apr_interval_time_t *next, orc_db_t *db, apr_pool_t *pool)
{
    orc_rows_t rows;

    *next = -1;
    ORC_TRY(orc_db_execute(db, &rows, ORC_SQL_WORK_NEXT, 0, NULL, pool));
    if (orc_rows_text(&rows, 0, 0)) {
        *next = orc_rows_integer(&rows, 0, 0);
        *next = *next < 0 ? 0 : *next;
    }
    return NULL;
}

/* ---- leases ---- */

static void split(const apr_array_header_t *leases, const char **ids, const char **numbers, apr_pool_t *pool)
{
    apr_array_header_t *first = apr_array_make(pool, leases->nelts, sizeof(const char *));
    apr_array_header_t *second = apr_array_make(pool, leases->nelts, sizeof(const char *));
    int i;

    for (i = 0; i < leases->nelts; i++) {
        APR_ARRAY_PUSH(first, const char *) = APR_ARRAY_IDX(leases, i, orc_store_lease_t).id;
        APR_ARRAY_PUSH(second, const char *) = APR_ARRAY_IDX(leases, i, orc_store_lease_t).number;
    }
    *ids = text_array(first, pool);
    *numbers = text_array(second, pool);
}

orc_error_t *orc_store_renew(apr_array_header_t **kept, orc_db_t *db, const apr_array_header_t *leases,
                             const char *owner, apr_interval_time_t lease, apr_pool_t *pool)
{
    const char *ids, *numbers;
    orc_rows_t rows;

    split(leases, &ids, &numbers, pool);
    ORC_TRY(orc_db_call(db, &rows, ORC_SQL_WORK_RENEW, pool, ids, numbers, owner, number(lease, pool)));
    *kept = first_column(&rows, pool);
    return NULL;
}

orc_error_t *orc_store_release(orc_db_t *db, const apr_array_header_t *leases, const char *owner, apr_pool_t *pool)
{
    const char *ids, *numbers;

    split(leases, &ids, &numbers, pool);
    return orc_db_call(db, NULL, ORC_SQL_WORK_RELEASE, pool, ids, numbers, owner);
}

orc_error_t *orc_store_holders(apr_array_header_t **holders, orc_db_t *db, const char *prefix, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_call(db, &rows, ORC_SQL_WORK_HOLDERS, pool, prefix));
    *holders = first_column(&rows, pool);
    return NULL;
}

orc_error_t *orc_store_adopt(int *adopted, orc_db_t *db, const char *holder, apr_pool_t *pool)
{
    orc_rows_t rows = {0};

    ORC_TRY(orc_db_call(db, &rows, ORC_SQL_WORK_ADOPT, pool, holder));
    *adopted = rows.affected;
    return NULL;
}

/* ---- results of steps ---- */

/* The statement and its values for one save. */
static void prepare_save(orc_db_step_t *step, const orc_store_save_t *save, apr_pool_t *pool)
{
    const char **values = apr_palloc(pool, 5 * sizeof *values);

    values[0] = save->id;
    values[1] = save->owner;
    values[2] = save->lease_number;
    values[3] = number(save->due, pool);
    step->count = 5;
    step->values = values;
    if (save->changes) {
        json_t *all = json_copy((json_t *)save->changes);

        json_object_set(all, "progress", (json_t *)save->progress);
        step->statement = ORC_SQL_WORK_SAVE;
        values[4] = orc_json_text(all, pool);
        json_decref(all);
    }
    else {
        step->statement = ORC_SQL_WORK_POLL;
        values[4] = orc_json_text(save->progress, pool);
    }
}

orc_error_t *orc_store_save(orc_db_t *db, orc_store_save_t *save, apr_pool_t *pool)
{
    orc_db_step_t step;
    orc_rows_t rows;

    prepare_save(&step, save, pool);
    ORC_TRY(orc_db_execute(db, &rows, step.statement, step.count, step.values, pool));
    save->is_kept = rows.count > 0;
    return NULL;
}

orc_error_t *orc_store_save_all(orc_db_t *db, orc_store_save_t *saves, int count, apr_pool_t *pool)
{
    orc_db_step_t *steps = apr_pcalloc(pool, (apr_size_t)count * sizeof *steps);
    int i;

    for (i = 0; i < count; i++)
        prepare_save(&steps[i], &saves[i], pool);
    ORC_TRY(orc_db_batch(db, steps, count, 0, pool));
    for (i = 0; i < count; i++)
        saves[i].is_kept = steps[i].rows.count > 0;
    return NULL;
}

orc_error_t *orc_store_forget(int *done, orc_db_t *db, const orc_store_save_t *save, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_call(db, &rows, ORC_SQL_WORK_FORGET, pool, save->id, save->owner, save->lease_number));
    *done = rows.count > 0;
    return NULL;
}

orc_error_t *orc_store_made(int *is_noted, orc_db_t *db, const char *operation, const char *tag, const char *infra_id,
                            apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_call(db, &rows, ORC_SQL_WORK_MADE, pool, tag, operation, infra_id));
    *is_noted = rows.count > 0;
    return NULL;
}

orc_error_t *orc_store_answer(const char **infra_id, orc_db_t *db, const char *operation, const char *tag,
                              apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_call(db, &rows, ORC_SQL_WORK_ANSWER, pool, operation, tag));
    *infra_id = rows.count ? apr_pstrdup(pool, orc_rows_text(&rows, 0, 0)) : NULL;
    return NULL;
}

orc_error_t *orc_store_known(apr_array_header_t **known, orc_db_t *db, const apr_array_header_t *ids, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_call(db, &rows, ORC_SQL_WORK_KNOWN, pool, text_array(ids, pool)));
    *known = first_column(&rows, pool);
    return NULL;
}

orc_error_t *orc_store_resources(apr_array_header_t **resources, orc_db_t *db, const char *deployment_id,
                                 apr_pool_t *pool)
{
    orc_rows_t rows;
    int i;

    ORC_TRY(orc_db_call(db, &rows, ORC_SQL_WORK_RESOURCES, pool, deployment_id));
    *resources = apr_array_make(pool, rows.count, sizeof(orc_store_resource_t));
    for (i = 0; i < rows.count; i++) {
        orc_store_resource_t *resource = apr_array_push(*resources);

        resource->position = (int)orc_rows_integer(&rows, i, 0);
        resource->node = orc_rows_text(&rows, i, 1);
        resource->is_compute = orc_rows_true(&rows, i, 2);
        resource->vm = orc_rows_text(&rows, i, 3);
        resource->id = orc_rows_text(&rows, i, 4);
    }
    return NULL;
}

orc_error_t *orc_store_records(apr_array_header_t **records, orc_db_t *db, apr_pool_t *pool)
{
    orc_rows_t rows;
    int i;

    ORC_TRY(orc_db_execute(db, &rows, ORC_SQL_WORK_PROVIDERS, 0, NULL, pool));
    *records = apr_array_make(pool, rows.count, sizeof(orc_store_record_t));
    for (i = 0; i < rows.count; i++) {
        orc_store_record_t *record = apr_array_push(*records);

        record->name = orc_rows_text(&rows, i, 0);
        record->attempts = orc_rows_integer(&rows, i, 1);
        record->successes = orc_rows_integer(&rows, i, 2);
    }
    return NULL;
}

/* ---- tokens ---- */

orc_error_t *orc_store_renewal_begin(int *granted, orc_db_t *db, const char *user_id, const char *owner,
                                     apr_interval_time_t time, const char *sealed, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_call(db, &rows, ORC_SQL_TOKEN_RENEW_BEGIN, pool, user_id, owner, number(time, pool), sealed));
    *granted = rows.count > 0;
    return NULL;
}

orc_error_t *orc_store_renewed(orc_db_t *db, const char *user_id, const char *owner, const char *access,
                               apr_time_t expires, const char *refresh, apr_pool_t *pool)
{
    return orc_db_call(db, NULL, ORC_SQL_TOKEN_RENEWED, pool, user_id, owner, access, number(expires, pool), refresh);
}

orc_error_t *orc_store_renewal_end(orc_db_t *db, const char *user_id, const char *owner, apr_pool_t *pool)
{
    return orc_db_call(db, NULL, ORC_SQL_TOKEN_RENEW_FAILED, pool, user_id, owner);
}

/* ---- housekeeping ---- */

orc_error_t *orc_store_keep_house(int *deleted, orc_db_t *db, apr_pool_t *pool)
{
    orc_rows_t rows = {0};

    ORC_TRY(orc_db_execute(db, &rows, ORC_SQL_KEEP_HOUSE_IDEMPOTENCY, 0, NULL, pool));
    *deleted = rows.affected;
    return NULL;
}
