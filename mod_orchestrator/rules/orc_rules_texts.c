/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_texts.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_id.h"
#include "orc_rules_templates.h"
#include "orc_utf8.h"

enum { CHECKSUM_IN_NAME = 12 /* characters */ };

orc_error_t *orc_rules_text_find(orc_rules_text_t *text, const orc_rules_call_t *call, const char *content,
                                 apr_size_t length, const char *former)
{
    apr_pool_t *pool = call->pool;

    *text = (orc_rules_text_t){.content = apr_pstrmemdup(pool, content, length),
                               .checksum = orc_secret_sha256(content, length, pool),
                               .length = length};
    ORC_TRY(orc_store_templates_find_checksum(&text->id, &text->version, text->checksum, former, call->service->db,
                                              call->pool));
    if (text->id)
        return NULL;
    text->id = orc_id_new(pool);
    text->version = "1";
    text->is_new = 1;
    return NULL;
}

orc_error_t *orc_rules_text_parse(const orc_tosca_template_t **tosca, orc_error_t **wrong, const orc_rules_text_t *text,
                                  const orc_rules_call_t *call)
{
    ORC_TRY(orc_rules_visit_costs(call->visit));
    *tosca = orc_rules_templates_parse(wrong, call, "template_text", text->content, text->length);
    return NULL;
}

const orc_store_template_t *orc_rules_text_row(const orc_rules_text_t *text, const orc_tosca_template_t *tosca,
                                               apr_pool_t *pool)
{
    static const orc_tosca_summary_t nothing = {.definitions_version = "tosca_simple_yaml_1_0"};
    const orc_tosca_summary_t *summary = tosca ? orc_tosca_summary(tosca) : &nothing;
    orc_store_template_t *row = apr_pcalloc(pool, sizeof(*row));

    row->content = text->content;
    row->checksum = text->checksum;
    row->name = summary->template_name && orc_rules_templates_is_name(summary->template_name)
                    ? summary->template_name
                    : apr_psprintf(pool, "template-%.*s", CHECKSUM_IN_NAME, text->checksum);
    row->version = summary->template_version;
    row->target_provider_type = ORC_RULES_TEMPLATES_PROVIDER_TYPE;
    row->tosca_definition_version = summary->definitions_version;
    return row;
}

/* ---- notes ---- */

apr_array_header_t *orc_rules_notes(const apr_array_header_t *given, apr_pool_t *pool)
{
    return given ? apr_array_copy(pool, given) : apr_array_make(pool, 4, sizeof(const char *));
}

void orc_rules_note_repeated(apr_array_header_t *notes, const orc_tosca_template_t *tosca)
{
    const apr_array_header_t *repeated = orc_tosca_summary(tosca)->repeated;
    int i;

    for (i = 0; i < repeated->nelts; i++)
        APR_ARRAY_PUSH(notes, const char *) = apr_pstrcat(
            notes->pool, "Of the template, ", APR_ARRAY_IDX(repeated, i, const char *), ": the last one counts.", NULL);
}

/* A name in one may have been cut in the middle of a character. */
static json_t *mended(const char *note, apr_pool_t *pool)
{
    char *copy = apr_pstrdup(pool, note);

    orc_utf8_mend(copy, strlen(copy));
    return json_string(copy);
}

const char *orc_rules_notes_text(const apr_array_header_t *notes, apr_pool_t *pool)
{
    json_t *list = orc_json_own(json_array(), pool);
    int i;

    for (i = 0; i < notes->nelts; i++)
        json_array_append_new(list, mended(APR_ARRAY_IDX(notes, i, const char *), pool));
    return orc_json_text(list, pool);
}
