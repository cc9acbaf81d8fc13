/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_persons.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_rules_ssh_key.h"

static int is_self(const orc_rules_call_t *call, const char *id)
{
    return strcmp(id, call->who->user_id) == 0;
}

/* Locks the person, and says what speaks against a change of them. */
static orc_error_t *lock(orc_db_t *db, const orc_rules_call_t *call, const char *id,
                         const orc_rules_condition_t *condition)
{
    int is_caller_there;
    const char *tag;

    ORC_TRY(orc_store_users_lock(&tag, &is_caller_there, db, id, call->who->user_id, call->pool));
    if (!is_caller_there)
        return orc_rules_gone(call->pool);
    if (!tag)
        return orc_rules_not_found("user", call->pool);
    if (!is_self(call, id) && !call->who->is_admin)
        return orc_rules_forbidden("user", call->pool);
    return orc_rules_condition_check(condition, tag, NULL);
}

/* ---- changing ---- */

static const char *check_key(orc_error_t **error, const orc_rules_person_change_t *change, apr_pool_t *pool)
{
    const char *key = change->public_ssh_key.value;
    const char *wrong = key ? orc_rules_ssh_key_check(&key, key, pool) : NULL;

    if (wrong)
        orc_error_add_member(error, pool, "public_ssh_key", "%s", wrong);
    return key;
}

void orc_rules_persons_check(orc_error_t **error, const orc_rules_person_change_t *change, apr_pool_t *pool)
{
    (void)check_key(error, change, pool);
}

typedef struct work_t {
    const orc_rules_call_t *call;
    const char *id;
    const orc_rules_condition_t *condition;
    orc_store_user_changes_t changes;
} work_t;

static orc_error_t *update(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    const work_t *work = baton;

    ORC_TRY(lock(db, work->call, work->id, work->condition));
    return orc_store_users_update(db, work->id, &work->changes, pool);
}

orc_error_t *orc_rules_persons_change(const orc_rules_call_t *call, const orc_rules_person_change_t *change)
{
    work_t work = {
        call,
        change->id,
        &change->condition,
        {.picture = change->picture, .public_ssh_key = change->public_ssh_key, .refresh_token = change->refresh_token}};
    orc_error_t *error = NULL;

    work.changes.public_ssh_key.value = check_key(&error, change, call->pool);
    work.changes.refresh_token.value = orc_secret_seal(call->service->config->secret_keys, ORC_SEALED_REFRESH_TOKEN,
                                                       change->id, change->refresh_token.value, call->pool);
    ORC_TRY(error);
    if (change->refresh_token.is_given && !is_self(call, change->id) && call->who->is_admin)
        return orc_error(call->pool, 403, "forbidden", "Only the person themselves may set a refresh token.");
    return orc_db_transact(call->service->db, update, &work, change->refresh_token.value != NULL, call->pool);
}

/* ---- a pair of keys ---- */

typedef struct keys_t {
    const orc_rules_call_t *call;
    const char *id;
    const orc_ssh_pair_t *pair;
} keys_t;

static orc_error_t *keep_key(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    const keys_t *keys = baton;
    const orc_store_user_changes_t changes = {.public_ssh_key = {1, keys->pair->public_key}};
    int has_key;

    ORC_TRY(lock(db, keys->call, keys->id, NULL));
    if (!is_self(keys->call, keys->id))
        return orc_error(pool, 403, "forbidden", "A pair of keys is made for its owner only.");
    ORC_TRY(orc_store_users_has_key(&has_key, db, keys->id, pool));
    if (has_key)
        return orc_error(pool, 409, "user.has_key", "You have a public SSH key; remove it first.");
    return orc_store_users_update(db, keys->id, &changes, pool);
}

orc_error_t *orc_rules_persons_make_keys(orc_ssh_pair_t *pair, const orc_rules_call_t *call, const char *id)
{
    keys_t keys = {call, id, pair};

    ORC_TRY(orc_rules_ssh_pair_make(pair, apr_pstrcat(call->pool, id, "@orchestrator", NULL), call->pool));
    return orc_db_transact(call->service->db, keep_key, &keys, 0, call->pool);
}

/* ---- removing ---- */

static orc_error_t *remove_person(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    const work_t *work = baton;
    orc_error_t *error;

    ORC_TRY(lock(db, work->call, work->id, work->condition));
    if (is_self(work->call, work->id))
        return orc_error(pool, 409, "user.self", "You can't remove yourself.");
    error = orc_store_users_delete(db, work->id, pool);
    if (orc_db_is_reference(error))
        return orc_error(pool, 409, "user.in_use",
                         "Templates, deployments, operations or orchestrations refer to this user.");
    return error;
}

orc_error_t *orc_rules_persons_delete(const orc_rules_call_t *call, const char *id,
                                      const orc_rules_condition_t *condition)
{
    work_t work = {call, id, condition, {.picture = {0, NULL}}};

    return orc_db_transact(call->service->db, remove_person, &work, 0, call->pool);
}
