/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <stdlib.h>
#include <string.h>

#include "orc_rules_parsed.h"

static const char text[] = "tosca_definitions_version: tosca_simple_yaml_1_0\n"
                           "metadata: { template_name: one }\n"
                           "topology_template: { node_templates: { a: { type: tosca.nodes.Compute } } }\n";

static apr_pool_t *root;
static orc_tosca_types_t *types;

static const orc_tosca_template_t *add(orc_rules_parsed_t *parsed, const char *id, const char *version,
                                       apr_pool_t *pool)
{
    const orc_tosca_template_t *tosca = NULL;

    assert_null(orc_rules_parsed_add(&tosca, parsed, id, version, text, types, "/template_id", pool));
    return tosca;
}

/* Adds one that nobody uses any more. */
static void leave(orc_rules_parsed_t *parsed, const char *id)
{
    apr_pool_t *pool;

    apr_pool_create(&pool, root);
    (void)add(parsed, id, "1", pool);
    apr_pool_destroy(pool);
}

static void a_template_is_found_again_in_its_version(void **state)
{
    orc_rules_parsed_t *parsed = orc_rules_parsed_make(root);
    const orc_tosca_template_t *made;
    apr_pool_t *pool;

    apr_pool_create(&pool, root);
    assert_null(orc_rules_parsed_find(parsed, "a", "1", pool));
    made = add(parsed, "a", "1", pool);
    assert_string_equal(orc_tosca_summary(made)->template_name, "one");
    assert_ptr_equal(orc_rules_parsed_find(parsed, "a", "1", pool), made);
    assert_null(orc_rules_parsed_find(parsed, "a", "2", pool));
    assert_null(orc_rules_parsed_find(parsed, "b", "1", pool));
    apr_pool_destroy(pool);
}

static void that_one_costs_much_is_known_as_long_as_it_is_kept(void **state)
{
    orc_rules_parsed_t *parsed = orc_rules_parsed_make(root);
    const orc_tosca_template_t *made;
    apr_pool_t *pool;

    apr_pool_create(&pool, root);
    made = add(parsed, "a", "1", pool);
    assert_false(orc_rules_parsed_is_costly(parsed, made));
    orc_rules_parsed_mark_costly(parsed, made);
    assert_true(orc_rules_parsed_is_costly(parsed, orc_rules_parsed_find(parsed, "a", "1", pool)));
    assert_false(orc_rules_parsed_is_costly(parsed, add(parsed, "a", "2", pool)));
    apr_pool_destroy(pool);
}

static void a_bad_template_is_an_error_and_not_kept(void **state)
{
    orc_rules_parsed_t *parsed = orc_rules_parsed_make(root);
    const orc_tosca_template_t *tosca = NULL;
    orc_error_t *error = orc_rules_parsed_add(&tosca, parsed, "a", "1", "a: [", types, "/template_id", root);

    assert_non_null(error);
    assert_int_equal(error->status, 422);
    assert_string_equal(APR_ARRAY_IDX(error->fields, 0, orc_error_field_t).pointer, "/template_id");
    assert_null(orc_rules_parsed_find(parsed, "a", "1", root));
}

static void one_that_is_in_use_outlives_all_newer_ones(void **state)
{
    orc_rules_parsed_t *parsed = orc_rules_parsed_make(root);
    const orc_tosca_template_t *held;
    apr_pool_t *user, *pool;
    int i;

    apr_pool_create(&user, root);
    apr_pool_create(&pool, root);
    leave(parsed, "held");
    leave(parsed, "left");
    held = orc_rules_parsed_find(parsed, "held", "1", user);
    assert_non_null(held);
    for (i = 0; i < 200; i++)
        leave(parsed, apr_itoa(pool, i));
    assert_null(orc_rules_parsed_find(parsed, "left", "1", pool));
    assert_ptr_equal(orc_rules_parsed_find(parsed, "held", "1", pool), held);
    assert_string_equal(orc_tosca_summary(held)->template_name, "one");
    apr_pool_destroy(user);
    apr_pool_destroy(pool);
}

/* Empty mappings by the thousand: little text, much memory. */
static const char *large_template(apr_pool_t *pool)
{
    apr_array_header_t *rows = apr_array_make(pool, 500, sizeof(const char *));
    int i;

    for (i = 0; i < 500; i++)
        APR_ARRAY_PUSH(rows, const char *) = "[{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}]";
    return apr_pstrcat(pool, text, "dsl_definitions: [", apr_array_pstrcat(pool, rows, ','), "]\n", NULL);
}

static void one_without_room_is_used_and_not_kept(void **state)
{
    orc_rules_parsed_t *parsed = orc_rules_parsed_make(root);
    const orc_tosca_template_t *tosca = NULL;
    apr_pool_t *pool;
    int i;

    apr_pool_create(&pool, root);
    for (i = 0; i < 100; i++)
        tosca = add(parsed, apr_itoa(pool, i), "1", pool);
    assert_string_equal(orc_tosca_summary(tosca)->template_name, "one");
    assert_null(orc_rules_parsed_find(parsed, "99", "1", pool));
    assert_non_null(orc_rules_parsed_find(parsed, "0", "1", pool));
    apr_pool_destroy(pool);
}

static void what_is_kept_has_a_budget_of_bytes(void **state)
{
    orc_rules_parsed_t *parsed = orc_rules_parsed_make(root);
    const orc_tosca_template_t *tosca;
    apr_size_t kept = 0;
    apr_pool_t *pool;
    int i;

    for (i = 0; i < 60; i++) {
        apr_pool_create(&pool, root);
        assert_null(
            orc_rules_parsed_add(&tosca, parsed, apr_itoa(pool, i), "1", large_template(pool), types, "", pool));
        apr_pool_destroy(pool);
    }
    apr_pool_create(&pool, root);
    for (i = 0; i < 60; i++) {
        tosca = orc_rules_parsed_find(parsed, apr_itoa(pool, i), "1", pool);
        kept += tosca ? orc_tosca_size(tosca) : 0;
    }
    assert_non_null(orc_rules_parsed_find(parsed, "59", "1", pool));
    assert_true(kept > 0 && kept <= 16 * 1024 * 1024);
    apr_pool_destroy(pool);
}

static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *baton)
{
    orc_rules_parsed_t *parsed = baton;
    apr_pool_t *pool;
    int i;

    for (i = 0; i < 300; i++) {
        const orc_tosca_template_t *tosca;
        const char *id;

        apr_pool_create(&pool, NULL);
        id = apr_itoa(pool, i % 100);
        tosca = orc_rules_parsed_find(parsed, id, "1", pool);
        if (!tosca && orc_rules_parsed_add(&tosca, parsed, id, "1", text, types, "", pool))
            apr_thread_exit(thread, APR_EGENERAL);
        if (strcmp(orc_tosca_summary(tosca)->template_name, "one") != 0)
            apr_thread_exit(thread, APR_EGENERAL);
        apr_pool_destroy(pool);
    }
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static void threads_share_the_table(void **state)
{
    orc_rules_parsed_t *parsed = orc_rules_parsed_make(root);
    apr_thread_t *threads[4];
    apr_status_t status;
    int i;

    for (i = 0; i < 4; i++)
        assert_int_equal(apr_thread_create(&threads[i], NULL, work, parsed, root), APR_SUCCESS);
    for (i = 0; i < 4; i++) {
        assert_int_equal(apr_thread_join(&status, threads[i]), APR_SUCCESS);
        assert_int_equal(status, APR_SUCCESS);
    }
    for (i = 0; i < 100; i++)
        leave(parsed, apr_itoa(root, 1000 + i));
    assert_null(orc_rules_parsed_find(parsed, "0", "1", root));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_template_is_found_again_in_its_version),
        cmocka_unit_test(that_one_costs_much_is_known_as_long_as_it_is_kept),
        cmocka_unit_test(a_bad_template_is_an_error_and_not_kept),
        cmocka_unit_test(one_that_is_in_use_outlives_all_newer_ones),
        cmocka_unit_test(one_without_room_is_used_and_not_kept),
        cmocka_unit_test(what_is_kept_has_a_budget_of_bytes),
        cmocka_unit_test(threads_share_the_table),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&root, NULL);
    if (orc_tosca_types_load(&types, apr_pstrcat(root, getenv("ORC_SRCDIR"), "/conf/types", NULL), root))
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
