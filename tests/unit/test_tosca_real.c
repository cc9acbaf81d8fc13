/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "tosca_fixture.h"

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Real templates of other people, beside the repository. What is whole becomes resources and text for IM, and that text
 * means to PyYAML (IM's reader) what the original means. */

static const char *const templates = "../shared/data/tosca/templates";
static const char *const type_files = "../shared/data/tosca/types";

static char *read_file(apr_size_t *length, const char *path)
{
    apr_file_t *file;
    apr_finfo_t info;
    char *text;

    assert_int_equal(apr_file_open(&file, path, APR_READ, APR_OS_DEFAULT, pool), 0);
    assert_int_equal(apr_file_info_get(&info, APR_FINFO_SIZE, file), 0);
    text = apr_palloc(pool, (apr_size_t)info.size + 1);
    *length = (apr_size_t)info.size;
    apr_file_read_full(file, text, *length, length);
    text[*length] = '\0';
    apr_file_close(file);
    return text;
}

static void write_file(const char *path, const char *text)
{
    apr_file_t *file;

    assert_int_equal(apr_file_open(&file, path, APR_WRITE | APR_CREATE | APR_TRUNCATE, APR_OS_DEFAULT, pool), 0);
    assert_int_equal(apr_file_write_full(file, text, strlen(text), NULL), 0);
    apr_file_close(file);
}

static apr_array_header_t *files_in(const char *directory)
{
    apr_array_header_t *files = apr_array_make(pool, 64, sizeof(const char *));
    apr_finfo_t info;
    apr_dir_t *dir;

    assert_int_equal(apr_dir_open(&dir, directory, pool), 0);
    while (!apr_dir_read(&info, APR_FINFO_NAME, dir))
        if (info.name[0] != '.')
            APR_ARRAY_PUSH(files, const char *) = apr_pstrcat(pool, directory, "/", info.name, NULL);
    apr_dir_close(dir);
    return files;
}

static const char *render(const orc_tosca_template_t *tosca, int with_changes)
{
    apr_array_header_t *tags = apr_array_make(pool, 1, sizeof(orc_tosca_tag_t));
    orc_tosca_tag_t *tag = apr_array_push(tags);
    orc_tosca_rendering_t rendering = {.users_input = "users"};
    const char *text;

    tag->name = "PAAS_DEP_UUID";
    tag->value = "018f0000-0000-7000-8000-000000000000";
    if (with_changes)
        rendering.tags = tags;
    assert_null(orc_tosca_render(&text, tosca, &rendering, pool));
    return text;
}

/* A whole template: its inputs' defaults hold, it has resources, and its rendering parses again to the same bytes. */
static void check_whole(const char *path, const orc_tosca_template_t *tosca, const orc_tosca_types_t *types)
{
    apr_array_header_t *nodes;
    orc_tosca_demand_t demand;
    orc_error_t *error;
    json_t *complete;
    const char *text;

    error = orc_tosca_inputs(&complete, tosca, json("{}"), "/template_inputs", pool);
    if (error)
        fail_msg("%s: %s", path, mistakes(error));
    error = orc_tosca_topology(&nodes, &demand, tosca, complete, pool);
    if (error)
        fail_msg("%s: %s %s", path, error->detail, mistakes(error));
    assert_true(nodes->nelts > 0);
    text = render(tosca, 1);
    assert_string_equal(render(parse_with(types, text), 1), text);
    assert_string_equal(orc_tosca_find_tag(text, strlen(text), "PAAS_DEP_UUID", pool),
                        "018f0000-0000-7000-8000-000000000000");
}

static void every_real_template_parses_and_every_whole_one_has_resources(void **state)
{
    const char *directory = source_directory(templates), *types_directory = source_directory(type_files);
    orc_tosca_types_t *types;
    apr_array_header_t *files;
    int i, whole = 0;

    types = types_of(types_directory);
    files = files_in(directory);
    for (i = 0; i < files->nelts; i++) {
        const char *path = APR_ARRAY_IDX(files, i, const char *);
        apr_size_t length;
        const char *text = read_file(&length, path);
        orc_tosca_template_t *tosca = parse_with(types, text);

        assert_string_equal(orc_tosca_summary(tosca)->definitions_version, "tosca_simple_yaml_1_0");
        if (!orc_tosca_summary(tosca)->is_fragment) {
            check_whole(path, tosca, types);
            whole++;
        }
    }
    print_message("# %d templates, %d of them whole\n", files->nelts, whole);
    assert_true(whole >= 10);
}

static void renderings_mean_to_pyyaml_what_the_originals_mean(void **state)
{
    const char *directory = source_directory(templates), *script = source_directory("tests/unit/tosca_roundtrip.py");
    char folder[] = "/tmp/tosca-roundtrip-XXXXXX";
    apr_array_header_t *files;
    int i;

    assert_non_null(mkdtemp(folder));
    files = files_in(directory);
    for (i = 0; i < files->nelts; i++) {
        const char *path = APR_ARRAY_IDX(files, i, const char *), *name = strrchr(path, '/');
        apr_size_t length;
        orc_tosca_template_t *tosca = parse(read_file(&length, path));

        write_file(apr_pstrcat(pool, folder, name, ".same", NULL), render(tosca, 0));
        write_file(apr_pstrcat(pool, folder, name, ".tags", NULL), render(tosca, 1));
    }
    assert_int_equal(system(apr_pstrcat(pool, ORC_PYTHON " ", script, " ", directory, " ", folder, NULL)), 0);
    assert_int_equal(system(apr_pstrcat(pool, "rm -rf ", folder, NULL)), 0);
}

static int is_there(const char *folder)
{
    const char *sources = getenv("ORC_SRCDIR");
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", sources ? sources : ".", folder);
    return access(path, R_OK) == 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_real_template_parses_and_every_whole_one_has_resources),
        cmocka_unit_test(renderings_mean_to_pyyaml_what_the_originals_mean),
    };

    /* For the whole program: a test that is skipped inside of cmocka looks like a failure to automake. */
    if (!is_there(templates) || !is_there(type_files) || system(ORC_PYTHON " -c 'import yaml'")) {
        puts("1..0 # SKIP no ../shared/data beside the sources, or no PyYAML");
        return 0;
    }
    return cmocka_run_group_tests_name("tosca_real", tests, setup, teardown);
}
