/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "tosca_fixture.h"

#include <math.h>
#include <unistd.h>

#include "orc_engine_placement.h"

/* From a template's needs and the provider file to the place, and to what machines are made with there. */

#define NODE(host, os)                                                                                                 \
    "  inputs:\n"                                                                                                      \
    "    cpus: {type: integer, default: 2}\n"                                                                          \
    "    span: {type: range, default: [1, UNBOUNDED]}\n"                                                               \
    "    image: {type: string, default: jammy}\n"                                                                      \
    "  node_templates:\n"                                                                                              \
    "    vm:\n"                                                                                                        \
    "      type: tosca.nodes.indigo.Compute\n"                                                                         \
    "      capabilities:\n"                                                                                            \
    "        host: {properties: {" host "}}\n"                                                                         \
    "        os: {properties: {" os "}}\n"

static const orc_tosca_types_t *types(void)
{
    return types_of(source_directory("conf/types"));
}

static orc_tosca_template_t *template_of(const char *topology)
{
    return parse_with(types(), document(topology));
}

static json_t *inputs_of(const orc_tosca_template_t *tosca, const char *given)
{
    json_t *complete;

    assert_null(orc_tosca_inputs(&complete, tosca, json(given), "", pool));
    return complete;
}

static orc_tosca_needs_t *needs_of(const char *topology, const char *given)
{
    const orc_tosca_template_t *tosca = template_of(topology);

    return orc_tosca_needs(tosca, inputs_of(tosca, given), pool);
}

static const orc_tosca_machine_t *machine_of(const char *topology, const char *given)
{
    return &APR_ARRAY_IDX(needs_of(topology, given)->machines, 0, orc_tosca_machine_t);
}

static orc_providers_t *providers_of(const char *text)
{
    char path[] = "/tmp/orc-placement-XXXXXX";
    int file = mkstemp(path);
    orc_providers_t *providers;
    orc_error_t *error;

    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
    error = orc_providers_load(&providers, path, pool);
    unlink(path);
    if (error)
        fail_msg("%s", error->detail);
    return providers;
}

/* ---- needs ---- */

static void assert_bounds(orc_tosca_bounds_t bounds, double least, double most)
{
    if (bounds.least != least || bounds.most != most)
        fail_msg("%g to %g", bounds.least, bounds.most);
}

static void a_number_is_the_least_that_will_do(void **state)
{
    const orc_tosca_machine_t *machine = machine_of(
        NODE("num_cpus: {get_input: cpus}, mem_size: 1.5 GB, disk_size: 10 GiB, num_gpus: 1", ""), "{\"cpus\": 4}");

    assert_string_equal(machine->name, "vm");
    assert_bounds(machine->cpus, 4, INFINITY);
    assert_bounds(machine->ram, 1.5e9, INFINITY);
    assert_bounds(machine->disk, 10737418240.0, INFINITY);
    assert_bounds(machine->gpus, 1, INFINITY);
    machine = machine_of(NODE("", ""), "{}");
    assert_bounds(machine->cpus, 0, INFINITY);
    assert_null(machine->image);
    assert_null(machine->flavor);
}

static void ranges_have_an_end(void **state)
{
    const char *forms[] = {NODE("num_cpus: [2, 4]", ""), NODE("num_cpus: {in_range: [2, 4]}", ""),
                           NODE("num_cpus: {greater_or_equal: 2, less_or_equal: 4}", ""),
                           NODE("num_cpus: [{get_input: cpus}, 4]", ""), NODE("num_cpus: [\"2\", \"4\"]", "")};
    size_t i;

    for (i = 0; i < sizeof forms / sizeof *forms; i++)
        assert_bounds(machine_of(forms[i], "{}")->cpus, 2, 4);
    assert_bounds(machine_of(NODE("num_cpus: {get_input: span}", ""), "{}")->cpus, 1, INFINITY);
    assert_bounds(machine_of(NODE("num_cpus: {get_input: span}", ""), "{\"span\": [1, 8]}")->cpus, 1, 8);
    assert_bounds(machine_of(NODE("num_cpus: {equal: 3}", ""), "{}")->cpus, 3, 3);
    assert_bounds(machine_of(NODE("mem_size: [1 GB, 2 GB]", ""), "{}")->ram, 1e9, 2e9);
    assert_bounds(machine_of(NODE("mem_size: {less_or_equal: 2 GB}", ""), "{}")->ram, 0, 2e9);
    assert_bounds(machine_of(NODE("num_cpus: {get_property: [SELF, x]}", ""), "{}")->cpus, 0, INFINITY);
}

static void words_are_as_they_are_written(void **state)
{
    const orc_tosca_machine_t *machine = machine_of(
        NODE("instance_type: m1.small", "image: {get_input: image}, type: linux, distribution: ubuntu, version: 22.10, "
                                        "architecture: \"\""),
        "{}");

    assert_string_equal(machine->flavor, "m1.small");
    assert_string_equal(machine->image, "jammy");
    assert_string_equal(machine->version, "22.10");
    assert_null(machine->architecture);
}

static void what_has_no_instances_or_is_no_compute_needs_nothing(void **state)
{
    assert_int_equal(needs_of("  inputs: {n: {type: integer}}\n"
                              "  node_templates:\n"
                              "    vm: {type: tosca.nodes.Compute}\n"
                              "    none: {type: tosca.nodes.Compute, capabilities: {scalable: {properties: {count: "
                              "{get_input: n}}}}}\n"
                              "    disk: {type: tosca.nodes.BlockStorage}\n",
                              "{\"n\": 0}")
                         ->machines->nelts,
                     1);
}

#define POLICY(name, properties)                                                                                       \
    "  - " name ": {type: tosca.policies.indigo.SlaPlacement, targets: [vm], properties: {" properties "}}\n"

static void a_policy_names_agreement_and_region(void **state)
{
    const char *policies = NODE("", "") "  policies:\n"
                                        "  - other: {type: tosca.policies.Scaling, properties: {sla_id: x}}\n";
    const orc_tosca_needs_t *needs =
        needs_of(apr_pstrcat(pool, policies, POLICY("p", "sla_id: {get_input: image}, region: south"), NULL), "{}");

    assert_string_equal(needs->sla, "jammy");
    assert_string_equal(needs->region, "south");
    assert_false(needs->is_torn);
    needs = needs_of(apr_pstrcat(pool, policies, POLICY("p", "sla_id: a"), POLICY("q", "sla_id: a, region: r"), NULL),
                     "{}");
    assert_string_equal(needs->region, "r");
    assert_false(needs->is_torn);
    assert_true(
        needs_of(apr_pstrcat(pool, policies, POLICY("p", "sla_id: a"), POLICY("q", "sla_id: b"), NULL), "{}")->is_torn);
    assert_null(needs_of(policies, "{}")->sla);
}

/* ---- what is taken ---- */

static const char offers[] =
    "{\"providers\": [{\"name\": \"one\", \"type\": \"openstack\", \"auth\": \"type = b\", \"groups\": {\"lab\": "
    "\"p\"},"
    " \"flavors\": ["
    "  {\"name\": \"large\", \"vcpus\": 8, \"ram\": 16384, \"disk\": 80},"
    "  {\"name\": \"fat\", \"vcpus\": 2, \"ram\": 16384, \"disk\": 20},"
    "  {\"name\": \"medium\", \"vcpus\": 2, \"ram\": 4096, \"disk\": 40},"
    "  {\"name\": \"small\", \"vcpus\": 1, \"ram\": 2048, \"disk\": 20},"
    "  {\"name\": \"gpu\", \"vcpus\": 1, \"ram\": 2048, \"disk\": 20, \"gpus\": 1},"
    "  {\"name\": \"private\", \"vcpus\": 64, \"ram\": 4096, \"disk\": 40, \"projects\": [\"q\"]}],"
    " \"images\": ["
    "  {\"name\": \"focal\", \"url\": \"ost://k/0\", \"type\": \"linux\", \"distribution\": \"ubuntu\","
    "   \"version\": \"20.04\"},"
    "  {\"name\": \"jammy\", \"url\": \"ost://k/1\", \"type\": \"linux\", \"distribution\": \"Ubuntu\","
    "   \"version\": \"22.04\", \"architecture\": \"x86_64\"},"
    "  {\"name\": \"hidden\", \"url\": \"ost://k/2\", \"distribution\": \"beos\", \"projects\": [\"q\"]},"
    "  {\"name\": \"bare\"}],"
    " \"networks\": [{\"name\": \"in\"}, {\"name\": \"out\", \"public\": true, \"projects\": [\"q\"]}]}]}";

/* "flavor image", or what is missing. */
static const char *taken(const char *topology, const char *given, const char *project, int wants_public)
{
    const orc_provider_t *one = orc_providers_find(providers_of(offers), "one");
    const orc_offer_t offer = orc_provider_offer(one, NULL);
    const orc_fit_wish_t wish = {needs_of(topology, given), wants_public};
    const orc_tosca_choice_t *choice;
    apr_array_header_t *choices;
    const char *missing = orc_engine_fit(&choices, &offer, project, &wish, pool);

    if (missing)
        return missing;
    choice = &APR_ARRAY_IDX(choices, 0, orc_tosca_choice_t);
    return apr_psprintf(pool, "%s %s", choice->flavor ? choice->flavor : "-", choice->image ? choice->image : "-");
}

static void the_smallest_flavor_that_is_large_enough_is_taken(void **state)
{
    assert_string_equal(taken(NODE("num_cpus: 1", ""), "{}", "p", 0), "small -");
    assert_string_equal(taken(NODE("num_cpus: {get_input: cpus}, mem_size: 4 GB", ""), "{}", "p", 0), "medium -");
    assert_string_equal(taken(NODE("num_cpus: 2, mem_size: 4 GiB, disk_size: 20 GB", ""), "{}", "p", 0), "medium -");
    assert_string_equal(taken(NODE("num_cpus: 2, mem_size: 8 GB", ""), "{}", "p", 0), "fat -");
    assert_string_equal(taken(NODE("num_cpus: 2, mem_size: 8 GB, disk_size: 30 GB", ""), "{}", "p", 0), "large -");
    assert_string_equal(taken(NODE("num_gpus: 1", ""), "{}", "p", 0), "gpu -");
    assert_string_equal(taken(NODE("instance_type: fat", ""), "{}", "p", 0), "fat -");
    assert_string_equal(taken(NODE("", ""), "{}", "p", 0), "- -"); /* IM's to choose */
    assert_string_equal(taken(NODE("num_cpus: 16", ""), "{}", "q", 0), "private -");
}

static void a_range_has_no_flavor_beyond_its_end(void **state)
{
    assert_string_equal(taken(NODE("num_cpus: [3, 8]", ""), "{}", "p", 0), "large -");
    assert_string_equal(taken(NODE("mem_size: [3 GB, 4 GB]", ""), "{}", "p", 0), "medium -"); /* of 4 GiB */
    assert_string_equal(taken(NODE("num_cpus: [3, 7]", ""), "{}", "p", 0), "it has no flavor for vm: 3 to 7 CPUs");
    assert_string_equal(taken(NODE("num_cpus: {less_or_equal: 0}", ""), "{}", "p", 0),
                        "it has no flavor for vm: at most 0 CPUs");
}

static void an_image_is_found_by_name_or_by_its_system(void **state)
{
    assert_string_equal(taken(NODE("", "image: {get_input: image}"), "{}", "p", 0), "- ost://k/1");
    assert_string_equal(taken(NODE("", "type: linux, distribution: UBUNTU, version: 22.04"), "{}", "p", 0),
                        "- ost://k/1");
    assert_string_equal(taken(NODE("", "distribution: ubuntu"), "{}", "p", 0), "- ost://k/0");
    assert_string_equal(taken(NODE("", "architecture: x86_64"), "{}", "p", 0), "- ost://k/1");
    assert_string_equal(taken(NODE("", "image: nowhere, version: 20.04"), "{}", "p", 0), "- ost://k/0");
    assert_string_equal(taken(NODE("", "image: \"ost://other/5\""), "{}", "p", 0), "- -"); /* as it is */
    assert_string_equal(taken(NODE("", "image: bare"), "{}", "p", 0), "- -");
    assert_string_equal(taken(NODE("", "distribution: beos"), "{}", "q", 0), "- ost://k/2");
}

static void what_is_missing_is_told(void **state)
{
    assert_string_equal(taken(NODE("num_cpus: 16, mem_size: 0.5 GB, disk_size: 1 TB, num_gpus: 2", ""), "{}", "p", 0),
                        "it has no flavor for vm: 16 CPUs, 0.5 GB of memory, 1000 GB of disk, 2 GPUs");
    assert_string_equal(taken(NODE("instance_type: private", ""), "{}", "p", 0), "it has no flavor private for vm");
    assert_string_equal(taken(NODE("", "type: linux, version: 18.04"), "{}", "p", 0),
                        "it has no image for vm: linux, 18.04");
    assert_string_equal(taken(NODE("", "image: hidden"), "{}", "p", 0), "it has no image hidden for vm");
    assert_string_equal(taken(NODE("", ""), "{}", "p", 1), "it has no public network");
    assert_string_equal(taken(NODE("", ""), "{}", "q", 1), "- -");
}

/* ---- where ---- */

static const char places[] =
    "{\"providers\": ["
    "{\"name\": \"one\", \"type\": \"openstack\", \"auth\": \"type = b\", \"groups\": {\"lab\": {\"project\": \"p\","
    " \"sla\": \"sla-1\"}}, \"regions\": [{\"name\": \"north\", \"flavors\": [], \"networks\": []}, \"south\"]},"
    "{\"name\": \"two\", \"type\": \"openstack\", \"auth\": \"type = b\", \"groups\": {\"*\": {\"project\": \"p\","
    " \"sla\": \"sla-2\"}}, \"regions\": [{\"name\": \"west\", \"images\": []}]},"
    "{\"name\": \"open\", \"type\": \"openstack\", \"auth\": \"type = b\", \"groups\": {\"lab\": \"p\"}},"
    "{\"name\": \"secret\", \"type\": \"openstack\", \"auth\": \"type = b\", \"groups\": {\"others\": \"p\"}}]}";

/* "provider/region ...", and behind "!" who is refused and why. */
static const char *placed(const char *topology, const char *region, int wants_public)
{
    const orc_placement_wish_t wish = {.group = "lab",
                                       .issuer = "https://iss",
                                       .type = "openstack",
                                       .region = region,
                                       .fit = {needs_of(topology, "{}"), wants_public},
                                       .im_url = "https://im"};
    orc_placement_t placement;
    const char *text = "";
    json_t *refusal;
    size_t j;
    int i;

    orc_engine_place(&placement, providers_of(places), &wish, apr_array_make(pool, 1, sizeof(orc_store_record_t)),
                     pool);
    for (i = 0; i < placement.candidates->nelts; i++) {
        const orc_address_t *at = APR_ARRAY_IDX(placement.candidates, i, const orc_address_t *);

        text = apr_psprintf(pool, "%s%s%s/%s", text, i ? " " : "", at->provider, at->region ? at->region : "-");
    }
    json_array_foreach(placement.refusals, j, refusal)
    {
        text = apr_psprintf(pool, "%s ! %s: %s", text, orc_json_string(refusal, "provider"),
                            orc_json_string(refusal, "reason"));
    }
    return text;
}

static void the_first_region_that_has_it_all_is_taken(void **state)
{
    assert_string_equal(placed(NODE("", ""), NULL, 0), "one/north two/west open/-");
    assert_string_equal(placed(NODE("num_cpus: 1", ""), NULL, 0), "one/south two/west open/-");
    assert_string_equal(placed(NODE("", ""), NULL, 1), "one/south two/west open/-");
    assert_string_equal(placed(NODE("", "type: linux"), NULL, 0),
                        "one/north open/- ! two: it has no image for vm: linux");
}

static void a_target_region_is_the_only_one(void **state)
{
    assert_string_equal(
        placed(NODE("num_cpus: 1", ""), "north", 0),
        " ! one: it has no flavor for vm: 1 CPUs ! two: it has no region north ! open: it has no region "
        "north");
    assert_string_equal(placed(NODE("num_cpus: 1", ""), "south", 0),
                        "one/south ! two: it has no region south ! open: it has no region south");
}

static void a_policy_narrows_to_its_place(void **state)
{
    const char *of_sla = apr_pstrcat(pool, NODE("", ""), "  policies:\n", POLICY("p", "sla_id: sla-2"), NULL);
    const char *of_name =
        apr_pstrcat(pool, NODE("", ""), "  policies:\n", POLICY("p", "sla_id: one, region: south"), NULL);
    const char *of_region =
        apr_pstrcat(pool, NODE("", ""), "  policies:\n", POLICY("p", "sla_id: open, region: x"), NULL);
    const char *of_others = apr_pstrcat(pool, NODE("", ""), "  policies:\n", POLICY("p", "sla_id: secret"), NULL);

    assert_string_equal(
        placed(of_sla, NULL, 0),
        "two/west ! one: the template's policy asks for the SLA sla-2 ! open: the template's policy asks "
        "for the SLA sla-2");
    assert_string_equal(
        placed(of_name, NULL, 0),
        "one/south ! two: the template's policy asks for the SLA one ! open: the template's policy asks "
        "for the SLA one");
    assert_non_null(
        strstr(placed(of_region, NULL, 0), "open: it has no region x, which the template's policy asks for"));
    assert_null(strstr(placed(of_others, NULL, 0), "/"));
    assert_null(strstr(placed(of_others, NULL, 0), "! secret"));
}

/* ---- what IM is told ---- */

static void choices_are_in_the_document_where_types_know_them(void **state)
{
    const orc_tosca_choice_t choice = {"vm", "m1.small", "ost://k/1"};
    apr_array_header_t *choices = apr_array_make(pool, 1, sizeof(orc_tosca_choice_t));
    orc_tosca_rendering_t rendering = {.inputs = json("{}"), .choices = choices};
    const orc_yaml_node_t *root;
    orc_yaml_mistake_t mistake;
    const char *text, *plain;

    APR_ARRAY_PUSH(choices, orc_tosca_choice_t) = choice;
    assert_null(
        orc_tosca_render(&text, template_of(NODE("num_cpus: 1", "image: jammy, type: linux")), &rendering, pool));
    assert_int_equal(orc_yaml_read(&root, &mistake, text, strlen(text), ORC_YAML_TOLD_KEYS, pool), 0);
    root = orc_yaml_path(root, "topology_template", "node_templates", "vm", "capabilities", NULL);
    assert_string_equal(orc_yaml_text(orc_yaml_path(root, "host", "properties", "instance_type", NULL)), "m1.small");
    assert_string_equal(orc_yaml_text(orc_yaml_path(root, "host", "properties", "num_cpus", NULL)), "1");
    assert_string_equal(orc_yaml_text(orc_yaml_path(root, "os", "properties", "image", NULL)), "ost://k/1");
    plain = "  node_templates: {vm: {type: tosca.nodes.Compute, capabilities: {os: {properties: {type: linux}}}}}\n";
    assert_null(orc_tosca_render(&text, template_of(plain), &rendering, pool));
    assert_null(strstr(text, "instance_type"));
    assert_null(strstr(text, "image"));
}

/* The properties of `host` in the document, "name=value" in their order. */
static const char *told(const char *host, const char *given)
{
    const orc_tosca_rendering_t rendering = {.inputs = json(given)};
    const orc_yaml_node_t *root;
    orc_yaml_mistake_t mistake;
    const char *text, *all = "";
    int i;

    assert_null(orc_tosca_render(&text, template_of(host), &rendering, pool));
    assert_int_equal(orc_yaml_read(&root, &mistake, text, strlen(text), ORC_YAML_TOLD_KEYS, pool), 0);
    root = orc_yaml_path(root, "topology_template", "node_templates", "vm", "capabilities", "host", "properties", NULL);
    for (i = 0; i < root->count; i++)
        all = apr_pstrcat(pool, all, i ? " " : "", root->pairs[i].key->text, "=",
                          orc_yaml_text(root->pairs[i].value) ? orc_yaml_text(root->pairs[i].value) : "-", NULL);
    return all;
}

static void im_is_told_the_least_of_a_range(void **state)
{
    assert_string_equal(
        told(NODE("num_cpus: [2, 4], mem_size: {in_range: [1.5 GB, 2 GB]}, num_gpus: {less_or_equal: 1}, "
                  "disk_size: 10 GB, instance_type: x",
                  ""),
             "{}"),
        "num_cpus=2 mem_size=1500000000 B disk_size=10 GB instance_type=x");
    assert_string_equal(told(NODE("num_cpus: {get_input: span}", ""), "{\"span\": [3, 8]}"), "num_cpus=3");
    assert_string_equal(told(NODE("num_cpus: {get_input: cpus}, mem_size: {get_property: [SELF, x]}", ""), "{}"),
                        "num_cpus=- mem_size=-"); /* functions stay */
}

static void policies_of_places_are_not_im_s(void **state)
{
    const char *policies = apr_pstrcat(pool, NODE("", ""), "  policies:\n", POLICY("mine", "sla_id: a, region: b"),
                                       "  - scale: {type: tosca.policies.Scaling, targets: [vm]}\n", NULL);
    const orc_tosca_rendering_t rendering = {.inputs = json("{}")};
    const char *text;

    assert_null(orc_tosca_render(&text, template_of(policies), &rendering, pool));
    assert_null(strstr(text, "mine"));
    assert_null(strstr(text, "SlaPlacement"));
    assert_non_null(strstr(text, "tosca.policies.Scaling"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_the_least_that_will_do),
        cmocka_unit_test(ranges_have_an_end),
        cmocka_unit_test(words_are_as_they_are_written),
        cmocka_unit_test(what_has_no_instances_or_is_no_compute_needs_nothing),
        cmocka_unit_test(a_policy_names_agreement_and_region),
        cmocka_unit_test(the_smallest_flavor_that_is_large_enough_is_taken),
        cmocka_unit_test(a_range_has_no_flavor_beyond_its_end),
        cmocka_unit_test(an_image_is_found_by_name_or_by_its_system),
        cmocka_unit_test(what_is_missing_is_told),
        cmocka_unit_test(the_first_region_that_has_it_all_is_taken),
        cmocka_unit_test(a_target_region_is_the_only_one),
        cmocka_unit_test(a_policy_narrows_to_its_place),
        cmocka_unit_test(choices_are_in_the_document_where_types_know_them),
        cmocka_unit_test(im_is_told_the_least_of_a_range),
        cmocka_unit_test(policies_of_places_are_not_im_s),
    };

    return cmocka_run_group_tests_name("placement", tests, setup, teardown);
}
