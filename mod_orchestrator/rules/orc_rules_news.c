/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_news.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_id.h"
#include "orc_monitor.h"

enum {
    PLACES = 256, /* things that are followed, more than a host has followers */
    MAX_TEXT = 64,
};

typedef struct place_t {
    char id[ORC_ID_LENGTH + 1];
    char text[MAX_TEXT];
    unsigned moved;
    int followers; /* 0: it is free */
} place_t;

struct orc_news_t {
    orc_monitor_t *monitor; /* guards all below */
    apr_time_t looked_at;
    place_t places[PLACES];
};

orc_news_t *orc_news_make(apr_pool_t *pool)
{
    orc_news_t *news = apr_pcalloc(pool, sizeof *news);

    news->monitor = orc_monitor_make(pool);
    return news->monitor ? news : NULL;
}

/* The place of an id, or a free one, or -1. */
static int find(const orc_news_t *news, const char *id)
{
    int i, is_free = -1;

    for (i = 0; i < PLACES; i++) {
        if (!news->places[i].followers)
            is_free = is_free < 0 ? i : is_free;
        else if (strcmp(news->places[i].id, id) == 0)
            return i;
    }
    return is_free;
}

int orc_news_enter(orc_news_t *news, const char *id)
{
    place_t *place;
    int at;

    orc_monitor_lock(news->monitor);
    at = find(news, id);
    place = at >= 0 ? &news->places[at] : NULL;
    if (place && !place->followers) {
        apr_cpystrn(place->id, id, sizeof place->id);
        *place->text = '\0';
    }
    if (place)
        place->followers++;
    orc_monitor_unlock(news->monitor);
    return at;
}

void orc_news_leave(orc_news_t *news, int place)
{
    if (place < 0)
        return;
    orc_monitor_lock(news->monitor);
    news->places[place].followers--;
    orc_monitor_unlock(news->monitor);
}

int orc_news_is_due(orc_news_t *news, apr_time_t now, apr_interval_time_t interval)
{
    int is_due;

    orc_monitor_lock(news->monitor);
    is_due = now >= news->looked_at + interval;
    if (is_due)
        news->looked_at = now;
    orc_monitor_unlock(news->monitor);
    return is_due;
}

apr_array_header_t *orc_news_ids(orc_news_t *news, apr_pool_t *pool)
{
    apr_array_header_t *ids = apr_array_make(pool, 8, sizeof(const char *));
    int i;

    orc_monitor_lock(news->monitor);
    for (i = 0; i < PLACES; i++) {
        if (news->places[i].followers)
            APR_ARRAY_PUSH(ids, const char *) = apr_pstrdup(pool, news->places[i].id);
    }
    orc_monitor_unlock(news->monitor);
    return ids;
}

void orc_news_tell(orc_news_t *news, const char *id, const char *text)
{
    place_t *place;
    int at;

    orc_monitor_lock(news->monitor);
    at = find(news, id);
    place = at >= 0 && news->places[at].followers ? &news->places[at] : NULL;
    if (place && strncmp(place->text, text, MAX_TEXT - 1) != 0) {
        apr_cpystrn(place->text, text, sizeof place->text);
        place->moved++;
    }
    orc_monitor_unlock(news->monitor);
}

unsigned orc_news_moved(orc_news_t *news, int place)
{
    unsigned moved;

    orc_monitor_lock(news->monitor);
    moved = place >= 0 ? news->places[place].moved : ++news->places[0].moved;
    orc_monitor_unlock(news->monitor);
    return moved;
}
