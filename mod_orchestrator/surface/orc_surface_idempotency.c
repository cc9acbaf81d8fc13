/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_idempotency.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_store_idempotency.h"

enum { MAX_KEY = 255 };

int orc_surface_idempotency_is_key(const char *key)
{
    size_t length = strlen(key), i;

    for (i = 0; i < length; i++) {
        if (key[i] < 0x20 || key[i] > 0x7e)
            return 0;
    }
    return length >= 1 && length <= MAX_KEY;
}

/* What makes two requests the same: everything that a creation reads. */
static const char *fingerprint(const orc_request_t *request)
{
    const char *head = apr_pstrcat(request->pool, request->content_type ? request->content_type : "", "\n",
                                   request->query ? request->query : "", "\n", NULL);
    size_t length = strlen(head);
    char *whole = apr_palloc(request->pool, length + request->body_length);

    memcpy(whole, head, length);
    memcpy(whole + length, request->body, request->body_length);
    return orc_secret_sha256(whole, length + request->body_length, request->pool);
}

static orc_store_idempotency_key_t scope(const orc_request_t *request)
{
    orc_store_idempotency_key_t key = {request->identity->user_id, request->method, request->path,
                                       request->idempotency_key};

    return key;
}

static int add_header(void *headers, const char *name, const char *value)
{
    json_object_set_new(headers, name, json_string(value));
    return 1;
}

static orc_store_answer_t answer(const orc_request_t *request, const orc_response_t *response)
{
    json_t *headers = orc_json_own(json_object(), request->pool);
    orc_store_answer_t kept = {0};

    apr_table_do(add_header, headers, response->headers, NULL);
    kept.fingerprint = fingerprint(request);
    kept.status = response->status;
    kept.headers = orc_json_text(headers, request->pool);
    kept.body = response->content_type ? response->body : "";
    return kept;
}

int orc_surface_idempotency_step(orc_db_step_t *step, const orc_request_t *request, const orc_response_t *response)
{
    orc_store_idempotency_key_t key = scope(request);
    orc_store_answer_t kept;

    if (!request->idempotency_key)
        return 0;
    kept = answer(request, response);
    orc_store_idempotency_step(step, &key, &kept, request->pool);
    return 1;
}

orc_error_t *orc_surface_idempotency_keep(orc_db_t *db, const orc_request_t *request, const orc_response_t *response)
{
    orc_db_step_t step;

    if (!orc_surface_idempotency_step(&step, request, response))
        return NULL;
    return orc_db_execute(db, NULL, step.call, request->pool);
}

static void replay(orc_response_t *response, const orc_store_answer_t *kept, const orc_request_t *request)
{
    const char *name;
    json_t *headers, *value;

    orc_response_clear(response);
    response->status = kept->status;
    if (*kept->body)
        orc_response_json(response, kept->status, kept->body);
    if (orc_json_parse(&headers, kept->headers, strlen(kept->headers), request->pool))
        return;
    json_object_foreach(headers, name, value) apr_table_set(response->headers, name, json_string_value(value));
}

orc_error_t *orc_surface_idempotency_find(int *found, const orc_request_t *request, orc_response_t *response)
{
    orc_store_idempotency_key_t key = scope(request);
    orc_store_answer_t kept;

    *found = 0;
    ORC_TRY(orc_store_idempotency_find(found, &kept, &key, request->service->db, request->pool));
    if (!*found)
        return NULL;
    if (strcmp(kept.fingerprint, fingerprint(request)) != 0) {
        orc_error_t *error = NULL;

        *found = 0;
        orc_error_add_parameter(&error, request->pool, "Idempotency-Key", "was used for another request");
        return error;
    }
    replay(response, &kept, request);
    return NULL;
}
