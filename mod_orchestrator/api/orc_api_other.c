/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_api.h"
#include "orc_db.h"
#include "orc_id.h"

/* The operation that a Location names; NULL when it is of something else. */
static const char *operation_in(const char *location, apr_pool_t *pool)
{
    const char *last = location ? strrchr(location, '/') : NULL;
    static const char before[] = "/operations";
    char *id = apr_palloc(pool, ORC_ID_LENGTH + 1);
    size_t length = sizeof before - 1;

    if (!last || (size_t)(last - location) < length || strncmp(last - length, before, length) != 0)
        return NULL;
    return orc_id_parse(last + 1, id) ? id : NULL;
}

/* What was asked for is stored by now: where nothing can be looked up, the answer does without. */
void orc_api_tell_other(const orc_request_t *request, orc_response_t *response)
{
    apr_pool_t *pool = request->pool;
    const char *id = operation_in(apr_table_get(response->headers, "Location"), pool);
    orc_sql_broker_place_row_t place;
    orc_rows_t rows;

    if (!id || orc_db_read(request->service->db, &rows, orc_sql_broker_place(.id = id), pool) || !rows.count)
        return;
    place = orc_sql_broker_place_row(&rows, 0);
    apr_table_setn(response->headers, "Link",
                   apr_pstrcat(pool, "<", request->other_url, "/", place.resource_type, "/", place.resource_id,
                               "/operations/", id, ">; rel=\"alternate\"", NULL));
}
