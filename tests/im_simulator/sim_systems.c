/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_systems.h"

#include "sim_parser.h"
#include "sim_python.h"
#include "sim_topology.h"
#include "sim_types.h"
#include "sim_value.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define MAX_VMS     1000
#define IMAGE_TYPE  "tosca.artifacts.Deployment.Image.Container.Docker"
#define UNSPECIFIED "cannot access local variable 'image' where it is not associated with a value"

/* A template on its way into RADL. */
typedef struct {
    sim_template_t *tmpl;
    int generation;
    apr_pool_t *pool;
    sim_evaluation_t evaluation;
} making_t;

static sim_node_t *nodes_of(const making_t *making)
{
    return sim_node_path(making->tmpl->parsed, "topology_template", "node_templates", NULL);
}

/* The value of a property of a node's capability, NULL for None. get_input has been run by the parser, which asks
 * nobody whether there is such an input. */
static const sim_node_t *capability(making_t *making, const char *name, const sim_node_t *node, const char *part,
                                    const char *property)
{
    sim_node_t *value = sim_node_path(node, "capabilities", part, "properties", property, NULL);
    int is_input = value && value->kind == SIM_MAP && value->count == 1 && sim_node_get(value, "get_input");

    if (!value) {
        return NULL;
    }
    value = sim_evaluate(&making->evaluation, value, name, is_input ? SIM_CALL_READ : SIM_CALL_FRESH);
    return value->kind == SIM_NULL ? NULL : value;
}

static const char *text_or(const sim_node_t *node, const char *fallback)
{
    return node && node->text ? node->text : fallback;
}

/* The first error counts. */
static void fail(making_t *making, const char *error)
{
    making->evaluation.error = making->evaluation.error ? making->evaluation.error : error;
}

/* ---- sizes ---- */

/* Bytes of "1 GB", "512 MiB". */
static json_int_t bytes_of(const char *text)
{
    static const struct {
        const char *unit;
        json_int_t bytes;
    } units[] = {{"kb", 1000},       {"kib", 1024},       {"mb", 1000000},       {"mib", 1048576},
                 {"gb", 1000000000}, {"gib", 1073741824}, {"tb", 1000000000000}, {"tib", 1099511627776}};
    char *unit;
    double number = strtod(text, &unit);

    if (!(number > 0 && number < 1e6)) {
        return number > 0 && number < 1e18 ? (json_int_t)number : 0;
    }
    unit += strspn(unit, " ");
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        if (!strncasecmp(units[i].unit, unit, strlen(units[i].unit))) {
            return (json_int_t)(number * (double)units[i].bytes);
        }
    }
    return (json_int_t)number;
}

static json_int_t size_of(making_t *making, const sim_node_t *value)
{
    const char *problem = value ? sim_value_size_problem(value, making->pool) : NULL;

    if (problem) {
        fail(making, problem);
    }
    return value && !problem ? bytes_of(sim_python_str(value, making->pool)) : 0;
}

/* ---- counts ---- */

/* What the node says of how many there are to be; NULL: nothing. */
static const sim_node_t *instances_of(making_t *making, const char *name, const sim_node_t *node, int has_count)
{
    static const char *const properties[] = {"count", "default_instances", "min_instances"};

    if (has_count && !sim_node_path(node, "capabilities", "scalable", "properties", "count", NULL)) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(properties) / sizeof(*properties); i++) {
        const sim_node_t *value = capability(making, name, node, "scalable", properties[i]);
        if (value) {
            return value;
        }
    }
    return NULL;
}

static int number_of(making_t *making, const sim_node_t *instances)
{
    double number = instances && sim_python_is_number(instances) ? sim_python_number(instances) : 1;

    if (sim_node_is(instances, SIM_FLOAT) && number > 0) {
        making->tmpl->fatal = "'float' object cannot be interpreted as an integer";
    }
    return number > MAX_VMS ? MAX_VMS : number > 0 ? (int)number : 0;
}

/* ---- machines ---- */

static int ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && !strcmp(text + length - tail, end);
}

/* "PUBLIC", "net.PUBLIC", or a network and a pool of addresses. */
static int is_public_network(const char *name)
{
    return !strcmp(name, "PUBLIC") || ends_with(name, ".PUBLIC") || strchr(name, ',');
}

static void read_hardware(making_t *making, sim_compute_t *compute, const sim_node_t *node)
{
    const sim_node_t *image;

    compute->os_type = text_or(capability(making, compute->name, node, "os", "type"), NULL);
    compute->os_distribution = text_or(capability(making, compute->name, node, "os", "distribution"), NULL);
    capability(making, compute->name, node, "os", "version");
    image = capability(making, compute->name, node, "os", "image");
    if (image && image->kind != SIM_STRING) {
        fail(making, apr_psprintf(making->pool, "'%s' object has no attribute 'find'", sim_python_type(image)));
    }
    compute->image = sim_node_string(image);
    if (compute->image && !strstr(compute->image, "://")) {
        compute->image = apr_pstrcat(making->pool, "docker://", compute->image, NULL);
    }
    compute->cpus = sim_node_integer(capability(making, compute->name, node, "host", "num_cpus"), 0);
    compute->memory = size_of(making, capability(making, compute->name, node, "host", "mem_size"));
    size_of(making, capability(making, compute->name, node, "host", "disk_size"));
}

static void add_compute(making_t *making, const char *name, const char *type, const sim_node_t *node)
{
    sim_compute_t *compute = apr_array_push(making->tmpl->computes);
    const sim_node_t *instances, *network;

    memset(compute, 0, sizeof(*compute));
    compute->name = compute->system = name;
    read_hardware(making, compute, node);
    network = capability(making, name, node, "endpoint", "network_name");
    compute->is_public = network && is_public_network(sim_python_str(network, making->pool));
    compute->removal_list = capability(making, name, node, "scalable", "removal_list");
    instances = instances_of(making, name, node, sim_type_has_count(making->tmpl->parsed, type));
    if (instances && !sim_python_is_number(instances)) {
        fail(making, apr_psprintf(making->pool, "unsupported operand type(s) for -: '%s' and 'int'",
                                  sim_python_type(instances)));
    }
    compute->count = number_of(making, instances);
}

/* ---- containers ---- */

/* The file of the image among the artifacts, a map or a list of maps; NULL when there is none. */
static sim_node_t *image_among(const sim_node_t *artifacts)
{
    sim_node_t *file = NULL;

    for (int i = 0; artifacts && i < artifacts->count; i++) {
        const sim_node_t *artifact = artifacts->values[i];
        const char *type = sim_node_string(sim_node_get(artifact, "type"));
        if (artifacts->kind == SIM_LIST) {
            file = image_among(artifact) ? image_among(artifact) : file;
        }
        else if (type && !strcmp(type, IMAGE_TYPE)) {
            file = sim_node_get(artifact, "file");
        }
    }
    return file;
}

static const char *image_of(making_t *making, const char *name, const sim_node_t *node)
{
    const char *runtime = sim_node_requirement(node, "host");
    sim_node_t *file = image_among(sim_node_get(node, "artifacts"));

    if (!file && runtime) {
        file = image_among(sim_node_get(sim_node_template(making->tmpl->parsed, runtime), "artifacts"));
    }
    if (!file) {
        fail(making, UNSPECIFIED);
        return NULL;
    }
    file = sim_evaluate(&making->evaluation, file, name, SIM_CALL_FRESH);
    if (!sim_python_is_true(file)) {
        fail(making, "No image specified for K8s container.");
    }
    return apr_pstrcat(making->pool, "docker://", sim_python_str(file, making->pool), NULL);
}

/* IM 2 makes a name that Kubernetes takes, and that no other infrastructure has. */
static const char *container_system(const making_t *making, const char *name)
{
    char *system = apr_pstrdup(making->pool, name);

    if (making->generation == 1) {
        return name;
    }
    for (char *c = system; (c = strpbrk(c, "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~_ "));) {
        *c = '-';
    }
    return apr_pstrcat(making->pool, system, "-", making->tmpl->suffix, NULL);
}

static void read_runtime(making_t *making, sim_compute_t *compute, const char *name)
{
    const sim_node_t *runtime = name ? sim_node_template(making->tmpl->parsed, name) : NULL, *value;

    if ((value = capability(making, name, runtime, "host", "num_cpus"))) {
        compute->cpus = sim_python_is_number(value) ? (json_int_t)sim_python_number(value) : 0;
    }
    if ((value = capability(making, name, runtime, "host", "mem_size"))) {
        compute->memory = bytes_of(sim_python_str(value, making->pool));
    }
    compute->is_public = sim_python_is_true(capability(making, name, runtime, "host", "publish_ports"));
}

static void add_container(making_t *making, const char *name, const sim_node_t *node)
{
    sim_compute_t *compute = apr_array_push(making->tmpl->computes);
    const sim_node_t *instances;
    double number;

    memset(compute, 0, sizeof(*compute));
    compute->name = name;
    compute->is_container = 1;
    compute->system = container_system(making, name);
    compute->image = image_of(making, name, node);
    read_runtime(making, compute, sim_node_requirement(node, "host"));
    instances = instances_of(making, name, node, 0);
    number = instances && sim_python_is_number(instances) ? sim_python_number(instances) : instances ? -1 : 1;
    if (number != 0 && number != 1) {
        fail(making, "Scalability values of tosca.nodes.Container.Application only allows 0 or 1.");
    }
    compute->count = number_of(making, instances);
    making->tmpl->is_empty |= !compute->count;
}

/* ---- interfaces ---- */

/* Every input of an operation has to have a value. */
static void check_operation(making_t *making, const char *name, const sim_node_t *operation, const char *operation_name)
{
    sim_node_t *inputs = sim_node_get(operation, "inputs");

    for (int i = 0; sim_node_is(inputs, SIM_MAP) && i < inputs->count && !making->evaluation.error; i++) {
        int is_property = sim_node_get(inputs->values[i], "get_property") != NULL; /* its type may give a value */
        const sim_node_t *value =
            sim_evaluate(&making->evaluation, inputs->values[i], name, is_property ? SIM_CALL_FRESH : SIM_CALL_READ);
        if (value->kind == SIM_NULL && !is_property) {
            fail(making, apr_psprintf(making->pool, "input value for %s in interface %s of node %s not valid",
                                      sim_python_str(inputs->keys[i], making->pool), operation_name, name));
        }
    }
    if (!sim_node_string(operation) && !sim_node_get(operation, "implementation")) {
        fail(making, "join() argument must be str, bytes, or os.PathLike object, not 'NoneType'");
    }
}

/* Those that IM runs: never stop or delete. */
static int is_operation(const char *name)
{
    static const char *const names[] = {"create",
                                        "configure",
                                        "start",
                                        "configure_rel",
                                        "pre_configure_source",
                                        "pre_configure_target",
                                        "post_configure_source",
                                        "post_configure_target",
                                        "add_target",
                                        "add_source",
                                        "target_changed",
                                        "remove_target"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (!strcmp(names[i], name)) {
            return 1;
        }
    }
    return 0;
}

static void check_interfaces(making_t *making, const char *name, const sim_node_t *node)
{
    const sim_node_t *interfaces = sim_node_get(node, "interfaces");

    if (!sim_python_is_true(interfaces) || !sim_node_host(making->tmpl->parsed, name)) {
        return;
    }
    for (int i = 0; i < interfaces->count; i++) {
        const sim_node_t *operations = sim_node_get(interfaces->values[i], "operations");
        operations = operations ? operations : interfaces->values[i];
        for (int at = 0; at < operations->count; at++) {
            const char *operation = sim_python_str(operations->keys[at], making->pool);
            if (is_operation(operation)) {
                making->tmpl->configures = 1;
                check_operation(making, name, operations->values[at], operation);
            }
        }
    }
}

/* ---- the whole ---- */

/* Nodes that require what is not there. A node that has found one of its targets is not asked again. */
static void check_requirements(making_t *making, const char *name)
{
    sim_problems_t problems;

    sim_problems_init(&problems, making->pool);
    if (!sim_parse_requirements_of(&problems, making->tmpl->parsed, name) && sim_problems_first(&problems)) {
        fail(making, sim_problems_first(&problems));
    }
}

static void add_node(making_t *making, const char *name, const sim_node_t *node)
{
    const sim_node_t *document = making->tmpl->parsed;
    const char *type = sim_node_get(node, "type")->text;

    if (sim_type_is_container(document, type)) {
        add_container(making, name, node);
        return;
    }
    if (sim_type_is_compute(document, type)) {
        add_compute(making, name, type, node);
    }
    check_interfaces(making, name, node);
}

/* What has a public address is launched first, workers ("wn") among them last. */
static int rank_of(const sim_compute_t *compute)
{
    return !compute->is_public ? 2 : strstr(compute->system, "wn") != NULL;
}

static void order_computes(making_t *making)
{
    apr_array_header_t *all = making->tmpl->computes;
    apr_array_header_t *ordered = apr_array_make(making->pool, all->nelts + 1, sizeof(sim_compute_t));
    int containers = 0;

    for (int rank = 0; rank <= 2; rank++) {
        for (int i = 0; i < all->nelts; i++) {
            if (rank_of(&APR_ARRAY_IDX(all, i, sim_compute_t)) == rank) {
                APR_ARRAY_PUSH(ordered, sim_compute_t) = APR_ARRAY_IDX(all, i, sim_compute_t);
            }
        }
    }
    for (int i = 0; i < all->nelts; i++) {
        containers += APR_ARRAY_IDX(all, i, sim_compute_t).is_container;
    }
    making->tmpl->configures |= containers && containers < all->nelts; /* a container is a thing to configure */
    making->tmpl->computes = ordered;
}

const char *sim_make_systems(sim_template_t *tmpl, int generation, apr_pool_t *pool)
{
    making_t making = {tmpl, generation, pool, {.document = tmpl->parsed, .pool = pool, .kept = pool}};
    const sim_node_t *nodes = nodes_of(&making), *metadata = sim_node_get(tmpl->parsed, "metadata");

    if (!sim_python_is_true(sim_node_get(tmpl->parsed, "topology_template"))) {
        return "'ToscaTemplate' object has no attribute 'nodetemplates'";
    }
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; sim_node_is(nodes, SIM_MAP) && i < nodes->count && !making.evaluation.error; i++) {
            const char *name = sim_node_string(nodes->keys[i]);
            if (!name || !sim_node_template_is_valid(tmpl->parsed, nodes->values[i])) {
                continue;
            }
            if (pass) {
                add_node(&making, name, nodes->values[i]);
            }
            else {
                check_requirements(&making, name);
            }
        }
    }
    if (metadata && metadata->kind != SIM_MAP) {
        fail(&making, apr_psprintf(pool, "'%s' object has no attribute 'get'", sim_python_type(metadata)));
    }
    order_computes(&making);
    return making.evaluation.error;
}
