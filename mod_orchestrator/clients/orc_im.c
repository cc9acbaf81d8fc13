/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_im.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_im_answer.h"
#include "orc_url.h"

enum { CONTMSG_MAX = 1024 * 1024 };

/* What the callback of the HTTP call needs; copied into the call. */
typedef struct pending_t {
    orc_im_call_kind_t kind;
    orc_im_done_t *done;
    void *baton;
} pending_t;

static void answered(void *baton, const orc_http_response_t *response)
{
    const pending_t *pending = baton;
    orc_im_result_t result;

    orc_im_read(&result, pending->kind, response);
    pending->done(pending->baton, &result);
}

/* One call of IM's, as a request. */
typedef struct question_t {
    orc_im_call_kind_t kind;
    const char *method;
    const char *infra_id; /* below /infrastructures/, or NULL */
    const char *vm;       /* below .../vms/, or NULL */
    const char *rest;     /* what follows, "/state", "?async=true" */
    const char *tosca;    /* the body, or NULL */
    int wants_text;
    apr_size_t max; /* of the text */
} question_t;

static int is_word(const char *text)
{
    return *text && strlen(text) <= 128 &&
           strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") == strlen(text);
}

static void add_header(orc_http_request_t *request, apr_array_header_t *headers, const char *line)
{
    APR_ARRAY_PUSH(headers, const char *) = line;
    request->headers = headers;
}

static orc_error_t *make_request(orc_http_request_t *request, const orc_im_target_t *target, const question_t *question,
                                 apr_pool_t *pool)
{
    apr_array_header_t *headers = apr_array_make(pool, 6, sizeof(const char *));
    const char *path = question->kind == ORC_IM_VERSION ? "" : "/infrastructures";

    if ((question->infra_id && !is_word(question->infra_id)) || (question->vm && !is_word(question->vm)))
        return orc_error(pool, 500, "im.id",
                         "An infrastructure or machine id has characters that IM's ids don't have.");
    if (question->infra_id)
        path = apr_pstrcat(pool, path, "/", question->infra_id, NULL);
    if (question->vm)
        path = apr_pstrcat(pool, path, "/vms/", question->vm, NULL);
    memset(request, 0, sizeof *request);
    request->method = question->method;
    request->endpoint = orc_url_trimmed(target->url, pool);
    request->url = apr_pstrcat(pool, request->endpoint, path, question->rest, NULL);
    /* An IM whose calls to clouds hang says its version at once: that neither takes a slot from them nor tells anything
     * of them to their breaker. */
    if (question->kind == ORC_IM_VERSION)
        request->endpoint = request->url;
    request->timeout = target->timeout;
    request->may_send = target->may_send;
    request->sender = target->sender;
    request->keeps_tail = question->max > 0;
    request->max_response = question->max;
    /* IM looks for its media types literally, and gives errors without their code to who accepts anything */
    add_header(request, headers, question->wants_text ? "Accept: text/plain" : "Accept: application/json");
    if (target->authorization)
        add_header(request, headers, apr_pstrcat(pool, "Authorization: ", target->authorization, NULL));
    if (target->request_id)
        add_header(request, headers, apr_pstrcat(pool, "X-Request-ID: ", target->request_id, NULL));
    if (question->tosca) {
        add_header(request, headers, "Content-Type: text/yaml");
        request->body = question->tosca;
        request->body_length = strlen(question->tosca);
    }
    return NULL;
}

static orc_error_t *ask(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                        const question_t *question, orc_im_done_t *done, void *baton, apr_pool_t *pool)
{
    pending_t pending = {question->kind, done, baton};
    orc_http_request_t request;
    orc_error_t *error;
    apr_pool_t *own;

    apr_pool_create(&own, pool);
    error = make_request(&request, target, question, own);
    if (error) {
        error = orc_error_copy(error, pool);
    }
    else {
        request.baton_size = sizeof pending;
        error = orc_http_submit(call, http, &request, answered, &pending, pool);
    }
    apr_pool_destroy(own);
    return error;
}

orc_error_t *orc_im_create(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target, const char *tosca,
                           orc_im_done_t *done, void *baton, apr_pool_t *pool)
{
    question_t question = {.kind = ORC_IM_CREATE, .method = "POST", .rest = "?async=true", .tosca = tosca};

    return ask(call, http, target, &question, done, baton, pool);
}

/* A GET of what IM tells of an infrastructure, or of all (infra_id NULL). */
static orc_error_t *get(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                        orc_im_call_kind_t kind, const char *infra_id, const char *rest, orc_im_done_t *done,
                        void *baton, apr_pool_t *pool)
{
    question_t question = {.kind = kind, .method = "GET", .infra_id = infra_id, .rest = rest};

    return ask(call, http, target, &question, done, baton, pool);
}

orc_error_t *orc_im_get_state(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                              const char *infra_id, orc_im_done_t *done, void *baton, apr_pool_t *pool)
{
    return get(call, http, target, ORC_IM_STATE, infra_id, "/state", done, baton, pool);
}

orc_error_t *orc_im_get_outputs(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                                const char *infra_id, orc_im_done_t *done, void *baton, apr_pool_t *pool)
{
    return get(call, http, target, ORC_IM_OUTPUTS, infra_id, "/outputs", done, baton, pool);
}

static question_t ask_contmsg(const char *infra_id, apr_size_t max)
{
    question_t question = {
        .kind = ORC_IM_CONTMSG,
        .method = "GET",
        .infra_id = infra_id,
        .rest = "/contmsg",
        .wants_text = 1, /* as JSON its end alone could not be read */
        .max = max ? max : CONTMSG_MAX,
    };

    return question;
}

orc_error_t *orc_im_get_contmsg(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                                const char *infra_id, apr_size_t max, orc_im_done_t *done, void *baton,
                                apr_pool_t *pool)
{
    question_t question = ask_contmsg(infra_id, max);

    return ask(call, http, target, &question, done, baton, pool);
}

orc_error_t *orc_im_get_tosca(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                              const char *infra_id, orc_im_done_t *done, void *baton, apr_pool_t *pool)
{
    return get(call, http, target, ORC_IM_TOSCA, infra_id, "/tosca", done, baton, pool);
}

orc_error_t *orc_im_get_radl(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                             const char *infra_id, orc_im_done_t *done, void *baton, apr_pool_t *pool)
{
    return get(call, http, target, ORC_IM_RADL, infra_id, "/radl", done, baton, pool);
}

orc_error_t *orc_im_get_vms(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                            const char *infra_id, orc_im_done_t *done, void *baton, apr_pool_t *pool)
{
    return get(call, http, target, ORC_IM_VMS, infra_id, "", done, baton, pool);
}

orc_error_t *orc_im_get_vm(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                           const char *infra_id, const char *vm, orc_im_done_t *done, void *baton, apr_pool_t *pool)
{
    question_t question = {.kind = ORC_IM_VM, .method = "GET", .infra_id = infra_id, .vm = vm, .rest = ""};

    return ask(call, http, target, &question, done, baton, pool);
}

orc_error_t *orc_im_list(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target, orc_im_done_t *done,
                         void *baton, apr_pool_t *pool)
{
    return get(call, http, target, ORC_IM_LIST, NULL, "", done, baton, pool);
}

orc_error_t *orc_im_delete(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                           const char *infra_id, int is_forced, orc_im_done_t *done, void *baton, apr_pool_t *pool)
{
    question_t question = {.kind = ORC_IM_DELETE,
                           .method = "DELETE",
                           .infra_id = infra_id,
                           .rest = is_forced ? "?async=true&force=true" : "?async=true"};

    return ask(call, http, target, &question, done, baton, pool);
}

orc_error_t *orc_im_delete_and_wait(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                                    const char *infra_id, int is_forced, orc_im_done_t *done, void *baton,
                                    apr_pool_t *pool)
{
    question_t question = {
        .kind = ORC_IM_DELETE, .method = "DELETE", .infra_id = infra_id, .rest = is_forced ? "?force=true" : ""};

    return ask(call, http, target, &question, done, baton, pool);
}

orc_error_t *orc_im_act_on_vm(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                              const char *infra_id, const char *vm, const char *action, orc_im_done_t *done,
                              void *baton, apr_pool_t *pool)
{
    question_t question = {.kind = ORC_IM_ACT,
                           .method = "PUT",
                           .infra_id = infra_id,
                           .vm = vm,
                           .rest = apr_pstrcat(pool, "/", action, NULL)};

    return ask(call, http, target, &question, done, baton, pool);
}

orc_error_t *orc_im_reconfigure(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                                const char *infra_id, const char *tosca, orc_im_done_t *done, void *baton,
                                apr_pool_t *pool)
{
    question_t question = {
        .kind = ORC_IM_RECONFIGURE, .method = "PUT", .infra_id = infra_id, .rest = "/reconfigure", .tosca = tosca};

    return ask(call, http, target, &question, done, baton, pool);
}

orc_error_t *orc_im_update(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                           const char *infra_id, const char *tosca, orc_im_done_t *done, void *baton, apr_pool_t *pool)
{
    question_t question = {.kind = ORC_IM_UPDATE, .method = "POST", .infra_id = infra_id, .rest = "", .tosca = tosca};

    return ask(call, http, target, &question, done, baton, pool);
}

static const question_t version_question = {.kind = ORC_IM_VERSION, .method = "GET", .rest = "/version"};

orc_error_t *orc_im_remove_vms(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                               const char *infra_id, const char *vms, orc_im_done_t *done, void *baton,
                               apr_pool_t *pool)
{
    question_t question = {.kind = ORC_IM_REMOVE,
                           .method = "DELETE",
                           .infra_id = infra_id,
                           .rest = apr_pstrcat(pool, "/vms/", vms, "?context=false", NULL)};

    if (!*vms || strspn(vms, "0123456789,") != strlen(vms))
        return orc_error(pool, 500, "im.id", "Machine ids are numbers.");
    return ask(call, http, target, &question, done, baton, pool);
}

orc_error_t *orc_im_get_version(orc_http_call_t **call, orc_http_t *http, const orc_im_target_t *target,
                                orc_im_done_t *done, void *baton, apr_pool_t *pool)
{
    return ask(call, http, target, &version_question, done, baton, pool);
}

static orc_error_t *fetch(orc_im_result_t **out, const orc_im_target_t *target, const question_t *question,
                          const char *ca_file, apr_pool_t *pool)
{
    orc_im_result_t *result = apr_pcalloc(pool, sizeof *result);
    orc_http_response_t *response;
    orc_http_request_t request;
    orc_error_t *error = make_request(&request, target, question, pool);

    *out = result;
    if (error) {
        result->pool = pool;
        result->kind = ORC_IM_REFUSED;
        return result->error = error;
    }
    (void)orc_http_fetch(&response, &request, ca_file, pool);
    orc_im_read(result, question->kind, response);
    return result->error;
}

orc_error_t *orc_im_fetch_contmsg(orc_im_result_t **result, const orc_im_target_t *target, const char *infra_id,
                                  apr_size_t max, const char *ca_file, apr_pool_t *pool)
{
    question_t question = ask_contmsg(infra_id, max);

    return fetch(result, target, &question, ca_file, pool);
}

orc_error_t *orc_im_fetch_version(orc_im_result_t **result, const orc_im_target_t *target, const char *ca_file,
                                  apr_pool_t *pool)
{
    return fetch(result, target, &version_question, ca_file, pool);
}
