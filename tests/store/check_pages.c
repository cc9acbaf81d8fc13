/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Pages of lists from a real PostgreSQL: run by test_pages.py with DATABASE_URL of an empty database. */

#include "../unit/unit.h"

#include "orc_store_lists.h"

enum { DEPLOYMENTS = 45, TEMPLATES = 30, MIB = 1024 * 1024, BUDGET = 16 * MIB };

static const char me[] = "00000000-0000-7000-8000-000000000001";
static orc_db_source_t *source;

static const char *text_of(const char *sql)
{
    orc_rows_t rows;

    assert_null(orc_db_read_text(source, &rows, sql, 0, NULL, ORC_DB_ONCE, pool));
    return rows.count ? orc_rows_text(&rows, 0, 0) : NULL;
}

/* 30 templates of a MiB, 45 deployments of a person, and one of somebody else's. */
static int setup_database(void **state)
{
    int applied;

    if (setup(state))
        return -1;
    source = orc_db_source_single(getenv("DATABASE_URL"), pool);
    if (orc_db_migrate(source, &applied, pool))
        return -1;
    text_of("INSERT INTO users (id, issuer, sub, name, username, email) SELECT "
            "('00000000-0000-7000-8000-00000000000' || n)::uuid, 'i', n, 'n', 'u', 'e' FROM generate_series(1, 2) n");
    text_of("INSERT INTO templates (id, content, checksum, name, target_provider_type, tosca_definition_version, "
            "created_by, updated_by) SELECT gen_random_uuid(), (SELECT string_agg(md5(n || "
            "'.' || i), '') FROM generate_series(1, 32768) i), n, lpad(n::text, 3, '0'), 'p', 'v', u.id, "
            "u.id FROM generate_series(1, 30) n, users u WHERE u.sub = '1'");
    text_of(
        "INSERT INTO deployments (id, template_id, template_inputs, user_group, user_group_issuer, "
        "per_provider_max_retries, tot_timeout_mins, per_provider_timeout_mins, keep_last_attempt, created_by, "
        "updated_by, created_at) SELECT gen_random_uuid(), (SELECT id FROM templates LIMIT 1), '{}', 'group-' || n % "
        "3, "
        "'i', 1, n, 1, false, u.id, u.id, now() - n / 2 * interval '1 s' FROM generate_series(1, 46) n JOIN users u ON "
        "u.sub = CASE n WHEN 46 THEN '2' ELSE '1' END");
    text_of("INSERT INTO deployment_owners (deployment_id, user_id) SELECT id, created_by FROM deployments");
    return 0;
}

static orc_store_list_t own(void)
{
    return (orc_store_list_t){.base = orc_db_kept(orc_sql_deployment_list_own(.caller = me, .base_url = "x"), pool),
                              .whole = &orc_sql_table[ORC_SQL_DEPLOYMENT_WHOLE_OWN],
                              .keys = &orc_sql_table[ORC_SQL_DEPLOYMENT_KEYS_OWN],
                              .count = &orc_sql_table[ORC_SQL_DEPLOYMENT_COUNT_OWN]};
}

static orc_store_list_t all(void)
{
    return (orc_store_list_t){.base = orc_db_kept(orc_sql_deployment_list_all(.caller = me, .base_url = "x"), pool),
                              .keys = &orc_sql_table[ORC_SQL_DEPLOYMENT_KEYS_ALL],
                              .is_everybodys = 1};
}

static orc_store_list_t templates(void)
{
    return (orc_store_list_t){.base = orc_db_kept(orc_sql_template_list(.caller = me), pool), .is_everybodys = 1};
}

/* A wish for a page in the order of some columns. */
static orc_store_page_wish_t wish_of(int size, apr_int64_t offset, const char *first, const char *second)
{
    orc_store_page_wish_t wish = {.where = "", .size = size, .offset = offset, .budget = BUDGET, .total = -1};
    const char *columns[] = {first, second};
    apr_array_header_t *order = apr_array_make(pool, 2, sizeof(orc_store_key_t));
    int i;

    for (i = 0; i < 2; i++) {
        orc_store_key_t *key = apr_array_push(order);

        *key = (orc_store_key_t){columns[i], apr_pstrcat(pool, "b.", columns[i], NULL), 1, 0, 0};
    }
    wish.order = order;
    wish.values = apr_array_make(pool, 1, sizeof(const char *));
    return wish;
}

static orc_store_page_t page_of(const orc_store_list_t *list, const orc_store_page_wish_t *wish)
{
    orc_store_page_t page;

    assert_null(orc_store_page_read(&page, source, list, wish, pool));
    assert_true(page.is_allowed);
    return page;
}

static void assert_same(const orc_store_page_t *one, const orc_store_page_t *other)
{
    assert_string_equal(one->objects, other->objects);
    assert_int_equal(one->total, other->total);
}

/* However a page is found: by keys or whole rows, few or many, from the front or the end. */
static void a_page_is_the_same_however_it_is_found(void **state)
{
    orc_store_list_t mine = own(), everybodys = all(), plain = all();
    int offset;

    plain.keys = NULL;
    for (offset = 0; offset <= DEPLOYMENTS + 7; offset += 7) {
        orc_store_page_wish_t wish = wish_of(7, offset, "created_at", "id"), known = wish;
        orc_store_page_t front = page_of(&everybodys, &wish), other = page_of(&plain, &wish);

        assert_int_equal(front.total, DEPLOYMENTS + 1);
        assert_same(&front, &other);
        known.total = DEPLOYMENTS + 1;
        other = page_of(&everybodys, &known);
        assert_same(&front, &other);
        wish.is_usual = 1;
        front = page_of(&mine, &wish);
        assert_int_equal(front.total, DEPLOYMENTS);
        wish.where = known.where = " AND b.created_by = $1::uuid";
        other = page_of(&everybodys, &wish);
        /* Owners and administrators are shown the same where nothing is secret. */
        assert_same(&front, &other);
        other = page_of(&mine, &wish);
        assert_same(&front, &other);
    }
}

/* A length that is out of date shows nothing twice and leaves nothing out. */
static void an_old_length_only_says_from_where_to_look(void **state)
{
    orc_store_list_t everybodys = all();
    orc_store_page_wish_t wish = wish_of(10, 30, "created_at", "id"), old = wish;
    orc_store_page_t page = page_of(&everybodys, &wish), other;

    for (old.total = 10; old.total < 100; old.total += 15) {
        other = page_of(&everybodys, &old);
        assert_string_equal(other.objects, page.objects);
        assert_int_equal(other.total, other.is_counted ? DEPLOYMENTS + 1 : old.total);
    }
}

static void a_condition_that_many_fulfil_finds_the_same(void **state)
{
    orc_store_list_t everybodys = all();
    orc_store_page_wish_t wish = wish_of(7, 14, "tot_timeout_mins", "id");
    orc_store_page_t few, many;

    text_of("CREATE TABLE kept AS SELECT id FROM deployments");
    wish.where = " AND b.user_group <> 'group-9'";
    few = page_of(&everybodys, &wish);
    text_of("INSERT INTO deployments (id, template_id, template_inputs, user_group, user_group_issuer, "
            "per_provider_max_retries, tot_timeout_mins, per_provider_timeout_mins, keep_last_attempt, created_by, "
            "updated_by) SELECT gen_random_uuid(), template_id, '{}', 'g', 'i', 1, 0, 1, false, created_by, created_by "
            "FROM "
            "deployments, generate_series(1, 50)");
    many = page_of(&everybodys, &wish);
    assert_string_equal(many.objects, few.objects);
    assert_int_equal(few.total, DEPLOYMENTS + 1);
    assert_int_equal(many.total, 51 * (DEPLOYMENTS + 1));
    wish.total = 77;
    many = page_of(&everybodys, &wish);
    assert_string_equal(many.objects, few.objects);
    assert_int_equal(many.total, 77);
    assert_false(many.is_counted);
    text_of("DELETE FROM deployments WHERE id NOT IN (SELECT id FROM kept)");
}

/* Many rows that have little to be told apart by. */
static void add_similar_ones(void)
{
    text_of("CREATE TABLE were AS SELECT id FROM deployments");
    text_of("INSERT INTO deployments (id, template_id, template_inputs, user_group, user_group_issuer, "
            "per_provider_max_retries, max_providers, tot_timeout_mins, per_provider_timeout_mins, keep_last_attempt, "
            "target_region, status, task, last_operation_id, created_by, updated_by, updated_at) SELECT "
            "md5(n::text)::uuid, "
            "template_id, '{}', 'g', 'i', n % 2, nullif(n % 3, 0), n % 7, n % 1009, false, CASE WHEN n % 500 = 0 THEN "
            "'r' || n % 4 END, n % 10, n % 9, NULL, created_by, created_by, now() - n % 977 * interval '1 s' FROM "
            "generate_series(1, 4000) n, (SELECT template_id, created_by FROM deployments LIMIT 1) d");
    text_of("UPDATE deployments SET status = tot_timeout_mins % 10, task = tot_timeout_mins % 9");
}

/* The same page of everybody's with a bound, from the front and from the end, and without. */
static void assert_bound_changes_nothing(orc_store_page_wish_t wish, int total)
{
    static const int offsets[] = {0, 7, 93, 490, 2000, 3530, 3950, 4039, 4046, 5000};
    orc_store_list_t everybodys = all();
    orc_store_page_wish_t walked = wish;
    size_t i;

    walked.order = apr_array_copy(pool, wish.order);
    APR_ARRAY_IDX(walked.order, 0, orc_store_key_t).is_indexed =
        APR_ARRAY_IDX(walked.order, 0, orc_store_key_t).is_spread = 1;
    for (i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        orc_store_page_t page, plain;

        wish.offset = walked.offset = offsets[i];
        wish.total = -1;
        plain = page_of(&everybodys, &walked);
        assert_int_equal(plain.total, total);
        page = page_of(&everybodys, &wish);
        assert_same(&page, &plain);
        wish.total = total;
        page = page_of(&everybodys, &wish);
        assert_same(&page, &plain);
    }
}

static void a_bound_changes_nothing(void **state)
{
    static const char *const firsts[] = {
        "status",        "task_rank",  "keep_last_attempt", "max_providers",
        "target_region", "updated_at", "status_reason",     "per_provider_timeout_mins"};
    size_t i;
    int turns;

    add_similar_ones();
    for (i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        for (turns = 0; turns < 4; turns++) {
            orc_store_page_wish_t wish = wish_of(7, 0, firsts[i], "max_providers");

            *(orc_store_key_t *)apr_array_push((apr_array_header_t *)wish.order) =
                (orc_store_key_t){"id", "b.id", 1, 1, 1};
            APR_ARRAY_IDX(wish.order, 0, orc_store_key_t).is_descending = turns & 1;
            APR_ARRAY_IDX(wish.order, 1, orc_store_key_t).is_descending = turns >> 1;
            APR_ARRAY_IDX(wish.order, 2, orc_store_key_t).is_descending = turns >> 1;
            assert_bound_changes_nothing(wish, DEPLOYMENTS + 1 + 4000);
        }
    }
    text_of("DELETE FROM deployments WHERE id NOT IN (SELECT id FROM were)");
}

static void ranks_order_as_the_words_do(void **state)
{
    static const char *const names[] = {"deployment_status", "deployment_task", "resource_status"};
    const char *views = orc_views_schema;
    size_t i;

    for (i = 0; i < 3; i++)
        assert_string_equal(
            text_of(apr_psprintf(
                pool,
                "SELECT count(*) FROM (SELECT row_number() OVER (ORDER BY name COLLATE \"C\") AS by_name, "
                "row_number() OVER (ORDER BY rank) AS by_rank FROM (SELECT %s.%s_name(n::smallint) AS name, "
                "%s.%s_rank(n::smallint) AS rank FROM generate_series(0, 30) n) c WHERE "
                "name IS NOT NULL OR rank IS NOT NULL) b WHERE by_name <> by_rank",
                views, names[i], views, names[i])),
            "0");
}

/* How many blocks of long values were read since the server began; the session that read them has ended. */
static int long_blocks(void)
{
    PGconn *other = PQconnectdb(getenv("DATABASE_URL"));
    PGresult *result;
    int blocks;

    PQclear(PQexec(other,
                   "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
                   "datname = current_database()"));
    result =
        PQexec(other, "SELECT toast_blks_read + toast_blks_hit FROM pg_statio_user_tables WHERE relname = 'templates'");
    blocks = atoi(PQgetvalue(result, 0, 0));
    PQclear(result);
    PQfinish(other);
    return blocks;
}

static void only_what_is_shown_is_read(void **state)
{
    orc_store_list_t list = templates();
    orc_store_page_wish_t wish = wish_of(1, TEMPLATES / 2, "name", "id");
    int before = long_blocks(), one, refused;

    assert_true(strlen(page_of(&list, &wish).objects) > MIB);
    one = long_blocks() - before;
    assert_true(one > 0);
    wish.where = " AND b.name <> 'x'";
    before = long_blocks();
    assert_true(strlen(page_of(&list, &wish).objects) > MIB);
    assert_true(long_blocks() - before <= one + one / 2);
    wish.size = TEMPLATES;
    wish.offset = 0;
    before = long_blocks();
    assert_true(page_of(&list, &wish).size_that_fits > 0);
    refused = long_blocks() - before;
    assert_int_equal(refused, 0);
}

static void a_page_over_the_budget_says_what_fits(void **state)
{
    orc_store_list_t list = templates();
    orc_store_page_wish_t wish = wish_of(TEMPLATES, 0, "name", "id");
    orc_store_page_t page = page_of(&list, &wish);

    assert_null(page.objects);
    assert_int_equal(page.size_that_fits, 15);
    wish.size = page.size_that_fits;
    page = page_of(&list, &wish);
    assert_int_equal(page.size_that_fits, 0);
    assert_true(strlen(page.objects) > 15 * MIB && strlen(page.objects) <= BUDGET);
    wish.size++;
    assert_int_equal(page_of(&list, &wish).size_that_fits, 15);
    wish.offset = 5;
    assert_int_equal(page_of(&list, &wish).size_that_fits, 15);
    wish.size = 1;
    wish.budget = 1;
    assert_int_equal(page_of(&list, &wish).size_that_fits, 0);
    wish.size = 2;
    assert_int_equal(page_of(&list, &wish).size_that_fits, 1);
}

/* Many orders of one person leave what others ask for all the time prepared. */
static void unusual_orders_drive_out_unusual_ones_only(void **state)
{
    static const char *const columns[] = {"user_group",  "status",      "task",
                                          "template_id", "im_infra_id", "target_region"};
    const char *usual = "SELECT prepare_time FROM pg_prepared_statements WHERE name LIKE 'q%'";
    orc_store_list_t mine = own();
    orc_store_page_wish_t wish = wish_of(5, 0, "created_at", "id");
    const char *prepared;
    int i;

    wish.is_usual = 1;
    (void)page_of(&mine, &wish);
    prepared = text_of(usual);
    assert_non_null(prepared);
    for (i = 0; i < 36; i++) {
        orc_store_page_wish_t other = wish_of(5, i % 2 * 5, columns[i % 6], columns[i / 6]);

        (void)page_of(&mine, &other);
        other.is_usual = 0;
        other.where = apr_psprintf(pool, " AND b.tot_timeout_mins > %d", i);
        (void)page_of(&mine, &other);
    }
    assert_string_equal(text_of(usual), prepared);
    assert_string_equal(text_of("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'u%'"), "32");
}

/* How large an object is thought to be, against what it is. */
static void assert_bytes(const char *objects)
{
    const char *ratio = text_of(apr_pstrcat(pool,
                                            "SELECT min(bytes::float / octet_length(object::text)) || ' ' || "
                                            "max(bytes - octet_length(object::text)) FROM (",
                                            objects, ") b", NULL));

    assert_true(atof(ratio) >= 1);
    assert_true(atoi(strchr(ratio, ' ')) <= 3000);
}

static void objects_are_hardly_smaller_than_they_are_thought_to_be(void **state)
{
    const char *views = orc_views_schema;

    text_of("UPDATE templates SET content = repeat(E'a: \"\\\\\\n', 50000) || repeat(chr(7) || 'ä€', 1000), name = "
            "repeat(E'\\n', "
            "255) WHERE checksum = '1'");
    text_of(
        "UPDATE deployments SET template_inputs = json_build_object('a', repeat(E'\"\\n', 9999)), template_outputs = "
        "jsonb_build_object('b', repeat('ä', 5000)), status = 1, status_reason = repeat(E'\\n', 3000) WHERE "
        "tot_timeout_mins = 3");
    text_of(
        "INSERT INTO resources (id, deployment_id, position, tosca_node_name, tosca_node_type, is_compute, "
        "metadata, created_by, updated_by) SELECT gen_random_uuid(), id, n, 'node' || n, 't', true, CASE n WHEN 1 "
        "THEN "
        "jsonb_build_object('c', repeat(E'\"', 3000)) END, created_by, created_by FROM deployments, generate_series(1, "
        "3) "
        "n WHERE tot_timeout_mins = 3");
    text_of("INSERT INTO resource_requirements SELECT a.id, b.id FROM resources a, resources b WHERE a.id <> b.id");
    text_of("INSERT INTO operations (id, deployment_id, type, transitive, user_group, user_group_issuer, created_by) "
            "SELECT gen_random_uuid(), id, 'CREATE', (SELECT jsonb_agg(jsonb_build_object('id', n)) FROM "
            "generate_series(1, 200) n), 'g', 'i', created_by FROM deployments");
    assert_bytes(apr_psprintf(pool, "SELECT * FROM %s.v1_templates()", views));
    assert_bytes(
        apr_psprintf(pool, "SELECT * FROM %s.v1_deployments('https://paas.example/api/v1', '%s', false)", views, me));
    assert_bytes(apr_psprintf(pool, "SELECT * FROM %s.v1_resources('%s')", views, me));
    assert_bytes(apr_psprintf(pool, "SELECT * FROM %s.v1_operations('%s')", views, me));
    assert_bytes(apr_psprintf(pool, "SELECT * FROM %s.v1_users('%s')", views, me));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_the_same_however_it_is_found),
        cmocka_unit_test(an_old_length_only_says_from_where_to_look),
        cmocka_unit_test(a_condition_that_many_fulfil_finds_the_same),
        cmocka_unit_test(a_bound_changes_nothing),
        cmocka_unit_test(ranks_order_as_the_words_do),
        cmocka_unit_test(only_what_is_shown_is_read),
        cmocka_unit_test(a_page_over_the_budget_says_what_fits),
        cmocka_unit_test(unusual_orders_drive_out_unusual_ones_only),
        cmocka_unit_test(objects_are_hardly_smaller_than_they_are_thought_to_be),
    };

    return cmocka_run_group_tests(tests, setup_database, teardown);
}
