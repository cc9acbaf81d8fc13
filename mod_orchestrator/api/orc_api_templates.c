/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_api_idempotency.h"
#include "orc_api_list.h"
#include "orc_id.h"
#include "orc_store_templates.h"
#include "orc_tosca.h"
#include "orc_utf8.h"

/* Templates: API.md, section 4. Everybody reads them; who made one, or an administrator, changes it. */

enum {
    MAX_CONTENT = 1024 * 1024, /* bytes */
    MAX_NAME = 255,            /* characters */
};

static const char default_provider_type[] = "openstack";

/* ---- what a request brings ---- */

typedef struct given_t {
    const char *content; /* or NULL */
    apr_size_t length;
    const char *name; /* or NULL */
    int is_bare;      /* the body is the YAML itself, and the name a query parameter */
} given_t;

static given_t read_given(const orc_request_t *request)
{
    const json_t *content = json_object_get(request->json, "content");
    given_t given = {.is_bare = request->json == NULL};

    if (given.is_bare) {
        given.content = request->body;
        given.length = request->body_length;
        given.name = orc_request_parameter(request, "name");
    }
    else {
        given.content = json_string_value(content);
        given.length = json_string_length(content);
        given.name = orc_json_string(request->json, "name");
    }
    return given;
}

static void name_is_wrong(orc_error_t **error, const given_t *given, apr_pool_t *pool, const char *detail)
{
    if (given->is_bare)
        orc_error_add_parameter(error, pool, "name", "%s", detail);
    else
        orc_error_add_pointer(error, pool, "/name", "%s", detail);
}

static int is_text(const char *content, apr_size_t length)
{
    json_t *value = json_stringn(content, length);

    json_decref(value);
    return value && !memchr(content, '\0', length);
}

/* Parses a given content; NULL, with fields added, when it is none that can be stored. */
static const orc_tosca_template_t *parse(orc_error_t **error, const given_t *given, const orc_request_t *request)
{
    orc_tosca_template_t *tosca = NULL;
    orc_error_t *refused;

    if (given->length > MAX_CONTENT) {
        orc_error_add_pointer(error, request->pool, "/content", "must have at most %d bytes", MAX_CONTENT);
        return NULL;
    }
    if (!is_text(given->content, given->length)) {
        orc_error_add_pointer(error, request->pool, "/content", "must be UTF-8 without NUL");
        return NULL;
    }
    refused =
        orc_tosca_parse(&tosca, given->content, given->length, request->service->types, "/content", request->pool);
    if (refused)
        orc_api_add_fields(error, refused);
    return refused ? NULL : tosca;
}

static int is_name(const char *name)
{
    return *name && orc_utf8_count(name) <= MAX_NAME;
}

/* A new template has exactly one name, its own or the request's. */
static void check_names(orc_error_t **error, const given_t *given, const orc_tosca_summary_t *summary, apr_pool_t *pool)
{
    if (given->name && summary->template_name)
        name_is_wrong(error, given, pool, "must not be given: the content has a metadata.template_name");
    else if (!given->name && !summary->template_name)
        name_is_wrong(error, given, pool, "is needed: the content has no metadata.template_name");
    else if (!given->name && !is_name(summary->template_name))
        orc_error_add_pointer(error, pool, "/content", "metadata.template_name must have 1 to %d characters", MAX_NAME);
}

static const orc_tosca_template_t *check_new(orc_error_t **error, const given_t *given, const orc_request_t *request)
{
    const orc_tosca_template_t *tosca;

    if (!given->is_bare && orc_request_parameter(request, "name"))
        orc_error_add_parameter(error, request->pool, "name", "belongs into a JSON body");
    tosca = given->content ? parse(error, given, request) : NULL;
    if (tosca)
        check_names(error, given, orc_tosca_summary(tosca), request->pool);
    return tosca;
}

void orc_api_templates_check_new(orc_error_t **error, const orc_request_t *request)
{
    given_t given = read_given(request);

    (void)check_new(error, &given, request);
}

void orc_api_templates_check_change(orc_error_t **error, const orc_request_t *request)
{
    given_t given = read_given(request);

    if (request->json && given.content)
        (void)parse(error, &given, request);
}

/* The columns that follow from the content. */
static void describe(orc_store_template_t *row, const given_t *given, const orc_tosca_template_t *tosca,
                     apr_pool_t *pool)
{
    const orc_tosca_summary_t *summary = orc_tosca_summary(tosca);

    row->content = given->is_bare ? apr_pstrmemdup(pool, given->content, given->length) : given->content;
    row->checksum = orc_secret_sha256(given->content, given->length, pool);
    row->version = summary->template_version;
    row->tosca_definition_version = summary->definitions_version;
    row->is_fragment = summary->is_fragment;
}

/* ---- the same content twice ---- */

static orc_error_t *explain_conflict(orc_error_t *error, const char *checksum, const orc_request_t *request)
{
    const char *id;

    if (!error || strcmp(orc_db_constraint(error), "templates_checksum_key") != 0)
        return error;
    error = orc_error(request->pool, 409, "template.exists", "This content is stored already.");
    ORC_TRY(orc_store_templates_find_checksum(&id, checksum, request->service->db, request->pool));
    if (id)
        error->location = apr_pstrcat(request->pool, "/templates/", id, NULL);
    return error;
}

/* ---- creating ---- */

static orc_error_t *insert(const orc_request_t *request, const orc_response_t *response, const char *id,
                           const orc_store_template_t *row)
{
    orc_db_step_t steps[2];
    orc_error_t *error;
    orc_db_t *db;
    int count = orc_api_idempotency_step(&steps[0], request, response);

    orc_store_templates_insert_step(&steps[count++], id, row, request->identity->user_id, request->pool);
    ORC_TRY(orc_db_open(&db, request->service->db, request->pool));
    error = orc_db_batch(db, steps, count, 0, request->pool);
    orc_db_close(db);
    if (!error && steps[count - 1].rows.affected == 0)
        return orc_api_gone(request);
    return error;
}

orc_error_t *orc_api_templates_post(const orc_request_t *request, orc_response_t *response)
{
    given_t given = read_given(request);
    orc_store_template_t row = {.target_provider_type = default_provider_type};
    const char *id = orc_id_new(request->pool);
    const orc_tosca_template_t *tosca;
    orc_error_t *error = NULL;

    tosca = check_new(&error, &given, request);
    ORC_TRY(error);
    describe(&row, &given, tosca, request->pool);
    row.name = given.name ? given.name : orc_tosca_summary(tosca)->template_name;
    row.name_in_content = !given.name;
    orc_api_created(request, response, "/templates", id);
    return explain_conflict(insert(request, response, id, &row), row.checksum, request);
}

/* ---- reading ---- */

orc_error_t *orc_api_templates_get(const orc_request_t *request, orc_response_t *response)
{
    const char *const values[] = {request->ids[0], request->identity->user_id};

    return orc_api_object(request, response, ORC_SQL_TEMPLATE_GET, 2, values, "template");
}

orc_error_t *orc_api_templates_list(const orc_request_t *request, orc_response_t *response)
{
    const char *const values[] = {request->identity->user_id};
    orc_api_list_t list = {.base = ORC_SQL_TEMPLATE_LIST, .count = 1, .values = values, .what = "template"};

    return orc_api_list(request, response, &list);
}

/* ---- changing ---- */

typedef struct work_t {
    const orc_request_t *request;
    int is_whole; /* PUT: what is left out goes back to its default */
    given_t given;
    const orc_tosca_template_t *tosca; /* of the given content, or NULL */
    const char *checksum;              /* of the new content */
} work_t;

static orc_error_t *lock(orc_store_locked_template_t *locked, orc_db_t *db, const orc_request_t *request)
{
    ORC_TRY(orc_store_templates_lock(locked, db, request->ids[0], request->identity->user_id, request->pool));
    if (!locked->is_caller_there)
        return orc_api_gone(request);
    if (!locked->tag)
        return orc_api_not_found(request, "template");
    if (!locked->is_creator && !request->identity->is_admin)
        return orc_api_forbidden(request, "template");
    return orc_api_check_match(request, locked->tag);
}

/* What the stored content says of itself; it was checked when it was stored, but the type files may be others now. */
static const orc_tosca_summary_t *stored_summary(const orc_store_template_t *row, const orc_request_t *request)
{
    static const orc_tosca_summary_t nothing;
    orc_tosca_template_t *tosca;

    if (orc_tosca_parse(&tosca, row->content, strlen(row->content), request->service->types, "/content", request->pool))
        return &nothing;
    return orc_tosca_summary(tosca);
}

static int is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* A given value, else a PUT's default, else what is there. */
static const char *chosen(const work_t *work, const char *name, const char *otherwise, const char *stored)
{
    const char *given = orc_json_string(work->request->json, name);

    return given ? given : work->is_whole ? otherwise : stored;
}

/* The row as it shall be. */
static orc_store_template_t changed(const work_t *work, const orc_store_template_t *stored)
{
    const orc_tosca_summary_t *before = stored_summary(stored, work->request);
    const orc_tosca_summary_t *after = work->tosca ? orc_tosca_summary(work->tosca) : before;
    orc_store_template_t row = *stored;

    if (work->tosca)
        describe(&row, &work->given, work->tosca, work->request->pool);
    /* What came from the old content follows the new one. */
    row.version = is_same(stored->version, before->template_version) ? after->template_version : stored->version;
    row.tosca_definition_version = is_same(stored->tosca_definition_version, before->definitions_version)
                                       ? after->definitions_version
                                       : stored->tosca_definition_version;
    row.version = chosen(work, "version", after->template_version, row.version);
    row.tosca_definition_version =
        chosen(work, "tosca_definition_version", after->definitions_version, row.tosca_definition_version);
    if (!row.tosca_definition_version)
        row.tosca_definition_version = stored->tosca_definition_version;
    row.target_provider_type =
        chosen(work, "target_provider_type", default_provider_type, stored->target_provider_type);
    if (work->given.name) {
        row.name = work->given.name;
        row.name_in_content = 0;
    }
    return row;
}

static orc_error_t *update(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    work_t *work = baton;
    orc_store_locked_template_t locked;
    orc_store_template_t row;
    int is_used = 0;

    ORC_TRY(lock(&locked, db, work->request));
    row = changed(work, &locked.row);
    work->checksum = row.checksum;
    if (strcmp(row.checksum, locked.row.checksum) != 0)
        ORC_TRY(orc_store_templates_is_used(&is_used, db, work->request->ids[0], pool));
    if (is_used)
        return orc_error(pool, 409, "template.in_use", "A deployment uses this template; its content can't change.");
    return orc_store_templates_update(db, work->request->ids[0], &row, work->request->identity->user_id, pool);
}

static orc_error_t *change(const orc_request_t *request, orc_response_t *response, int is_whole)
{
    work_t work = {.request = request, .is_whole = is_whole, .given = read_given(request)};
    orc_error_t *error = NULL;

    if (work.given.content)
        work.tosca = parse(&error, &work.given, request);
    ORC_TRY(error);
    error = orc_db_transact(request->service->db, update, &work, 0, request->pool);
    ORC_TRY(explain_conflict(error, work.checksum, request));
    orc_api_done(response);
    return NULL;
}

orc_error_t *orc_api_templates_patch(const orc_request_t *request, orc_response_t *response)
{
    return change(request, response, 0);
}

orc_error_t *orc_api_templates_put(const orc_request_t *request, orc_response_t *response)
{
    return change(request, response, 1);
}

static orc_error_t *delete_template(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    const work_t *work = baton;
    orc_store_locked_template_t locked;
    orc_error_t *error;

    ORC_TRY(lock(&locked, db, work->request));
    error = orc_store_templates_delete(db, work->request->ids[0], pool);
    if (error && strcmp(error->code, "conflict.reference") == 0)
        return orc_error(pool, 409, "template.in_use", "A deployment refers to this template.");
    return error;
}

orc_error_t *orc_api_templates_delete(const orc_request_t *request, orc_response_t *response)
{
    work_t work = {.request = request};

    ORC_TRY(orc_db_transact(request->service->db, delete_template, &work, 0, request->pool));
    orc_api_done(response);
    return NULL;
}
