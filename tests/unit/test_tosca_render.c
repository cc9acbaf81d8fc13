/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "tosca_fixture.h"

/* The text for IM, the tags that come back in it, and the templates of this repository. */

static apr_array_header_t *some_tags(void)
{
    static const orc_tosca_tag_t all[] = {{"PAAS_URL", "https://paas.example.org/api/v1"},
                                          {"PAAS_DEP_UUID", "018f0000-0000-7000-8000-000000000000"},
                                          {"PAAS_ATTEMPT", "3"}};
    apr_array_header_t *tags = apr_array_make(pool, 3, sizeof(orc_tosca_tag_t));
    size_t i;

    for (i = 0; i < sizeof(all) / sizeof(*all); i++)
        *(orc_tosca_tag_t *)apr_array_push(tags) = all[i];
    return tags;
}

static apr_array_header_t *some_users(void)
{
    static const orc_tosca_user_t all[] = {
        {"alice", "ssh-ed25519 AAAA alice@home"}, {"nokey", NULL}, {"bob", "ssh-rsa BBBB"}};
    apr_array_header_t *users = apr_array_make(pool, 3, sizeof(orc_tosca_user_t));
    size_t i;

    for (i = 0; i < sizeof(all) / sizeof(*all); i++)
        *(orc_tosca_user_t *)apr_array_push(users) = all[i];
    return users;
}

static const char *render(const orc_tosca_template_t *tosca, const orc_tosca_rendering_t *rendering)
{
    const char *text, *again;

    assert_null(orc_tosca_render(&text, tosca, rendering, pool));
    assert_null(orc_tosca_render(&again, tosca, rendering, pool));
    assert_string_equal(text, again);
    parse(text);
    return text;
}

static const orc_tosca_types_t *our_types(void)
{
    return types_of(source_directory("conf/types"));
}

static void given_inputs_become_defaults_of_the_same_type(void **state)
{
    const orc_tosca_template_t *tosca = parse(document("  inputs:\n"
                                                       "    a: {type: string, default: old}\n"
                                                       "    b: {type: string}\n"
                                                       "    c: {type: integer, description: keep}\n"
                                                       "    d: {type: map}\n"
                                                       "    e: {type: string, default: 010}\n"
                                                       "    f: {type: string, required: false, default: x}\n"
                                                       "    g: {type: version, default: 1.10, descritpion: odd}\n"
                                                       "  node_templates: {n: {type: x}}\n"));
    orc_tosca_rendering_t rendering = {.inputs =
                                           json("{\"a\":\"5\",\"b\":\"yes\",\"c\":5,\"d\":{\"x\":[true]},\"f\":null}")};

    assert_string_equal(render(tosca, &rendering), "tosca_definitions_version: tosca_simple_yaml_1_0\n"
                                                   "topology_template:\n"
                                                   "  inputs:\n"
                                                   "    a:\n"
                                                   "      type: string\n"
                                                   "      default: \"5\"\n"
                                                   "    b:\n"
                                                   "      type: string\n"
                                                   "      default: \"yes\"\n"
                                                   "    c:\n"
                                                   "      type: integer\n"
                                                   "      description: keep\n"
                                                   "      default: 5\n"
                                                   "    d:\n"
                                                   "      type: map\n"
                                                   "      default:\n"
                                                   "        x:\n"
                                                   "          - true\n"
                                                   "    e:\n"
                                                   "      type: string\n"
                                                   "      default: \"010\"\n"
                                                   "    f:\n"
                                                   "      type: string\n"
                                                   "      required: false\n"
                                                   "    g:\n"
                                                   "      type: version\n"
                                                   "      default: \"1.10\"\n"
                                                   "  node_templates:\n"
                                                   "    n:\n"
                                                   "      type: x\n");
}

static void what_is_not_touched_keeps_its_meaning(void **state)
{
    const char *text = "tosca_definitions_version: tosca_simple_yaml_1_0\n"
                       "metadata:\n"
                       "  template_version: \"1.0\"\n"
                       "  date: \"2020-09-08\"\n"
                       "description: |\n"
                       "  two\n"
                       "    lines # no comment\n"
                       "topology_template:\n"
                       "  node_templates:\n"
                       "    n:\n"
                       "      type: x\n"
                       "      properties:\n"
                       "        a:\n"
                       "          concat:\n"
                       "            - \"1\"\n"
                       "            - get_property:\n"
                       "                - SELF\n"
                       "                - b\n"
                       "        b: 1_000\n"
                       "        c: off\n";
    orc_tosca_rendering_t rendering = {.inputs = NULL};

    assert_string_equal(render(parse(text), &rendering), text);
}

static void owners_are_added_to_the_users_input(void **state)
{
    const char *topology = "  inputs:\n"
                           "    users: {type: list, default: [{os_user_name: root2}]}\n"
                           "  node_templates: {n: {type: x}}\n";
    orc_tosca_rendering_t rendering = {.users_input = "users", .users = some_users()};

    assert_contains(render(parse(document(topology)), &rendering),
                    "      default:\n"
                    "        - os_user_name: \"root2\"\n"
                    "        - os_user_name: \"alice\"\n"
                    "          os_user_add_to_sudoers: true\n"
                    "          os_user_ssh_public_key: \"ssh-ed25519 AAAA alice@home\"\n"
                    "        - os_user_name: \"bob\"\n"
                    "          os_user_add_to_sudoers: true\n"
                    "          os_user_ssh_public_key: \"ssh-rsa BBBB\"\n"
                    "  node_templates:\n");
    /* Given ones stand before the owners; an owner that is given is not there twice. */
    rendering.inputs = json("{\"users\":[{\"os_user_name\":\"alice\",\"x\":1}]}");
    assert_contains(render(parse(document(topology)), &rendering), "      default:\n"
                                                                   "        - os_user_name: \"alice\"\n"
                                                                   "          x: 1\n"
                                                                   "        - os_user_name: \"bob\"\n");
}

/* Each row: the properties of `scalable` with {get_input: users}, which no value is given for and the owners come to.
 */
static void a_count_without_a_value_is_not_there(void **state)
{
    static const struct {
        const char *type, *written, *rendered;
    } rows[] = {
        {"x", "count: {get_input: [users]}, removal_list: []",
         "          properties:\n            removal_list: []\nmetadata:\n"},
        {"x", "count: {get_input: users}, default_instances: 2",
         "          properties:\n            default_instances: 2\nmetadata:\n"},
        {"x", "max_instances: {get_input: users}, min_instances: null, count: 2",
         "          properties:\n            count: 2\nmetadata:\n"},
        {"own", "default_instances: {get_input: users}", "          properties:\n            count: 1\nmetadata:\n"},
        {"own", "", "          properties:\n            count: 1\nmetadata:\n"},
    };
    orc_tosca_rendering_t rendering = {.tags = some_tags(), .users_input = "users", .users = some_users()};
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_contains(render(parse(apr_pstrcat(pool,
                                                 "tosca_definitions_version: tosca_simple_yaml_1_0\n"
                                                 "capability_types:\n"
                                                 "  scaled: {properties: {count: {type: integer, default: 3}}}\n"
                                                 "node_types: {own: {capabilities: {scalable: scaled}}}\n"
                                                 "topology_template:\n"
                                                 "  inputs: {users: {type: list, required: false}}\n"
                                                 "  node_templates:\n    n:\n      type: ",
                                                 rows[i].type, "\n      capabilities: {scalable: {properties: {",
                                                 rows[i].written, "}}}\n", NULL)),
                               &rendering),
                        rows[i].rendered);
}

static void a_template_without_a_users_list_gets_no_owners(void **state)
{
    orc_tosca_rendering_t rendering = {.users_input = "users", .users = some_users()};

    assert_null(strstr(render(parse(document("  inputs: {users: {type: string, default: x}}\n"
                                             "  node_templates: {n: {type: x}}\n")),
                              &rendering),
                       "alice"));
    assert_null(strstr(render(parse(document("  node_templates: {n: {type: x}}\n")), &rendering), "alice"));
    rendering.users_input = "accounts";
    assert_contains(render(parse(document("  inputs: {accounts: {type: list}}\n"
                                          "  node_templates: {n: {type: x}}\n")),
                           &rendering),
                    "\"alice\"");
}

static void tags_are_in_the_metadata_and_on_the_machines_that_take_them(void **state)
{
    const orc_tosca_template_t *tosca =
        parse_with(our_types(), document("  node_templates:\n"
                                         "    a: {type: tosca.nodes.indigo.Compute}\n"
                                         "    b: {type: tosca.nodes.indigo.Compute, properties: {tags: {mine: x}}}\n"
                                         "    c: {type: tosca.nodes.Compute}\n"
                                         "    d: {type: tosca.nodes.SoftwareComponent}\n"));
    orc_tosca_rendering_t rendering = {.tags = some_tags(), .infra_name = "my deployment"};
    const char *tags = "          PAAS_URL: \"https://paas.example.org/api/v1\"\n"
                       "          PAAS_DEP_UUID: \"018f0000-0000-7000-8000-000000000000\"\n"
                       "          PAAS_ATTEMPT: \"3\"\n";

    assert_string_equal(render(tosca, &rendering),
                        apr_pstrcat(pool,
                                    "tosca_definitions_version: tosca_simple_yaml_1_0\n"
                                    "topology_template:\n"
                                    "  node_templates:\n"
                                    "    a:\n"
                                    "      type: tosca.nodes.indigo.Compute\n"
                                    "      properties:\n"
                                    "        tags:\n",
                                    tags,
                                    "    b:\n"
                                    "      type: tosca.nodes.indigo.Compute\n"
                                    "      properties:\n"
                                    "        tags:\n"
                                    "          mine: \"x\"\n",
                                    tags,
                                    "    c:\n"
                                    "      type: tosca.nodes.Compute\n"
                                    "    d:\n"
                                    "      type: tosca.nodes.SoftwareComponent\n"
                                    "metadata:\n"
                                    "  infra_name: \"my deployment\"\n"
                                    "  PAAS_URL: \"https://paas.example.org/api/v1\"\n"
                                    "  PAAS_DEP_UUID: \"018f0000-0000-7000-8000-000000000000\"\n"
                                    "  PAAS_ATTEMPT: \"3\"\n",
                                    NULL));
}

static void a_type_that_the_template_declares_without_tags_gets_none(void **state)
{
    const orc_tosca_template_t *tosca =
        parse_with(our_types(), "tosca_definitions_version: tosca_simple_yaml_1_0\n"
                                "node_types: {tosca.nodes.indigo.Compute: {derived_from: tosca.nodes.Compute}}\n"
                                "topology_template:\n"
                                "  node_templates: {a: {type: tosca.nodes.indigo.Compute}}\n");
    orc_tosca_rendering_t rendering = {.tags = some_tags()};

    assert_null(strstr(render(tosca, &rendering), "tags:"));
}

static void tags_that_come_from_an_input_are_left_alone(void **state)
{
    const orc_tosca_template_t *tosca = parse_with(
        our_types(), document("  inputs: {t: {type: map, default: {}}}\n"
                              "  node_templates:\n"
                              "    a: {type: tosca.nodes.indigo.Compute, properties: {tags: {get_input: t}}}\n"));
    orc_tosca_rendering_t rendering = {.tags = some_tags()};

    assert_contains(render(tosca, &rendering), "        tags:\n          get_input: t\nmetadata:\n");
}

static const char *tag(const char *text, const char *name)
{
    return orc_tosca_find_tag(text, strlen(text), name, pool);
}

static void tags_are_found_in_what_im_gives_back(void **state)
{
    assert_string_equal(tag("description: x\nmetadata: {PAAS_ATTEMPT: '3', a: b}\n", "PAAS_ATTEMPT"), "3");
    assert_string_equal(tag("topology_template:\n  node_templates:\n    b: {type: x}\n"
                            "    c: {properties: {tags: {PAAS_ATTEMPT: \"4\"}}}\n",
                            "PAAS_ATTEMPT"),
                        "4");
    assert_null(tag("metadata: {a: b}\n", "PAAS_ATTEMPT"));
    assert_null(tag("metadata: [", "PAAS_ATTEMPT"));
    assert_null(tag("", "PAAS_ATTEMPT"));
    assert_null(tag("metadata: {PAAS_ATTEMPT: {a: b}}\n", "PAAS_ATTEMPT"));
    assert_null(tag("topology_template: {node_templates: [1]}\n", "PAAS_ATTEMPT"));
}

static void a_tag_is_found_in_a_document_that_im_made_longer_than_a_template_may_be(void **state)
{
    enum { LENGTH = 3 * 1024 * 1024 };
    char *text = apr_palloc(pool, LENGTH + 100);

    memset(text, 'x', LENGTH);
    memcpy(text, "a: ", 3);
    apr_cpystrn(text + LENGTH, "\nmetadata: {PAAS_ATTEMPT: '5'}\n", 100);
    refused(text, strlen(text), "too long");
    assert_string_equal(tag(text, "PAAS_ATTEMPT"), "5");
}

/* What is given stands four levels deeper in the document than in the request, and a default may put one value deep
 * into another; templates are 64 levels deep at most. */
static void a_tag_is_found_in_a_document_deeper_than_a_template_may_be(void **state)
{
    const orc_tosca_template_t *tosca =
        parse_with(our_types(), document("  inputs:\n"
                                         "    a: {type: foo.Bar}\n"
                                         "    b: {type: foo.Bar, default: [[[[[[[[{get_input: a}]]]]]]]]}\n"
                                         "  node_templates: {m: {type: tosca.nodes.Compute}}\n"));
    orc_tosca_rendering_t rendering = {.tags = some_tags()};
    const char *text;
    json_t *complete;

    rendering.inputs = json(apr_pstrcat(pool, "{\"a\":", repeated("[", 62), "\"x\"", repeated("]", 62), "}", NULL));
    assert_null(orc_tosca_inputs(&complete, tosca, rendering.inputs, "/template_inputs", pool));
    assert_null(orc_tosca_render(&text, tosca, &rendering, pool));
    refused(text, strlen(text), "too deep");
    assert_non_null(tag(text, "PAAS_URL"));
}

static void check_own(const char *name, int resources, int machines)
{
    const orc_tosca_types_t *types = our_types();
    char *text = apr_pcalloc(pool, 65536);
    FILE *file = fopen(apr_pstrcat(pool, source_directory("conf/templates"), "/", name, ".yaml", NULL), "r");
    orc_tosca_rendering_t rendering = {.tags = some_tags(), .users_input = "users", .users = some_users()};
    orc_tosca_template_t *tosca;
    apr_array_header_t *nodes;
    orc_tosca_demand_t demand;
    json_t *complete;

    assert_non_null(file);
    assert_true(fread(text, 1, 65535, file) > 0);
    fclose(file);
    tosca = parse_with(types, text);
    assert_string_equal(orc_tosca_summary(tosca)->template_name, name);
    assert_string_equal(orc_tosca_summary(tosca)->template_version, "1.0.0");
    assert_null(orc_tosca_inputs(&complete, tosca, json("{}"), "/template_inputs", pool));
    assert_null(orc_tosca_topology(&nodes, &demand, tosca, complete, pool));
    assert_int_equal(nodes->nelts, resources);
    assert_int_equal(demand.machines, machines);
    assert_true(demand.wants_public);
    assert_null(orc_tosca_inputs(&complete, tosca, json("{\"network_name\":\"PRIVATE\"}"), "/template_inputs", pool));
    assert_null(orc_tosca_topology(&nodes, &demand, tosca, complete, pool));
    assert_false(demand.wants_public);
    assert_non_null(orc_tosca_inputs(&complete, tosca, json("{\"network_name\":\"MINE\"}"), "/template_inputs", pool));
    rendering.inputs = json("{\"network_name\":\"PRIVATE\"}");
    assert_contains(render(tosca, &rendering), "        tags:\n          PAAS_URL: ");
    assert_true(orc_tosca_output_names(tosca, pool)->nelts > 0);
    assert_null(strstr(text, "imports"));
}

static void our_own_templates_are_whole(void **state)
{
    check_own("single_vm", 1, 1);
    check_own("vm_with_volume", 2, 1);
    check_own("cluster", 3, 3);
    check_own("users", 1, 1);
}

/* ---- documents that IM merges into the one that it has ---- */

static const char *const lists = "  inputs:\n"
                                 "    n: {type: integer, default: 1}\n"
                                 "    ports: {type: list, default: [80]}\n"
                                 "    more: {type: map, required: false}\n"
                                 "    pw: {type: string, default: random(8)}\n"
                                 "    users: {type: list, default: []}\n"
                                 "  node_templates:\n"
                                 "    a:\n"
                                 "      type: x\n"
                                 "      properties: {p: {get_input: ports}, q: {get_input: [ports, 0]}, m: {concat: "
                                 "[x, {get_input: n}, {get_input: more}]}}\n";

/* The inputs of the text that is sent when IM has that document, and what the node says: in JSON. */
static const char *merged(const char *inputs, const char *into, apr_array_header_t *users)
{
    const orc_tosca_template_t *tosca = parse(document(lists));
    orc_tosca_rendering_t rendering = {.inputs = json(inputs), .into = into, .users_input = "users", .users = users};
    const char *text = render(tosca, &rendering);
    const orc_yaml_node_t *root, *declared;
    json_t *values = orc_json_own(json_object(), pool);
    orc_yaml_mistake_t mistake;
    int i;

    assert_null(orc_yaml_read(&root, &mistake, text, strlen(text), ORC_YAML_LAST_KEY, pool));
    declared = orc_yaml_path(root, "topology_template", "inputs", NULL);
    for (i = 0; i < declared->count; i++) {
        const orc_yaml_node_t *value = orc_yaml_get(declared->pairs[i].value, "default");

        json_object_set_new(values, declared->pairs[i].key->text, value ? orc_yaml_to_json(value) : json_null());
    }
    json_object_set_new(
        values, "node",
        orc_yaml_to_json(orc_yaml_path(root, "topology_template", "node_templates", "a", "properties", NULL)));
    return orc_json_text(values, pool);
}

/* `ports`, `more`: what these are called. */
#define SENT(n, ports, ports_value, more, more_value, pw)                                                              \
    "{\"" more "\":" more_value ",\"n\":" n ",\"node\":{\"m\":{\"concat\":[\"x\",{\"get_input\":\"n\"},"               \
    "{\"get_input\":\"" more "\"}]},\"p\":{\"get_input\":\"" ports "\"},\"q\":{\"get_input\":[\"" ports "\",0]}},"     \
    "\"" ports "\":" ports_value ",\"pw\":\"" pw "\",\"users\":[]}"

static const char *at_im(const char *inputs)
{
    return apr_pstrcat(pool, "topology_template: {inputs: {", inputs, "}}", NULL);
}

static void what_only_grows_keeps_its_name(void **state)
{
    const char *into =
        at_im("n: {default: 1}, ports: {default: [80]}, pw: {default: '12345678'}, users: {default: []}");

    assert_string_equal(merged("{\"n\":2,\"ports\":[81,82],\"more\":{\"a\":1}}", into, NULL),
                        SENT("2", "ports", "[81,82]", "more", "{\"a\":1}", "12345678"));
}

static void what_would_keep_something_has_another_name(void **state)
{
    const char *into = at_im("n: {default: 2}, ports: {default: [80, 81]}, more: {default: {a: 1, b: 2}}, "
                             "pw: {default: abcd}, users: {default: []}");

    assert_string_equal(merged("{\"ports\":[81],\"more\":{\"b\":2}}", into, NULL),
                        SENT("1", "ports__2", "[81]", "more__2", "{\"b\":2}", "abcd"));
    assert_string_equal(merged("{\"ports\":[80,81]}", into, NULL),
                        SENT("1", "ports", "[80,81]", "more__2", "null", "abcd"));
}

static void a_name_stays_as_long_as_it_can(void **state)
{
    const char *into = at_im("ports: {default: [80, 81]}, ports__2: {default: [81]}, more: {}");

    assert_string_equal(merged("{\"ports\":[1,2,3]}", into, NULL),
                        SENT("1", "ports__2", "[1,2,3]", "more", "null", "random(8)"));
    assert_string_equal(merged("{\"ports\":[]}", into, NULL), SENT("1", "ports__3", "[]", "more", "null", "random(8)"));
}

/* What is sent of nodes and types that IM has by another template, in JSON. */
static const char *dropped(const char *name, const char *into)
{
    const orc_tosca_template_t *tosca = parse(document("  node_templates:\n    a: {type: tosca.nodes.Compute}\n"));
    orc_tosca_rendering_t rendering = {.inputs = json("{}"), .into = into};
    const char *text = render(tosca, &rendering);
    const orc_yaml_node_t *root, *node;
    orc_yaml_mistake_t mistake;

    assert_int_equal(orc_yaml_read(&root, &mistake, text, strlen(text), ORC_YAML_LAST_KEY, pool), 0);
    node = orc_yaml_path(root, "topology_template", "node_templates", name, NULL);
    node = node ? node : orc_yaml_path(root, "node_types", name, NULL);
    node = node ? node : orc_yaml_path(root, "topology_template", "outputs", name, NULL);
    return node ? orc_json_text(orc_json_own(orc_yaml_to_json(node), pool), pool) : "none";
}

#define NONE_OF(type, properties)                                                                                      \
    "{\"capabilities\":{\"scalable\":{\"properties\":{" properties "}}},\"type\":\"" type "\"}"

static void of_a_node_that_is_no_more_there_is_no_instance(void **state)
{
    const char *into = "node_types: {my.type: {derived_from: tosca.nodes.Compute}}\n"
                       "topology_template:\n"
                       "  node_templates:\n"
                       "    a: {type: tosca.nodes.Compute}\n"
                       "    b: {type: tosca.nodes.Compute, properties: {p: 1}, requirements: [{x: y}]}\n"
                       "    c: {type: my.type, capabilities: {scalable: {properties: {count: 3, min_instances: 1}}}}\n"
                       "    d: {type: tosca.nodes.Compute, capabilities: {scalable: {properties: {max_instances: 3,\n"
                       "      default_instances: 2, min_instances: 1}}}}\n"
                       "    n: {type: tosca.nodes.network.Network}\n"
                       "  outputs: {o: {value: {get_attribute: [b, x]}}}\n";

    assert_string_equal(dropped("a", into), "{\"type\":\"tosca.nodes.Compute\"}");
    assert_string_equal(dropped("b", into), NONE_OF("tosca.nodes.Compute", "\"min_instances\":0"));
    assert_string_equal(dropped("c", into), NONE_OF("my.type", "\"count\":0,\"min_instances\":0"));
    assert_string_equal(dropped("d", into), NONE_OF("tosca.nodes.Compute",
                                                    "\"default_instances\":0,\"max_instances\":0,\"min_instances\":0"));
    assert_string_equal(dropped("my.type", into), "{\"derived_from\":\"tosca.nodes.Compute\"}");
    assert_string_equal(dropped("n", into), "none");
    assert_string_equal(dropped("o", into), "{\"value\":\"PAAS_DROPPED\"}");
}

static void a_value_that_was_given_comes_before_a_random_one(void **state)
{
    assert_contains(merged("{\"pw\":\"mine\"}", at_im("pw: {default: abcd}"), NULL), "\"pw\":\"mine\"");
}

static void an_owner_who_left_is_in_no_list(void **state)
{
    const char *into = at_im("users: {default: [{os_user_name: a}, {os_user_name: b}, {os_user_name: c}]}");
    const char *text = merged("{}", into, some_users());

    assert_contains(text, "\"users__2\":[{\"os_user_add_to_sudoers\":true,\"os_user_name\":\"alice\"");
    assert_null(strstr(text, "\"users\":"));
}

static void a_document_that_cant_be_read_changes_nothing(void **state)
{
    assert_string_equal(merged("{\"ports\":[]}", "a: [", NULL), SENT("1", "ports", "[]", "more", "null", "random(8)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(given_inputs_become_defaults_of_the_same_type),
        cmocka_unit_test(what_is_not_touched_keeps_its_meaning),
        cmocka_unit_test(owners_are_added_to_the_users_input),
        cmocka_unit_test(a_count_without_a_value_is_not_there),
        cmocka_unit_test(a_template_without_a_users_list_gets_no_owners),
        cmocka_unit_test(tags_are_in_the_metadata_and_on_the_machines_that_take_them),
        cmocka_unit_test(a_type_that_the_template_declares_without_tags_gets_none),
        cmocka_unit_test(tags_that_come_from_an_input_are_left_alone),
        cmocka_unit_test(tags_are_found_in_what_im_gives_back),
        cmocka_unit_test(a_tag_is_found_in_a_document_that_im_made_longer_than_a_template_may_be),
        cmocka_unit_test(a_tag_is_found_in_a_document_deeper_than_a_template_may_be),
        cmocka_unit_test(what_only_grows_keeps_its_name),
        cmocka_unit_test(what_would_keep_something_has_another_name),
        cmocka_unit_test(a_name_stays_as_long_as_it_can),
        cmocka_unit_test(of_a_node_that_is_no_more_there_is_no_instance),
        cmocka_unit_test(a_value_that_was_given_comes_before_a_random_one),
        cmocka_unit_test(an_owner_who_left_is_in_no_list),
        cmocka_unit_test(a_document_that_cant_be_read_changes_nothing),
        cmocka_unit_test(our_own_templates_are_whole),
    };

    return cmocka_run_group_tests_name("tosca_render", tests, setup, teardown);
}
