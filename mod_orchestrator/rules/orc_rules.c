/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_internal.h"

#include <apr_strings.h>
#include <limits.h>
#include <string.h>

#include "orc_id.h"

enum {
    LOOKS = 4,  /* at IM's logs that a process takes at once, one of a deployment on a host */
    COSTLY = 2, /* requests that cost much which one person may have at work on a host */
    ALL = INT_MAX,
};

/* What one person may have of so many, where `left` of `parts` are left to others; 0: there is no end of them. */
static int share_of(int number, int left, int parts)
{
    int share = number - number * left / parts;

    return number == 0 ? ALL : share > 0 ? share : 1;
}

/* What costs much costs memory too: of all people together a process does so many at once. */
static int costly_of(int connections)
{
    int share = share_of(connections, 1, 2);

    return share > COSTLY ? share : COSTLY;
}

orc_rules_t *orc_rules_make(const orc_rules_host_t *host, apr_pool_t *pool)
{
    orc_rules_t *rules = apr_pcalloc(pool, sizeof *rules);

    rules->callers = orc_rules_callers_make(pool);
    rules->parsed = orc_rules_parsed_make(pool);
    rules->news = orc_news_make(pool);
    rules->looks = orc_gate_make(host->looks, LOOKS, 1, pool);
    rules->here = orc_gate_make(host->here, ALL, share_of(host->workers, 1, 4), pool);
    rules->turns = orc_gate_make(NULL, ALL, share_of(host->connections, 1, 2), pool);
    rules->costly = orc_gate_make(host->costly, costly_of(host->connections), COSTLY, pool);
    rules->following = orc_gate_make(host->following, ALL, share_of(host->followers, 0, 1), pool);
    if (!rules->callers || !rules->parsed || !rules->news || !rules->looks || !rules->here || !rules->turns ||
        !rules->costly || !rules->following)
        return NULL;
    return rules;
}

/* ---- operations of orchestrations ---- */

const char *orc_rules_operation_id(const orc_rules_call_t *call)
{
    return call->child ? call->child->operation_id : orc_id_new(call->pool);
}

typedef struct childs_work_t {
    const orc_rules_call_t *call;
    orc_db_work_t *work;
    void *baton;
    int is_rehearsed;
} childs_work_t;

static orc_error_t *do_for_child(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    childs_work_t *own = baton;
    orc_rules_child_t *child = own->call->child;
    int is_its;

    own->is_rehearsed = 0;
    child->outcome = NULL;
    ORC_TRY(orc_store_orchestration_haste(db, pool));
    ORC_TRY(own->work(db, own->baton, pool));
    if (child->is_dry_run) {
        ORC_TRY(orc_store_target_rehearsed(&child->outcome, db, child->orchestration_id, child->operation_id,
                                           own->call->pool));
        own->is_rehearsed = 1;
        return orc_error(own->call->pool, 409, "rehearsal", "It is a dry run.");
    }
    ORC_TRY(orc_store_target_adopt(&is_its, db, child->orchestration_id, child->operation_id, pool));
    child->is_late = !is_its;
    return is_its ? NULL : orc_error(own->call->pool, 409, "orchestration.turn", "Its turn is not now.");
}

orc_error_t *orc_rules_transact(const orc_rules_call_t *call, orc_db_work_t *work, void *baton)
{
    childs_work_t own = {call, work, baton, 0};
    orc_error_t *error;

    if (!call->child)
        return orc_db_transact(call->service->db, work, baton, 1, call->pool);
    error = orc_db_transact(call->service->db, do_for_child, &own, 1, call->pool);
    return own.is_rehearsed ? NULL : error;
}

orc_error_t *orc_rules_condition_check(const orc_rules_condition_t *condition, const char *first, const char *second)
{
    const char *const versions[] = {first, second, NULL};

    return condition && condition->check ? condition->check(condition->baton, versions) : NULL;
}

orc_error_t *orc_rules_gone(apr_pool_t *pool)
{
    orc_error_t *error =
        orc_error(pool, 503, "caller.gone", "The caller's registration has just been removed; try again.");

    error->reason = ORC_REASON_CALLER_GONE;
    return error;
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
