/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_tokens.h"

orc_error_t *orc_store_renewal_begin(int *granted, apr_interval_time_t *elapsed, orc_db_t *db,
                                     const orc_store_renewal_t *renewal, apr_interval_time_t time, apr_pool_t *pool)
{
    orc_rows_t rows;

    *granted = 0;
    *elapsed = 0;
    ORC_TRY(
        orc_db_execute(db, &rows,
                       orc_sql_token_renew_begin(.user_id = renewal->user_id, .renewal = renewal->id,
                                                 .time = orc_value_number(time, pool), .access_token = renewal->access,
                                                 .refresh_token = renewal->refresh),
                       pool));
    if (rows.count > 0) {
        const orc_sql_token_renew_begin_row_t row = orc_sql_token_renew_begin_row(&rows, 0);

        *granted = orc_value_is_true(row.is_granted);
        *elapsed = orc_value_integer(row.elapsed);
    }
    return NULL;
}

orc_error_t *orc_store_renewal_send(int *is_ours, orc_db_t *db, const orc_store_renewal_t *renewal,
                                    apr_interval_time_t time, apr_pool_t *pool)
{
    orc_rows_t rows;

    *is_ours = 0;
    ORC_TRY(orc_db_execute(db, &rows,
                           orc_sql_token_renew_send(.user_id = renewal->user_id, .renewal = renewal->id,
                                                    .time = orc_value_number(time, pool),
                                                    .refresh_token = renewal->refresh),
                           pool));
    *is_ours = rows.count > 0;
    return NULL;
}

orc_error_t *orc_store_renewed(int *is_kept, orc_db_t *db, const orc_store_renewal_t *renewal, const char *access,
                               apr_time_t expires, const char *refresh, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows,
                           orc_sql_token_renewed(.user_id = renewal->user_id, .renewal = renewal->id,
                                                 .access_token = access, .old_access_token = renewal->access,
                                                 .expires_at = orc_value_number(expires, pool),
                                                 .refresh_token = refresh, .old_refresh_token = renewal->refresh),
                           pool));
    *is_kept = rows.count == 0 || orc_value_is_true(orc_sql_token_renewed_row(&rows, 0).is_kept);
    return NULL;
}

orc_error_t *orc_store_refresh_token(const char **refresh, orc_db_t *db, const char *user_id, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_token_stored(.user_id = user_id), pool));
    *refresh = rows.count ? orc_sql_token_stored_row(&rows, 0).refresh_token : NULL;
    return NULL;
}

orc_error_t *orc_store_renewal_end(orc_db_t *db, const orc_store_renewal_t *renewal, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL, orc_sql_token_renew_failed(.user_id = renewal->user_id, .renewal = renewal->id),
                          pool);
}
