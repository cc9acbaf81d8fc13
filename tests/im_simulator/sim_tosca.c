/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_tosca.h"

#include "sim_parser.h"
#include "sim_python.h"
#include "sim_systems.h"
#include "sim_yaml.h"

#include <apr_general.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define PARSING    "Error parsing TOSCA template: "
#define MAX_RANDOM 65536

/* ---- inputs that IM 2 fills ---- */

static const char *random_word(int length, apr_pool_t *pool)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    char *word = apr_pcalloc(pool, length + 1);

    if (length) {
        apr_generate_random_bytes((unsigned char *)word, length);
    }
    for (int at = 0; at < length; at++) {
        word[at] = letters[(unsigned char)word[at] % (sizeof(letters) - 1)];
    }
    return word;
}

/* The N of a text that begins with random(N), -1 when it does not. */
static int random_length(const char *text)
{
    size_t digits = strncmp(text, "random(", 7) ? 0 : strspn(text + 7, "0123456789");
    int length = digits && text[7 + digits] == ')' ? atoi(text + 7) : -1;
    return length > MAX_RANDOM ? MAX_RANDOM : length;
}

static void fill_input(sim_problems_t *problems, sim_node_t *input, apr_pool_t *pool)
{
    const char *type = sim_node_string(sim_node_get(input, "type"));
    sim_node_t *value = sim_node_get(input, "default");

    if (input->kind != SIM_MAP) {
        sim_crash_without(problems, input, "get");
    }
    else if (type && !strcmp(type, "string") && value && value->kind != SIM_STRING) {
        sim_crash(problems, "expected string or bytes-like object, got '%s'", sim_python_type(value));
    }
    else if (type && !strcmp(type, "string") && value && random_length(value->text) >= 0) {
        sim_node_set_string(value, random_word(random_length(value->text), pool));
    }
}

static void fill_inputs(sim_problems_t *problems, sim_node_t *document, apr_pool_t *pool)
{
    sim_node_t *topology = sim_node_get(document, "topology_template"), *inputs = sim_node_get(topology, "inputs");

    if (document->kind != SIM_MAP || (topology && topology->kind != SIM_MAP)) {
        sim_crash_without(problems, document->kind != SIM_MAP ? document : topology, "get");
    }
    else if (inputs && inputs->kind != SIM_MAP) {
        sim_crash_without(problems, inputs, "items");
    }
    for (int i = 0; sim_node_is(inputs, SIM_MAP) && i < inputs->count && !problems->crash; i++) {
        fill_input(problems, inputs->values[i], pool);
    }
}

/* ---- reading ---- */

/* Parses a document and makes machines of it. prefix stands before the parser's words. */
static sim_template_t *template_of(const char **problem, sim_problems_t *problems, sim_node_t *document,
                                   const char *suffix, const sim_reader_t *reader, const char *prefix, apr_pool_t *pool)
{
    sim_template_t *tmpl = apr_pcalloc(pool, sizeof(*tmpl));
    const char *words;

    sim_parse(problems, document);
    words = problems->crash ? problems->crash : reader->verifies ? sim_problems_report(problems) : NULL;
    if (words) {
        *problem = apr_pstrcat(pool, prefix, words, NULL);
        return NULL;
    }
    tmpl->document = document;
    tmpl->parsed = sim_node_copy(document, pool);
    tmpl->suffix = suffix;
    tmpl->computes = apr_array_make(pool, 4, sizeof(sim_compute_t));
    if (!(reader->is_update && reader->generation == 1) &&
        (*problem = sim_make_systems(tmpl, reader->generation, pool))) {
        return NULL;
    }
    return tmpl;
}

static const char *make_suffix(apr_pool_t *pool)
{
    unsigned char bytes[4];
    apr_generate_random_bytes(bytes, sizeof(bytes));
    return apr_psprintf(pool, "%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3]);
}

sim_template_t *sim_template_read(const char **problem, const char *text, apr_size_t length, const sim_reader_t *reader,
                                  apr_pool_t *pool)
{
    sim_problems_t problems;
    sim_node_t *document;

    if ((*problem = sim_yaml_read(&document, text, length, pool))) {
        *problem = apr_pstrcat(pool, PARSING, *problem, NULL);
        return NULL;
    }
    if (document->kind != SIM_MAP && document->kind != SIM_LIST && document->kind != SIM_STRING) {
        *problem = apr_psprintf(pool, PARSING "argument of type '%s' is not iterable", sim_python_type(document));
        return NULL;
    }
    sim_problems_init(&problems, pool);
    if (reader->generation == 2) {
        fill_inputs(&problems, document, pool);
    }
    return template_of(problem, &problems, document, make_suffix(pool), reader, PARSING, pool);
}

sim_template_t *sim_template_merged(const char **problem, sim_node_t *document, const sim_template_t *before,
                                    const sim_reader_t *reader, apr_pool_t *pool)
{
    sim_problems_t problems;

    sim_problems_init(&problems, pool);
    return template_of(problem, &problems, document, before->suffix, reader, "", pool);
}

void sim_template_read_back(sim_template_t *tmpl, apr_pool_t *pool)
{
    tmpl->parsed = sim_node_copy(tmpl->document, pool);
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

/* ---- outputs ---- */

json_t *sim_template_outputs(const char **problem, const sim_template_t *tmpl, const sim_vms_t *vms, int generation,
                             apr_pool_t *kept, apr_pool_t *pool)
{
    sim_evaluation_t evaluation = {.document = tmpl->parsed, .pool = pool, .kept = kept, .vms = vms};
    const sim_node_t *outputs = sim_node_path(tmpl->parsed, "topology_template", "outputs", NULL);
    sim_node_t *result = sim_node_new(SIM_MAP, NULL, pool);

    for (int i = 0; sim_node_is(outputs, SIM_MAP) && i < outputs->count && !evaluation.error; i++) {
        sim_node_t *value = sim_node_get(outputs->values[i], "value");
        int is_read = value && sim_node_get(value, "get_attribute") && value->count == 1;
        if (value) {
            value = sim_evaluate(&evaluation, value, NULL, is_read ? SIM_CALL_READ : SIM_CALL_FRESH);
        }
        sim_node_add(result, outputs->keys[i], value ? value : sim_node_new(SIM_NULL, "", pool), pool);
    }
    *problem = evaluation.error ? evaluation.error : sim_python_json_problem(result, generation == 2, pool);
    return *problem ? NULL : sim_node_json(result);
}
