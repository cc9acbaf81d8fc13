/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_deployments.h"

#include <apr_strings.h>

orc_error_t *orc_rules_deployment_lock(orc_store_standing_t *standing, orc_db_t *db, const orc_rules_call_t *call,
                                       const char *id, const orc_rules_condition_t *condition)
{
    ORC_TRY(orc_store_deployment_lock(standing, db, id, call->who->user_id, call->who->is_admin, call->pool));
    if (!standing->is_known)
        return orc_rules_gone(call->pool);
    if (!standing->exists)
        return orc_rules_not_found("deployment", call->pool);
    if (!standing->is_allowed)
        return orc_rules_forbidden("deployment", call->pool);
    return orc_rules_condition_check(condition, standing->tags[0], standing->tags[1]);
}

orc_error_t *orc_rules_deployment_busy(const orc_store_standing_t *standing, const char *id, apr_pool_t *pool)
{
    orc_error_t *error;

    if (!standing->active_id)
        return NULL;
    error = orc_error(pool, 409, "deployment.busy", "The deployment is at work: an operation has not ended yet.");
    error->location = apr_pstrcat(pool, "/deployments/", id, "/operations/", standing->active_id, NULL);
    return error;
}

typedef struct work_t {
    const orc_rules_call_t *call;
    const char *id, *user_group;
    const orc_rules_condition_t *condition;
    int only_deletion;
    const char *operation_id;
} work_t;

/* ---- its group ---- */

static orc_error_t *set_group(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    work_t *work = baton;
    orc_store_standing_t standing;

    ORC_TRY(orc_rules_deployment_lock(&standing, db, work->call, work->id, work->condition));
    if (!work->call->who->is_admin)
        return orc_error(pool, 403, "forbidden.admin", "Only administrators may give a deployment to another group.");
    return orc_store_deployment_set_group(db, work->id, orc_group_name(work->user_group), work->call->who->user_id,
                                          pool);
}

orc_error_t *orc_rules_deployment_set_group(const orc_rules_call_t *call, const char *id, const char *user_group,
                                            const orc_rules_condition_t *condition)
{
    work_t work = {call, id, user_group, condition, 0, NULL};

    return orc_db_transact(call->service->db, set_group, &work, 0, call->pool);
}

/* ---- its end by hand ---- */

static orc_error_t *reset(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    work_t *work = baton;
    orc_store_standing_t standing;

    ORC_TRY(orc_rules_deployment_lock(&standing, db, work->call, work->id, NULL));
    if (!standing.active_id)
        return orc_error(pool, 409, "deployment.idle", "The deployment is at nothing whose status could be reset.");
    if (work->only_deletion && !standing.deletion_id)
        return orc_error(pool, 409, "deployment.busy", "The deployment is not being deleted.");
    work->operation_id = standing.active_id;
    return orc_store_deployment_reset(db, standing.active_id, "Its status was reset by hand.", work->call->who->user_id,
                                      pool);
}

orc_error_t *orc_rules_deployment_reset(const char **operation_id, const orc_rules_call_t *call, const char *id,
                                        int only_deletion)
{
    work_t work = {call, id, NULL, NULL, only_deletion, NULL};

    ORC_TRY(orc_db_transact(call->service->db, reset, &work, 1, call->pool));
    *operation_id = work.operation_id;
    return NULL;
}
