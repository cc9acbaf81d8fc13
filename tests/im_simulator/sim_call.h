/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_CALL_H
#define SIM_CALL_H

/* A call of IM's routes on its way: who calls, what it is about, and how it is answered. */

#include "sim_auth.h"
#include "sim_server.h"

typedef struct {
    const sim_server_t *server;
    const sim_request_t *request;
    const sim_route_t *route;
    apr_array_header_t *parameters; /* the path's (char *) */
    sim_reply_t *reply;
    apr_pool_t *pool;
    sim_media_t media; /* of the answer */
    sim_auth_t *auth;
    sim_identity_t who;
    const apr_table_t *cloud;             /* the first cloud line, or NULL */
    sim_infrastructure_t *infrastructure; /* that the path names, with the lock */
    sim_fault_t late_fault;               /* strikes when the work is done; kind NONE: none */
} sim_call_t;

/* ---- sim_answer.c ---- */

const char *sim_parameter(const sim_call_t *call, int i);

/* Whether Accept names a media type, parameters aside. */
int sim_accepts(const sim_request_t *request, const char *type);

/* Chooses the media type of the answer; 0 when it is answered with an error. */
int sim_negotiate(sim_call_t *call);

/* A boolean of the query; 0 when it is answered with an error. */
int sim_query_flag(sim_call_t *call, int *flag, const char *name, int fallback);

void sim_reply_text(sim_reply_t *reply, int status, const char *media_type, const char *body);

/* 200 with a value (stolen), a text, {name: text} or the text alone by Accept, nothing, or a list of URIs (char *). */
void sim_answer_json(sim_call_t *call, json_t *value);
void sim_answer_text(sim_call_t *call, const char *text);
void sim_answer_named(sim_call_t *call, const char *name, const char *text);
void sim_answer_empty(sim_call_t *call);
void sim_answer_uris(sim_call_t *call, const apr_array_header_t *uris);

/* An error in the shape that Accept asks for; with what IM puts before the texts of this route; and before those about
 * credentials, which have prefixes of their own on some routes. */
void sim_fail(sim_call_t *call, int status, const char *message);
void sim_fail_route(sim_call_t *call, int status, const char *message);
void sim_fail_credentials(sim_call_t *call, int status, const char *message);

const char *sim_infrastructure_uri(const sim_call_t *call, const char *id);

/* ---- sim_unknown.c ---- */

/* A value of a query or path that FastAPI refuses: 422 in the shape of pydantic; "bool_parsing" or "literal_error". */
void sim_fail_validation(sim_call_t *call, const char *type, const char *where, const char *name, const char *text,
                         const char *input);

/* A path or method that IM does not have. */
void sim_answer_unknown_route(sim_call_t *call, int is_known_path);

/* ---- sim_strike.c; with the lock ---- */

/* Lets the faults of a list strike. Returns 1 when the call is answered. */
int sim_is_struck(sim_call_t *call, sim_fault_t *faults, int count);

/* The same for the faults of a line or template that has no infrastructure yet: counted by what they say and whose they
 * are. */
int sim_is_struck_by_settings(sim_call_t *call, const sim_settings_t *settings);

/* Whether a queue holds the call up: the reply says for how long, and the call is to be made once more then. These are
 * asked before all others, and never again for a call that has waited, so that no fault counts a call twice. */
int sim_is_queued(sim_call_t *call, sim_fault_t *faults, int count);

void sim_apply_late_fault(sim_call_t *call);

/* ---- sim_create.c ---- */

int sim_is_owner(const sim_call_t *call, const sim_infrastructure_t *infrastructure);
void sim_add_owner(sim_infrastructure_t *infrastructure, const sim_identity_t *who);

/* How the server reads the template of this call now. */
sim_reader_t sim_reader(const sim_call_t *call);

/* Reads the body as a template into pool; NULL when it is answered with an error. */
sim_template_t *sim_read_template(sim_call_t *call, apr_pool_t *pool);

/* Why the VMs could not be launched, in the words of IM's log. */
const char *sim_launch_error(const sim_call_t *call, const sim_infrastructure_t *infrastructure);

/* POST /infrastructures; takes the lock itself. */
void sim_create(sim_call_t *call);

/* ---- the other routes; with the lock ---- */

void sim_route_list(sim_call_t *call);
void sim_route_info(sim_call_t *call);
void sim_route_update(sim_call_t *call);
void sim_route_delete(sim_call_t *call);
void sim_route_state(sim_call_t *call);
void sim_route_contmsg(sim_call_t *call);
void sim_route_outputs(sim_call_t *call);
void sim_route_tosca(sim_call_t *call);
void sim_route_radl(sim_call_t *call);
void sim_route_authorization(sim_call_t *call);
void sim_route_reconfigure(sim_call_t *call);
void sim_route_power(sim_call_t *call);
void sim_route_vm(sim_call_t *call);
void sim_route_vm_delete(sim_call_t *call);

#endif
