/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "tosca_fixture.h"

/* What has a declared type is written for IM as that type, wherever it stands in the document. */

static const char *render_with(const orc_tosca_types_t *types, const char *text, const char *given)
{
    const orc_tosca_template_t *tosca = parse_with(types, text);
    orc_tosca_rendering_t rendering = {.inputs = json(given)};
    const char *rendered, *again;

    assert_null(orc_tosca_render(&rendered, tosca, &rendering, pool));
    assert_null(orc_tosca_render(&again, parse_with(types, rendered), &(orc_tosca_rendering_t){0}, pool));
    assert_string_equal(again, rendered);
    return rendered;
}

static const char *render(const char *text, const char *given)
{
    return render_with(NULL, text, given);
}

/* One input `x`: what its default becomes. */
static void becomes(const char *declaration, const char *given, const char *rendered)
{
    const char *text = render(
        document(apr_psprintf(pool, "  inputs:\n    x: {%s}\n  node_templates: {n: {type: t}}\n", declaration)), given);

    if (rendered)
        assert_contains(text, apr_psprintf(pool, "      default:%s\n", rendered));
    else
        assert_null(strstr(text, "default"));
}

static void an_input_that_is_not_given_is_what_its_type_makes_of_the_default(void **state)
{
    becomes("type: version, default: 1.10", "{}", " \"1.10\"");
    becomes("type: version, default: 7", "{}", " \"7\"");
    becomes("type: string, default: NO", "{}", " \"NO\"");
    becomes("type: string, default: 0640", "{}", " \"0640\"");
    becomes("type: string, default: ''", "{}", " \"\"");
    becomes("type: timestamp, default: 2026-01-01", "{}", " \"2026-01-01\"");
    becomes("type: scalar-unit.size, default: 1 GB", "{}", " \"1 GB\"");
    becomes("type: integer, default: \"010\"", "{}", " 8");
    becomes("type: integer, default: 1_000", "{}", " 1000");
    becomes("type: integer, default: \"3\"", "{}", " 3");
    becomes("type: boolean, default: \"yes\"", "{}", " true");
    becomes("type: float, default: 1", "{}", " 1.0");
    becomes("type: float, default: \"1.5e+3\"", "{}", " 1500.0");
    becomes("type: float, default: -0.0", "{}", " -0.0");
    becomes("type: string, required: false, default: null", "{}", NULL);
    becomes("type: string, required: false", "{}", NULL);
    becomes("type: string, default: {concat: [a, NO]}", "{}", " \"aNO\"");
}

static void a_given_value_is_written_as_its_type(void **state)
{
    becomes("type: float", "{\"x\":1}", " 1.0");
    becomes("type: float", "{\"x\":-0.0}", " -0.0");
    becomes("type: float", "{\"x\":1e300}", " 1.0e+300");
    becomes("type: version", "{\"x\":7}", " \"7\"");
    becomes("type: string, required: false, default: x", "{\"x\":null}", NULL);
    becomes("type: integer, default: 1", "{\"x\":5}", " 5");
}

static void depth_makes_no_difference(void **state)
{
    becomes("type: list, entry_schema: {type: version}, default: [1.10, \"1.20\"]", "{}",
            "\n        - \"1.10\"\n        - \"1.20\"");
    becomes("type: list, entry_schema: version, default: [1.10]", "{}", "\n        - \"1.10\"");
    becomes("type: map, entry_schema: {type: list, entry_schema: {type: float}}, default: {NO: [1]}", "{}",
            "\n        \"NO\":\n          - 1.0");
    becomes("type: range, default: [010, UNBOUNDED]", "{}", "\n        - 8\n        - \"UNBOUNDED\"");
    becomes("type: somebodys.Own, default: {a: 010, b: 2026-01-01, c: NO}", "{}",
            "\n        a: 8\n        b: \"2026-01-01\"\n        c: false");
}

static void data_types_type_their_properties(void **state)
{
    assert_contains(
        render("tosca_definitions_version: tosca_simple_yaml_1_0\n"
               "data_types:\n"
               "  lab.Release: {properties: {version: {type: version, default: 1.10, constraints: [{valid_values: "
               "[1.10, 7]}]},"
               " ratio: {type: float}}}\n"
               "  lab.Name: {derived_from: string, constraints: [{valid_values: [NO, 010]}, {min_length: \"1\"}]}\n"
               "topology_template:\n"
               "  inputs:\n"
               "    r: {type: lab.Release, default: {version: 1.20, ratio: 1}}\n"
               "    n: {type: lab.Name, default: NO}\n"
               "  node_templates: {n: {type: t}}\n",
               "{}"),
        "data_types:\n"
        "  lab.Release:\n"
        "    properties:\n"
        "      version:\n"
        "        type: version\n"
        "        default: \"1.10\"\n"
        "        constraints:\n"
        "          - valid_values:\n"
        "              - \"1.10\"\n"
        "              - \"7\"\n"
        "      ratio:\n"
        "        type: float\n"
        "  lab.Name:\n"
        "    derived_from: string\n"
        "    constraints:\n"
        "      - valid_values:\n"
        "          - \"NO\"\n"
        "          - \"010\"\n"
        "      - min_length: 1\n"
        "topology_template:\n"
        "  inputs:\n"
        "    r:\n"
        "      type: lab.Release\n"
        "      default:\n"
        "        version: \"1.20\"\n"
        "        ratio: 1.0\n"
        "    n:\n"
        "      type: lab.Name\n"
        "      default: \"NO\"\n");
}

static void constraints_are_compared_with_values_of_their_type(void **state)
{
    const char *text =
        render(document("  inputs:\n"
                        "    v: {type: version, default: 1.10, constraints: [{valid_values: [1.10, 7]}]}\n"
                        "    s: {type: string, default: a, constraints: [{equal: NO}, {pattern: 010}]}\n"
                        "    i: {type: integer, default: 9, constraints: [{in_range: [\"010\", UNBOUNDED]}]}\n"
                        "    f: {type: float, default: 1, constraints: [{greater_than: 0}]}\n"
                        "    t: {type: timestamp, default: 2026-01-01, constraints: [{greater_than: 2025-01-01}]}\n"
                        "  node_templates: {n: {type: t}}\n"),
               "{}");

    assert_contains(text, "- valid_values:\n            - \"1.10\"\n            - \"7\"\n");
    assert_contains(text, "- equal: \"NO\"\n        - pattern: \"010\"\n");
    assert_contains(text, "- in_range:\n            - 8\n            - \"UNBOUNDED\"\n");
    assert_contains(text, "- greater_than: 0.0\n");
}

static void properties_of_nodes_are_written_as_their_types_declare_them(void **state)
{
    const char *text =
        render("tosca_definitions_version: tosca_simple_yaml_1_0\n"
               "capability_types:\n"
               "  lab.Port: {properties: {port: {type: integer}, scheme: {type: string}}}\n"
               "node_types:\n"
               "  lab.Base: {properties: {release: {type: version, default: 1.10}, any: {type: lab.Unknown}}}\n"
               "  lab.Node:\n"
               "    derived_from: lab.Base\n"
               "    capabilities: {door: lab.Port, gate: {type: lab.Port, properties: {scheme: {type: float}}}}\n"
               "group_types: {lab.Group: {properties: {release: {type: version}}}}\n"
               "policy_types: {lab.Policy: {properties: {release: {type: version}}}}\n"
               "relationship_types: {lab.Rel: {properties: {release: {type: version}}}}\n"
               "topology_template:\n"
               "  inputs: {i: {type: version, default: 1.30}}\n"
               "  node_templates:\n"
               "    n:\n"
               "      type: lab.Node\n"
               "      properties: {release: 1.20, any: 1.20, undeclared: 010}\n"
               "      capabilities:\n"
               "        door: {properties: {port: \"010\", scheme: NO}}\n"
               "        gate: {properties: {port: 1_0, scheme: 1}}\n"
               "    m: {type: lab.Node, properties: {release: {get_input: i}}}\n"
               "  relationship_templates: {r: {type: lab.Rel, properties: {release: 1.40}}}\n"
               "  groups: {g: {type: lab.Group, members: [n], properties: {release: 1.50}}}\n"
               "  policies: [{p: {type: lab.Policy, targets: [g], properties: {release: 1.60}}}]\n",
               "{}");

    assert_contains(text, "      release:\n        type: version\n        default: \"1.10\"\n");
    assert_contains(text, "        release: \"1.20\"\n        any: 1.20\n        undeclared: 010\n");
    assert_contains(text, "            port: 8\n            scheme: \"NO\"\n");
    assert_contains(text, "            port: 10\n            scheme: 1.0\n");
    assert_contains(text, "        release:\n          get_input: i\n");
    assert_contains(text, "        release: \"1.40\"\n");
    assert_contains(text, "        release: \"1.50\"\n");
    assert_contains(text, "          release: \"1.60\"\n");
}

static void relationships_in_requirements_are_written_as_their_types_declare_them(void **state)
{
    const char *text =
        render_with(types_of(source_directory("conf/types")),
                    "tosca_definitions_version: tosca_simple_yaml_1_0\n"
                    "relationship_types:\n"
                    "  lab.Rel: {derived_from: tosca.relationships.AttachesTo, properties: {ver: {type: string}}}\n"
                    "topology_template:\n"
                    "  node_templates:\n"
                    "    d: {type: tosca.nodes.BlockStorage, properties: {size: 1 GB}}\n"
                    "    n:\n"
                    "      type: tosca.nodes.Compute\n"
                    "      requirements:\n"
                    "        - local_storage: {node: d, relationship: {type: tosca.relationships.AttachesTo,\n"
                    "            properties: {location: 0640, device: NO, other: 010}}}\n"
                    "        - local_storage: {node: d, relationship: {type: lab.Rel,\n"
                    "            properties: {location: {concat: [0640]}, device: 1:30, ver: 1.10}}}\n"
                    "        - local_storage: {node: d, relationship: {properties: {location: 010}}}\n"
                    "        - local_storage: {node: d, relationship: tosca.relationships.AttachesTo}\n",
                    "{}");

    assert_contains(text, "                location: \"0640\"\n                device: \"NO\"\n"
                          "                other: 010\n");
    assert_contains(text, "                location:\n                  concat:\n                    - \"0640\"\n"
                          "                device: \"1:30\"\n                ver: \"1.10\"\n");
    assert_contains(text, "              properties:\n                location: 010\n");
}

static void attributes_and_inputs_of_operations_are_written_as_their_types_declare_them(void **state)
{
    const char *text =
        render("tosca_definitions_version: tosca_simple_yaml_1_3\n"
               "interface_types:\n"
               "  lab.Root: {inputs: {all: {type: string}}}\n"
               "  lab.Own: {derived_from: lab.Root, operations: {run: {inputs: {far: {type: string}}}}}\n"
               "relationship_types:\n"
               "  lab.Rel: {interfaces: {Configure: {post: {inputs: {ver: {type: version}}}}}}\n"
               "node_types:\n"
               "  lab.Base:\n"
               "    attributes: {state: {type: string}}\n"
               "    interfaces:\n"
               "      Standard: {configure: {inputs: {ver: {type: string, default: 2.10}, set: {type: string}}},\n"
               "        operations: {start: {inputs: {number: {type: integer}}}}, inputs: {every: {type: float}}}\n"
               "      Own: {type: lab.Own}\n"
               "  lab.Node:\n"
               "    derived_from: lab.Base\n"
               "    interfaces: {Standard: {configure: {inputs: {set: 1.10}}}}\n"
               "topology_template:\n"
               "  node_templates:\n"
               "    n:\n"
               "      type: lab.Node\n"
               "      attributes: {state: 1.10, other: 1.10}\n"
               "      interfaces:\n"
               "        Standard:\n"
               "          inputs: {every: 2}\n"
               "          configure: {implementation: x, inputs: {ver: 1.10, set: NO, every: 1, other: 010}}\n"
               "          operations: {start: {inputs: {number: \"010\", every: 3}}, inputs: {inputs: {every: 4}}}\n"
               "          stop: stop.yaml\n"
               "        Own: {run: {inputs: {far: 1.30, all: 1.40}}}\n"
               "        Other: {run: {inputs: {ver: 1.50}}}\n"
               "      requirements:\n"
               "        - link: {node: m, relationship: {type: lab.Rel,\n"
               "            interfaces: {Configure: {post: {inputs: {ver: 1.60}}}}}}\n"
               "    m: {type: t}\n",
               "{}");

    assert_contains(text, "      attributes:\n        state: \"1.10\"\n        other: 1.10\n");
    assert_contains(text, "          inputs:\n            every: 2.0\n          configure:\n");
    assert_contains(text, "              ver: \"1.10\"\n              set: \"NO\"\n              every: 1.0\n"
                          "              other: 010\n");
    assert_contains(text, "                number: 8\n                every: 3.0\n            inputs:\n"
                          "              inputs:\n                every: 4.0\n          stop: stop.yaml\n");
    assert_contains(text, "              far: \"1.30\"\n              all: \"1.40\"\n");
    assert_contains(text, "              ver: 1.50\n");
    assert_contains(text, "                      ver: \"1.60\"\n");
}

static void texts_that_functions_join_and_take_apart_are_texts(void **state)
{
    const char *text = render(
        "tosca_definitions_version: tosca_simple_yaml_1_0\n"
        "node_types:\n"
        "  lab.Node:\n"
        "    properties:\n"
        "      a: {type: string, default: {concat: [1.20, {get_property: [SELF, NO]}]}}\n"
        "      concat: {type: list, entry_schema: {type: float}}\n"
        "topology_template:\n"
        "  node_templates:\n"
        "    n:\n"
        "      type: lab.Node\n"
        "      properties: {a: {concat: [v, 1.10, NO, 010, ~, {concat: [1:30]}, {get_property: [SELF, a, 010]}]}}\n"
        "      interfaces: {Standard: {configure: {inputs: {i: {token: [1.30, 0x2E, \"010\"]}}}}}\n"
        "    m: {type: lab.Node, properties: {concat: [1.50]}}\n"
        "    get_input: {type: x, properties: {get_input: NO}}\n"
        "  outputs: {o: {value: [{concat: [1.40, [1.60], {token: [{concat: [1_0]}, 0, 010]}]}]}}\n",
        "{}");

    assert_contains(text, "        default:\n          concat:\n            - \"1.20\"\n"
                          "            - get_property:\n"
                          "                - SELF\n"
                          "                - \"NO\"\n");
    assert_contains(text, "          concat:\n"
                          "            - \"v\"\n"
                          "            - \"1.10\"\n"
                          "            - \"NO\"\n"
                          "            - \"010\"\n"
                          "            - ~\n"
                          "            - concat:\n"
                          "                - \"1:30\"\n"
                          "            - get_property:\n"
                          "                - SELF\n"
                          "                - a\n"
                          "                - 010\n");
    assert_contains(text, "                token:\n"
                          "                  - \"1.30\"\n"
                          "                  - \"0x2E\"\n"
                          "                  - 8\n");
    assert_contains(text, "        concat:\n          - 1.5\n");
    assert_contains(text, "        get_input: NO\n");
    assert_contains(text, "        - concat:\n"
                          "            - \"1.40\"\n"
                          "            - - 1.60\n"
                          "            - token:\n"
                          "                - concat:\n"
                          "                    - \"1_0\"\n"
                          "                - \"0\"\n"
                          "                - 8\n");
}

static void counts_are_numbers(void **state)
{
    static const struct {
        const char *written, *given, *rendered;
    } rows[] = {
        {"count: \"3\"", "{}", "count: 3\n"},
        {"count: 010", "{}", "count: 8\n"},
        {"count: {get_input: i}", "{}", "count:\n              get_input: i\n"},
        {"count: {get_input: s}", "{}", "count: 4\n"},
        {"count: {get_input: s}", "{\"s\":\"5\"}", "count: 5\n"},
        {"default_instances: \"2\"", "{}", "default_instances: 2\n"},
        {"default_instances: {get_input: i}, min_instances: {get_input: i}", "{}",
         "default_instances: 2\n            min_instances: 2\n"},
        {"min_instances: \"2\"", "{}", "min_instances: 2\n"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_contains(render(document(apr_pstrcat(
                                   pool,
                                   "  inputs: {i: {type: integer, default: 2}, s: {type: string, default: \"4\"}}\n"
                                   "  node_templates: {n: {type: t, capabilities: {scalable: {properties: {",
                                   rows[i].written, "}}}}}\n", NULL)),
                               rows[i].given),
                        rows[i].rendered);
    /* INDIGO's type has a count whose default would come first. */
    assert_contains(
        render_with(types_of(source_directory("conf/types")),
                    document("  node_templates: {n: {type: tosca.nodes.indigo.Compute, capabilities: {scalable: "
                             "{properties: {default_instances: 2}}}}}\n"),
                    "{}"),
        "            default_instances: 2\n            count: 2\n");
}

static void the_name_and_the_version_of_a_template_are_texts(void **state)
{
    assert_contains(render("tosca_definitions_version: tosca_simple_yaml_1_0\n"
                           "metadata: {template_name: 010, template_version: 1.10, order: 1}\n"
                           "topology_template: {node_templates: {n: {type: t}}}\n",
                           "{}"),
                    "metadata:\n  template_name: \"010\"\n  template_version: \"1.10\"\n  order: 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_input_that_is_not_given_is_what_its_type_makes_of_the_default),
        cmocka_unit_test(a_given_value_is_written_as_its_type),
        cmocka_unit_test(depth_makes_no_difference),
        cmocka_unit_test(data_types_type_their_properties),
        cmocka_unit_test(constraints_are_compared_with_values_of_their_type),
        cmocka_unit_test(properties_of_nodes_are_written_as_their_types_declare_them),
        cmocka_unit_test(relationships_in_requirements_are_written_as_their_types_declare_them),
        cmocka_unit_test(attributes_and_inputs_of_operations_are_written_as_their_types_declare_them),
        cmocka_unit_test(texts_that_functions_join_and_take_apart_are_texts),
        cmocka_unit_test(counts_are_numbers),
        cmocka_unit_test(the_name_and_the_version_of_a_template_are_texts),
    };

    return cmocka_run_group_tests_name("tosca_typed", tests, setup, teardown);
}
