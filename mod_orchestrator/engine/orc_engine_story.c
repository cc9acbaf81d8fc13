/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_story.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <stdarg.h>
#include <string.h>

#include "orc_utf8.h"

enum {
    MAX_LINE = 2000,
    MAX_ATTEMPTS = 20, /* remembered */
    MAX_LEFT = 20,     /* named among an operation's errors; its log names all */
    ELLIPSIS = 3,      /* full stops that say that a text was cut */
};

#define UNKNOWN "unknown"

static json_t *list_of(json_t *object, const char *key)
{
    json_t *list = json_object_get(object, key);

    if (!list) {
        list = json_array();
        json_object_set_new(object, key, list);
    }
    return list;
}

/* A text cut to whole characters; what is no UTF-8 at all is left out. */
static json_t *text(const char *value)
{
    json_t *string = json_string(value);

    return string ? string : json_string("");
}

/* Bytes of a reason without what ends it: white space, and full stops that are no ellipsis. */
static apr_size_t bare_length(const char *reason)
{
    apr_size_t length = strlen(reason), dots;

    do {
        while (length && apr_isspace(reason[length - 1]))
            length--;
        for (dots = 0; dots < length && reason[length - 1 - dots] == '.';)
            dots++;
        length -= dots < ELLIPSIS ? dots : dots - ELLIPSIS;
    } while (dots && dots < ELLIPSIS);
    return length;
}

const char *orc_story_bare(const char *reason, apr_pool_t *pool)
{
    reason = reason ? reason : "";
    return apr_pstrmemdup(pool, reason, bare_length(reason));
}

const char *orc_story_because(apr_pool_t *pool, const char *reason, const char *format, ...)
{
    const char *begin, *bare = orc_story_bare(reason, pool);
    apr_size_t length = strlen(bare);
    va_list arguments;

    va_start(arguments, format);
    begin = apr_pvsprintf(pool, format, arguments);
    va_end(arguments);
    return apr_pstrcat(pool, begin, *bare ? ": " : "", bare, length && strchr(".!?", bare[length - 1]) ? "" : ".",
                       NULL);
}

const char *orc_story_name(const char *infra, const char *tag, apr_pool_t *pool)
{
    return infra ? apr_psprintf(pool, "Infrastructure %s", infra)
                 : apr_psprintf(pool, "An infrastructure with the tag %s", tag ? tag : UNKNOWN);
}

const char *orc_story_left(const orc_address_t *at, const char *infra, const char *tag, const char *reason,
                           apr_pool_t *pool)
{
    return orc_story_because(pool, reason, "%s may be left at IM %s (provider %s)", orc_story_name(infra, tag, pool),
                             at->endpoint ? at->endpoint : UNKNOWN, at->provider ? at->provider : UNKNOWN);
}

void orc_story_log(json_t *changes, const char *level, const char *stage, int step, const char *format, ...)
{
    char line[MAX_LINE + 1];
    json_t *entry = json_object();
    apr_size_t length;
    va_list arguments;

    va_start(arguments, format);
    apr_vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    length = strlen(line);
    if (length == MAX_LINE) {
        /* It may be cut, and that may have left half a character behind. */
        line[orc_utf8_cut(line, length - 1)] = '\0';
    }
    json_object_set_new(entry, "level", json_string(level));
    json_object_set_new(entry, "stage", json_string(stage));
    if (step)
        json_object_set_new(entry, "step", json_integer(step));
    json_object_set_new(entry, "message", text(line));
    json_array_append_new(list_of(changes, "logs"), entry);
}

/* A step that began and ended between two writes is one entry. */
static json_t *add_step(json_t *changes, json_t *step)
{
    json_t *steps = list_of(changes, "steps"), *former;
    size_t i;

    json_array_foreach(steps, i, former)
    {
        if (json_equal(json_object_get(former, "number"), json_object_get(step, "number"))) {
            json_object_update(former, step);
            json_decref(step);
            return former;
        }
    }
    json_array_append_new(steps, step);
    return step;
}

json_t *orc_story_step(json_t *changes, int number, const char *stage, const char *name)
{
    json_t *step =
        json_pack("{s:i, s:s, s:s, s:s}", "number", number, "stage", stage, "name", name, "status", "running");

    json_array_append_new(list_of(changes, "steps"), step);
    return step;
}

json_t *orc_story_end_step(json_t *changes, const orc_story_step_t *step, const char *status, const char *message)
{
    json_t *ended = json_object();

    json_object_set_new(ended, "number", json_integer(step->number));
    orc_json_put(ended, "stage", step->stage);
    orc_json_put(ended, "name", step->name);
    orc_json_put(ended, "provider", step->provider);
    orc_json_put(ended, "region", step->region);
    orc_json_put(ended, "infra", step->infra);
    orc_json_put(ended, "status", status);
    json_object_set_new(ended, "message", text(message ? message : ""));
    return add_step(changes, ended);
}

void orc_story_attempt(orc_story_t *story, const char *provider, const char *reason, apr_pool_t *pool)
{
    if (!story->attempts)
        story->attempts = orc_json_own(json_array(), pool);
    story->count++;
    if (json_array_size(story->attempts) == MAX_ATTEMPTS)
        json_array_remove(story->attempts, MAX_ATTEMPTS / 2);
    json_array_append_new(story->attempts, json_pack("{s:i, s:s, s:o}", "attempt", (int)story->count, "provider",
                                                     provider, "reason", text(reason)));
}

void orc_story_remember_left(orc_story_t *story, const char *sentence, apr_pool_t *pool)
{
    if (!story->left)
        story->left = orc_json_own(json_array(), pool);
    if (json_array_size(story->left) < MAX_LEFT)
        json_array_append_new(story->left, text(sentence));
}

static const char *tell_attempt(const json_t *attempt, apr_pool_t *pool)
{
    return orc_story_because(pool, orc_json_string(attempt, "reason"), "Attempt %d at %s",
                             (int)orc_json_integer(attempt, "attempt", 0), orc_json_string(attempt, "provider"));
}

const char *orc_story_sum(const orc_story_t *story, const char *end, apr_pool_t *pool)
{
    apr_array_header_t *parts = apr_array_make(pool, 8, sizeof(const char *));
    size_t i;

    if (end)
        APR_ARRAY_PUSH(parts, const char *) = end;
    for (i = 0; i < json_array_size(story->attempts); i++)
        APR_ARRAY_PUSH(parts, const char *) = tell_attempt(json_array_get(story->attempts, i), pool);
    return apr_array_pstrcat(pool, parts, ' ');
}

static void add_error(json_t *errors, const char *code, const char *description)
{
    json_array_append_new(errors, json_pack("{s:s, s:o}", "error", code, "description", text(description)));
}

json_t *orc_story_errors(const orc_story_t *story, const char *code, const char *end, apr_pool_t *pool)
{
    const json_t *entry;
    json_t *errors = orc_json_own(json_array(), pool);
    size_t i;

    json_array_foreach(story->attempts, i, entry)
    {
        add_error(errors, "attempt.failed", tell_attempt(entry, pool));
    }
    if (end)
        add_error(errors, code, end);
    json_array_foreach(story->left, i, entry)
    {
        add_error(errors, "infrastructure.left", json_string_value(entry));
    }
    return errors;
}
