/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_DB_H
#define ORC_DB_H

#include <apr_pools.h>
#include <apr_time.h>
#include <libpq-fe.h>

#include "orc_error.h"
#include "orc_sql.h" /* generated from sql/queries: a call and a row of each statement */

/*
 * PostgreSQL for the rooms above: a connection per unit of work, statements prepared lazily per connection and again
 * after a reset, SQLSTATE to error, transactions that roll back unless committed.
 *
 * Why native PGconn and not apr_dbd's calls: apr_dbd_pgsql crashes on a dead connection, commits forgotten
 * transactions and loses its prepared statements for ever after a restart of the server.
 */

/** What is known of a database that others look at first. */
typedef enum {
    ORC_DB_UNSEEN, /* nobody has looked at it yet */
    ORC_DB_OPEN,   /* it can be used */
    ORC_DB_SHUT,   /* it is away, or not as this version needs it */
} orc_db_state_t;

/** Where connections come from: mod_dbd's pool in httpd's children, one own connection in the daemon and in tests. */
typedef struct orc_db_source_t orc_db_source_t;
struct orc_db_source_t {
    /** Takes a connection. *handle is the source's own. Returns NULL when none is to be had. */
    PGconn *(*take)(orc_db_source_t *source, void **handle);
    /** Gives it back; `broken` when it must not be used again as it is. */
    void (*give)(orc_db_source_t *source, void *handle, PGconn *connection, int broken);
    apr_interval_time_t patience;       /* that a statement has, and a connection to be made; 0: ORC_DB_PATIENCE */
    apr_interval_time_t lock_patience;  /* for a row that somebody has locked; 0: the server's lock_timeout */
    const volatile apr_uint32_t *state; /* an orc_db_state_t: nothing is taken unless it is open; NULL: it is */
    void *baton;
};

/** Longer than a server lets any statement run (statement_timeout): it ends the wait for one that hangs. */
#define ORC_DB_PATIENCE (30 * APR_USEC_PER_SEC)

/**
 * A source with one connection of its own, opened at the first take and again when it is broken; for one thread. A
 * conninfo without a connect_timeout gets one of ten seconds; the source's patience, in whole seconds and two at least,
 * counts before either.
 */
orc_db_source_t *orc_db_source_single(const char *conninfo, apr_pool_t *pool);

/**
 * Makes the connection of orc_db_source_single listen for the engines' wake-ups. LISTEN holds for a session: call it
 * before each wait, it does nothing while it holds.
 * @param is_new true: it is another session than before, and a wake-up may have been missed
 */
orc_error_t *orc_db_listen(int *is_new, orc_db_source_t *single, apr_pool_t *pool);

/** The socket that becomes readable with a wake-up, until the next unit of work; -1 without a connection. */
int orc_db_socket(const orc_db_source_t *single);

/** True when there was a wake-up since the last call, or may have been: the connection is lost. */
int orc_db_heard(orc_db_source_t *single);

/** One unit of work on a connection; used by one thread. */
typedef struct orc_db_t orc_db_t;

/**
 * Takes a connection for a unit of work; one found dead is reset first.
 * @return 503 "database.unavailable", retriable, when the source is not open or the server can't be reached
 */
orc_error_t *orc_db_open(orc_db_t **db, orc_db_source_t *source, apr_pool_t *pool);

/** Ends the unit of work: an open transaction is rolled back. Also done when the pool dies. Safe on NULL. */
void orc_db_close(orc_db_t *db);

/**
 * Runs a named statement: orc_db_execute(db, &rows, orc_sql_NAME(.parameter = text), pool).
 * @param rows may be NULL
 * @return the SQLSTATE's error: classes 08, 53, 57P, 3F000, 42P01 (views or tables aren't made yet) and 25006 (it takes
 * no changes) 503 retriable; 40001, 40P01, 55P03 503 retriable; 23505 409 "conflict"; 23503 409 "conflict.reference";
 * others 500 "database". `sqlstate` is set, `cause` is the server's message and `constraint` the name of the one that
 * was broken. Without an answer within the source's patience: 503 "database.busy", retriable; the connection is given
 * up, and whether it was carried out nobody knows
 */
orc_error_t *orc_db_execute(orc_db_t *db, orc_rows_t *rows, orc_sql_call_t call, apr_pool_t *pool);

/** A call that outlives the block that it is made in; its texts stay where they are. */
orc_sql_call_t orc_db_kept(orc_sql_call_t call, apr_pool_t *pool);

/** Whether a connection keeps a composed statement prepared. Of each kind it keeps a bounded number, those that were
 * used last, so that what is unusual never drives out what is usual. */
typedef enum orc_db_keep_t {
    ORC_DB_USUAL,   /* few texts, asked for all the time */
    ORC_DB_UNUSUAL, /* many, one person's perhaps */
    ORC_DB_ONCE,    /* not at all: planned anew each time, with its values in sight */
} orc_db_keep_t;

/** Runs a composed statement. */
orc_error_t *orc_db_execute_text(orc_db_t *db, orc_rows_t *rows, const char *sql, int count, const char *const *values,
                                 orc_db_keep_t keep, apr_pool_t *pool);

orc_error_t *orc_db_begin(orc_db_t *db, apr_pool_t *pool);
orc_error_t *orc_db_commit(orc_db_t *db, apr_pool_t *pool);
void orc_db_rollback(orc_db_t *db);

/** True when a statement found more than may be there, by limit_is_passed() of the schema. */
int orc_db_is_past_limit(const orc_error_t *error);

/** True when a statement failed because a row is referred to, or refers to one that is not there (23503). */
int orc_db_is_reference(const orc_error_t *error);

/** True when a statement waited in vain for a row, or a table, that somebody has locked (55P03). */
int orc_db_is_locked(const orc_error_t *error);

/** The same, or others were in its way otherwise: it was ended meanwhile (57014), or ended a deadlock (40P01). */
int orc_db_is_held_up(const orc_error_t *error);

/** True when the database takes everything but what a statement brought: bad data (class 22), a broken constraint (23).
 */
int orc_db_is_refusal(const orc_error_t *error);

/** One statement of a batch. */
typedef struct orc_db_step_t {
    orc_sql_call_t call;
    orc_rows_t rows; /* out */
} orc_db_step_t;

/**
 * Runs statements as one transaction in one round trip (libpq's pipeline); the first error undoes all of it.
 * @param wake when true, the engines are notified in a transaction of their own behind it, which waits for no disk:
 *             NOTIFY holds a global lock until its commit, and would make all writers wait for each other's flush
 */
orc_error_t *orc_db_batch(orc_db_t *db, orc_db_step_t *steps, int count, int wake, apr_pool_t *pool);

/** A transaction among others of one round trip. */
typedef struct orc_db_part_t {
    orc_db_step_t *steps;
    int count;
    orc_error_t *error; /* out: what undid it; NULL: it is done */
} orc_db_part_t;

/** What a thread does while it waits for the server. */
typedef struct orc_db_meanwhile_t {
    /** Returns when the socket is ready for `events` of poll(2), at `until` of orc_time_monotonic, or before: then it
     * is called again. It may do whatever leaves the unit of work's source alone. */
    void (*wait)(void *baton, int socket, short events, apr_time_t until);
    void *baton;
} orc_db_meanwhile_t;

/**
 * Runs transactions one after the other, all in one round trip. What goes wrong with one undoes that one.
 * @param meanwhile NULL: it only waits
 * @return what is wrong with the connection; then it is the error of each that was not carried out, or may not have
 * been
 */
orc_error_t *orc_db_parts(orc_db_t *db, orc_db_part_t *parts, int count, const orc_db_meanwhile_t *meanwhile,
                          apr_pool_t *pool);

/** Opens, runs a batch, closes. Nothing is repeated. */
orc_error_t *orc_db_write(orc_db_source_t *source, orc_db_step_t *steps, int count, int wake, apr_pool_t *pool);

/** Work done in a transaction. */
typedef orc_error_t *orc_db_work_t(orc_db_t *db, void *baton, apr_pool_t *pool);

/**
 * Opens, begins, works, commits, closes. When the connection turns out dead before the commit, or PostgreSQL asks for
 * a repetition (40001, 40P01), the whole is done again, three times at most; so `work` must not keep anything of a
 * former run. Any error of `work` rolls back.
 * @param wake as in orc_db_batch
 */
orc_error_t *orc_db_transact(orc_db_source_t *source, orc_db_work_t *work, void *baton, int wake, apr_pool_t *pool);

/** Opens, runs one reading statement, closes; done again once when the connection died. */
orc_error_t *orc_db_read(orc_db_source_t *source, orc_rows_t *rows, orc_sql_call_t call, apr_pool_t *pool);

/** The same for a composed statement; see orc_db_execute_text. */
orc_error_t *orc_db_read_text(orc_db_source_t *source, orc_rows_t *rows, const char *sql, int count,
                              const char *const *values, orc_db_keep_t keep, apr_pool_t *pool);

/** Applies the migrations compiled into the module that the database lacks, and makes the views that the statements
 * read from, under an advisory lock. *applied: how many migrations. */
orc_error_t *orc_db_migrate(orc_db_source_t *source, int *applied, apr_pool_t *pool);

#endif
