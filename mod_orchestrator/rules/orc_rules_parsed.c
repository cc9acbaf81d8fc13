/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_parsed.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <string.h>

enum {
    PLACES = 64,
    MAX_CONTENT = 64 * 1024, /* longer ones are parsed each time */
};

typedef struct kept_t {
    apr_pool_t *pool; /* a root, so that no other thread allocates from it; NULL: the place is empty */
    const orc_tosca_template_t *tosca;
    const char *id, *version;
    int users;
    apr_uint64_t used; /* the table's count when it was taken last */
} kept_t;

struct orc_rules_parsed_t {
    apr_thread_mutex_t *lock;
    apr_uint64_t count;
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

/* The place that nobody uses and that was taken longest ago; NULL when all are in use. Called with the lock held. */
static kept_t *free_place(orc_rules_parsed_t *parsed)
{
    kept_t *oldest = NULL;
    int i;

    for (i = 0; i < PLACES; i++) {
        kept_t *kept = &parsed->kept[i];

        if (kept->users == 0 && (!oldest || kept->used < oldest->used))
            oldest = kept;
    }
    return oldest;
}

orc_error_t *orc_rules_parsed_add(const orc_tosca_template_t **tosca, orc_rules_parsed_t *parsed, const char *id,
                                  const char *version, const char *content, const orc_tosca_types_t *types,
                                  const char *pointer, apr_pool_t *pool)
{
    apr_size_t length = strlen(content);
    apr_pool_t *own, *old = NULL;
    orc_tosca_template_t *made;
    kept_t *place;

    /* The first parse is the caller's: its error, if any, has to live with them. */
    ORC_TRY(orc_tosca_parse(&made, content, length, types, pointer, pool));
    *tosca = made;
    if (length > MAX_CONTENT || apr_pool_create(&own, NULL) != APR_SUCCESS)
        return NULL;
    if (orc_tosca_parse(&made, content, length, types, pointer, own)) {
        apr_pool_destroy(own);
        return NULL;
    }
    apr_thread_mutex_lock(parsed->lock);
    place = free_place(parsed);
    if (place) {
        old = place->pool;
        *place = (kept_t){.pool = own,
                          .tosca = made,
                          .id = apr_pstrdup(own, id),
                          .version = apr_pstrdup(own, version),
                          .used = ++parsed->count};
    }
    apr_thread_mutex_unlock(parsed->lock);
    if (!place)
        apr_pool_destroy(own);
    if (old)
        apr_pool_destroy(old);
    return NULL;
}
