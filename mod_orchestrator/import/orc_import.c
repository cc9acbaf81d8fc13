/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_import.h"

#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "kinds/create/orc_create.h"
#include "orc_import_old.h"
#include "orc_redact.h"
#include "orc_url.h"

enum { CONFLICTS = 4 }; /* with another run, in one deployment: itself, its person, its template */

typedef struct run_t {
    const orc_import_t *import;
    orc_import_sum_t *sum;
    apr_hash_t *seen; /* persons, templates and infrastructures of this run: a dry run leaves none in the database */
    apr_pool_t *pool;
} run_t;

/* True the first time, and again for whoever had it first. */
static int is_first(run_t *run, const char *kind, const char *name, const char *whose)
{
    const char *key = apr_pstrcat(run->pool, kind, name, NULL);
    const char *first = apr_hash_get(run->seen, key, APR_HASH_KEY_STRING);

    if (!first)
        apr_hash_set(run->seen, key, APR_HASH_KEY_STRING, apr_pstrdup(run->pool, whose));
    return !first || strcmp(first, whose) == 0;
}

/* One line, whatever stands in what it names, and no password of an URL. */
static void tell(const run_t *run, const char *kind, const char *id, const char *how, const char *what,
                 apr_pool_t *pool)
{
    int ignored;
    char *line = apr_pstrcat(pool, kind, " ", id, ": ", how, orc_redact_text(what, &ignored, pool), NULL), *c;

    for (c = line; *c; c++) {
        if (apr_iscntrl(*c))
            *c = ' ';
    }
    run->import->tell(line);
}

/* PostgreSQL shows what it refuses behind its reason: rows of people. */
static const char *reason_of(const orc_error_t *error, apr_pool_t *pool)
{
    char *line, *row;

    if (!orc_db_is_refusal(error))
        return error->detail;
    line = apr_pstrdup(pool, orc_error_line(error, pool));
    row = strstr(line, " DETAIL:");
    if (row)
        *row = '\0';
    return line;
}

typedef orc_error_t *take_t(run_t *run, const char *id, apr_pool_t *pool);

/* What can't be taken over is told, and holds nothing else up. What another run has just written is looked at again:
 * it may be the same one, or its person, or its template. */
static orc_error_t *take_or_tell(int *refused, run_t *run, take_t *take, const char *kind, const char *id,
                                 apr_pool_t *pool)
{
    orc_error_t *error = take(run, id, pool);
    int tries;

    for (tries = 0; error && error->status == 409 && error->constraint && tries < CONFLICTS; tries++)
        error = take(run, id, pool);
    if (!error || (error->status != 422 && error->status != 409 && !orc_db_is_refusal(error)))
        return orc_error_wrap(error, "%s %s", kind, id);
    ++*refused;
    tell(run, kind, id, "not taken over: ", reason_of(error, pool), pool);
    return NULL;
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

static orc_error_t *take_deployment(run_t *run, const char *id, apr_pool_t *pool)
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
    if (adoptee.infra_id && !is_first(run, "infrastructure ", adoptee.infra_id, id))
        return orc_error(pool, 409, "adoption", "its infrastructure is that of another deployment");
    ORC_TRY(orc_rules_adopt(&adopted, import->service, adoption, creation ? memory_of(&adoptee, creation, pool) : NULL,
                            import->is_dry, pool));
    run->sum->known += adopted.is_known;
    if (adopted.is_known)
        return NULL;
    run->sum->taken++;
    run->sum->new_templates += adopted.is_template_new && is_first(run, "template ", adopted.checksum, id);
    for (i = 0; i < notes->nelts; i++)
        tell(run, "deployment", id, "", APR_ARRAY_IDX(notes, i, const char *), pool);
    return NULL;
}

static orc_error_t *take_deployments(run_t *run, const apr_array_header_t *ids, apr_pool_t *pool, apr_pool_t *each)
{
    apr_array_header_t *open;
    int i;

    ORC_TRY(orc_rules_adoption_open(&open, run->import->service, ids, pool));
    run->sum->known += ids->nelts - open->nelts;
    for (i = 0; i < open->nelts; i++) {
        apr_pool_clear(each);
        ORC_TRY(take_or_tell(&run->sum->refused, run, take_deployment, "deployment",
                             APR_ARRAY_IDX(open, i, const char *), each));
    }
    return NULL;
}

/* ---- persons ---- */

static orc_error_t *take_person(run_t *run, const char *id, apr_pool_t *pool)
{
    orc_import_row_t row = NULL;
    int is_new;

    ORC_TRY(orc_import_source_person(&row, run->import->source, id, pool));
    if (!row[0] || !*row[0] || !row[1] || !*row[1])
        return orc_error(pool, 422, "adoption", "there is no issuer, or no subject");
    ORC_TRY(orc_rules_adopt_person(&is_new, run->import->service, row[0], row[1], run->import->is_dry, pool));
    run->sum->persons++;
    run->sum->new_persons +=
        is_new && is_first(run, "person ", apr_pstrcat(pool, orc_url_trimmed(row[0], pool), " ", row[1], NULL), id);
    return NULL;
}

static orc_error_t *take_persons(run_t *run, const apr_array_header_t *ids, apr_pool_t *pool, apr_pool_t *each)
{
    int i;

    for (i = 0; i < ids->nelts; i++) {
        apr_pool_clear(each);
        ORC_TRY(take_or_tell(&run->sum->refused_persons, run, take_person, "person",
                             APR_ARRAY_IDX(ids, i, const char *), each));
    }
    return NULL;
}

/* ---- all of it ---- */

typedef orc_error_t *take_page_t(run_t *run, const apr_array_header_t *ids, apr_pool_t *pool, apr_pool_t *each);

static orc_error_t *go_on(const char **last, run_t *run, const char *table, take_page_t *take, apr_pool_t *pool,
                          apr_pool_t *each)
{
    apr_array_header_t *ids;

    ORC_TRY(orc_import_source_ids(&ids, run->import->source, table, *last, pool));
    *last = ids->nelts ? apr_pstrdup(run->pool, APR_ARRAY_IDX(ids, ids->nelts - 1, const char *)) : NULL;
    return take(run, ids, pool, each);
}

static orc_error_t *go_through(run_t *run, const char *table, take_page_t *take)
{
    const char *last = "";
    apr_pool_t *pool, *each;
    orc_error_t *error = NULL;

    apr_pool_create(&pool, run->pool);
    apr_pool_create(&each, run->pool);
    while (!error && last) {
        apr_pool_clear(pool);
        error = orc_error_copy(go_on(&last, run, table, take, pool, each), run->pool);
    }
    apr_pool_destroy(each);
    apr_pool_destroy(pool);
    return error;
}

orc_error_t *orc_import(orc_import_sum_t *sum, const orc_import_t *import, apr_pool_t *pool)
{
    run_t run = {.import = import, .sum = sum, .seen = apr_hash_make(pool), .pool = pool};

    *sum = (orc_import_sum_t){0};
    ORC_TRY(go_through(&run, "oidc_entity", take_persons));
    return go_through(&run, "deployment", take_deployments);
}
