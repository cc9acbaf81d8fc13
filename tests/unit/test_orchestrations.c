/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include <apr_strings.h>

#include "orc_maintenance.h"
#include "orc_rules_selectors.h"
#include "orc_sql.h"

/* ---- selectors ---- */

static const char *compiled(const char *targets, int is_of_machines, const char **values)
{
    orc_store_where_t where = orc_store_where_make(7, pool);

    orc_rules_selectors_compile(&where, orc_json_own_text(targets, pool), is_of_machines);
    *values = apr_array_pstrcat(pool, where.values, '|');
    return where.text;
}

static void expect_where(const char *targets, const char *text, const char *values)
{
    const char *given;

    assert_string_equal(compiled(targets, 0, &given), text);
    assert_string_equal(given, values);
}

static void all_keys_of_a_selector_hold_and_one_of_several_is_enough(void **state)
{
    expect_where("{\"include\":[{\"target\":\"all\"}]}", " AND (false OR (true)) AND (false) IS NOT TRUE", "");
    expect_where("{\"include\":[{\"planName\":\"a\",\"region\":\"b\"},{\"runtimeID\":\"c\"}],"
                 "\"exclude\":[{\"subAccount\":\"d\"}]}",
                 " AND (false OR (true AND b.target_provider LIKE $7::text AND b.target_region LIKE $8::text)"
                 " OR (true AND b.im_infra_id LIKE $9::text))"
                 " AND (false OR (true AND b.user_group LIKE $10::text)) IS NOT TRUE",
                 "a|b|c|d");
}

static void a_text_means_nothing_but_its_stars(void **state)
{
    static const char *const cases[][2] = {
        {"a*", "a%"},
        {"*", "%"},
        {"a", "a"},
        {"100%", "100\\%"},
        {"a_b", "a\\_b"},
        {"a\\*", "a\\\\%"},
        {"**", "%%"},
        {"'; DROP TABLE users; --", "'; DROP TABLE users; --"},
        {"^a.$", "^a.$"},
        {"\xc3\xa4*", "\xc3\xa4%"},
        {"(a|b)[c]", "(a|b)[c]"},
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(orc_store_like(cases[i][0], pool), cases[i][1]);
}

static void words_that_mean_the_same_are_the_same(void **state)
{
    static const char *const pairs[][2] = {
        {"user_group", "subAccount"},
        {"user_group_issuer", "globalAccount"},
        {"target_provider", "planName"},
        {"target_region", "region"},
    };
    const char *one, *other;
    size_t i;

    for (i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const char *first = apr_psprintf(pool, "{\"include\":[{\"%s\":\"x\"}]}", pairs[i][0]);
        const char *second = apr_psprintf(pool, "{\"include\":[{\"%s\":\"x\"}]}", pairs[i][1]);

        assert_string_equal(compiled(first, 0, &one), compiled(second, 0, &other));
        assert_string_equal(one, other);
    }
}

static void values_are_brought_into_the_form_in_which_they_are_stored(void **state)
{
    const char *values;

    (void)compiled("{\"include\":[{\"user_group\":\"/lab\",\"user_group_issuer\":\"https://iss/\","
                   "\"created_before\":\"2024-01-01T01:00:00+01:00\"}]}",
                   0, &values);
    assert_non_null(strstr(values, "2024-01-01T00:00:00.000000Z"));
    assert_non_null(strstr(values, "lab"));
    assert_null(strstr(values, "/lab"));
    assert_null(strstr(values, "https://iss/"));
}

static void a_status_is_a_name_or_a_code(void **state)
{
    const char *values;
    const char *text = compiled("{\"include\":[{\"status\":\"CREATE_FAILED\"}]}", 0, &values);

    assert_non_null(strstr(text, "deployment_status_name(b.status) COLLATE \"C\" = ANY ($7::text[])"));
    assert_string_equal(values, "{\"CREATE_FAILED\"}");
    text = compiled("{\"include\":[{\"status\":1}]}", 0, &values);
    assert_non_null(strstr(text, "b.status = ANY ($7::bigint[])"));
    assert_true(orc_rules_selectors_name_status(orc_json_own_text("[{\"target\":\"all\"},{\"status\":3}]", pool),
                                                "DELETE_COMPLETE", 3));
    assert_true(orc_rules_selectors_name_status(orc_json_own_text("[{\"status\":\"DELETE_COMPLETE\"}]", pool),
                                                "DELETE_COMPLETE", 3));
    assert_false(orc_rules_selectors_name_status(orc_json_own_text("[{\"status\":\"CREATE_FAILED\"}]", pool),
                                                 "DELETE_COMPLETE", 3));
}

static void a_node_is_the_machine_or_one_of_the_deployments(void **state)
{
    static const char *const targets = "{\"include\":[{\"tosca_node_name\":\"worker*\"}]}";
    const char *values;

    assert_non_null(strstr(compiled(targets, 1, &values), "(true AND b.node LIKE $7::text)"));
    assert_string_equal(values, "worker%");
    assert_non_null(strstr(compiled(targets, 0, &values), "EXISTS (SELECT FROM resources r WHERE r.deployment_id = b.id"
                                                          " AND r.tosca_node_name LIKE $7::text)"));
}

/* ---- maintenance windows ---- */

static void a_window_is_read(void **state)
{
    static const struct {
        const char *days, *hours;
        int bits, begins, ends;
    } cases[] = {
        {"*", "00:00-23:59", 127, 0, 1439},        {"Mon", "10:00-12:30", 1, 600, 750},
        {"Mon-Fri", "22:00-02:00", 31, 1320, 120}, {"Sat,Sun", "00:00-00:01", 96, 0, 1},
        {"Fri-Mon", "01:00-00:59", 113, 60, 59},   {"mon,WED-thu", "10:00-11:00", 13, 600, 660},
        {"Sun-Sun", "10:00-11:00", 64, 600, 660},  {"Sat,Sun", "00:00-24:00", 96, 0, 1440},
    };
    orc_maintenance_t window;
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *wrong = orc_maintenance_read(&window, "cloud-*", cases[i].days, cases[i].hours, NULL, pool);

        if (wrong)
            fail_msg("%s %s: %s", cases[i].days, cases[i].hours, wrong);
        assert_int_equal(window.days, cases[i].bits);
        assert_int_equal(window.begins, cases[i].begins);
        assert_int_equal(window.ends, cases[i].ends);
        assert_string_equal(window.pattern, "cloud-*");
        assert_string_equal(window.zone, "UTC");
    }
}

static void what_is_no_window_is_told(void **state)
{
    static const struct {
        const char *pattern, *days, *hours, *zone, *told;
    } cases[] = {
        {"", "*", "10:00-11:00", NULL, "pattern"},
        {"a", "", "10:00-11:00", NULL, "days"},
        {"a", "Mo", "10:00-11:00", NULL, "days"},
        {"a", "Mon,", "10:00-11:00", NULL, "days"},
        {"a", "Mon-", "10:00-11:00", NULL, "days"},
        {"a", "Mon Tue", "10:00-11:00", NULL, "days"},
        {"a", "Monday", "10:00-11:00", NULL, "days"},
        {"a", "*,Mon", "10:00-11:00", NULL, "days"},
        {"a", "*", "10:00", NULL, "times"},
        {"a", "*", "10-11", NULL, "times"},
        {"a", "*", "24:00-01:00", NULL, "times"},
        {"a", "*", "10:00-24:01", NULL, "times"},
        {"a", "*", "10:60-11:00", NULL, "times"},
        {"a", "*", "1:00-02:00", NULL, "times"},
        {"a", "*", "10:00-11:000", NULL, "times"},
        {"a", "*", "10:00_11:00", NULL, "times"},
        {"a", "*", "10:00-10:00", NULL, "ends when it begins"},
        {"a", "*", "10:00-11:00", "Rome", "time zone"},
        {"a", "*", "10:00-11:00", "Europe/", "time zone"},
        {"a", "*", "10:00-11:00", "../passwd", "time zone"},
        {"a", "*", "10:00-11:00", "Europe/../UTC", "time zone"},
        {"a", "*", "10:00-11:00", "/etc/localtime", "time zone"},
        {"a", "*", "10:00-11:00", "zone.tab", "time zone"},
        {"a", "*", "10:00-11:00", "", "time zone"},
    };
    orc_maintenance_t window;
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *wrong =
            orc_maintenance_read(&window, cases[i].pattern, cases[i].days, cases[i].hours, cases[i].zone, pool);

        if (!wrong || !strstr(wrong, cases[i].told))
            fail_msg("%s %s %s: %s", cases[i].days, cases[i].hours, cases[i].zone, wrong ? wrong : "(nothing)");
    }
}

static void zones_are_those_of_the_system(void **state)
{
    orc_maintenance_t window;

    assert_null(orc_maintenance_read(&window, "a", "*", "10:00-11:00", "Europe/Rome", pool));
    assert_string_equal(window.zone, "Europe/Rome");
    assert_null(orc_maintenance_read(&window, "a", "*", "10:00-11:00", "America/Argentina/Buenos_Aires", pool));
    assert_null(orc_maintenance_read(&window, "a", "*", "10:00-11:00", "Etc/GMT+3", pool));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_keys_of_a_selector_hold_and_one_of_several_is_enough),
        cmocka_unit_test(a_text_means_nothing_but_its_stars),
        cmocka_unit_test(words_that_mean_the_same_are_the_same),
        cmocka_unit_test(values_are_brought_into_the_form_in_which_they_are_stored),
        cmocka_unit_test(a_status_is_a_name_or_a_code),
        cmocka_unit_test(a_node_is_the_machine_or_one_of_the_deployments),
        cmocka_unit_test(a_window_is_read),
        cmocka_unit_test(what_is_no_window_is_told),
        cmocka_unit_test(zones_are_those_of_the_system),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
