/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_UPDATE_H
#define ORC_RULES_UPDATE_H

#include "orc_rules.h"
#include "orc_rules_callback.h"

/** An update that is asked for once more: what it is stored with. */
typedef struct orc_rules_again_t {
    const char *operation_id; /* UUID, a new one */
    const char *parent_id;    /* the former one */
    const char *template_id;  /* that it is to have; NULL: its own */
    const json_t *removals;   /* as orc_tosca_removals has them; or NULL */
    /** Asked when the deployment is locked, before anything else: what speaks against it. */
    orc_error_t *(*check)(orc_db_t *db, void *baton);
    /** Asked behind that, before anything is stored. */
    orc_error_t *(*keep)(orc_db_t *db, void *baton);
    void *baton;
} orc_rules_again_t;

/** Other inputs, or another template, that somebody asks for. */
typedef struct orc_rules_update_t {
    const char *id;            /* of the deployment */
    const char *template_text; /* that it is to have, as orc_rules_submission_t's; or NULL: its own */
    apr_size_t template_length;
    const json_t *inputs;                 /* an object; mistakes are about its members, "template_inputs/..." */
    int is_whole;                         /* these are all; else they come over those that the deployment has */
    int is_anew;                          /* though nothing changes */
    const orc_rules_callback_t *callback; /* from now on, though nothing else changes; NULL: the former one */
    int is_lenient; /* inputs are what orc_tosca_inputs_coerce makes of them, with those that are stored */
    const apr_array_header_t *notes; /* of const char *: more lines for the deployment's log; or NULL */
    orc_rules_condition_t condition;
    const orc_rules_again_t *again; /* or NULL */
} orc_rules_update_t;

/**
 * Asks for a re-deployment with other inputs on the same provider. The inputs are the deployment's when it succeeded.
 * A list of what is to go (orc_tosca_removal_input) counts for this update only; it is kept among its options, for
 * whoever asks for it once more. Where the last update failed, the same inputs are deployed anew, too.
 *
 * Another template changes what is there: nodes and instances come and go. Its lists of what is to go that are written
 * in it (orc_tosca_removals) are carried out, and not stored: ids of machines that are gone or unknown are passed over,
 * those of other nodes and other deployments are mistakes of the member `template_text`. The template is the
 * deployment's when the update succeeded.
 * @param operation_id NULL: nothing changes
 * @return 404, 403, 422 about the inputs, 409 when the deployment is at work (with the location of the operation),
 * deleted, or has no infrastructure
 */
orc_error_t *orc_rules_update(const char **operation_id, const orc_rules_call_t *call, const orc_rules_update_t *wish);

#endif
