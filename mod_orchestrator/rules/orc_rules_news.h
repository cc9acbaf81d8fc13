/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_NEWS_H
#define ORC_RULES_NEWS_H

#include <apr_tables.h>
#include <apr_time.h>

/*
 * What those who follow something in one process wait for: one of them looks at the database for all, now and then, so
 * that a hundred who wait for nothing cost one statement. Thread-safe.
 */
typedef struct orc_news_t orc_news_t;

/** NULL when the system refuses a mutex. */
orc_news_t *orc_news_make(apr_pool_t *pool);

/** Somebody follows what has that id (a UUID). Returns their place, or -1: there is none left, and they have to look
 * for themselves. */
int orc_news_enter(orc_news_t *news, const char *id);

/** Safe for -1. */
void orc_news_leave(orc_news_t *news, int place);

/** True when nobody has looked for that long: the caller has to. `now`: orc_time_monotonic's. */
int orc_news_is_due(orc_news_t *news, apr_time_t now, apr_interval_time_t interval);

/** Ids that somebody follows, of const char *, in the pool. */
apr_array_header_t *orc_news_ids(orc_news_t *news, apr_pool_t *pool);

/** What is known of one now: a text that moves whenever it does, of less than 64 bytes; "": it is no more. */
void orc_news_tell(orc_news_t *news, const char *id, const char *text);

/** How often that moved; nothing is known of a place below 0: always another number. */
unsigned orc_news_moved(orc_news_t *news, int place);

#endif
