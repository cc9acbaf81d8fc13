/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_parsed.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <string.h>

enum {
    PLACES = 64,
    BUDGET = 16 * 1024 * 1024, /* bytes of memory that all kept templates take together */
    LARGEST = 4 * 1024 * 1024, /* larger ones are parsed each time */
};

typedef struct kept_t {
    apr_pool_t *pool; /* a root, so that no other thread allocates from it; NULL: the place is empty */
    const orc_tosca_template_t *tosca;
    const char *id, *version;
    apr_size_t size;
    int users, is_costly;
    apr_uint64_t used; /* the table's count when it was taken last */
} kept_t;

struct orc_rules_parsed_t {
    apr_thread_mutex_t *lock;
    apr_uint64_t count;
    apr_size_t size; /* of all that is kept */
    kept_t kept[PLACES];
};

/* Somebody's use of a place, until their pool dies. */
typedef struct use_t {
    orc_rules_parsed_t *parsed;
    kept_t *kept;
} use_t;

orc_rules_parsed_t *orc_rules_parsed_make(apr_pool_t *pool)
{
    orc_rules_parsed_t *parsed = apr_pcalloc(pool, sizeof *parsed);

    return apr_thread_mutex_create(&parsed->lock, APR_THREAD_MUTEX_DEFAULT, pool) == APR_SUCCESS ? parsed : NULL;
}

static apr_status_t end_use(void *baton)
{
    use_t *use = baton;

    apr_thread_mutex_lock(use->parsed->lock);
    use->kept->users--;
    apr_thread_mutex_unlock(use->parsed->lock);
    return APR_SUCCESS;
}

/* Called with the lock held. */
static void begin_use(orc_rules_parsed_t *parsed, kept_t *kept, apr_pool_t *pool)
{
    use_t *use = apr_palloc(pool, sizeof *use);

    use->parsed = parsed;
    use->kept = kept;
    kept->users++;
    kept->used = ++parsed->count;
    apr_pool_cleanup_register(pool, use, end_use, apr_pool_cleanup_null);
}

const orc_tosca_template_t *orc_rules_parsed_find(orc_rules_parsed_t *parsed, const char *id, const char *version,
                                                  apr_pool_t *pool)
{
    const orc_tosca_template_t *tosca = NULL;
    int i;

    apr_thread_mutex_lock(parsed->lock);
    for (i = 0; i < PLACES && !tosca; i++) {
        kept_t *kept = &parsed->kept[i];

        if (!kept->pool || strcmp(kept->id, id) != 0 || strcmp(kept->version, version) != 0)
            continue;
        begin_use(parsed, kept, pool);
        tosca = kept->tosca;
    }
    apr_thread_mutex_unlock(parsed->lock);
    return tosca;
}

/* Called with the lock held. */
static kept_t *place_of(orc_rules_parsed_t *parsed, const orc_tosca_template_t *tosca)
{
    int i;

    for (i = 0; i < PLACES; i++) {
        if (parsed->kept[i].pool && parsed->kept[i].tosca == tosca)
            return &parsed->kept[i];
    }
    return NULL;
}

int orc_rules_parsed_is_costly(orc_rules_parsed_t *parsed, const orc_tosca_template_t *tosca)
{
    const kept_t *kept;
    int is_costly;

    apr_thread_mutex_lock(parsed->lock);
    kept = place_of(parsed, tosca);
    is_costly = kept && kept->is_costly;
    apr_thread_mutex_unlock(parsed->lock);
    return is_costly;
}

void orc_rules_parsed_mark_costly(orc_rules_parsed_t *parsed, const orc_tosca_template_t *tosca)
{
    kept_t *kept;

    apr_thread_mutex_lock(parsed->lock);
    kept = place_of(parsed, tosca);
    if (kept)
        kept->is_costly = 1;
    apr_thread_mutex_unlock(parsed->lock);
}

/* The place that nobody uses and that was taken longest ago, of the full or of all; NULL when there is none. Called
 * with the lock held. */
static kept_t *oldest_place(orc_rules_parsed_t *parsed, int only_full)
{
    kept_t *oldest = NULL;
    int i;

    for (i = 0; i < PLACES; i++) {
        kept_t *kept = &parsed->kept[i];

        if (kept->users == 0 && (kept->pool || !only_full) && (!oldest || kept->used < oldest->used))
            oldest = kept;
    }
    return oldest;
}

/* Called with the lock held. */
static void empty(orc_rules_parsed_t *parsed, kept_t *kept)
{
    if (!kept->pool)
        return;
    parsed->size -= kept->size;
    apr_pool_destroy(kept->pool);
    *kept = (kept_t){0};
}

/* Makes room for so many bytes; NULL when what is in use leaves none. Called with the lock held. */
static kept_t *make_room(orc_rules_parsed_t *parsed, apr_size_t size)
{
    kept_t *place;

    while (parsed->size + size > BUDGET) {
        if (!(place = oldest_place(parsed, 1)))
            return NULL;
        empty(parsed, place);
    }
    place = oldest_place(parsed, 0);
    if (place)
        empty(parsed, place);
    return place;
}

/* Keeps what was parsed, with its pool, and uses it for another pool's life; 0 when there is no room for it. */
static int keep(orc_rules_parsed_t *parsed, const kept_t *made, apr_pool_t *pool)
{
    kept_t *place;

    apr_thread_mutex_lock(parsed->lock);
    place = make_room(parsed, made->size);
    if (place) {
        *place = *made;
        parsed->size += place->size;
        begin_use(parsed, place, pool);
    }
    apr_thread_mutex_unlock(parsed->lock);
    return place != NULL;
}

static apr_status_t destroy(void *pool)
{
    apr_pool_destroy(pool);
    return APR_SUCCESS;
}

orc_error_t *orc_rules_parsed_add(const orc_tosca_template_t **tosca, orc_rules_parsed_t *parsed, const char *id,
                                  const char *version, const char *content, const orc_tosca_types_t *types,
                                  const char *pointer, apr_pool_t *pool)
{
    orc_tosca_template_t *read;
    orc_error_t *error;
    apr_pool_t *own;
    kept_t made;

    apr_pool_create(&own, NULL);
    error = orc_tosca_parse(&read, content, strlen(content), types, pointer, own);
    if (error) {
        error = orc_error_copy(error, pool);
        apr_pool_destroy(own);
        return error;
    }
    *tosca = read;
    made = (kept_t){.pool = own,
                    .tosca = read,
                    .id = apr_pstrdup(own, id),
                    .version = apr_pstrdup(own, version),
                    .size = orc_tosca_size(read)};
    if (made.size > LARGEST || !keep(parsed, &made, pool))
        apr_pool_cleanup_register(pool, own, destroy, apr_pool_cleanup_null);
    return NULL;
}
