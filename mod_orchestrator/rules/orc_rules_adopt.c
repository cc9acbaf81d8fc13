/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_adoption_internal.h"
#include "orc_rules_submission.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_id.h"
#include "orc_store_users.h"
#include "orc_url.h"
#include "orc_words.h"

/* Writing what a deployment of the former orchestrator becomes. */

static const apr_interval_time_t first_looks = apr_time_from_sec(300); /* are spread over so long */

/* Name and e-mail come with their first request; till then the subject stands for both names. */
static orc_store_person_t person_of(const char *issuer, const char *subject, apr_pool_t *pool)
{
    return (orc_store_person_t){.id = orc_id_new(pool),
                                .issuer = orc_url_trimmed(issuer, pool),
                                .subject = subject,
                                .name = subject,
                                .username = subject,
                                .email = ""};
}

/* ---- the deployment ---- */

static void store_row(orc_store_import_batch_t *batch, const orc_rules_adoption_t *adoption, const char *template_id,
                      const char *owner)
{
    const orc_rules_adoptee_t *adoptee = adoption->adoptee;
    const orc_rules_fate_t *fate = adoption->fate;
    int is_gone = orc_rules_fate_is_gone(fate);
    const orc_store_import_t row = {
        .id = adoptee->id,
        .created_at = adoptee->created_at,
        .updated_at = adoptee->updated_at ? adoptee->updated_at : adoptee->created_at,
        .template_id = template_id,
        .inputs = adoption->inputs,
        .inputs_sealed = adoption->inputs_sealed,
        .outputs = adoption->outputs,
        .outputs_sealed = adoption->outputs_sealed,
        .user_group = adoption->user_group,
        .user_group_issuer = adoption->issuer,
        .per_provider_max_retries = ORC_RULES_DEFAULT_RETRIES,
        .tot_timeout_mins = ORC_RULES_DEFAULT_TOTAL_MINS,
        .per_provider_timeout_mins = ORC_RULES_DEFAULT_PROVIDER_MINS,
        .provider = adoptee->provider,
        .region = adoptee->region,
        .project = adoptee->project,
        .infra_id = is_gone ? NULL : adoptee->infra_id,
        .endpoint = is_gone ? NULL : adoptee->endpoint,
        .last_operation_id = fate->after_state ? adoption->after_id : adoption->operation_id,
        .owner = owner,
        .resources = adoption->resources,
        .relations = adoption->relations,
    };

    orc_store_import_deployment(batch, &row);
}

/* ---- its operations ---- */

static const char *description_of(const char *state)
{
    return strcmp(state, "in progress") == 0 ? "It was taken over while it was being created."
                                             : "It was carried out by the former orchestrator.";
}

static void store_operation(orc_store_import_batch_t *batch, const orc_rules_adoption_t *adoption, const char *type,
                            const char *state, const char *id, const char *former_id)
{
    const orc_rules_adoptee_t *adoptee = adoption->adoptee;
    const orc_store_import_operation_t row = {
        .id = id,
        .deployment_id = adoptee->id,
        .type = type,
        .state = state,
        .phase = strcmp(state, "in progress") == 0 ? "provisioning" : "ended",
        .description = description_of(state),
        .reason = strcmp(state, "failed") == 0 ? adoption->reason : NULL,
        .former_id = former_id,
        .created_at = former_id && adoptee->updated_at ? adoptee->updated_at : adoptee->created_at,
    };

    orc_store_import_operation(batch, &row);
}

static void store_operations(orc_store_import_batch_t *batch, const orc_rules_adoption_t *adoption)
{
    const orc_rules_adoptee_t *adoptee = adoption->adoptee;
    const orc_rules_fate_t *fate = adoption->fate;

    store_operation(batch, adoption, "CREATE", fate->creation, adoption->operation_id, NULL);
    if (fate->after_state)
        store_operation(batch, adoption, fate->after, fate->after_state, adoption->after_id, adoption->operation_id);
    if (adoptee->infra_id && !orc_rules_fate_is_gone(fate))
        orc_store_import_infrastructure(batch, adoption->creation.tag, adoptee->id, adoption->operation_id,
                                        adoption->creation.name);
}

/* What is to be done with it from now on. */
static void store_work(orc_store_import_batch_t *batch, const orc_rules_adoption_t *adoption, const char *memory,
                       const char *owner)
{
    const orc_rules_fate_t *fate = adoption->fate;
    const char *id = adoption->adoptee->id;

    if (memory)
        orc_store_import_creation(batch, id, adoption->operation_id, memory);
    if (strcmp(fate->status, "UNKNOWN") == 0)
        orc_store_import_unknown(batch, id, adoption->reason);
    if (fate->is_watched)
        orc_store_import_watch(batch, id, first_looks);
    if (orc_rules_fate_is_asked(fate))
        orc_store_import_deletion(batch, id, adoption->after_id, owner);
    if (adoption->callback.url)
        orc_store_import_callback(batch, id, adoption->callback.url, adoption->callback.host, owner);
}

/* ---- all of it ---- */

static orc_error_t *check_infrastructure(const orc_store_import_standing_t *standing, apr_pool_t *pool)
{
    if (!standing->owner_of_infra)
        return NULL;
    return orc_error(pool, 409, "adoption", "its infrastructure is that of the deployment %s",
                     standing->owner_of_infra);
}

static void put_together(orc_store_import_batch_t *batch, const orc_rules_adoption_t *adoption,
                         const orc_store_import_standing_t *standing, const orc_store_person_t *person,
                         const char *memory)
{
    const char *owner = standing->person ? standing->person : person->id;
    const char *template_id = standing->template_id ? standing->template_id : orc_id_new(batch->pool);

    if (!standing->person)
        orc_store_import_person(batch, person);
    if (!standing->template_id)
        orc_store_import_template(batch, template_id, &adoption->template_row, owner);
    store_row(batch, adoption, template_id, owner);
    store_operations(batch, adoption);
    orc_store_import_lines(batch, adoption->adoptee->id, adoption->operation_id, adoption->lines);
    store_work(batch, adoption, memory, owner);
}

orc_error_t *orc_rules_adopt(orc_rules_adopted_t *adopted, const orc_service_t *service,
                             const orc_rules_adoption_t *adoption, const char *memory, int is_dry, apr_pool_t *pool)
{
    const orc_rules_adoptee_t *adoptee = adoption->adoptee;
    const orc_store_person_t person = person_of(adoptee->issuer, adoptee->subject, pool);
    orc_store_import_batch_t batch = {.pool = pool};
    orc_store_import_standing_t standing;

    ORC_TRY(orc_store_import_standing(&standing, service->db, adoptee->id, adoptee->infra_id, &person,
                                      adoption->template_row.checksum, pool));
    *adopted = (orc_rules_adopted_t){.is_known = standing.is_known,
                                     .is_person_new = !standing.person,
                                     .is_template_new = !standing.template_id,
                                     .checksum = adoption->template_row.checksum};
    if (standing.is_known)
        return NULL;
    ORC_TRY(check_infrastructure(&standing, pool));
    put_together(&batch, adoption, &standing, &person, memory);
    return orc_store_import_write(&batch, service->db, is_dry, memory || orc_rules_fate_is_asked(adoption->fate));
}

orc_error_t *orc_rules_adopt_person(int *is_new, const orc_service_t *service, const char *issuer, const char *subject,
                                    int is_dry, apr_pool_t *pool)
{
    const orc_store_person_t person = person_of(issuer, subject, pool);
    orc_store_import_batch_t batch = {.pool = pool};
    orc_store_caller_t known;
    int is_known;

    ORC_TRY(orc_store_users_find(&is_known, &known, person.issuer, subject, service->db, pool));
    *is_new = !is_known;
    if (is_known)
        return NULL;
    orc_store_import_person(&batch, &person);
    return orc_store_import_write(&batch, service->db, is_dry, 0);
}

orc_error_t *orc_rules_adoption_open(apr_array_header_t **open, const orc_service_t *service,
                                     const apr_array_header_t *ids, apr_pool_t *pool)
{
    apr_array_header_t *known;

    ORC_TRY(orc_store_import_known(&known, service->db, ids, pool));
    *open = orc_words_without(ids, known, pool);
    return NULL;
}
