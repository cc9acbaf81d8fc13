/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef TOSCA_FIXTURE_H
#define TOSCA_FIXTURE_H

#include "unit.h"

#include <apr_file_info.h>

#include "orc_tosca.h"
#include "orc_yaml.h"

/* What the TOSCA room's unit tests share: its calls with less to write. */

/* A topology_template with this text under it, each of its lines indented by the caller. */
static inline const char *document(const char *topology)
{
    return apr_pstrcat(pool, "tosca_definitions_version: tosca_simple_yaml_1_0\ntopology_template:\n", topology, NULL);
}

static inline orc_tosca_template_t *parse_with(const orc_tosca_types_t *types, const char *text)
{
    orc_tosca_template_t *tosca = NULL;
    orc_error_t *error = orc_tosca_parse(&tosca, text, strlen(text), types, "/content", pool);

    if (error && error->fields)
        fail_msg("refused: %s", APR_ARRAY_IDX(error->fields, 0, orc_error_field_t).detail);
    assert_null(error);
    return tosca;
}

static inline orc_tosca_template_t *parse(const char *text)
{
    return parse_with(NULL, text);
}

/* All details of an error, each with its pointer, a line each: "/content line 1, column 2: ...". */
static inline const char *mistakes(const orc_error_t *error)
{
    const char *text = "";
    int i;

    for (i = 0; error && error->fields && i < error->fields->nelts; i++) {
        const orc_error_field_t *field = &APR_ARRAY_IDX(error->fields, i, orc_error_field_t);

        text = apr_pstrcat(pool, text, field->pointer, " ", field->detail, "\n", NULL);
    }
    return text;
}

/* The template is refused, and says so with these words. */
static inline void refused(const char *text, apr_size_t length, const char *words)
{
    orc_tosca_template_t *tosca = NULL;
    orc_error_t *error = orc_tosca_parse(&tosca, text, length, NULL, "/content", pool);

    assert_non_null(error);
    assert_int_equal(error->status, 422);
    assert_string_equal(error->code, "template");
    assert_contains(mistakes(error), words);
}

static inline orc_tosca_types_t *types_of(const char *directory)
{
    orc_tosca_types_t *types = NULL;
    orc_error_t *error = orc_tosca_types_load(&types, directory, pool);

    if (error)
        fail_msg("%s", error->detail);
    return types;
}

/* A folder beside the repository (`shared/...`) or in it; NULL when it isn't there. */
static inline const char *source_directory(const char *path)
{
    const char *root = getenv("ORC_SRCDIR");
    const char *full = root ? apr_pstrcat(pool, root, "/", path, NULL) : path;
    apr_finfo_t info;

    return apr_stat(&info, full, APR_FINFO_TYPE, pool) ? NULL : full;
}

#endif
