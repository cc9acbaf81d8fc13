/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_http_transfer.h"

orc_error_t *orc_http_fetch(orc_http_response_t **out, const orc_http_request_t *request, const char *ca_file,
                            apr_pool_t *pool)
{
    orc_http_response_t *response = apr_pcalloc(pool, sizeof *response);
    orc_http_transfer_t *transfer;
    orc_error_t *error = orc_http_transfer_make(&transfer, request, pool);

    *out = response;
    if (!error)
        error = orc_http_transfer_prepare(transfer, ca_file, request->timeout);
    if (error) {
        response->pool = pool;
        response->outcome = ORC_HTTP_NOT_SENT;
        response->error = error;
        response->headers = apr_table_make(pool, 1);
        response->body = "";
        return error;
    }
    orc_http_transfer_end(response, transfer, curl_easy_perform(transfer->easy));
    return response->error;
}
