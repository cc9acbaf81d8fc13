/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_update.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_enums.h"
#include "orc_id.h"
#include "orc_redact.h"
#include "orc_rules_deployments.h"
#include "orc_rules_instances.h"
#include "orc_rules_internal.h"
#include "orc_rules_texts.h"

enum { MAX_RUNS = 3 /* with a deployment that changes meanwhile */ };

typedef struct update_t {
    const orc_rules_call_t *call;
    const orc_rules_update_t *wish;

    /* as they were read, before the deployment was locked */
    const char *version;
    const char *template_id, *template_version; /* of another template that it is to have; NULL: its own */
    const orc_store_template_t *brought;        /* that one, when it has to be stored */
    const orc_tosca_template_t *tosca;          /* that it is to have */
    const json_t *removals;                     /* that are written in it */
    json_t *stored, *wanted;                    /* inputs, as given */
    const json_t *given;                        /* those of the wish, likewise */
    const apr_array_header_t *nodes;            /* with those that are wanted, of orc_tosca_node_t */
    apr_array_header_t *notes;                  /* of const char * */

    const char *operation_id;
    int is_outdated;
} update_t;

/* ---- what there is ---- */

/* A stored template, as it was parsed before or is now. */
static orc_error_t *get_stored(update_t *update, const char *id, const char *version, const char *content)
{
    const orc_service_t *service = update->call->service;
    orc_rules_parsed_t *parsed = service->rules->parsed;
    apr_pool_t *pool = update->call->pool;

    update->tosca = orc_rules_parsed_find(parsed, id, version, pool);
    if (!update->tosca || orc_rules_parsed_is_costly(parsed, update->tosca))
        ORC_TRY(orc_rules_visit_costs(update->call->visit));
    if (update->tosca)
        return NULL;
    return orc_rules_parsed_add(&update->tosca, parsed, id, version, content, service->types, "", pool);
}

/* A text as it is to be stored. What it is compared with is the deployment's template. */
static orc_error_t *get_text(update_t *update, const orc_rules_text_t *text, const char *former_id)
{
    orc_error_t *wrong = NULL;

    if (!text->is_new) {
        ORC_TRY(get_stored(update, text->id, text->version, text->content));
    }
    else {
        ORC_TRY(orc_rules_text_parse(&update->tosca, &wrong, text, update->call));
        ORC_TRY(wrong);
        update->brought = orc_rules_text_row(text, update->tosca, update->call->pool);
    }
    if (strcmp(text->id, former_id) == 0)
        return NULL;
    update->template_id = text->id;
    update->template_version = text->version;
    return NULL;
}

/* The text of the wish. Its lists of what is to go are carried out once, so they are not stored with it. */
static orc_error_t *get_given(update_t *update, const char *former_id)
{
    const orc_rules_update_t *wish = update->wish;
    apr_pool_t *pool = update->call->pool;
    orc_rules_text_t text;
    const char *bare;

    ORC_TRY(orc_rules_text_find(&text, update->call, wish->template_text, wish->template_length, former_id));
    ORC_TRY(get_text(update, &text, former_id));
    orc_rules_note_repeated(update->notes, update->tosca);
    update->removals = orc_tosca_removals(update->tosca, pool);
    if (!json_object_size(update->removals))
        return NULL;
    bare = orc_tosca_without_removals(update->tosca, pool);
    update->template_id = NULL;
    update->brought = NULL;
    ORC_TRY(orc_rules_text_find(&text, update->call, bare, strlen(bare), former_id));
    return get_text(update, &text, former_id);
}

/* That of an update that is asked for once more. */
static orc_error_t *get_former(update_t *update)
{
    const orc_rules_call_t *call = update->call;
    orc_sql_deployment_template_facts_row_t row;
    orc_rows_t rows;

    ORC_TRY(orc_db_read(call->service->db, &rows,
                        orc_sql_deployment_template_facts(.id = update->wish->again->template_id,
                                                          .caller = call->who->user_id, .is_admin = "true"),
                        call->pool));
    if (!rows.count)
        return orc_error(call->pool, 422, "template", "Its template is not there any more.");
    row = orc_sql_deployment_template_facts_row(&rows, 0);
    update->template_id = update->wish->again->template_id;
    update->template_version = row.row_version;
    return get_stored(update, update->template_id, row.row_version, row.content);
}

static orc_error_t *get_template(update_t *update, const orc_sql_deployment_update_facts_row_t *row)
{
    const orc_rules_again_t *again = update->wish->again;

    if (again)
        update->removals = again->removals;
    if (again && again->template_id && strcmp(again->template_id, row->template_id) != 0)
        return get_former(update);
    if (update->wish->template_text)
        return get_given(update, row->template_id);
    return get_stored(update, row->template_id, row->template_version, row->content);
}

static orc_error_t *open_inputs(update_t *update, const orc_sql_deployment_update_facts_row_t *row)
{
    apr_pool_t *pool = update->call->pool;
    const char *text = row->template_inputs;
    char *opened;

    if (row->template_inputs_sealed) {
        ORC_TRY(orc_secret_open(&opened, update->call->service->config->secret_keys, ORC_SEALED_INPUTS,
                                update->wish->id, row->template_inputs_sealed, pool));
        text = opened;
    }
    update->stored = orc_json_own_text(text, pool);
    return NULL;
}

static orc_error_t *read_facts(update_t *update)
{
    const orc_rules_call_t *call = update->call;
    orc_sql_deployment_update_facts_row_t row;
    orc_rows_t rows;

    ORC_TRY(orc_db_read(call->service->db, &rows,
                        orc_sql_deployment_update_facts(.id = update->wish->id, .caller = call->who->user_id,
                                                        .is_admin = orc_value_flag(call->who->is_admin)),
                        call->pool));
    if (!rows.count)
        return orc_rules_gone(call->pool);
    row = orc_sql_deployment_update_facts_row(&rows, 0);
    if (!orc_value_is_true(row.exists))
        return orc_rules_not_found("deployment", call->pool);
    if (!orc_value_is_true(row.is_allowed))
        return orc_rules_forbidden("deployment", call->pool);
    update->version = row.row_version;
    ORC_TRY(open_inputs(update, &row));
    return get_template(update, &row);
}

/* ---- what is wanted ---- */

static int is_list_of_removals(const update_t *update, const char *input)
{
    int i;

    for (i = 0; i < update->nodes->nelts; i++) {
        const char *list =
            orc_tosca_removal_input(update->tosca, APR_ARRAY_IDX(update->nodes, i, orc_tosca_node_t).name);

        if (list && strcmp(list, input) == 0)
            return 1;
    }
    return 0;
}

/* Who may not see a secret gives back what they see: it stays what it is. */
static json_t *merge(const update_t *update)
{
    apr_pool_t *pool = update->call->pool;
    json_t *merged = orc_json_own(update->wish->is_whole ? json_object() : json_copy(update->stored), pool), *value;
    const json_t *shown = orc_redact(update->stored, NULL, pool);
    const char *name;

    json_object_foreach((json_t *)update->given, name, value)
    {
        json_t *stored = json_object_get(update->stored, name);

        json_object_set(merged, name, stored && json_equal(value, json_object_get(shown, name)) ? stored : value);
    }
    return merged;
}

static void drop_removals(const update_t *update)
{
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(update->wanted, next, name, value)
    {
        if (is_list_of_removals(update, name))
            json_object_del(update->wanted, name);
    }
}

/* The inputs that are wanted. Those that another template does not declare any more are left out. */
static void adapt(update_t *update)
{
    apr_pool_t *pool = update->call->pool;

    update->given = update->wish->inputs;
    if (!update->wish->is_lenient) {
        update->wanted = merge(update);
        return;
    }
    update->given = orc_tosca_inputs_coerce(update->notes, update->tosca, update->given, pool);
    update->wanted = orc_tosca_inputs_coerce(update->notes, update->tosca, merge(update), pool);
}

/* As a submission's; a list of what is to go that a former request left is no mistake of this one. */
static orc_error_t *plan(update_t *update)
{
    apr_pool_t *pool = update->call->pool;
    orc_error_t *wrong = NULL, *error;
    orc_tosca_demand_t demand;
    apr_array_header_t *nodes;
    json_t *complete;

    adapt(update);
    error = orc_tosca_inputs(&complete, update->tosca, update->wanted, "/template_inputs", pool);
    if (!error)
        error = orc_tosca_topology(&nodes, &demand, update->tosca, complete, pool);
    if (!error) {
        update->nodes = nodes;
        drop_removals(update);
        return NULL;
    }
    if (!orc_error_is(error, ORC_REASON_INPUTS))
        return error;
    orc_rules_add_mistakes(&wrong, error, pool);
    return wrong;
}

/* ---- the change ---- */

static orc_error_t *check_standing(const update_t *update, const orc_store_standing_t *standing)
{
    apr_pool_t *pool = update->call->pool;

    ORC_TRY(orc_rules_deployment_busy(standing, update->wish->id, pool));
    if (standing->status == ORC_DEPLOYMENT_DELETE_COMPLETE)
        return orc_error(pool, 409, "deployment.deleted", "The deployment is deleted.");
    if (!standing->im_infra_id)
        return orc_error(pool, 409, "deployment.bare", "The deployment has no infrastructure that could be changed.");
    return NULL;
}

static orc_error_t *read_relations(apr_array_header_t **relations, orc_db_t *db, const char *id, apr_pool_t *pool)
{
    orc_rows_t rows;
    int i;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_deployment_relations(.id = id), pool));
    *relations = apr_array_make(pool, rows.count + 1, sizeof(orc_rules_relation_t));
    for (i = 0; i < rows.count; i++) {
        const orc_sql_deployment_relations_row_t row = orc_sql_deployment_relations_row(&rows, i);

        APR_ARRAY_PUSH(*relations, orc_rules_relation_t) = (orc_rules_relation_t){row.resource_id, row.required_by_id};
    }
    return NULL;
}

static int is_any_of(const apr_array_header_t *rows, const char *id)
{
    int i;

    for (i = 0; i < rows->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(rows, i, orc_store_resource_t).id, id) == 0)
            return 1;
    }
    return 0;
}

/* Adds the ids that a list names, and which are none of the deployment's. */
static void add_unknown(apr_array_header_t *ids, const json_t *list, const apr_array_header_t *rows)
{
    size_t i;

    for (i = 0; i < json_array_size(list); i++) {
        const char *entry = json_string_value(json_array_get(list, i));
        char *lower = apr_palloc(ids->pool, ORC_ID_LENGTH + 1);

        if (entry && orc_id_parse(entry, lower) && !is_any_of(rows, lower))
            APR_ARRAY_PUSH(ids, const char *) = lower;
    }
}

/* Those of them that are other deployments'. */
static orc_error_t *find_foreign(apr_array_header_t **foreign, orc_db_t *db, const update_t *update,
                                 const apr_array_header_t *rows, apr_pool_t *pool)
{
    apr_array_header_t *ids = apr_array_make(pool, 2, sizeof(const char *));
    const char *name;
    json_t *list;
    orc_rows_t found;
    int k;

    *foreign = apr_array_make(pool, 2, sizeof(const char *));
    json_object_foreach((json_t *)update->removals, name, list) add_unknown(ids, list, rows);
    json_object_foreach((json_t *)update->given, name, list)
    {
        if (update->wish->is_lenient && is_list_of_removals(update, name))
            add_unknown(ids, list, rows);
    }
    if (!ids->nelts)
        return NULL;
    ORC_TRY(orc_db_execute(
        db, &found, orc_sql_deployment_foreign_resources(.id = update->wish->id, .ids = orc_value_array(ids, pool)),
        pool));
    for (k = 0; k < found.count; k++)
        APR_ARRAY_PUSH(*foreign, const char *) = orc_sql_deployment_foreign_resources_row(&found, k).id;
    return NULL;
}

static orc_error_t *turn_over(orc_rules_turnover_t *turnover, orc_db_t *db, const update_t *update, apr_pool_t *pool)
{
    orc_rules_instances_t instances = {.tosca = update->tosca,
                                       .nodes = update->nodes,
                                       .given = update->given,
                                       .removals = update->removals,
                                       .is_again = update->wish->again != NULL,
                                       .is_lenient = update->wish->is_lenient};
    apr_array_header_t *relations, *foreign;
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows, orc_store_resources_call(update->wish->id, pool), pool));
    ORC_TRY(read_relations(&relations, db, update->wish->id, pool));
    instances.rows = orc_store_resources(&rows, pool);
    instances.relations = relations;
    ORC_TRY(find_foreign(&foreign, db, update, instances.rows, pool));
    instances.foreign = foreign;
    return orc_rules_instances_change(turnover, &instances, pool);
}

/* What is to go, as it was asked for. */
static const char *options(const update_t *update, apr_pool_t *pool)
{
    json_t *removals = json_object(), *value;
    const char *name;

    json_object_foreach((json_t *)update->given, name, value)
    {
        if (is_list_of_removals(update, name))
            json_object_set(removals, name, value);
    }
    return orc_json_text(
        orc_json_own(json_pack("{s:o, s:O*}", "removals", removals, "template_removals", update->removals), pool),
        pool);
}

static orc_error_t *store(orc_db_t *db, const update_t *update, const orc_rules_turnover_t *turnover, apr_pool_t *pool)
{
    const orc_rules_call_t *call = update->call;
    const orc_rules_again_t *again = update->wish->again;
    int has_secrets;
    const json_t *shown = orc_redact(update->wanted, &has_secrets, pool);
    const orc_store_update_t row = {
        .id = update->wish->id,
        .operation_id = update->operation_id,
        .type = "UPDATE",
        .options = options(update, pool),
        .inputs = orc_json_text(shown, pool),
        .inputs_sealed = has_secrets ? orc_secret_seal(call->service->config->secret_keys, ORC_SEALED_WANTED,
                                                       update->operation_id, orc_json_text(update->wanted, pool), pool)
                                     : NULL,
        .template_id = update->template_id,
        .notes = orc_rules_notes_text(update->notes, pool),
        .added = orc_json_text(turnover->added, pool),
        .relations = orc_json_text(turnover->relations, pool),
        .removed = turnover->removed,
        .parent_id = again ? again->parent_id : NULL,
        .caller = call->who->user_id,
        .correlation_id = call->correlation_id,
    };

    return orc_store_deployment_update(db, &row, pool);
}

/* Another template is there, as it was checked, until the operation refers to it. */
static orc_error_t *hold_template(orc_db_t *db, update_t *update, apr_pool_t *pool)
{
    int is_held = 1;

    if (update->template_id && update->brought)
        ORC_TRY(orc_db_execute(
            db, NULL, orc_store_template_bring(update->template_id, update->brought, update->call->who->user_id, pool),
            pool));
    if (update->template_id)
        ORC_TRY(orc_store_template_hold(&is_held, db, update->template_id, update->template_version, pool));
    update->is_outdated |= !is_held;
    return NULL;
}

static int is_change(const update_t *update, const orc_rules_turnover_t *turnover, const orc_store_standing_t *standing)
{
    return update->wish->again || update->wish->is_anew || update->template_id || turnover->removed->nelts ||
           standing->status == ORC_DEPLOYMENT_UPDATE_FAILED || !json_equal(update->wanted, update->stored);
}

static orc_error_t *change(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    update_t *update = baton;
    const orc_rules_again_t *again = update->wish->again;
    const orc_rules_callback_t *callback = update->wish->callback;
    orc_sql_deployment_update_facts_row_t row;
    orc_rules_turnover_t turnover;
    orc_store_standing_t standing;
    orc_rows_t rows;

    update->operation_id = NULL;
    ORC_TRY(orc_rules_deployment_lock(&standing, db, update->call, update->wish->id, &update->wish->condition));
    if (again)
        ORC_TRY(again->check(db, again->baton));
    ORC_TRY(check_standing(update, &standing));
    ORC_TRY(orc_db_execute(db, &rows,
                           orc_sql_deployment_update_facts(.id = update->wish->id, .caller = update->call->who->user_id,
                                                           .is_admin = "true"),
                           pool));
    row = orc_sql_deployment_update_facts_row(&rows, 0);
    update->is_outdated = strcmp(row.row_version, update->version) != 0;
    if (update->is_outdated)
        return NULL;
    if (callback)
        ORC_TRY(orc_store_deployment_set_callback(db, update->wish->id, callback->url, callback->host,
                                                  update->call->who->user_id, pool));
    ORC_TRY(turn_over(&turnover, db, update, pool));
    if (!is_change(update, &turnover, &standing))
        return NULL;
    ORC_TRY(hold_template(db, update, pool));
    if (update->is_outdated)
        return NULL;
    update->operation_id = again ? again->operation_id : orc_rules_operation_id(update->call);
    if (again)
        ORC_TRY(again->keep(db, again->baton));
    return store(db, update, &turnover, pool);
}

orc_error_t *orc_rules_update(const char **operation_id, const orc_rules_call_t *call, const orc_rules_update_t *wish)
{
    int run;

    for (run = 0; run < MAX_RUNS; run++) {
        update_t update = {.call = call, .wish = wish, .notes = orc_rules_notes(wish->notes, call->pool)};

        ORC_TRY(read_facts(&update));
        ORC_TRY(plan(&update));
        ORC_TRY(orc_rules_transact(call, change, &update));
        *operation_id = update.operation_id;
        if (!update.is_outdated)
            return NULL;
    }
    return orc_error(call->pool, 503, "deployment.changing",
                     "The deployment is being changed over and over; try again.");
}
