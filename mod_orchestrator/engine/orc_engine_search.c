/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_engine_internal.h"
#include "orc_log.h"
#include "orc_tosca.h"
#include "orc_words.h"

/*
 * What became of a creation that was never answered: IM lists the person's infrastructures; those that nobody owns are
 * asked for their document, which holds the attempt's tag. A tag never changes, so what was read once is kept.
 */

enum { MAX_TAGS = 20000 /* remembered */ };

typedef struct search_t {
    const json_t *entry;
    const char *operation, *tag;
    orc_search_found_t *found;
    orc_task_answer_t *failed;
    apr_array_header_t *ids; /* of const char *, still to be read */
    int at;
} search_t;

static void read_next(orc_task_t *task);

static const char *known_tag(const orc_engine_t *engine, const char *id)
{
    return apr_hash_get(engine->tags, id, APR_HASH_KEY_STRING);
}

static void remember_tag(orc_engine_t *engine, const char *id, const char *tag)
{
    if (apr_hash_count(engine->tags) >= MAX_TAGS) {
        apr_pool_clear(engine->tags_pool);
        engine->tags = apr_hash_make(engine->tags_pool);
    }
    apr_hash_set(engine->tags, apr_pstrdup(engine->tags_pool, id), APR_HASH_KEY_STRING,
                 apr_pstrdup(engine->tags_pool, tag ? tag : ""));
}

static void call(orc_task_t *task, orc_call_kind_t kind, const char *infra, orc_task_answer_t *answer)
{
    orc_call_t wanted = orc_task_call_about(((const search_t *)task->search)->entry, kind, answer);

    wanted.infra = infra;
    orc_task_call(task, &wanted);
}

static void on_document(orc_task_t *task, const orc_im_result_t *result)
{
    search_t *search = task->search;
    const char *id = APR_ARRAY_IDX(search->ids, search->at, const char *);

    if (result->kind == ORC_IM_OK) {
        const char *tag = orc_tosca_find_tag(result->text, result->length, ORC_ENGINE_TAG, task->pool);

        remember_tag(task->engine, id, tag);
        if (tag && strcmp(tag, search->tag) == 0) {
            search->found(task, id);
            return;
        }
    }
    else if (orc_engine_sickness(result) || result->kind == ORC_IM_TOKEN_REJECTED) {
        search->failed(task, result);
        return;
    }
    search->at++;
    read_next(task);
}

static void read_next(orc_task_t *task)
{
    search_t *search = task->search;

    for (; search->at < search->ids->nelts; search->at++) {
        const char *id = APR_ARRAY_IDX(search->ids, search->at, const char *), *tag = known_tag(task->engine, id);

        if (!tag) {
            call(task, ORC_CALL_TOSCA, id, on_document);
            return;
        }
        if (strcmp(tag, search->tag) == 0) {
            search->found(task, id);
            return;
        }
    }
    search->found(task, NULL);
}

/* Those of IM's list that belong to nothing we know; and what somebody noted for this tag meanwhile. */
static orc_error_t *sort_out(const char **answered, orc_task_t *task, const apr_array_header_t *ids, apr_pool_t *pool)
{
    search_t *search = task->search;
    apr_array_header_t *known;
    orc_db_t *db;
    int i;

    ORC_TRY(orc_db_open(&db, task->engine->source, pool));
    ORC_TRY(orc_store_answer(answered, db, search->operation, search->tag, pool));
    ORC_TRY(orc_store_known(&known, db, ids, pool));
    orc_db_close(db);
    search->ids = apr_array_make(task->pool, 8, sizeof(const char *));
    for (i = 0; i < ids->nelts; i++) {
        const char *id = APR_ARRAY_IDX(ids, i, const char *);

        if (!orc_words_contain(known, id))
            APR_ARRAY_PUSH(search->ids, const char *) = apr_pstrdup(task->pool, id);
    }
    *answered = apr_pstrdup(task->pool, *answered);
    return NULL;
}

static void on_list(orc_task_t *task, const orc_im_result_t *result)
{
    search_t *search = task->search;
    const char *answered = NULL;
    orc_error_t *error;
    apr_pool_t *pool;

    if (result->kind != ORC_IM_OK) {
        search->failed(task, result);
        return;
    }
    apr_pool_create(&pool, task->pool);
    error = sort_out(&answered, task, result->ids, pool);
    if (error)
        orc_log(ORC_LOG_INFO, "operation %s: %s", task->work->id, orc_error_line(error, pool));
    apr_pool_destroy(pool);
    if (error)
        orc_task_end(task, apr_time_from_sec(1));
    else if (answered)
        search->found(task, answered);
    else
        read_next(task);
}

void orc_task_search(orc_task_t *task, const json_t *entry, orc_search_found_t *found, orc_task_answer_t *failed)
{
    search_t *search = apr_pcalloc(task->pool, sizeof *search);

    search->operation = orc_json_string(entry, "operation");
    if (!search->operation)
        search->operation = task->work->id;
    search->tag = orc_json_string(entry, "tag");
    search->entry = entry;
    search->found = found;
    search->failed = failed;
    task->search = search;
    if (!search->tag) {
        found(task, NULL);
        return;
    }
    call(task, ORC_CALL_LIST, NULL, on_list);
}
