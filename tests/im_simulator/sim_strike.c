/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_call.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <stdlib.h>
#include <string.h>

static const char proxy_page[] =
    "<html><body><h1>%d</h1>\nNo server is available to handle this request.\n</body></html>\n";

/* IM's list swallows the database's exception. */
static void know_nothing(sim_call_t *call)
{
    if (call->route->route_class != SIM_CLASS_LIST) {
        sim_fail_route(call, 404, "Invalid infrastructure ID or access not granted.");
    }
    else if (sim_negotiate(call)) {
        sim_answer_uris(call, apr_array_make(call->pool, 1, sizeof(const char *)));
    }
}

static void have_no_document(sim_call_t *call)
{
    const char *what = call->route->route_class == SIM_CLASS_TOSCA ? "tosca" : "outputs";
    const char *text =
        apr_psprintf(call->pool, "'%s' infrastructure property is not valid in this infrastructure", what);

    if (call->server->generation == 1) {
        sim_fail_route(call, 400, apr_pstrcat(call->pool, "403 Forbidden: ", text, NULL));
    }
    else {
        sim_fail(call, 403, text);
    }
}

/* Answers for a fault that strikes before the work. */
static void answer_fault(sim_call_t *call, const sim_fault_t *fault)
{
    int auth_status = call->route->auth_status ? call->route->auth_status : 400;

    switch (fault->kind) {
    case SIM_FAULT_HTTP:
        if (fault->status == 500) {
            sim_reply_text(call->reply, 500, "text/plain; charset=utf-8", "Internal Server Error");
        }
        else {
            sim_reply_text(call->reply, fault->status, "text/html",
                           apr_psprintf(call->pool, proxy_page, fault->status));
        }
        break;
    case SIM_FAULT_HANG:
        call->reply->ending = SIM_HANG;
        break;
    case SIM_FAULT_RESET_BEFORE:
        call->reply->ending = SIM_RESET;
        break;
    case SIM_FAULT_TOKEN_EXPIRED:
    case SIM_FAULT_TOKEN_401:
    case SIM_FAULT_TOKEN_400:
        sim_fail_credentials(call,
                             fault->kind == SIM_FAULT_TOKEN_EXPIRED ? auth_status
                             : fault->kind == SIM_FAULT_TOKEN_401   ? 401
                                                                    : 400,
                             "Invalid InfrastructureManager credentials. OIDC auth Token expired.");
        break;
    case SIM_FAULT_IAM_OUTAGE:
        sim_fail_credentials(call, auth_status,
                             "Invalid InfrastructureManager credentials. Code: 503. Message: Service Unavailable.");
        break;
    case SIM_FAULT_READ_ONLY:
        sim_fail_route(call, 403, "Function currently disabled.");
        break;
    case SIM_FAULT_BAD_TEMPLATE:
        sim_fail_route(call, 400, "Error parsing TOSCA template: 'NoneType' object has no attribute 'keys'");
        break;
    case SIM_FAULT_NO_DATABASE:
        know_nothing(call);
        break;
    case SIM_FAULT_NO_DOCUMENT:
        have_no_document(call);
        break;
    default:
        sim_fail_route(call, 409, "Invalid State to perform this operation.");
        break;
    }
}

static int is_late(sim_fault_kind_t kind)
{
    return kind == SIM_FAULT_HANG_AFTER || kind == SIM_FAULT_RESET_AFTER || kind == SIM_FAULT_SLOW ||
           kind == SIM_FAULT_BAD_JSON || kind == SIM_FAULT_LOST || kind == SIM_FAULT_LAUNCHER_DIES ||
           kind == SIM_FAULT_UPDATE_HALF || kind == SIM_FAULT_RESURRECT;
}

static sim_struck_call_t struck_call(const sim_call_t *call)
{
    const char *cloud = call->cloud ? apr_table_get(call->cloud, "id") : NULL;

    return (sim_struck_call_t){call->route->route_class, cloud, call->request->host,
                               sim_store_now(call->server->store)};
}

int sim_is_queued(sim_call_t *call, sim_fault_t *faults, int count)
{
    const sim_struck_call_t struck = struck_call(call);

    for (int i = 0; i < count; i++) {
        if (faults[i].kind == SIM_FAULT_QUEUED && sim_fault_strikes(&faults[i], &struck)) {
            call->reply->ending = SIM_QUEUE;
            call->reply->wait_ms = faults[i].delay_ms;
            return 1;
        }
    }
    return 0;
}

/* Lets the faults of a list strike. Returns 1 when the call is answered. With the lock. */
int sim_is_struck(sim_call_t *call, sim_fault_t *faults, int count)
{
    const sim_struck_call_t struck = struck_call(call);

    for (int i = 0; i < count; i++) {
        if (faults[i].kind == SIM_FAULT_QUEUED || !sim_fault_strikes(&faults[i], &struck)) {
            continue;
        }
        if (!is_late(faults[i].kind)) {
            answer_fault(call, &faults[i]);
            return 1;
        }
        call->late_fault = faults[i];
    }
    return 0;
}

/* The faults of a line or template that has no infrastructure yet: counted by what they say and whose they are. */
int sim_is_struck_by_settings(sim_call_t *call, const sim_settings_t *settings)
{
    for (int i = 0; i < settings->fault_count; i++) {
        const sim_fault_t *fault = &settings->faults[i];
        const char *name = apr_psprintf(call->pool, "%s|%s|%x|%" APR_INT64_T_FMT "|%" APR_INT64_T_FMT "|%s|%s",
                                        fault->name, fault->key ? fault->key : "", fault->routes, fault->first,
                                        fault->after, call->who.username ? call->who.username : "",
                                        call->cloud ? apr_table_get(call->cloud, "id") : "");
        sim_fault_t *counter = sim_store_fault(call->server->store, name, fault);
        if (counter && sim_is_struck(call, counter, 1)) {
            return 1;
        }
    }
    return 0;
}

void sim_apply_late_fault(sim_call_t *call)
{
    sim_reply_t *reply = call->reply;

    switch (call->late_fault.kind) {
    case SIM_FAULT_HANG_AFTER:
        reply->ending = SIM_HANG;
        break;
    case SIM_FAULT_RESET_AFTER:
    case SIM_FAULT_LAUNCHER_DIES:
    case SIM_FAULT_UPDATE_HALF:
        reply->ending = SIM_RESET;
        break;
    case SIM_FAULT_LOST:
        reply->ending = SIM_CLOSE;
        break;
    case SIM_FAULT_SLOW:
        reply->wait_ms += call->late_fault.delay_ms;
        break;
    case SIM_FAULT_BAD_JSON:
        sim_reply_text(reply, reply->status, "application/json", "{\"state\": {\"state\": \"configu");
        break;
    default:
        break;
    }
}
