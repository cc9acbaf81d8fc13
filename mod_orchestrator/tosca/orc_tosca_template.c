/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_strings.h>

/* A template: read, checked, and what it says of itself. */

static orc_error_t *refuse(const orc_yaml_mistake_t *mistake, const char *pointer, apr_pool_t *pool)
{
    orc_error_t *error = NULL;

    orc_error_add_pointer(&error, pool, pointer, "line %d, column %d: %s", mistake->line, mistake->column,
                          mistake->what);
    return error;
}

/* Validation errors of this room's callers are told apart by their code. */
static orc_error_t *with_code(orc_error_t *error)
{
    if (error) {
        error->code = "template";
        error->detail = "The template is not a TOSCA document that can be used.";
    }
    return error;
}

static void index_nodes(orc_tosca_template_t *tosca)
{
    int i;

    tosca->node_index = orc_hash_make(tosca->pool);
    for (i = 0; tosca->nodes && i < tosca->nodes->count; i++) {
        int *position = apr_palloc(tosca->pool, sizeof(*position));

        *position = i;
        apr_hash_set(tosca->node_index, tosca->nodes->pairs[i].key->text, APR_HASH_KEY_STRING, position);
    }
}

orc_error_t *orc_tosca_parse(orc_tosca_template_t **out, const char *text, apr_size_t length,
                             const orc_tosca_types_t *types, const char *pointer, apr_pool_t *pool)
{
    orc_tosca_template_t *tosca = apr_pcalloc(pool, sizeof(*tosca));
    orc_yaml_mistake_t mistake;
    orc_error_t *error;

    tosca->pool = pool;
    tosca->installed = types;
    if (orc_yaml_read(&tosca->root, &mistake, text, length, ORC_YAML_TOLD_KEYS, pool))
        return with_code(refuse(&mistake, pointer, pool));
    tosca->summary.repeated = mistake.repeated;
    if ((error = orc_tosca_check_shape(tosca, pointer)))
        return with_code(error);
    tosca->own = orc_tosca_types_of(tosca->root, pool);
    orc_tosca_index_short_names(tosca);
    index_nodes(tosca);
    if ((error = orc_tosca_check_requirements(tosca, pointer)))
        return with_code(error);
    orc_tosca_find_missing(tosca);
    tosca->summary.is_fragment = tosca->missing != NULL;
    *out = tosca;
    return NULL;
}

const orc_tosca_summary_t *orc_tosca_summary(const orc_tosca_template_t *tosca)
{
    return &tosca->summary;
}

apr_array_header_t *orc_tosca_output_names(const orc_tosca_template_t *tosca, apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, 8, sizeof(const char *));
    int i;

    for (i = 0; tosca->outputs && i < tosca->outputs->count; i++)
        APR_ARRAY_PUSH(names, const char *) = tosca->outputs->pairs[i].key->text;
    return names;
}

/* A node, its place in a list or a mapping, its text; an alias is counted as the copy that it stands for. */
apr_size_t orc_tosca_size(const orc_tosca_template_t *tosca)
{
    return tosca->root->weight * (sizeof(orc_yaml_node_t) + sizeof(orc_yaml_pair_t) * 2) + tosca->root->bytes;
}
