/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_search.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <string.h>

#include "orc_tosca.h"

enum { MAX_TAGS = 20000 /* remembered */ };

struct orc_tags_t {
    apr_pool_t *pool; /* cleared when there are too many */
    apr_hash_t *by_infra;
};

typedef struct orc_search_t {
    orc_address_t at;
    const char *operation, *tag;
    orc_search_found_t *found;
    orc_answer_t *failed;
    const apr_array_header_t *listed; /* of const char *, all that IM has of the person */
    apr_array_header_t *ids;          /* of const char *, still to be read */
    int next;
} orc_search_t;

/* ---- tags ---- */

orc_tags_t *orc_tags_make(apr_pool_t *pool)
{
    orc_tags_t *tags = apr_pcalloc(pool, sizeof *tags);

    apr_pool_create(&tags->pool, pool);
    tags->by_infra = apr_hash_make(tags->pool);
    return tags;
}

static void remember(orc_tags_t *tags, const char *id, const char *tag)
{
    if (apr_hash_count(tags->by_infra) >= MAX_TAGS) {
        apr_pool_clear(tags->pool);
        tags->by_infra = apr_hash_make(tags->pool);
    }
    apr_hash_set(tags->by_infra, apr_pstrdup(tags->pool, id), APR_HASH_KEY_STRING,
                 apr_pstrdup(tags->pool, tag ? tag : ""));
}

/* ---- the search ---- */

static orc_step_t read_next(orc_task_t *task);

static orc_step_t on_document(orc_task_t *task, const orc_im_result_t *result)
{
    orc_search_t *search = task->search;
    const char *id = APR_ARRAY_IDX(search->ids, search->next, const char *);

    if (result->kind == ORC_IM_OK) {
        const char *tag = orc_tosca_find_tag(result->text, result->length, ORC_ENGINE_TAG, task->pool);

        remember(task->tags, id, tag);
        if (tag && strcmp(tag, search->tag) == 0)
            return search->found(task, id);
    }
    else if (orc_engine_sickness(result) || result->kind == ORC_IM_TOKEN_REJECTED) {
        return search->failed(task, result);
    }
    search->next++;
    return read_next(task);
}

static orc_step_t read_next(orc_task_t *task)
{
    orc_search_t *search = task->search;

    for (; search->next < search->ids->nelts; search->next++) {
        const char *id = APR_ARRAY_IDX(search->ids, search->next, const char *);
        const char *tag = apr_hash_get(task->tags->by_infra, id, APR_HASH_KEY_STRING);

        if (!tag) {
            orc_call_t call = orc_call_about(&search->at, ORC_CALL_TOSCA, id, on_document);

            return orc_step_call(&call);
        }
        if (strcmp(tag, search->tag) == 0)
            return search->found(task, id);
    }
    return search->found(task, NULL);
}

/* Those of IM's list that belong to nothing we know are left; or what somebody noted for this tag meanwhile is it. */
static orc_step_t on_known(orc_task_t *task, const orc_found_t *found)
{
    orc_search_t *search = task->search;
    apr_hash_t *known = apr_hash_make(task->pool); /* people have thousands: no comparing of each with each */
    int i;

    if (found->noted)
        return search->found(task, found->noted);
    search->ids = apr_array_make(task->pool, 8, sizeof(const char *));
    for (i = 0; found->known && i < found->known->nelts; i++)
        apr_hash_set(known, APR_ARRAY_IDX(found->known, i, const char *), APR_HASH_KEY_STRING, "");
    for (i = 0; i < search->listed->nelts; i++) {
        const char *id = APR_ARRAY_IDX(search->listed, i, const char *);

        if (!apr_hash_get(known, id, APR_HASH_KEY_STRING))
            APR_ARRAY_PUSH(search->ids, const char *) = id;
    }
    return read_next(task);
}

static apr_array_header_t *copied(const apr_array_header_t *words, apr_pool_t *pool)
{
    apr_array_header_t *copy = apr_array_make(pool, words->nelts, sizeof(const char *));
    int i;

    for (i = 0; i < words->nelts; i++)
        APR_ARRAY_PUSH(copy, const char *) = apr_pstrdup(pool, APR_ARRAY_IDX(words, i, const char *));
    return copy;
}

static orc_step_t on_list(orc_task_t *task, const orc_im_result_t *result)
{
    orc_search_t *search = task->search;
    orc_read_t read = {.kind = ORC_READ_KNOWN, .operation = search->operation, .tag = search->tag, .then = on_known};

    if (result->kind != ORC_IM_OK)
        return search->failed(task, result);
    read.ids = search->listed = copied(result->ids, task->pool);
    return orc_step_read(read);
}

orc_step_t orc_task_search(orc_task_t *task, const orc_address_t *at, const char *operation, const char *tag,
                           orc_search_found_t *found, orc_answer_t *failed)
{
    orc_search_t *search = task->search = apr_pcalloc(task->pool, sizeof *search);
    orc_call_t call = orc_call_about(at, ORC_CALL_LIST, NULL, on_list);

    search->at = *at;
    search->operation = operation;
    search->tag = tag;
    search->found = found;
    search->failed = failed;
    return tag ? orc_step_call(&call) : found(task, NULL);
}
