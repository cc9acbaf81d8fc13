/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_rules_follow.h"
#include "orc_runs_one.h"
#include "orc_runs_routes.h"

/* A run's log is one JSON string, in which there is a line of JSON for each of the operation's. It is made piece by
 * piece, however long it is. */

enum { TO_MILLISECONDS = 23 /* characters of a time */ };

typedef struct log_t {
    orc_rules_follow_t *follow;
    const char *run_id;
    int is_begun;
} log_t;

/* A line of the operation's log in the words of a run's; the first one says whose log it is. */
static const char *told_line(log_t *log, const char *text, apr_pool_t *pool)
{
    const json_t *line = orc_json_own_text(text, pool);
    int is_end = json_is_true(json_object_get(line, "end"));
    const char *message = orc_json_string(line, "message"), *level = orc_json_string(line, "level");
    json_t *told = orc_json_own(json_object(), pool);

    if (is_end)
        message = apr_psprintf(pool, "The run has ended: it %s.",
                               strcmp(orc_json_string(line, "state"), "succeeded") == 0 ? "is completed"
                               : strcmp(orc_json_string(line, "state"), "failed") == 0  ? "has failed"
                                                                                        : "is canceled");
    if (!log->is_begun)
        orc_json_put(told, "orchRunId", log->run_id);
    if (is_end)
        json_object_set_new(told, "end", json_true());
    orc_json_put(told, "level", level ? level : "info");
    orc_json_put(told, "message", message);
    orc_json_put(told, "timestamp", apr_psprintf(pool, "%.*sZ", TO_MILLISECONDS, orc_json_string(line, "timestamp")));
    log->is_begun = 1;
    return apr_pstrcat(pool, orc_json_text(told, pool), "\n", NULL);
}

/* The lines in a JSON string, without its quotes. */
static const char *told_lines(log_t *log, const char *lines, apr_pool_t *pool)
{
    apr_array_header_t *told = apr_array_make(pool, 64, sizeof(const char *));
    char *rest = apr_pstrdup(pool, lines), *state, *line;
    const char *text;

    for (line = apr_strtok(rest, "\n", &state); line; line = apr_strtok(NULL, "\n", &state))
        APR_ARRAY_PUSH(told, const char *) = told_line(log, line, pool);
    text = orc_json_text(orc_json_own(json_string(apr_array_pstrcat(pool, told, '\0')), pool), pool);
    return apr_pstrmemdup(pool, text + 1, strlen(text) - 2);
}

static orc_error_t *next(orc_piece_t *piece, void *baton, apr_pool_t *pool)
{
    log_t *log = baton;
    const char *before = log->is_begun ? "" : "\"";
    orc_rules_told_t told;

    ORC_TRY(orc_rules_follow_next(&told, log->follow, pool));
    piece->bytes = apr_pstrcat(pool, before, told_lines(log, told.text, pool), told.is_over ? "\"" : "", NULL);
    piece->length = strlen(piece->bytes);
    piece->then = told.is_over ? ORC_STREAM_END : ORC_STREAM_MORE;
    log->is_begun = 1;
    return NULL;
}

orc_error_t *orc_runs_log(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    orc_rules_log_wish_t wish = {.at = {.id = request->ids[0]}, .lines = {"debug", "-infinity", -1}};
    log_t *log = apr_pcalloc(request->pool, sizeof *log);

    log->run_id = request->ids[0];
    ORC_TRY(orc_runs_find(&wish.at.deployment_id, request));
    ORC_TRY(orc_rules_follow(&log->follow, &call, &wish));
    orc_response_stream(response, "application/json", orc_stream_make(next, log, 0, request->pool));
    return NULL;
}
