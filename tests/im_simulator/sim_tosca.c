/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_tosca.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define MAX_VMS    1000
#define PARSING    "Error parsing TOSCA template: "
#define MAX_LEVELS 32

/* toscaparser's refusals carry the stack of the server, and IM passes it on. */
static const char traceback[] =
    "\t\tFile /usr/lib/python3.11/threading.py, line 995, in _bootstrap\n\t\t\tself._bootstrap_inner()\n"
    "\t\tFile /usr/lib/python3.11/threading.py, line 1038, in _bootstrap_inner\n\t\t\tself.run()\n"
    "\t\tFile /opt/im/rest/worker.py, line 120, in run\n\t\t\tconn.communicate()\n";
static const char traceback_line[] =
    "\t\tFile /opt/im/site-packages/toscaparser/topology.py, line %d, in _validate_%d\n\t\t\tself._validate_%d(node)\n";

static const char *validation_error(const char *what, apr_pool_t *pool)
{
    char *text =
        apr_pstrcat(pool, PARSING "\nThe pre-parsed input failed validation with the following error(s): \n\n\t", what,
                    "\n", traceback, NULL);
    for (int i = 0; i < 30; i++) {
        text = apr_pstrcat(pool, text, apr_psprintf(pool, traceback_line, 40 + 7 * i, i, i + 1), NULL);
    }
    return text;
}

static sim_node_t *topology(const sim_node_t *document)
{
    return sim_node_get(document, "topology_template");
}

/* ---- functions ---- */

/* A node with get_input resolved; NULL for a missing value. */
static const sim_node_t *resolve_input(const sim_node_t *document, const sim_node_t *node)
{
    const char *name;
    for (int level = 0; node && level < MAX_LEVELS; level++) {
        const sim_node_t *call = node->kind == SIM_MAP && node->count == 1 ? sim_node_get(node, "get_input") : NULL;
        if (!call) {
            return node->kind == SIM_NULL ? NULL : node;
        }
        name = sim_node_string(call->kind == SIM_LIST && call->count ? call->values[0] : call);
        node = name ? sim_node_path(topology(document), "inputs", name, "default", NULL) : NULL;
    }
    return NULL;
}

typedef struct {
    const sim_template_t *tmpl;
    sim_attribute_fn *attribute;
    void *baton;
} evaluation_t;

static json_t *evaluate(const evaluation_t *evaluation, const sim_node_t *node, int level);

/* [node, attribute], [node, attribute, index], and the credential of an endpoint. */
static json_t *get_attribute(const evaluation_t *evaluation, const sim_node_t *call)
{
    sim_compute_t *compute;
    const char *name, *attribute;
    json_t *value, *part;
    int at = 2, index = -1;

    if (call->kind != SIM_LIST || call->count < 2 || !(name = sim_node_string(call->values[0])) ||
        !(attribute = sim_node_string(call->values[1])) || !(compute = sim_template_compute(evaluation->tmpl, name))) {
        return json_null();
    }
    if (!strcmp(attribute, "endpoint")) {
        attribute = call->count > 2 ? sim_node_string(call->values[2]) : NULL;
        at = 3;
    }
    if (at < call->count && call->values[at]->kind == SIM_INT) {
        index = (int)sim_node_integer(call->values[at++], 0);
    }
    value = attribute ? evaluation->attribute(evaluation->baton, compute, attribute, index) : NULL;
    for (; json_is_object(value) && at < call->count; at++) {
        part = json_incref(json_object_get(value, call->values[at]->text ? call->values[at]->text : ""));
        json_decref(value);
        value = part;
    }
    return value ? value : json_null();
}

/* [node, name, ...]: a property of the node, or one of a capability. */
static json_t *get_property(const evaluation_t *evaluation, const sim_node_t *call, int level)
{
    const sim_node_t *node = sim_node_get(topology(evaluation->tmpl->document), "node_templates"), *value;

    if (call->kind != SIM_LIST || call->count < 2 || !call->values[0]->text || !call->values[1]->text) {
        return json_null();
    }
    node = sim_node_get(node, call->values[0]->text);
    value = sim_node_path(node, "properties", call->values[1]->text, NULL);
    if (!value && call->count > 2 && call->values[2]->text) {
        value = sim_node_path(node, "capabilities", call->values[1]->text, "properties", call->values[2]->text, NULL);
    }
    return evaluate(evaluation, value, level + 1);
}

/* The text of a part as Python's str() gives it, so None for what IM does not know yet. In malloc's memory. */
static char *part_text(json_t *part)
{
    if (json_is_string(part)) {
        return strdup(json_string_value(part));
    }
    if (json_is_null(part)) {
        return strdup("None");
    }
    return json_is_boolean(part) ? strdup(json_is_true(part) ? "True" : "False") : json_dumps(part, JSON_ENCODE_ANY);
}

static json_t *concat(const evaluation_t *evaluation, const sim_node_t *parts, int level)
{
    json_t *result = json_string("");

    for (int i = 0; result && i < parts->count; i++) {
        json_t *part = evaluate(evaluation, parts->values[i], level + 1), *longer;
        char *text = part_text(part);
        longer = text ? json_sprintf("%s%s", json_string_value(result), text) : NULL;
        free(text);
        json_decref(part);
        json_decref(result);
        result = longer;
    }
    return result ? result : json_null();
}

static json_t *evaluate(const evaluation_t *evaluation, const sim_node_t *node, int level)
{
    const sim_node_t *call;
    json_t *list;

    if (!node || level > MAX_LEVELS) {
        return json_null();
    }
    if (node->kind == SIM_LIST) {
        list = json_array();
        for (int i = 0; i < node->count; i++) {
            json_array_append_new(list, evaluate(evaluation, node->values[i], level + 1));
        }
        return list;
    }
    if (node->kind != SIM_MAP || node->count != 1) {
        return sim_node_json(node);
    }
    if (sim_node_get(node, "get_input")) {
        return evaluate(evaluation, resolve_input(evaluation->tmpl->document, node), level + 1);
    }
    if ((call = sim_node_get(node, "get_attribute"))) {
        return get_attribute(evaluation, call);
    }
    if ((call = sim_node_get(node, "get_property"))) {
        return get_property(evaluation, call, level);
    }
    if ((call = sim_node_get(node, "concat"))) {
        return concat(evaluation, call, level);
    }
    return sim_node_json(node);
}

json_t *sim_template_outputs(const sim_template_t *tmpl, sim_attribute_fn *attribute, void *baton)
{
    evaluation_t evaluation = {tmpl, attribute, baton};
    const sim_node_t *outputs = sim_node_get(topology(tmpl->document), "outputs");
    json_t *result = json_object();

    for (int i = 0; outputs && outputs->kind == SIM_MAP && i < outputs->count; i++) {
        const sim_node_t *value = sim_node_get(outputs->values[i], "value");
        json_object_set_new(result, outputs->keys[i]->text, evaluate(&evaluation, value, 0));
    }
    return result;
}

/* ---- reading ---- */

static void fill_random_inputs(sim_node_t *document, apr_pool_t *pool)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    sim_node_t *inputs = sim_node_get(topology(document), "inputs");

    for (int i = 0; inputs && inputs->kind == SIM_MAP && i < inputs->count; i++) {
        sim_node_t *value = sim_node_get(inputs->values[i], "default");
        const char *text = sim_node_string(value);
        int length = text && !strncmp(text, "random(", 7) ? atoi(text + 7) : 0;
        if (length > 0 && length <= 256) {
            char *word = apr_pcalloc(pool, length + 1);
            apr_generate_random_bytes((unsigned char *)word, length);
            for (int at = 0; at < length; at++) {
                word[at] = letters[(unsigned char)word[at] % (sizeof(letters) - 1)];
            }
            sim_node_set_string(value, word);
        }
    }
}

/* The first get_input below a node whose input is not declared, or NULL. */
static const char *undeclared_input(const sim_node_t *document, const sim_node_t *node)
{
    const sim_node_t *call = sim_node_get(node, "get_input");
    const char *name = call && node->count == 1 ? sim_node_string(call) : NULL;

    if (name) {
        return sim_node_path(topology(document), "inputs", name, NULL) ? NULL : name;
    }
    for (int i = 0; i < node->count; i++) {
        if ((name = undeclared_input(document, node->values[i]))) {
            return name;
        }
    }
    return NULL;
}

/* Whether a type is one of tosca.nodes.* that neither TOSCA nor this document declares. Types of imports are taken. */
static int is_unknown_type(const sim_node_t *document, const char *type)
{
    static const char *const normative[] = {"Root", "Compute",  "SoftwareComponent", "WebServer",    "WebApplication",
                                            "DBMS", "Database", "ObjectStorage",     "BlockStorage", "LoadBalancer",
                                            NULL};
    if (strncmp(type, "tosca.nodes.", 12) || strchr(type + 12, '.') || sim_node_get(document, "imports") ||
        sim_node_path(document, "node_types", type, NULL)) {
        return 0;
    }
    for (const char *const *known = normative; *known; known++) {
        if (!strcmp(*known, type + 12)) {
            return 0;
        }
    }
    return 1;
}

/* IM launches what has a public address first. */
static void order_computes(sim_template_t *tmpl, apr_pool_t *pool)
{
    apr_array_header_t *ordered = apr_array_make(pool, tmpl->computes->nelts + 1, sizeof(sim_compute_t));

    for (int is_public = 1; is_public >= 0; is_public--) {
        for (int i = 0; i < tmpl->computes->nelts; i++) {
            if (APR_ARRAY_IDX(tmpl->computes, i, sim_compute_t).is_public == is_public) {
                APR_ARRAY_PUSH(ordered, sim_compute_t) = APR_ARRAY_IDX(tmpl->computes, i, sim_compute_t);
            }
        }
    }
    tmpl->computes = ordered;
}

static int ends_with(const char *text, const char *end)
{
    apr_size_t length = strlen(text), tail = strlen(end);
    return length >= tail && !strcmp(text + length - tail, end);
}

/* Follows derived_from in the document's own types. */
static int is_compute(const sim_node_t *document, const char *type)
{
    for (int level = 0; type && level < MAX_LEVELS; level++) {
        if (ends_with(type, "Compute")) {
            return 1;
        }
        type = sim_node_string(sim_node_path(document, "node_types", type, "derived_from", NULL));
    }
    return 0;
}

/* Bytes of "1 GB", "512 MiB", "4096". */
static json_int_t bytes_of(const sim_node_t *node)
{
    static const struct {
        const char *unit;
        json_int_t bytes;
    } units[] = {{"kb", 1000},       {"kib", 1024},       {"mb", 1000000},       {"mib", 1048576},
                 {"gb", 1000000000}, {"gib", 1073741824}, {"tb", 1000000000000}, {"tib", 1099511627776}};
    char *unit;
    double number = node && node->text ? strtod(node->text, &unit) : 0;

    if (!(number > 0 && number < 1e6)) {
        return number > 0 && number < 1e18 ? (json_int_t)number : 0;
    }
    unit += strspn(unit, " ");
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        if (!strcasecmp(units[i].unit, unit)) {
            return (json_int_t)(number * (double)units[i].bytes);
        }
    }
    return (json_int_t)number;
}

static const sim_node_t *capability(const sim_node_t *document, const sim_node_t *node, const char *name,
                                    const char *property)
{
    const sim_node_t *value = sim_node_path(node, "capabilities", name, "properties", property, NULL);
    return resolve_input(document, value);
}

static const char *text_or(const sim_node_t *node, const char *fallback)
{
    return node && node->text ? node->text : fallback;
}

static void add_compute(sim_template_t *tmpl, const char *name, const char *type, const sim_node_t *node)
{
    const sim_node_t *document = tmpl->document;
    sim_compute_t *compute = apr_array_push(tmpl->computes);
    const sim_node_t *count = capability(document, node, "scalable", "count");
    json_int_t vms = sim_node_integer(count ? count : capability(document, node, "scalable", "default_instances"), 1);

    memset(compute, 0, sizeof(*compute));
    compute->name = name;
    compute->count = vms < 0 ? 0 : vms > MAX_VMS ? MAX_VMS : (int)vms;
    compute->lists = strcmp(type, "tosca.nodes.Compute") != 0;
    compute->is_public = !strcmp(text_or(capability(document, node, "endpoint", "network_name"), ""), "PUBLIC");
    compute->cpus = sim_node_integer(capability(document, node, "host", "num_cpus"), 0);
    compute->memory = bytes_of(capability(document, node, "host", "mem_size"));
    compute->os_type = text_or(capability(document, node, "os", "type"), NULL);
    compute->os_distribution = text_or(capability(document, node, "os", "distribution"), NULL);
    compute->image = text_or(capability(document, node, "os", "image"), NULL);
    compute->removal_list = capability(document, node, "scalable", "removal_list");
}

sim_template_t *sim_template_of(const char **problem, sim_node_t *document, apr_pool_t *pool)
{
    sim_template_t *tmpl = apr_pcalloc(pool, sizeof(*tmpl));
    const sim_node_t *nodes = sim_node_get(topology(document), "node_templates");
    const char *undeclared = undeclared_input(document, document);

    tmpl->document = document;
    tmpl->computes = apr_array_make(pool, 4, sizeof(sim_compute_t));
    if (undeclared) {
        *problem = validation_error(apr_psprintf(pool, "UnknownInputError: Unknown input \"%s\".", undeclared), pool);
        return NULL;
    }
    for (int i = 0; nodes && nodes->kind == SIM_MAP && i < nodes->count; i++) {
        const char *type = sim_node_string(sim_node_get(nodes->values[i], "type"));
        if (!type || is_unknown_type(document, type)) {
            *problem = validation_error(
                type ? apr_psprintf(pool, "InvalidTypeError: Type \"%s\" is not a valid type.", type)
                     : apr_psprintf(pool,
                                    "MissingRequiredFieldError: Template \"%s\" is missing required field "
                                    "\"type\".",
                                    nodes->keys[i]->text),
                pool);
            return NULL;
        }
        if (sim_node_get(nodes->values[i], "interfaces")) {
            tmpl->configures = 1;
        }
        if (is_compute(document, type)) {
            add_compute(tmpl, nodes->keys[i]->text, type, nodes->values[i]);
        }
    }
    order_computes(tmpl, pool);
    return tmpl;
}

/* Why IM refuses the document as a whole, NULL when it does not. */
static const char *refusal(const sim_node_t *document, apr_pool_t *pool)
{
    if (document->kind == SIM_NULL) {
        return PARSING "argument of type 'NoneType' is not iterable";
    }
    if (document->kind != SIM_MAP) {
        return apr_psprintf(pool, PARSING "'%s' object has no attribute 'get'",
                            document->kind == SIM_LIST     ? "list"
                            : document->kind == SIM_STRING ? "str"
                                                           : "int");
    }
    if (!sim_node_get(document, "tosca_definitions_version")) {
        return validation_error("MissingRequiredFieldError: Template is missing required field "
                                "\"tosca_definitions_version\".",
                                pool);
    }
    if (topology(document) && topology(document)->kind != SIM_MAP && topology(document)->kind != SIM_NULL) {
        return PARSING "'int' object has no attribute 'get'";
    }
    return sim_node_get(topology(document), "node_templates")
               ? NULL
               : "'ToscaTemplate' object has no attribute 'nodetemplates'";
}

sim_template_t *sim_template_read(const char **problem, const char *text, apr_size_t length, apr_pool_t *pool)
{
    sim_node_t *document;

    *problem = sim_yaml_read(&document, text, length, pool);
    *problem = *problem ? apr_pstrcat(pool, PARSING, *problem, NULL) : refusal(document, pool);
    if (*problem) {
        return NULL;
    }
    fill_random_inputs(document, pool);
    return sim_template_of(problem, document, pool);
}

sim_compute_t *sim_template_compute(const sim_template_t *tmpl, const char *name)
{
    for (int i = 0; i < tmpl->computes->nelts; i++) {
        sim_compute_t *compute = &APR_ARRAY_IDX(tmpl->computes, i, sim_compute_t);
        if (!strcmp(compute->name, name)) {
            return compute;
        }
    }
    return NULL;
}
