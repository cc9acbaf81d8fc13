/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

/* A request and its answer as values: what is below mod_im_simulator.c knows nothing of httpd. */

#include "sim_calls.h"
#include "sim_store.h"

typedef struct {
    const char *version;         /* as configured, e.g. 2.0.0 */
    int generation;              /* 1 or 2 */
    apr_array_header_t *issuers; /* accepted values of iss (const char *); empty: any */
    sim_store_t *store;
    sim_calls_t *calls;
} sim_server_t;

typedef struct {
    apr_pool_t *pool;
    const char *method, *path, *host;
    const apr_table_t *query;
    const char *accept, *content_type, *authorization, *request_id; /* NULL when not sent */
    const char *body;
    apr_size_t length;
    int was_queued; /* it has waited in a queue and is made once more */
} sim_request_t;

/* SIM_QUEUE: nothing was done; the same is to be asked again when wait_ms are over, as was_queued. */
typedef enum { SIM_SEND, SIM_HANG, SIM_RESET, SIM_CLOSE, SIM_QUEUE } sim_ending_t;

typedef struct {
    int status;
    const char *media_type;
    const char *body;
    apr_size_t length;
    const char *infrastructure_id; /* for the InfID header, or NULL */
    apr_int64_t wait_ms;           /* before the answer, on the simulator's clock */
    sim_ending_t ending;
} sim_reply_t;

/* IM's routes. */
void sim_im_answer(sim_reply_t *reply, const sim_server_t *server, const sim_request_t *request);

/* The control surface, for paths below /_simulator/. */
void sim_control_answer(sim_reply_t *reply, const sim_server_t *server, const sim_request_t *request);

/* A VM as IM's RADL: the list of the JSON form, a new reference. With the lock. */
json_t *sim_vm_radl(const sim_server_t *server, const sim_infrastructure_t *infrastructure, const sim_vm_t *vm);

/* The same as text, in pool. */
const char *sim_vm_radl_text(json_t *radl, apr_pool_t *pool);

/* The RADL of the whole infrastructure, in pool. With the lock. */
const char *sim_infrastructure_radl(const sim_infrastructure_t *infrastructure, apr_pool_t *pool);

/* For sim_template_outputs(): how many VMs a node has, and an attribute of the n-th. With the lock; baton is a
 * sim_outputs_t. */
typedef struct {
    const sim_server_t *server;
    const sim_infrastructure_t *infrastructure;
} sim_outputs_t;
int sim_vm_count(void *baton, const char *node);
json_t *sim_vm_attribute(void *baton, const char *node, int n, const char *attribute);

/* Puts a JSON value (stolen) into the reply in the spelling of the version. */
void sim_reply_json(sim_reply_t *reply, const sim_server_t *server, apr_pool_t *pool, int status, json_t *value);

#endif
