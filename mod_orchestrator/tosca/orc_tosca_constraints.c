/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_utf8.h"

/* TOSCA 1.0's constraint clauses (its section 3.5.2). */

enum { LONGEST_LIST = 200 }; /* bytes of the allowed values that a message tells */

/* One clause at work on one value. */
typedef struct clause_t {
    orc_tosca_check_t *check;
    const orc_tosca_schema_t *schema;
    const orc_yaml_node_t *operand;
    const json_t *value;
    const orc_json_path_t *at;
} clause_t;

static int is_unbounded(const orc_yaml_node_t *operand)
{
    const char *text = orc_yaml_text(operand);

    return text && !strcmp(text, "UNBOUNDED");
}

/*
 * <0, 0, >0 as the value is less than, equal to or greater than the operand. `otherwise` when the template wrote an
 * operand that is no value of the input's kind.
 */
static int compare(const clause_t *clause, const orc_yaml_node_t *operand, int otherwise)
{
    orc_tosca_kind_t kind = clause->schema->kind;
    orc_tosca_value_t left, right;
    const char *problem;
    int found = otherwise;
    json_t *json;

    if (orc_tosca_spend(clause->check, clause->at, operand->weight + operand->bytes / ORC_TOSCA_STEP_BYTES))
        return otherwise;
    json = orc_tosca_to_json_as(clause->check->tosca, operand, clause->schema, NULL, NULL);
    if (!orc_tosca_value_read(&right, &problem, kind, json) &&
        !orc_tosca_value_read(&left, &problem, kind, clause->value))
        found = orc_tosca_value_compare(&left, &right);
    json_decref(json);
    return found;
}

static const char *words(const orc_yaml_node_t *operand, apr_pool_t *pool)
{
    const char *text = operand->text;

    if (operand->weight > LONGEST_LIST || operand->bytes > LONGEST_LIST)
        return operand->kind == ORC_YAML_SCALAR
                   ? apr_psprintf(pool, "%.*s...", LONGEST_LIST, text)
                   : apr_pstrcat(pool, "what the template has at ", orc_tosca_position(operand, pool), NULL);
    if (operand->kind != ORC_YAML_SCALAR)
        text = orc_json_text(orc_json_own(orc_yaml_to_json(operand), pool), pool);
    return text;
}

static int has_order(const clause_t *clause)
{
    return orc_tosca_kind_has_order(clause->schema->kind);
}

static void equal(const clause_t *clause)
{
    if (compare(clause, clause->operand, 0))
        orc_tosca_mistake(clause->check, clause->at, "must be %s", words(clause->operand, clause->check->pool));
}

static void greater_than(const clause_t *clause)
{
    if (has_order(clause) && compare(clause, clause->operand, 1) <= 0)
        orc_tosca_mistake(clause->check, clause->at, "must be greater than %s",
                          words(clause->operand, clause->check->pool));
}

static void greater_or_equal(const clause_t *clause)
{
    if (has_order(clause) && compare(clause, clause->operand, 1) < 0)
        orc_tosca_mistake(clause->check, clause->at, "must be at least %s",
                          words(clause->operand, clause->check->pool));
}

static void less_than(const clause_t *clause)
{
    if (has_order(clause) && compare(clause, clause->operand, -1) >= 0)
        orc_tosca_mistake(clause->check, clause->at, "must be less than %s",
                          words(clause->operand, clause->check->pool));
}

static void less_or_equal(const clause_t *clause)
{
    if (has_order(clause) && compare(clause, clause->operand, -1) > 0)
        orc_tosca_mistake(clause->check, clause->at, "must be at most %s", words(clause->operand, clause->check->pool));
}

static void in_range(const clause_t *clause);

/* A range lies in another when both of its ends do; one without an end, in one without an end. */
static void range_in_range(const clause_t *clause)
{
    orc_tosca_schema_t schema = {.kind = ORC_TOSCA_INTEGER};
    clause_t end = *clause;

    end.schema = &schema;
    end.value = json_array_get(clause->value, 0);
    in_range(&end);
    end.value = json_array_get(clause->value, 1);
    if (json_is_integer(end.value))
        in_range(&end);
    else if (!is_unbounded(clause->operand->items[1]))
        orc_tosca_mistake(clause->check, clause->at, "must end at %s or before",
                          words(clause->operand->items[1], clause->check->pool));
}

static void in_range(const clause_t *clause)
{
    const orc_yaml_node_t *low = clause->operand->items[0], *high = clause->operand->items[1];

    if (clause->schema->kind == ORC_TOSCA_RANGE) {
        range_in_range(clause);
        return;
    }
    if (!has_order(clause))
        return;
    if ((!is_unbounded(low) && compare(clause, low, 0) < 0) || (!is_unbounded(high) && compare(clause, high, 0) > 0))
        orc_tosca_mistake(clause->check, clause->at, "must be from %s to %s", words(low, clause->check->pool),
                          words(high, clause->check->pool));
}

/* The allowed values as one line: "4 GB, 8 GB". */
static const char *list_of(const orc_yaml_node_t *operand, apr_pool_t *pool)
{
    const char *list = "";
    int i;

    for (i = 0; i < operand->count && strlen(list) < LONGEST_LIST; i++)
        list = apr_pstrcat(pool, list, i ? ", " : "", words(operand->items[i], pool), NULL);
    return i < operand->count ? apr_pstrcat(pool, list, ", ...", NULL) : list;
}

static void valid_values(const clause_t *clause)
{
    int i;

    for (i = 0; i < clause->operand->count; i++)
        if (!compare(clause, clause->operand->items[i], 1))
            return;
    orc_tosca_mistake(clause->check, clause->at, "must be one of: %s", list_of(clause->operand, clause->check->pool));
}

/* Characters of a string, entries of a list or map; -1 when the kind has no length. */
static json_int_t length_of(const json_t *value)
{
    const char *text = json_string_value(value);

    if (json_is_array(value))
        return (json_int_t)json_array_size(value);
    if (json_is_object(value))
        return (json_int_t)json_object_size(value);
    return text ? (json_int_t)orc_utf8_count(text) : -1;
}

/* True with both lengths; false when there is nothing to compare. */
static int lengths(json_int_t *has, json_int_t *wanted, const clause_t *clause)
{
    const char *text = orc_yaml_text(clause->operand);

    if (orc_tosca_spend(clause->check, clause->at, json_string_length(clause->value) / ORC_TOSCA_STEP_BYTES))
        return 0;
    *has = length_of(clause->value);
    return text && !orc_yaml_integer(wanted, text) && *has >= 0;
}

static void exact_length(const clause_t *clause)
{
    json_int_t has, wanted;

    if (lengths(&has, &wanted, clause) && has != wanted)
        orc_tosca_mistake(clause->check, clause->at, "must have a length of %" APR_INT64_T_FMT, (apr_int64_t)wanted);
}

static void min_length(const clause_t *clause)
{
    json_int_t has, wanted;

    if (lengths(&has, &wanted, clause) && has < wanted)
        orc_tosca_mistake(clause->check, clause->at, "must have a length of at least %" APR_INT64_T_FMT,
                          (apr_int64_t)wanted);
}

static void max_length(const clause_t *clause)
{
    json_int_t has, wanted;

    if (lengths(&has, &wanted, clause) && has > wanted)
        orc_tosca_mistake(clause->check, clause->at, "must have a length of at most %" APR_INT64_T_FMT,
                          (apr_int64_t)wanted);
}

static void pattern(const clause_t *clause)
{
    const char *text = json_string_value(clause->value);
    apr_size_t length = json_string_length(clause->value), looks = length / ORC_TOSCA_STEP_BYTES;
    int found;

    if (!text || orc_tosca_spend(clause->check, clause->at, ORC_TOSCA_PATTERN_STEPS + looks * looks))
        return;
    found = orc_tosca_pattern_match(clause->operand->text, text, length);
    if (found < 0)
        orc_tosca_mistake(clause->check, clause->at, "takes too long to match the pattern %s",
                          words(clause->operand, clause->check->pool));
    else if (!found)
        orc_tosca_mistake(clause->check, clause->at, "must match the pattern %s",
                          words(clause->operand, clause->check->pool));
}

static const struct {
    const char *name;
    enum { ONE_VALUE, RANGE, LIST, LENGTH, PATTERN, ANYTHING } operand;
    void (*run)(const clause_t *clause); /* NULL: known, and left to IM */
} constraints_table[] = {
    {"equal", ANYTHING, equal},
    {"greater_than", ONE_VALUE, greater_than},
    {"greater_or_equal", ONE_VALUE, greater_or_equal},
    {"less_than", ONE_VALUE, less_than},
    {"less_or_equal", ONE_VALUE, less_or_equal},
    {"in_range", RANGE, in_range},
    {"valid_values", LIST, valid_values},
    {"length", LENGTH, exact_length},
    {"min_length", LENGTH, min_length},
    {"max_length", LENGTH, max_length},
    {"pattern", PATTERN, pattern},
    {"schema", ANYTHING, NULL}, /* TOSCA 1.3 */
};
enum { CONSTRAINTS = sizeof(constraints_table) / sizeof(*constraints_table) };

static int find_constraint(const char *name)
{
    int i;

    for (i = 0; i < CONSTRAINTS && strcmp(constraints_table[i].name, name);)
        i++;
    return i;
}

static const char *shape_mistake(int constraint, const orc_yaml_node_t *operand, apr_pool_t *pool)
{
    const char *name = constraints_table[constraint].name, *text = orc_yaml_text(operand);
    json_int_t length;

    switch (constraints_table[constraint].operand) {
    case ONE_VALUE:
        return text ? NULL : apr_psprintf(pool, "%s takes one value", name);
    case RANGE:
        if (operand->kind == ORC_YAML_SEQUENCE && operand->count == 2 && orc_yaml_text(operand->items[0]) &&
            orc_yaml_text(operand->items[1]))
            return NULL;
        return apr_psprintf(pool, "%s takes a list of two values", name);
    case LIST:
        return operand->kind == ORC_YAML_SEQUENCE ? NULL : apr_psprintf(pool, "%s takes a list of values", name);
    case LENGTH:
        if (text && !orc_yaml_integer(&length, text) && length >= 0)
            return NULL;
        return apr_psprintf(pool, "%s takes an integer that is not negative", name);
    case PATTERN:
        return text ? NULL : apr_psprintf(pool, "%s takes a string", name);
    default:
        return NULL;
    }
}

static const char *operand_mistake(orc_tosca_check_t *check, int constraint, const orc_yaml_node_t *operand)
{
    const char *mistake = shape_mistake(constraint, operand, check->pool);

    if (mistake || constraints_table[constraint].operand != PATTERN)
        return mistake;
    if (++check->patterns > ORC_TOSCA_MAX_PATTERNS)
        return apr_psprintf(check->pool, "a template has at most %d patterns", ORC_TOSCA_MAX_PATTERNS);
    return orc_tosca_pattern_mistake(operand->text, check->pool);
}

const char *orc_tosca_constraints_mistake(const orc_yaml_node_t **where, orc_tosca_check_t *check,
                                          const orc_yaml_node_t *constraints)
{
    int i;

    *where = constraints;
    if (orc_yaml_is_null(constraints))
        return NULL;
    if (constraints->kind != ORC_YAML_SEQUENCE)
        return "constraints are a list";
    for (i = 0; i < constraints->count; i++) {
        const orc_yaml_node_t *clause = constraints->items[i];
        const char *mistake;
        int found;

        *where = clause;
        if (clause->kind != ORC_YAML_MAPPING || clause->count != 1)
            return "a constraint is a mapping with one key";
        if ((found = find_constraint(clause->pairs[0].key->text)) == CONSTRAINTS)
            return apr_psprintf(check->pool, "unknown constraint \"%.64s\"", clause->pairs[0].key->text);
        *where = clause->pairs[0].value;
        if ((mistake = operand_mistake(check, found, clause->pairs[0].value)))
            return mistake;
    }
    return NULL;
}

void orc_tosca_check_constraints(orc_tosca_check_t *check, const orc_tosca_schema_t *schema,
                                 const orc_yaml_node_t *constraints, const json_t *value, const orc_json_path_t *at)
{
    int i;

    if (check->only_types || !constraints || constraints->kind != ORC_YAML_SEQUENCE)
        return;
    for (i = 0; i < constraints->count && !orc_tosca_spend(check, at, 1); i++) {
        const orc_yaml_node_t *one = constraints->items[i];
        clause_t clause = {check, schema, NULL, value, at};
        int found;

        if (one->kind != ORC_YAML_MAPPING || one->count != 1 ||
            (found = find_constraint(one->pairs[0].key->text)) == CONSTRAINTS)
            continue;
        clause.operand = one->pairs[0].value;
        if (constraints_table[found].run && !shape_mistake(found, clause.operand, check->pool))
            constraints_table[found].run(&clause);
    }
}
