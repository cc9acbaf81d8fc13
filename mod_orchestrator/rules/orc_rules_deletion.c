/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_deletion.h"

#include "orc_enums.h"
#include "orc_log.h"
#include "orc_rules_deployments.h"

typedef struct work_t {
    const orc_rules_call_t *call;
    const orc_rules_deletion_t *wish;
    const char *note; /* or NULL */
    const char *operation_id;
    int is_forgotten;
} work_t;

static orc_error_t *lock(orc_store_standing_t *standing, orc_db_t *db, const work_t *work)
{
    const orc_rules_call_t *call = work->call;

    if (work->wish->is_forced && call->who->is_admin)
        ORC_TRY(orc_store_deployment_lock_rest(db, work->wish->id, call->pool));
    ORC_TRY(orc_rules_deployment_lock(standing, db, call, work->wish->id, NULL));
    if ((work->wish->is_forced || work->wish->is_unsecure) && !call->who->is_admin)
        return orc_error(call->pool, 403, "forbidden.admin", "Only administrators may use force or unsecure.");
    /* A person's deletion ends what a deployment is at, an orchestration's comes behind it. */
    if (call->child)
        ORC_TRY(orc_rules_deployment_busy(standing, work->wish->id, call->pool));
    return orc_rules_condition_check(&work->wish->condition, standing->tags[0], standing->tags[1]);
}

/* A deletion of the deployment that is at work already is what its run's would ask for. */
static orc_error_t *hide_run(orc_db_t *db, const work_t *work, const orc_store_standing_t *standing, apr_pool_t *pool)
{
    int is_hidden;

    if (!standing->deletion_id)
        ORC_TRY(orc_rules_deployment_busy(standing, work->wish->id, pool));
    ORC_TRY(orc_store_deployment_hide_run(&is_hidden, db, work->wish->id, work->wish->run_id, pool));
    return is_hidden ? NULL : orc_error(pool, 409, "run.busy", "The run has not ended.");
}

static orc_error_t *ask(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    work_t *work = baton;
    orc_store_deletion_t row = {.id = work->wish->id,
                                .caller = work->call->who->user_id,
                                .is_forced = work->wish->is_forced,
                                .is_unsecure = work->wish->is_unsecure,
                                .note = work->note,
                                .correlation_id = work->call->correlation_id};
    orc_store_standing_t standing;

    work->operation_id = NULL;
    work->is_forgotten = 0;
    ORC_TRY(lock(&standing, db, work));
    if (work->wish->run_id)
        ORC_TRY(hide_run(db, work, &standing, pool));
    if (standing.deletion_id) {
        row.operation_id = work->operation_id = standing.deletion_id;
        return row.is_forced || row.is_unsecure ? orc_store_deployment_delete_harder(db, &row, pool) : NULL;
    }
    if (standing.status == ORC_DEPLOYMENT_DELETE_COMPLETE) {
        work->is_forgotten = row.is_forced;
        return row.is_forced ? orc_store_deployment_forget(db, row.id, pool) : NULL;
    }
    row.operation_id = work->operation_id = orc_rules_operation_id(work->call);
    return orc_store_deployment_delete(db, &row, pool);
}

orc_error_t *orc_rules_delete(const char **operation_id, const orc_rules_call_t *call,
                              const orc_rules_deletion_t *given)
{
    orc_rules_deletion_t deletion = *given;
    work_t work = {.call = call, .wish = &deletion};

    if (given->is_lenient && (given->is_forced || given->is_unsecure) && !call->who->is_admin) {
        deletion.is_forced = deletion.is_unsecure = 0;
        work.note = "Only administrators may use force: this is an ordinary deletion.";
    }
    ORC_TRY(orc_rules_transact(call, ask, &work));
    if (work.is_forgotten && !(call->child && call->child->is_dry_run))
        orc_log(ORC_LOG_NOTICE, "deployment %s: its row is removed by force", deletion.id);
    *operation_id = work.operation_id;
    return NULL;
}
