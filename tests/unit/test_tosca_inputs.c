/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "tosca_fixture.h"

/* Inputs: every type, every constraint, defaults and what is required; every wrong one named at once. */

/* A template with this text under `inputs`. */
static const orc_tosca_template_t *with_inputs(const char *inputs)
{
    return parse(document(apr_pstrcat(pool, "  inputs:\n", inputs, "  node_templates: {a: {type: x}}\n", NULL)));
}

/* The one input `x`, declared in flow style. */
static const orc_tosca_template_t *with_input(const char *declaration)
{
    return with_inputs(apr_psprintf(pool, "    x: {%s}\n", declaration));
}

static orc_error_t *check(const orc_tosca_template_t *tosca, const char *given)
{
    json_t *complete;

    return orc_tosca_inputs(&complete, tosca, json(given), "/template_inputs", pool);
}

static void accepts_all(const char *declaration, const char *const *values)
{
    const orc_tosca_template_t *tosca = with_input(declaration);

    for (; *values; values++) {
        orc_error_t *error = check(tosca, apr_psprintf(pool, "{\"x\":%s}", *values));

        if (error)
            fail_msg("%s refuses %s: %s", declaration, *values, mistakes(error));
    }
}

static void refuses_all(const char *declaration, const char *const *values)
{
    const orc_tosca_template_t *tosca = with_input(declaration);

    for (; *values; values++) {
        orc_error_t *error = check(tosca, apr_psprintf(pool, "{\"x\":%s}", *values));

        if (!error)
            fail_msg("%s accepts %s", declaration, *values);
        assert_int_equal(error->status, 422);
        assert_string_equal(error->code, "inputs");
        assert_int_equal(strncmp(APR_ARRAY_IDX(error->fields, 0, orc_error_field_t).pointer, "/template_inputs/x", 18),
                         0);
    }
}

#define ACCEPTS(declaration, ...) accepts_all(declaration, (const char *const[]){__VA_ARGS__, NULL})
#define REFUSES(declaration, ...) refuses_all(declaration, (const char *const[]){__VA_ARGS__, NULL})

static void strings_are_checked(void **state)
{
    ACCEPTS("type: string", "\"\"", "\"5\"", "\"random\"", "\"random()\"", "\" random(8)\"", "\"\\u00e9\"");
    REFUSES("type: string", "5", "true", "null", "[]", "{}", "1.5");
}

static void integers_and_floats_are_checked(void **state)
{
    ACCEPTS("type: integer", "0", "-5", "9223372036854775807");
    REFUSES("type: integer", "1.0", "\"5\"", "true", "null", "9223372036854775808", "1e999");
    ACCEPTS("type: float", "0", "-1.5", "1e300");
    REFUSES("type: float", "\"1.5\"", "false", "1e999", "123456789012345678901234567890");
}

static void booleans_are_checked(void **state)
{
    ACCEPTS("type: boolean", "true", "false");
    REFUSES("type: boolean", "\"true\"", "0", "1", "null", "\"yes\"");
}

static void timestamps_are_checked(void **state)
{
    ACCEPTS("type: timestamp", "\"2024-02-29\"", "\"2001-12-14t21:59:43.10-05:00\"", "\"2001-12-14 21:59:43.10 -5\"",
            "\"2001-12-15T02:59:43.1Z\"", "\"2001-12-14 21:59:59\"");
    REFUSES("type: timestamp", "\"2001-12-14 21:59:60\"", "\"2023-02-29\"", "\"2024-13-01\"", "\"24-01-01\"",
            "\"2024-01-01T25:00:00\"", "\"2024-01-01T10:00\"", "\"2024-01-01T10:00:00+99:00\"", "\"\"", "\"2024-\"",
            "1700000000");
    /* The same instant in two zones. */
    ACCEPTS("type: timestamp, constraints: [{equal: 2024-01-01T12:00:00Z}]", "\"2024-01-01T13:00:00+01:00\"");
    REFUSES("type: timestamp, constraints: [{less_than: 2024-01-01}]", "\"2024-01-01T00:00:00Z\"", "\"2031-01-01\"");
    ACCEPTS("type: timestamp, constraints: [{less_than: 2024-01-01}]", "\"1969-12-31\"",
            "\"2024-01-01T00:30:00+01:00\"");
}

static void ranges_are_checked(void **state)
{
    ACCEPTS("type: range", "[1,2]", "[3,3]", "[-1,\"UNBOUNDED\"]");
    REFUSES("type: range", "[2,1]", "[1]", "[1,2,3]", "[\"UNBOUNDED\",1]", "[1.5,2]", "\"1-2\"", "{}", "[1,\"x\"]");
    ACCEPTS("type: range, constraints: [{in_range: [1, 9]}]", "[1,9]");
    REFUSES("type: range, constraints: [{in_range: [1, 9]}]", "[0,9]", "[1,10]", "[1,\"UNBOUNDED\"]");
    ACCEPTS("type: range, constraints: [{in_range: [1, UNBOUNDED]}]", "[1,\"UNBOUNDED\"]");
}

static void versions_are_checked(void **state)
{
    ACCEPTS("type: version", "\"7\"", "7", "\"1.2\"", "\"1.2.3\"", "\"1.2.3.beta\"", "\"1.2.3.beta-4\"");
    REFUSES("type: version", "\"v1\"", "-7", "\"1.\"", "\"1.2.\"", "\"1.2.3.\"", "\"1.2.3.b-\"", "\"a.b\"", "1.2",
            "\"\"", "\"1.2.3.a_b\"");
    ACCEPTS("type: version, constraints: [{greater_than: 1.9}]", "\"1.10\"", "\"2.0\"", "\"1.9.1\"");
    REFUSES("type: version, constraints: [{greater_or_equal: 1.2.3}]", "\"1.2.3.beta\"", "\"1.2.2\"", "\"1.2\"");
    ACCEPTS("type: version, constraints: [{greater_than: 1.2.3.beta-4}]", "\"1.2.3\"", "\"1.2.3.beta-5\"",
            "\"1.2.3.gamma-1\"");
    ACCEPTS("type: version, constraints: [{equal: 1.0}]", "\"1.0.0\"");
}

static void scalar_units_compare_by_value(void **state)
{
    ACCEPTS("type: scalar-unit.size", "\"4 GB\"", "\"4GB\"", "\"0.5 TiB\"", "\"1 kB\"", "\"10 b\"");
    REFUSES("type: scalar-unit.size", "\"4\"", "4", "\"GB\"", "\"4 GHz\"", "\"-1 GB\"", "\"4. GB\"", "\".5 GB\"",
            "\"4 GB x\"", "\"1234567890123456 B\"", "\"\"");
    ACCEPTS("type: scalar-unit.time", "\"5 d\"", "\"1.5 h\"", "\"3 m\"", "\"2 s\"", "\"1 ms\"", "\"1 us\"", "\"1 ns\"");
    ACCEPTS("type: scalar-unit.frequency", "\"2.4 GHz\"", "\"100 Hz\"");
    ACCEPTS("type: scalar-unit.size, constraints: [{valid_values: [4 GB]}]", "\"4000 MB\"", "\"4000000000 B\"",
            "\"0.004 TB\"");
    REFUSES("type: scalar-unit.size, constraints: [{valid_values: [4 GB]}]", "\"4 GiB\"", "\"4001 MB\"");
    ACCEPTS("type: scalar-unit.size, constraints: [{in_range: [1 GiB, UNBOUNDED]}]", "\"1024 MiB\"", "\"900 TB\"");
    REFUSES("type: scalar-unit.size, constraints: [{in_range: [1 GiB, UNBOUNDED]}]", "\"1 GB\"");
    REFUSES("type: scalar-unit.time, constraints: [{less_than: 1 d}]", "\"24 h\"", "\"999999999999999 d\"");
    ACCEPTS("type: scalar-unit.time, constraints: [{less_than: 1 d}]", "\"86399.999999999 s\"");
    REFUSES("type: scalar-unit.frequency, constraints: [{greater_than: 1 GHz}]", "\"1000 MHz\"");
}

static void lists_and_maps_are_checked(void **state)
{
    ACCEPTS("type: list", "[]", "[1,\"a\",null,{}]");
    REFUSES("type: list", "{}", "\"a\"", "[1e999]");
    ACCEPTS("type: list, entry_schema: integer", "[]", "[1,2]");
    REFUSES("type: list, entry_schema: {type: integer}", "[1,\"a\"]", "[null]");
    ACCEPTS("type: map, entry_schema: {type: list, entry_schema: {type: string}}", "{}", "{\"a\":[\"b\"]}");
    REFUSES("type: map, entry_schema: {type: list, entry_schema: {type: string}}", "{\"a\":[1]}", "[]", "{\"a\":5}");
    REFUSES("type: list, entry_schema: {type: string, constraints: [{max_length: 2}]}", "[\"abc\"]");
    ACCEPTS("type: list, constraints: [{min_length: 1}, {max_length: 2}]", "[1]", "[1,2]");
    REFUSES("type: map, constraints: [{length: 1}]", "{}", "{\"a\":1,\"b\":2}");
    ACCEPTS("type: list, constraints: [{valid_values: [[a, b], []]}]", "[]", "[\"a\",\"b\"]");
    ACCEPTS("type: list, entry_schema: string, constraints: [{equal: [1.10, yes]}]", "[\"1.10\",\"yes\"]");
    ACCEPTS("type: map, entry_schema: {type: version}, constraints: [{valid_values: [{a: 1.0}]}]", "{\"a\":\"1.0\"}");
}

static void constraints_on_numbers_are_checked(void **state)
{
    ACCEPTS("type: integer, constraints: [{equal: 0x10}]", "16");
    REFUSES("type: integer, constraints: [{equal: 5}]", "6");
    ACCEPTS("type: integer, constraints: [{greater_than: 1}, {less_than: 4}]", "2", "3");
    REFUSES("type: integer, constraints: [{greater_than: 1}, {less_than: 4}]", "1", "4");
    ACCEPTS("type: float, constraints: [{greater_or_equal: 1.5}, {less_or_equal: 2}]", "1.5", "2", "2.0");
    REFUSES("type: float, constraints: [{greater_or_equal: 1.5}, {less_or_equal: 2}]", "1.4999", "2.00001");
    ACCEPTS("type: integer, constraints: [{in_range: [1, 3]}]", "1", "3");
    REFUSES("type: integer, constraints: [{in_range: [1, 3]}]", "0", "4");
    ACCEPTS("type: integer, constraints: [{in_range: [UNBOUNDED, 3]}]", "-9223372036854775807");
    ACCEPTS("type: integer, constraints: [{valid_values: [1, 2, 010]}]", "8");
    REFUSES("type: integer, constraints: [{valid_values: [1, 2, 010]}]", "10");
    ACCEPTS("type: boolean, constraints: [{equal: yes}]", "true");
    REFUSES("type: boolean, constraints: [{valid_values: [no]}]", "true");
}

static void constraints_on_strings_are_checked(void **state)
{
    ACCEPTS("type: string, constraints: [{valid_values: [1.0, yes, '']}]", "\"1.0\"", "\"yes\"", "\"\"");
    REFUSES("type: string, constraints: [{valid_values: [1.0, yes]}]", "\"1\"", "\"true\"");
    ACCEPTS("type: string, constraints: [{length: 2}]", "\"ab\"", "\"\\u00e9\\u00e9\"");
    REFUSES("type: string, constraints: [{length: 2}]", "\"a\"", "\"abc\"");
    REFUSES("type: string, constraints: [{min_length: 2}]", "\"\\u00e9\"");
    REFUSES("type: string, constraints: [{max_length: 1}]", "\"ab\"");
}

static void patterns_match_the_whole_text(void **state)
{
    ACCEPTS("type: string, constraints: [{pattern: '[a-z]+\\d'}]", "\"abc1\"");
    REFUSES("type: string, constraints: [{pattern: '[a-z]+\\d'}]", "\"abc\"", "\"abc1x\"", "\"1abc1\"", "\"abc1\\n\"");
    ACCEPTS("type: string, constraints: [{pattern: '^(?=.*[A-Z]).{2,}$'}]", "\"aB\"");
    ACCEPTS("type: string, constraints: [{pattern: '.'}]", "\"\\u00e9\"");
    ACCEPTS("type: string, constraints: [{pattern: 'a|ab'}]", "\"ab\"");
}

static void a_pattern_that_takes_too_long_is_given_up(void **state)
{
    orc_error_t *error = check(with_input("type: string, constraints: [{pattern: '(a|aa)+(b|c)+$'}]"),
                               "{\"x\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaad\"}");

    assert_contains(mistakes(error), "/template_inputs/x takes too long to match the pattern");
}

static void what_a_check_may_cost_is_limited(void **state)
{
    const char *values = "0", *list = "0";
    orc_error_t *error;
    int i;

    for (i = 1; i < 1100; i++)
        values = apr_psprintf(pool, "%s,v%d", values, i);
    for (i = 1; i < 1100; i++)
        list = apr_psprintf(pool, "%s,\"x\"", list);
    error = check(with_input(apr_psprintf(
                      pool, "type: list, entry_schema: {type: string, constraints: [{valid_values: [%s]}]}", values)),
                  apr_psprintf(pool, "{\"x\":[%s]}", list));
    assert_int_equal(error->fields->nelts, 50);
    error = check(with_input("type: list, entry_schema: {type: string, constraints: [{pattern: x}]}"),
                  apr_psprintf(pool, "{\"x\":[\"x\",%s]}", list + 2));
    assert_contains(mistakes(error), " and what comes before it take more work to check than is allowed");
}

/* Whatever a template and its inputs multiply to, an answer comes soon and with little memory. */
static void work_grows_with_the_text_and_not_with_its_square(void **state)
{
    const char *many = apr_pstrcat(pool, "{\"x\":[", repeated("{},", 20000), "{}]}", NULL);
    const char *numbers = apr_pstrcat(pool, "[", repeated("1,", 50000), "1]", NULL);
    const char *lists = apr_pstrcat(pool, "{\"x\":[", repeated("[],", 45000), "[]]}", NULL);
    const orc_tosca_template_t *tosca;
    const char *properties = "";
    clock_t start = clock();
    long before;
    int i;

    json(many); /* so that the peak is not the parser's */
    tosca = with_input(apr_psprintf(pool, "type: list, entry_schema: {type: list, constraints: [{equal: [%s1]}]}",
                                    repeated("1,", 10000)));
    before = peak_memory();
    assert_int_equal(check(tosca, lists)->fields->nelts, 50);
    assert_contains(mistakes(check(tosca, lists)), "/template_inputs/x/0 must be what the template has at line 4");
    tosca = with_input(apr_psprintf(
        pool, "type: list, entry_schema: {type: integer, constraints: [{valid_values: [%s1]}]}", repeated("2,", 1000)));
    assert_contains(mistakes(check(tosca, apr_pstrcat(pool, "{\"x\":", numbers, "}", NULL))),
                    " and what comes before it take more work to check than is allowed\n");
    tosca = with_input("type: map, entry_schema: {type: list, entry_schema: integer}");
    assert_null(check(tosca, apr_psprintf(pool, "{\"x\":{\"%s\":%s}}", repeated("k", 40000), numbers)));
    tosca = with_input("type: nobody.Knows");
    assert_null(check(tosca, apr_psprintf(pool, "{\"x\":{\"%s\":%s}}", repeated("k", 40000), numbers)));
    for (i = 0; i < 1000; i++)
        properties = apr_psprintf(pool, "%s      p%d: {type: integer, required: false}\n", properties, i);
    tosca = parse(apr_pstrcat(pool, "tosca_definitions_version: tosca_simple_yaml_1_0\ndata_types:\n",
                              "  many:\n    properties:\n", properties,
                              "topology_template:\n  inputs: {x: {type: list, entry_schema: many}}\n", NULL));
    assert_contains(mistakes(check(tosca, many)), " take more work to check than is allowed\n");
    assert_true(peak_memory() < before + 800 * 1024);
    assert_quick(start);
}

/* Some patterns look at all of the text in each of their steps. */
static void patterns_on_long_texts_do_not_hold_up_an_answer(void **state)
{
    const orc_tosca_template_t *tosca =
        with_input("type: list, entry_schema: {type: string, constraints: [{pattern: '(?:.*+b|.)*'}]}");
    const char *text = apr_psprintf(pool, "\"%s\"", repeated("a", 8000));
    clock_t start = clock();

    assert_contains(mistakes(check(tosca, apr_pstrcat(pool, "{\"x\":[", text,
                                                      repeated(apr_psprintf(pool, ",%s", text), 100), "]}", NULL))),
                    " and what comes before it take more work to check than is allowed\n");
    text = apr_psprintf(pool, "\"%s\"", repeated("a", 10000));
    assert_contains(mistakes(check(tosca, apr_pstrcat(pool, "{\"x\":[", text, "]}", NULL))),
                    "/template_inputs/x/0 takes too long to match the pattern");
    assert_quick(start);
}

/* A type of a short name is not looked for among all others for every value. */
static void short_names_are_looked_up_once(void **state)
{
    const char *values = apr_pstrcat(pool, "{\"x\":[", repeated("1,", 90000), "1]}", NULL);
    apr_array_header_t *types = apr_array_make(pool, 20000, sizeof(const char *));
    clock_t start = clock();
    int i;

    for (i = 0; i < 20000; i++)
        APR_ARRAY_PUSH(types, const char *) = apr_psprintf(pool, "  tosca.datatypes.t%d: {}\n", i);
    assert_null(
        check(parse(apr_pstrcat(pool, "tosca_definitions_version: tosca_simple_yaml_1_0\ndata_types:\n",
                                apr_array_pstrcat(pool, types, 0),
                                "topology_template:\n  inputs: {x: {type: list, entry_schema: nobody}}\n", NULL)),
              values));
    assert_quick(start);
}

static void data_types_of_the_template(void **state)
{
    const orc_tosca_template_t *tosca =
        parse("tosca_definitions_version: tosca_simple_yaml_1_0\n"
              "data_types:\n"
              "  my.Account:\n"
              "    derived_from: tosca.datatypes.Root\n"
              "    properties:\n"
              "      name: {type: string, constraints: [{min_length: 2}]}\n"
              "      age: {type: integer, required: false}\n"
              "      shell: {type: string, default: /bin/sh}\n"
              "  my.Admin: {derived_from: my.Account, properties: {rights: {type: list, entry_schema: string}}}\n"
              "  my.Port: {derived_from: integer, constraints: [{in_range: [1, 65535]}]}\n"
              "  my.Open: {derived_from: nobody.knows, properties: {a: {type: integer}}}\n"
              "topology_template:\n"
              "  inputs:\n"
              "    admins: {type: list, default: [], entry_schema: {type: my.Admin}}\n"
              "    port: {type: my.Port, default: 80}\n"
              "    open: {type: my.Open, required: false}\n");
    const char *all;

    assert_null(check(tosca, "{\"admins\":[{\"name\":\"al\",\"rights\":[\"r\"],\"age\":null}],\"port\":443}"));
    assert_null(check(tosca, "{\"open\":{\"a\":1,\"b\":2}}"));
    all = mistakes(check(tosca, "{\"admins\":[{\"name\":\"a\",\"age\":\"5\",\"x/y\":1},5],\"port\":0,\"open\":{}}"));
    assert_contains(all, "/template_inputs/admins/0/name must have a length of at least 2\n");
    assert_contains(all, "/template_inputs/admins/0/age is no integer\n");
    assert_contains(all, "/template_inputs/admins/0/rights is missing\n");
    assert_contains(all, "/template_inputs/admins/0/x~1y is no property of my.Admin\n");
    assert_contains(all, "/template_inputs/admins/1 is no map of the properties of my.Admin\n");
    assert_contains(all, "/template_inputs/port must be from 1 to 65535\n");
    assert_contains(all, "/template_inputs/open/a is missing\n");
}

static void data_types_of_the_type_files_are_found_by_their_short_name(void **state)
{
    const orc_tosca_template_t *tosca = parse_with(types_of(source_directory("conf/types")),
                                                   document("  inputs:\n"
                                                            "    ports:\n"
                                                            "      type: map\n"
                                                            "      entry_schema: {type: PortSpec}\n"
                                                            "      default: {ssh: {source: 22, protocol: tcp}}\n"
                                                            "  node_templates: {a: {type: x}}\n"));
    const char *all;

    assert_null(check(tosca, "{}"));
    assert_null(check(tosca, "{\"ports\":{\"web\":{\"source\":443,\"remote_cidr\":\"10.0.0.0/8\"}}}"));
    all = mistakes(check(tosca, "{\"ports\":{\"web\":{\"source\":0,\"protocol\":\"xyz\",\"sauce\":1}}}"));
    assert_contains(all, "/template_inputs/ports/web/source must be from 1 to 65535\n");
    assert_contains(all, "/template_inputs/ports/web/protocol must be one of: udp, tcp, igmp, icmp\n");
    assert_contains(all,
                    "/template_inputs/ports/web/sauce is no property of tosca.datatypes.indigo.network.PortSpec\n");
}

static void a_type_that_nobody_declares_takes_anything(void **state)
{
    ACCEPTS("type: nobody.Knows", "5", "\"a\"", "{\"a\":[1,null]}", "false");
    REFUSES("type: nobody.Knows", "{\"a\":[1e999]}", "null");
}

static void every_wrong_input_is_named_at_once(void **state)
{
    const orc_tosca_template_t *tosca = with_inputs("    a: {type: string}\n"
                                                    "    b: {type: integer}\n"
                                                    "    c: {type: boolean, default: yes}\n"
                                                    "    d: {type: integer, required: false}\n");
    const char *all = mistakes(check(tosca, "{\"b\":\"x\",\"c\":null,\"d\":null,\"e/f\":1}"));

    assert_string_equal(all, "/template_inputs/e~1f is no input of the template\n"
                             "/template_inputs/a is missing\n"
                             "/template_inputs/b is no integer\n"
                             "/template_inputs/c is null, and the input is required\n");
    assert_contains(mistakes(check(tosca, "[]")), "/template_inputs must be an object");
}

static void defaults_complete_what_is_given(void **state)
{
    const orc_tosca_template_t *tosca = with_inputs("    s: {type: string, default: 1.10}\n"
                                                    "    t: {type: string, default: yes}\n"
                                                    "    i: {type: integer, default: 010}\n"
                                                    "    q: {type: integer, default: \"7\"}\n"
                                                    "    f: {type: float, default: 1}\n"
                                                    "    b: {type: boolean, default: off}\n"
                                                    "    v: {type: version, default: 1.0}\n"
                                                    "    d: {type: timestamp, default: 2024-01-31}\n"
                                                    "    z: {type: scalar-unit.size, default: 4 GB}\n"
                                                    "    l: {type: list, default: [1.0, yes], entry_schema: string}\n"
                                                    "    u: {type: any.Thing, default: {a: 1:30, b: no}}\n"
                                                    "    n: {type: string, required: no}\n"
                                                    "    e: {type: string, default: ''}\n"
                                                    "    given: {type: string, default: x}\n");
    json_t *complete;

    assert_null(orc_tosca_inputs(&complete, tosca, json("{\"given\":\"y\"}"), "/template_inputs", pool));
    assert_string_equal(orc_json_text(complete, pool),
                        "{\"b\":false,\"d\":\"2024-01-31\",\"e\":\"\",\"f\":1.0,\"given\":\"y\",\"i\":8,"
                        "\"l\":[\"1.0\",\"yes\"],\"n\":null,\"q\":7,\"s\":\"1.10\",\"t\":\"yes\","
                        "\"u\":{\"a\":90,\"b\":false},\"v\":\"1.0\",\"z\":\"4 GB\"}");
}

static void a_default_must_be_of_its_type_and_may_break_its_constraints(void **state)
{
    assert_contains(mistakes(check(with_input("type: integer, default: many"), "{}")),
                    "/template_inputs/x is not given, and the default in the template (line 4, column 33)");
    assert_null(check(with_input("type: integer, default: many"), "{\"x\":5}"));
    assert_null(check(with_input("type: integer, default: 3, constraints: [{valid_values: [1, 2]}]"), "{}"));
}

/* What the given is made, and behind it the notes. */
static const char *coerced(const orc_tosca_template_t *tosca, const char *given)
{
    apr_array_header_t *notes = apr_array_make(pool, 1, sizeof(const char *));
    const json_t *inputs = orc_tosca_inputs_coerce(notes, tosca, json(given), pool);

    return apr_pstrcat(pool, orc_json_text(inputs, pool), apr_array_pstrcat(pool, notes, '\n'), NULL);
}

static void strings_are_coerced_for_old_clients(void **state)
{
    const orc_tosca_template_t *tosca = with_inputs("    i: {type: integer, default: 1}\n"
                                                    "    f: {type: float, default: 1}\n"
                                                    "    b: {type: boolean, default: no}\n"
                                                    "    s: {type: string, default: a}\n"
                                                    "    l: {type: list, entry_schema: integer, default: []}\n"
                                                    "    m: {type: map, entry_schema: boolean, default: {}}\n");

    assert_string_equal(coerced(tosca, "{\"i\":\"2\",\"f\":\"1.5\",\"b\":\"true\",\"s\":\"2\"}"),
                        "{\"b\":true,\"f\":1.5,\"i\":2,\"s\":\"2\"}");
    assert_string_equal(coerced(tosca, "{\"l\":[\"1\",2],\"m\":\"{\\\"a\\\":\\\"yes\\\"}\",\"s\":5}"),
                        "{\"l\":[1,2],\"m\":{\"a\":true},\"s\":\"5\"}");
    assert_string_equal(coerced(tosca, "{\"s\":true}"), "{\"s\":\"true\"}");
    assert_string_equal(coerced(tosca, "{\"s\":1.5}"), "{\"s\":\"1.5\"}");
    assert_string_equal(coerced(tosca, "{\"i\":\"two\",\"l\":\"[\"}"), "{\"i\":\"two\",\"l\":\"[\"}");
}

static void what_a_form_leaves_empty_was_not_given(void **state)
{
    const orc_tosca_template_t *tosca = with_inputs("    i: {type: integer, default: 1}\n"
                                                    "    b: {type: boolean, default: no}\n"
                                                    "    s: {type: string, default: a}\n"
                                                    "    t: {type: string, default: a}\n"
                                                    "    l: {type: list, entry_schema: integer, default: []}\n");

    assert_string_equal(coerced(tosca, "{\"i\":\"\",\"b\":\"\",\"s\":\"\",\"l\":\"\",\"t\":null}"), "{\"s\":\"\"}");
}

static void what_no_input_is_declared_for_is_left_out_and_noted(void **state)
{
    const orc_tosca_template_t *tosca = with_inputs("    i: {type: integer, default: 1}\n");

    assert_string_equal(coerced(tosca, "{\"i\":\"2\",\"additional_description\":\"secret\"}"),
                        "{\"i\":2}The input \"additional_description\" is left out: the template does not declare it.");
}

static void numbers_become_what_their_declaration_says(void **state)
{
    const orc_tosca_template_t *tosca =
        with_inputs("    f: {type: float}\n"
                    "    l: {type: list, entry_schema: {type: float}}\n"
                    "    v: {type: version, default: 7, constraints: [{valid_values: [7, 16.04]}]}\n"
                    "    m: {type: map, entry_schema: {type: list, entry_schema: {type: version}}, default: {}}\n"
                    "    r: {type: range, default: [010, \"20\"]}\n");
    json_t *complete;

    assert_null(orc_tosca_inputs(&complete, tosca, json("{\"f\":1,\"l\":[2,-0.0,1e300],\"m\":{\"a\":[7,\"1.10\"]}}"),
                                 "/template_inputs", pool));
    assert_string_equal(orc_json_text(complete, pool),
                        "{\"f\":1.0,\"l\":[2.0,-0.0,1.0000000000000001e300],\"m\":{\"a\":[\"7\",\"1.10\"]},"
                        "\"r\":[8,20],\"v\":\"7\"}");
    assert_null(check(tosca, "{\"f\":1,\"l\":[],\"v\":\"7\"}"));
    assert_null(check(tosca, "{\"f\":1,\"l\":[],\"v\":7}"));
    assert_contains(mistakes(check(tosca, "{\"f\":1,\"l\":[],\"v\":16.04}")), "/template_inputs/v is no version");
    assert_contains(mistakes(check(tosca, "{\"f\":1,\"l\":[],\"v\":8}")),
                    "/template_inputs/v must be one of: 7, 16.04");
}

static void a_value_has_one_mistake(void **state)
{
    const orc_tosca_template_t *tosca =
        with_input("type: integer, constraints: [{greater_than: 5}, {valid_values: [7, 9]}, {less_than: 0}]");

    assert_string_equal(mistakes(check(tosca, "{\"x\":3}")), "/template_inputs/x must be greater than 5\n");
}

static void what_im_would_run_is_no_value(void **state)
{
    const orc_tosca_template_t *tosca = with_inputs("    m: {type: map, default: {}}\n"
                                                    "    l: {type: list, default: []}\n"
                                                    "    u: {type: any.Thing, default: x}\n"
                                                    "    s: {type: string, default: random(8)}\n");
    static const char *const words[] = {"random(20)", "random(1) and more", "access_token()", "random(\xd9\xa3)"};
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(*words); i++)
        assert_string_equal(mistakes(check(tosca, apr_psprintf(pool, "{\"s\":\"%s\"}", words[i]))),
                            "/template_inputs/s would be replaced by the Infrastructure Manager; a value is needed\n");
    assert_null(check(tosca, "{\"l\":[\"random(20)\"],\"u\":\"random(20)\"}"));
    assert_null(check(tosca, "{}"));
    assert_string_equal(mistakes(check(tosca, "{\"m\":{\"get_input\":\"s\"},\"l\":[1,{\"a\":{\"concat\":[]}}],"
                                              "\"u\":{\"token\":\"x\"}}")),
                        "/template_inputs/m would be run as the function get_input of TOSCA; a value is needed\n"
                        "/template_inputs/l/1/a would be run as the function concat of TOSCA; a value is needed\n"
                        "/template_inputs/u would be run as the function token of TOSCA; a value is needed\n");
    assert_null(check(tosca, "{\"m\":{\"get_input\":\"s\",\"b\":1}}"));
}

static void what_im_makes_is_made_once(void **state)
{
    const orc_tosca_template_t *tosca =
        with_inputs("    l: {type: list, default: []}\n"
                    "    a: {type: string, default: random}\n"
                    "    b: {type: string, default: {get_input: [l, 0]}}\n"
                    "    c: {type: string, default: {concat: [{get_input: a}, '(8)']}}\n"
                    "    d: {type: string, default: random(8)}\n"
                    "    e: {type: string, default: {get_input: d}}\n"
                    "    f: {type: string, default: {concat: [x, {get_input: d}]}}\n");
    const char *told = mistakes(check(tosca, "{\"l\":[\"random(8)\"]}"));

    assert_contains(told, "/template_inputs/b is not given, and the default in the template");
    assert_contains(told, "/template_inputs/c is not given, and the default in the template");
    assert_contains(told, "makes a text that the Infrastructure Manager would replace; give a value\n");
    assert_contains(told, "/template_inputs/e is not given, and the default in the template");
    assert_contains(told, "/template_inputs/f is not given, and the default in the template");
    assert_contains(told, "needs the input \"d\", whose value the Infrastructure Manager makes up");
    assert_null(check(tosca, "{\"l\":[\"x\"],\"a\":\"x\",\"d\":\"y\"}"));
    assert_null(check(tosca, "{\"l\":[\"x\"],\"a\":\"x\",\"e\":\"y\",\"f\":\"z\"}"));
}

static void what_stands_on_a_wrong_input_is_not_told_again(void **state)
{
    const orc_tosca_template_t *tosca = with_inputs("    c: {type: string, default: {get_input: b}}\n"
                                                    "    a: {type: integer}\n"
                                                    "    b: {type: string, default: {concat: [{get_input: a}, x]}}\n"
                                                    "    d: {type: integer, default: {get_input: a}}\n");

    assert_string_equal(mistakes(check(tosca, "{}")), "/template_inputs/a is missing\n");
    assert_contains(mistakes(check(tosca, "{\"a\":\"x\"}")), "/template_inputs/a ");
    assert_null(strstr(mistakes(check(tosca, "{\"a\":\"x\"}")), "default"));
}

static const char *completed(const orc_tosca_template_t *tosca, const char *given)
{
    orc_error_t *error;
    json_t *complete;

    error = orc_tosca_inputs(&complete, tosca, json(given), "/template_inputs", pool);
    if (error)
        fail_msg("%s", mistakes(error));
    return orc_json_text(complete, pool);
}

static void functions_in_defaults_are_worked_out(void **state)
{
    const orc_tosca_template_t *tosca =
        with_inputs("    name: {type: string, default: {concat: [{get_input: host}, ., {get_input: [zone]}, 1.10]}}\n"
                    "    host: {type: string, default: NO}\n"
                    "    zone: {type: string}\n"
                    "    ratio: {type: float, default: {get_input: count}}\n"
                    "    count: {type: integer, default: 010}\n"
                    "    all: {type: map, default: {a: [{get_input: count}, {get_input: [list, 1]}], b: yes}}\n"
                    "    list: {type: list, entry_schema: version, default: [1.10, 2.0]}\n"
                    "    none: {type: string, required: false}\n"
                    "    same: {type: string, required: false, default: {get_input: none}}\n");

    assert_string_equal(
        completed(tosca, "{\"zone\":\"example\"}"),
        "{\"all\":{\"a\":[8,\"2.0\"],\"b\":true},\"count\":8,\"host\":\"NO\",\"list\":[\"1.10\",\"2.0\"],"
        "\"name\":\"NO.example1.10\",\"none\":null,\"ratio\":8.0,\"same\":null,\"zone\":\"example\"}");
    assert_contains(completed(tosca, "{\"zone\":\"x\",\"host\":\"h\",\"name\":\"given\",\"count\":3}"),
                    "\"name\":\"given\",\"none\":null,\"ratio\":3.0");
}

static void defaults_that_can_not_be_worked_out_are_named(void **state)
{
    static const struct {
        const char *declarations, *mistake;
    } rows[] = {
        {"    a: {type: string, default: {get_attribute: [SELF, x]}}\n",
         "/template_inputs/a is not given, and the default in the template (line 4, column 32) is the function "
         "get_attribute, which has no value before the deployment; give one\n"},
        {"    a: {type: string, default: {get_input: b}}\n    b: {type: string, default: {get_input: a}}\n",
         "/template_inputs/b is not given, and the default in the template (line 5, column 32) needs itself or too "
         "many "
         "others, through the input \"a\"\n"},
        {"    a: {type: string, default: {get_input: nobody}}\n", "names an input that is not there"},
        {"    a: {type: list, default: [1]}\n    b: {type: integer, default: {get_input: [a, 1]}}\n",
         "/template_inputs/b is not given, and the default in the template (line 5, column 33) names a part of the "
         "input "
         "\"a\" that is not there\n"},
        {"    a: {type: list, default: [1]}\n    b: {type: string, default: {concat: [{get_input: a}]}}\n",
         "joins what is no text"},
        {"    a: {type: integer, default: {concat: [1, 2]}}\n", "is not of its type: is no integer"},
        {"    a: {type: string, required: false}\n    b: {type: string, default: {get_input: a}}\n",
         "/template_inputs/b is missing\n"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_contains(mistakes(check(with_inputs(rows[i].declarations), "{}")), rows[i].mistake);
}

/* Each input names the one before twice: sixty of them would be 2^60 texts. */
static void inputs_that_name_inputs_do_not_grow_without_end(void **state)
{
    const char *inputs = "    i0: {type: string, default: abcdefgh}\n", *lists = "    i0: {type: list, default: [1]}\n";
    int i;

    for (i = 1; i < 60; i++) {
        inputs =
            apr_psprintf(pool, "%s    i%d: {type: string, default: {concat: [{get_input: i%d}, {get_input: i%d}]}}\n",
                         inputs, i, i - 1, i - 1);
        lists = apr_psprintf(pool, "%s    i%d: {type: list, default: [{get_input: i%d}, {get_input: i%d}]}\n", lists, i,
                             i - 1, i - 1);
    }
    assert_contains(mistakes(check(with_inputs(inputs), "{}")), "makes more text than is allowed");
    assert_contains(mistakes(check(with_inputs(lists), "{}")), "makes more text than is allowed");
}

static void a_long_chain_of_inputs_ends(void **state)
{
    const char *inputs = "";
    int i;

    for (i = 0; i < 1000; i++)
        inputs = apr_psprintf(pool, "%s    i%d: {type: string, default: {get_input: i%d}}\n", inputs, i, i + 1);
    inputs = apr_psprintf(pool, "%s    i%d: {type: string, default: x}\n", inputs, i);
    assert_contains(mistakes(check(with_inputs(inputs), "{}")), "needs itself or too many others");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_checked),
        cmocka_unit_test(integers_and_floats_are_checked),
        cmocka_unit_test(booleans_are_checked),
        cmocka_unit_test(timestamps_are_checked),
        cmocka_unit_test(ranges_are_checked),
        cmocka_unit_test(versions_are_checked),
        cmocka_unit_test(scalar_units_compare_by_value),
        cmocka_unit_test(lists_and_maps_are_checked),
        cmocka_unit_test(constraints_on_numbers_are_checked),
        cmocka_unit_test(constraints_on_strings_are_checked),
        cmocka_unit_test(patterns_match_the_whole_text),
        cmocka_unit_test(a_pattern_that_takes_too_long_is_given_up),
        cmocka_unit_test(what_a_check_may_cost_is_limited),
        cmocka_unit_test(work_grows_with_the_text_and_not_with_its_square),
        cmocka_unit_test(patterns_on_long_texts_do_not_hold_up_an_answer),
        cmocka_unit_test(short_names_are_looked_up_once),
        cmocka_unit_test(data_types_of_the_template),
        cmocka_unit_test(data_types_of_the_type_files_are_found_by_their_short_name),
        cmocka_unit_test(a_type_that_nobody_declares_takes_anything),
        cmocka_unit_test(every_wrong_input_is_named_at_once),
        cmocka_unit_test(defaults_complete_what_is_given),
        cmocka_unit_test(a_default_must_be_of_its_type_and_may_break_its_constraints),
        cmocka_unit_test(strings_are_coerced_for_old_clients),
        cmocka_unit_test(what_a_form_leaves_empty_was_not_given),
        cmocka_unit_test(what_no_input_is_declared_for_is_left_out_and_noted),
        cmocka_unit_test(numbers_become_what_their_declaration_says),
        cmocka_unit_test(a_value_has_one_mistake),
        cmocka_unit_test(what_im_would_run_is_no_value),
        cmocka_unit_test(what_im_makes_is_made_once),
        cmocka_unit_test(what_stands_on_a_wrong_input_is_not_told_again),
        cmocka_unit_test(functions_in_defaults_are_worked_out),
        cmocka_unit_test(defaults_that_can_not_be_worked_out_are_named),
        cmocka_unit_test(inputs_that_name_inputs_do_not_grow_without_end),
        cmocka_unit_test(a_long_chain_of_inputs_ends),
    };

    return cmocka_run_group_tests_name("tosca_inputs", tests, setup, teardown);
}
