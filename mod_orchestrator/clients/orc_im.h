/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_IM_H
#define ORC_IM_H

#include "orc_config.h"
#include "orc_http.h"
#include "orc_json.h"

/* The Infrastructure Manager's REST API, generations 1.19 and 2.0. What its answers mean: README.md, "IM's answers". */

/** What the engine decides by. */
typedef enum {
    ORC_IM_OK,
    ORC_IM_NOT_FOUND,       /* the infrastructure (or machine) is gone */
    ORC_IM_BUSY,            /* 409: being created or changed; again later */
    ORC_IM_TOKEN_REJECTED,  /* expired or invalid token: a fresh one may do */
    ORC_IM_IDENTITY_OUTAGE, /* IM couldn't ask the issuer; says nothing of the token; again later */
    ORC_IM_FORBIDDEN_OWNER, /* the token's person doesn't own the infrastructure */
    ORC_IM_READ_ONLY,       /* IM is in read-only mode; again later */
    ORC_IM_BAD_TEMPLATE,    /* create, update: IM refuses the template; its words are in error->detail */
    ORC_IM_REFUSED,         /* another 4xx: IM refuses the call (a machine that can't be started, ...) */
    ORC_IM_BAD_ANSWER,      /* an answer that can't be read; again later */
    ORC_IM_UNAVAILABLE,     /* 5xx, transport, breaker open, queue full; again later; create: certainly not made */
    ORC_IM_UNKNOWN_RESULT,  /* create: it was sent, but whether IM made something is not known: look the tag up */
} orc_im_kind_t;

/** States of machines and infrastructures. */
typedef enum {
    ORC_IM_STATE_UNKNOWN, /* also a word that IM doesn't have today */
    ORC_IM_STATE_PENDING,
    ORC_IM_STATE_RUNNING,
    ORC_IM_STATE_CONFIGURED,
    ORC_IM_STATE_UNCONFIGURED,
    ORC_IM_STATE_STOPPED,
    ORC_IM_STATE_OFF,
    ORC_IM_STATE_FAILED,
    ORC_IM_STATE_DELETING,
} orc_im_state_t;

typedef struct orc_im_vm_state_t {
    const char *vm; /* IM's machine id, "0" */
    orc_im_state_t state;
} orc_im_vm_state_t;

/** What a call brought. Lives in `pool`, which is destroyed when the callback returns (blocking calls: the caller's).
 */
typedef struct orc_im_result_t {
    apr_pool_t *pool;
    orc_im_kind_t kind;
    orc_error_t *error; /* NULL if and only if OK. detail: for a person, without server paths; cause: for the log */
    int status;         /* IM's HTTP status, 0 without an answer */
    apr_interval_time_t elapsed;

    const char *infra_id;                /* create */
    orc_im_state_t state;                /* state: the aggregate; order-dependent, read vm_states */
    const apr_array_header_t *vm_states; /* state: of orc_im_vm_state_t, by machine id */
    const apr_array_header_t *ids;       /* list: infrastructures; vms, update: machines. Of const char * */
    const json_t *json;                  /* outputs: an object; vm: IM's description, the `radl` array */
    const char *text;                    /* contmsg, tosca, version; valid UTF-8 */
    apr_size_t length;
    int is_cut; /* contmsg: only its end */
} orc_im_result_t;

typedef void orc_im_done_t(void *baton, const orc_im_result_t *result);

/** Where a call goes and with what. Copied by the call. */
typedef struct orc_im_target_t {
    const char *url;               /* endpoint, "https://im.example.org/im"; its text is the window's key */
    const char *authorization;     /* from orc_im_credentials; NULL only for version */
    const char *request_id;        /* X-Request-ID, or NULL */
    apr_interval_time_t timeout;   /* of this call */
    int (*may_send)(void *sender); /* as of orc_http_request_t; or NULL */
    void *sender;
} orc_im_target_t;

/** What the auth templates are filled with. NULL: the template must not ask for it. */
typedef struct orc_im_values_t {
    const char *access_token, *project, *region, *name;
} orc_im_values_t;

/**
 * The Authorization header's value: IM's own line(s), then the provider's, placeholders filled in and quoted so that
 * IM reads exactly the value. Newlines within a value are sent in IM's own escaped form.
 * @param im_auth       template, config->im_auth
 * @param provider_auth template, provider->auth, or NULL
 * @return 422 "im.credentials" naming the placeholder whose value is missing or can't be sent (a literal backslash-n, a
 * control character), 500 "im.credentials" for a template with an unknown placeholder
 */
orc_error_t *orc_im_credentials(const char **authorization, const char *im_auth, const char *provider_auth,
                                const orc_im_values_t *values, apr_pool_t *pool);

/** One value in IM's quoting, to be put between "key = " and ";". 422 "im.credentials" when it can't be sent. */
orc_error_t *orc_im_quote(const char **quoted, const char *value, apr_pool_t *pool);

/* Calls of the engine's thread. Each returns what orc_http_submit returns (then the callback is not called; `kind`
 * would be UNAVAILABLE, nothing was sent) or ends in one callback. `call` (for orc_http_cancel) may be NULL. `pool` is
 * for the returned error only. */

/** POST /infrastructures?async=true with a TOSCA document. Result: infra_id. */
orc_error_t *orc_im_create(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target, const char *tosca,
                           orc_im_done_t *done, void *baton, apr_pool_t *pool);

/** GET /infrastructures/{id}/state. Result: state, vm_states. */
orc_error_t *orc_im_get_state(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                              const char *infra_id, orc_im_done_t *done, void *baton, apr_pool_t *pool);

/** GET .../outputs. Result: json. */
orc_error_t *orc_im_get_outputs(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                                const char *infra_id, orc_im_done_t *done, void *baton, apr_pool_t *pool);

/** GET .../contmsg: the last `max` bytes (0: 1 MiB). Result: text, is_cut. */
orc_error_t *orc_im_get_contmsg(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                                const char *infra_id, apr_size_t max, orc_im_done_t *done, void *baton,
                                apr_pool_t *pool);

/** GET .../tosca. Result: text, for orc_tosca_find_tag. NOT_FOUND and REFUSED: no document of ours. */
orc_error_t *orc_im_get_tosca(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                              const char *infra_id, orc_im_done_t *done, void *baton, apr_pool_t *pool);

/** GET .../radl: what IM made of the document, without its description until the launch is over. Result: text. */
orc_error_t *orc_im_get_radl(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                             const char *infra_id, orc_im_done_t *done, void *baton, apr_pool_t *pool);

/** GET /infrastructures/{id}. Result: ids, of the machines that are not destroyed. */
orc_error_t *orc_im_get_vms(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                            const char *infra_id, orc_im_done_t *done, void *baton, apr_pool_t *pool);

/** GET .../vms/{vm}. Result: json (may hold credentials in clear: see core/orc_redact.h). */
orc_error_t *orc_im_get_vm(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                           const char *infra_id, const char *vm, orc_im_done_t *done, void *baton, apr_pool_t *pool);

/** GET /infrastructures. Result: ids of all that the token's person owns, newest first. */
orc_error_t *orc_im_list(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target, orc_im_done_t *done,
                         void *baton, apr_pool_t *pool);

/** DELETE /infrastructures/{id}?async=true[&force=true]. OK: it was accepted, not done; NOT_FOUND: gone. */
orc_error_t *orc_im_delete(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                           const char *infra_id, int is_forced, orc_im_done_t *done, void *baton, apr_pool_t *pool);

/** DELETE without async: lasts until the cloud is done; REFUSED has the cloud's reason. */
orc_error_t *orc_im_delete_and_wait(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                                    const char *infra_id, int is_forced, orc_im_done_t *done, void *baton,
                                    apr_pool_t *pool);

/** PUT .../vms/{vm}/start, stop or reboot; `action` is one of these words. Lasts until the cloud is done. */
orc_error_t *orc_im_act_on_vm(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                              const char *infra_id, const char *vm, const char *action, orc_im_done_t *done,
                              void *baton, apr_pool_t *pool);

/** PUT .../reconfigure, with a TOSCA document or NULL. */
orc_error_t *orc_im_reconfigure(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                                const char *infra_id, const char *tosca, orc_im_done_t *done, void *baton,
                                apr_pool_t *pool);

/** POST /infrastructures/{id}: merges a TOSCA document into the stored one. Result: ids of new machines. Unanswered:
 * UNKNOWN_RESULT, it may be half done. */
orc_error_t *orc_im_update(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                           const char *infra_id, const char *tosca, orc_im_done_t *done, void *baton, apr_pool_t *pool);

/** DELETE /infrastructures/{id}/vms/{vm,vm}?context=false: removes machines, and configures the others not anew. `vms`:
 * ids with commas. Lasts until the cloud is done. NOT_FOUND: the infrastructure, or one of the machines, is gone;
 * REFUSED: some of them may be gone. */
orc_error_t *orc_im_remove_vms(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                               const char *infra_id, const char *vms, orc_im_done_t *done, void *baton,
                               apr_pool_t *pool);

/** GET /version, without credentials: is it there? Result: text. */
orc_error_t *orc_im_get_version(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                                orc_im_done_t *done, void *baton, apr_pool_t *pool);

/* The same, blocking, for the API's threads; bounded by target->timeout. `result` is never NULL and in `pool`; the
 * returned error is result->error. */

orc_error_t *orc_im_fetch_contmsg(orc_im_result_t **result, const orc_im_target_t *target, const char *infra_id,
                                  apr_size_t max, const char *ca_file, apr_pool_t *pool);

orc_error_t *orc_im_fetch_version(orc_im_result_t **result, const orc_im_target_t *target, const char *ca_file,
                                  apr_pool_t *pool);

/** IM's word for a state, "configured". */
const char *orc_im_state_word(orc_im_state_t state);

/** "not found", "token rejected", ...: for logs. */
const char *orc_im_kind_word(orc_im_kind_t kind);

#endif
