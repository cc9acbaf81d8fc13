/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_body.h"

#include <apr_strings.h>
#include <http_protocol.h>

enum { FIRST_SIZE = 8192 };

typedef struct buffer_t {
    char *bytes;
    apr_size_t length, size, limit;
    int is_kept;
    apr_pool_t *pool;
} buffer_t;

static void make_room(buffer_t *buffer, apr_size_t more)
{
    apr_size_t size = buffer->size ? buffer->size : FIRST_SIZE;
    char *bytes;

    while (size < buffer->length + more + 1)
        size *= 2;
    if (size == buffer->size)
        return;
    bytes = apr_palloc(buffer->pool, size);
    if (buffer->length)
        memcpy(bytes, buffer->bytes, buffer->length);
    buffer->bytes = bytes;
    buffer->size = size;
}

static int too_long(orc_error_t **error, apr_size_t limit, request_rec *r)
{
    *error = orc_error(r->pool, HTTP_REQUEST_ENTITY_TOO_LARGE, "body.size",
                       "The body is longer than %" APR_SIZE_T_FMT " bytes.", limit);
    r->connection->keepalive = AP_CONN_CLOSE; /* the rest of the body is not read */
    return DONE;
}

static int broken(orc_error_t **error, int status, request_rec *r)
{
    *error = orc_error(r->pool, status, "body.broken",
                       status == HTTP_REQUEST_TIME_OUT ? "The body did not arrive in time."
                                                       : "The body could not be read to its end.");
    r->connection->keepalive = AP_CONN_CLOSE;
    return DONE;
}

/* Copies a brigade; *ended when it held the end of the body. */
static apr_status_t copy(buffer_t *buffer, apr_bucket_brigade *brigade, int *ended)
{
    apr_bucket *bucket;
    const char *bytes;
    apr_size_t length;
    apr_status_t status;

    for (bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
         bucket = APR_BUCKET_NEXT(bucket)) {
        if (APR_BUCKET_IS_EOS(bucket)) {
            *ended = 1;
            return APR_SUCCESS;
        }
        if (APR_BUCKET_IS_METADATA(bucket))
            continue;
        status = apr_bucket_read(bucket, &bytes, &length, APR_BLOCK_READ);
        if (status != APR_SUCCESS)
            return status;
        if (length > buffer->limit - buffer->length)
            return APR_ENOSPC;
        if (buffer->is_kept) {
            make_room(buffer, length);
            memcpy(buffer->bytes + buffer->length, bytes, length);
        }
        buffer->length += length;
    }
    return APR_SUCCESS;
}

static int announces_too_much(const request_rec *r, apr_size_t limit)
{
    const char *text = apr_table_get(r->headers_in, "Content-Length");

    return text && apr_strtoi64(text, NULL, 10) > (apr_int64_t)limit;
}

int mo_body_read(const char **body, apr_size_t *length, apr_size_t limit, int is_kept, orc_error_t **error,
                 request_rec *r)
{
    buffer_t buffer = {NULL, 0, 0, limit, is_kept, r->pool};
    apr_bucket_brigade *brigade;
    int ended = 0;

    *body = "";
    *length = 0;
    if (announces_too_much(r, limit))
        return too_long(error, limit, r);
    if (!ap_request_has_body(r))
        return OK;
    brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    while (!ended) {
        apr_status_t status = ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES, APR_BLOCK_READ, FIRST_SIZE);

        if (status == APR_SUCCESS)
            status = copy(&buffer, brigade, &ended);
        apr_brigade_cleanup(brigade);
        if (status == APR_ENOSPC)
            return too_long(error, limit, r);
        if (status != APR_SUCCESS) {
            int answer = ap_map_http_request_error(status, HTTP_BAD_REQUEST);

            return answer == AP_FILTER_ERROR ? answer : broken(error, answer, r);
        }
    }
    if (buffer.bytes) {
        buffer.bytes[buffer.length] = '\0';
        *body = buffer.bytes;
        *length = buffer.length;
    }
    return OK;
}
