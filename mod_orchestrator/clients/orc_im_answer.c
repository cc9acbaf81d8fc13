/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_im_answer.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_words[] = {"unknown", "pending", "running", "configured", "unconfigured",
                                          "stopped", "off",     "failed",  "deleting"};
static const char *const kind_words[] = {
    "ok",        "not found",    "busy",    "token rejected", "identity outage", "forbidden owner",
    "read only", "bad template", "refused", "bad answer",     "unavailable",     "unknown result"};

const char *orc_im_state_word(orc_im_state_t state)
{
    return state_words[state];
}

const char *orc_im_kind_word(orc_im_kind_t kind)
{
    return kind_words[kind];
}

static orc_im_state_t state_of(const char *word)
{
    size_t i;

    for (i = 0; word && i < sizeof state_words / sizeof *state_words; i++) {
        if (strcmp(word, state_words[i]) == 0)
            return (orc_im_state_t)i;
    }
    return ORC_IM_STATE_UNKNOWN;
}

/* ---- failures ---- */

static void fail(orc_im_result_t *result, orc_im_kind_t kind, const char *detail, const char *cause)
{
    static const struct {
        const char *code;
        int status, retriable;
    } as[] = {
        [ORC_IM_NOT_FOUND] = {"im.not_found", 404, 0},
        [ORC_IM_BUSY] = {"im.busy", 409, 1},
        [ORC_IM_TOKEN_REJECTED] = {"im.token", 401, 0},
        [ORC_IM_IDENTITY_OUTAGE] = {"im.identity", 503, 1},
        [ORC_IM_FORBIDDEN_OWNER] = {"im.owner", 403, 0},
        [ORC_IM_READ_ONLY] = {"im.read_only", 503, 1},
        [ORC_IM_BAD_TEMPLATE] = {"im.template", 422, 0},
        [ORC_IM_REFUSED] = {"im.refused", 422, 0},
        [ORC_IM_BAD_ANSWER] = {"im.answer", 502, 1},
        [ORC_IM_UNAVAILABLE] = {"im.unavailable", 503, 1},
        [ORC_IM_UNKNOWN_RESULT] = {"im.unknown_result", 503, 1},
    };

    result->kind = kind;
    result->error = orc_error(result->pool, as[kind].status, as[kind].code, "%s", detail);
    result->error->retriable = as[kind].retriable;
    result->error->cause = cause;
}

/* Create and update make something, and a machine that is to reboot does: without a readable answer nobody knows
 * whether they did. */
static int may_have_done(orc_im_call_kind_t call)
{
    return call == ORC_IM_CREATE || call == ORC_IM_UPDATE || call == ORC_IM_ACT;
}

static int takes_template(orc_im_call_kind_t call)
{
    return call == ORC_IM_CREATE || call == ORC_IM_UPDATE || call == ORC_IM_RECONFIGURE;
}

static void read_failure(orc_im_result_t *result, orc_im_call_kind_t call, const orc_http_response_t *response)
{
    orc_error_t *error = response->error;
    orc_im_kind_t kind =
        may_have_done(call) && response->outcome == ORC_HTTP_UNKNOWN ? ORC_IM_UNKNOWN_RESULT : ORC_IM_UNAVAILABLE;

    fail(result, kind, apr_pstrcat(result->pool, "The Infrastructure Manager: ", error->detail, NULL), error->cause);
    result->error->system = error->system;
    result->error->retry_after = error->retry_after;
}

static int says(const char *message, const char *words)
{
    return strstr(message, words) != NULL;
}

/* IM answers alike when a token is bad and when it couldn't ask the issuer; only the words after this prefix differ. */
static void read_credentials(orc_im_result_t *result, const char *message)
{
    static const char *const outages[] = {"timed out",           "Max retries exceeded", "Connection refused",
                                          "Connection aborted",  "Connection reset",     "HTTPConnectionPool",
                                          "HTTPSConnectionPool", "Remote end closed",    "Name or service"};
    const char *code = strstr(message, "credentials. Code: ");
    int number = code ? atoi(code + strlen("credentials. Code: ")) : 0;
    int is_outage = number >= 500 || number == 408 || number == 429;
    const char *end = strstr(message, "Message:"); /* what the issuer said of the person is nobody's business */
    const char *cause;
    size_t i;

    for (i = 0; !code && i < sizeof outages / sizeof *outages; i++)
        is_outage |= says(message, outages[i]);
    cause =
        orc_im_clean(end ? apr_pstrmemdup(result->pool, message, (apr_size_t)(end - message)) : message, result->pool);
    if (is_outage)
        fail(result, ORC_IM_IDENTITY_OUTAGE, "The Infrastructure Manager can't reach the token issuer.", cause);
    else if (says(message, "expired"))
        fail(result, ORC_IM_TOKEN_REJECTED, "The access token has expired.", cause);
    else
        fail(result, ORC_IM_TOKEN_REJECTED, "The Infrastructure Manager doesn't accept the access token.", cause);
}

/* What the words say, whatever the status: IM isn't consistent in that. True when they were understood. */
static int read_words(orc_im_result_t *result, const char *message)
{
    const char *clean = orc_im_clean(message, result->pool);

    if (says(message, "Invalid InfrastructureManager credentials") || says(message, "decode OIDC auth token") ||
        says(message, "No credentials provided for the InfrastructureManager") ||
        says(message, "No authentication data provided") || says(message, "Invalid username used for the Infra"))
        read_credentials(result, message);
    else if (says(message, "Access to this infrastructure not granted"))
        fail(result, ORC_IM_FORBIDDEN_OWNER,
             "The infrastructure belongs to another identity at the Infrastructure Manager.", clean);
    else if (says(message, "Function currently disabled"))
        fail(result, ORC_IM_READ_ONLY, "The Infrastructure Manager is in read-only mode.", clean);
    else
        return 0;
    return 1;
}

/* 404 is "gone" only in IM's words: a proxy's page, or a route that isn't there, must not end a deletion. */
static int is_gone(const char *message)
{
    return says(message, "nvalid infrastructure ID") || says(message, "eleted infrastructure") ||
           says(message, "nvalid VM ID") || says(message, "eleted VM");
}

static void read_client_error(orc_im_result_t *result, orc_im_call_kind_t call, const char *message)
{
    const char *clean = orc_im_clean(message, result->pool);
    const char *said =
        *clean ? apr_pstrcat(result->pool, "The Infrastructure Manager: ", clean, NULL)
               : apr_psprintf(result->pool, "The Infrastructure Manager answered with status %d.", result->status);

    switch (result->status) {
    case 400:
        fail(result, takes_template(call) ? ORC_IM_BAD_TEMPLATE : ORC_IM_REFUSED, said, NULL);
        break;
    case 401:
        fail(result, ORC_IM_TOKEN_REJECTED, "The Infrastructure Manager doesn't accept the access token.", clean);
        break;
    case 404:
        if (is_gone(message))
            fail(result, ORC_IM_NOT_FOUND, said, NULL);
        else if (call == ORC_IM_REMOVE && says(message, "Error deleting resources"))
            fail(result, ORC_IM_REFUSED, said, NULL); /* some of the machines are gone, and some are not */
        else
            fail(result, ORC_IM_BAD_ANSWER, "The Infrastructure Manager's URL leads to something else (404).", clean);
        break;
    case 405:
        fail(result, ORC_IM_BAD_ANSWER, "The Infrastructure Manager's URL leads to something else (405).", clean);
        break;
    case 408:
    case 429:
        fail(result, ORC_IM_UNAVAILABLE, "The Infrastructure Manager takes no more calls now.", clean);
        break;
    case 409:
        fail(result, ORC_IM_BUSY, said, NULL);
        break;
    default:
        fail(result, ORC_IM_REFUSED, said, NULL);
    }
}

/* A 500 in IM's own form, {"message", "code"}, is of a creation that did not begin: both generations answer 400 to
 * whatever goes wrong within it (IM 1.19.1 and 2.0.0, the routes' sources), 500 to what goes wrong before, such as
 * credentials that can't be read. In any other form it may be a proxy's, behind which IM did the work. */
static int never_began(orc_im_call_kind_t call, const orc_http_response_t *response, apr_pool_t *pool)
{
    json_t *json;

    return call == ORC_IM_CREATE && response->status == 500 &&
           !orc_json_parse(&json, response->body, response->length, pool) && orc_json_string(json, "message") &&
           orc_json_integer(json, "code", 0) == 500;
}

static void read_error(orc_im_result_t *result, orc_im_call_kind_t call, const orc_http_response_t *response)
{
    const char *message = orc_im_message(response, result->pool);
    const char *retry_after = apr_table_get(response->headers, "Retry-After");

    if (result->status >= 500)
        fail(result,
             may_have_done(call) && !never_began(call, response, result->pool) ? ORC_IM_UNKNOWN_RESULT
                                                                               : ORC_IM_UNAVAILABLE,
             apr_psprintf(result->pool, "The Infrastructure Manager answered with status %d.", result->status),
             orc_im_clean(message, result->pool));
    else if (result->status < 400)
        fail(
            result, ORC_IM_BAD_ANSWER,
            apr_psprintf(result->pool, "The Infrastructure Manager's URL is redirected or wrong (%d).", result->status),
            NULL);
    else if (!read_words(result, message))
        read_client_error(result, call, message);
    if (retry_after && apr_isdigit(*retry_after))
        result->error->retry_after = atoi(retry_after) > 3600 ? 3600 : atoi(retry_after);
}

/* ---- successes; each reader returns what is wrong with the answer, or NULL ---- */

static const char *last_segment(const char *uri, size_t length, apr_pool_t *pool)
{
    const char *end = uri + length, *at;

    while (end > uri && (end[-1] == '/' || apr_isspace(end[-1])))
        end--;
    for (at = end; at > uri && at[-1] != '/'; at--)
        ;
    return apr_pstrmemdup(pool, at, (apr_size_t)(end - at));
}

static int is_infra_id(const char *id)
{
    return *id && strlen(id) <= 128 &&
           strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") == strlen(id);
}

static const char *read_json(json_t **json, orc_im_result_t *result, const orc_http_response_t *response)
{
    orc_error_t *error = orc_json_parse(json, response->body, response->length, result->pool);

    if (error)
        return error->detail;
    return json_is_object(*json) ? NULL : "no JSON object";
}

static int is_json(const orc_http_response_t *response)
{
    const char *type = apr_table_get(response->headers, "Content-Type");

    return type && strncasecmp(type, "application/json", 16) == 0;
}

static const char *read_create(orc_im_result_t *result, const orc_http_response_t *response)
{
    const char *id = apr_table_get(response->headers, "InfID");
    const char *uri = response->body;
    json_t *json;

    if (!id) {
        if (is_json(response)) {
            const char *wrong = read_json(&json, result, response);

            if (wrong)
                return wrong;
            uri = orc_json_string(json, "uri");
        }
        id = uri ? last_segment(uri, strlen(uri), result->pool) : "";
    }
    if (!is_infra_id(id))
        return "no infrastructure id";
    result->infra_id = id;
    return NULL;
}

static int by_vm(const void *a, const void *b)
{
    const char *left = ((const orc_im_vm_state_t *)a)->vm, *right = ((const orc_im_vm_state_t *)b)->vm;
    long difference = strtol(left, NULL, 10) - strtol(right, NULL, 10);

    return difference ? (difference > 0) - (difference < 0) : strcmp(left, right);
}

static const char *read_state(orc_im_result_t *result, const orc_http_response_t *response)
{
    apr_array_header_t *states = apr_array_make(result->pool, 4, sizeof(orc_im_vm_state_t));
    json_t *json, *state, *machines, *value;
    const char *wrong = read_json(&json, result, response), *vm;

    if (wrong)
        return wrong;
    state = json_object_get(json, "state");
    machines = json_object_get(state, "vm_states");
    if (!orc_json_string(state, "state") || !json_is_object(machines))
        return "no state, or no vm_states";
    json_object_foreach(machines, vm, value)
    {
        orc_im_vm_state_t *one = apr_array_push(states);

        one->vm = apr_pstrdup(result->pool, vm);
        one->state = state_of(json_string_value(value));
    }
    qsort(states->elts, (size_t)states->nelts, sizeof(orc_im_vm_state_t), by_vm);
    result->state = state_of(orc_json_string(state, "state"));
    result->vm_states = states;
    return NULL;
}

/* {"uri-list": [{"uri": "http://.../ID"}]}, or one URI a line. */
static const char *read_ids(orc_im_result_t *result, const orc_http_response_t *response)
{
    apr_array_header_t *ids = apr_array_make(result->pool, 8, sizeof(const char *));
    const char *wrong, *uri, *end;
    json_t *json, *list, *item;
    size_t i;

    result->ids = ids;
    if (!is_json(response)) {
        for (uri = response->body; *uri; uri = *end ? end + 1 : end) {
            end = uri + strcspn(uri, "\r\n");
            if (end > uri)
                APR_ARRAY_PUSH(ids, const char *) = last_segment(uri, (size_t)(end - uri), result->pool);
        }
    }
    else {
        if ((wrong = read_json(&json, result, response)))
            return wrong;
        list = json_object_get(json, "uri-list");
        if (!json_is_array(list))
            return "no uri-list";
        json_array_foreach(list, i, item)
        {
            uri = orc_json_string(item, "uri");
            if (!uri)
                return "an item of uri-list without uri";
            APR_ARRAY_PUSH(ids, const char *) = last_segment(uri, strlen(uri), result->pool);
        }
    }
    for (i = 0; i < (size_t)ids->nelts; i++) {
        if (!is_infra_id(APR_ARRAY_IDX(ids, (int)i, const char *)))
            return "an item of uri-list that is no URI of IM";
    }
    return NULL;
}

static const char *read_member(orc_im_result_t *result, const orc_http_response_t *response, const char *name,
                               int is_array)
{
    json_t *json;
    const char *wrong = read_json(&json, result, response);

    if (wrong)
        return wrong;
    result->json = json_object_get(json, name);
    if (is_array ? !json_is_array(result->json) : !json_is_object(result->json))
        return apr_pstrcat(result->pool, "no ", name, NULL);
    return NULL;
}

/* A text: as such, or as the member of a JSON object. */
static const char *read_text(orc_im_result_t *result, const orc_http_response_t *response, const char *name)
{
    const char *body = response->body;
    apr_size_t length = response->length;
    json_t *json;

    if (is_json(response) && !response->is_cut) {
        const char *wrong = read_json(&json, result, response);

        if (wrong)
            return wrong;
        body = orc_json_string(json, name);
        if (!body)
            return apr_pstrcat(result->pool, "no ", name, NULL);
        length = strlen(body);
    }
    if (response->is_cut) { /* the first character may be half a one */
        while (length > 0 && (*body & 0xc0) == 0x80) {
            body++;
            length--;
        }
    }
    result->text = orc_im_utf8(body, length, result->pool);
    result->length = length;
    result->is_cut = response->is_cut;
    return NULL;
}

static const char *read_success(orc_im_result_t *result, orc_im_call_kind_t call, const orc_http_response_t *response)
{
    switch (call) {
    case ORC_IM_CREATE:
        return read_create(result, response);
    case ORC_IM_STATE:
        return read_state(result, response);
    case ORC_IM_OUTPUTS:
        return read_member(result, response, "outputs", 0);
    case ORC_IM_VM:
        return read_member(result, response, "radl", 1);
    case ORC_IM_LIST:
    case ORC_IM_VMS:
    case ORC_IM_UPDATE:
        return read_ids(result, response);
    case ORC_IM_CONTMSG:
        return read_text(result, response, "contmsg");
    case ORC_IM_TOSCA:
        return read_text(result, response, "tosca");
    case ORC_IM_RADL:
        return read_text(result, response, "radl");
    case ORC_IM_VERSION:
        return read_text(result, response, "version");
    case ORC_IM_DELETE:
    case ORC_IM_ACT:
    case ORC_IM_RECONFIGURE:
    case ORC_IM_REMOVE:
        break;
    }
    return NULL;
}

void orc_im_read(orc_im_result_t *result, orc_im_call_kind_t call, const orc_http_response_t *response)
{
    const char *wrong;

    memset(result, 0, sizeof *result);
    result->pool = response->pool;
    result->elapsed = response->elapsed;
    result->status = response->status;
    if (response->error) {
        read_failure(result, call, response);
    }
    else if (response->status >= 200 && response->status < 300) {
        wrong = read_success(result, call, response);
        if (wrong)
            fail(result, may_have_done(call) ? ORC_IM_UNKNOWN_RESULT : ORC_IM_BAD_ANSWER,
                 "The Infrastructure Manager's answer can't be read.", wrong);
    }
    else {
        read_error(result, call, response);
    }
}
