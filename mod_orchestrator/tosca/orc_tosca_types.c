/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

/* Types: from the installed files and from the template itself. */

const char *const orc_tosca_type_sections[] = {"data_types",      "capability_types", "relationship_types",
                                               "node_types",      "policy_types",     "group_types",
                                               "interface_types", "artifact_types",   NULL};

static orc_tosca_types_t *make_types(apr_pool_t *pool)
{
    orc_tosca_types_t *types = apr_pcalloc(pool, sizeof(*types));
    int i;

    types->sections = orc_hash_make(pool);
    types->nodes = apr_array_make(pool, 64, sizeof(const char *));
    types->data = apr_array_make(pool, 16, sizeof(const char *));
    for (i = 0; orc_tosca_type_sections[i]; i++)
        apr_hash_set(types->sections, orc_tosca_type_sections[i], APR_HASH_KEY_STRING, orc_hash_make(pool));
    return types;
}

static const orc_yaml_node_t *declaration(const orc_tosca_types_t *types, const char *section, const char *name)
{
    apr_hash_t *names = types ? apr_hash_get(types->sections, section, APR_HASH_KEY_STRING) : NULL;

    return names ? apr_hash_get(names, name, APR_HASH_KEY_STRING) : NULL;
}

/* The names of a type go to a list once; a file read later replaces the declaration of one before it. */
static void add_type(orc_tosca_types_t *types, const char *section, const orc_yaml_pair_t *pair)
{
    apr_array_header_t *list = !strcmp(section, "node_types")   ? types->nodes
                               : !strcmp(section, "data_types") ? types->data
                                                                : NULL;

    if (list && !declaration(types, section, pair->key->text))
        APR_ARRAY_PUSH(list, const char *) = pair->key->text;
    apr_hash_set(apr_hash_get(types->sections, section, APR_HASH_KEY_STRING), pair->key->text, APR_HASH_KEY_STRING,
                 pair->value);
}

static void add_sections(orc_tosca_types_t *types, const orc_yaml_node_t *root)
{
    int i, j;

    for (i = 0; orc_tosca_type_sections[i]; i++) {
        const orc_yaml_node_t *section = orc_yaml_get(root, orc_tosca_type_sections[i]);

        for (j = 0; section && section->kind == ORC_YAML_MAPPING && j < section->count; j++)
            add_type(types, orc_tosca_type_sections[i], &section->pairs[j]);
    }
}

orc_tosca_types_t *orc_tosca_types_of(const orc_yaml_node_t *root, apr_pool_t *pool)
{
    orc_tosca_types_t *types = make_types(pool);

    add_sections(types, root);
    return types;
}

static const orc_yaml_node_t *find(const orc_tosca_types_t *own, const orc_tosca_types_t *installed,
                                   const char *section, const char *name)
{
    const orc_yaml_node_t *found = declaration(own, section, name);

    return found ? found : declaration(installed, section, name);
}

/* TOSCA's shorthand: "Compute" and "tosca:Compute" are tosca.nodes.Compute. */
static const char *full_name(const char *section, const char *name, char *buffer, size_t size)
{
    const char *family = !strcmp(section, "node_types")           ? "tosca.nodes."
                         : !strcmp(section, "relationship_types") ? "tosca.relationships."
                         : !strcmp(section, "capability_types")   ? "tosca.capabilities."
                                                                  : NULL;

    if (!strncmp(name, "tosca:", 6))
        name += 6;
    else if (strchr(name, '.'))
        return name;
    if (!family || strlen(family) + strlen(name) >= size)
        return name;
    apr_cpystrn(buffer, family, size);
    apr_cpystrn(buffer + strlen(family), name, size - strlen(family));
    return buffer;
}

static int derives(const orc_tosca_types_t *own, const orc_tosca_types_t *installed, const char *section,
                   const char *name, const char *ancestor)
{
    char buffer[256];
    int i;

    if (strcmp(name, ancestor) && !find(own, installed, section, name))
        name = full_name(section, name, buffer, sizeof(buffer));
    for (i = 0; name && i < ORC_TOSCA_MAX_ANCESTORS; i++) {
        if (!strcmp(name, ancestor))
            return 1;
        name = orc_yaml_text(orc_yaml_get(find(own, installed, section, name), "derived_from"));
    }
    return 0;
}

int orc_tosca_types_derives(const orc_tosca_types_t *types, const char *type, const char *ancestor)
{
    return derives(NULL, types, "node_types", type, ancestor);
}

apr_array_header_t *orc_tosca_types_descendants(const orc_tosca_types_t *types, const char *ancestor, apr_pool_t *pool)
{
    apr_array_header_t *found = apr_array_make(pool, 8, sizeof(const char *));
    int i;

    APR_ARRAY_PUSH(found, const char *) = apr_pstrdup(pool, ancestor);
    for (i = 0; types && i < types->nodes->nelts; i++) {
        const char *name = APR_ARRAY_IDX(types->nodes, i, const char *);

        if (strcmp(name, ancestor) && orc_tosca_types_derives(types, name, ancestor))
            APR_ARRAY_PUSH(found, const char *) = name;
    }
    return found;
}

const orc_yaml_node_t *orc_tosca_type(const orc_tosca_template_t *tosca, const char *section, const char *name)
{
    const orc_yaml_node_t *found = find(tosca->own, tosca->installed, section, name);
    char buffer[256];

    return found ? found
                 : find(tosca->own, tosca->installed, section, full_name(section, name, buffer, sizeof(buffer)));
}

int orc_tosca_derives(const orc_tosca_template_t *tosca, const char *section, const char *name, const char *ancestor)
{
    return derives(tosca->own, tosca->installed, section, name, ancestor);
}

const orc_yaml_node_t *orc_tosca_type_member(const orc_tosca_template_t *tosca, const char *section, const char *type,
                                             const char *members, const char *name, int *closed)
{
    int i;

    if (closed)
        *closed = 0;
    for (i = 0; type && i < ORC_TOSCA_MAX_ANCESTORS; i++) {
        const orc_yaml_node_t *declared = orc_tosca_type(tosca, section, type);
        const orc_yaml_node_t *found = orc_yaml_path(declared, members, name, NULL);

        if (found || !declared)
            return found;
        if (!(type = orc_yaml_text(orc_yaml_get(declared, "derived_from")))) {
            if (closed)
                *closed = 1;
            return NULL;
        }
        if (closed && !strcmp(type, "tosca.datatypes.Root")) {
            *closed = 1;
            return NULL;
        }
    }
    return NULL;
}

const orc_yaml_node_t *orc_tosca_type_property(const orc_tosca_template_t *tosca, const char *section, const char *type,
                                               const char *property, int *closed)
{
    return orc_tosca_type_member(tosca, section, type, "properties", property, closed);
}

static int ancestors(const orc_tosca_template_t *tosca, const char *type)
{
    int i;

    for (i = 0; type && i < ORC_TOSCA_MAX_ANCESTORS; i++)
        type = orc_yaml_text(orc_yaml_get(find(tosca->own, tosca->installed, "data_types", type), "derived_from"));
    return i;
}

/* Of several types with the same last part the most derived: it knows the properties of the others too. Then by name.
 */
static const char *better(const orc_tosca_template_t *tosca, const char *a, const char *b)
{
    int steps_a, steps_b;

    if (!a || !b)
        return a ? a : b;
    steps_a = ancestors(tosca, a);
    steps_b = ancestors(tosca, b);
    if (steps_a != steps_b)
        return steps_a > steps_b ? a : b;
    return strcmp(a, b) <= 0 ? a : b;
}

void orc_tosca_index_short_names(orc_tosca_template_t *tosca)
{
    const orc_tosca_types_t *places[] = {tosca->own, tosca->installed};
    int place, i;

    tosca->short_names = orc_hash_make(tosca->pool);
    for (place = 0; place < 2; place++)
        for (i = 0; places[place] && i < places[place]->data->nelts; i++) {
            const char *candidate = APR_ARRAY_IDX(places[place]->data, i, const char *);
            const char *dot = strrchr(candidate, '.');

            if (dot && !strncmp(candidate, "tosca.datatypes.", 16))
                apr_hash_set(tosca->short_names, dot + 1, APR_HASH_KEY_STRING,
                             better(tosca, apr_hash_get(tosca->short_names, dot + 1, APR_HASH_KEY_STRING), candidate));
        }
}

const char *orc_tosca_data_type(const orc_tosca_template_t *tosca, const char *name)
{
    if (find(tosca->own, tosca->installed, "data_types", name))
        return name;
    return apr_hash_get(tosca->short_names, name, APR_HASH_KEY_STRING);
}

/* Loading. */

static orc_error_t *read_text(char **text, apr_size_t *length, const char *path, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_status_t status = apr_file_open(&file, path, APR_READ, APR_OS_DEFAULT, pool);
    orc_error_t *error;

    if (!status && !(status = apr_file_info_get(&info, APR_FINFO_SIZE, file))) {
        *length = (apr_size_t)info.size;
        if (info.size > ORC_YAML_MAX_BYTES * ORC_YAML_TRUSTED)
            *length = ORC_YAML_MAX_BYTES * ORC_YAML_TRUSTED + 1;
        *text = apr_palloc(pool, *length + 1);
        status = *length ? apr_file_read_full(file, *text, *length, length) : APR_SUCCESS;
        apr_file_close(file);
    }
    if (!status)
        return NULL;
    error = orc_error(pool, 500, "tosca.types", "The type file %s can't be read.", path);
    error->system = status;
    return error;
}

static orc_error_t *mistake_in(const char *path, int line, int column, const char *what, apr_pool_t *pool)
{
    return orc_error(pool, 500, "tosca.types", "The type file %s is wrong at line %d, column %d: %s.", path, line,
                     column, what);
}

static orc_error_t *check_section(const orc_yaml_node_t *section, const char *path, apr_pool_t *pool)
{
    int i;

    if (orc_yaml_is_null(section))
        return NULL;
    if (section->kind != ORC_YAML_MAPPING)
        return mistake_in(path, section->line, section->column, "types are a mapping", pool);
    for (i = 0; i < section->count; i++)
        if (section->pairs[i].value->kind != ORC_YAML_MAPPING && !orc_yaml_is_null(section->pairs[i].value))
            return mistake_in(path, section->pairs[i].value->line, section->pairs[i].value->column,
                              "a type is a mapping", pool);
    return NULL;
}

static orc_error_t *load_file(orc_tosca_types_t *types, const char *path, apr_pool_t *pool)
{
    const orc_yaml_node_t *root;
    orc_yaml_mistake_t mistake;
    apr_size_t length = 0;
    char *text = NULL;
    int i;

    ORC_TRY(read_text(&text, &length, path, pool));
    if (orc_yaml_read(&root, &mistake, text, length, ORC_YAML_LAST_KEY, pool))
        return mistake_in(path, mistake.line, mistake.column, mistake.what, pool);
    if (root->kind != ORC_YAML_MAPPING)
        return mistake_in(path, root->line, root->column, "the document is a mapping", pool);
    for (i = 0; orc_tosca_type_sections[i]; i++)
        ORC_TRY(check_section(orc_yaml_get(root, orc_tosca_type_sections[i]), path, pool));
    add_sections(types, root);
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int is_type_file(const char *name)
{
    const char *dot = strrchr(name, '.');

    return *name != '.' && dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
}

orc_error_t *orc_tosca_types_load(orc_tosca_types_t **types, const char *directory, apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, 8, sizeof(const char *));
    apr_status_t status;
    apr_finfo_t info;
    apr_dir_t *dir;
    int i;

    if ((status = apr_dir_open(&dir, directory, pool))) {
        orc_error_t *error =
            orc_error(pool, 500, "tosca.types", "The directory of type files %s can't be read.", directory);

        error->system = status;
        return error;
    }
    while (!apr_dir_read(&info, APR_FINFO_NAME, dir))
        if (is_type_file(info.name))
            APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(pool, info.name);
    apr_dir_close(dir);
    qsort(names->elts, (size_t)names->nelts, sizeof(const char *), by_name);
    *types = make_types(pool);
    for (i = 0; i < names->nelts; i++)
        ORC_TRY(
            load_file(*types, apr_pstrcat(pool, directory, "/", APR_ARRAY_IDX(names, i, const char *), NULL), pool));
    return NULL;
}
