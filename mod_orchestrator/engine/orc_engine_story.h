/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_STORY_H
#define ORC_ENGINE_STORY_H

#include "orc_engine_step.h"

/* What an operation tells people: log lines, steps, and the sum of all attempts when it failed. Pure: works on the
 * `changes` of a task. */

/** What an operation remembers of its attempts, a part of its memory. */
typedef struct orc_story_t {
    json_t *attempts;  /* list of {attempt, provider, reason} */
    apr_int64_t count; /* of all that failed */
    json_t *left;      /* sentences of what may be left at IM */
} orc_story_t;

#define ORC_STORY_FIELDS(type)                                                                                         \
    ORC_FIELD_AS(type, "story", story.attempts, JSON, 0), ORC_FIELD_AS(type, "left", story.left, JSON, 0),             \
        ORC_FIELD_AS(type, "failed_attempts", story.count, NUMBER, 0)

/** A step of an operation, as people see it. */
typedef struct orc_story_step_t {
    apr_int64_t number;
    const char *stage, *name;
    const char *provider, *region, *infra; /* or NULL */
} orc_story_step_t;

/** A reason without what ends its sentence: it may come as a sentence or as a part of one, and goes into another. */
const char *orc_story_bare(const char *reason, apr_pool_t *pool);

/** A sentence, "begin: reason.", with one end however the reason ends. In the pool. */
const char *orc_story_because(apr_pool_t *pool, const char *reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** What begins a sentence about one: by its id at IM, or, when that is NULL, by its `tag`. In the pool. */
const char *orc_story_name(const char *infra, const char *tag, apr_pool_t *pool);

/**
 * The one sentence that names what may be left at IM: an administrator searches the log for it, and finds by it.
 * @param infra or, when that is NULL, its `tag`; what is not known is told as "unknown"
 */
const char *orc_story_left(const orc_address_t *at, const char *infra, const char *tag, const char *reason,
                           apr_pool_t *pool);

/** Keeps such a sentence for the operation's errors. */
void orc_story_remember_left(orc_story_t *story, const char *sentence, apr_pool_t *pool);

/** Adds a line to the operation's log. `step` 0: none. */
void orc_story_log(json_t *changes, const char *level, const char *stage, int step, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/** Opens a step, {number, stage, name, status running}; the object, for further members. */
json_t *orc_story_step(json_t *changes, int number, const char *stage, const char *name);

/** Ends a step that was opened before. `status`: succeeded, failed, canceled. */
json_t *orc_story_end_step(json_t *changes, const orc_story_step_t *step, const char *status, const char *message);

/** Remembers why an attempt failed; of many, the first and the last ones are kept. */
void orc_story_attempt(orc_story_t *story, const char *provider, const char *reason, apr_pool_t *pool);

/** What became of all attempts, in one sentence each: the deployment's status_reason. In the pool. */
const char *orc_story_sum(const orc_story_t *story, const char *end, apr_pool_t *pool);

/** The operation's list of errors, {error, description}: the same, and what may be left at IM. `end`: may be NULL. In
 * the pool. */
json_t *orc_story_errors(const orc_story_t *story, const char *code, const char *end, apr_pool_t *pool);

#endif
