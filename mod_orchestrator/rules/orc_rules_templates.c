/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_templates.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_store_templates.h"
#include "orc_tosca.h"
#include "orc_utf8.h"

enum {
    MAX_CONTENT = 1024 * 1024, /* bytes */
    MAX_NAME = 255,            /* characters */
};

/* ---- checking ---- */

static int is_text(const char *content, apr_size_t length)
{
    json_t *value = json_stringn(content, length);

    json_decref(value);
    return value && !memchr(content, '\0', length);
}

const orc_tosca_template_t *orc_rules_templates_parse(orc_error_t **error, const orc_rules_call_t *call,
                                                      const char *member, const char *content, apr_size_t length)
{
    orc_tosca_template_t *tosca = NULL;
    orc_error_t *refused;
    int i;

    if (length > MAX_CONTENT) {
        orc_error_add_member(error, call->pool, member, "must have at most %d bytes", MAX_CONTENT);
        return NULL;
    }
    if (!is_text(content, length)) {
        orc_error_add_member(error, call->pool, member, "must be UTF-8 without NUL");
        return NULL;
    }
    refused = orc_tosca_parse(&tosca, content, length, call->service->types, "", call->pool);
    for (i = 0; refused && i < refused->fields->nelts; i++)
        orc_error_add_member(error, call->pool, member, "%s",
                             APR_ARRAY_IDX(refused->fields, i, orc_error_field_t).detail);
    return refused ? NULL : tosca;
}

/* Parses a given content; NULL, with mistakes added, when it is none that can be stored. What reads it elsewhere takes
 * it as it was meant: each key is written once. */
static const orc_tosca_template_t *parse(orc_error_t **error, const orc_rules_template_t *given,
                                         const orc_rules_call_t *call)
{
    const orc_tosca_template_t *tosca =
        orc_rules_templates_parse(error, call, "content", given->content, given->length);
    const apr_array_header_t *repeated = tosca ? orc_tosca_summary(tosca)->repeated : NULL;
    int i;

    if (!repeated || !repeated->nelts)
        return tosca;
    for (i = 0; i < repeated->nelts; i++)
        orc_error_add_member(error, call->pool, "content", "%s", APR_ARRAY_IDX(repeated, i, const char *));
    return NULL;
}

int orc_rules_templates_is_name(const char *name)
{
    return *name && orc_utf8_count(name) <= MAX_NAME;
}

/* A new template has exactly one name, its own or the given one. */
static void check_names(orc_error_t **error, const orc_rules_template_t *given, const orc_tosca_summary_t *summary,
                        apr_pool_t *pool)
{
    if (given->name && summary->template_name)
        orc_error_add_member(error, pool, "name", "must not be given: the content has a metadata.template_name");
    else if (!given->name && !summary->template_name)
        orc_error_add_member(error, pool, "name", "is needed: the content has no metadata.template_name");
    else if (!given->name && !orc_rules_templates_is_name(summary->template_name))
        orc_error_add_member(error, pool, "content", "metadata.template_name must have 1 to %d characters", MAX_NAME);
}

static const orc_tosca_template_t *check_new(orc_error_t **error, const orc_rules_template_t *given,
                                             const orc_rules_call_t *call)
{
    const orc_tosca_template_t *tosca = given->content ? parse(error, given, call) : NULL;

    if (tosca)
        check_names(error, given, orc_tosca_summary(tosca), call->pool);
    return tosca;
}

void orc_rules_templates_check(orc_error_t **error, const orc_rules_call_t *call, const orc_rules_template_t *given)
{
    (void)check_new(error, given, call);
}

void orc_rules_templates_check_content(orc_error_t **error, const orc_rules_call_t *call,
                                       const orc_rules_template_t *given)
{
    if (given->content)
        (void)parse(error, given, call);
}

/* The columns that follow from the content. */
static void describe(orc_store_template_t *row, const orc_rules_template_t *given, const orc_tosca_template_t *tosca,
                     apr_pool_t *pool)
{
    const orc_tosca_summary_t *summary = orc_tosca_summary(tosca);

    row->content = apr_pstrmemdup(pool, given->content, given->length);
    row->checksum = orc_secret_sha256(given->content, given->length, pool);
    row->version = summary->template_version;
    row->tosca_definition_version = summary->definitions_version;
}

/* ---- the same content twice ---- */

static orc_error_t *explain_conflict(orc_error_t *error, const char *checksum, const orc_rules_call_t *call)
{
    const char *id, *version;

    if (!orc_error_breaks(error, "templates_checksum_key"))
        return error;
    error = orc_error(call->pool, 409, "template.exists", "This content is stored already.");
    ORC_TRY(orc_store_templates_find_checksum(&id, &version, checksum, NULL, call->service->db, call->pool));
    if (id)
        error->location = apr_pstrcat(call->pool, "/templates/", id, NULL);
    return error;
}

/* ---- how much one person may keep ---- */

static orc_store_template_limit_t limit_of(const char *creator, const orc_rules_call_t *call)
{
    const orc_config_t *config = call->service->config;
    const orc_store_template_limit_t limit = {creator, config->max_templates, (apr_int64_t)config->max_template_bytes};

    return limit;
}

/* No time frees a place, so nothing is said of when to come again. */
static orc_error_t *explain_limit(orc_error_t *error, const orc_rules_call_t *call)
{
    const orc_config_t *config = call->service->config;

    if (!error || !orc_db_is_past_limit(error))
        return error;
    return orc_error(call->pool, 429, "templates.full",
                     "A person may keep %d templates, and %" APR_SIZE_T_FMT " bytes of them; delete some first.",
                     config->max_templates, config->max_template_bytes);
}

/* ---- storing ---- */

orc_error_t *orc_rules_templates_store(const orc_rules_call_t *call, const char *id, const orc_rules_template_t *given,
                                       const orc_db_step_t *also)
{
    const orc_store_template_limit_t limit = limit_of(call->who->user_id, call);
    orc_store_template_t row = {.target_provider_type = ORC_RULES_TEMPLATES_PROVIDER_TYPE};
    const orc_tosca_template_t *tosca;
    orc_error_t *error = NULL;
    int is_caller_there;

    tosca = check_new(&error, given, call);
    ORC_TRY(error);
    describe(&row, given, tosca, call->pool);
    row.name = given->name ? given->name : orc_tosca_summary(tosca)->template_name;
    error = orc_store_templates_insert(&is_caller_there, call->service->db, id, &row, &limit, also, call->pool);
    if (!error && !is_caller_there)
        return orc_rules_gone(call->pool);
    return explain_limit(explain_conflict(error, row.checksum, call), call);
}

/* ---- changing ---- */

typedef struct work_t {
    const orc_rules_call_t *call;
    const char *id;
    const orc_rules_condition_t *condition;
    const orc_rules_template_t *given;
    int is_whole;
    const orc_tosca_template_t *tosca; /* of the given content, or NULL */
    const char *checksum;              /* of the new content */
} work_t;

static orc_error_t *lock(orc_store_locked_template_t *locked, orc_db_t *db, const work_t *work)
{
    const orc_rules_call_t *call = work->call;

    ORC_TRY(orc_store_templates_lock(locked, db, work->id, call->who->user_id, call->pool));
    if (!locked->is_caller_there)
        return orc_rules_gone(call->pool);
    if (!locked->tag)
        return orc_rules_not_found("template", call->pool);
    if (strcmp(locked->creator, call->who->user_id) != 0 && !call->who->is_admin)
        return orc_rules_forbidden("template", call->pool);
    return orc_rules_condition_check(work->condition, locked->tag, NULL);
}

/* What the stored content says of itself; it was checked when it was stored, but the type files may be others now. */
static const orc_tosca_summary_t *stored_summary(const orc_store_template_t *row, const orc_rules_call_t *call)
{
    static const orc_tosca_summary_t nothing;
    orc_tosca_template_t *tosca;

    if (orc_tosca_parse(&tosca, row->content, strlen(row->content), call->service->types, "", call->pool))
        return &nothing;
    return orc_tosca_summary(tosca);
}

static int is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* A given value, else the default of a change as a whole, else what is there. */
static const char *chosen(const work_t *work, const char *given, const char *otherwise, const char *stored)
{
    return given ? given : work->is_whole ? otherwise : stored;
}

/* The row as it shall be. */
static orc_store_template_t changed(const work_t *work, const orc_store_template_t *stored)
{
    const orc_tosca_summary_t *before = stored_summary(stored, work->call);
    const orc_tosca_summary_t *after = work->tosca ? orc_tosca_summary(work->tosca) : before;
    const orc_rules_template_t *given = work->given;
    orc_store_template_t row = *stored;

    if (work->tosca)
        describe(&row, given, work->tosca, work->call->pool);
    /* What came from the old content follows the new one. */
    row.version = is_same(stored->version, before->template_version) ? after->template_version : stored->version;
    row.tosca_definition_version = is_same(stored->tosca_definition_version, before->definitions_version)
                                       ? after->definitions_version
                                       : stored->tosca_definition_version;
    row.version = chosen(work, given->version, after->template_version, row.version);
    row.tosca_definition_version =
        chosen(work, given->tosca_definition_version, after->definitions_version, row.tosca_definition_version);
    if (!row.tosca_definition_version)
        row.tosca_definition_version = stored->tosca_definition_version;
    row.target_provider_type =
        chosen(work, given->target_provider_type, ORC_RULES_TEMPLATES_PROVIDER_TYPE, stored->target_provider_type);
    if (given->name)
        row.name = given->name;
    return row;
}

/* A longer content counts; a shorter one is welcome from who keeps too much. */
static orc_error_t *check_growth(orc_db_t *db, const orc_store_locked_template_t *before,
                                 const orc_store_template_t *after, const orc_rules_call_t *call)
{
    const orc_store_template_limit_t limit = limit_of(before->creator, call);

    if (strlen(after->content) <= strlen(before->row.content))
        return NULL;
    return orc_store_templates_check_limit(db, &limit, call->pool);
}

static orc_error_t *update(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    work_t *work = baton;
    orc_store_locked_template_t locked;
    orc_store_template_t row;
    int is_used = 0;

    ORC_TRY(lock(&locked, db, work));
    row = changed(work, &locked.row);
    work->checksum = row.checksum;
    if (strcmp(row.checksum, locked.row.checksum) != 0)
        ORC_TRY(orc_store_templates_is_used(&is_used, db, work->id, pool));
    if (is_used)
        return orc_error(pool, 409, "template.in_use", "A deployment uses this template; its content can't change.");
    ORC_TRY(orc_store_templates_update(db, work->id, &row, work->call->who->user_id, pool));
    return check_growth(db, &locked, &row, work->call);
}

orc_error_t *orc_rules_templates_change(const orc_rules_call_t *call, const char *id, const orc_rules_template_t *given,
                                        int is_whole, const orc_rules_condition_t *condition)
{
    work_t work = {.call = call, .id = id, .condition = condition, .given = given, .is_whole = is_whole};
    orc_error_t *error = NULL;

    if (given->content)
        work.tosca = parse(&error, given, call);
    ORC_TRY(error);
    error = orc_db_transact(call->service->db, update, &work, 0, call->pool);
    return explain_limit(explain_conflict(error, work.checksum, call), call);
}

static orc_error_t *remove_template(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    const work_t *work = baton;
    orc_store_locked_template_t locked;
    orc_error_t *error;

    ORC_TRY(lock(&locked, db, work));
    error = orc_store_templates_delete(db, work->id, pool);
    if (orc_db_is_reference(error))
        return orc_error(pool, 409, "template.in_use", "A deployment refers to this template.");
    return error;
}

orc_error_t *orc_rules_templates_delete(const orc_rules_call_t *call, const char *id,
                                        const orc_rules_condition_t *condition)
{
    work_t work = {.call = call, .id = id, .condition = condition};

    return orc_db_transact(call->service->db, remove_template, &work, 0, call->pool);
}
