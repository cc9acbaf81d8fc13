/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_PARSED_H
#define ORC_RULES_PARSED_H

#include "orc_error.h"
#include "orc_tosca.h"

/*
 * Parsed templates that a process keeps: parsing one costs about a millisecond, and the same ones are deployed again
 * and again. A table with a budget of bytes, used by all threads: a template stays while somebody works with it, else
 * those stay that were taken last.
 */

typedef struct orc_rules_parsed_t orc_rules_parsed_t;

/** Makes an empty table; NULL when the system refuses a mutex. */
orc_rules_parsed_t *orc_rules_parsed_make(apr_pool_t *pool);

/**
 * A kept template.
 * @param version of the template's row: its content is another one when this is
 * @param pool    the template may be used until this dies
 * @return NULL when it isn't kept
 */
const orc_tosca_template_t *orc_rules_parsed_find(orc_rules_parsed_t *parsed, const char *id, const char *version,
                                                  apr_pool_t *pool);

/**
 * Parses a template and keeps it unless it is large or what is in use leaves no room.
 * @param tosca may be used until `pool` dies
 * @return the error of orc_tosca_parse, at `pointer`
 */
orc_error_t *orc_rules_parsed_add(const orc_tosca_template_t **tosca, orc_rules_parsed_t *parsed, const char *id,
                                  const char *version, const char *content, const orc_tosca_types_t *types,
                                  const char *pointer, apr_pool_t *pool);

/** Whether it was said that work with a kept template costs much. It is in use by the caller. */
int orc_rules_parsed_is_costly(orc_rules_parsed_t *parsed, const orc_tosca_template_t *tosca);

/** Says so, as long as it is kept; nothing happens when it isn't. */
void orc_rules_parsed_mark_costly(orc_rules_parsed_t *parsed, const orc_tosca_template_t *tosca);

#endif
