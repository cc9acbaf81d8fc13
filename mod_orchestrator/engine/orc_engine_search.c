/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_search.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <string.h>

#include "orc_tosca.h"
#include "orc_words.h"

enum { MAX_TAGS = 20000 /* remembered */ };

struct orc_tags_t {
    apr_pool_t *pool; /* cleared when there are too many */
    apr_hash_t *by_infra;
};

typedef struct orc_search_t {
    orc_address_t at;
    const char *tag;
    orc_search_done_t *done;
    orc_answer_t *failed;
    const apr_array_header_t *listed; /* of const char *, all that IM has of the person */
    apr_array_header_t *ids;          /* of const char *, still to be read */
    int next;
    int is_open;
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

const char *orc_search_name(const char *deployment, const char *tag, apr_pool_t *pool)
{
    return apr_pstrcat(pool, deployment, "/", tag, NULL);
}

static orc_step_t read_next(orc_task_t *task);

static const char *id_of(const orc_task_t *task)
{
    return APR_ARRAY_IDX(task->search->ids, task->search->next, const char *);
}

static orc_step_t ask(orc_task_t *task, orc_call_kind_t kind, const char *infra, orc_answer_t *answer)
{
    orc_call_t call = orc_call_about(&task->search->at, kind, infra, answer);

    return orc_step_call(&call);
}

/* True when IM doesn't tell anything of anything at the moment. */
static int is_no_answer(const orc_im_result_t *result)
{
    return orc_engine_sickness(result) || result->kind == ORC_IM_TOKEN_REJECTED;
}

static orc_step_t go_on(orc_task_t *task)
{
    task->search->next++;
    return read_next(task);
}

/* IM writes the name when the launch is over: without a description, what it made may be anybody's. */
static orc_step_t on_radl(orc_task_t *task, const orc_im_result_t *result)
{
    orc_search_t *search = task->search;

    if (is_no_answer(result))
        return search->failed(task, result);
    if (result->kind == ORC_IM_OK) {
        const char *name = orc_search_name(task->work->deployment_id, search->tag, task->pool);

        if (strstr(result->text, apr_psprintf(task->pool, "name = '%s'", name)))
            return search->done(task, ORC_SEARCH_FOUND, id_of(task));
        search->is_open |= !strstr(result->text, "description ");
    }
    else if (result->kind != ORC_IM_NOT_FOUND) {
        search->is_open = 1;
    }
    return go_on(task);
}

static orc_step_t on_document(orc_task_t *task, const orc_im_result_t *result)
{
    orc_search_t *search = task->search;

    if (is_no_answer(result))
        return search->failed(task, result);
    if (result->kind == ORC_IM_OK) {
        const char *tag = orc_tosca_find_tag(result->text, result->length, ORC_ENGINE_TAG, task->pool);

        remember(task->tags, id_of(task), tag);
        if (tag && strcmp(tag, search->tag) == 0)
            return search->done(task, ORC_SEARCH_FOUND, id_of(task));
    }
    else if (result->kind != ORC_IM_NOT_FOUND) {
        return ask(task, ORC_CALL_RADL, id_of(task), on_radl);
    }
    return go_on(task);
}

static orc_step_t on_living(orc_task_t *task, const orc_found_t *found)
{
    return task->search->done(task, found->count ? ORC_SEARCH_UNLISTED : ORC_SEARCH_ABSENT, NULL);
}

static orc_step_t read_next(orc_task_t *task)
{
    orc_search_t *search = task->search;

    for (; search->next < search->ids->nelts; search->next++) {
        const char *tag = apr_hash_get(task->tags->by_infra, id_of(task), APR_HASH_KEY_STRING);

        if (!tag)
            return ask(task, ORC_CALL_TOSCA, id_of(task), on_document);
        if (strcmp(tag, search->tag) == 0)
            return search->done(task, ORC_SEARCH_FOUND, id_of(task));
    }
    if (search->is_open)
        return search->done(task, ORC_SEARCH_OPEN, NULL);
    return orc_step_read((orc_read_t){
        .kind = ORC_READ_LIVING, .endpoint = search->at.endpoint, .ids = search->listed, .then = on_living});
}

/* Those of IM's list that belong to nothing we know are left; or what somebody noted for this tag meanwhile is it. */
static orc_step_t on_known(orc_task_t *task, const orc_found_t *found)
{
    orc_search_t *search = task->search;

    if (found->noted)
        return search->done(task, ORC_SEARCH_FOUND, found->noted);
    search->ids = orc_words_without(search->listed, found->known, task->pool);
    return read_next(task);
}

static orc_step_t on_list(orc_task_t *task, const orc_im_result_t *result)
{
    orc_search_t *search = task->search;
    orc_read_t read = {.kind = ORC_READ_KNOWN, .tag = search->tag, .then = on_known};

    if (result->kind != ORC_IM_OK)
        return search->failed(task, result);
    read.ids = search->listed = orc_words_copy(result->ids, task->pool);
    return orc_step_read(read);
}

orc_step_t orc_task_search(orc_task_t *task, const orc_address_t *at, const char *tag, orc_search_done_t *done,
                           orc_answer_t *failed)
{
    orc_search_t *search = task->search = apr_pcalloc(task->pool, sizeof *search);

    search->at = *at;
    search->tag = tag;
    search->done = done;
    search->failed = failed;
    return ask(task, ORC_CALL_LIST, NULL, on_list);
}
