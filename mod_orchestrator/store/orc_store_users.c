/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_users.h"

#include <apr_strings.h>

#include "orc_time.h"

static void read_caller(orc_store_caller_t *caller, const orc_rows_t *rows)
{
    const orc_sql_caller_find_row_t row = orc_sql_caller_find_row(rows, 0);

    apr_cpystrn(caller->id, row.id, sizeof caller->id);
    caller->token_expires = orc_value_integer(row.token_expires);
    caller->waits = orc_value_is_true(row.waits);
}

orc_error_t *orc_store_users_find(int *found, orc_store_caller_t *caller, const char *issuer, const char *subject,
                                  orc_db_source_t *source, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_read(source, &rows, orc_sql_caller_find(.issuer = issuer, .subject = subject), pool));
    *found = rows.count == 1;
    if (*found)
        read_caller(caller, &rows);
    return NULL;
}

orc_error_t *orc_store_users_find_on(int *found, orc_store_caller_t *caller, orc_db_t *db, const char *issuer,
                                     const char *subject, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_caller_find(.issuer = issuer, .subject = subject), pool));
    *found = rows.count == 1;
    if (*found)
        read_caller(caller, &rows);
    return NULL;
}

orc_error_t *orc_store_users_register(int *created, orc_db_t *db, const orc_store_person_t *person, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows,
                           orc_sql_caller_register(.id = person->id, .issuer = person->issuer,
                                                   .subject = person->subject, .name = person->name,
                                                   .username = person->username, .email = person->email,
                                                   .picture = person->picture, .access_token = person->sealed_token,
                                                   .expires_at = orc_time_text(person->expires, pool)),
                           pool));
    *created = rows.count == 1;
    return NULL;
}

static orc_error_t *wake_operations(orc_db_t *db, const char *id, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL, orc_sql_user_wake_operations(.id = id), pool);
}

static orc_error_t *refresh(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    const orc_store_person_t *person = baton;

    ORC_TRY(orc_db_execute(db, NULL,
                           orc_sql_caller_refresh(.id = person->id, .name = person->name, .username = person->username,
                                                  .email = person->email, .access_token = person->sealed_token,
                                                  .expires_at = orc_time_text(person->expires, pool)),
                           pool));
    return wake_operations(db, person->id, pool);
}

orc_error_t *orc_store_users_refresh(const orc_store_person_t *person, int wake, orc_db_source_t *source,
                                     apr_pool_t *pool)
{
    orc_store_person_t baton = *person;

    return orc_db_transact(source, refresh, &baton, wake, pool);
}

orc_error_t *orc_store_users_lock(const char **tag, int *is_caller_there, orc_db_t *db, const char *id,
                                  const char *caller, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_user_lock(.id = id, .caller = caller), pool));
    *is_caller_there = rows.count == 1;
    *tag = rows.count == 1 ? orc_sql_user_lock_row(&rows, 0).tag : NULL;
    return NULL;
}

orc_error_t *orc_store_users_update(orc_db_t *db, const char *id, const orc_store_user_changes_t *changes,
                                    apr_pool_t *pool)
{
    ORC_TRY(orc_db_execute(db, NULL,
                           orc_sql_user_update(.id = id, .sets_picture = orc_value_flag(changes->picture.is_given),
                                               .picture = changes->picture.value,
                                               .sets_public_ssh_key = orc_value_flag(changes->public_ssh_key.is_given),
                                               .public_ssh_key = changes->public_ssh_key.value,
                                               .sets_refresh_token = orc_value_flag(changes->refresh_token.is_given),
                                               .refresh_token = changes->refresh_token.value),
                           pool));
    return changes->refresh_token.value ? wake_operations(db, id, pool) : NULL;
}

orc_error_t *orc_store_users_has_key(int *has_key, orc_db_t *db, const char *id, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_user_has_key(.id = id), pool));
    *has_key = rows.count == 1;
    return NULL;
}

orc_error_t *orc_store_users_delete(orc_db_t *db, const char *id, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL, orc_sql_user_delete(.id = id), pool);
}
