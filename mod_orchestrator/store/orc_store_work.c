/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_work.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define NIL "00000000-0000-0000-0000-000000000000"

/* ---- claims ---- */

/* Our own JSON, which was checked when it came in and may be one level deeper now. NULL for SQL's NULL. */
static orc_error_t *read_json(json_t **out, const char *text, apr_pool_t *pool)
{
    *out = NULL;
    if (!text)
        return NULL;
    *out = orc_json_own_text(text, pool);
    return *out ? NULL : orc_error(pool, 500, "database", "A stored JSON value can't be read.");
}

/* The members of a list of endpoints, each as an array of the statement. */
typedef struct slow_t {
    const char *endpoints, *rooms, *rests, *ahead;
} slow_t;

static slow_t split_slow(const apr_array_header_t *slow, apr_pool_t *pool)
{
    apr_array_header_t *lists[4];
    int i;

    for (i = 0; i < 4; i++)
        lists[i] = apr_array_make(pool, slow->nelts + 1, sizeof(const char *));
    for (i = 0; i < slow->nelts; i++) {
        const orc_store_slow_t *one = &APR_ARRAY_IDX(slow, i, orc_store_slow_t);

        APR_ARRAY_PUSH(lists[0], const char *) = one->endpoint;
        APR_ARRAY_PUSH(lists[1], const char *) = orc_value_number(one->room, pool);
        APR_ARRAY_PUSH(lists[2], const char *) = orc_value_number(one->rest, pool);
        APR_ARRAY_PUSH(lists[3], const char *) = orc_value_number(one->ahead, pool);
    }
    return (slow_t){orc_value_array(lists[0], pool), orc_value_array(lists[1], pool), orc_value_array(lists[2], pool),
                    orc_value_array(lists[3], pool)};
}

orc_sql_call_t orc_store_claim_call(const orc_store_claim_t *claim, apr_pool_t *pool)
{
    const slow_t slow = split_slow(claim->slow, pool);

    return orc_db_kept(
        orc_sql_work_claim(.due = orc_value_number(claim->due, pool), .pending = orc_value_number(claim->pending, pool),
                           .per_group = orc_value_number(claim->per_group, pool),
                           .groups = orc_value_number(claim->groups, pool), .after_issuer = claim->after_issuer,
                           .after_group = claim->after_group, .since = orc_value_number(claim->since, pool),
                           .idle_since = orc_value_number(claim->idle_since, pool), .owner = claim->owner,
                           .lease = orc_value_number(claim->lease, pool), .slow = slow.endpoints,
                           .ordering = orc_value_array(claim->ordering, pool), .rooms = slow.rooms, .rests = slow.rests,
                           .ahead = slow.ahead, .longest = orc_value_number(claim->longest, pool),
                           .phases = orc_value_array(claim->phases, pool),
                           .with_template = orc_value_array(claim->with_template, pool),
                           .watching = orc_value_array(claim->watching, pool),
                           .deleting = orc_value_array(claim->deleting, pool),
                           .idle = orc_value_number(claim->idle, pool), .orders = orc_value_number(claim->orders, pool),
                           .orders_since = orc_value_number(claim->orders_since, pool),
                           .with_resources = orc_value_array(claim->with_resources, pool)),
        pool);
}

orc_error_t *orc_store_claimed(orc_store_left_t *left, orc_rows_t *rows, apr_pool_t *pool)
{
    const orc_sql_work_claim_row_t first = orc_sql_work_claim_row(rows, 0);
    json_t *put_off;

    ORC_TRY(read_json(&put_off, first.put_off, pool));
    left->next = first.next ? orc_value_integer(first.next) : -1;
    left->put_off = put_off;
    left->orders_due = orc_value_integer(first.orders_due);
    left->last_issuer = first.last_issuer;
    left->last_group = first.last_group;
    if (!first.id)
        rows->count = 0;
    return NULL;
}

orc_error_t *orc_store_work_read(orc_work_t **out, const orc_rows_t *rows, int number, apr_pool_t *pool)
{
    const orc_sql_work_claim_row_t row = orc_sql_work_claim_row(rows, number);
    orc_work_t *work = apr_pcalloc(pool, sizeof *work);

    work->id = apr_pstrdup(pool, row.id);
    work->deployment_id = apr_pstrdup(pool, row.deployment_id);
    work->lease_number = apr_pstrdup(pool, row.lease_number);
    work->kind = apr_pstrdup(pool, row.kind);
    work->was_due = orc_value_integer(row.was_due);
    work->lease = orc_value_integer(row.lease);
    work->has_rhythm = orc_value_is_true(row.has_rhythm);
    work->is_fresh = orc_value_is_true(row.is_fresh);
    work->is_order = orc_value_is_true(row.is_order);
    work->state = apr_pstrdup(pool, row.state);
    work->phase = apr_pstrdup(pool, row.phase);
    work->correlation_id = apr_pstrdup(pool, row.correlation_id);
    work->description = apr_pstrdup(pool, row.description ? row.description : "");
    work->user_group = apr_pstrdup(pool, row.user_group);
    work->user_group_issuer = apr_pstrdup(pool, row.user_group_issuer);
    work->deadline = orc_value_integer(row.deadline);
    work->clock = orc_value_integer(row.clock);
    work->waits_for_token = orc_value_is_true(row.waits_for_token);
    work->per_provider_max_retries = (int)orc_value_integer(row.per_provider_max_retries);
    work->max_providers = (int)orc_value_integer(row.max_providers);
    work->per_provider_timeout_mins = (int)orc_value_integer(row.per_provider_timeout_mins);
    work->keep_last_attempt = orc_value_is_true(row.keep_last_attempt);
    work->target_provider = apr_pstrdup(pool, row.target_provider);
    work->target_region = apr_pstrdup(pool, row.target_region);
    work->im_endpoint = apr_pstrdup(pool, row.im_endpoint);
    work->im_infra_id = apr_pstrdup(pool, row.im_infra_id);
    work->user_id = apr_pstrdup(pool, row.user_id);
    work->issuer = apr_pstrdup(pool, row.issuer);
    work->email = apr_pstrdup(pool, row.email);
    work->refresh_token = apr_pstrdup(pool, row.refresh_token);
    work->access_token = apr_pstrdup(pool, row.access_token);
    work->token_expires = orc_value_integer(row.token_expires);
    work->provider_type = apr_pstrdup(pool, row.target_provider_type);
    work->content = apr_pstrdup(pool, row.content);
    work->wanted_content = apr_pstrdup(pool, row.wanted_content);
    work->endpoint = apr_pstrdup(pool, row.endpoint);
    work->provider = apr_pstrdup(pool, row.provider);
    work->region = apr_pstrdup(pool, row.region);
    work->project = apr_pstrdup(pool, row.project);
    work->inputs_sealed = apr_pstrdup(pool, row.template_inputs_sealed);
    work->wanted_sealed = apr_pstrdup(pool, row.inputs_sealed);
    work->target_project = apr_pstrdup(pool, row.target_project);
    work->status = (int)orc_value_integer(row.status);
    work->reason = apr_pstrdup(pool, row.reason);
    work->is_deleted = row.canceled_for != NULL;
    *out = work;
    ORC_TRY(read_json(&work->options, row.options, pool));
    ORC_TRY(read_json(&work->memory, row.memory, pool));
    ORC_TRY(read_json(&work->inputs, row.template_inputs, pool));
    ORC_TRY(read_json(&work->wanted, row.inputs, pool));
    ORC_TRY(read_json(&work->owners, row.owners, pool));
    ORC_TRY(read_json(&work->resources, row.resources, pool));
    return read_json(&work->infrastructures, row.infrastructures, pool);
}

orc_error_t *orc_store_rescue(int *rescued, orc_db_t *db, const orc_store_claim_t *claim, apr_pool_t *pool)
{
    orc_rows_t rows = {0};

    ORC_TRY(orc_db_execute(db, &rows,
                           orc_sql_work_rescue(.since = orc_value_number(claim->since, pool),
                                               .idle_since = orc_value_number(claim->idle_since, pool),
                                               .orders_since = orc_value_number(claim->orders_since, pool),
                                               .phases = orc_value_array(claim->phases, pool)),
                           pool));
    *rescued = rows.affected;
    return NULL;
}

orc_error_t *orc_store_at_work(int *count, orc_db_t *db, const char *owner, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_work_count(.owner = owner), pool));
    *count = (int)orc_value_integer(orc_sql_work_count_row(&rows, 0).count);
    return NULL;
}

orc_error_t *orc_store_load(apr_array_header_t **loads, orc_db_t *db, int with_idle, apr_pool_t *pool)
{
    orc_rows_t rows;
    int i;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_work_load(.with_idle = orc_value_flag(with_idle)), pool));
    *loads = apr_array_make(pool, rows.count + 1, sizeof(orc_store_load_t));
    for (i = 0; i < rows.count; i++) {
        const orc_sql_work_load_row_t row = orc_sql_work_load_row(&rows, i);
        orc_store_load_t *load = apr_array_push(*loads);

        load->kind = row.kind;
        load->pending = orc_value_integer(row.pending);
        load->oldest_pending = orc_value_integer(row.oldest_pending);
        load->at_work = orc_value_integer(row.at_work);
        load->due = orc_value_integer(row.due);
        load->oldest_due = orc_value_integer(row.oldest_due);
    }
    return NULL;
}

orc_error_t *orc_store_unwanted(orc_store_unwanted_t *unwanted, orc_db_t *db, apr_pool_t *pool)
{
    orc_sql_infrastructure_load_row_t row;
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_infrastructure_load(), pool));
    row = orc_sql_infrastructure_load_row(&rows, 0);
    unwanted->count = orc_value_integer(row.unwanted);
    unwanted->stuck = orc_value_integer(row.stuck);
    unwanted->oldest = orc_value_integer(row.oldest_unwanted);
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
    *ids = orc_value_array(first, pool);
    *numbers = orc_value_array(second, pool);
}

orc_error_t *orc_store_renew(apr_array_header_t **kept, orc_db_t *db, const apr_array_header_t *leases,
                             const char *owner, apr_interval_time_t lease, apr_pool_t *pool)
{
    const char *ids, *numbers;
    orc_rows_t rows;
    int i;

    split(leases, &ids, &numbers, pool);
    ORC_TRY(orc_db_execute(
        db, &rows,
        orc_sql_work_renew(.ids = ids, .numbers = numbers, .owner = owner, .lease = orc_value_number(lease, pool)),
        pool));
    *kept = apr_array_make(pool, rows.count, sizeof(orc_store_kept_t));
    for (i = 0; i < rows.count; i++) {
        const orc_sql_work_renew_row_t row = orc_sql_work_renew_row(&rows, i);
        orc_store_kept_t *one = apr_array_push(*kept);

        one->id = row.id;
        one->is_renewed = orc_value_is_true(row.is_renewed);
    }
    return NULL;
}

orc_error_t *orc_store_release(int *locked, orc_db_t *db, const apr_array_header_t *leases, const char *owner,
                               apr_pool_t *pool)
{
    orc_rows_t rows;
    apr_array_header_t *rests = apr_array_make(pool, leases->nelts, sizeof(const char *));
    const char *ids, *numbers;
    int i;

    split(leases, &ids, &numbers, pool);
    for (i = 0; i < leases->nelts; i++)
        APR_ARRAY_PUSH(rests, const char *) = orc_value_number(APR_ARRAY_IDX(leases, i, orc_store_lease_t).rest, pool);
    ORC_TRY(orc_db_execute(
        db, &rows,
        orc_sql_work_release(.ids = ids, .numbers = numbers, .rests = orc_value_array(rests, pool), .owner = owner),
        pool));
    *locked = rows.count;
    return NULL;
}

orc_error_t *orc_store_live(apr_array_header_t **engines, orc_db_t *db, const char *name, const char *prefix,
                            apr_pool_t *pool)
{
    orc_rows_t rows;
    int i;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_engine_live(.name = name, .prefix = prefix), pool));
    *engines = apr_array_make(pool, rows.count + 1, sizeof(orc_store_engine_t));
    for (i = 0; i < rows.count; i++) {
        const orc_sql_engine_live_row_t row = orc_sql_engine_live_row(&rows, i);
        orc_store_engine_t *one = apr_array_push(*engines);

        one->name = row.name;
        one->is_alive = orc_value_is_true(row.is_alive);
        one->is_here = orc_value_is_true(row.is_here);
    }
    return NULL;
}

orc_error_t *orc_store_end(orc_db_t *db, const char *name, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL, orc_sql_engine_end(.name = name), pool);
}

orc_error_t *orc_store_adopt(int *adopted, orc_db_t *db, const char *name, apr_pool_t *pool)
{
    orc_rows_t rows = {0};

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_engine_adopt(.name = name), pool));
    *adopted = rows.affected;
    return NULL;
}

/* ---- results of steps ---- */

/* The statement and its values for one save, at the end of a step or in the middle. */
static orc_sql_call_t saving(const orc_store_save_t *save, int is_over, apr_pool_t *pool)
{
    const char *due = orc_value_number(save->due, pool), *memory = orc_json_text(save->memory, pool);
    const char *is_resting = orc_value_flag(save->is_resting), *rhythm = orc_value_number(save->rhythm, pool);

    if (!save->changes)
        return orc_db_kept(orc_sql_work_poll(.id = save->id, .owner = save->owner, .lease_number = save->lease_number,
                                             .due = due, .is_resting = is_resting, .rhythm = rhythm,
                                             .endpoint = save->endpoint, .memory = memory),
                           pool);
    return orc_db_kept(
        orc_sql_work_save(.id = save->id, .owner = save->owner, .lease_number = save->lease_number, .due = due,
                          .is_resting = is_resting, .rhythm = rhythm, .endpoint = save->endpoint, .memory = memory,
                          .watching = orc_value_array(save->watching, pool), .is_over = orc_value_flag(is_over),
                          .changes = orc_json_text(save->changes, pool)),
        pool);
}

orc_error_t *orc_store_save(orc_db_t *db, orc_store_save_t *save, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows, saving(save, 1, pool), pool));
    save->is_kept = rows.count > 0;
    return NULL;
}

int orc_store_save_steps(orc_db_step_t *steps, const orc_store_save_t *save, int is_durable, apr_pool_t *pool)
{
    int count = 0;

    if (is_durable)
        steps[count++].call = orc_db_kept(orc_sql_work_durably(.id = save->id), pool);
    steps[count++].call = saving(save, !is_durable, pool);
    return count;
}

orc_error_t *orc_store_forget(int *done, orc_db_t *db, const orc_store_save_t *save, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(
        db, &rows, orc_sql_work_forget(.id = save->id, .owner = save->owner, .lease_number = save->lease_number),
        pool));
    *done = rows.count > 0;
    return NULL;
}

orc_sql_call_t orc_store_resources_call(const char *deployment_id, apr_pool_t *pool)
{
    return orc_db_kept(orc_sql_work_resources(.deployment_id = deployment_id), pool);
}

apr_array_header_t *orc_store_resources(const orc_rows_t *rows, apr_pool_t *pool)
{
    apr_array_header_t *resources = apr_array_make(pool, rows->count, sizeof(orc_store_resource_t));
    int i;

    for (i = 0; i < rows->count; i++) {
        const orc_sql_work_resources_row_t row = orc_sql_work_resources_row(rows, i);
        orc_store_resource_t *resource = apr_array_push(resources);

        resource->position = (int)orc_value_integer(row.position);
        resource->node = apr_pstrdup(pool, row.tosca_node_name);
        resource->type = apr_pstrdup(pool, row.tosca_node_type);
        resource->is_compute = orc_value_is_true(row.is_compute);
        resource->vm = apr_pstrdup(pool, row.im_vm_idx);
        resource->id = apr_pstrdup(pool, row.id);
        resource->status = (int)orc_value_integer(row.status);
        resource->is_added = orc_value_is_true(row.is_added);
    }
    return resources;
}

orc_sql_call_t orc_store_records_call(const char *deployment_id, apr_pool_t *pool)
{
    return orc_db_kept(orc_sql_work_providers(.deployment_id = deployment_id), pool);
}

apr_array_header_t *orc_store_records(const orc_rows_t *rows, apr_pool_t *pool)
{
    apr_array_header_t *records = apr_array_make(pool, rows->count, sizeof(orc_store_record_t));
    int i;

    for (i = 0; i < rows->count; i++) {
        const orc_sql_work_providers_row_t row = orc_sql_work_providers_row(rows, i);
        orc_store_record_t *record = apr_array_push(records);

        record->name = apr_pstrdup(pool, row.name);
        record->is_of_template = orc_value_is_true(row.is_of_template);
        record->attempts = strtod(row.attempts, NULL);
        record->successes = strtod(row.successes, NULL);
        record->seconds = strtod(row.seconds, NULL);
    }
    return records;
}

/* ---- housekeeping ---- */

orc_error_t *orc_store_keep_house(int *deleted, orc_db_t *db, apr_pool_t *pool)
{
    orc_rows_t rows = {0};

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_keep_house_idempotency(), pool));
    *deleted = rows.affected;
    ORC_TRY(orc_db_execute(db, NULL, orc_sql_keep_house_records(), pool));
    ORC_TRY(orc_db_execute(db, NULL, orc_sql_keep_house_callbacks(), pool));
    return orc_db_execute(db, NULL, orc_sql_engine_forget(), pool);
}

orc_error_t *orc_store_retire(orc_store_retired_t *retired, orc_db_t *db, apr_interval_time_t retention,
                              apr_pool_t *pool)
{
    orc_sql_keep_house_operations_row_t row;
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows,
                           orc_sql_keep_house_operations(.retention = orc_value_number(retention, pool),
                                                         .after_end = *retired->end ? retired->end : NULL,
                                                         .after_id = *retired->id ? retired->id : NIL),
                           pool));
    row = orc_sql_keep_house_operations_row(&rows, 0);
    retired->deleted = (int)orc_value_integer(row.deleted);
    retired->is_round = orc_value_integer(row.looked_at) == 0;
    apr_cpystrn(retired->end, row.last_end ? row.last_end : "", sizeof retired->end);
    apr_cpystrn(retired->id, row.last_id ? row.last_id : "", sizeof retired->id);
    return NULL;
}
