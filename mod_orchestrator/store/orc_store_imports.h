/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_IMPORTS_H
#define ORC_STORE_IMPORTS_H

#include "orc_db.h"
#include "orc_store_templates.h"
#include "orc_store_users.h"

/* What comes from the former orchestrator's database. Times are RFC 3339. */

/** What is here of a deployment before it is taken over. */
typedef struct orc_store_import_standing_t {
    int is_known;                     /* it is here, or was taken over before */
    const char *owner_of_infra;       /* a deployment that has the infrastructure, or NULL */
    const char *person, *template_id; /* or NULL */
} orc_store_import_standing_t;

orc_error_t *orc_store_import_standing(orc_store_import_standing_t *standing, orc_db_source_t *source, const char *id,
                                       const char *infra_id, const orc_store_person_t *person, const char *checksum,
                                       apr_pool_t *pool);

/** Of some ids, those of deployments that were taken over before; of const char *. */
orc_error_t *orc_store_import_known(apr_array_header_t **known, orc_db_source_t *source, const apr_array_header_t *ids,
                                    apr_pool_t *pool);

enum { ORC_STORE_IMPORT_STEPS = 12 };

/** What is to be written of a deployment, in one transaction and one round trip. Begins empty, but for the pool. */
typedef struct orc_store_import_batch_t {
    orc_db_step_t steps[ORC_STORE_IMPORT_STEPS];
    int count;
    apr_pool_t *pool;
} orc_store_import_batch_t;

/** Carries it out. `is_dry`: and undoes it. */
orc_error_t *orc_store_import_write(orc_store_import_batch_t *batch, orc_db_source_t *source, int is_dry, int wake);

/* ---- what it is made of, in this order ---- */

void orc_store_import_person(orc_store_import_batch_t *batch, const orc_store_person_t *person);
void orc_store_import_template(orc_store_import_batch_t *batch, const char *id, const orc_store_template_t *row,
                               const char *owner);

/** A deployment's row. */
typedef struct orc_store_import_t {
    const char *id, *created_at, *updated_at;
    const char *template_id;
    const char *inputs, *inputs_sealed, *outputs, *outputs_sealed; /* JSON without secrets; sealed or NULL */
    const char *user_group, *user_group_issuer;
    int per_provider_max_retries, tot_timeout_mins, per_provider_timeout_mins;
    const char *provider, *region, *project; /* or NULL */
    const char *infra_id, *endpoint;         /* or NULL */
    const char *last_operation_id;
    const char *owner;                 /* a user's id */
    const char *resources, *relations; /* JSON: see import_deployment */
} orc_store_import_t;

void orc_store_import_deployment(orc_store_import_batch_t *batch, const orc_store_import_t *row);

/** One of its operations. */
typedef struct orc_store_import_operation_t {
    const char *id, *deployment_id;
    const char *type, *state, *phase; /* words of the enums */
    const char *description;
    const char *reason;    /* of a failure, or NULL */
    const char *former_id; /* or NULL */
    const char *created_at;
} orc_store_import_operation_t;

void orc_store_import_operation(orc_store_import_batch_t *batch, const orc_store_import_operation_t *row);

/** What it has at IM, made by the creation `operation_id`. */
void orc_store_import_infrastructure(orc_store_import_batch_t *batch, const char *id, const char *deployment_id,
                                     const char *operation_id, const char *step_name);

/** The creation goes on, with the memory of its kind. */
void orc_store_import_creation(orc_store_import_batch_t *batch, const char *deployment_id, const char *operation_id,
                               const char *memory);

/** It is looked at now and then, for the first time within so long. */
void orc_store_import_watch(orc_store_import_batch_t *batch, const char *deployment_id, apr_interval_time_t within);

/** Its deletion is asked for, by its owner. */
void orc_store_import_deletion(orc_store_import_batch_t *batch, const char *deployment_id, const char *operation_id,
                               const char *owner);

/** Nobody knows its status. */
void orc_store_import_unknown(orc_store_import_batch_t *batch, const char *deployment_id, const char *reason);

/** Whom its states are told from now on: behind everything that gives it a status, of which nobody is told. */
void orc_store_import_callback(orc_store_import_batch_t *batch, const char *deployment_id, const char *url,
                               const char *host, const char *owner);

/** Lines of its log: a JSON array of {level, message}. */
void orc_store_import_lines(orc_store_import_batch_t *batch, const char *deployment_id, const char *operation_id,
                            const char *lines);

#endif
