/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_lib.h>
#include <string.h>

/* TOSCA's functions (its section 4, and IM's get_artifact): a mapping with one key, its name. */

static const char *const functions[] = {"get_input",
                                        "get_property",
                                        "get_attribute",
                                        "get_operation_output",
                                        "get_nodes_of_type",
                                        "get_artifact",
                                        "concat",
                                        "token",
                                        NULL};

const char *orc_tosca_function(const orc_yaml_node_t *node)
{
    return node && node->kind == ORC_YAML_MAPPING && node->count == 1
               ? orc_words_find(functions, node->pairs[0].key->text)
               : NULL;
}

const char *orc_tosca_function_of_json(const json_t *value)
{
    if (!json_is_object(value) || json_object_size(value) != 1)
        return NULL;
    return orc_words_find(functions, json_object_iter_key(json_object_iter((json_t *)value)));
}

/* Python's \d is a decimal digit of any script; no text of another letter there is anybody's. */
static int may_be_digit(char c)
{
    return apr_isdigit(c) || (unsigned char)c >= 0x80;
}

/* IM looks at the beginning only: "random(8) and more" becomes eight letters, too. */
int orc_tosca_is_random(const char *text)
{
    const char *digits = text + strlen("random(");

    if (strncmp(text, "random(", strlen("random(")) || !may_be_digit(*digits))
        return 0;
    while (may_be_digit(*digits))
        digits++;
    return *digits == ')';
}

int orc_tosca_is_made_by_im(const orc_yaml_node_t *declared, const json_t *value)
{
    const char *type = orc_yaml_text(orc_yaml_get(declared, "type"));
    const char *text = json_string_value(value);

    return text && type && !strcmp(type, "string") && (!strcmp(text, "access_token()") || orc_tosca_is_random(text));
}

const char *orc_tosca_input_name(const orc_yaml_node_t *node)
{
    const orc_yaml_node_t *name = orc_yaml_get(node, "get_input");

    if (!name || node->count != 1)
        return NULL;
    if (name->kind == ORC_YAML_SEQUENCE && name->count == 1)
        name = name->items[0];
    return orc_yaml_text(name);
}

const json_t *orc_tosca_resolve(const orc_yaml_node_t *node, const json_t *inputs, apr_pool_t *pool)
{
    const char *input = orc_tosca_input_name(node);

    if (node && node->kind == ORC_YAML_SCALAR)
        return orc_json_own(orc_yaml_to_json(node), pool);
    return input ? json_object_get(inputs, input) : NULL;
}
