/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "tosca_fixture.h"

/* What a template must be, what it says of itself, and the type files. */

static void refused_topology(const char *topology, const char *words)
{
    const char *text = document(topology);

    refused(text, strlen(text), words);
}

static void refused_text(const char *text, const char *words)
{
    refused(text, strlen(text), words);
}

static void a_template_says_what_it_is(void **state)
{
    const orc_tosca_template_t *tosca = parse("tosca_definitions_version: tosca_simple_yaml_1_3\n"
                                              "metadata: {template_name: A name, template_version: 1.10}\n"
                                              "topology_template:\n"
                                              "  node_templates: {a: {type: tosca.nodes.Compute}}\n"
                                              "  outputs: {x: {value: 1}, y: {value: 2}}\n");
    const orc_tosca_summary_t *summary = orc_tosca_summary(tosca);
    apr_array_header_t *names = orc_tosca_output_names(tosca, pool);

    assert_string_equal(summary->definitions_version, "tosca_simple_yaml_1_3");
    assert_string_equal(summary->template_name, "A name");
    assert_string_equal(summary->template_version, "1.10");
    assert_false(summary->is_fragment);
    assert_int_equal(names->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(names, 0, const char *), "x");
    assert_string_equal(APR_ARRAY_IDX(names, 1, const char *), "y");
}

static void a_template_need_not_have_a_name(void **state)
{
    const orc_tosca_template_t *tosca = parse(document("  node_templates: {a: {type: x}}\n"));

    assert_null(orc_tosca_summary(tosca)->template_name);
    assert_null(orc_tosca_summary(tosca)->template_version);
    assert_int_equal(orc_tosca_output_names(tosca, pool)->nelts, 0);
}

static void the_five_versions_are_known_and_no_other(void **state)
{
    static const char *const known[] = {"tosca_simple_yaml_1_0", "tosca_simple_yaml_1_1", "tosca_simple_yaml_1_2",
                                        "tosca_simple_yaml_1_3", "tosca_2_0"};
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(*known); i++)
        parse(apr_psprintf(pool, "tosca_definitions_version: %s\ntopology_template: {}\n", known[i]));
    refused_text("tosca_definitions_version: tosca_simple_yaml_2_0\ntopology_template: {}\n",
                 "line 1, column 28: tosca_definitions_version is none of");
    refused_text("topology_template: {}\n", "line 1, column 1: tosca_definitions_version is missing");
    refused_text("tosca_definitions_version: [tosca_2_0]\ntopology_template: {}\n", "tosca_definitions_version");
}

static const char *version_at_im(const char *text)
{
    const char *rendered, *version;

    assert_null(orc_tosca_render(&rendered, parse(text), &(orc_tosca_rendering_t){0}, pool));
    version = strstr(rendered, "tosca_definitions_version: ") + strlen("tosca_definitions_version: ");
    return apr_pstrndup(pool, version, strcspn(version, "\n"));
}

static void im_gets_a_version_that_it_knows(void **state)
{
    static const char *const rows[][2] = {{"tosca_simple_yaml_1_0", "tosca_simple_yaml_1_0"},
                                          {"tosca_simple_yaml_1_1", "tosca_simple_yaml_1_2"},
                                          {"tosca_simple_yaml_1_2", "tosca_simple_yaml_1_2"},
                                          {"tosca_simple_yaml_1_3", "tosca_simple_yaml_1_3"},
                                          {"tosca_2_0", "tosca_simple_yaml_1_3"}};
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(version_at_im(apr_psprintf(pool,
                                                       "tosca_definitions_version: %s\n"
                                                       "topology_template: {node_templates: {a: {type: x}}}\n",
                                                       rows[i][0])),
                            rows[i][1]);
}

static void what_is_new_in_tosca_2_0_is_not_deployed(void **state)
{
    static const char *const rows[][2] = {
        {"profile: org.example\ntopology_template: {node_templates: {a: {type: x}}}\n",
         "line 2, column 10: \"profile\" of the document"},
        {"service_template: {}\ntopology_template: {node_templates: {a: {type: x}}}\n",
         "\"service_template\" of the document"},
        {"topology_template: {node_templates: {a: {type: x, count: 2}}}\n", "\"count\" of a node template"},
        {"topology_template: {node_templates: {a: {type: x, requirements: [{host: {node: b, count: 2}}]}, b: {type: "
         "x}}}\n",
         "\"count\" of a requirement"},
        {"topology_template: {node_templates: {a: {type: x, properties: {p: {$get_input: i}}}}}\n",
         "the function \"$get_input\""},
        {"topology_template: {inputs: {i: {type: integer, default: 1, validation: {}}}, node_templates: {a: {type: "
         "x}}}\n",
         "\"validation\" of an input"},
        {"data_types: {d: {properties: {p: {type: scalar}}}}\ntopology_template: {node_templates: {a: {type: x}}}\n",
         "the type \"scalar\" of a property"},
        {"artifact_types: {d: {properties: {p: {type: scalar}}}}\n"
         "topology_template: {node_templates: {a: {type: x}}}\n",
         "the type \"scalar\" of a property"},
    };
    apr_array_header_t *nodes;
    orc_tosca_demand_t demand;
    orc_error_t *error;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        error = orc_tosca_topology(&nodes, &demand,
                                   parse(apr_pstrcat(pool, "tosca_definitions_version: tosca_2_0\n", rows[i][0], NULL)),
                                   json("{}"), pool);
        assert_non_null(error);
        assert_int_equal(error->status, 422);
        assert_string_equal(error->code, "template.version");
        assert_contains(error->detail, rows[i][1]);
    }
}

static void keynames_that_tosca_does_not_have_are_refused(void **state)
{
    refused_text("tosca_definitions_version: tosca_simple_yaml_1_0\nnode_type: {}\ntopology_template: {}\n",
                 "line 2, column 1: TOSCA has no \"node_type\" at the root");
    refused_text("tosca_definitions_version: tosca_simple_yaml_1_3\nprofile: x\ntopology_template: {}\n",
                 "line 2, column 1: TOSCA has no \"profile\" at the root");
    refused_topology(
        "  node_template: {x: 1}\n  input: {}\n",
        "line 3, column 3: TOSCA has no \"node_template\" in topology_template\n/content line 4, column 3");
    parse(document("  inputs: {a: {type: string, default: x, descritpion: y, hidden: true}}\n"));
}

static void the_type_of_an_input_has_no_long_name_of_a_simple_type(void **state)
{
    static const char *const simple[] = {"string",
                                         "integer",
                                         "float",
                                         "boolean",
                                         "null",
                                         "timestamp",
                                         "version",
                                         "range",
                                         "scalar-unit.size",
                                         "scalar-unit.time",
                                         "scalar-unit.frequency",
                                         "list",
                                         "map"};
    size_t i;

    for (i = 0; i < sizeof(simple) / sizeof(*simple); i++)
        refused_topology(
            apr_psprintf(pool, "  inputs:\n    a: {required: false, type: \"tosca:%s\"}\n", simple[i]),
            apr_psprintf(pool, "/content line 4, column 32: the type must be written as \"%s\"", simple[i]));
    parse(document("  inputs: {a: {type: list, entry_schema: {type: \"tosca:string\"}, default: [x]}}\n"));
}

static void a_topology_template_is_needed(void **state)
{
    refused_text("tosca_definitions_version: tosca_2_0\nservice_template: {node_templates: {}}\n",
                 "line 2, column 19: the document has a service_template (TOSCA 2.0)");
    refused_text("tosca_definitions_version: tosca_2_0\n", "topology_template is missing");
    refused_text("tosca_definitions_version: tosca_2_0\ntopology_template:\n", "topology_template must be a mapping");
    refused_text("tosca_definitions_version: tosca_2_0\ntopology_template: [a]\n",
                 "line 2, column 20: topology_template must be a mapping");
    refused_text("- a\n", "a TOSCA document is a mapping");
    refused_text("just text\n", "a TOSCA document is a mapping");
}

static void requirements_of_2_0_are_looked_at_once_their_shape_is_right(void **state)
{
    static const char *const wrong[] = {"foo", "[x]", "{}", "~", "{a: b, c: d}"};
    size_t i;

    for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        refused_text(apr_psprintf(pool,
                                  "tosca_definitions_version: tosca_2_0\ntopology_template:\n"
                                  "  node_templates: {a: {type: x, requirements: [%s]}}\n",
                                  wrong[i]),
                     "a requirement is a mapping with one key");
}

static void every_mistake_of_shape_is_named_at_once(void **state)
{
    const char *text = document("  inputs:\n"
                                "    a: 5\n"
                                "    b: {default: 1}\n"
                                "    c: {type: string, constraints: {min_length: 1}}\n"
                                "    d: {type: string, constraints: [{longer_than: 1}]}\n"
                                "    e: {type: string, constraints: [{pattern: '(a'}]}\n"
                                "    f: {type: integer, constraints: [{in_range: [1]}]}\n"
                                "    g: {type: list, entry_schema: {type: string, constraints: [{length: -1}]}}\n"
                                "    h: {type: string, required: maybe}\n"
                                "  node_templates:\n"
                                "    n: {properties: []}\n"
                                "    o: {type: x, requirements: {host: n}}\n"
                                "    p: {type: x, requirements: [host]}\n"
                                "    q: {type: x, requirements: [{host: [n]}]}\n"
                                "    r: {type: x, capabilities: {scalable: {properties: 5}}}\n"
                                "  outputs:\n"
                                "    z: {}\n");
    orc_tosca_template_t *tosca;
    orc_error_t *error = orc_tosca_parse(&tosca, text, strlen(text), NULL, "/content", pool);
    const char *all = mistakes(error);

    assert_int_equal(error->status, 422);
    assert_int_equal(error->fields->nelts, 15);
    assert_contains(all, "/content line 4, column 8: a must be a mapping\n");
    assert_contains(all, "/content line 5, column 8: type is missing\n");
    assert_contains(all, "line 6, column 36: constraints are a list\n");
    assert_contains(all, "line 7, column 37: unknown constraint \"longer_than\"\n");
    assert_contains(all, "line 8, column 47: bad pattern:");
    assert_contains(all, "line 9, column 49: in_range takes a list of two values\n");
    assert_contains(all, "length takes an integer that is not negative\n");
    assert_contains(all, "required must be true or false\n");
    assert_contains(all, "line 13, column 8: type is missing\n");
    assert_contains(all, "line 13, column 21: properties must be a mapping\n");
    assert_contains(all, "line 14, column 32: requirements must be a list\n");
    assert_contains(all, "line 15, column 33: a requirement is a mapping with one key\n");
    assert_contains(all, "line 16, column 33: a requirement names a node, or is a mapping with one\n");
    assert_contains(all, "line 17, column 56: properties must be a mapping\n");
    assert_contains(all, "line 19, column 8: z has no value\n");
}

static void mistakes_without_end_are_not_all_named(void **state)
{
    const char *text = document("  inputs:\n");
    orc_tosca_template_t *tosca;
    orc_error_t *error;
    int i;

    for (i = 0; i < 200; i++)
        text = apr_psprintf(pool, "%s    i%d: 1\n", text, i);
    error = orc_tosca_parse(&tosca, text, strlen(text), NULL, "/content", pool);
    assert_int_equal(error->fields->nelts, 50);
}

static void a_template_has_no_more_than_a_thousand_patterns(void **state)
{
    const char *before = "  inputs:\n    x:\n      type: string\n      constraints:\n";

    parse(document(apr_pstrcat(pool, before, repeated("      - {pattern: a}\n", 1000), NULL)));
    refused_topology(apr_pstrcat(pool, before, repeated("      - {pattern: a}\n", 1001), NULL),
                     "line 1007, column 19: a template has at most 1000 patterns");
}

static void yaml_mistakes_come_with_line_and_column(void **state)
{
    refused_topology("  inputs: &x {a: *x}\n", "line 3, column 18: cyclic alias");
}

static void a_key_twice_is_told_and_the_last_one_counts(void **state)
{
    const char *text = document("  inputs:\n    a: {type: string}\n    a: {type: integer, default: 1}\n");
    const orc_tosca_template_t *tosca = parse(text);
    const apr_array_header_t *repeated = orc_tosca_summary(tosca)->repeated;
    json_t *complete;

    assert_int_equal(repeated->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(repeated, 0, const char *),
                        "line 5, column 5: duplicate key \"a\" (first at line 4, column 5)");
    assert_null(orc_tosca_inputs(&complete, tosca, json("{}"), "/template_inputs", pool));
    assert_string_equal(orc_json_text(complete, pool), "{\"a\":1}");
    assert_int_equal(orc_tosca_summary(parse(document("  inputs:\n    a: {type: string}\n")))->repeated->nelts, 0);
}

static void cycles_of_requirements_are_refused(void **state)
{
    refused_topology("  node_templates:\n"
                     "    a: {type: x, requirements: [{host: b}]}\n"
                     "    b: {type: x, requirements: [{dependency: {node: c}}]}\n"
                     "    c: {type: x, requirements: [{other: a}]}\n",
                     "line 6, column 33: a cycle of requirements: a -> b -> c -> a");
    refused_topology("  node_templates:\n    a: {type: x, requirements: [{host: a}]}\n",
                     "a cycle of requirements: a -> a");
    /* A diamond is no cycle. */
    parse(document("  node_templates:\n"
                   "    a: {type: x, requirements: [{host: b}, {host: c}]}\n"
                   "    b: {type: x, requirements: [{host: d}]}\n"
                   "    c: {type: x, requirements: [{host: d}]}\n"
                   "    d: {type: x}\n"));
}

static void a_cycle_of_ten_thousand_nodes_is_found(void **state)
{
    char *text = apr_palloc(pool, 1024 * 1024), *end = text;
    int i;

    end = apr_cpystrn(end, document("  node_templates:\n"), 1000);
    for (i = 0; i < 10000; i++) {
        char line[100];

        apr_snprintf(line, sizeof(line), "    n%d: {type: x, requirements: [{host: n%d}]}\n", i, (i + 1) % 10000);
        end = apr_cpystrn(end, line, sizeof(line));
    }
    refused(text, strlen(text), "a cycle of requirements: n0 -> n1 -> ");
}

static int is_fragment(const char *topology)
{
    return orc_tosca_summary(parse(document(topology)))->is_fragment;
}

static void fragments_are_told_from_whole_topologies(void **state)
{
    assert_false(is_fragment("  node_templates:\n    a: {type: x, requirements: [{host: b}]}\n    b: {type: y}\n"));
    assert_true(is_fragment("  node_templates:\n    a: {type: x, requirements: [{host: elsewhere}]}\n"));
    assert_true(is_fragment("  node_templates:\n    a: {type: x, requirements: [{host: {node: elsewhere}}]}\n"));
    assert_false(is_fragment("  node_templates:\n    a: {type: x, requirements: [{host: tosca.nodes.Compute}]}\n"));
    assert_false(is_fragment(
        "  node_templates:\n    a: {type: x, requirements: [{host: {node: tosca.nodes.Compute, capability: c}}]}\n"));
    assert_false(is_fragment("  node_templates:\n    a: {type: x, requirements: [{host: {capability: c}}]}\n"));
    assert_true(is_fragment("  node_templates:\n    a: {type: x, properties: {p: {get_input: nobody}}}\n"));
    assert_false(is_fragment("  inputs: {i: {type: string}}\n"
                             "  node_templates:\n    a: {type: x, properties: {p: {get_input: i}}}\n"));
    assert_true(is_fragment("  node_templates: {a: {type: x}}\n"
                            "  outputs: {o: {value: {get_attribute: [b, c]}}}\n"));
    assert_false(is_fragment("  node_templates: {a: {type: x, properties: {p: {get_attribute: [HOST, c]}}}}\n"));
    assert_true(is_fragment("  inputs: {a: {type: string}}\n"));
}

static void a_type_of_the_template_may_be_required(void **state)
{
    assert_false(orc_tosca_summary(parse("tosca_definitions_version: tosca_2_0\n"
                                         "node_types: {my.Host: {derived_from: tosca.nodes.Compute}}\n"
                                         "topology_template:\n"
                                         "  node_templates: {a: {type: x, requirements: [{host: my.Host}]}}\n"))
                     ->is_fragment);
}

static void our_type_files_know_who_derives_from_whom(void **state)
{
    const char *directory = source_directory("conf/types");
    orc_tosca_types_t *types;
    apr_array_header_t *computes;
    int i, found = 0;

    assert_non_null(directory);
    types = types_of(directory);
    assert_true(orc_tosca_types_derives(types, "tosca.nodes.indigo.Compute", "tosca.nodes.Compute"));
    assert_true(orc_tosca_types_derives(types, "tosca.nodes.indigo.Compute", "tosca.nodes.Root"));
    assert_true(
        orc_tosca_types_derives(types, "tosca.nodes.indigo.LRMS.FrontEnd.Slurm", "tosca.nodes.SoftwareComponent"));
    assert_true(orc_tosca_types_derives(types, "Compute", "tosca.nodes.Compute"));
    assert_true(orc_tosca_types_derives(types, "tosca:Compute", "tosca.nodes.Root"));
    assert_false(orc_tosca_types_derives(types, "tosca.nodes.Compute", "tosca.nodes.indigo.Compute"));
    assert_true(orc_tosca_types_derives(types, "nobody.knows", "nobody.knows"));
    assert_false(orc_tosca_types_derives(types, "nobody.knows", "tosca.nodes.Root"));
    assert_true(orc_tosca_types_derives(NULL, "a", "a"));
    computes = orc_tosca_types_descendants(types, "tosca.nodes.Compute", pool);
    for (i = 0; i < computes->nelts; i++)
        found += !strcmp(APR_ARRAY_IDX(computes, i, const char *), "tosca.nodes.indigo.Compute");
    assert_int_equal(found, 1);
    assert_string_equal(APR_ARRAY_IDX(computes, 0, const char *), "tosca.nodes.Compute");
    assert_int_equal(orc_tosca_types_descendants(types, "nobody.knows", pool)->nelts, 1);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void a_bad_type_file_is_named_with_its_line(void **state)
{
    char folder[] = "/tmp/tosca-types-XXXXXX";
    orc_tosca_types_t *types;
    orc_error_t *error;
    const char *path;

    assert_non_null(mkdtemp(folder));
    path = apr_pstrcat(pool, folder, "/b.yaml", NULL);
    write_text(path, "node_types:\n  a: {derived_from: a}\n  b: [x]\n");
    write_text(apr_pstrcat(pool, folder, "/a.yml", NULL), "node_types: {c: {derived_from: d}, d: {derived_from: c}}\n");
    write_text(apr_pstrcat(pool, folder, "/ignored.txt", NULL), "[");
    error = orc_tosca_types_load(&types, folder, pool);
    assert_int_equal(error->status, 500);
    assert_string_equal(error->code, "tosca.types");
    assert_contains(error->detail, "b.yaml");
    assert_contains(error->detail, "line 3, column 6");
    /* Types that derive from each other end nowhere, and do no harm. */
    write_text(path, "node_types:\n  a: {derived_from: a}\n");
    types = types_of(folder);
    assert_false(orc_tosca_types_derives(types, "a", "b"));
    assert_true(orc_tosca_types_derives(types, "c", "d"));
    assert_false(orc_tosca_types_derives(types, "c", "e"));
    assert_int_equal(system(apr_pstrcat(pool, "rm -r ", folder, NULL)), 0);
    assert_non_null(orc_tosca_types_load(&types, folder, pool));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_template_says_what_it_is),
        cmocka_unit_test(a_template_need_not_have_a_name),
        cmocka_unit_test(the_five_versions_are_known_and_no_other),
        cmocka_unit_test(im_gets_a_version_that_it_knows),
        cmocka_unit_test(what_is_new_in_tosca_2_0_is_not_deployed),
        cmocka_unit_test(keynames_that_tosca_does_not_have_are_refused),
        cmocka_unit_test(the_type_of_an_input_has_no_long_name_of_a_simple_type),
        cmocka_unit_test(a_topology_template_is_needed),
        cmocka_unit_test(requirements_of_2_0_are_looked_at_once_their_shape_is_right),
        cmocka_unit_test(every_mistake_of_shape_is_named_at_once),
        cmocka_unit_test(mistakes_without_end_are_not_all_named),
        cmocka_unit_test(a_template_has_no_more_than_a_thousand_patterns),
        cmocka_unit_test(yaml_mistakes_come_with_line_and_column),
        cmocka_unit_test(a_key_twice_is_told_and_the_last_one_counts),
        cmocka_unit_test(cycles_of_requirements_are_refused),
        cmocka_unit_test(a_cycle_of_ten_thousand_nodes_is_found),
        cmocka_unit_test(fragments_are_told_from_whole_topologies),
        cmocka_unit_test(a_type_of_the_template_may_be_required),
        cmocka_unit_test(our_type_files_know_who_derives_from_whom),
        cmocka_unit_test(a_bad_type_file_is_named_with_its_line),
    };

    return cmocka_run_group_tests_name("tosca_template", tests, setup, teardown);
}
