/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_records.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_store_records.h"
#include "orc_utf8.h"

enum { MAX_NAME = 63 /* characters of a label's name */ };

typedef struct work_t {
    const orc_rules_call_t *call;
    const orc_rules_record_t *record;
    const char *labels; /* JSON; NULL: it is to be deleted */
} work_t;

/* ---- labels ---- */

static int is_name(const char *name)
{
    apr_size_t length = orc_utf8_count(name);

    return length >= 1 && length <= MAX_NAME && !strpbrk(name, ":,");
}

static orc_error_t *check_names(const json_t *labels, apr_pool_t *pool)
{
    orc_error_t *error = NULL;
    const json_t *values;
    const char *name;

    json_object_foreach((json_t *)labels, name, values)
    {
        if (!is_name(name))
            orc_error_add_member(&error, pool, apr_pstrcat(pool, "labels/", name, NULL),
                                 "has a name that is not of 1 to %d characters without colon and comma", MAX_NAME);
    }
    return error;
}

/* ---- both ---- */

static orc_error_t *check(const work_t *work, const orc_store_record_of_t *found, apr_pool_t *pool)
{
    if (!found->is_known)
        return orc_rules_gone(pool);
    if (!found->exists)
        return orc_rules_not_found(work->record->deployment_id ? "deployment" : "operation", pool);
    if (!found->is_allowed)
        return orc_rules_forbidden("deployment", pool);
    if (!found->tag)
        return orc_rules_not_found("operation", pool);
    ORC_TRY(orc_rules_condition_check(&work->record->condition, found->tag, NULL));
    if (work->labels)
        return NULL;
    if (found->is_open)
        return orc_error(pool, 409, "operation.busy", "The operation has not ended.");
    if (found->is_needed)
        return orc_error(pool, 409, "operation.last", "The operation is the last one of what it is about.");
    return NULL;
}

static orc_error_t *change(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    const work_t *work = baton;
    const orc_rules_record_t *record = work->record;
    const orc_identity_t *who = work->call->who;
    const orc_store_record_at_t at = {record->deployment_id, record->resource_id, record->id};
    orc_store_record_of_t found;

    ORC_TRY(orc_store_record_lock(&found, db, &at, who->user_id, who->is_admin, pool));
    ORC_TRY(check(work, &found, pool));
    return work->labels ? orc_store_record_label(db, record->id, work->labels, pool)
                        : orc_store_record_delete(db, record->id, pool);
}

orc_error_t *orc_rules_record_label(const orc_rules_call_t *call, const orc_rules_record_t *record,
                                    const json_t *labels)
{
    work_t work = {call, record, orc_json_text(labels, call->pool)};

    ORC_TRY(check_names(labels, call->pool));
    return orc_db_transact(call->service->db, change, &work, 0, call->pool);
}

orc_error_t *orc_rules_record_delete(const orc_rules_call_t *call, const orc_rules_record_t *record)
{
    work_t work = {call, record, NULL};

    if (!call->who->is_admin)
        return orc_rules_forbidden("operation", call->pool);
    return orc_db_transact(call->service->db, change, &work, 0, call->pool);
}
