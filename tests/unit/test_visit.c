/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include <apr_strings.h>

#include "orc_rules.h"

static const orc_identity_t alice = {.issuer = "https://issuer", .subject = "alice"};
static const orc_identity_t alice_elsewhere = {.issuer = "https://other", .subject = "alice"};

static orc_rules_visit_t *begin(orc_rules_t *rules, const orc_identity_t *who)
{
    orc_rules_visit_t *visit = NULL;

    assert_null(orc_rules_visit_begin(&visit, rules, who, pool));
    assert_null(orc_rules_visit_turn(visit));
    return visit;
}

static void one_person_leaves_a_quarter_of_the_workers(void **state)
{
    const orc_rules_host_t host = {.workers = 4};
    orc_rules_t *rules = orc_rules_make(&host, pool);
    orc_rules_visit_t *first = begin(rules, &alice), *refused;
    orc_error_t *error;

    (void)begin(rules, &alice);
    (void)begin(rules, &alice);
    error = orc_rules_visit_begin(&refused, rules, &alice, pool);
    assert_non_null(error);
    assert_int_equal(error->status, 429);
    assert_string_equal(error->code, "busy.caller");
    assert_true(error->retry_after > 0);
    assert_null(refused);
    (void)begin(rules, &alice_elsewhere);
    orc_rules_visit_end(first);
    (void)begin(rules, &alice);
}

static void one_that_is_answered_needs_no_connection(void **state)
{
    const orc_rules_host_t host = {.connections = 2};
    orc_rules_t *rules = orc_rules_make(&host, pool);
    orc_rules_visit_t *first = begin(rules, &alice);

    orc_rules_visit_is_answered(first);
    orc_rules_visit_end(begin(rules, &alice));
    orc_rules_visit_end(first);
    orc_rules_visit_end(begin(rules, &alice));
}

static void one_that_is_not_here_as_a_whole_needs_no_connection(void **state)
{
    const orc_rules_host_t host = {.connections = 2};
    orc_rules_t *rules = orc_rules_make(&host, pool);
    orc_rules_visit_t *first;

    assert_null(orc_rules_visit_begin(&first, rules, &alice, pool));
    orc_rules_visit_end(begin(rules, &alice));
    assert_null(orc_rules_visit_turn(first));
    orc_rules_visit_end(first);
    orc_rules_visit_end(begin(rules, &alice));
}

static void what_costs_much_is_said_once_and_ends_with_the_visit(void **state)
{
    const orc_rules_host_t host = {.connections = 1};
    orc_rules_t *rules = orc_rules_make(&host, pool);
    int i;

    for (i = 0; i < 5; i++) {
        orc_rules_visit_t *visit = begin(rules, &alice);

        assert_false(orc_rules_visit_is_costly(visit));
        assert_null(orc_rules_visit_costs(visit));
        assert_null(orc_rules_visit_costs(visit));
        assert_null(orc_rules_visit_costs(visit));
        assert_true(orc_rules_visit_is_costly(visit));
        orc_rules_visit_end(visit);
    }
}

static void what_costs_much_is_bounded_for_all_together(void **state)
{
    const orc_rules_host_t host = {.connections = 8};
    orc_rules_t *rules = orc_rules_make(&host, pool);
    orc_error_t *error;
    int i;

    for (i = 0; i < 4; i++) {
        const orc_identity_t who = {.issuer = "https://issuer", .subject = apr_psprintf(pool, "%d", i)};

        assert_null(orc_rules_visit_costs(begin(rules, &who)));
    }
    error = orc_rules_visit_costs(begin(rules, &alice));
    assert_non_null(error);
    assert_int_equal(error->status, 429);
}

static void one_person_follows_so_much_until_it_ends(void **state)
{
    const orc_rules_host_t host = {.followers = 2};
    orc_rules_t *rules = orc_rules_make(&host, pool);
    orc_rules_visit_t *visit = begin(rules, &alice);
    apr_pool_t *first, *second, *third;
    orc_error_t *error;

    apr_pool_create(&first, pool);
    apr_pool_create(&second, pool);
    apr_pool_create(&third, pool);
    assert_null(orc_rules_visit_follows(visit, first));
    assert_null(orc_rules_visit_follows(begin(rules, &alice), second));
    orc_rules_visit_end(visit);
    error = orc_rules_visit_follows(begin(rules, &alice), third);
    assert_non_null(error);
    assert_int_equal(error->status, 429);
    assert_string_equal(error->code, "busy.followers");
    assert_true(error->retry_after > 0);
    assert_null(orc_rules_visit_follows(begin(rules, &alice_elsewhere), third));
    apr_pool_destroy(first);
    assert_null(orc_rules_visit_follows(begin(rules, &alice), third));
}

static void nobody_is_waited_for_without_a_visit(void **state)
{
    assert_null(orc_rules_visit_turn(NULL));
    assert_null(orc_rules_visit_costs(NULL));
    assert_false(orc_rules_visit_is_costly(NULL));
    assert_null(orc_rules_visit_follows(NULL, pool));
    orc_rules_visit_is_answered(NULL);
    orc_rules_visit_end(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_person_leaves_a_quarter_of_the_workers),
        cmocka_unit_test(one_that_is_answered_needs_no_connection),
        cmocka_unit_test(one_that_is_not_here_as_a_whole_needs_no_connection),
        cmocka_unit_test(what_costs_much_is_said_once_and_ends_with_the_visit),
        cmocka_unit_test(what_costs_much_is_bounded_for_all_together),
        cmocka_unit_test(one_person_follows_so_much_until_it_ends),
        cmocka_unit_test(nobody_is_waited_for_without_a_visit),
    };

    return cmocka_run_group_tests_name("visit", tests, setup, teardown);
}
