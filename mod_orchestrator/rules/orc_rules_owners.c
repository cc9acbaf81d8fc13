/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_owners.h"

#include <apr_strings.h>

#include "orc_enums.h"
#include "orc_id.h"
#include "orc_rules_deployments.h"

typedef struct work_t {
    const orc_rules_call_t *call;
    const orc_rules_owner_t *wish;
    const char *user_id; /* in lower case; "": it is no UUID */
    const char *operation_id;
} work_t;

/* *is_done: there is nothing to do. */
static orc_error_t *check_owner(int *is_done, orc_db_t *db, const work_t *work, apr_pool_t *pool)
{
    orc_sql_deployment_owner_standing_row_t row;
    orc_error_t *unknown = NULL;
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_deployment_owner_standing(.id = work->wish->id, .user_id = work->user_id),
                           pool));
    row = orc_sql_deployment_owner_standing_row(&rows, 0);
    *is_done = orc_value_is_true(row.is_owner) != work->wish->is_leaving;
    if (!work->wish->is_leaving && !orc_value_is_true(row.exists))
        orc_error_add_member(&unknown, pool, "id", "is not the id of a user");
    ORC_TRY(unknown);
    if (!*is_done && work->wish->is_leaving && orc_value_integer(row.owners) == 1)
        return orc_error(pool, 409, "deployment.owner", "The only owner of a deployment stays.");
    return NULL;
}

static orc_error_t *store(orc_db_t *db, const work_t *work, apr_pool_t *pool)
{
    const orc_store_update_t row = {
        .id = work->wish->id,
        .operation_id = work->operation_id,
        .type = work->wish->is_leaving ? "REMOVE_OWNER" : "ADD_OWNER",
        .options = apr_pstrcat(pool, "{\"user_id\":\"", work->user_id, "\"}", NULL),
        .added = "[]",
        .relations = "[]",
        .removed = apr_array_make(pool, 1, sizeof(const char *)),
        .caller = work->call->who->user_id,
        .correlation_id = work->call->correlation_id,
    };

    if (work->wish->is_leaving)
        ORC_TRY(
            orc_db_execute(db, NULL, orc_sql_deployment_owner_remove(.id = row.id, .user_id = work->user_id), pool));
    else
        ORC_TRY(orc_db_execute(db, NULL, orc_sql_deployment_owner_add(.id = row.id, .user_id = work->user_id), pool));
    return orc_store_deployment_update(db, &row, pool);
}

static orc_error_t *change(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    work_t *work = baton;
    orc_store_standing_t standing;
    int is_done;

    ORC_TRY(orc_rules_deployment_lock(&standing, db, work->call, work->wish->id, &work->wish->condition));
    ORC_TRY(check_owner(&is_done, db, work, pool));
    if (is_done) {
        work->operation_id = standing.last_id;
        return NULL;
    }
    ORC_TRY(orc_rules_deployment_busy(&standing, work->wish->id, pool));
    if (standing.status == ORC_DEPLOYMENT_DELETE_COMPLETE)
        return orc_error(pool, 409, "deployment.deleted", "The deployment is deleted.");
    work->operation_id = orc_id_new(pool);
    return store(db, work, pool);
}

orc_error_t *orc_rules_owners_change(const char **operation_id, const orc_rules_call_t *call,
                                     const orc_rules_owner_t *owner)
{
    work_t work = {call, owner, owner->user_id ? owner->user_id : call->who->user_id, NULL};

    ORC_TRY(orc_db_transact(call->service->db, change, &work, 1, call->pool));
    *operation_id = work.operation_id;
    return NULL;
}
