/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_strings.h>
#include <string.h>

/* A template as IM gets it. The template's own tree is shared and not changed: mappings on the way to a change are
 * copied. */

typedef struct render_t {
    const orc_tosca_template_t *tosca;
    const orc_tosca_rendering_t *rendering;
    const json_t *complete; /* every input's value */
    apr_pool_t *pool;
} render_t;

/* A part of the document whose entries are rendered one by one. */
typedef struct render_part_t render_part_t;
typedef const orc_yaml_node_t *render_one_t(const render_t *render, const render_part_t *part, const char *name,
                                            const orc_yaml_node_t *node);
struct render_part_t {
    const char *key;
    render_one_t *one;
    const char *types; /* the section of the types of its templates */
};

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

static int is_list(const orc_yaml_node_t *declared)
{
    const char *type = orc_yaml_text(orc_yaml_get(declared, "type"));

    return type && orc_tosca_kind(type) == ORC_TOSCA_LIST;
}

int orc_tosca_lists_owners(const orc_tosca_template_t *tosca, const char *users_input)
{
    return users_input && is_list(orc_yaml_get(tosca->inputs, users_input));
}

static int is_users_input(const render_t *render, const char *name, const orc_yaml_node_t *declared)
{
    const char *users_input = render->rendering->users_input;

    return render->rendering->users && users_input && !strcmp(name, users_input) && is_list(declared);
}

/* What TOSCA says of an input that IM's parser knows; it refuses an input that says more. */
static int is_known_keyname(const char *key)
{
    static const char *const known[] = {"type",   "description", "default",      "required", "constraints",
                                        "status", "key_schema",  "entry_schema", NULL};

    return orc_words_find(known, key) != NULL;
}

/* The declaration with the input's value as its default; without one when it has none. */
static const orc_yaml_node_t *render_input(const render_t *render, const render_part_t *part, const char *name,
                                           const orc_yaml_node_t *declared)
{
    const orc_yaml_node_t *typed = orc_tosca_typed_declarations(render->tosca, declared, render->pool);
    const json_t *complete = json_object_get(render->complete, name);
    const orc_yaml_node_t *value = json_is_null(complete) ? NULL : orc_yaml_from_json(complete, render->pool);
    orc_yaml_node_t *copy = orc_yaml_copy_mapping(NULL, typed->count + 1, render->pool);
    int i;

    if (is_users_input(render, name, declared))
        value = add_owners(value, render);
    for (i = 0; i < typed->count; i++) {
        const char *key = typed->pairs[i].key->text;

        if (is_known_keyname(key) && strcmp(key, "default"))
            copy->pairs[copy->count++] = typed->pairs[i];
        else if (value && !strcmp(key, "default"))
            orc_yaml_set(copy, "default", value, render->pool);
    }
    if (value)
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

static const orc_yaml_node_t *add_tags(const render_t *render, const orc_yaml_node_t *node)
{
    const orc_yaml_node_t *tags = orc_yaml_path(node, "properties", "tags", NULL);
    orc_yaml_node_t *tags_copy;

    if (!tag_count(render) || !takes_tags(render, orc_yaml_text(orc_yaml_get(node, "type"))) ||
        (!orc_yaml_is_null(tags) && (tags->kind != ORC_YAML_MAPPING || orc_tosca_function(tags))))
        return node;
    tags_copy = orc_yaml_copy_mapping(tags, tag_count(render), render->pool);
    set_tags(tags_copy, render);
    return orc_yaml_with(node, tags_copy, render->pool, "properties", "tags", NULL);
}

/* A node with one property of its `scalable` capability set. */
static const orc_yaml_node_t *with_count(const render_t *render, const orc_yaml_node_t *node, const char *name,
                                         json_int_t count)
{
    const char *digits = apr_psprintf(render->pool, "%" APR_INT64_T_FMT, (apr_int64_t)count);

    return orc_yaml_with(node, orc_yaml_new_plain(digits, render->pool), render->pool, "capabilities", "scalable",
                         "properties", name, NULL);
}

/* What a node's type declares for its `count`; NULL: the type knows none. */
static const orc_yaml_node_t *count_declared(const render_t *render, const orc_yaml_node_t *node)
{
    const char *type = orc_yaml_text(orc_yaml_get(node, "type"));
    const orc_yaml_node_t *declared =
        orc_tosca_type_member(render->tosca, "node_types", type, "capabilities", "scalable", NULL);

    return orc_tosca_capability_property(render->tosca, declared, "count");
}

/* The numbers of a node without those that have no value: an input's may get one later (the owners), and to IM a
 * function is there in any case. */
static const orc_yaml_node_t *drop_empty(const render_t *render, const orc_yaml_node_t *node)
{
    static const char *const names[] = {"count", "min_instances", "default_instances", "max_instances", NULL};
    const orc_yaml_node_t *properties = orc_yaml_path(node, "capabilities", "scalable", "properties", NULL);
    orc_tosca_count_t count;
    orc_yaml_node_t *copy;
    int i;

    if (!properties || properties->kind != ORC_YAML_MAPPING)
        return node;
    copy = orc_yaml_copy_mapping(NULL, properties->count, render->pool);
    for (i = 0; i < properties->count; i++) {
        const char *name = properties->pairs[i].key->text;

        if (orc_words_find(names, name) == NULL ||
            orc_tosca_instances(&count, node, name, render->complete, render->pool))
            copy->pairs[copy->count++] = properties->pairs[i];
    }
    return copy->count == properties->count
               ? node
               : orc_yaml_with(node, copy, render->pool, "capabilities", "scalable", "properties", NULL);
}

/* IM's parser compares these three with one another as they are written: a function is no number to it. */
static const orc_yaml_node_t *set_instances(const render_t *render, const orc_yaml_node_t *node)
{
    static const char *const names[] = {"min_instances", "default_instances", "max_instances", NULL};
    orc_tosca_count_t count;
    int i;

    for (i = 0; names[i]; i++)
        if (orc_tosca_instances(&count, node, names[i], render->complete, render->pool) && count.number >= 0)
            node = with_count(render, node, names[i], count.number);
    return node;
}

/*
 * What we counted on is what IM counts on: a number, also where it was written or given as a text. Where the type knows
 * a `count`, its default would come before what the template says of other properties, and before 1 when it says
 * nothing.
 */
static const orc_yaml_node_t *set_count(const render_t *render, const orc_yaml_node_t *node)
{
    const orc_yaml_node_t *declared = count_declared(render, node);
    orc_tosca_count_t count;
    const char *input;

    orc_tosca_count(&count, node, render->complete, render->pool);
    if (count.number < 0)
        return node;
    node = set_instances(render, drop_empty(render, node));
    input = count.name && !strcmp(count.name, "count") ? orc_tosca_input_name(count.written) : NULL;
    if (input && json_is_integer(json_object_get(render->complete, input)))
        return node;
    if (count.name ? declared || !strcmp(count.name, "count") : !orc_yaml_is_null(orc_yaml_get(declared, "default")))
        return with_count(render, node, "count", count.number);
    return node;
}

/* A node with a property of a capability set, where its type knows such a property. */
static const orc_yaml_node_t *with_choice(const render_t *render, const orc_yaml_node_t *node, const char *capability,
                                          const char *name, const char *chosen)
{
    const char *type = orc_yaml_text(orc_yaml_get(node, "type"));
    const orc_yaml_node_t *declared =
        orc_tosca_type_member(render->tosca, "node_types", type, "capabilities", capability, NULL);

    if (!chosen || !orc_tosca_capability_property(render->tosca, declared, name))
        return node;
    return orc_yaml_with(node, orc_yaml_new_string(chosen, render->pool), render->pool, "capabilities", capability,
                         "properties", name, NULL);
}

static const orc_yaml_node_t *set_choices(const render_t *render, const char *name, const orc_yaml_node_t *node)
{
    const apr_array_header_t *choices = render->rendering->choices;
    int i;

    for (i = 0; choices && i < choices->nelts; i++) {
        const orc_tosca_choice_t *choice = &APR_ARRAY_IDX(choices, i, orc_tosca_choice_t);

        if (strcmp(choice->node, name) != 0)
            continue;
        node = with_choice(render, node, "host", "instance_type", choice->flavor);
        node = with_choice(render, node, "os", "image", choice->image);
    }
    return node;
}

static const orc_yaml_node_t *render_template(const render_t *render, const render_part_t *part, const char *name,
                                              const orc_yaml_node_t *node)
{
    return orc_tosca_typed_template(render->tosca, part->types, node, render->pool);
}

static const orc_yaml_node_t *render_node(const render_t *render, const render_part_t *part, const char *name,
                                          const orc_yaml_node_t *node)
{
    node = orc_tosca_without_ranges(render->tosca, node, render->complete, render->pool);
    node = set_count(render, render_template(render, part, name, node));
    return add_tags(render, set_choices(render, name, node));
}

static const orc_yaml_node_t *render_type(const render_t *render, const render_part_t *part, const char *name,
                                          const orc_yaml_node_t *node)
{
    return orc_tosca_typed_functions(render->tosca, orc_tosca_typed_declarations(render->tosca, node, render->pool),
                                     render->pool);
}

/* The document. */

/* Policies are a list of mappings, everything else is a mapping; anything that is neither stays what it is. */
static const orc_yaml_node_t *render_each(const render_t *render, const render_part_t *part,
                                          const orc_yaml_node_t *node)
{
    orc_yaml_node_t *copy;
    int i;

    if (node->kind == ORC_YAML_SCALAR)
        return node;
    copy = node->kind == ORC_YAML_MAPPING ? orc_yaml_copy_mapping(node, 0, render->pool)
                                          : orc_yaml_copy_sequence(node, 0, render->pool);
    for (i = 0; i < copy->count; i++)
        if (node->kind == ORC_YAML_MAPPING)
            copy->pairs[i].value = part->one(render, part, copy->pairs[i].key->text, copy->pairs[i].value);
        else
            copy->items[i] = render_each(render, part, copy->items[i]);
    return copy;
}

static void render_part(orc_yaml_node_t *copy, const render_t *render, const render_part_t *part)
{
    const orc_yaml_node_t *node = orc_yaml_get(copy, part->key);

    if (node)
        orc_yaml_set(copy, part->key, render_each(render, part, node), render->pool);
}

static void drop_placements(orc_yaml_node_t *topology, const render_t *render)
{
    const orc_yaml_node_t *policies = orc_yaml_get(topology, "policies");

    if (policies)
        orc_yaml_set(topology, "policies", orc_tosca_without_placements(render->tosca, policies, render->pool),
                     render->pool);
}

/* The name and the version are texts, however they were written. */
static void set_text(orc_yaml_node_t *metadata, const render_t *render, const char *key, const char *text)
{
    if (text)
        orc_yaml_set(metadata, key, orc_yaml_new_string(text, render->pool), render->pool);
}

static const orc_yaml_node_t *render_metadata(const render_t *render)
{
    const orc_tosca_summary_t *summary = orc_tosca_summary(render->tosca);
    orc_yaml_node_t *copy =
        orc_yaml_copy_mapping(orc_yaml_get(render->tosca->root, "metadata"), tag_count(render) + 2, render->pool);

    set_text(copy, render, "template_name", summary->template_name);
    set_text(copy, render, "template_version", summary->template_version);
    set_text(copy, render, "infra_name", render->rendering->infra_name);
    if (render->rendering->mark_name)
        set_text(copy, render, render->rendering->mark_name, render->rendering->mark);
    set_tags(copy, render);
    return copy;
}

static const render_part_t topology_parts[] = {{"inputs", render_input, NULL},
                                               {"node_templates", render_node, "node_types"},
                                               {"relationship_templates", render_template, "relationship_types"},
                                               {"groups", render_template, "group_types"},
                                               {"policies", render_template, "policy_types"},
                                               {NULL, NULL, NULL}};

orc_error_t *orc_tosca_render(const char **text, const orc_tosca_template_t *tosca,
                              const orc_tosca_rendering_t *rendering, apr_pool_t *pool)
{
    orc_tosca_check_t check = {.tosca = tosca, .pool = pool, .only_types = 1};
    const json_t *complete = orc_tosca_complete(&check, rendering->inputs, &(orc_json_path_t){NULL, "", 0});
    render_t render = {tosca, rendering, complete, pool};
    orc_yaml_node_t *root = orc_yaml_copy_mapping(tosca->root, 1, pool);
    orc_yaml_node_t *topology = orc_yaml_copy_mapping(tosca->topology, 0, pool);
    const orc_yaml_node_t *metadata = render_metadata(&render);
    int i;

    for (i = 0; topology_parts[i].key; i++)
        render_part(topology, &render, &topology_parts[i]);
    drop_placements(topology, &render);
    for (i = 0; orc_tosca_type_sections[i]; i++)
        render_part(root, &render, &(render_part_t){orc_tosca_type_sections[i], render_type, NULL});
    for (i = 0; i < topology->count; i++)
        topology->pairs[i].value = orc_tosca_typed_functions(tosca, topology->pairs[i].value, pool);
    orc_yaml_set(root, "tosca_definitions_version", orc_yaml_new_plain(orc_tosca_version_for_im(tosca), pool), pool);
    orc_yaml_set(root, "topology_template", topology, pool);
    if (metadata->count)
        orc_yaml_set(root, "metadata", metadata, pool);
    *text = orc_yaml_write(rendering->into ? orc_tosca_merging(tosca, root, rendering->into, pool) : root, pool);
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
