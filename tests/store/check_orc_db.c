/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The database layer against a real PostgreSQL: run by test_orc_db.py with DATABASE_URL of an empty database. */

#include "../unit/unit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "orc_db.h"
#include "orc_db_check.h"

static orc_db_source_t *source;

static int setup_database(void **state)
{
    int applied;

    if (setup(state))
        return -1;
    source = orc_db_source_single(getenv("DATABASE_URL"), pool);
    return orc_db_migrate(source, &applied, pool) || applied == 0 ? -1 : 0;
}

static orc_db_t *opened(void)
{
    orc_db_t *db;

    assert_null(orc_db_open(&db, source, pool));
    return db;
}

static const char *text_from(orc_db_source_t *asked, const char *sql)
{
    orc_rows_t rows;
    orc_db_t *db;

    assert_null(orc_db_open(&db, asked, pool));
    assert_null(orc_db_execute_text(db, &rows, sql, 0, NULL, ORC_DB_UNUSUAL, pool));
    orc_db_close(db);
    return orc_rows_text(&rows, 0, 0);
}

static const char *text_of(const char *sql)
{
    return text_from(source, sql);
}

/* Ends the connection's backend from another connection, as a restart of the server does. */
static void kill_backends(void)
{
    PGconn *other = PQconnectdb(getenv("DATABASE_URL"));

    PQclear(PQexec(other, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                          " WHERE pid <> pg_backend_pid() AND datname = current_database()"));
    PQfinish(other);
}

static void migrations_apply_once(void **state)
{
    int applied = -1;

    assert_null(orc_db_migrate(source, &applied, pool));
    assert_int_equal(applied, 0);
    assert_true(atoi(text_of("SELECT max(number) FROM schema_migrations")) >= 1);
}

static void a_migration_in_between_is_applied_too(void **state)
{
    int applied;

    assert_non_null(text_of("DELETE FROM schema_migrations WHERE number = 1 RETURNING number"));
    assert_non_null(orc_db_migrate(source, &applied, pool));
    assert_non_null(text_of("INSERT INTO schema_migrations (number, name) VALUES (1, '0001_schema') RETURNING number"));
    assert_null(orc_db_migrate(source, &applied, pool));
    assert_int_equal(applied, 0);
}

static void nulls_are_told_from_empty_texts(void **state)
{
    const char *values[] = {NULL, ""};
    orc_rows_t rows;
    orc_db_t *db = opened();

    assert_null(orc_db_execute_text(db, &rows, "SELECT $1::text, $2::text, 7, true", 2, values, ORC_DB_UNUSUAL, pool));
    assert_null(orc_rows_text(&rows, 0, 0));
    assert_string_equal(orc_rows_text(&rows, 0, 1), "");
    assert_int_equal(orc_value_integer(orc_rows_text(&rows, 0, 2)), 7);
    assert_int_equal(orc_value_integer(orc_rows_text(&rows, 0, 0)), 0);
    assert_true(orc_value_is_true(orc_rows_text(&rows, 0, 3)));
    orc_db_close(db);
}

static void sqlstate_decides_the_error(void **state)
{
    static const struct {
        const char *sql, *code;
        int status;
    } cases[] = {
        {"SELECT 1/0", "database", 500},
        {"SELECT no_such_column", "database", 500},
        {"INSERT INTO credentials VALUES ('00000000-0000-7000-8000-000000000000', 'x', now())", "conflict.reference",
         409},
        {"SELECT pg_terminate_backend(pg_backend_pid())", "database.unavailable", 503},
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        orc_db_t *db = opened();
        orc_error_t *error = orc_db_execute_text(db, NULL, cases[i].sql, 0, NULL, ORC_DB_UNUSUAL, pool);

        assert_string_equal(error->code, cases[i].code);
        assert_int_equal(error->status, cases[i].status);
        orc_db_close(db);
    }
}

static void constraints_are_named(void **state)
{
    const char *sql = "INSERT INTO engines (name) VALUES ('one')";
    orc_db_t *db = opened();
    orc_error_t *error;

    assert_null(orc_db_execute_text(db, NULL, sql, 0, NULL, ORC_DB_UNUSUAL, pool));
    error = orc_db_execute_text(db, NULL, sql, 0, NULL, ORC_DB_UNUSUAL, pool);
    assert_string_equal(error->sqlstate, "23505");
    assert_true(orc_error_breaks(error, "engines_pkey"));
    assert_false(orc_error_breaks(error, "other"));
    assert_false(orc_error_breaks(orc_error(pool, 500, "x", "other"), "engines_pkey"));
    assert_false(orc_error_breaks(NULL, "engines_pkey"));
    assert_null(strstr(error->detail, "engines"));
    orc_db_close(db);
}

/* The server's description of a prepared statement. */
static PGresult *described(PGconn *connection, const orc_sql_entry_t *entry)
{
    PGresult *result = PQprepare(connection, entry->name, entry->text, 0, NULL);

    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", entry->name, PQresultErrorMessage(result));
    PQclear(result);
    return PQdescribePrepared(connection, entry->name);
}

static void statements_take_and_give_what_they_declare(void **state)
{
    PGconn *connection = PQconnectdb(getenv("DATABASE_URL"));
    int statement, i;

    for (statement = 0; statement < ORC_SQL_COUNT; statement++) {
        const orc_sql_entry_t *entry = &orc_sql_table[statement];
        PGresult *result = described(connection, entry);

        /* A base of a list may be given more than it uses: what is composed around it uses that. */
        assert_true(PQnparams(result) <= entry->parameters);
        for (i = 0; entry->columns[i]; i++) {
            if (i >= PQnfields(result) || strcmp(PQfname(result, i), entry->columns[i]) != 0)
                fail_msg("%s gives no column %s in place %d", entry->name, entry->columns[i], i);
        }
        if (i > 0 && i != PQnfields(result))
            fail_msg("%s gives more columns than it declares", entry->name);
        PQclear(result);
    }
    PQfinish(connection);
}

static void a_call_takes_its_values_by_name(void **state)
{
    orc_sql_caller_find_row_t row;
    orc_db_t *db = opened();
    orc_sql_call_t call;
    orc_rows_t rows;

    {
        call = orc_db_kept(orc_sql_caller_register(.email = "e", .username = "u", .name = "n", .subject = "s",
                                                   .issuer = "i", .id = "00000000-0000-7000-8000-000000000001"),
                           pool);
    }
    assert_null(orc_db_execute(db, &rows, call, pool));
    assert_int_equal(rows.count, 1);
    assert_null(orc_db_execute(db, &rows, orc_sql_caller_find(.subject = "s", .issuer = "i"), pool));
    row = orc_sql_caller_find_row(&rows, 0);
    assert_string_equal(row.id, "00000000-0000-7000-8000-000000000001");
    assert_null(row.token_expires);
    assert_false(orc_value_is_true(row.waits));
    assert_string_equal(orc_rows_named(&rows, 0, "id"), row.id);
    assert_null(orc_rows_named(&rows, 0, "no_such_column"));
    orc_db_close(db);
    assert_string_equal(text_of("SELECT concat_ws(',', issuer, sub, name, username, email, picture) FROM users"),
                        "i,s,n,u,e");
}

static void arrays_are_quoted(void **state)
{
    apr_array_header_t *texts = apr_array_make(pool, 3, sizeof(const char *));

    assert_string_equal(orc_value_array(texts, pool), "{}");
    APR_ARRAY_PUSH(texts, const char *) = "a\"b,\\c}";
    APR_ARRAY_PUSH(texts, const char *) = "";
    APR_ARRAY_PUSH(texts, const char *) = "NULL";
    assert_string_equal(orc_value_array(texts, pool), "{\"a\\\"b,\\\\c}\",\"\",\"NULL\"}");
}

static void a_dead_connection_is_reset_before_work(void **state)
{
    orc_rows_t rows;
    int round;

    for (round = 0; round < 3; round++) {
        assert_null(orc_db_read(source, &rows, orc_sql_health(), pool));
        assert_true(orc_value_integer(orc_rows_text(&rows, 0, 0)) >= 1);
        kill_backends();
    }
    assert_null(orc_db_read(source, &rows, orc_sql_health(), pool));
}

static orc_error_t *add_message(orc_db_t *db, const char *topic, apr_pool_t *unit)
{
    return orc_db_execute_text(
        db, NULL,
        apr_psprintf(unit, "INSERT INTO outbox (topic, key, payload) VALUES ('%s', gen_random_uuid(), '{}')", topic), 0,
        NULL, ORC_DB_UNUSUAL, unit);
}

static void a_write_is_not_lost_on_a_dead_connection(void **state)
{
    orc_db_t *db = opened();

    orc_db_close(db);
    kill_backends();
    db = opened();
    assert_null(add_message(db, "kept", pool));
    orc_db_close(db);
    assert_string_equal(text_of("SELECT count(*) FROM outbox WHERE topic = 'kept'"), "1");
}

static void an_open_transaction_is_rolled_back_with_its_unit_of_work(void **state)
{
    apr_pool_t *unit;
    orc_db_t *db;

    apr_pool_create(&unit, pool);
    assert_null(orc_db_open(&db, source, unit));
    assert_null(orc_db_begin(db, unit));
    assert_null(add_message(db, "forgotten", unit));
    apr_pool_destroy(unit);
    assert_string_equal(text_of("SELECT count(*) FROM outbox WHERE topic = 'forgotten'"), "0");
}

static void assert_selects(orc_db_t *db, int number, orc_db_keep_t kind)
{
    orc_rows_t rows;

    assert_null(orc_db_execute_text(db, &rows, apr_psprintf(pool, "SELECT %d", number), 0, NULL, kind, pool));
    assert_int_equal(orc_value_integer(orc_rows_text(&rows, 0, 0)), number);
}

/* How many prepared statements of the session have such a text, and when the first of them was prepared. */
static const char *prepared_of(orc_db_t *db, const char *text)
{
    const char *sql = "SELECT count(*) || ' ' || coalesce(min(prepare_time)::text, '') FROM pg_prepared_statements "
                      "WHERE statement ~ $1";
    orc_rows_t rows;

    assert_null(orc_db_execute_text(db, &rows, sql, 1, &text, ORC_DB_ONCE, pool));
    return orc_rows_text(&rows, 0, 0);
}

static void composed_statements_are_forgotten_by_least_use(void **state)
{
    orc_db_t *db = opened();
    const char *kept;
    int i;

    assert_selects(db, 1000, ORC_DB_USUAL);
    assert_selects(db, 1001, ORC_DB_UNUSUAL);
    kept = prepared_of(db, "^SELECT 100[01]$");
    for (i = 0; i < 300; i++) {
        assert_selects(db, i, ORC_DB_UNUSUAL);
        assert_selects(db, 1001, ORC_DB_UNUSUAL);
        assert_selects(db, 2000 + i, ORC_DB_ONCE);
    }
    assert_string_equal(prepared_of(db, "^SELECT 100[01]$"), kept);
    assert_true(atoi(prepared_of(db, "^SELECT [0-9]{1,3}$")) < 32);
    assert_int_equal(atoi(prepared_of(db, "^SELECT 2...$")), 0);
    assert_selects(db, 5, ORC_DB_UNUSUAL);
    assert_selects(db, 5, ORC_DB_UNUSUAL);
    orc_db_close(db);
}

static void a_batch_is_one_transaction(void **state)
{
    orc_db_step_t steps[2] = {{.call = orc_sql_health()}, {.call = orc_sql_health()}};
    orc_db_t *db = opened();

    assert_null(orc_db_batch(db, steps, 2, 0, pool));
    assert_int_equal(steps[1].rows.count, 1);
    assert_null(orc_db_batch(db, steps, 2, 1, pool));
    orc_db_close(db);
    assert_true(atoi(text_of("SELECT 7")) == 7);
}

static void a_batch_on_a_dead_connection_fails_and_heals(void **state)
{
    orc_db_step_t steps[1] = {{.call = orc_sql_health()}};
    orc_db_t *db = opened();
    orc_error_t *error;

    kill_backends();
    error = orc_db_batch(db, steps, 1, 1, pool);
    assert_string_equal(error->code, "database.unavailable");
    assert_true(error->retriable);
    orc_db_close(db);
    db = opened();
    assert_null(orc_db_batch(db, steps, 1, 1, pool));
    orc_db_close(db);
}

static void the_wake_up_reaches_listeners(void **state)
{
    orc_db_step_t steps[1] = {{.call = orc_sql_health()}};
    PGconn *listener = PQconnectdb(getenv("DATABASE_URL"));
    PGnotify *notification;
    orc_db_t *db = opened();

    PQclear(PQexec(listener, "LISTEN orchestrator"));
    assert_null(orc_db_batch(db, steps, 1, 1, pool));
    orc_db_close(db);
    PQclear(PQexec(listener, "SELECT 1"));
    notification = PQnotifies(listener);
    assert_non_null(notification);
    assert_string_equal(notification->relname, "orchestrator");
    PQfreemem(notification);
    PQfinish(listener);
}

/* Waits for the next wake-up; a server that ends a connection has some words before. */
static int hears(void)
{
    struct pollfd fd = {.fd = orc_db_socket(source), .events = POLLIN};

    while (poll(&fd, 1, 30000) == 1) {
        if (orc_db_heard(source))
            return 1;
    }
    return 0;
}

static void a_source_listens_for_wake_ups_and_again_in_a_new_session(void **state)
{
    orc_db_step_t step = {.call = orc_sql_health()};
    orc_db_source_t *other = orc_db_source_single(getenv("DATABASE_URL"), pool);
    int is_new;

    assert_null(orc_db_listen(&is_new, source, pool));
    assert_true(is_new);
    assert_null(orc_db_listen(&is_new, source, pool));
    assert_false(is_new);
    assert_false(orc_db_heard(source));
    assert_null(orc_db_write(other, &step, 1, 1, pool));
    assert_true(hears());
    assert_false(orc_db_heard(source));
    kill_backends();
    assert_true(hears());
    assert_null(orc_db_listen(&is_new, source, pool));
    assert_true(is_new);
    assert_null(orc_db_write(other, &step, 1, 1, pool));
    assert_true(hears());
}

typedef struct runs_t {
    int count, kill_until;
} runs_t;

static orc_error_t *work_on_a_dying_connection(orc_db_t *db, void *baton, apr_pool_t *p)
{
    runs_t *runs = baton;

    if (++runs->count <= runs->kill_until)
        kill_backends();
    return orc_db_execute_text(db, NULL,
                               "INSERT INTO outbox (topic, key, payload) VALUES ('once', gen_random_uuid(), '{}')", 0,
                               NULL, ORC_DB_UNUSUAL, p);
}

static void a_transaction_is_done_again_when_its_connection_dies(void **state)
{
    runs_t runs = {0, 2}, hopeless = {0, 99};

    assert_null(orc_db_transact(source, work_on_a_dying_connection, &runs, 1, pool));
    assert_int_equal(runs.count, 3);
    assert_string_equal(text_of("SELECT count(*) FROM outbox WHERE topic = 'once'"), "1");
    assert_int_equal(orc_db_transact(source, work_on_a_dying_connection, &hopeless, 0, pool)->status, 503);
    assert_int_equal(hopeless.count, 3);
}

/* ---- a server that does not answer ---- */

static void set_patience(int milliseconds)
{
    source->patience = apr_time_from_msec(milliseconds);
}

static int forget_patience(void **state)
{
    set_patience(0);
    return 0;
}

static void an_answer_that_is_late_is_a_503_and_the_next_unit_of_work_does_well(void **state)
{
    orc_db_t *db = opened();
    orc_error_t *error;
    apr_time_t begun;

    assert_null(orc_db_begin(db, pool));
    set_patience(50);
    begun = apr_time_now();
    error = orc_db_execute_text(db, NULL, "SELECT pg_sleep(3600)", 0, NULL, ORC_DB_UNUSUAL, pool);
    assert_string_equal(error->code, "database.busy");
    assert_int_equal(error->status, 503);
    assert_true(error->retriable && error->retry_after > 0);
    /* Nothing more is asked on it, the end of its transaction neither. */
    assert_int_equal(orc_db_execute_text(db, NULL, "SELECT 1", 0, NULL, ORC_DB_UNUSUAL, pool)->status, 503);
    orc_db_close(db);
    assert_true(apr_time_now() - begun < apr_time_from_sec(30));
    set_patience(0);
    assert_string_equal(text_of("SELECT 7"), "7");
}

static void a_late_batch_is_a_503_and_the_next_one_does_well(void **state)
{
    orc_db_step_t steps[2] = {{.call = orc_sql_health()}, {.call = orc_sql_health()}};
    PGconn *other = PQconnectdb(getenv("DATABASE_URL"));
    orc_db_t *db = opened();

    assert_null(orc_db_batch(db, steps, 2, 1, pool));
    PQclear(PQexec(other, "BEGIN; LOCK TABLE schema_migrations"));
    set_patience(50);
    assert_string_equal(orc_db_batch(db, steps, 2, 1, pool)->code, "database.busy");
    orc_db_close(db);
    PQfinish(other);
    set_patience(0);
    db = opened();
    assert_null(orc_db_batch(db, steps, 2, 1, pool));
    orc_db_close(db);
}

static orc_error_t *work_too_long(orc_db_t *db, void *runs, apr_pool_t *p)
{
    ++*(int *)runs;
    return orc_db_execute_text(db, NULL, "SELECT pg_sleep(3600)", 0, NULL, ORC_DB_UNUSUAL, p);
}

static void what_may_have_been_carried_out_is_not_done_again(void **state)
{
    int runs = 0;

    set_patience(50);
    assert_string_equal(orc_db_transact(source, work_too_long, &runs, 0, pool)->code, "database.busy");
    assert_int_equal(runs, 1);
}

/* More than the kernel takes before anybody has read it. */
enum { MUCH = 64 * 1024 * 1024 };

static void much_is_sent_and_answered(void **state)
{
    char *text = memset(malloc(MUCH + 1), 'x', MUCH);
    const char *values[] = {text};
    orc_rows_t rows;
    orc_db_t *db = opened();

    text[MUCH] = '\0';
    assert_null(orc_db_execute_text(db, &rows, "SELECT length($1::text)", 1, values, ORC_DB_UNUSUAL, pool));
    assert_int_equal(orc_value_integer(orc_rows_text(&rows, 0, 0)), MUCH);
    orc_db_close(db);
    free(text);
}

static void what_nobody_reads_is_a_503(void **state)
{
    char *text = memset(malloc(MUCH + 1), 'x', MUCH);
    const char *values[] = {text};
    orc_db_t *db = opened();
    orc_error_t *error;
    orc_rows_t rows;
    pid_t backend;

    text[MUCH] = '\0';
    assert_null(orc_db_execute_text(db, &rows, "SELECT pg_backend_pid()", 0, NULL, ORC_DB_UNUSUAL, pool));
    backend = (pid_t)orc_value_integer(orc_rows_text(&rows, 0, 0));
    assert_null(orc_db_execute_text(db, NULL, "SELECT length($1::text)", 1, values, ORC_DB_UNUSUAL, pool));
    assert_int_equal(kill(backend, SIGSTOP), 0);
    set_patience(50);
    error = orc_db_execute_text(db, NULL, "SELECT length($1::text)", 1, values, ORC_DB_UNUSUAL, pool);
    assert_string_equal(error->code, "database.busy");
    orc_db_close(db);
    assert_int_equal(kill(backend, SIGCONT), 0);
    free(text);
    set_patience(0);
    assert_string_equal(text_of("SELECT 7"), "7");
}

/* A port that takes connections and says nothing. */
static int listen_silently(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    *port = ntohs(address.sin_port);
    return listener;
}

static void a_server_that_takes_the_connection_and_is_silent_is_a_503(void **state)
{
    int port, listener = listen_silently(&port);
    const char *conninfo = apr_psprintf(pool, "host=127.0.0.1 port=%d connect_timeout=2", port);
    orc_db_source_t *silent = orc_db_source_single(conninfo, pool);
    apr_time_t begun = apr_time_now();
    orc_error_t *error;
    orc_db_t *db;

    error = orc_db_open(&db, silent, pool);
    assert_string_equal(error->code, "database.unavailable");
    assert_true(apr_time_now() - begun < apr_time_from_sec(30));
    assert_string_equal(orc_db_check_sessions(conninfo, pool)->code, "database.unavailable");
    close(listener);
}

static void a_source_with_a_patience_of_its_own_has_no_more_for_a_connection(void **state)
{
    int port, listener = listen_silently(&port);
    const char *conninfo = apr_psprintf(pool, "host=127.0.0.1 port=%d connect_timeout=20", port);
    orc_db_source_t *silent = orc_db_source_single(conninfo, pool);
    apr_time_t begun = apr_time_now();
    orc_db_t *db;

    silent->patience = apr_time_from_sec(2);
    assert_string_equal(orc_db_open(&db, silent, pool)->code, "database.unavailable");
    assert_string_equal(orc_db_open(&db, silent, pool)->code, "database.unavailable");
    assert_true(apr_time_now() - begun < apr_time_from_sec(20));
    close(listener);
}

static void a_connection_to_postgresql_keeps_its_session(void **state)
{
    assert_null(orc_db_check_sessions(getenv("DATABASE_URL"), pool));
    assert_int_equal(orc_db_check_sessions("host=127.0.0.1 port=1 connect_timeout=2", pool)->status, 503);
}

static void a_session_is_what_the_statements_are_written_for_whatever_a_site_sets(void **state)
{
    const char *conninfo =
        apr_pstrcat(pool, getenv("DATABASE_URL"),
                    " client_encoding=LATIN1 options='-c default_transaction_isolation=serializable'", NULL);
    orc_db_source_t *odd = orc_db_source_single(conninfo, pool);
    int round;

    for (round = 0; round < 2; round++) {
        assert_string_equal(text_from(odd, "SELECT current_setting('client_encoding')"), "UTF8");
        assert_string_equal(text_from(odd, "SELECT current_setting('transaction_isolation')"), "read committed");
        kill_backends();
    }
}

static void a_connection_string_tells_its_time(void **state)
{
    assert_true(orc_db_has_connect_timeout("host=x connect_timeout=2"));
    assert_true(orc_db_has_connect_timeout("postgresql://x/y?connect_timeout=5"));
    assert_false(orc_db_has_connect_timeout("host=x application_name=connect_timeout"));
    assert_false(orc_db_has_connect_timeout("postgresql://x/y"));
    assert_false(orc_db_has_connect_timeout("nonsense"));
    assert_false(orc_db_has_connect_timeout(""));
}

static void a_connection_string_tells_where_it_leads(void **state)
{
    const char *way = orc_db_conninfo_way("host=x dbname=y user=z password=a connect_timeout=2", pool);

    assert_string_equal(orc_db_conninfo_way("postgresql://z:b@x/y?application_name=c&sslmode=require", pool), way);
    assert_null(strstr(orc_db_conninfo_way("host=x password=secret", pool), "secret"));
    assert_string_not_equal(orc_db_conninfo_way("host=x dbname=w user=z", pool), way);
    assert_string_not_equal(orc_db_conninfo_way("host=x dbname=y user=z options='-c search_path=a'", pool), way);
    assert_string_equal(orc_db_conninfo_way("nonsense", pool), "");
}

static void a_server_that_is_away_is_a_503(void **state)
{
    orc_db_source_t *nowhere = orc_db_source_single("host=127.0.0.1 port=1 connect_timeout=2", pool);
    orc_error_t *error;
    orc_db_t *db;
    int applied;

    error = orc_db_open(&db, nowhere, pool);
    assert_int_equal(error->status, 503);
    assert_true(error->retriable);
    assert_null(db);
    orc_db_close(db);
    assert_int_equal(orc_db_migrate(nowhere, &applied, pool)->status, 503);
}

/* The daemon's poller: what happens while it waits for the socket uses the same source, and may find the connection
 * broken, let go of it, and have another one, with the same descriptor perhaps. */
static void a_listener_whose_connection_was_replaced_is_asked_as_before(void **state)
{
    orc_db_t *db;
    int i, is_new;

    for (i = 0; i < 3; i++) {
        assert_null(orc_db_listen(&is_new, source, pool));
        assert_true(orc_db_socket(source) >= 0);
        db = opened();
        kill_backends();
        assert_non_null(orc_db_execute_text(db, NULL, "SELECT 1", 0, NULL, ORC_DB_UNUSUAL, pool));
        orc_db_close(db);
        assert_true(orc_db_heard(source)); /* there is none, so a wake-up may have been missed */
        assert_int_equal(orc_db_socket(source), -1);
        assert_string_equal(text_of("SELECT 'another'"), "another");
        assert_false(orc_db_heard(source));
        assert_null(orc_db_listen(&is_new, source, pool));
        assert_true(is_new);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(migrations_apply_once),
        cmocka_unit_test(a_migration_in_between_is_applied_too),
        cmocka_unit_test(nulls_are_told_from_empty_texts),
        cmocka_unit_test(sqlstate_decides_the_error),
        cmocka_unit_test(constraints_are_named),
        cmocka_unit_test(statements_take_and_give_what_they_declare),
        cmocka_unit_test(a_call_takes_its_values_by_name),
        cmocka_unit_test(arrays_are_quoted),
        cmocka_unit_test(a_dead_connection_is_reset_before_work),
        cmocka_unit_test(a_write_is_not_lost_on_a_dead_connection),
        cmocka_unit_test(an_open_transaction_is_rolled_back_with_its_unit_of_work),
        cmocka_unit_test(composed_statements_are_forgotten_by_least_use),
        cmocka_unit_test(a_batch_is_one_transaction),
        cmocka_unit_test(a_batch_on_a_dead_connection_fails_and_heals),
        cmocka_unit_test(the_wake_up_reaches_listeners),
        cmocka_unit_test(a_source_listens_for_wake_ups_and_again_in_a_new_session),
        cmocka_unit_test(a_transaction_is_done_again_when_its_connection_dies),
        cmocka_unit_test_teardown(an_answer_that_is_late_is_a_503_and_the_next_unit_of_work_does_well, forget_patience),
        cmocka_unit_test_teardown(a_late_batch_is_a_503_and_the_next_one_does_well, forget_patience),
        cmocka_unit_test_teardown(what_may_have_been_carried_out_is_not_done_again, forget_patience),
        cmocka_unit_test(much_is_sent_and_answered),
        cmocka_unit_test_teardown(what_nobody_reads_is_a_503, forget_patience),
        cmocka_unit_test(a_server_that_takes_the_connection_and_is_silent_is_a_503),
        cmocka_unit_test(a_source_with_a_patience_of_its_own_has_no_more_for_a_connection),
        cmocka_unit_test(a_connection_to_postgresql_keeps_its_session),
        cmocka_unit_test(a_session_is_what_the_statements_are_written_for_whatever_a_site_sets),
        cmocka_unit_test(a_connection_string_tells_its_time),
        cmocka_unit_test(a_connection_string_tells_where_it_leads),
        cmocka_unit_test(a_server_that_is_away_is_a_503),
        cmocka_unit_test(a_listener_whose_connection_was_replaced_is_asked_as_before),
    };

    return cmocka_run_group_tests(tests, setup_database, teardown);
}
