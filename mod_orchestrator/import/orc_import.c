/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_import.h"

#include <apr_hash.h>
#include <apr_strings.h>

#include "kinds/create/orc_create.h"
#include "orc_import_old.h"

typedef struct run_t {
    const orc_import_t *import;
    orc_import_sum_t *sum;
    apr_hash_t *seen; /* persons, templates and infrastructures of this run: a dry run leaves none in the database */
    apr_pool_t *pool;
} run_t;

/* True the first time. */
static int is_first(run_t *run, const char *kind, const char *name)
{
    const char *key = apr_pstrcat(run->pool, kind, name, NULL);
    int is_seen = apr_hash_get(run->seen, key, APR_HASH_KEY_STRING) != NULL;

    apr_hash_set(run->seen, key, APR_HASH_KEY_STRING, "");
    return !is_seen;
}

static void tell(const run_t *run, const char *id, const char *how, const char *what, apr_pool_t *pool)
{
    run->import->tell(apr_psprintf(pool, "deployment %s: %s%s", id, how, what));
}

/* ---- deployments ---- */

/* The memory of a creation that goes on. */
static const char *memory_of(const orc_rules_adoptee_t *adoptee, const orc_rules_adopted_creation_t *creation,
                             apr_pool_t *pool)
{
    const orc_attempt_t attempt = {.at = {adoptee->endpoint, adoptee->provider, adoptee->region, adoptee->project},
                                   .name = creation->name,
                                   .tag = creation->tag,
                                   .infra = adoptee->infra_id};

    return orc_create_adopted(&attempt, creation->outputs, creation->machines, creation->wants_public, apr_time_now(),
                              pool);
}

static orc_error_t *take(run_t *run, const char *id, apr_pool_t *pool)
{
    apr_array_header_t *notes = apr_array_make(pool, 4, sizeof(const char *));
    const orc_import_t *import = run->import;
    const orc_rules_adopted_creation_t *creation;
    orc_rules_adoption_t *adoption;
    orc_rules_adopted_t adopted;
    orc_rules_adoptee_t adoptee;
    int i;

    ORC_TRY(orc_import_old_read(&adoptee, import, id, notes, pool));
    ORC_TRY(orc_rules_adoption(&adoption, &creation, import->service, &adoptee, notes, pool));
    if (adoptee.infra_id && !is_first(run, "infrastructure ", adoptee.infra_id))
        return orc_error(pool, 409, "adoption", "its infrastructure is that of another deployment");
    ORC_TRY(orc_rules_adopt(&adopted, import->service, adoption, creation ? memory_of(&adoptee, creation, pool) : NULL,
                            import->is_dry, pool));
    run->sum->known += adopted.is_known;
    if (adopted.is_known)
        return NULL;
    run->sum->taken++;
    run->sum->new_templates += adopted.is_template_new && is_first(run, "template ", adopted.checksum);
    for (i = 0; i < notes->nelts; i++)
        tell(run, id, "", APR_ARRAY_IDX(notes, i, const char *), pool);
    return NULL;
}

/* What can't be taken over is told, and holds nothing else up. */
static orc_error_t *take_or_tell(run_t *run, const char *id, apr_pool_t *pool)
{
    orc_error_t *error = take(run, id, pool);

    if (!error || (error->status != 422 && error->status != 409 && !orc_db_is_refusal(error)))
        return orc_error_wrap(error, "deployment %s", id);
    run->sum->refused++;
    tell(run, id, "not taken over: ", orc_db_is_refusal(error) ? orc_error_line(error, pool) : error->detail, pool);
    return NULL;
}

static orc_error_t *take_page(const char **last, run_t *run, apr_pool_t *pool, apr_pool_t *each)
{
    apr_array_header_t *ids, *open;
    int i;

    ORC_TRY(orc_import_source_ids(&ids, run->import->source, *last, pool));
    ORC_TRY(orc_rules_adoption_open(&open, run->import->service, ids, pool));
    run->sum->known += ids->nelts - open->nelts;
    for (i = 0; i < open->nelts; i++) {
        apr_pool_clear(each);
        ORC_TRY(take_or_tell(run, APR_ARRAY_IDX(open, i, const char *), each));
    }
    *last = ids->nelts ? apr_pstrdup(run->pool, APR_ARRAY_IDX(ids, ids->nelts - 1, const char *)) : NULL;
    return NULL;
}

/* ---- persons ---- */

static orc_error_t *take_person(run_t *run, orc_import_row_t row, apr_pool_t *pool)
{
    int is_new;

    ORC_TRY(orc_rules_adopt_person(&is_new, run->import->service, row[1], row[2], run->import->is_dry, pool));
    run->sum->persons++;
    run->sum->new_persons += is_new;
    return NULL;
}

static orc_error_t *take_persons(const char **last, run_t *run, apr_pool_t *pool, apr_pool_t *each)
{
    apr_array_header_t *rows;
    int i;

    ORC_TRY(orc_import_source_persons(&rows, run->import->source, *last, pool));
    for (i = 0; i < rows->nelts; i++) {
        apr_pool_clear(each);
        ORC_TRY(take_person(run, APR_ARRAY_IDX(rows, i, orc_import_row_t), each));
    }
    *last = rows->nelts ? apr_pstrdup(run->pool, APR_ARRAY_IDX(rows, rows->nelts - 1, orc_import_row_t)[0]) : NULL;
    return NULL;
}

/* ---- all of it ---- */

typedef orc_error_t *page_t(const char **last, run_t *run, apr_pool_t *pool, apr_pool_t *each);

static orc_error_t *go_through(page_t *page, run_t *run)
{
    const char *last = "";
    apr_pool_t *pool, *each;
    orc_error_t *error = NULL;

    apr_pool_create(&pool, run->pool);
    apr_pool_create(&each, run->pool);
    while (!error && last) {
        apr_pool_clear(pool);
        error = orc_error_copy(page(&last, run, pool, each), run->pool);
    }
    apr_pool_destroy(each);
    apr_pool_destroy(pool);
    return error;
}

orc_error_t *orc_import(orc_import_sum_t *sum, const orc_import_t *import, apr_pool_t *pool)
{
    run_t run = {.import = import, .sum = sum, .seen = apr_hash_make(pool), .pool = pool};

    *sum = (orc_import_sum_t){0};
    ORC_TRY(go_through(take_persons, &run));
    return go_through(take_page, &run);
}
