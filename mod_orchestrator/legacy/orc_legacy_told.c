/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_legacy_told.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_surface_plain.h"

/* ---- the form ---- */

void orc_legacy_problem(orc_response_t *response, const orc_error_t *error, const char *request_id, apr_pool_t *pool)
{
    int status = error->status == 422 ? 400 : error->status;
    json_t *problem = orc_json_own(json_object(), pool);
    const char *message = orc_surface_plain_text(error, pool);

    json_object_set_new(problem, "code", json_integer(status));
    orc_json_put(problem, "title", orc_response_title(status));
    orc_json_put(problem, "message", message);
    if (status == 401) {
        orc_json_put(problem, "error", "unauthorized");
        orc_json_put(problem, "error_description", message);
    }
    orc_response_json(response, status, orc_json_text(problem, pool));
    orc_response_set_pause(response, error, pool);
}

/* ---- names ---- */

static const struct {
    const char *member, *name;
} names[] = {
    {"template_inputs", "parameters"},
    {"inputs", "parameters"},
    {"template_id", "template"},
    {"template_text", "template"},
    {"content", "template"},
    {"user_group", "userGroup"},
    {"max_providers", "maxProvidersRetry"},
    {"tot_timeout_mins", "timeoutMins"},
    {"per_provider_timeout_mins", "providerTimeoutMins"},
    {"keep_last_attempt", "keepLastAttempt"},
};

/* A member, and what is below it. */
static const char *name_of(const char *member, apr_pool_t *pool)
{
    size_t length = strcspn(member, "/"), i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        if (strlen(names[i].member) == length && strncmp(names[i].member, member, length) == 0)
            return apr_pstrcat(pool, names[i].name, member + length, NULL);
    }
    return member;
}

orc_error_t *orc_legacy_told(orc_error_t *error, apr_pool_t *pool)
{
    int i;

    if (!error)
        return NULL;
    error->location = NULL;
    for (i = 0; error->fields && i < error->fields->nelts; i++) {
        orc_error_field_t *field = &APR_ARRAY_IDX(error->fields, i, orc_error_field_t);

        if (field->member)
            field->member = name_of(field->member, pool);
    }
    return error;
}
