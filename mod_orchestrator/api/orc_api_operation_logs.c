/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_api_operation.h"
#include "orc_routes.h"
#include "orc_rules_follow.h"
#include "orc_time.h"

enum { MAX_TAIL = 10000 };

static orc_error_t *next(orc_piece_t *piece, void *follow, apr_pool_t *pool)
{
    orc_rules_told_t told;

    ORC_TRY(orc_rules_follow_next(&told, follow, pool));
    piece->bytes = told.text;
    piece->length = strlen(told.text);
    piece->then = told.is_over ? ORC_STREAM_END : told.pause ? ORC_STREAM_LATER : ORC_STREAM_MORE;
    piece->pause = told.pause;
    return NULL;
}

static int tail_of(orc_error_t **error, const orc_request_t *request)
{
    const char *tail = orc_request_parameter(request, "tail");
    apr_int64_t count = tail ? apr_atoi64(tail) : -1;

    if (tail && (count < 0 || count > MAX_TAIL))
        orc_error_add_parameter(error, request->pool, "tail", "must be between 0 and %d", MAX_TAIL);
    return (int)count;
}

orc_error_t *orc_api_operations_get_log(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_api_operation_t at = orc_api_operation_at(request);
    const char *level = orc_request_parameter(request, "level"), *since = orc_request_parameter(request, "since");
    const char *follows = orc_request_parameter(request, "follow");
    orc_error_t *error = NULL;
    const orc_rules_log_wish_t wish = {
        .at = {at.deployment_id, at.resource_id, at.id},
        .lines = {level ? level : "debug", since ? orc_time_utc(since, request->pool) : "-infinity",
                  tail_of(&error, request)},
        .follows = follows && strcmp(follows, "true") == 0,
    };
    orc_rules_follow_t *follow;

    ORC_TRY(error);
    ORC_TRY(orc_rules_follow(&follow, &call, &wish));
    orc_response_stream(response, "application/x-ndjson", orc_stream_make(next, follow, wish.follows, request->pool));
    return NULL;
}
