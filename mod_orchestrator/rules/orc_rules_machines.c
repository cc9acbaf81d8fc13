/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_machines.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_enums.h"
#include "orc_store_deployments.h"

#define ANY     ((1u << ORC_RESOURCE_CONFIGURED) | (1u << ORC_RESOURCE_STOPPED) | (1u << ORC_RESOURCE_STARTED))
#define RUNNING (1u << ORC_RESOURCE_STARTED)

/* What each wish is, in which statuses it may be, and the status while it is at work. */
static const struct {
    const char *type, *verb;
    unsigned from;
    int status;
} wishes[] = {
    [ORC_RULES_START] = {"START", "started", ANY, ORC_RESOURCE_STARTING},
    [ORC_RULES_STOP] = {"STOP", "stopped", ANY, ORC_RESOURCE_STOPPING},
    [ORC_RULES_REBOOT] = {"REBOOT", "rebooted", RUNNING, ORC_RESOURCE_STARTING},
};

typedef struct work_t {
    const orc_rules_call_t *call;
    const orc_rules_machine_t *wish;
    const char *operation_id;
} work_t;

static orc_error_t *check_access(const work_t *work, const orc_store_standing_t *standing)
{
    if (!standing->is_known)
        return orc_rules_gone(work->call->pool);
    if (!standing->exists)
        return orc_rules_not_found("deployment", work->call->pool);
    return standing->is_allowed ? NULL : orc_rules_forbidden("deployment", work->call->pool);
}

static orc_error_t *check_machine(const work_t *work, const orc_store_machine_t *machine)
{
    apr_pool_t *pool = work->call->pool;

    if (!machine->exists)
        return orc_rules_not_found("resource", pool);
    ORC_TRY(orc_rules_condition_check(&work->wish->condition, machine->tag, NULL));
    return machine->is_machine ? NULL : orc_error(pool, 409, "resource.machine", "The resource is no machine.");
}

static orc_error_t *check_status(const work_t *work, const orc_store_machine_t *machine)
{
    apr_pool_t *pool = work->call->pool;
    const char *verb = wishes[work->wish->wish].verb;
    orc_error_t *error;

    if (machine->operation_id) {
        error = orc_error(pool, 409, "resource.busy", "Something is at work with the machine, so it can't be %s now.",
                          verb);
        error->location =
            apr_pstrcat(pool, "/deployments/", work->wish->deployment_id, "/operations/", machine->operation_id, NULL);
        return error;
    }
    if (machine->is_made && (wishes[work->wish->wish].from & (1u << machine->status)))
        return NULL;
    return orc_error(pool, 409, "resource.status", "A machine that is %s can't be %s.", machine->status_name, verb);
}

static orc_error_t *act(work_t *work, const orc_store_machine_t *machine, orc_db_t *db, apr_pool_t *pool)
{
    const orc_rules_machine_t *wish = work->wish;
    const orc_store_action_t action = {.deployment_id = wish->deployment_id,
                                       .id = wish->id,
                                       .operation_id = orc_rules_operation_id(work->call),
                                       .type = wishes[wish->wish].type,
                                       .former = machine->status,
                                       .status = wishes[wish->wish].status,
                                       .caller = work->call->who->user_id,
                                       .correlation_id = work->call->correlation_id};

    ORC_TRY(check_status(work, machine));
    work->operation_id = action.operation_id;
    return orc_store_machine_act(db, &action, pool);
}

static orc_error_t *reset(work_t *work, const orc_store_machine_t *machine, orc_db_t *db, apr_pool_t *pool)
{
    const char *id = machine->own_operation_id ? machine->own_operation_id : machine->last_operation_id;

    if (machine->status == ORC_RESOURCE_DELETED)
        return orc_error(pool, 409, "resource.status", "A machine that is DELETED is gone and stays so.");
    work->operation_id = apr_pstrdup(work->call->pool, id);
    return orc_store_machine_reset(db, work->wish->id, work->call->who->user_id, "The status of the machine was reset.",
                                   pool);
}

static orc_error_t *ask(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    work_t *work = baton;
    const orc_rules_machine_t *wish = work->wish;
    const char *caller = work->call->who->user_id;
    orc_store_standing_t standing;
    orc_store_machine_t machine;

    ORC_TRY(orc_store_deployment_lock(&standing, db, wish->deployment_id, caller, work->call->who->is_admin, pool));
    ORC_TRY(check_access(work, &standing));
    ORC_TRY(orc_store_machine_find(&machine, db, wish->deployment_id, wish->id, caller, pool));
    ORC_TRY(check_machine(work, &machine));
    return wish->wish == ORC_RULES_RESET ? reset(work, &machine, db, pool) : act(work, &machine, db, pool);
}

orc_error_t *orc_rules_machine_ask(const char **operation_id, const orc_rules_call_t *call,
                                   const orc_rules_machine_t *machine)
{
    work_t work = {call, machine, NULL};

    ORC_TRY(orc_rules_transact(call, ask, &work));
    *operation_id = work.operation_id;
    return NULL;
}

orc_error_t *orc_rules_machine_ask_again(orc_db_t *db, orc_store_action_t *action, apr_pool_t *pool)
{
    orc_rules_machine_wish_t wish = ORC_RULES_START;
    orc_store_machine_t machine;

    while (strcmp(wishes[wish].type, action->type) != 0)
        wish++;
    ORC_TRY(orc_store_machine_find(&machine, db, action->deployment_id, action->id, action->caller, pool));
    if (!machine.is_made || machine.status == ORC_RESOURCE_DELETED)
        return orc_error(pool, 409, "resource.gone", "The machine is not there any more.");
    action->former = machine.status;
    action->status = wishes[wish].status;
    return orc_store_machine_act(db, action, pool);
}
