/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_import_old.h"

#include <apr_strings.h>
#include <string.h>

/* Rows of the old database in the words of the rules. */

/* A value as it was serialised; what is no JSON is a text. */
static json_t *value_of(const char *text, apr_pool_t *pool)
{
    json_t *value;

    if (!text)
        return json_null();
    return orc_json_parse(&value, text, strlen(text), pool) ? json_string(text) : json_incref(value);
}

static json_t *object_of(const apr_array_header_t *rows, apr_pool_t *pool)
{
    json_t *object = orc_json_own(json_object(), pool);
    int i;

    for (i = 0; i < rows->nelts; i++) {
        orc_import_row_t row = APR_ARRAY_IDX(rows, i, orc_import_row_t);

        json_object_set_new(object, row[0], value_of(row[1], pool));
    }
    return object;
}

/* The description of a machine was kept as the text of its JSON. */
static const json_t *metadata_of(const char *text, apr_pool_t *pool)
{
    json_t *metadata, *copy;
    const char *machine;

    if (!text || orc_json_parse(&metadata, text, strlen(text), pool) || !json_object_size(metadata))
        return NULL;
    copy = orc_json_own(json_copy(metadata), pool);
    machine = orc_json_string(metadata, "VirtualMachineInfo");
    if (machine)
        json_object_set_new(copy, "VirtualMachineInfo", value_of(machine, pool));
    return copy;
}

static orc_error_t *read_nodes(orc_rules_adoptee_t *adoptee, const orc_import_t *import, apr_pool_t *pool)
{
    apr_array_header_t *rows, *nodes, *relations;
    int i;

    ORC_TRY(orc_import_source_resources(&rows, import->source, adoptee->id, pool));
    nodes = apr_array_make(pool, rows->nelts + 1, sizeof(orc_rules_adoptee_node_t));
    for (i = 0; i < rows->nelts; i++) {
        orc_import_row_t row = APR_ARRAY_IDX(rows, i, orc_import_row_t);

        if (!row[1] || !row[2])
            return orc_error(pool, 422, "adoption", "a node of it has no name, or no type");
        APR_ARRAY_PUSH(nodes, orc_rules_adoptee_node_t) = (orc_rules_adoptee_node_t){
            .id = row[0],
            .name = row[1],
            .type = row[2],
            .state = row[3] ? row[3] : "",
            .vm = row[4],
            .metadata = metadata_of(row[5], pool),
            .created_at = row[6] ? row[6] : adoptee->created_at,
            .updated_at = row[7],
        };
    }
    ORC_TRY(orc_import_source_relations(&rows, import->source, adoptee->id, pool));
    relations = apr_array_make(pool, rows->nelts + 1, sizeof(orc_rules_adoptee_relation_t));
    for (i = 0; i < rows->nelts; i++) {
        orc_import_row_t row = APR_ARRAY_IDX(rows, i, orc_import_row_t);

        APR_ARRAY_PUSH(relations, orc_rules_adoptee_relation_t) = (orc_rules_adoptee_relation_t){row[0], row[1]};
    }
    adoptee->nodes = nodes;
    adoptee->relations = relations;
    return NULL;
}

static orc_error_t *read_values(orc_rules_adoptee_t *adoptee, const orc_import_t *import, apr_pool_t *pool)
{
    apr_array_header_t *rows;

    ORC_TRY(orc_import_source_parameters(&rows, import->source, adoptee->id, pool));
    adoptee->inputs = object_of(rows, pool);
    ORC_TRY(orc_import_source_outputs(&rows, import->source, adoptee->id, pool));
    adoptee->outputs = object_of(rows, pool);
    return NULL;
}

/* Jobs of other kinds are at no IM; what was never placed, or is gone, is nowhere. */
static orc_error_t *find_place(orc_rules_adoptee_t *adoptee, const orc_import_t *import, const orc_import_old_t *old,
                               apr_array_header_t *notes, apr_pool_t *pool)
{
    const char *kind = old->deployment_provider;
    orc_import_place_t place;

    if (strcmp(old->status, "DELETE_COMPLETE") == 0)
        return NULL;
    if (kind && strcmp(kind, "IM") != 0)
        return orc_error(pool, 422, "adoption", "it is at %s, and this service knows the Infrastructure Manager only",
                         kind);
    if (!old->infra_id || !*old->infra_id)
        return NULL;
    ORC_TRY(orc_import_mapping_place(&place, import->mapping, old, adoptee->user_group, import->service->providers,
                                     import->service->config->im_url, notes, pool));
    adoptee->endpoint = place.endpoint;
    adoptee->infra_id = old->infra_id;
    adoptee->provider = place.provider;
    adoptee->region = place.region;
    adoptee->project = place.project;
    return NULL;
}

/* PostgreSQL's word for a time that nobody knows any more. */
static const char *created_at(const orc_import_old_t *old, apr_array_header_t *notes)
{
    if (old->created_at)
        return old->created_at;
    APR_ARRAY_PUSH(notes, const char *) = "It is not known when it was created.";
    return old->updated_at ? old->updated_at : "now";
}

orc_error_t *orc_import_old_read(orc_rules_adoptee_t *adoptee, const orc_import_t *import, const char *id,
                                 apr_array_header_t *notes, apr_pool_t *pool)
{
    orc_import_old_t old;

    ORC_TRY(orc_import_source_deployment(&old, import->source, id, pool));
    if (!old.status)
        return orc_error(pool, 422, "adoption", "it has no status");
    *adoptee = (orc_rules_adoptee_t){
        .id = old.id,
        .issuer = old.issuer,
        .subject = old.subject,
        .user_group = orc_import_mapping_group(import->mapping, old.user_group),
        .status = old.status,
        .reason = old.status_reason,
        .template_text = old.template_text,
        .callback = old.callback,
        .created_at = created_at(&old, notes),
        .updated_at = old.updated_at,
    };
    ORC_TRY(find_place(adoptee, import, &old, notes, pool));
    ORC_TRY(read_values(adoptee, import, pool));
    return read_nodes(adoptee, import, pool);
}
