/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The tosca room as a program, for tests in Python: a JSON object a line in, one a line out.
 *
 *   speak [types]   `types`: the directory of type files
 *   in:  {"template": text, "inputs": {...}, "users": [{"os_user_name", "os_user_ssh_public_key"}],
 *         "tags": {name: value}, "infra_name": text}; all but the template may be left out
 *   out: {"mistakes": [{"pointer", "detail"}]} when the template or its inputs are refused, else
 *        {"reading": the template as our reader takes it, "complete": every input's value,
 *         "nodes": [{"name", "type", "index", "is_compute"}], "document": text for IM}
 *
 * Numbers keep their types: 1.0 is written as 1.0. A line that is no such object ends the program with status 1.
 */

#include <apr_general.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orc_json.h"
#include "orc_tosca.h"
#include "orc_yaml.h"

typedef struct answer_t {
    apr_pool_t *pool;
    json_t *json;
} answer_t;

static int give_up(const char *what)
{
    fprintf(stderr, "speak: %s\n", what);
    return 1;
}

static void add_mistake(json_t *list, const char *pointer, const char *detail)
{
    json_array_append_new(list, json_pack("{s:s, s:s}", "pointer", pointer ? pointer : "", "detail", detail));
}

/* Every field of the error, or its own words when it has none. */
static void tell_mistakes(const answer_t *answer, const orc_error_t *error)
{
    json_t *list = json_array();
    int i;

    for (i = 0; error->fields && i < error->fields->nelts; i++) {
        const orc_error_field_t *field = &APR_ARRAY_IDX(error->fields, i, orc_error_field_t);

        add_mistake(list, field->pointer, field->detail);
    }
    if (!json_array_size(list))
        add_mistake(list, NULL, error->detail);
    json_object_clear(answer->json);
    json_object_set_new(answer->json, "mistakes", list);
}

static json_t *nodes_to_json(const apr_array_header_t *nodes)
{
    json_t *list = json_array();
    int i;

    for (i = 0; i < nodes->nelts; i++) {
        const orc_tosca_node_t *node = &APR_ARRAY_IDX(nodes, i, orc_tosca_node_t);

        json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:b}", "name", node->name, "type", node->type, "index",
                                              node->index, "is_compute", node->is_compute));
    }
    return list;
}

static const apr_array_header_t *users_of(const json_t *list, apr_pool_t *pool)
{
    apr_array_header_t *users = apr_array_make(pool, 4, sizeof(orc_tosca_user_t));
    json_t *one;
    size_t i;

    json_array_foreach((json_t *)list, i, one)
    {
        orc_tosca_user_t *user = apr_array_push(users);

        user->os_user_name = orc_json_string(one, "os_user_name");
        user->os_user_ssh_public_key = orc_json_string(one, "os_user_ssh_public_key");
    }
    return list ? users : NULL;
}

static const apr_array_header_t *tags_of(const json_t *object, apr_pool_t *pool)
{
    apr_array_header_t *tags = apr_array_make(pool, 4, sizeof(orc_tosca_tag_t));
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value)
    {
        orc_tosca_tag_t *tag = apr_array_push(tags);

        tag->name = name;
        tag->value = json_string_value(value);
    }
    return object ? tags : NULL;
}

static orc_error_t *render(const answer_t *answer, const orc_tosca_template_t *tosca, const json_t *wish,
                           const json_t *inputs)
{
    orc_tosca_rendering_t rendering = {.inputs = inputs,
                                       .users_input = "users",
                                       .users = users_of(json_object_get(wish, "users"), answer->pool),
                                       .tags = tags_of(json_object_get(wish, "tags"), answer->pool),
                                       .infra_name = orc_json_string(wish, "infra_name")};
    const char *text;

    ORC_TRY(orc_tosca_render(&text, tosca, &rendering, answer->pool));
    json_object_set_new(answer->json, "document", json_string(text));
    return NULL;
}

/* What the reader makes of the text; only for a template that was taken. */
static void tell_reading(const answer_t *answer, const char *text, apr_size_t length)
{
    const orc_yaml_node_t *root;
    orc_yaml_mistake_t mistake;

    if (!orc_yaml_read(&root, &mistake, text, length, ORC_YAML_TOLD_KEYS, answer->pool))
        json_object_set_new(answer->json, "reading", orc_yaml_to_json(root));
}

/* The way of a template from its text to IM's. */
static orc_error_t *speak(const answer_t *answer, const orc_tosca_types_t *types, const json_t *wish)
{
    const char *text = orc_json_string(wish, "template");
    apr_size_t length = json_string_length(json_object_get(wish, "template"));
    json_t *inputs = json_object_get(wish, "inputs"), *complete;
    orc_tosca_template_t *tosca;
    apr_array_header_t *nodes;
    orc_tosca_demand_t demand;

    if (!inputs)
        inputs = orc_json_own(json_object(), answer->pool);
    ORC_TRY(orc_tosca_parse(&tosca, text, length, types, "/template", answer->pool));
    ORC_TRY(orc_tosca_inputs(&complete, tosca, inputs, "/template_inputs", answer->pool));
    ORC_TRY(orc_tosca_topology(&nodes, &demand, tosca, complete, answer->pool));
    tell_reading(answer, text, length);
    json_object_set(answer->json, "complete", complete);
    json_object_set_new(answer->json, "nodes", nodes_to_json(nodes));
    return render(answer, tosca, wish, inputs);
}

static int answer_line(const orc_tosca_types_t *types, const char *line, apr_size_t length, apr_pool_t *pool)
{
    answer_t answer = {pool, orc_json_own(json_object(), pool)};
    orc_error_t *error;
    json_t *wish;

    if (orc_json_parse(&wish, line, length, pool) || !orc_json_string(wish, "template"))
        return give_up("a line is no object with a template");
    if ((error = speak(&answer, types, wish)))
        tell_mistakes(&answer, error);
    if (json_dumpf(answer.json, stdout, JSON_COMPACT | JSON_ENSURE_ASCII))
        return give_up("an answer can't be written as JSON");
    putchar('\n');
    return fflush(stdout) ? give_up("nobody listens") : 0;
}

int main(int argc, char **argv)
{
    orc_tosca_types_t *types = NULL;
    apr_pool_t *pool, *line_pool;
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    int failed = 0;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (argc > 1 && orc_tosca_types_load(&types, argv[1], pool))
        return give_up("the type files can't be loaded");
    apr_pool_create(&line_pool, pool);
    while (!failed && (length = getline(&line, &room, stdin)) > 0) {
        failed = answer_line(types, line, (apr_size_t)length, line_pool);
        apr_pool_clear(line_pool);
    }
    free(line);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
