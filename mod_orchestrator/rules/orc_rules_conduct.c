/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_conduct.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_enums.h"
#include "orc_log.h"
#include "orc_rules_deletion.h"
#include "orc_rules_machines.h"
#include "orc_rules_operations.h"
#include "orc_rules_selectors.h"
#include "orc_rules_update.h"

#define BUSY_PAUSE apr_time_from_sec(1) /* until what somebody else is at work with is looked at again */
#define ILL_PAUSE  apr_time_from_sec(5) /* until what could not be asked for is asked for again */

/* An orchestration at work, and one of its targets. */
typedef struct conduct_t {
    const orc_service_t *service;
    const orc_store_orchestration_t *one;
    const json_t *parameters; /* without secrets */
    json_t *inputs;           /* of an update, with them */
    orc_rules_placer_t *place;
    const char *done; /* what was done without an operation; NULL: nothing */
    const orc_store_target_t *target;
    orc_rules_call_t call;
} conduct_t;

typedef orc_error_t *asking_t(const char **operation_id, conduct_t *conduct);

/* ---- what is asked for ---- */

static int is_true(const conduct_t *conduct, const char *name)
{
    return json_is_true(json_object_get(conduct->parameters, name));
}

static orc_error_t *erase(const char **operation_id, conduct_t *conduct)
{
    const orc_rules_deletion_t wish = {.id = conduct->target->deployment_id,
                                       .is_forced = is_true(conduct, "force"),
                                       .is_unsecure = is_true(conduct, "unsecure")};

    ORC_TRY(orc_rules_delete(operation_id, &conduct->call, &wish));
    if (!*operation_id && wish.is_forced)
        conduct->done = conduct->one->is_dry_run ? "Would remove the row of the deployment, which is deleted."
                                                 : "The row of the deployment is removed.";
    return NULL;
}

static orc_error_t *update(const char **operation_id, conduct_t *conduct)
{
    const orc_rules_update_t wish = {.id = conduct->target->deployment_id, .inputs = conduct->inputs, .is_anew = 1};

    return orc_rules_update(operation_id, &conduct->call, &wish);
}

static orc_error_t *act(const char **operation_id, const conduct_t *conduct, orc_rules_machine_wish_t act)
{
    const orc_rules_machine_t wish = {
        .deployment_id = conduct->target->deployment_id, .id = conduct->target->resource_id, .wish = act};

    return orc_rules_machine_ask(operation_id, &conduct->call, &wish);
}

static orc_error_t *start(const char **operation_id, conduct_t *conduct)
{
    return act(operation_id, conduct, ORC_RULES_START);
}

static orc_error_t *stop(const char **operation_id, conduct_t *conduct)
{
    return act(operation_id, conduct, ORC_RULES_STOP);
}

static orc_error_t *reboot(const char **operation_id, conduct_t *conduct)
{
    return act(operation_id, conduct, ORC_RULES_REBOOT);
}

/* The last thing that was asked for there. */
static orc_error_t *retry(const char **operation_id, conduct_t *conduct)
{
    const orc_rules_operation_t wish = {.deployment_id = conduct->target->deployment_id,
                                        .id = conduct->target->last_operation_id,
                                        .new_id = conduct->target->id};

    if (!wish.id)
        return orc_rules_not_found("operation", conduct->call.pool);
    *operation_id = wish.new_id;
    return orc_rules_operation_retry(&conduct->call, &wish);
}

static const struct {
    const char *type;
    asking_t *ask;
    int is_of_machines;
} types[] = {
    {"DELETE", erase, 0}, {"UPDATE", update, 0}, {"RETRY", retry, 0}, {"START", start, 1},
    {"STOP", stop, 1},    {"REBOOT", reboot, 1}, {NULL, NULL, 0},
};

static int type_of(const orc_store_orchestration_t *one)
{
    int type = 0;

    while (types[type].type && strcmp(types[type].type, one->type) != 0)
        type++;
    return type;
}

/* ---- what becomes of it ---- */

static orc_error_t *decide(const conduct_t *conduct, const orc_store_decision_t *decision)
{
    return orc_store_target_decide(conduct->service->db, conduct->target->id, decision, conduct->call.pool);
}

static orc_error_t *conclude(const conduct_t *conduct, const char *what)
{
    const orc_store_decision_t decision = {.state = "succeeded", .description = what};

    return decide(conduct, &decision);
}

static orc_error_t *skip(const conduct_t *conduct, const char *why)
{
    const orc_store_decision_t decision = {
        .state = "succeeded", .description = apr_pstrcat(conduct->call.pool, "skipped: ", why, NULL), .is_skipped = 1};

    return decide(conduct, &decision);
}

static orc_error_t *put_off(const conduct_t *conduct, const char *description, apr_interval_time_t rest)
{
    const orc_store_decision_t decision = {.state = "pending", .description = description, .rest = rest};

    return decide(conduct, &decision);
}

static orc_error_t *fail(const conduct_t *conduct, const orc_error_t *error)
{
    orc_store_decision_t decision = {.state = "failed", .description = error->detail};

    if (error->fields && error->fields->nelts) {
        const orc_error_field_t *field = &APR_ARRAY_IDX(error->fields, 0, orc_error_field_t);

        decision.description = apr_pstrcat(conduct->call.pool, field->member ? field->member : "The request", " ",
                                           field->detail, ".", NULL);
    }
    return decide(conduct, &decision);
}

/* A person's request would have been answered so. */
static orc_error_t *refused(const conduct_t *conduct, const orc_error_t *error)
{
    switch (error->status) {
    case 404:
        return skip(conduct, "the deployment is gone");
    case 403:
        return skip(conduct, "the deployment belongs to others now");
    case 409:
        if (error->location)
            return put_off(conduct, "Waits for something else that is at work there.", BUSY_PAUSE);
        /* What failed once is not done because it can't be tried again. */
        return conduct->target->attempt ? fail(conduct, error) : skip(conduct, error->detail);
    case 422:
        return fail(conduct, error);
    default:
        orc_log(ORC_LOG_INFO, "orchestration %s: %s is put off: %s", conduct->one->id, conduct->target->id,
                orc_error_line(error, conduct->call.pool));
        return put_off(conduct, "Waits for the service.", ILL_PAUSE);
    }
}

static orc_error_t *rehearse(const conduct_t *conduct, const orc_store_rehearsal_t *outcome)
{
    apr_pool_t *pool = conduct->call.pool;
    const char *description = orc_json_string(outcome->row, "description");

    if (outcome->creation)
        orc_json_put(
            outcome->row, "description",
            apr_pstrcat(pool, description, " ", conduct->place(conduct->service, outcome->creation, pool), NULL));
    return orc_store_target_rehearse(conduct->service->db, outcome->row, pool);
}

/* `is_over`: nothing more is to be asked for now. Who was kept waiting by a lock, or by the database, may be so with
 * the next one, too, and others' orchestrations wait meanwhile. */
static orc_error_t *ask(int *is_over, conduct_t *conduct, const orc_identity_t *who, apr_pool_t *pool)
{
    orc_identity_t own = *who;
    orc_rules_child_t child = {.orchestration_id = conduct->one->id,
                               .operation_id = conduct->target->id,
                               .is_dry_run = conduct->one->is_dry_run};
    const char *operation_id = NULL;
    orc_error_t *error;

    conduct->done = NULL;
    conduct->call = (orc_rules_call_t){.service = conduct->service,
                                       .who = &own,
                                       .correlation_id = conduct->one->correlation_id,
                                       .pool = pool,
                                       .child = &child};
    error = types[type_of(conduct->one)].ask(&operation_id, conduct);
    *is_over = child.is_late || (error && error->status == 503);
    if (child.is_late)
        return NULL;
    if (error)
        return refused(conduct, error);
    if (child.outcome)
        return rehearse(conduct, child.outcome);
    if (operation_id)
        return NULL;
    return conduct->done ? conclude(conduct, conduct->done) : skip(conduct, "nothing was to be done");
}

/* ---- turns ---- */

static orc_error_t *open_inputs(conduct_t *conduct, apr_pool_t *pool)
{
    const orc_store_orchestration_t *one = conduct->one;
    char *text;

    conduct->inputs = json_object_get(conduct->parameters, "template_inputs");
    if (one->inputs_sealed) {
        ORC_TRY(orc_secret_open(&text, conduct->service->config->secret_keys, ORC_SEALED_BULK_INPUTS, one->id,
                                one->inputs_sealed, pool));
        conduct->inputs = orc_json_own_text(text, pool);
    }
    if (!conduct->inputs)
        conduct->inputs = orc_json_own(json_object(), pool);
    return NULL;
}

/* The person as they were registered; of their groups nothing here depends. */
static orc_identity_t identity_of(const orc_store_orchestration_t *one, apr_pool_t *pool)
{
    orc_identity_t who = {.issuer = one->issuer, .subject = one->subject, .is_admin = one->is_admin};

    who.groups = apr_array_make(pool, 1, sizeof(const char *));
    apr_cpystrn(who.user_id, one->user_id, sizeof who.user_id);
    return who;
}

/* What was asked for when somebody canceled it, and nobody has begun, is not begun. What can't be canceled any more
 * goes on. */
static orc_error_t *stop_queued(const orc_service_t *service, const orc_store_orchestration_t *one, orc_identity_t *who,
                                apr_pool_t *pool)
{
    const orc_rules_call_t call = {.service = service, .who = who, .correlation_id = one->correlation_id, .pool = pool};
    apr_array_header_t *queued;
    int i;

    ORC_TRY(orc_store_targets_queued(&queued, service->db, one->id, pool));
    for (i = 0; i < queued->nelts; i++) {
        const orc_store_target_t *target = &APR_ARRAY_IDX(queued, i, orc_store_target_t);
        const orc_rules_operation_t wish = {.deployment_id = target->deployment_id, .id = target->id};
        orc_error_t *error = orc_rules_operation_cancel(&call, &wish);

        if (error && error->status >= 500)
            return error;
    }
    return NULL;
}

orc_error_t *orc_rules_conduct_begin(const orc_service_t *service, const char *id, int room, orc_rules_placer_t *place,
                                     apr_pool_t *pool)
{
    orc_store_orchestration_t one;
    conduct_t conduct = {.service = service, .one = &one, .place = place};
    apr_array_header_t *targets;
    orc_identity_t who;
    apr_pool_t *own;
    int exists, i, is_over = 0;

    ORC_TRY(orc_store_orchestration(&exists, &one, service->db, id, pool));
    if (!exists || !types[type_of(&one)].type)
        return NULL;
    who = identity_of(&one, pool);
    if (strcmp(one.state, "canceling") == 0)
        return stop_queued(service, &one, &who, pool);
    conduct.parameters = orc_json_own_text(one.parameters, pool);
    ORC_TRY(open_inputs(&conduct, pool));
    ORC_TRY(orc_store_targets_due(&targets, service->db, id, room, service->config->windows, pool));
    apr_pool_create(&own, pool);
    for (i = 0; i < targets->nelts && !is_over; i++) {
        conduct.target = &APR_ARRAY_IDX(targets, i, orc_store_target_t);
        ORC_TRY(ask(&is_over, &conduct, &who, own));
        apr_pool_clear(own);
    }
    return NULL;
}

orc_error_t *orc_rules_conduct_find(const orc_service_t *service, const char *id, apr_pool_t *pool)
{
    orc_store_where_t where = orc_store_where_make(orc_store_targets_first(), pool);
    orc_store_orchestration_t one;
    const json_t *parameters, *targets;
    int exists, is_of_machines, with_deleted;

    ORC_TRY(orc_store_orchestration(&exists, &one, service->db, id, pool));
    if (!exists)
        return NULL;
    parameters = orc_json_own_text(one.parameters, pool);
    targets = json_object_get(parameters, "targets");
    is_of_machines = types[type_of(&one)].is_of_machines;
    /* There is nothing to be done with what is deleted, but for the row, which force takes away. */
    with_deleted = json_is_true(json_object_get(parameters, "force")) &&
                   orc_rules_selectors_name_status(json_object_get(targets, "include"), "DELETE_COMPLETE",
                                                   ORC_DEPLOYMENT_DELETE_COMPLETE);
    orc_rules_selectors_compile(&where, targets, is_of_machines);
    return orc_store_targets_find(service->db, &one, is_of_machines, with_deleted, &where, service->config->windows,
                                  pool);
}
