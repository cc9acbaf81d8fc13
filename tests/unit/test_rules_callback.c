/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include "orc_callee.h"
#include "orc_config.h"
#include "orc_rules_callback.h"

static const char *read_url(orc_rules_callback_t *callback, const char *url)
{
    orc_config_t *config = orc_config_make(pool);
    orc_service_t service = {.config = config};
    orc_rules_call_t call = {.service = &service, .pool = pool};

    assert_null(orc_callee_read(apr_array_push((apr_array_header_t *)config->callees), "a.example.org:5001", pool));
    return orc_rules_callback_read(callback, &call, url);
}

static void a_host_that_is_listed_is_called(void **state)
{
    orc_rules_callback_t callback;

    assert_null(read_url(&callback, "HTTP://A.example.org:5001/x"));
    assert_string_equal(callback.url, "HTTP://A.example.org:5001/x");
    assert_string_equal(callback.host, "a.example.org:5001");
    assert_null(callback.note);
}

static void another_one_is_taken_and_noted(void **state)
{
    orc_rules_callback_t callback;

    assert_null(read_url(&callback, "https://b.example.org/x?token=1"));
    assert_string_equal(callback.url, "https://b.example.org/x?token=1");
    assert_null(callback.host);
    assert_string_equal(callback.note, "The callback is not called: b.example.org:443 is not among the hosts that this "
                                       "service calls.");
    assert_null(read_url(&callback, "http://me:secret@a.example.org:5001/x"));
    assert_null(callback.host);
    assert_null(strstr(callback.note, "secret"));
}

static void only_what_is_no_http_url_is_wrong(void **state)
{
    orc_rules_callback_t callback;

    assert_string_equal(read_url(&callback, "ftp://a.example.org:5001/"), "must be an http or https URL");
    assert_null(callback.host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_that_is_listed_is_called),
        cmocka_unit_test(another_one_is_taken_and_noted),
        cmocka_unit_test(only_what_is_no_http_url_is_wrong),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
