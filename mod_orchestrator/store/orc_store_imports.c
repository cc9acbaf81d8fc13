/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_imports.h"

#include "orc_time.h"

orc_error_t *orc_store_import_standing(orc_store_import_standing_t *standing, orc_db_source_t *source, const char *id,
                                       const char *infra_id, const orc_store_person_t *person, const char *checksum,
                                       apr_pool_t *pool)
{
    orc_sql_import_standing_row_t row;
    orc_rows_t rows;

    ORC_TRY(orc_db_read(source, &rows,
                        orc_sql_import_standing(.id = id, .infra_id = infra_id, .issuer = person->issuer,
                                                .subject = person->subject, .checksum = checksum),
                        pool));
    row = orc_sql_import_standing_row(&rows, 0);
    standing->is_known = orc_value_is_true(row.is_known);
    standing->owner_of_infra = row.owner_of_infra;
    standing->person = row.person;
    standing->template_id = row.template;
    return NULL;
}

orc_error_t *orc_store_import_known(apr_array_header_t **known, orc_db_source_t *source, const apr_array_header_t *ids,
                                    apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_read(source, &rows, orc_sql_import_known(.ids = orc_value_array(ids, pool)), pool));
    *known = orc_rows_first_column(&rows, pool);
    return NULL;
}

static void add(orc_store_import_batch_t *batch, orc_sql_call_t call)
{
    batch->steps[batch->count++].call = orc_db_kept(call, batch->pool);
}

/* One after the other, in a unit of work that ends without a commit, which undoes it. */
static orc_error_t *rehearse(orc_store_import_batch_t *batch, orc_db_source_t *source)
{
    orc_error_t *error;
    orc_db_t *db;
    int i;

    ORC_TRY(orc_db_open(&db, source, batch->pool));
    error = orc_db_begin(db, batch->pool);
    for (i = 0; i < batch->count && !error; i++)
        error = orc_db_execute(db, NULL, batch->steps[i].call, batch->pool);
    orc_db_close(db);
    return error;
}

orc_error_t *orc_store_import_write(orc_store_import_batch_t *batch, orc_db_source_t *source, int is_dry, int wake)
{
    return is_dry ? rehearse(batch, source) : orc_db_write(source, batch->steps, batch->count, wake, batch->pool);
}

void orc_store_import_person(orc_store_import_batch_t *batch, const orc_store_person_t *person)
{
    add(batch, orc_sql_caller_register(.id = person->id, .issuer = person->issuer, .subject = person->subject,
                                       .name = person->name, .username = person->username, .email = person->email,
                                       .picture = NULL, .access_token = NULL, .expires_at = NULL));
}

void orc_store_import_template(orc_store_import_batch_t *batch, const char *id, const orc_store_template_t *row,
                               const char *owner)
{
    batch->steps[batch->count++].call = orc_store_template_bring(id, row, owner, batch->pool);
}

void orc_store_import_deployment(orc_store_import_batch_t *batch, const orc_store_import_t *row)
{
    add(batch,
        orc_sql_import_deployment(.id = row->id, .created_at = row->created_at, .updated_at = row->updated_at,
                                  .template_id = row->template_id, .template_inputs = row->inputs,
                                  .template_inputs_sealed = row->inputs_sealed, .template_outputs = row->outputs,
                                  .template_outputs_sealed = row->outputs_sealed, .user_group = row->user_group,
                                  .user_group_issuer = row->user_group_issuer,
                                  .per_provider_max_retries =
                                      orc_value_number(row->per_provider_max_retries, batch->pool),
                                  .tot_timeout_mins = orc_value_number(row->tot_timeout_mins, batch->pool),
                                  .per_provider_timeout_mins =
                                      orc_value_number(row->per_provider_timeout_mins, batch->pool),
                                  .target_provider = row->provider, .target_region = row->region,
                                  .target_iaas_project = row->project, .im_infra_id = row->infra_id,
                                  .im_endpoint = row->endpoint, .last_operation_id = row->last_operation_id,
                                  .owner = row->owner, .resources = row->resources, .relations = row->relations));
}

void orc_store_import_operation(orc_store_import_batch_t *batch, const orc_store_import_operation_t *row)
{
    add(batch,
        orc_sql_import_operation(.id = row->id, .deployment_id = row->deployment_id, .type = row->type,
                                 .state = row->state, .phase = row->phase, .description = row->description,
                                 .reason = row->reason, .former_id = row->former_id, .created_at = row->created_at));
}

void orc_store_import_infrastructure(orc_store_import_batch_t *batch, const char *id, const char *deployment_id,
                                     const char *operation_id, const char *step_name)
{
    add(batch, orc_sql_import_infrastructure(.id = id, .deployment_id = deployment_id, .operation_id = operation_id,
                                             .step_name = step_name));
}

void orc_store_import_creation(orc_store_import_batch_t *batch, const char *deployment_id, const char *operation_id,
                               const char *memory)
{
    add(batch, orc_sql_import_creation(.deployment_id = deployment_id, .operation_id = operation_id, .memory = memory));
}

void orc_store_import_watch(orc_store_import_batch_t *batch, const char *deployment_id, apr_interval_time_t within)
{
    add(batch, orc_sql_import_watch(.deployment_id = deployment_id, .within = orc_value_number(within, batch->pool)));
}

void orc_store_import_deletion(orc_store_import_batch_t *batch, const char *deployment_id, const char *operation_id,
                               const char *owner)
{
    add(batch, orc_sql_deployment_delete(.id = deployment_id, .operation_id = operation_id,
                                         .is_forced = orc_value_flag(0), .is_unsecure = orc_value_flag(0),
                                         .parent_id = NULL, .correlation_id = NULL, .note = NULL, .caller = owner));
}

void orc_store_import_unknown(orc_store_import_batch_t *batch, const char *deployment_id, const char *reason)
{
    add(batch, orc_sql_import_unknown(.id = deployment_id, .reason = reason));
}

void orc_store_import_callback(orc_store_import_batch_t *batch, const char *deployment_id, const char *url,
                               const char *host, const char *owner)
{
    add(batch,
        orc_sql_deployment_set_callback(.id = deployment_id, .callback = url, .callback_host = host, .caller = owner));
}

void orc_store_import_lines(orc_store_import_batch_t *batch, const char *deployment_id, const char *operation_id,
                            const char *lines)
{
    add(batch, orc_sql_import_lines(.deployment_id = deployment_id, .operation_id = operation_id, .lines = lines));
}
