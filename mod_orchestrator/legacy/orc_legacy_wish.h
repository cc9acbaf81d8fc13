/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_LEGACY_WISH_H
#define ORC_LEGACY_WISH_H

#include "orc_rules_callback.h"
#include "orc_surface_handler.h"

/**
 * What the bodies of POST and PUT say. Numbers and flags may be texts ("60", "true"); what is null, or "", was not
 * given. Numbers are 0 and texts NULL then.
 */
typedef struct orc_legacy_wish_t {
    const char *template_text;
    apr_size_t template_length;
    const json_t *parameters; /* an object */
    const char *user_group;
    const orc_rules_callback_t *callback; /* or NULL */
    int max_providers, timeout_mins, provider_timeout_mins;
    int keep_last_attempt;
    apr_array_header_t *notes; /* of const char *: what was passed over, for the deployment's log */
} orc_legacy_wish_t;

/** Reads the body; what is wrong with it is added to *error, by the names that the client has for it. */
orc_legacy_wish_t orc_legacy_wish_read(orc_error_t **error, const orc_request_t *request);

#endif
