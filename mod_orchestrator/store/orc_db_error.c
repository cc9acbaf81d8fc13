/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_db_error.h"

#include <apr_strings.h>
#include <string.h>

enum { AGAIN_SECONDS = 2 };

typedef struct meaning_t {
    const char *beginning; /* of the SQLSTATE; the first that fits decides */
    int status;            /* 503 may be tried again */
    const char *code, *detail;
    orc_error_reason_t reason;
} meaning_t;

#define AWAY       503, "database.unavailable", "The database is not available at the moment.", ORC_REASON_AWAY
#define BUSY       503, "database.busy", "The database is too busy at the moment.", ORC_REASON_NONE
#define IN_THE_WAY "The request is in the way of something that exists."

static const meaning_t meanings[] = {
    /* The server or the connection went away, and nothing was decided by the statement itself. */
    {"08", AWAY},
    {"57P", AWAY},
    {"53", AWAY},    /* it has no memory, no connection, no disk left */
    {"3F000", AWAY}, /* it has not the views of this version yet */
    {"42P01", AWAY}, /* nor the tables: it is being restored */
    /* It is a standby, or somebody has shut it against changes: for a while, and reading goes on. */
    {"25006", 503, "database.unavailable", "The database takes no changes at the moment.", ORC_REASON_NONE},
    {"40001", BUSY},
    {"40P01", BUSY},
    {"55P03", BUSY},
    {"57014", BUSY},
    {"23505", 409, "conflict", IN_THE_WAY, ORC_REASON_NONE},
    {"23503", 409, "conflict.reference", IN_THE_WAY, ORC_REASON_NONE},
    {"", 500, "database", "The request could not be carried out.", ORC_REASON_NONE},
};

static const meaning_t *meaning_of(const char *sqlstate)
{
    const meaning_t *meaning = meanings;

    while (strncmp(sqlstate, meaning->beginning, strlen(meaning->beginning)) != 0)
        meaning++;
    return meaning;
}

static const char *on_one_line(const char *message, apr_pool_t *pool)
{
    char *line = apr_pstrdup(pool, message ? message : "");
    char *at;

    for (at = line; *at; at++) {
        if (*at == '\n')
            *at = at[1] ? ' ' : '\0';
    }
    return line;
}

static orc_error_t *make(const meaning_t *meaning, const char *cause, apr_pool_t *pool)
{
    orc_error_t *error = orc_error(pool, meaning->status, meaning->code, "%s", meaning->detail);

    error->reason = meaning->reason;
    error->cause = on_one_line(cause, pool);
    error->retriable = meaning->status == 503;
    error->retry_after = error->retriable ? AGAIN_SECONDS : 0;
    return error;
}

orc_error_t *orc_db_unavailable(const char *cause, apr_pool_t *pool)
{
    return make(meaning_of("08"), cause, pool);
}

orc_error_t *orc_db_unseen(apr_pool_t *pool)
{
    static const meaning_t unseen = {"", 503, "database.unavailable", "The service is starting.", ORC_REASON_AWAY};

    return make(&unseen, "nobody has looked at the database yet", pool);
}

orc_error_t *orc_db_late(apr_interval_time_t patience, apr_pool_t *pool)
{
    static const meaning_t late = {"", 503, "database.busy", "The database did not answer in time.", ORC_REASON_NONE};

    return make(&late, apr_psprintf(pool, "no answer within %d ms", (int)apr_time_as_msec(patience)), pool);
}

orc_error_t *orc_db_refused(const PGresult *result, const PGconn *connection, apr_pool_t *pool)
{
    const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *message = result ? PQresultErrorMessage(result) : PQerrorMessage(connection);
    orc_error_t *error;

    if (!sqlstate)
        return orc_db_unavailable(message, pool);
    error = make(meaning_of(sqlstate), message, pool);
    apr_cpystrn(error->sqlstate, sqlstate, sizeof error->sqlstate);
    error->constraint = apr_pstrdup(pool, PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME));
    return error;
}

int orc_db_is_reference(const orc_error_t *error)
{
    return error && strcmp(error->sqlstate, "23503") == 0;
}

int orc_db_is_locked(const orc_error_t *error)
{
    return strcmp(error->sqlstate, "55P03") == 0;
}

int orc_db_is_held_up(const orc_error_t *error)
{
    return orc_db_is_locked(error) || strcmp(error->sqlstate, "57014") == 0 || strcmp(error->sqlstate, "40P01") == 0;
}

int orc_db_is_refusal(const orc_error_t *error)
{
    return strncmp(error->sqlstate, "22", 2) == 0 || strncmp(error->sqlstate, "23", 2) == 0;
}
