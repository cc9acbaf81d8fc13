/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_TEXTS_H
#define ORC_RULES_TEXTS_H

#include "orc_rules.h"
#include "orc_store_templates.h"
#include "orc_tosca.h"

/* Templates that come as their text, with what is to be deployed; and what is told of how a wish was taken. */

/** A template's text, and where it is stored. */
typedef struct orc_rules_text_t {
    const char *id, *version; /* of the stored template that has this content, else of a new one */
    const char *content, *checksum;
    apr_size_t length;
    int is_new; /* no template has this content */
} orc_rules_text_t;

/** Looks a text up by its checksum. `former`: the id of the template that is in use, which then comes before another
 * one with the same content; or NULL. */
orc_error_t *orc_rules_text_find(orc_rules_text_t *text, const orc_rules_call_t *call, const char *content,
                                 apr_size_t length, const char *former);

/** Parses a new one, which costs; *tosca is NULL, with mistakes of `template_text` added, when it is of no use. */
orc_error_t *orc_rules_text_parse(const orc_tosca_template_t **tosca, orc_error_t **wrong, const orc_rules_text_t *text,
                                  const orc_rules_call_t *call);

/** The row of a new one. Its name is metadata.template_name when that can be a name, else made from the checksum.
 * `tosca`: NULL of one that can't be read, which says nothing of itself. */
const orc_store_template_t *orc_rules_text_row(const orc_rules_text_t *text, const orc_tosca_template_t *tosca,
                                               apr_pool_t *pool);

/** Notes of a wish, for more to be added: a copy, of const char *; empty for NULL. */
apr_array_header_t *orc_rules_notes(const apr_array_header_t *given, apr_pool_t *pool);

/** Notes that the last of a key counts that a template has twice. */
void orc_rules_note_repeated(apr_array_header_t *notes, const orc_tosca_template_t *tosca);

/** As the statements take them: a JSON array. */
const char *orc_rules_notes_text(const apr_array_header_t *notes, apr_pool_t *pool);

#endif
