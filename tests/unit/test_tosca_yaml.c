/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "tosca_fixture.h"

/* YAML to a tree within budgets, and the tree to text. */

static const orc_yaml_node_t *read_yaml(const char *text)
{
    const orc_yaml_node_t *root = NULL;
    orc_yaml_mistake_t mistake;

    if (orc_yaml_read(&root, &mistake, text, strlen(text), ORC_YAML_TOLD_KEYS, pool))
        fail_msg("line %d, column %d: %s", mistake.line, mistake.column, mistake.what);
    return root;
}

/* Refused at this place with these words, and soon: by a budget, not after having done the work. */
static void refused_at(const char *text, apr_size_t length, int line, int column, const char *words)
{
    const orc_yaml_node_t *root = NULL;
    orc_yaml_mistake_t mistake;
    apr_pool_t *own;

    apr_pool_create(&own, pool);
    assert_int_equal(orc_yaml_read(&root, &mistake, text, length, ORC_YAML_TOLD_KEYS, own), -1);
    assert_contains(mistake.what, words);
    if (line)
        assert_int_equal(mistake.line, line);
    if (column)
        assert_int_equal(mistake.column, column);
    apr_pool_destroy(own);
}

static void refused_yaml(const char *text, int line, int column, const char *words)
{
    refused_at(text, strlen(text), line, column, words);
}

static void nodes_know_their_line_and_column(void **state)
{
    const orc_yaml_node_t *root = read_yaml("a: 1\nb:\n  - x\n  - {c: y}\n");
    const orc_yaml_node_t *c = orc_yaml_get(orc_yaml_get(root, "b")->items[1], "c");

    assert_int_equal(root->kind, ORC_YAML_MAPPING);
    assert_int_equal(root->line, 1);
    assert_int_equal(root->column, 1);
    assert_int_equal(c->line, 4);
    assert_int_equal(c->column, 9);
    assert_string_equal(orc_yaml_text(c), "y");
    assert_null(orc_yaml_get(root, "c"));
    assert_string_equal(orc_yaml_text(orc_yaml_path(root, "a", NULL)), "1");
    assert_null(orc_yaml_path(root, "a", "b", NULL));
}

static void plain_scalars_are_what_pyyaml_takes_them_for(void **state)
{
    static const struct {
        const char *text;
        orc_yaml_type_t type;
    } rows[] = {
        {"yes", ORC_YAML_BOOLEAN},
        {"No", ORC_YAML_BOOLEAN},
        {"OFF", ORC_YAML_BOOLEAN},
        {"true", ORC_YAML_BOOLEAN},
        {"y", ORC_YAML_STRING},
        {"tRue", ORC_YAML_STRING},
        {"~", ORC_YAML_NULL},
        {"null", ORC_YAML_NULL},
        {"nUll", ORC_YAML_STRING},
        {"0", ORC_YAML_INTEGER},
        {"-12", ORC_YAML_INTEGER},
        {"+1_000", ORC_YAML_INTEGER},
        {"017", ORC_YAML_INTEGER},
        {"08", ORC_YAML_STRING},
        {"0x1F", ORC_YAML_INTEGER},
        {"0b101", ORC_YAML_INTEGER},
        {"0o17", ORC_YAML_STRING},
        {"1:30", ORC_YAML_INTEGER},
        {"1:60", ORC_YAML_STRING},
        {"1.5", ORC_YAML_FLOAT},
        {".5", ORC_YAML_FLOAT},
        {"1.", ORC_YAML_FLOAT},
        {"1e5", ORC_YAML_STRING},
        {"1.0e+5", ORC_YAML_FLOAT},
        {"1.0e5", ORC_YAML_STRING},
        {"-.inf", ORC_YAML_FLOAT},
        {".NaN", ORC_YAML_FLOAT},
        {"-.nan", ORC_YAML_STRING},
        {"1:30.5", ORC_YAML_FLOAT},
        {"25.11.2", ORC_YAML_STRING},
        {"2024-01-31", ORC_YAML_TIMESTAMP},
        {"2024-1-31", ORC_YAML_STRING},
        {"2024-1-31 1:00:00", ORC_YAML_TIMESTAMP},
        {"2001-12-14t21:59:43.10-05:00", ORC_YAML_TIMESTAMP},
        {"2001-12-14T21:59:43Z", ORC_YAML_TIMESTAMP},
        {"2001-12-14T21:59", ORC_YAML_STRING},
        {"4 GB", ORC_YAML_STRING},
        {"-", ORC_YAML_STRING},
        {"1.2.3", ORC_YAML_STRING},
        {"0x", ORC_YAML_STRING},
        {"+", ORC_YAML_STRING},
        {".", ORC_YAML_STRING},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (orc_yaml_type(orc_yaml_new_plain(rows[i].text, pool)) != rows[i].type)
            fail_msg("%s is taken for %d", rows[i].text, orc_yaml_type(orc_yaml_new_plain(rows[i].text, pool)));
    assert_int_equal(orc_yaml_type(orc_yaml_new_string("5", pool)), ORC_YAML_STRING);
}

static void numbers_of_yaml_1_1_have_their_values(void **state)
{
    static const struct {
        const char *text;
        json_int_t value;
    } integers[] = {{"0", 0},
                    {"-12", -12},
                    {"1_000", 1000},
                    {"017", 15},
                    {"0x1F", 31},
                    {"0b101", 5},
                    {"1:30", 90},
                    {"-1:00:01", -3601},
                    {"9223372036854775807", 9223372036854775807LL},
                    {"-9223372036854775808", -9223372036854775807LL - 1}};
    json_int_t integer = 7;
    double real;
    size_t i;

    for (i = 0; i < sizeof(integers) / sizeof(*integers); i++) {
        assert_int_equal(orc_yaml_integer(&integer, integers[i].text), 0);
        assert_int_equal(integer, integers[i].value);
    }
    integer = 7;
    assert_int_equal(orc_yaml_integer(&integer, "9223372036854775808"), -1);
    assert_int_equal(orc_yaml_integer(&integer, "-9223372036854775809"), -1);
    assert_int_equal(orc_yaml_integer(&integer, "18446744073709551617"), -1);
    assert_int_equal(orc_yaml_integer(&integer, "1.0"), -1);
    assert_int_equal(orc_yaml_integer(&integer, ""), -1);
    assert_int_equal(integer, 7);
    assert_int_equal(orc_yaml_float(&real, "-1_0.5"), 0);
    assert_true(real < -10.4 && real > -10.6);
    assert_int_equal(orc_yaml_float(&real, "1:30.5"), 0);
    assert_true(real > 90.4 && real < 90.6);
    assert_int_equal(orc_yaml_float(&real, ".inf"), -1);
    assert_int_equal(orc_yaml_float(&real, apr_pstrcat(pool, repeated("9", 400), ".0", NULL)), -1);
}

static void merge_keys_are_resolved_and_own_keys_count_more(void **state)
{
    const orc_yaml_node_t *root = read_yaml("one: &one {a: 1, b: 2}\n"
                                            "two: &two {b: 3, c: 4}\n"
                                            "x:\n  <<: *one\n  b: own\n"
                                            "y:\n  <<: [*one, *two]\n"
                                            "z: {\"<<\": 1}\n");

    assert_string_equal(orc_json_text(orc_json_own(orc_yaml_to_json(root), pool), pool),
                        "{\"one\":{\"a\":1,\"b\":2},\"two\":{\"b\":3,\"c\":4},\"x\":{\"a\":1,\"b\":\"own\"},"
                        "\"y\":{\"a\":1,\"b\":2,\"c\":4},\"z\":{\"<<\":1}}");
    refused_yaml("a:\n  <<: 5\n", 2, 0, "merge key");
}

/* What it has twice, a line each. */
static const char *told(const char *text, orc_yaml_keys_t keys)
{
    const orc_yaml_node_t *root;
    orc_yaml_mistake_t mistake;

    assert_int_equal(orc_yaml_read(&root, &mistake, text, strlen(text), keys, pool), 0);
    return apr_array_pstrcat(pool, mistake.repeated, '\n');
}

static void the_last_of_a_key_twice_counts_and_is_told(void **state)
{
    static const char text[] = "a: 1\nb: 2\na: {c: 3}\na: 4\n";
    const orc_yaml_node_t *root = read_yaml(text);

    assert_int_equal(root->count, 2);
    assert_string_equal(orc_yaml_text(orc_yaml_get(root, "a")), "4");
    assert_string_equal(told(text, ORC_YAML_TOLD_KEYS),
                        "line 3, column 1: duplicate key \"a\" (first at line 1, column 1)\n"
                        "line 4, column 1: duplicate key \"a\" (first at line 3, column 1)");
    assert_string_equal(told(text, ORC_YAML_LAST_KEY), "");
    assert_string_equal(told("x: {a: 1, \"a\": 2}\n", ORC_YAML_TOLD_KEYS),
                        "line 1, column 11: duplicate key \"a\" (first at line 1, column 5)");
    assert_string_equal(told("b: &b {x: 1}\na:\n  <<: *b\n  <<: *b\n", ORC_YAML_TOLD_KEYS),
                        "line 4, column 3: duplicate key \"<<\" (first at line 3, column 3)");
    assert_string_equal(told("a: {k: 1}\nb: {k: 1}\n", ORC_YAML_TOLD_KEYS), "");
}

static void many_keys_that_are_there_twice_are_not_all_told(void **state)
{
    const orc_yaml_node_t *root;
    orc_yaml_mistake_t mistake;
    const char *text = repeated("a: 1\n", 1000);

    assert_int_equal(orc_yaml_read(&root, &mistake, text, strlen(text), ORC_YAML_TOLD_KEYS, pool), 0);
    assert_int_equal(root->count, 1);
    assert_int_equal(mistake.repeated->nelts, ORC_YAML_MAX_REPEATED);
}

static void an_alias_bomb_is_refused_by_its_nodes(void **state)
{
    const char *text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
    int i;

    for (i = 1; i < 9; i++)
        text = apr_psprintf(pool, "%sa%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", text, i, i, i - 1,
                            i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    refused_yaml(text, 6, 0, "too many nodes");
    text = apr_pstrcat(pool, "a: &a \"", repeated("x", 10000), "\"\nb: [", repeated("*a,", 1000), "]\n", NULL);
    refused_yaml(text, 2, 0, "too much text");
}

static int read_trusted(apr_size_t depth)
{
    const char *text = apr_pstrcat(pool, repeated("[", depth), repeated("]", depth), NULL);
    const orc_yaml_node_t *root;
    orc_yaml_mistake_t mistake;

    return orc_yaml_read(&root, &mistake, text, strlen(text), ORC_YAML_LAST_KEY, pool);
}

static void deep_documents_are_refused(void **state)
{
    refused_yaml(repeated("[", 1100), 1, 65, "too deep");
    refused_yaml(repeated("[", 100000), 1, 65, "too deep");
    refused_yaml(repeated("{a: ", 100000), 1, 0, "too deep");
    refused_yaml(repeated("- ", 100000), 1, 129, "too deep");
    assert_int_equal(read_yaml(apr_pstrcat(pool, repeated("[", 64), repeated("]", 64), NULL))->height, 64);
    /* What is no user's may be 8 times as deep. */
    assert_int_equal(read_trusted(512), 0);
    assert_int_equal(read_trusted(513), -1);
    /* Depth that an alias brings counts too. */
    refused_yaml(apr_pstrcat(pool, "a: &a ", repeated("[", 40), repeated("]", 40), "\nb: ", repeated("[", 40), "*a",
                             repeated("]", 40), "\n", NULL),
                 2, 0, "too deep");
}

static void thirty_thousand_anchors_are_refused(void **state)
{
    const char *part = "";
    int i;

    for (i = 0; i < 100; i++)
        part = apr_psprintf(pool, "%s- &a%d x\n", part, i);
    refused_yaml(repeated(part, 300), 501, 3, "too many anchors");
}

/* Keys that one hash function after the other gives one value: APR's, for every seed. */
static void keys_that_are_chosen_to_collide_are_read_quickly(void **state)
{
    enum { PAIRS = 15 };
    char *text = apr_palloc(pool, (1 << PAIRS) * (2 * PAIRS + 2) + 1), *at = text;
    clock_t start = clock();
    int i, j;

    for (i = 0; i < 1 << PAIRS; i++) {
        for (j = 0; j < PAIRS; j++, at += 2)
            memcpy(at, i >> j & 1 ? "FY" : "Ez", 2);
        memcpy(at, ":\n", 2);
        at += 2;
    }
    *at = '\0';
    assert_int_equal(read_yaml(text)->count, 1 << PAIRS);
    assert_quick(start);
}

static void many_keys_may_be_there_twice_in_a_trusted_text(void **state)
{
    char *text = apr_palloc(pool, 4 * 1024 * 1024), *at = text;
    const orc_yaml_node_t *root;
    orc_yaml_mistake_t mistake;
    clock_t start = clock();
    int i;

    for (i = 0; i < 200000; i++)
        at += snprintf(at, 32, "key%d: %d\n", i % 100000, i);
    assert_int_equal(orc_yaml_read(&root, &mistake, text, (apr_size_t)(at - text), ORC_YAML_LAST_KEY, pool), 0);
    assert_int_equal(root->count, 100000);
    assert_string_equal(root->pairs[7].key->text, "key7");
    assert_string_equal(orc_yaml_get(root, "key7")->text, "100007");
    assert_quick(start);
}

static void there_are_not_many_directives(void **state)
{
    const char *many = "";
    clock_t start = clock();
    int i;

    for (i = 0; i < 17; i++)
        many = apr_psprintf(pool, "%s%%TAG !a%d! x%s", many, i, i % 2 ? "\n" : "\r");
    refused_yaml(apr_pstrcat(pool, many, "--- a\n", NULL), 1, 1, "too many directives");
    refused_yaml(repeated("%A\xe2\x80\xa8", 100000), 1, 1, "too many directives");
    read_yaml(apr_pstrcat(pool, "%YAML 1.1\n%TAG !a! x\n---\na: |\n", repeated("  % 100%\n", 100), NULL));
    assert_quick(start);
}

static void cyclic_and_unknown_aliases_are_refused(void **state)
{
    refused_yaml("a: &a [x, *a]\n", 1, 11, "cyclic alias");
    refused_yaml("a: &a {b: {c: *a}}\n", 1, 15, "cyclic alias");
    refused_yaml("a: *nobody\n", 1, 4, "unknown alias");
}

static void huge_documents_are_refused(void **state)
{
    const char *text = repeated("- abcdefgh\n", 100000);

    refused_at(text, strlen(text), 1, 1, "too long: at most 1048576 bytes");
    text = repeated("- a\n", 250000);
    refused_at(text, strlen(text), 100000, 0, "too many nodes");
    text = repeated("a: 1\n", 200000);
    refused_at(text, strlen(text), 0, 0, "too many nodes");
}

static void a_valid_document_of_hundreds_of_kilobytes_is_taken(void **state)
{
    const char *text = "nodes:\n";
    char line[64];
    char *all = apr_palloc(pool, 900000), *end = all;
    int i;

    end = apr_cpystrn(end, text, 100);
    for (i = 0; i < 12000; i++) {
        apr_snprintf(line, sizeof(line), "  node_%d: {type: tosca.nodes.Compute, x: 1}\n", i);
        end = apr_cpystrn(end, line, sizeof(line));
    }
    assert_true(end - all > 500000);
    assert_int_equal(orc_yaml_get(read_yaml(all), "nodes")->count, 12000);
}

static void only_one_document_is_taken(void **state)
{
    refused_yaml("a: 1\n---\nb: 2\n", 2, 1, "a second document");
    refused_yaml("", 1, 1, "empty");
    refused_yaml("# nothing\n", 2, 1, "empty");
    read_yaml("---\na: 1\n...\n");
    read_yaml("\xef\xbb\xbf"
              "a: 1\n");
}

static void what_is_not_yaml_is_refused_with_its_place(void **state)
{
    refused_yaml("a: [1, 2\nb: 3\n", 2, 0, "");
    refused_yaml("a: \"x\n", 2, 0, "");
    refused_yaml("a: b: c\n", 1, 5, "mapping values are not allowed");
    refused_yaml("\tb: 1\n", 1, 1, "");
    refused_at("a: \xff\n", 5, 0, 0, "UTF-8");
    refused_at("a: \0\n", 5, 0, 0, "");
    refused_at("a: \"\\0\"\n", 8, 1, 4, "NUL");
    refused_at("a: \x01\n", 5, 0, 0, "");
}

static void keys_are_words(void **state)
{
    refused_yaml("? [a, b]\n: 1\n", 1, 3, "a key must be a word");
    refused_yaml("?\n: 2\n", 0, 0, "a key is missing");
    assert_int_equal(read_yaml("5: x\n\"\": y\n? z\n: 1\n")->count, 3);
}

static void tags_of_applications_are_refused(void **state)
{
    const orc_yaml_node_t *root = read_yaml("a: !!str 5\nb: !!int \"7\"\nc: ! 5\nd: !!map {}\n");

    assert_int_equal(orc_yaml_type(orc_yaml_get(root, "a")), ORC_YAML_STRING);
    assert_int_equal(orc_yaml_type(orc_yaml_get(root, "b")), ORC_YAML_INTEGER);
    assert_int_equal(orc_yaml_type(orc_yaml_get(root, "c")), ORC_YAML_STRING);
    refused_yaml("a: !!python/object:os.system x\n", 1, 4, "unknown tag");
    refused_yaml("a: !mine {b: 1}\n", 1, 4, "unknown tag");
    refused_yaml("a: !!int x\n", 1, 4, "not what its tag says");
}

static void text_reads_back_as_the_same_tree(void **state)
{
    static const char *const documents[] = {
        "a: \"5\"\nb: 5\nc: '010'\nd: 010\ne: yes\nf: 'yes'\ng: ~\nh:\n",
        "a: |\n  two\n  lines\nb: |-\n  no end\nc: |+\n  ends\n\n\nd: >\n  folded\n  text\n\n  more\n",
        "a: |\n\n  blank first\nb: \"  x\"\nc: |2\n    indented\n",
        "a: [[1, [2]], [], {}, {x: [{y: 1, z: 2}]}]\n",
        "\"a: b\": \"c # d\"\n'- x': '? y'\n",
        "a: \"\\t\\x01\\u2028\\ufeff\\U0001F600\\\"\\\\\\/\\r\"\n",
        "a: plain text over\n  two lines\nb: plain\n\n  with a blank line\n",
        "[1, 2]\n",
        "just a word\n",
        "{}\n",
    };
    size_t i;

    for (i = 0; i < sizeof(documents) / sizeof(*documents); i++) {
        const orc_yaml_node_t *root = read_yaml(documents[i]);
        const char *text = orc_yaml_write(root, pool);
        const orc_yaml_node_t *again = read_yaml(text);

        assert_string_equal(orc_json_text(orc_json_own(orc_yaml_to_json(again), pool), pool),
                            orc_json_text(orc_json_own(orc_yaml_to_json(root), pool), pool));
        assert_string_equal(orc_yaml_write(again, pool), text);
    }
}

static void text_looks_as_people_write_it(void **state)
{
    const char *text = "a: 1\n"
                       "b:\n"
                       "  - x: \"5\"\n"
                       "    y: |\n"
                       "      two\n"
                       "      lines\n"
                       "  - - 1\n"
                       "    - null\n"
                       "  - []\n"
                       "c: {}\n";

    assert_string_equal(orc_yaml_write(read_yaml(text), pool), text);
}

static void json_becomes_yaml_that_means_the_same(void **state)
{
    const char *text = "{\"a\":[1,-2,true,false,null,\"\",\"yes\",\"1.0\",\"~\"],\"b\":{\"no\":\"x\",\"5\":\"y\"},"
                       "\"big\":9223372036854775807,\"f\":1e300,\"g\":0.1,\"h\":-1.0,\"i\":1e-7}";
    json_t *value = json(text);
    const char *yaml = orc_yaml_write(orc_yaml_from_json(value, pool), pool);
    json_t *again = orc_json_own(orc_yaml_to_json(read_yaml(yaml)), pool);

    assert_true(json_equal(value, again));
    assert_contains(yaml, "f: 1.0e+300\n");
    assert_contains(yaml, "g: 0.1\n");
    assert_contains(yaml, "i: 1.0e-07\n");
    assert_contains(yaml, "\"no\": \"x\"\n");
    assert_contains(yaml, "big: 9223372036854775807\n");
}

/* A block of short lines deep in the tree would be white space for the most part. */
static void text_is_not_much_longer_than_the_tree(void **state)
{
    const char *block = apr_pstrcat(pool, "a: &a |\n", repeated("  b\n", 20000), "b: ", NULL);
    const orc_yaml_node_t *root =
        read_yaml(apr_pstrcat(pool, block, repeated("[", 60), "*a, *a, *a, *a", repeated("]", 60), "\n", NULL));
    const char *text = orc_yaml_write(root, pool);

    assert_true(strlen(text) < 5 * root->bytes);
    assert_contains(text, "a: |\n  b\n  b\n");
    assert_true(
        json_equal(orc_json_own(orc_yaml_to_json(root), pool), orc_json_own(orc_yaml_to_json(read_yaml(text)), pool)));
}

static void what_pyyaml_reads_in_another_way_is_quoted(void **state)
{
    static const char text[] = "- \"=\"\n- \"<<\"\n- \"0x_\"\n- \"-0b__\"\n- \"2001-13-01\"\n- \"2000-02-29\"\n"
                               "- \"2001-12-14 23:59:59.9 -23:59\"\n- ==\n- 0x_1\n- 2001-1-1\n- 010\n";

    const orc_yaml_node_t *root =
        read_yaml("[=, <<, 0x_, -0b__, 2001-13-01, 2000-02-29, 2001-12-14 23:59:59.9 -23:59, ==,\n"
                  "0x_1, 2001-1-1, 010]");

    assert_string_equal(orc_yaml_write(root, pool), text);
    assert_true(
        json_equal(orc_json_own(orc_yaml_to_json(root), pool), orc_json_own(orc_yaml_to_json(read_yaml(text)), pool)));
}

static void keys_are_texts(void **state)
{
    static const char text[] = "\"010\": 1\n\"yes\": 2\n\"~\": 3\n\"1.10\": 4\n\"2000-02-29\": 5\nplain: 6\n";

    assert_string_equal(orc_yaml_write(read_yaml("{010: 1, yes: 2, ~: 3, 1.10: 4, 2000-02-29: 5, plain: 6}"), pool),
                        text);
}

static void keys_with_spaces_that_are_none_are_refused(void **state)
{
    refused_yaml("a:\n  \xc2\xa0"
                 "b: 1\n",
                 2, 3,
                 "the key \"\xc2\xa0"
                 "b\" has a no-break space");
    refused_yaml("\xe3\x80\x80"
                 "b: 1\n",
                 1, 1, "has a no-break space");
    refused_yaml("? \xe2\x80\xaf"
                 "b\n: 1\n",
                 1, 3, "has a no-break space");
    read_yaml("\"\xc2\xa0"
              "b\": 1\nc: x\xc2\xa0y\nd\xc3\xa9: 1\n");
}

static void a_long_key_is_written_so_that_it_can_be_read(void **state)
{
    const char *key = repeated("k ", 800);
    json_t *object = orc_json_own(json_object(), pool);
    const char *text;

    json_object_set_new(object, key, json_pack("{s:i}", "a", 1));
    text = orc_yaml_write(orc_yaml_from_json(object, pool), pool);
    assert_int_equal(memcmp(text, "? ", 2), 0);
    assert_true(json_equal(object, orc_json_own(orc_yaml_to_json(read_yaml(text)), pool)));
}

static void a_byte_order_mark_is_no_part_of_the_document(void **state)
{
    const orc_yaml_node_t *root = read_yaml("\xef\xbb\xbf"
                                            "a: 1\nb: 2\n");

    assert_int_equal(root->column, 1);
    assert_string_equal(orc_yaml_text(orc_yaml_get(root, "a")), "1");
    assert_string_equal(orc_yaml_text(orc_yaml_get(root, "b")), "2");
}

static void something_is_set_within_a_copy(void **state)
{
    const orc_yaml_node_t *root = read_yaml("a: {b: 1, c: {d: 2}}\ne: []\n"), *value = orc_yaml_new_plain("3", pool);
    const char *before = orc_yaml_write(root, pool);

    assert_string_equal(orc_yaml_write(orc_yaml_with(root, value, pool, "a", "c", "d", NULL), pool),
                        "a:\n  b: 1\n  c:\n    d: 3\ne: []\n");
    assert_string_equal(orc_yaml_write(orc_yaml_with(root, value, pool, "e", "f", NULL), pool),
                        "a:\n  b: 1\n  c:\n    d: 2\ne:\n  f: 3\n");
    assert_string_equal(orc_yaml_write(orc_yaml_with(NULL, value, pool, "g", "h", NULL), pool), "g:\n  h: 3\n");
    assert_string_equal(orc_yaml_write(root, pool), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_know_their_line_and_column),
        cmocka_unit_test(plain_scalars_are_what_pyyaml_takes_them_for),
        cmocka_unit_test(numbers_of_yaml_1_1_have_their_values),
        cmocka_unit_test(merge_keys_are_resolved_and_own_keys_count_more),
        cmocka_unit_test(the_last_of_a_key_twice_counts_and_is_told),
        cmocka_unit_test(many_keys_that_are_there_twice_are_not_all_told),
        cmocka_unit_test(an_alias_bomb_is_refused_by_its_nodes),
        cmocka_unit_test(deep_documents_are_refused),
        cmocka_unit_test(thirty_thousand_anchors_are_refused),
        cmocka_unit_test(cyclic_and_unknown_aliases_are_refused),
        cmocka_unit_test(huge_documents_are_refused),
        cmocka_unit_test(a_valid_document_of_hundreds_of_kilobytes_is_taken),
        cmocka_unit_test(only_one_document_is_taken),
        cmocka_unit_test(what_is_not_yaml_is_refused_with_its_place),
        cmocka_unit_test(keys_are_words),
        cmocka_unit_test(tags_of_applications_are_refused),
        cmocka_unit_test(text_reads_back_as_the_same_tree),
        cmocka_unit_test(text_looks_as_people_write_it),
        cmocka_unit_test(json_becomes_yaml_that_means_the_same),
        cmocka_unit_test(text_is_not_much_longer_than_the_tree),
        cmocka_unit_test(what_pyyaml_reads_in_another_way_is_quoted),
        cmocka_unit_test(keys_are_texts),
        cmocka_unit_test(keys_with_spaces_that_are_none_are_refused),
        cmocka_unit_test(a_long_key_is_written_so_that_it_can_be_read),
        cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_document),
        cmocka_unit_test(keys_that_are_chosen_to_collide_are_read_quickly),
        cmocka_unit_test(many_keys_may_be_there_twice_in_a_trusted_text),
        cmocka_unit_test(there_are_not_many_directives),
        cmocka_unit_test(something_is_set_within_a_copy),
    };

    return cmocka_run_group_tests_name("tosca_yaml", tests, setup, teardown);
}
