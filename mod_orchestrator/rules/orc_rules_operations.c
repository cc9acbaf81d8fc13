/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_operations.h"

#include <apr_strings.h>
#include <limits.h>
#include <string.h>

#include "orc_enums.h"
#include "orc_rules_deployments.h"
#include "orc_rules_machines.h"
#include "orc_rules_submission.h"
#include "orc_rules_update.h"
#include "orc_store_operations.h"

typedef struct work_t {
    const orc_rules_call_t *call;
    const orc_rules_operation_t *wish;

    /* as it was read, before anything was locked */
    const char *deployment_id;
    orc_sql_operation_facts_row_t facts; /* its type is NULL when there is no such operation */

    /* as it is, locked */
    orc_store_standing_t standing; /* of the deployment; not of an update's */
    orc_store_operation_t operation;
} work_t;

/* ---- finding it ---- */

static orc_error_t *locate(work_t *work)
{
    const orc_rules_call_t *call = work->call;
    orc_rows_t rows;

    ORC_TRY(orc_db_read(call->service->db, &rows, orc_sql_operation_facts(.id = work->wish->id), call->pool));
    if (rows.count)
        work->facts = orc_sql_operation_facts_row(&rows, 0);
    work->deployment_id = work->wish->deployment_id ? work->wish->deployment_id : work->facts.deployment_id;
    return work->deployment_id ? NULL : orc_rules_not_found("operation", call->pool);
}

static orc_error_t *find(work_t *work, orc_db_t *db)
{
    const orc_rules_operation_t *wish = work->wish;
    const orc_rules_call_t *call = work->call;

    ORC_TRY(orc_store_operation_find(&work->operation, db, work->deployment_id, wish->resource_id, wish->id,
                                     call->who->user_id, call->pool));
    if (!work->operation.has_resource)
        return orc_rules_not_found("resource", call->pool);
    if (!work->operation.tag)
        return orc_rules_not_found("operation", call->pool);
    return orc_rules_condition_check(&wish->condition, work->operation.tag, NULL);
}

static orc_error_t *lock(work_t *work, orc_db_t *db)
{
    ORC_TRY(orc_rules_deployment_lock(&work->standing, db, work->call, work->deployment_id, NULL));
    return find(work, db);
}

static int is(const work_t *work, const char *type)
{
    return strcmp(work->operation.type, type) == 0;
}

static int is_in(const work_t *work, const char *state)
{
    return strcmp(work->operation.state, state) == 0;
}

/* ---- canceling ---- */

static orc_error_t *check_cancel(const work_t *work)
{
    apr_pool_t *pool = work->call->pool;

    if (!is_in(work, "pending") && !is_in(work, "in progress"))
        return orc_error(pool, 409, "operation.ended", "The operation has ended: it is %s.", work->operation.state);
    if (is(work, "DELETE") && !is_in(work, "pending"))
        return orc_error(pool, 409, "operation.deleting",
                         "The Infrastructure Manager is asked to delete it already, which can't be canceled.");
    return NULL;
}

static orc_error_t *cancel(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    work_t *work = baton;

    ORC_TRY(lock(work, db));
    if (is_in(work, "canceling"))
        return NULL;
    ORC_TRY(check_cancel(work));
    return orc_store_operation_cancel(db, work->deployment_id, work->wish->id, NULL, work->call->who->user_id, pool);
}

orc_error_t *orc_rules_operation_cancel(const orc_rules_call_t *call, const orc_rules_operation_t *wish)
{
    work_t work = {.call = call, .wish = wish};

    ORC_TRY(locate(&work));
    return orc_db_transact(call->service->db, cancel, &work, 1, call->pool);
}

/* ---- whether it may be retried ---- */

static int option(const work_t *work, const char *name)
{
    return json_is_true(json_object_get(work->operation.options, name));
}

static orc_error_t *busy(const work_t *work)
{
    apr_pool_t *pool = work->call->pool;
    orc_error_t *error = orc_error(pool, 409, "operation.busy", "An operation is at work there.");

    error->location =
        apr_pstrcat(pool, "/deployments/", work->deployment_id, "/operations/", work->operation.busy_id, NULL);
    return error;
}

static orc_error_t *check_retry(const work_t *work)
{
    const orc_store_operation_t *operation = &work->operation;
    apr_pool_t *pool = work->call->pool;

    if ((option(work, "force") || option(work, "unsecure")) && !work->call->who->is_admin)
        return orc_error(pool, 403, "forbidden.admin", "Only administrators may use force or unsecure.");
    if (operation->busy_id)
        return busy(work);
    if (operation->is_dry_run)
        return orc_error(pool, 409, "operation.dry_run", "The operation was a dry run.");
    if (!is_in(work, "failed") && !is_in(work, "canceled"))
        return orc_error(pool, 409, "operation.state",
                         "Only what failed or was canceled can be retried: the operation is %s.", operation->state);
    if (!operation->is_last)
        return orc_error(pool, 409, "operation.superseded", "A later operation asked for the same.");
    if (is(work, "CREATE") && operation->is_changed)
        return orc_error(pool, 409, "deployment.changed", "The deployment was updated since then.");
    return NULL;
}

static orc_error_t *keep(orc_db_t *db, const work_t *work)
{
    const orc_db_step_t *also = work->wish->also;

    return also ? orc_db_execute(db, NULL, also->call, work->call->pool) : NULL;
}

/* ---- what is asked for once more ---- */

static orc_error_t *create_again(orc_db_t *db, const work_t *work, apr_pool_t *pool)
{
    const orc_rules_call_t *call = work->call;
    const orc_store_again_t again = {.deployment_id = work->deployment_id,
                                     .operation_id = work->wish->new_id,
                                     .parent_id = work->wish->id,
                                     .user_group = work->operation.user_group,
                                     .user_group_issuer = work->operation.user_group_issuer,
                                     .caller = call->who->user_id,
                                     .correlation_id = call->correlation_id,
                                     .max_queued = call->child ? INT_MAX : call->service->config->max_queued_per_group};
    int is_full = 0;
    orc_error_t *error = orc_store_operation_create_again(&is_full, db, &again, pool);

    return is_full ? orc_rules_queue_full(again.max_queued, call->pool) : error;
}

static orc_error_t *delete_again(orc_db_t *db, const work_t *work, apr_pool_t *pool)
{
    const orc_store_deletion_t deletion = {.id = work->deployment_id,
                                           .operation_id = work->wish->new_id,
                                           .parent_id = work->wish->id,
                                           .caller = work->call->who->user_id,
                                           .is_forced = option(work, "force"),
                                           .is_unsecure = option(work, "unsecure"),
                                           .correlation_id = work->call->correlation_id};

    return orc_store_deployment_delete(db, &deletion, pool);
}

static orc_error_t *act_again(orc_db_t *db, const work_t *work, apr_pool_t *pool)
{
    orc_store_action_t action = {.deployment_id = work->deployment_id,
                                 .id = work->operation.resource_id,
                                 .operation_id = work->wish->new_id,
                                 .parent_id = work->wish->id,
                                 .type = work->operation.type,
                                 .caller = work->call->who->user_id,
                                 .correlation_id = work->call->correlation_id};

    return orc_rules_machine_ask_again(db, &action, pool);
}

/* What the status goes back to behind a change of owners is not that change's own failure. */
static orc_error_t *bring_keys_again(orc_db_t *db, const work_t *work, apr_pool_t *pool)
{
    const char *last = work->standing.last_id;
    const orc_store_update_t row = {
        .id = work->deployment_id,
        .operation_id = work->wish->new_id,
        .type = work->operation.type,
        .options = orc_json_text(work->operation.options, pool),
        .added = "[]",
        .relations = "[]",
        .removed = apr_array_make(pool, 1, sizeof(const char *)),
        .parent_id = work->wish->id,
        .former_id = last && strcmp(last, work->wish->id) == 0 ? work->operation.former_id : NULL,
        .caller = work->call->who->user_id,
        .correlation_id = work->call->correlation_id,
    };

    return orc_store_deployment_update(db, &row, pool);
}

static orc_error_t *retry(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    work_t *work = baton;

    ORC_TRY(lock(work, db));
    ORC_TRY(check_retry(work));
    if (work->standing.status == ORC_DEPLOYMENT_DELETE_COMPLETE)
        return orc_error(pool, 409, "deployment.deleted", "The deployment is deleted.");
    ORC_TRY(keep(db, work));
    if (is(work, "CREATE"))
        return create_again(db, work, pool);
    if (is(work, "DELETE"))
        return delete_again(db, work, pool);
    return work->operation.resource_id ? act_again(db, work, pool) : bring_keys_again(db, work, pool);
}

/* ---- an update is planned before anything is locked ---- */

static orc_error_t *check_update(orc_db_t *db, void *baton)
{
    ORC_TRY(find(baton, db));
    return check_retry(baton);
}

static orc_error_t *keep_update(orc_db_t *db, void *baton)
{
    return keep(db, baton);
}

/* What it asked for, with its lists of machines that go. */
static orc_error_t *read_inputs(json_t **inputs, const work_t *work)
{
    apr_pool_t *pool = work->call->pool;
    const char *text = work->facts.inputs;
    json_t *options = orc_json_own_text(work->facts.options, pool);
    char *opened;

    if (work->facts.inputs_sealed) {
        ORC_TRY(orc_secret_open(&opened, work->call->service->config->secret_keys, ORC_SEALED_WANTED, work->wish->id,
                                work->facts.inputs_sealed, pool));
        text = opened;
    }
    *inputs = orc_json_own_text(text, pool);
    json_object_update(*inputs, json_object_get(options, "removals"));
    return NULL;
}

static orc_error_t *update_again(work_t *work)
{
    apr_pool_t *pool = work->call->pool;
    json_t *options = orc_json_own_text(work->facts.options, pool);
    const orc_rules_again_t again = {.operation_id = work->wish->new_id,
                                     .parent_id = work->wish->id,
                                     .template_id = work->facts.template_id,
                                     .removals = json_object_get(options, "template_removals"),
                                     .check = check_update,
                                     .keep = keep_update,
                                     .baton = work};
    orc_rules_update_t update = {.id = work->deployment_id, .is_whole = 1, .again = &again};
    const char *operation_id;
    json_t *inputs;
    orc_error_t *error;

    ORC_TRY(read_inputs(&inputs, work));
    update.inputs = inputs;
    error = orc_rules_update(&operation_id, work->call, &update);
    if (error && error->status == 422)
        return orc_error(pool, 409, "operation.outdated", "What the operation asked for is not possible any more: %s",
                         error->detail);
    return error;
}

orc_error_t *orc_rules_operation_retry(const orc_rules_call_t *call, const orc_rules_operation_t *wish)
{
    work_t work = {.call = call, .wish = wish};

    ORC_TRY(locate(&work));
    if (work.facts.type && strcmp(work.facts.type, "UPDATE") == 0 &&
        strcmp(work.facts.deployment_id, work.deployment_id) == 0)
        return update_again(&work);
    return orc_rules_transact(call, retry, &work);
}
