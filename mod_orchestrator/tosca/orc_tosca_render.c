/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_strings.h>
#include <string.h>

/* A template as IM gets it. The template's own tree is shared and not changed: mappings on the way to a change are
 * copied. */

typedef struct render_t {
    const orc_tosca_template_t *tosca;
    const orc_tosca_rendering_t *rendering;
    apr_pool_t *pool;
} render_t;

static int tag_count(const render_t *render)
{
    return render->rendering->tags ? render->rendering->tags->nelts : 0;
}

static void set_tags(orc_yaml_node_t *mapping, const render_t *render)
{
    int i;

    for (i = 0; i < tag_count(render); i++) {
        const orc_tosca_tag_t *tag = &APR_ARRAY_IDX(render->rendering->tags, i, orc_tosca_tag_t);

        orc_yaml_set(mapping, tag->name, orc_yaml_new_string(tag->value, render->pool), render->pool);
    }
}

/* Owners. */

static int has_user(const orc_yaml_node_t *list, const char *name)
{
    int i;

    for (i = 0; i < list->count; i++) {
        const char *found = orc_yaml_text(orc_yaml_get(list->items[i], "os_user_name"));

        if (found && !strcmp(found, name))
            return 1;
    }
    return 0;
}

static const orc_yaml_node_t *user_entry(const orc_tosca_user_t *user, apr_pool_t *pool)
{
    orc_yaml_node_t *entry = orc_yaml_copy_mapping(NULL, 3, pool);

    orc_yaml_set(entry, "os_user_name", orc_yaml_new_string(user->os_user_name, pool), pool);
    orc_yaml_set(entry, "os_user_add_to_sudoers", orc_yaml_new_plain("true", pool), pool);
    orc_yaml_set(entry, "os_user_ssh_public_key", orc_yaml_new_string(user->os_user_ssh_public_key, pool), pool);
    return entry;
}

/* The list with the owners at its end; an owner without a key waits, and one that the list names already isn't added.
 */
static const orc_yaml_node_t *add_owners(const orc_yaml_node_t *list, const render_t *render)
{
    const apr_array_header_t *users = render->rendering->users;
    orc_yaml_node_t *copy = orc_yaml_copy_sequence(list, users->nelts, render->pool);
    int i;

    for (i = 0; i < users->nelts; i++) {
        const orc_tosca_user_t *user = &APR_ARRAY_IDX(users, i, orc_tosca_user_t);

        if (user->os_user_name && user->os_user_ssh_public_key && !has_user(copy, user->os_user_name))
            orc_yaml_push(copy, user_entry(user, render->pool));
    }
    return copy;
}

/* Inputs. */

static int is_users_input(const render_t *render, const char *name, const orc_yaml_node_t *declared)
{
    const char *type = orc_yaml_text(orc_yaml_get(declared, "type"));

    return render->rendering->users && render->rendering->users_input && type &&
           !strcmp(name, render->rendering->users_input) && orc_tosca_kind(type) == ORC_TOSCA_LIST;
}

/* The declaration with its new default, or as it was. */
static const orc_yaml_node_t *render_input(const render_t *render, const char *name, const orc_yaml_node_t *declared)
{
    const json_t *given = json_object_get(render->rendering->inputs, name);
    const orc_yaml_node_t *value = given ? orc_yaml_from_json(given, render->pool) : NULL;
    orc_yaml_node_t *copy;

    if (is_users_input(render, name, declared))
        value = add_owners(value ? value : orc_yaml_get(declared, "default"), render);
    if (!value)
        return declared;
    copy = orc_yaml_copy_mapping(declared, 1, render->pool);
    orc_yaml_set(copy, "default", value, render->pool);
    return copy;
}

/* Nodes. */

/* IM refuses a property that a node's type doesn't declare: only types with a map `tags` get them (INDIGO's Compute).
 */
static int takes_tags(const render_t *render, const char *type)
{
    const orc_yaml_node_t *declared;
    const char *kind;

    if (!orc_tosca_derives(render->tosca, "node_types", type, "tosca.nodes.Compute"))
        return 0;
    declared = orc_tosca_type_property(render->tosca, "node_types", type, "tags", NULL);
    kind = orc_yaml_text(orc_yaml_get(declared, "type"));
    return kind && orc_tosca_kind(kind) == ORC_TOSCA_MAP;
}

/* A mapping with one key may be a function ({get_input: tags}): its value isn't ours to add to. */
static int is_function(const orc_yaml_node_t *node)
{
    static const char *const functions[] = {"get_input", "get_property", "get_attribute", "concat", "token", NULL};
    int i;

    if (node->kind != ORC_YAML_MAPPING || node->count != 1)
        return 0;
    for (i = 0; functions[i]; i++)
        if (!strcmp(node->pairs[0].key->text, functions[i]))
            return 1;
    return 0;
}

static const orc_yaml_node_t *render_node(const render_t *render, const char *name, const orc_yaml_node_t *node)
{
    const orc_yaml_node_t *properties = orc_yaml_get(node, "properties"), *tags = orc_yaml_get(properties, "tags");
    orc_yaml_node_t *node_copy, *properties_copy, *tags_copy;

    if (!takes_tags(render, orc_yaml_text(orc_yaml_get(node, "type"))) ||
        (!orc_yaml_is_null(tags) && (tags->kind != ORC_YAML_MAPPING || is_function(tags))))
        return node;
    tags_copy = orc_yaml_copy_mapping(tags, tag_count(render), render->pool);
    set_tags(tags_copy, render);
    properties_copy = orc_yaml_copy_mapping(properties, 1, render->pool);
    orc_yaml_set(properties_copy, "tags", tags_copy, render->pool);
    node_copy = orc_yaml_copy_mapping(node, 1, render->pool);
    orc_yaml_set(node_copy, "properties", properties_copy, render->pool);
    return node_copy;
}

/* The document. */

typedef const orc_yaml_node_t *render_one_t(const render_t *render, const char *name, const orc_yaml_node_t *node);

static const orc_yaml_node_t *render_each(const render_t *render, const orc_yaml_node_t *mapping, render_one_t *one)
{
    orc_yaml_node_t *copy = orc_yaml_copy_mapping(mapping, 0, render->pool);
    int i;

    for (i = 0; i < copy->count; i++)
        copy->pairs[i].value = one(render, copy->pairs[i].key->text, copy->pairs[i].value);
    return copy;
}

static const orc_yaml_node_t *render_metadata(const render_t *render)
{
    orc_yaml_node_t *copy =
        orc_yaml_copy_mapping(orc_yaml_get(render->tosca->root, "metadata"), tag_count(render) + 1, render->pool);

    set_tags(copy, render);
    if (render->rendering->infra_name)
        orc_yaml_set(copy, "infra_name", orc_yaml_new_string(render->rendering->infra_name, render->pool),
                     render->pool);
    return copy;
}

orc_error_t *orc_tosca_render(const char **text, const orc_tosca_template_t *tosca,
                              const orc_tosca_rendering_t *rendering, apr_pool_t *pool)
{
    render_t render = {tosca, rendering, pool};
    orc_yaml_node_t *root = orc_yaml_copy_mapping(tosca->root, 1, pool);
    orc_yaml_node_t *topology = orc_yaml_copy_mapping(tosca->topology, 0, pool);
    const orc_yaml_node_t *metadata = render_metadata(&render);

    if (tosca->inputs)
        orc_yaml_set(topology, "inputs", render_each(&render, tosca->inputs, render_input), pool);
    if (tosca->nodes && tag_count(&render))
        orc_yaml_set(topology, "node_templates", render_each(&render, tosca->nodes, render_node), pool);
    orc_yaml_set(root, "topology_template", topology, pool);
    if (metadata->count)
        orc_yaml_set(root, "metadata", metadata, pool);
    *text = orc_yaml_write(root, pool);
    return NULL;
}

/* A tag in a mapping, whatever IM made of its value. */
static const char *tag_in(const orc_yaml_node_t *mapping, const char *name)
{
    return orc_yaml_text(orc_yaml_get(mapping, name));
}

const char *orc_tosca_find_tag(const char *text, apr_size_t length, const char *name, apr_pool_t *pool)
{
    const orc_yaml_node_t *root, *nodes;
    orc_yaml_mistake_t mistake;
    const char *found;
    int i;

    if (orc_yaml_read(&root, &mistake, text, length, ORC_YAML_LAST_KEY, pool))
        return NULL;
    found = tag_in(orc_yaml_get(root, "metadata"), name);
    nodes = orc_yaml_path(root, "topology_template", "node_templates", NULL);
    for (i = 0; !found && nodes && nodes->kind == ORC_YAML_MAPPING && i < nodes->count; i++)
        found = tag_in(orc_yaml_path(nodes->pairs[i].value, "properties", "tags", NULL), name);
    return found;
}
