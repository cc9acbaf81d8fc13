/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "tosca_fixture.h"

/* Node templates to resources: counts, hosts, who requires whom. */

static orc_error_t *topology_of(apr_array_header_t **nodes, orc_tosca_demand_t *demand,
                                const orc_tosca_template_t *tosca, const char *given)
{
    json_t *complete;

    assert_null(orc_tosca_inputs(&complete, tosca, json(given), "/template_inputs", pool));
    return orc_tosca_topology(nodes, demand, tosca, complete, pool);
}

static apr_array_header_t *nodes_of(const char *topology, const char *given)
{
    apr_array_header_t *nodes;
    orc_tosca_demand_t demand;
    orc_error_t *error = topology_of(&nodes, &demand, parse(document(topology)), given);

    if (error)
        fail_msg("%s %s", error->detail, mistakes(error));
    return nodes;
}

static orc_tosca_demand_t demand_of(const char *topology, const char *given)
{
    apr_array_header_t *nodes;
    orc_tosca_demand_t demand;

    assert_null(topology_of(&nodes, &demand, parse(document(topology)), given));
    return demand;
}

/* "a.0<1,2 b.0": each instance with the positions of those that require it. */
static const char *describe(const apr_array_header_t *nodes)
{
    const char *text = "";
    int i, j;

    for (i = 0; i < nodes->nelts; i++) {
        const orc_tosca_node_t *node = &APR_ARRAY_IDX(nodes, i, orc_tosca_node_t);

        text = apr_psprintf(pool, "%s%s%s.%d", text, i ? " " : "", node->name, node->index);
        for (j = 0; j < node->required_by->nelts; j++)
            text = apr_psprintf(pool, "%s%c%d", text, j ? ',' : '<', APR_ARRAY_IDX(node->required_by, j, int));
    }
    return text;
}

static void there_is_one_resource_per_node_in_document_order(void **state)
{
    const apr_array_header_t *nodes = nodes_of("  node_templates:\n"
                                               "    web: {type: tosca.nodes.WebServer, requirements: [{host: vm}]}\n"
                                               "    vm: {type: tosca.nodes.Compute}\n"
                                               "    disk: {type: tosca.nodes.BlockStorage}\n",
                                               "{}");

    assert_string_equal(describe(nodes), "web.0 vm.0<0 disk.0");
    assert_string_equal(APR_ARRAY_IDX(nodes, 1, orc_tosca_node_t).type, "tosca.nodes.Compute");
    assert_true(APR_ARRAY_IDX(nodes, 1, orc_tosca_node_t).is_compute);
    assert_false(APR_ARRAY_IDX(nodes, 0, orc_tosca_node_t).is_compute);
}

static const char cluster[] =
    "  inputs: {n: {type: integer, default: 2}}\n"
    "  node_templates:\n"
    "    fe: {type: tosca.nodes.Compute, requirements: [{local_storage: {node: disk}}]}\n"
    "    wn: {type: tosca.nodes.Compute, capabilities: {scalable: {properties: {count: {get_input: n}}}},\n"
    "         requirements: [{dependency: fe}]}\n"
    "    lrms: {type: tosca.nodes.SoftwareComponent, requirements: [{host: fe}]}\n"
    "    agent: {type: tosca.nodes.SoftwareComponent, requirements: [{host: wn}, {dependency: lrms}]}\n"
    "    plugin: {type: tosca.nodes.SoftwareComponent, requirements: [{host: agent}]}\n"
    "    monitor: {type: tosca.nodes.SoftwareComponent, requirements: [{host: wn}, {dependency: plugin}]}\n"
    "    disk: {type: tosca.nodes.BlockStorage}\n";

static void hosted_nodes_come_once_per_host(void **state)
{
    assert_string_equal(describe(nodes_of(cluster, "{}")),
                        "fe.0<1,2,3 wn.0<4,8 wn.1<5,9 lrms.0<4,5 agent.0<6 agent.1<7 plugin.0<8 plugin.1<9 "
                        "monitor.0 monitor.1 disk.0<0");
}

static void a_count_of_zero_makes_none_of_what_is_hosted_there(void **state)
{
    assert_string_equal(describe(nodes_of(cluster, "{\"n\":0}")), "fe.0<1 lrms.0 disk.0<0");
    assert_int_equal(demand_of(cluster, "{\"n\":0}").machines, 1);
    assert_int_equal(demand_of(cluster, "{\"n\":7}").machines, 8);
}

static void counts_are_written_down_or_come_from_inputs(void **state)
{
    static const struct {
        const char *properties;
        int count;
    } rows[] = {
        {"{count: 3}", 3},
        {"{count: 010}", 8},
        {"{count: \"3\"}", 3},
        {"{default_instances: 2, min_instances: 1}", 2},
        {"{count: 4, default_instances: 2}", 4},
        {"{min_instances: 5}", 5},
        {"{count: {get_input: n}}", 6},
        {"{count: {get_input: [n]}}", 6},
        {"{count: {get_input: none}}", 1},
        {"{count: {get_input: none}, default_instances: 2}", 2},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_int_equal(nodes_of(apr_pstrcat(pool,
                                              "  inputs: {n: {type: integer, default: 6}, none: {type: integer, "
                                              "required: false}}\n  node_templates:\n    a:\n      type: x\n"
                                              "      capabilities: {scalable: {properties: ",
                                              rows[i].properties, "}}\n", NULL),
                                  "{}")
                             ->nelts,
                         rows[i].count);
}

static void refused_count(const char *topology, const char *given, const char *words)
{
    apr_array_header_t *nodes;
    orc_tosca_demand_t demand;
    orc_error_t *error = topology_of(&nodes, &demand, parse(document(topology)), given);

    assert_non_null(error);
    assert_int_equal(error->status, 422);
    assert_string_equal(error->code, "inputs");
    assert_contains(mistakes(error), words);
}

static void counts_that_can_not_be_are_refused(void **state)
{
    refused_count(cluster, "{\"n\":-1}", "/template_inputs/n the count of node \"wn\" is no number from 0 to 1000");
    refused_count(
        "  inputs: {n: {type: integer}}\n"
        "  node_templates: {a: {type: x, capabilities: {scalable: {properties: {count: {get_input: [n]}}}}}}\n",
        "{\"n\":-1}", "/template_inputs/n the count of node");
    refused_count(cluster, "{\"n\":1001}", "/template_inputs/n the count of node \"wn\" is no number from 0 to 1000");
    refused_count("  node_templates:\n"
                  "    a: {type: x, capabilities: {scalable: {properties: {count: many}}}}\n",
                  "{}", "/template_id the count of node \"a\"");
    refused_count("  node_templates:\n"
                  "    a: {type: x, capabilities: {scalable: {properties: {count: {get_property: [SELF, x]}}}}}\n",
                  "{}", "/template_id the count of node \"a\"");
}

static void topologies_too_large_are_refused(void **state)
{
    const char *scaled = "{scalable: {properties: {count: 1000}}}";
    const char *text = apr_psprintf(pool,
                                    "  node_templates:\n"
                                    "    a: {type: x, capabilities: %s}\n"
                                    "    b: {type: x, capabilities: %s, requirements: [{host: a}]}\n",
                                    scaled, scaled);
    int i;

    refused_count(text, "{}", "more than 10000 resources");
    text = apr_psprintf(pool,
                        "  node_templates:\n"
                        "    a: {type: x, capabilities: %s}\n"
                        "    b: {type: x, capabilities: %s, requirements: [{dependency: a}]}\n",
                        scaled, scaled);
    refused_count(text, "{}", "more than 20000 relations");
    text = "  node_templates:\n";
    for (i = 0; i < 11; i++)
        text = apr_psprintf(pool, "%s    n%d: {type: x, capabilities: %s}\n", text, i, scaled);
    refused_count(text, "{}", "more than 10000 resources");
}

static void a_long_chain_of_hosts_is_no_trouble(void **state)
{
    char *text = apr_palloc(pool, 600000), *end = text;
    int i;

    end = apr_cpystrn(end, "  node_templates:\n", 100);
    for (i = 0; i < 5000; i++) {
        char line[100];

        apr_snprintf(line, sizeof(line), "    n%d: {type: x, requirements: [{host: n%d}]}\n", i, i + 1);
        end = apr_cpystrn(end, line, sizeof(line));
    }
    apr_cpystrn(end, "    n5000: {type: tosca.nodes.Compute, capabilities: {scalable: {properties: {count: 1}}}}\n",
                200);
    assert_int_equal(nodes_of(text, "{}")->nelts, 5001);
}

static void relationships_say_what_is_hosted_too(void **state)
{
    assert_string_equal(
        describe(nodes_of("  node_templates:\n"
                          "    vm: {type: tosca.nodes.Compute, capabilities: {scalable: {properties: {count: 2}}}}\n"
                          "    a: {type: x, requirements: [{runs_on: {node: vm, relationship: HostedOn}}]}\n"
                          "    b: {type: x, requirements: [{runs_on: {node: vm, relationship: {type: "
                          "tosca.relationships.HostedOn}}}]}\n"
                          "    c: {type: x, requirements: [{runs_on: {node: vm, relationship: DependsOn}}]}\n",
                          "{}")),
        "vm.0<2,4,6 vm.1<3,5,6 a.0 a.1 b.0 b.1 c.0");
}

static void types_say_what_is_a_machine(void **state)
{
    const char *text = "tosca_definitions_version: tosca_2_0\n"
                       "node_types: {my.Machine: {derived_from: tosca.nodes.indigo.Compute}}\n"
                       "topology_template:\n"
                       "  node_templates:\n"
                       "    a: {type: my.Machine}\n"
                       "    b: {type: tosca.nodes.indigo.Compute}\n"
                       "    c: {type: Compute}\n"
                       "    d: {type: tosca.nodes.SoftwareComponent}\n"
                       "    e: {type: nobody.Knows}\n";
    apr_array_header_t *nodes;
    orc_tosca_demand_t demand;

    assert_null(topology_of(&nodes, &demand, parse_with(types_of(source_directory("conf/types")), text), "{}"));
    assert_int_equal(demand.machines, 3);
    assert_true(APR_ARRAY_IDX(nodes, 0, orc_tosca_node_t).is_compute);
    assert_false(APR_ARRAY_IDX(nodes, 4, orc_tosca_node_t).is_compute);
}

/* IM 2.0.0 counts each machine by its own count, 1 here, whatever the count of its host. */
static void what_im_makes_a_machine_of_is_not_multiplied_by_its_host(void **state)
{
    static const char topology[] =
        "  inputs: {n: {type: integer, default: 2}}\n"
        "  node_templates:\n"
        "    a: {type: tosca.nodes.Container.Application.Docker, requirements: [{host: r}]}\n"
        "    b: {type: tosca.nodes.SoftwareComponent, requirements: [{host: a}]}\n"
        "    r: {type: tosca.nodes.Container.Runtime.Docker, requirements: [{host: m}]}\n"
        "    m: {type: tosca.nodes.indigo.Compute, capabilities: {scalable: {properties: {count: {get_input: n}}}}}\n"
        "    c: {type: tosca.nodes.indigo.Compute, requirements: [{host: m}]}\n";
    const orc_tosca_template_t *tosca = parse_with(types_of(source_directory("conf/types")), document(topology));
    apr_array_header_t *nodes;
    orc_tosca_demand_t demand;

    assert_null(topology_of(&nodes, &demand, tosca, "{}"));
    assert_string_equal(describe(nodes), "a.0<1 b.0 r.0<0 r.1<0 m.0<2,6 m.1<3,6 c.0");
    assert_int_equal(demand.machines, 4);
    assert_null(topology_of(&nodes, &demand, tosca, "{\"n\":0}"));
    assert_string_equal(describe(nodes), "a.0<1 b.0 c.0");
    assert_int_equal(demand.machines, 2);
}

static int wants_public(const char *node, const char *given)
{
    return demand_of(apr_pstrcat(pool, "  inputs: {net: {type: string, default: PUBLIC}}\n  node_templates: {a: {",
                                 node, "}}\n", NULL),
                     given)
        .wants_public;
}

#define ENDPOINT(name) "type: tosca.nodes.Compute, capabilities: {endpoint: {properties: {network_name: " name "}}}"

static void public_addresses_are_seen(void **state)
{
    assert_true(wants_public(ENDPOINT("PUBLIC"), "{}"));
    assert_true(wants_public(ENDPOINT("\"5c2.PUBLIC\""), "{}"));
    assert_true(wants_public(ENDPOINT("\"net,pool\""), "{}"));
    assert_true(wants_public(ENDPOINT("{get_input: net}"), "{}"));
    assert_false(wants_public(ENDPOINT("{get_input: net}"), "{\"net\":\"PRIVATE\"}"));
    assert_false(wants_public(ENDPOINT("PRIVATE"), "{}"));
    assert_false(wants_public("type: tosca.nodes.Compute", "{}"));
    assert_true(wants_public("type: tosca.nodes.network.Network, properties: {network_type: public}", "{}"));
    assert_false(wants_public("type: tosca.nodes.network.Network, properties: {network_type: private}", "{}"));
    assert_false(wants_public("type: tosca.nodes.Compute, capabilities: {scalable: {properties: {count: 0}}, endpoint: "
                              "{properties: {network_name: PUBLIC}}}}, b: {type: tosca.nodes.Compute",
                              "{}"));
}

static void a_fragment_is_not_deployed(void **state)
{
    const orc_tosca_template_t *tosca =
        parse(document("  node_templates:\n    a: {type: x, requirements: [{host: elsewhere}]}\n"));
    apr_array_header_t *nodes;
    orc_tosca_demand_t demand;
    orc_error_t *error = topology_of(&nodes, &demand, tosca, "{}");

    assert_int_equal(error->status, 422);
    assert_string_equal(error->code, "template.fragment");
    assert_contains(error->detail, "line 4, column 33: a requirement names the missing node \"elsewhere\"");
}

static void no_machine_is_refused(void **state)
{
    const orc_tosca_types_t *types = types_of(source_directory("conf/types"));
    static const char idle[] =
        "  inputs: {n: {type: integer, default: 0}}\n"
        "  node_templates:\n"
        "    a: {type: tosca.nodes.Compute, capabilities: {scalable: {properties: {count: {get_input: n}}}}}\n"
        "    b: {type: tosca.nodes.SoftwareComponent, requirements: [{host: a}]}\n";
    static const struct {
        const char *type;
        int machines; /* -1: refused */
    } rows[] = {{"tosca.nodes.SoftwareComponent", -1},
                {"tosca.nodes.BlockStorage", -1},
                {"tosca.nodes.indigo.Compute", 1},
                {"tosca.nodes.Container.Application", 1},
                {"tosca.nodes.Container.Application.Docker", 1},
                {"somebody.Else", 0}};
    apr_array_header_t *nodes;
    orc_tosca_demand_t demand;
    orc_error_t *error;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        error = topology_of(
            &nodes, &demand,
            parse_with(types, document(apr_psprintf(pool, "  node_templates: {a: {type: %s}}\n", rows[i].type))), "{}");
        if (rows[i].machines < 0) {
            assert_non_null(error);
            assert_string_equal(error->code, "template.machines");
            assert_int_equal(error->status, 422);
            assert_string_equal(mistakes(error), "/template_id The template makes no machine: none of its nodes is a "
                                                 "Compute or a container application.\n");
            continue;
        }
        assert_null(error);
        assert_int_equal(demand.machines, rows[i].machines);
    }
    error = topology_of(&nodes, &demand, parse_with(types, document(idle)), "{}");
    assert_string_equal(error->code, "inputs");
    assert_string_equal(mistakes(error), "/template_inputs/n no machine would be made: all counts are 0\n");
    assert_null(topology_of(&nodes, &demand, parse_with(types, document(idle)), "{\"n\":1}"));
}

static void names_are_looked_for_wherever_a_topology_holds_them(void **state)
{
    static const struct {
        const char *topology, *words; /* NULL: it is whole */
    } rows[] = {
        {"  groups: {g: {type: t, members: [a, nobody]}}\n",
         "line 5, column 38: a group has the missing node \"nobody\""},
        {"  groups: {g: {type: t, members: [a]}}\n", NULL},
        {"  groups: {g: {type: t, members: [a]}}\n  policies: [{p: {type: t, targets: [a, g]}}]\n", NULL},
        {"  policies: [{p: {type: t, targets: [a, g]}}]\n", "a policy has the missing target \"g\""},
        {"  policies: {p: {type: t, targets: [nobody]}}\n", "a policy has the missing target \"nobody\""},
        {"  policies: [{p: {type: t, properties: {x: {get_input: nope}}}}]\n", "names the missing input \"nope\""},
        {"  relationship_templates: {r: {type: t, properties: {x: {concat: [{get_input: nope}]}}}}\n",
         "names the missing input \"nope\""},
        {"  substitution_mappings: {node_type: t, requirements: {r: [nobody, host]}}\n",
         "substitution_mappings names the missing node \"nobody\""},
        {"  substitution_mappings: {node_type: t, properties: {r: [nope]}, capabilities: {c: [a, host]}}\n",
         "substitution_mappings names the missing input \"nope\""},
        {"  substitution_mappings: {node_type: t, properties: {r: [i]}}\n", NULL},
        {"  workflows: {w: {steps: {s: {target: nobody}}}}\n", "a workflow has the missing target \"nobody\""},
    };
    apr_array_header_t *nodes;
    orc_tosca_demand_t demand;
    orc_error_t *error;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        error = topology_of(&nodes, &demand,
                            parse(document(apr_pstrcat(pool, "  inputs: {i: {type: string, default: x}}\n",
                                                       "  node_templates: {a: {type: x}}\n", rows[i].topology, NULL))),
                            "{}");
        if (!rows[i].words) {
            assert_null(error);
            continue;
        }
        assert_non_null(error);
        assert_string_equal(error->code, "template.fragment");
        assert_contains(error->detail, rows[i].words);
    }
    error = topology_of(&nodes, &demand,
                        parse(document("  inputs: {i: {type: string, default: {get_input: nope}}}\n"
                                       "  node_templates: {a: {type: x}}\n")),
                        "{\"i\":\"x\"}");
    assert_string_equal(error->code, "template.fragment");
}

static void lists_of_what_is_to_go_are_told_and_taken_out(void **state)
{
    static const char lists[] = "  inputs: {gone: {type: list, default: []}}\n"
                                "  node_templates:\n"
                                "    a: {type: tosca.nodes.Compute, capabilities: {scalable: {properties:\n"
                                "      {count: 2, removal_list: [one, 2]}}}}\n"
                                "    b: {type: tosca.nodes.Compute, capabilities: {scalable: {properties:\n"
                                "      {removal_list: []}}}}\n"
                                "    c: {type: tosca.nodes.Compute, capabilities: {scalable: {properties:\n"
                                "      {removal_list: {get_input: gone}}}}}\n";
    const orc_tosca_template_t *tosca = parse(document(lists));
    const char *text = orc_tosca_without_removals(tosca, pool);

    assert_string_equal(orc_json_text(orc_tosca_removals(tosca, pool), pool), "{\"a\":[\"one\",2]}");
    assert_string_equal(orc_json_text(orc_tosca_removals(parse(text), pool), pool), "{}");
    assert_contains(text, "    a:\n      type: tosca.nodes.Compute\n      capabilities:\n        scalable:\n"
                          "          properties:\n            count: 2\n    b:\n");
    assert_contains(text, "removal_list: []\n");
    assert_contains(text, "get_input: gone\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_one_resource_per_node_in_document_order),
        cmocka_unit_test(hosted_nodes_come_once_per_host),
        cmocka_unit_test(a_count_of_zero_makes_none_of_what_is_hosted_there),
        cmocka_unit_test(counts_are_written_down_or_come_from_inputs),
        cmocka_unit_test(counts_that_can_not_be_are_refused),
        cmocka_unit_test(topologies_too_large_are_refused),
        cmocka_unit_test(a_long_chain_of_hosts_is_no_trouble),
        cmocka_unit_test(relationships_say_what_is_hosted_too),
        cmocka_unit_test(types_say_what_is_a_machine),
        cmocka_unit_test(what_im_makes_a_machine_of_is_not_multiplied_by_its_host),
        cmocka_unit_test(public_addresses_are_seen),
        cmocka_unit_test(a_fragment_is_not_deployed),
        cmocka_unit_test(no_machine_is_refused),
        cmocka_unit_test(lists_of_what_is_to_go_are_told_and_taken_out),
        cmocka_unit_test(names_are_looked_for_wherever_a_topology_holds_them),
    };

    return cmocka_run_group_tests_name("tosca_topology", tests, setup, teardown);
}
