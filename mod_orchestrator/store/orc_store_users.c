/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_users.h"

#include <apr_strings.h>

#include "orc_time.h"

static void read_caller(orc_store_caller_t *caller, const orc_rows_t *rows)
{
    apr_cpystrn(caller->id, orc_rows_text(rows, 0, 0), sizeof caller->id);
    caller->token_expires = orc_rows_integer(rows, 0, 1);
    caller->waits = orc_rows_true(rows, 0, 2);
}

orc_error_t *orc_store_users_find(int *found, orc_store_caller_t *caller, const char *issuer, const char *subject,
                                  orc_db_source_t *source, apr_pool_t *pool)
{
    const char *const values[] = {issuer, subject};
    orc_rows_t rows;

    ORC_TRY(orc_db_read(source, &rows, ORC_SQL_CALLER_FIND, 2, values, pool));
    *found = rows.count == 1;
    if (*found)
        read_caller(caller, &rows);
    return NULL;
}

orc_error_t *orc_store_users_find_on(int *found, orc_store_caller_t *caller, orc_db_t *db, const char *issuer,
                                     const char *subject, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_call(db, &rows, ORC_SQL_CALLER_FIND, pool, issuer, subject));
    *found = rows.count == 1;
    if (*found)
        read_caller(caller, &rows);
    return NULL;
}

orc_error_t *orc_store_users_register(int *created, orc_store_caller_t *caller, orc_db_t *db,
                                      const orc_store_person_t *person, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_call(db, &rows, ORC_SQL_CALLER_REGISTER, pool, person->id, person->issuer, person->subject,
                        person->name, person->username, person->email, person->picture, person->sealed_token,
                        orc_time_text(person->expires, pool)));
    *created = rows.count == 1;
    if (*created)
        read_caller(caller, &rows);
    return NULL;
}

typedef struct refresh_t {
    const char *const *values;
    int count;
} refresh_t;

static orc_error_t *refresh(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    const refresh_t *work = baton;

    return orc_db_execute(db, NULL, ORC_SQL_CALLER_REFRESH, work->count, work->values, pool);
}

orc_error_t *orc_store_users_refresh(const orc_store_person_t *person, int wake, orc_db_source_t *source,
                                     apr_pool_t *pool)
{
    const char *const values[] = {person->id,    person->name,         person->username,
                                  person->email, person->sealed_token, orc_time_text(person->expires, pool)};
    refresh_t work = {values, 6};

    return orc_db_transact(source, refresh, &work, wake, pool);
}

orc_error_t *orc_store_users_lock(const char **tag, int *is_caller_there, orc_db_t *db, const char *id,
                                  const char *caller, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_call(db, &rows, ORC_SQL_USER_LOCK, pool, id, caller));
    *is_caller_there = rows.count == 1;
    *tag = rows.count == 1 ? orc_rows_text(&rows, 0, 0) : NULL;
    return NULL;
}

static const char *flag(int value)
{
    return value ? "t" : "f";
}

orc_error_t *orc_store_users_update(orc_db_t *db, const char *id, const orc_store_user_changes_t *changes,
                                    apr_pool_t *pool)
{
    ORC_TRY(orc_db_call(db, NULL, ORC_SQL_USER_UPDATE, pool, id, flag(changes->picture.is_given),
                        changes->picture.value, flag(changes->public_ssh_key.is_given), changes->public_ssh_key.value,
                        flag(changes->refresh_token.is_given), changes->refresh_token.value));
    if (!changes->refresh_token.value)
        return NULL;
    return orc_db_call(db, NULL, ORC_SQL_USER_WAKE_OPERATIONS, pool, id);
}

orc_error_t *orc_store_users_delete(orc_db_t *db, const char *id, apr_pool_t *pool)
{
    return orc_db_call(db, NULL, ORC_SQL_USER_DELETE, pool, id);
}
