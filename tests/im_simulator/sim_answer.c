/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_call.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <stdlib.h>
#include <string.h>

const char *sim_parameter(const sim_call_t *call, int i)
{
    return APR_ARRAY_IDX(call->parameters, i, char *);
}

void sim_reply_text(sim_reply_t *reply, int status, const char *media_type, const char *body)
{
    reply->status = status;
    reply->media_type = media_type;
    reply->body = body;
    reply->length = strlen(body);
}

void sim_reply_json(sim_reply_t *reply, const sim_server_t *server, apr_pool_t *pool, int status, json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | (server->generation == 1 ? JSON_ENSURE_ASCII : JSON_COMPACT));

    sim_reply_text(reply, status, "application/json", text ? apr_pstrdup(pool, text) : "null");
    free(text);
    json_decref(value);
}

void sim_answer_json(sim_call_t *call, json_t *value)
{
    sim_reply_json(call->reply, call->server, call->pool, 200, value);
}

void sim_answer_text(sim_call_t *call, const char *text)
{
    int is_1 = call->server->generation == 1;
    const char *type = call->media == SIM_MEDIA_URIS && *text
                           ? (is_1 ? "text/uri-list" : "text/uri-list; charset=utf-8")
                           : (is_1 ? "text/plain" : "text/plain; charset=utf-8");
    sim_reply_text(call->reply, 200, type, text);
}

/* {name: text} or the bare text, by what the client accepts. */
void sim_answer_named(sim_call_t *call, const char *name, const char *text)
{
    if (call->media == SIM_MEDIA_JSON) {
        sim_answer_json(call, json_pack("{s:s}", name, text));
    }
    else {
        sim_answer_text(call, text);
    }
}

void sim_answer_empty(sim_call_t *call)
{
    call->media = SIM_MEDIA_TEXT;
    sim_answer_text(call, "");
}

/* Whether Accept names a type, parameters aside. */
int sim_accepts(const sim_request_t *request, const char *type)
{
    const char *at = request->accept ? request->accept : "";
    apr_size_t length = strlen(type);

    while (*at) {
        apr_size_t item = strcspn(at, ",;");
        while (item && apr_isspace(*at)) {
            at++;
            item--;
        }
        if (item >= length && !strncasecmp(at, type, length) && strspn(at + length, " ") == item - length) {
            return 1;
        }
        at += strcspn(at, ",");
        at += *at == ',';
    }
    return 0;
}

/* An error in the shape that Accept asks for. */
void sim_fail(sim_call_t *call, int status, const char *message)
{
    if (sim_accepts(call->request, "application/json")) {
        sim_reply_json(call->reply, call->server, call->pool, status,
                       json_pack("{s:s, s:i}", "message", message, "code", status));
    }
    else if (sim_accepts(call->request, "text/html")) {
        sim_reply_text(call->reply, status, "text/html; charset=utf-8",
                       apr_psprintf(call->pool,
                                    "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html>\n    <head>\n"
                                    "        <title>Error %d.</title>\n    </head>\n    <body>\n"
                                    "        <h1>Code: %d.</h1>\n        <h1>Message: %s</h1>\n    </body>\n</html>\n",
                                    status, status, message));
    }
    else {
        sim_reply_text(call->reply, status, "text/plain; charset=utf-8", message);
    }
}

/* The same with what IM puts before the texts of this route. */
void sim_fail_route(sim_call_t *call, int status, const char *message)
{
    sim_fail(call, status, apr_pstrcat(call->pool, call->route->error, message, NULL));
}

/* Credentials have prefixes of their own on some routes. */
void sim_fail_credentials(sim_call_t *call, int status, const char *message)
{
    const char *error = call->route->error;

    if (call->route->route_class == SIM_CLASS_CREATE && call->server->generation == 1) {
        error = "Error Creating Inf. info: ";
    }
    else if (call->route->route_class == SIM_CLASS_VM) {
        error = call->parameters->nelts == 2 ? "Error Getting VM info: " : "Error Getting VM property: ";
    }
    sim_fail(call, status, apr_pstrcat(call->pool, error, message, NULL));
}

const char *sim_infrastructure_uri(const sim_call_t *call, const char *id)
{
    return apr_pstrcat(call->pool, "http://", call->request->host, "/infrastructures/", id, NULL);
}

/* A list of URIs in either form. */
void sim_answer_uris(sim_call_t *call, const apr_array_header_t *uris)
{
    json_t *list;

    if (call->media != SIM_MEDIA_JSON) {
        sim_answer_text(call, apr_array_pstrcat(call->pool, uris, '\n'));
        return;
    }
    list = json_array();
    for (int i = 0; i < uris->nelts; i++) {
        json_array_append_new(list, json_pack("{s:s}", "uri", APR_ARRAY_IDX(uris, i, const char *)));
    }
    sim_answer_json(call, json_pack("{s:o}", "uri-list", list));
}

/* A boolean of the query; 0 when it is answered with an error. */
int sim_query_flag(sim_call_t *call, int *flag, const char *name, int fallback)
{
    const char *value = apr_table_get(call->request->query, name);
    static const char *const yes[] = {"yes", "true", "1", "on", "t", "y", NULL};
    static const char *const no[] = {"no", "false", "0", "off", "f", "n", NULL};
    int words = call->server->generation == 1 ? 3 : 6;

    *flag = fallback;
    if (!value) {
        return 1;
    }
    for (int i = 0; i < words; i++) {
        if (!strcasecmp(value, yes[i]) || !strcasecmp(value, no[i])) {
            *flag = !strcasecmp(value, yes[i]);
            return 1;
        }
    }
    if (call->server->generation == 1) {
        sim_fail(call, 400, apr_psprintf(call->pool, "Incorrect value in %s parameter", name));
    }
    else {
        sim_fail_validation(call, "bool_parsing", "query", name, "a valid boolean, unable to interpret input", value);
    }
    return 0;
}

/* The media type of the answer; 0 when it is answered with 415. */
int sim_negotiate(sim_call_t *call)
{
    const sim_request_t *request = call->request;
    const char *accept = request->accept, *message;
    int is_version = call->route->route_class == SIM_CLASS_VERSION;

    call->media = call->route->media;
    if (!accept || !*accept || sim_accepts(request, "*/*")) {
        return 1;
    }
    if (sim_accepts(request, "application/json") || sim_accepts(request, "application/*")) {
        call->media = SIM_MEDIA_JSON;
        return 1;
    }
    if (call->media != SIM_MEDIA_JSON &&
        (sim_accepts(request, "text/*") ||
         sim_accepts(request, call->media == SIM_MEDIA_URIS ? "text/uri-list" : "text/plain"))) {
        return 1;
    }
    message = apr_psprintf(call->pool,
                           call->media == SIM_MEDIA_JSON ? "Unsupported Accept Media Types: ['%s']"
                                                         : "Unsupported Accept Media Types: %s",
                           accept);
    if (call->server->generation == 2 && (is_version || call->media == SIM_MEDIA_URIS)) {
        sim_fail(call, 400,
                 apr_pstrcat(call->pool, is_version ? "Error getting IM version: " : call->route->error,
                             "415: ", message, NULL));
    }
    else {
        sim_fail(call, 415, message);
    }
    return 0;
}
