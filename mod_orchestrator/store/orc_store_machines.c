/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_machines.h"

orc_error_t *orc_store_machine_find(orc_store_machine_t *machine, orc_db_t *db, const char *deployment_id,
                                    const char *id, const char *caller, apr_pool_t *pool)
{
    orc_sql_resource_standing_row_t row;
    orc_rows_t rows;

    *machine = (orc_store_machine_t){0};
    ORC_TRY(orc_db_execute(
        db, &rows, orc_sql_resource_standing(.id = id, .deployment_id = deployment_id, .caller = caller), pool));
    if (rows.count == 0)
        return NULL;
    row = orc_sql_resource_standing_row(&rows, 0);
    machine->exists = 1;
    machine->tag = row.tag;
    machine->status = (int)orc_value_integer(row.status);
    machine->status_name = row.status_name;
    machine->is_machine = orc_value_is_true(row.is_machine);
    machine->is_made = orc_value_is_true(row.is_made);
    machine->operation_id = row.operation_id;
    machine->own_operation_id = row.own_operation_id;
    machine->last_operation_id = row.last_operation_id;
    return NULL;
}

orc_error_t *orc_store_machine_act(orc_db_t *db, const orc_store_action_t *action, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL,
                          orc_sql_resource_act(.id = action->id, .deployment_id = action->deployment_id,
                                               .operation_id = action->operation_id, .type = action->type,
                                               .former = orc_value_number(action->former, pool),
                                               .status = orc_value_number(action->status, pool),
                                               .parent_id = action->parent_id, .caller = action->caller,
                                               .correlation_id = action->correlation_id),
                          pool);
}

orc_error_t *orc_store_machine_reset(orc_db_t *db, const char *id, const char *caller, const char *reason,
                                     apr_pool_t *pool)
{
    return orc_db_execute(db, NULL, orc_sql_resource_reset(.id = id, .caller = caller, .reason = reason), pool);
}
