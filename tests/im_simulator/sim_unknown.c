/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_call.h"

#include <apr_strings.h>
#include <string.h>

void sim_fail_validation(sim_call_t *call, const char *type, const char *where, const char *name, const char *text,
                         const char *input)
{
    json_t *detail = json_pack("{s:s, s:[s, s], s:s, s:s}", "type", type, "loc", where, name, "msg",
                               apr_pstrcat(call->pool, "Input should be ", text, NULL), "input", input);

    if (!strcmp(type, "literal_error")) {
        json_object_set_new(detail, "ctx", json_pack("{s:s}", "expected", text));
    }
    sim_reply_json(call->reply, call->server, call->pool, 422, json_pack("{s:[o]}", "detail", detail));
}

/* Paths whose last segment IM checks against a list of words: FastAPI's 422 in 2.x, an error of its own in 1.x. */
typedef struct {
    const char *method, *path, *name, *choices;
    int status;
    const char *message; /* of 1.x; %s is the segment */
} word_t;

#define NOT_ON_SERVER                                                                                                  \
    "404 Not Found: The requested URL was not found on the server. If you entered the URL manually please check your " \
    "spelling and try again."

static const word_t words[] = {
    {"GET", "/infrastructures/{}/{}", "prop",
     "'contmsg', 'radl', 'tosca', 'state', 'outputs', 'data' or 'authorization'", 404,
     "Incorrect infrastructure property"},
    {"PUT", "/infrastructures/{}/{}", "op", "'start' or 'stop'", 400, "Error in %s operation: " NOT_ON_SERVER},
    {"PUT", "/infrastructures/{}/vms/{}/{}", "op", "'start', 'stop' or 'reboot'", 400,
     "Error in %s op in VM: " NOT_ON_SERVER},
    {"GET", "/clouds/{}/{}", "param", "'images' or 'quotas'", 404, "Incorrect cloud property"},
};

static const word_t *find_word(const sim_call_t *call)
{
    apr_array_header_t *parameters = apr_array_make(call->pool, 3, sizeof(char *));

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (!strcmp(words[i].method, call->request->method) &&
            sim_route_matches(parameters, words[i].path, call->request->path, call->pool)) {
            return &words[i];
        }
    }
    return NULL;
}

void sim_answer_unknown_route(sim_call_t *call, int is_known_path)
{
    const word_t *word = find_word(call);
    const char *segment = strrchr(call->request->path, '/') + 1;

    if (word && call->server->generation == 2) {
        sim_fail_validation(call, "literal_error", "path", word->name, word->choices, segment);
    }
    else if (word) {
        const char *rest = strstr(word->message, "%s");
        sim_fail(call, word->status,
                 rest ? apr_pstrcat(call->pool, apr_pstrmemdup(call->pool, word->message, rest - word->message),
                                    segment, rest + 2, NULL)
                      : word->message);
    }
    else if (call->server->generation == 2) {
        sim_reply_json(call->reply, call->server, call->pool, is_known_path ? 405 : 404,
                       json_pack("{s:s}", "detail", is_known_path ? "Method Not Allowed" : "Not Found"));
    }
    else if (is_known_path && !strcmp(call->request->method, "OPTIONS")) {
        sim_reply_text(call->reply, 200, "text/html; charset=utf-8", "");
    }
    else {
        sim_fail(call, 405, "The method is not allowed for the requested URL.");
    }
}
