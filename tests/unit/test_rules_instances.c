/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "tosca_fixture.h"

#include "orc_enums.h"
#include "orc_rules_instances.h"

/* Which resources come and go when counts change. A row's id is its node's letter and number: w1 is the second worker,
 * s1 the software on it, f0 the machine that stays. */

static const char *const text = "tosca_definitions_version: tosca_simple_yaml_1_0\n"
                                "topology_template:\n"
                                "  inputs:\n"
                                "    n: {type: integer, default: 1}\n"
                                "    gone: {type: list, default: []}\n"
                                "  node_templates:\n"
                                "    f: {type: tosca.nodes.Compute}\n"
                                "    w:\n"
                                "      type: tosca.nodes.Compute\n"
                                "      capabilities: {scalable: {properties: {count: {get_input: n}, removal_list: "
                                "{get_input: gone}}}}\n"
                                "    s:\n"
                                "      type: tosca.nodes.SoftwareComponent\n"
                                "      requirements: [{host: w}]\n";

static orc_rules_instances_t instances;
static int is_lenient;
static apr_array_header_t *rows, *relations;

static void add_row(const char *node, int number, const char *vm)
{
    orc_store_resource_t *row = apr_array_push(rows);

    *row = (orc_store_resource_t){.position = rows->nelts - 1,
                                  .node = node,
                                  .is_compute = *node != 's',
                                  .vm = vm,
                                  .id = apr_psprintf(pool, "%s%d", node, number),
                                  .status = ORC_RESOURCE_STARTED};
}

static orc_store_resource_t *row(int place)
{
    return &APR_ARRAY_IDX(rows, place, orc_store_resource_t);
}

/* A machine that stays (0), so many workers, machines from `first` on downwards, and their software. */
static void there_are(int workers, int first)
{
    int i;

    rows = apr_array_make(pool, 8, sizeof(orc_store_resource_t));
    relations = apr_array_make(pool, 8, sizeof(orc_rules_relation_t));
    add_row("f", 0, "0");
    for (i = 0; i < workers; i++)
        add_row("w", i, apr_psprintf(pool, "%d", first - i));
    for (i = 0; i < workers; i++) {
        add_row("s", i, NULL);
        *(orc_rules_relation_t *)apr_array_push(relations) =
            (orc_rules_relation_t){apr_psprintf(pool, "w%d", i), apr_psprintf(pool, "s%d", i)};
    }
}

/* Of other deployments. */
static const apr_array_header_t *others(void)
{
    apr_array_header_t *ids = apr_array_make(pool, 1, sizeof(const char *));

    APR_ARRAY_PUSH(ids, const char *) = "x";
    return ids;
}

static orc_error_t *change_to(orc_rules_turnover_t *turnover, int workers, const char *gone)
{
    json_t *complete, *given = json(apr_psprintf(pool, "{\"n\":%d,\"gone\":%s}", workers, gone));
    orc_tosca_template_t *tosca = parse(text);
    orc_tosca_demand_t demand;
    apr_array_header_t *nodes;

    assert_null(orc_tosca_inputs(&complete, tosca, given, "", pool));
    assert_null(orc_tosca_topology(&nodes, &demand, tosca, complete, pool));
    instances = (orc_rules_instances_t){.tosca = tosca,
                                        .nodes = nodes,
                                        .rows = rows,
                                        .relations = relations,
                                        .given = given,
                                        .foreign = others(),
                                        .is_lenient = is_lenient};
    return orc_rules_instances_change(turnover, &instances, pool);
}

/* "-w1 -s1 +w +s", and what requires what of the new ones: "w0/s" is a known one and a new one. */
static const char *told(const orc_rules_turnover_t *turnover)
{
    const char *said = "";
    size_t i, j;
    int k;

    for (k = 0; k < turnover->removed->nelts; k++)
        said = apr_pstrcat(pool, said, " -", APR_ARRAY_IDX(turnover->removed, k, const char *), NULL);
    for (i = 0; i < json_array_size(turnover->added); i++)
        said = apr_pstrcat(pool, said, " +", orc_json_string(json_array_get(turnover->added, i), "name"), NULL);
    for (i = 0; i < json_array_size(turnover->relations); i++) {
        static const char *const ends[] = {"resource", "required_by"};

        for (j = 0; j < 2; j++) {
            const char *id = orc_json_string(json_array_get(turnover->relations, i), ends[j]);

            said = apr_pstrcat(pool, said, j ? "/" : " ", strlen(id) > 3 ? "new" : id, NULL);
        }
    }
    return said;
}

static const char *after(int workers, const char *gone)
{
    orc_rules_turnover_t turnover;

    assert_null(change_to(&turnover, workers, gone));
    return told(&turnover);
}

static const char *wrong(int workers, const char *gone)
{
    orc_rules_turnover_t turnover;
    orc_error_t *error = change_to(&turnover, workers, gone);
    const char *said = "";
    int i;

    assert_non_null(error);
    for (i = 0; i < error->fields->nelts; i++)
        said = apr_pstrcat(pool, said, " ", APR_ARRAY_IDX(error->fields, i, orc_error_field_t).member, NULL);
    return said;
}

static void nothing_changes_when_the_counts_are_the_same(void **state)
{
    there_are(2, 2);
    assert_string_equal(after(2, "[]"), "");
}

static void what_comes_is_related_to_what_comes_with_it(void **state)
{
    there_are(1, 1);
    assert_string_equal(after(3, "[]"), " +w +w +s +s new/new new/new");
}

static void positions_go_on_behind_all_rows(void **state)
{
    orc_rules_turnover_t turnover;

    there_are(1, 1);
    row(2)->status = ORC_RESOURCE_DELETED;
    assert_null(change_to(&turnover, 1, "[]"));
    assert_string_equal(told(&turnover), " +s w0/new");
    assert_int_equal(orc_json_integer(json_array_get(turnover.added, 0), "position", 0), 3);
}

static void the_youngest_machines_go_and_what_is_on_them(void **state)
{
    there_are(3, 3); /* w0 has machine 3, w2 machine 1 */
    assert_string_equal(after(2, "[]"), " -w0 -s0");
    assert_string_equal(after(1, "[]"), " -w0 -w1 -s0 -s1");
    assert_string_equal(after(0, "[]"), " -w0 -w1 -w2 -s0 -s1 -s2");
    row(3)->vm = NULL;
    assert_string_equal(after(2, "[]"), " -w2 -s2");
}

static void named_machines_go_by_either_name(void **state)
{
    there_are(3, 3);
    assert_string_equal(after(2, "[\"w1\"]"), " -w1 -s1");
    assert_string_equal(after(2, "[\"W1\"]"), " -w1 -s1");
    assert_string_equal(after(2, "[\"2\"]"), " -w1 -s1");
    assert_string_equal(after(2, "[2]"), " -w1 -s1");
    assert_string_equal(after(1, "[\"w2\"]"), " -w0 -w2 -s0 -s2");
}

static void a_wrong_entry_is_named(void **state)
{
    there_are(3, 3);
    row(3)->status = ORC_RESOURCE_DELETED;
    assert_string_equal(wrong(1, "[\"w2\"]"), " template_inputs/gone/0");
    assert_string_equal(wrong(0, "[\"w0\",\"3\",\"x\",\"f0\",\"0\",\"s0\",true]"),
                        " template_inputs/gone/1 template_inputs/gone/2 template_inputs/gone/3 template_inputs/gone/4 "
                        "template_inputs/gone/5 template_inputs/gone/6");
    assert_string_equal(wrong(1, "[\"w0\",\"w1\"]"), " template_inputs/gone/1");
    assert_string_equal(wrong(2, "[\"w0\"]"), " template_inputs/gone/0");
}

static void what_an_update_could_not_add_does_not_count(void **state)
{
    there_are(2, 2);
    row(2)->is_added = row(4)->is_added = 1;
    assert_string_equal(after(1, "[]"), "");
    assert_string_equal(after(2, "[]"), " +w +s new/new");
}

/* To another template, of one input; "x" is another deployment's resource. */
static orc_error_t *turn_to(orc_rules_turnover_t *turnover, const char *nodes_text, const char *removals)
{
    orc_tosca_template_t *tosca = parse(apr_pstrcat(pool,
                                                    "tosca_definitions_version: tosca_simple_yaml_1_0\n"
                                                    "topology_template:\n  node_templates:\n",
                                                    nodes_text, NULL));
    apr_array_header_t *nodes;
    orc_tosca_demand_t demand;
    json_t *complete;

    assert_null(orc_tosca_inputs(&complete, tosca, json("{}"), "", pool));
    assert_null(orc_tosca_topology(&nodes, &demand, tosca, complete, pool));
    instances = (orc_rules_instances_t){.tosca = tosca,
                                        .nodes = nodes,
                                        .rows = rows,
                                        .relations = relations,
                                        .given = json("{}"),
                                        .removals = json(removals),
                                        .foreign = others(),
                                        .is_lenient = 1};
    return orc_rules_instances_change(turnover, &instances, pool);
}

static const char *turned(const char *nodes_text, const char *removals)
{
    orc_rules_turnover_t turnover;

    assert_null(turn_to(&turnover, nodes_text, removals));
    return told(&turnover);
}

#define FRONT "    f: {type: tosca.nodes.Compute}\n"
#define WORKERS(count)                                                                                                 \
    "    w: {type: tosca.nodes.Compute, capabilities: {scalable: {properties: {count: " count "}}}}\n"
#define SOFTWARE "    s: {type: tosca.nodes.SoftwareComponent, requirements: [{host: w}]}\n"

static void nodes_of_another_template_come_and_go(void **state)
{
    there_are(2, 2);
    assert_string_equal(turned(FRONT WORKERS("2") SOFTWARE, "{}"), "");
    assert_string_equal(turned(FRONT, "{}"), " -w0 -w1 -s0 -s1");
    assert_string_equal(turned(FRONT WORKERS("2") SOFTWARE "    g: {type: tosca.nodes.Compute}\n", "{}"), " +g");
    assert_string_equal(turned("    g: {type: tosca.nodes.Compute}\n" WORKERS("1") SOFTWARE, "{}"), " -f0 -w0 -s0 +g");
}

static void a_node_of_another_type_is_another_one(void **state)
{
    there_are(0, 0);
    row(0)->type = "tosca.nodes.Compute";
    assert_string_equal(turned(FRONT, "{}"), "");
    assert_string_equal(turned("    f: {type: tosca.nodes.Container.Application}\n", "{}"), " -f0 +f");
}

static void lists_by_node_are_carried_out(void **state)
{
    there_are(3, 3);
    row(3)->status = ORC_RESOURCE_DELETED;
    assert_string_equal(turned(FRONT WORKERS("1") SOFTWARE, "{\"w\":[\"w1\"]}"), " -w1 -s1 -s2");
    assert_string_equal(turned(FRONT WORKERS("1") SOFTWARE, "{\"w\":[\"2\",\"2\"]}"), " -w1 -s1 -s2");
    assert_string_equal(turned(FRONT WORKERS("2") SOFTWARE, "{\"w\":[\"w2\",\"unknown\",7]}"), " -s2");
    assert_string_equal(turned(FRONT WORKERS("2"), "{\"w\":[\"w0\"]}"), " -w0 -s0 -s1 -s2 +w");
}

static void a_list_of_an_old_client_s_input_is_like_one_by_node(void **state)
{
    there_are(2, 2);
    is_lenient = 1;
    assert_string_equal(wrong(1, "[\"f0\",\"unknown\",\"x\"]"), " template_inputs/gone/0 template_inputs/gone/2");
    assert_string_equal(after(2, "[\"w1\",\"w1\",\"0\",\"unknown\"]"), " -w1 +w new/s1");
    is_lenient = 0;
}

static void a_list_that_names_others_is_wrong(void **state)
{
    orc_rules_turnover_t turnover;
    const orc_error_t *error;

    there_are(2, 2);
    error = turn_to(&turnover, FRONT WORKERS("1"), "{\"w\":[\"f0\",\"x\",\"0\"]}");
    assert_int_equal(error->status, 422);
    assert_int_equal(error->fields->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(error->fields, 0, orc_error_field_t).member, "template_text");
    assert_string_equal(APR_ARRAY_IDX(error->fields, 0, orc_error_field_t).detail,
                        "the removal_list of node \"w\" names f0, which is none of its resources");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changes_when_the_counts_are_the_same),
        cmocka_unit_test(what_comes_is_related_to_what_comes_with_it),
        cmocka_unit_test(positions_go_on_behind_all_rows),
        cmocka_unit_test(the_youngest_machines_go_and_what_is_on_them),
        cmocka_unit_test(named_machines_go_by_either_name),
        cmocka_unit_test(a_wrong_entry_is_named),
        cmocka_unit_test(what_an_update_could_not_add_does_not_count),
        cmocka_unit_test(nodes_of_another_template_come_and_go),
        cmocka_unit_test(a_node_of_another_type_is_another_one),
        cmocka_unit_test(lists_by_node_are_carried_out),
        cmocka_unit_test(a_list_of_an_old_client_s_input_is_like_one_by_node),
        cmocka_unit_test(a_list_that_names_others_is_wrong),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
