/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_internal.h"

#include <apr_strings.h>
#include <string.h>

enum {
    LOOKS = 4,  /* at IM's logs that a process takes at once, one of a deployment */
    COSTLY = 2, /* requests that cost much which one person may have at work in a process */
    MANY = 512, /* such of all persons: as many as there are threads */
};

static const char gone[] = "caller.gone";

orc_rules_t *orc_rules_make(apr_pool_t *pool)
{
    orc_rules_t *rules = apr_pcalloc(pool, sizeof *rules);

    rules->callers = orc_rules_callers_make(pool);
    rules->parsed = orc_rules_parsed_make(pool);
    rules->looks = orc_gate_make(LOOKS, 1, pool);
    rules->costly = orc_gate_make(MANY, COSTLY, pool);
    return rules->callers && rules->parsed && rules->looks && rules->costly ? rules : NULL;
}

orc_gate_t *orc_rules_costly(const orc_rules_t *rules)
{
    return rules->costly;
}

orc_error_t *orc_rules_condition_check(const orc_rules_condition_t *condition, const char *first, const char *second)
{
    const char *const versions[] = {first, second, NULL};

    return condition && condition->check ? condition->check(condition->baton, versions) : NULL;
}

orc_error_t *orc_rules_gone(apr_pool_t *pool)
{
    return orc_error(pool, 503, gone, "The caller's registration has just been removed; try again.");
}

int orc_rules_is_gone(const orc_error_t *error)
{
    return error && strcmp(error->code, gone) == 0;
}

orc_error_t *orc_rules_not_found(const char *what, apr_pool_t *pool)
{
    return orc_error(pool, 404, "not_found", "There is no such %s.", what);
}

orc_error_t *orc_rules_forbidden(const char *what, apr_pool_t *pool)
{
    return orc_error(pool, 403, "forbidden", "This %s is not yours.", what);
}

void orc_rules_add_mistakes(orc_error_t **error, const orc_error_t *more, apr_pool_t *pool)
{
    int i;

    for (i = 0; more->fields && i < more->fields->nelts; i++) {
        const orc_error_field_t *field = &APR_ARRAY_IDX(more->fields, i, orc_error_field_t);
        const char *name = field->member ? field->member : field->pointer + 1;

        if (!orc_error_has_member(*error, name))
            orc_error_add_member(error, pool, name, "%s", field->detail);
    }
}
