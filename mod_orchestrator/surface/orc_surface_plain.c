/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_plain.h"

#include <apr_strings.h>

static int told_status(int status)
{
    static const int kept[] = {401, 403, 404, 405, 408, 409, 429};
    size_t i;

    for (i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (kept[i] == status)
            return status;
    }
    return status < 500 ? 400 : status;
}

const char *orc_surface_plain_text(const orc_error_t *error, apr_pool_t *pool)
{
    const char *text = "";
    int i;

    for (i = 0; error->fields && i < error->fields->nelts; i++) {
        const orc_error_field_t *field = &APR_ARRAY_IDX(error->fields, i, orc_error_field_t);
        const char *name = field->parameter ? field->parameter : field->pointer;

        text = apr_pstrcat(pool, text, i ? "; " : "", *name ? name : "the body", " ", field->detail, NULL);
    }
    return *text ? text : error->detail;
}

void orc_surface_plain_problem(orc_response_t *response, const orc_error_t *error, const char *text, apr_pool_t *pool)
{
    json_t *problem = json_pack("{s:s, s:s}", "error", error->code, text, orc_surface_plain_text(error, pool));

    orc_response_json(response, told_status(error->status), orc_json_text(orc_json_own(problem, pool), pool));
    orc_response_set_pause(response, error, pool);
}
