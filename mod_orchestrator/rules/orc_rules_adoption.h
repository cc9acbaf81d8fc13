/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_ADOPTION_H
#define ORC_RULES_ADOPTION_H

#include "orc_service.h"

/*
 * Deployments that the former orchestrator made, taken over as they are: with their ids, their infrastructures and
 * their machines. Nothing is made again and nothing is deleted that nobody asked to delete. What each status becomes,
 * and why, is told in import/README.md.
 */

/** One of its nodes. */
typedef struct orc_rules_adoptee_node_t {
    const char *id, *name, *type; /* UUID; TOSCA's */
    const char *state;            /* the former orchestrator's word: STARTED, ... */
    const char *vm;               /* IM's number of the machine, or NULL */
    const json_t *metadata;       /* or NULL */
    const char *created_at, *updated_at;
} orc_rules_adoptee_node_t;

typedef struct orc_rules_adoptee_relation_t {
    const char *id, *required_by; /* of nodes */
} orc_rules_adoptee_relation_t;

/** A deployment as it was there. Texts that are NULL are not known; times are RFC 3339. */
typedef struct orc_rules_adoptee_t {
    const char *id;
    const char *issuer, *subject; /* whose it is */
    const char *user_group;
    const char *status, *reason; /* the former orchestrator's word: CREATE_COMPLETE, ... */
    const char *template_text;
    const json_t *inputs, *outputs;          /* objects */
    const char *endpoint, *infra_id;         /* of IM; both or neither */
    const char *provider, *region, *project; /* as they are called here */
    const apr_array_header_t *nodes;         /* of orc_rules_adoptee_node_t */
    const apr_array_header_t *relations;     /* of orc_rules_adoptee_relation_t */
    const char *callback;                    /* a URL that its states are told */
    const char *created_at, *updated_at;
} orc_rules_adoptee_t;

/** What it is to become. */
typedef struct orc_rules_adoption_t orc_rules_adoption_t;

/** A creation that goes on: what its kind of work has to know. */
typedef struct orc_rules_adopted_creation_t {
    const char *tag;  /* of its infrastructure's row */
    const char *name; /* of its attempt */
    json_t *outputs;  /* names that the template declares */
    int machines;     /* that there are to be */
    int wants_public; /* a machine has to have a public address */
} orc_rules_adopted_creation_t;

/**
 * Decides what a deployment becomes; nothing is looked up or written.
 * @param notes    of const char *: what an administrator and the owner have to know of it is added, sentences without
 *                 values of inputs
 * @param creation its creation goes on, with the memory that orc_rules_adopt is given; else NULL
 * @return 422 "adoption": why it can't be taken over
 */
orc_error_t *orc_rules_adoption(orc_rules_adoption_t **adoption, const orc_rules_adopted_creation_t **creation,
                                const orc_service_t *service, const orc_rules_adoptee_t *adoptee,
                                apr_array_header_t *notes, apr_pool_t *pool);

/** What was done. */
typedef struct orc_rules_adopted_t {
    int is_known; /* it was here, and nothing was done */
    int is_person_new, is_template_new;
    const char *checksum; /* of the template */
} orc_rules_adopted_t;

/**
 * Writes it, in one transaction with its person and its template, when they are new.
 * @param memory   JSON text of its creation that goes on; else NULL
 * @param is_dry   everything is done, and undone
 * @return 409 "adoption" when its infrastructure is another deployment's
 */
orc_error_t *orc_rules_adopt(orc_rules_adopted_t *adopted, const orc_service_t *service,
                             const orc_rules_adoption_t *adoption, const char *memory, int is_dry, apr_pool_t *pool);

/** Of some ids (const char *), those of deployments that were not taken over before; in `pool`. */
orc_error_t *orc_rules_adoption_open(apr_array_header_t **open, const orc_service_t *service,
                                     const apr_array_header_t *ids, apr_pool_t *pool);

/** Somebody whom the former orchestrator knew, and who need not have a deployment. *is_new: not known here before. */
orc_error_t *orc_rules_adopt_person(int *is_new, const orc_service_t *service, const char *issuer, const char *subject,
                                    int is_dry, apr_pool_t *pool);

#endif
