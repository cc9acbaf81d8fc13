/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_STORY_H
#define ORC_ENGINE_STORY_H

#include "orc_json.h"

/* What an operation tells people: log lines, steps, and the sum of all attempts when it failed. Pure: works on the
 * `changes` and the `progress` of a task. */

/** A reason without what ends its sentence: it may come as a sentence or as a part of one, and goes into another. */
const char *orc_story_bare(const char *reason, apr_pool_t *pool);

/** A sentence, "begin: reason.", with one end however the reason ends. In the pool. */
const char *orc_story_because(apr_pool_t *pool, const char *reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * The one sentence that names what may be left at IM: an administrator searches the log for it, and finds by it.
 * @param entry {infra | tag, endpoint, provider}; what is not known is told as "unknown"
 */
const char *orc_story_left(const json_t *entry, const char *reason, apr_pool_t *pool);

/** Keeps such a sentence for the operation's errors. */
void orc_story_remember_left(json_t *progress, const char *sentence);

/** Adds a line to the operation's log. `step` 0: none. */
void orc_story_log(json_t *changes, const char *level, const char *stage, int step, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/** Opens a step, {number, stage, name, status running}; the object, for further members. */
json_t *orc_story_step(json_t *changes, int number, const char *stage, const char *name);

/** Ends a step that was opened before. `status`: succeeded, failed, canceled. */
json_t *orc_story_end_step(json_t *changes, const json_t *step, const char *status, const char *message);

/** Remembers why an attempt failed; of many, the first and the last ones are kept. */
void orc_story_attempt(json_t *progress, const char *provider, const char *reason);

/** What became of all attempts, in one sentence each: the deployment's status_reason. In the pool. */
const char *orc_story_sum(const json_t *progress, const char *end, apr_pool_t *pool);

/** The operation's list of errors, {error, description}: the same, and what may be left at IM. `end`: may be NULL. In
 * the pool. */
json_t *orc_story_errors(const json_t *progress, const char *code, const char *end, apr_pool_t *pool);

#endif
