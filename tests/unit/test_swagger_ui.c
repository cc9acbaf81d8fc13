/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "orc_routes.h"

/* The folder that the handlers of this program were built for, below the one where it runs. */
#define FOLDER ORC_SWAGGER_UI

static void write_file(const char *name, const char *text, size_t length)
{
    FILE *file = fopen(apr_pstrcat(pool, FOLDER "/", name, NULL), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static int make_folder(void **state)
{
    (void)mkdir("tests", 0700);
    (void)mkdir("tests/unit", 0700);
    (void)mkdir(FOLDER, 0700);
    return setup(state);
}

static int remove_folder(void **state)
{
    (void)unlink(FOLDER "/swagger-ui.css");
    (void)unlink(FOLDER "/swagger-ui-bundle.js");
    (void)rmdir(FOLDER);
    return teardown(state);
}

static orc_response_t *ask(orc_error_t **error, orc_handler_t *handler)
{
    orc_request_t *request = apr_pcalloc(pool, sizeof *request);
    orc_response_t *response = orc_response_make(pool);

    request->pool = pool;
    request->base_url = "https://paas.example.org/api/v1";
    *error = handler(request, response);
    return response;
}

static void the_page_names_the_files_below_itself_and_runs_nothing_of_its_own(void **state)
{
    orc_error_t *error;
    orc_response_t *response = ask(&error, orc_api_browser_get);

    assert_null(error);
    assert_string_equal(response->content_type, "text/html; charset=utf-8");
    assert_non_null(strstr(response->body, "href=\"https://paas.example.org/api/v1/docs/swagger-ui.css\""));
    assert_non_null(strstr(response->body, "src=\"https://paas.example.org/api/v1/docs/swagger-ui-bundle.js\""));
    assert_non_null(strstr(response->body, "default-src 'none'; script-src 'self';"));
    assert_null(strstr(response->body, "<script>"));
    response = ask(&error, orc_api_swagger_ui_start);
    assert_null(error);
    assert_non_null(strstr(response->body, "url: \"https://paas.example.org/api/v1/openapi.json\""));
}

static void files_are_sent_byte_for_byte_and_have_a_version(void **state)
{
    static const char script[] = "a\0b";
    const char *first;
    orc_error_t *error;
    orc_response_t *response;

    write_file("swagger-ui-bundle.js", script, sizeof script);
    response = ask(&error, orc_api_swagger_ui_bundle);
    assert_null(error);
    assert_string_equal(response->content_type, "text/javascript; charset=utf-8");
    assert_int_equal(response->length, sizeof script);
    assert_memory_equal(response->body, script, sizeof script);
    first = apr_table_get(response->headers, "ETag");
    write_file("swagger-ui-bundle.js", script, sizeof script - 1);
    response = ask(&error, orc_api_swagger_ui_bundle);
    assert_null(error);
    assert_string_not_equal(apr_table_get(response->headers, "ETag"), first);
}

static void a_file_that_is_gone_is_an_error_of_the_server(void **state)
{
    orc_error_t *error;

    (void)ask(&error, orc_api_swagger_ui_style);
    assert_non_null(error);
    assert_int_equal(error->status, 500);
    write_file("swagger-ui.css", "p{}", 3);
    (void)ask(&error, orc_api_swagger_ui_style);
    assert_null(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_names_the_files_below_itself_and_runs_nothing_of_its_own),
        cmocka_unit_test(files_are_sent_byte_for_byte_and_have_a_version),
        cmocka_unit_test(a_file_that_is_gone_is_an_error_of_the_server),
    };

    return cmocka_run_group_tests_name("swagger_ui", tests, make_folder, remove_folder);
}
