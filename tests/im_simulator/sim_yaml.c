/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_yaml.h"

#include <apr_strings.h>
#include <errno.h>
#include <pthread.h>
#include <regex.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define MAX_DEPTH   64
#define MAX_NODES   50000
#define MAX_ENTRIES 4096
#define STRING_TAG  "tag:yaml.org,2002:str"

/* The implicit types of YAML 1.1 as PyYAML has them. */
#define INT_PATTERN                                                                                                    \
    "^([-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+)$"
#define FLOAT_PATTERN                                                                                                  \
    "^([-+]?[0-9][0-9_]*\\.[0-9_]*([eE][-+][0-9]+)?|\\.[0-9][0-9_]*([eE][-+][0-9]+)?|"                                 \
    "[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\\.[0-9_]*|[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN))$"
#define DATE_PATTERN                                                                                                   \
    "^([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}"             \
    "(\\.[0-9]*)?([ \t]*(Z|[-+][0-9]{1,2}(:[0-9]{2})?))?)$"

static regex_t int_regex, float_regex, date_regex;
static pthread_once_t regexes_once = PTHREAD_ONCE_INIT;

static void compile_regexes(void)
{
    if (regcomp(&int_regex, INT_PATTERN, REG_EXTENDED | REG_NOSUB) ||
        regcomp(&float_regex, FLOAT_PATTERN, REG_EXTENDED | REG_NOSUB) ||
        regcomp(&date_regex, DATE_PATTERN, REG_EXTENDED | REG_NOSUB)) {
        abort();
    }
}

static int is_one_of(const char *text, const char *const *words)
{
    for (; *words; words++) {
        if (!strcmp(text, *words)) {
            return 1;
        }
    }
    return 0;
}

static sim_kind_t plain_kind(const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const bools[] = {"yes", "Yes", "YES", "no",  "No",  "NO",    "true",  "True",  "TRUE", "on",
                                        "On",  "ON",  "off", "Off", "OFF", "false", "False", "FALSE", NULL};

    if (is_one_of(text, nulls)) {
        return SIM_NULL;
    }
    if (!strchr("-+.0123456789nNyYtTfFoO<=", *text)) {
        return SIM_STRING;
    }
    if (is_one_of(text, bools)) {
        return SIM_BOOL;
    }
    if (!strcmp(text, "<<") || !strcmp(text, "=")) {
        return SIM_OTHER;
    }
    if (!strchr("-+.0123456789", *text)) {
        return SIM_STRING;
    }
    pthread_once(&regexes_once, compile_regexes);
    if (!regexec(&int_regex, text, 0, NULL, 0)) {
        return SIM_INT;
    }
    if (!regexec(&float_regex, text, 0, NULL, 0)) {
        return SIM_FLOAT;
    }
    return regexec(&date_regex, text, 0, NULL, 0) ? SIM_STRING : SIM_OTHER;
}

static sim_node_t *node_new(sim_kind_t kind, const char *text, apr_pool_t *pool)
{
    sim_node_t *node = apr_pcalloc(pool, sizeof(*node));
    node->kind = kind;
    node->text = text;
    node->size = 1;
    return node;
}

static void node_add(sim_node_t *parent, sim_node_t *key, sim_node_t *value, apr_pool_t *pool)
{
    if (parent->count == parent->room) {
        int room = parent->room ? parent->room * 2 : 4;
        sim_node_t **values = apr_pcalloc(pool, room * sizeof(*values));
        sim_node_t **keys = apr_pcalloc(pool, room * sizeof(*keys));
        if (parent->count) {
            memcpy(values, parent->values, parent->count * sizeof(*values));
            memcpy(keys, parent->keys, parent->count * sizeof(*keys));
        }
        parent->values = values;
        parent->keys = keys;
        parent->room = room;
    }
    parent->keys[parent->count] = key;
    parent->values[parent->count++] = value;
    parent->size += value->size + 1;
}

static int node_find(const sim_node_t *map, const char *key, sim_kind_t kind)
{
    for (int i = 0; i < map->count; i++) {
        if (map->keys[i]->text && map->keys[i]->kind == kind && !strcmp(map->keys[i]->text, key)) {
            return i;
        }
    }
    return -1;
}

/* The last of two equal keys wins, as in PyYAML. */
static void map_set(sim_node_t *map, sim_node_t *key, sim_node_t *value, apr_pool_t *pool)
{
    int i = key->text ? node_find(map, key->text, key->kind) : -1;
    if (i >= 0) {
        map->values[i] = value;
    }
    else {
        node_add(map, key, value, pool);
    }
}

/* ---- reading ---- */

typedef struct {
    yaml_parser_t parser;
    apr_pool_t *pool;
    const char *source;
    const char *problem;
    sim_node_t *anchors; /* a map from anchor to node */
    int nodes;
} reader_t;

static sim_node_t *read_node(reader_t *reader, yaml_event_t *event, int depth);

/* A line of the source for a message: what is no ASCII becomes a question mark, so that it always is UTF-8. */
static const char *source_line(const reader_t *reader, size_t number)
{
    const char *line = reader->source;
    char *copy;

    for (; number > 0 && strchr(line, '\n'); number--) {
        line = strchr(line, '\n') + 1;
    }
    copy = apr_pstrmemdup(reader->pool, line, strcspn(line, "\n"));
    for (char *c = copy; *c; c++) {
        *c = (unsigned char)*c < 0x80 ? *c : '?';
    }
    return copy;
}

/* IM passes PyYAML's message on: context, problem and the place with the offending line. */
static const char *parser_problem(reader_t *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    int column = parser->problem_mark.column < 200 ? (int)parser->problem_mark.column : 200;

    return apr_psprintf(reader->pool, "%s%s%s\n  in \"<unicode string>\", line %lu, column %lu:\n    %s\n    %*s^",
                        parser->context ? parser->context : "", parser->context ? "\n" : "",
                        parser->problem ? parser->problem : "could not be read",
                        (unsigned long)parser->problem_mark.line + 1, (unsigned long)parser->problem_mark.column + 1,
                        source_line(reader, parser->problem_mark.line), column, "");
}

static int next_event(reader_t *reader, yaml_event_t *event)
{
    if (!yaml_parser_parse(&reader->parser, event)) {
        reader->problem = parser_problem(reader);
        return 0;
    }
    return 1;
}

static void remember_anchor(reader_t *reader, const yaml_char_t *anchor, sim_node_t *node)
{
    if (anchor) {
        const char *name = apr_pstrdup(reader->pool, (const char *)anchor);
        map_set(reader->anchors, node_new(SIM_STRING, name, reader->pool), node, reader->pool);
    }
}

static sim_node_t *read_scalar(reader_t *reader, const yaml_event_t *event)
{
    const char *text = apr_pstrmemdup(reader->pool, (const char *)event->data.scalar.value, event->data.scalar.length);
    const char *tag = (const char *)event->data.scalar.tag;
    int is_string = tag ? !strcmp(tag, STRING_TAG) || !strcmp(tag, "!") : !event->data.scalar.plain_implicit;
    sim_node_t *node;

    if (strlen(text) != event->data.scalar.length) {
        reader->problem = "special characters are not allowed";
        return NULL;
    }
    if (tag && *tag == '!' && tag[1]) {
        reader->problem = apr_psprintf(reader->pool, "could not determine a constructor for the tag '%s'", tag);
        return NULL;
    }
    node = node_new(is_string ? SIM_STRING : plain_kind(text), text, reader->pool);
    remember_anchor(reader, event->data.scalar.anchor, node);
    return node;
}

static sim_node_t *read_alias(reader_t *reader, const yaml_event_t *event)
{
    sim_node_t *node = sim_node_get(reader->anchors, (const char *)event->data.alias.anchor);
    if (!node) {
        reader->problem = apr_psprintf(reader->pool, "found undefined alias '%s'", event->data.alias.anchor);
        return NULL;
    }
    reader->nodes += node->size;
    return node;
}

static void merge_defaults(sim_node_t *map, const sim_node_t *from, apr_pool_t *pool)
{
    if (from->kind == SIM_LIST) {
        for (int i = 0; i < from->count; i++) {
            merge_defaults(map, from->values[i], pool);
        }
    }
    else if (from->kind == SIM_MAP) {
        for (int i = 0; i < from->count; i++) {
            if (!from->keys[i]->text || node_find(map, from->keys[i]->text, from->keys[i]->kind) < 0) {
                node_add(map, from->keys[i], from->values[i], pool);
            }
        }
    }
}

static void apply_merge_key(sim_node_t *map, apr_pool_t *pool)
{
    int i = node_find(map, "<<", SIM_OTHER);
    sim_node_t *from;

    if (i < 0) {
        return;
    }
    from = map->values[i];
    map->count--;
    memmove(map->keys + i, map->keys + i + 1, (map->count - i) * sizeof(*map->keys));
    memmove(map->values + i, map->values + i + 1, (map->count - i) * sizeof(*map->values));
    merge_defaults(map, from, pool);
}

/* The children of a list or map up to its end event. */
static sim_node_t *read_collection(reader_t *reader, sim_kind_t kind, yaml_event_type_t end, int depth)
{
    sim_node_t *node = node_new(kind, NULL, reader->pool), *key = NULL;
    yaml_event_t event;

    for (;;) {
        sim_node_t *child;
        if (!next_event(reader, &event)) {
            return NULL;
        }
        if (event.type == end) {
            yaml_event_delete(&event);
            break;
        }
        child = read_node(reader, &event, depth + 1);
        yaml_event_delete(&event);
        if (!child) {
            return NULL;
        }
        if (kind == SIM_MAP && !key) {
            key = child;
            continue;
        }
        if (kind == SIM_MAP && (!key->text || node->count == MAX_ENTRIES)) {
            reader->problem = key->text ? "too many keys" : "found unhashable key";
            return NULL;
        }
        if (kind == SIM_MAP) {
            map_set(node, key, child, reader->pool);
            key = NULL;
        }
        else {
            node_add(node, NULL, child, reader->pool);
        }
    }
    if (kind == SIM_MAP) {
        apply_merge_key(node, reader->pool);
    }
    return node;
}

static sim_node_t *read_node(reader_t *reader, yaml_event_t *event, int depth)
{
    sim_node_t *node = NULL;

    if (depth > MAX_DEPTH || ++reader->nodes > MAX_NODES) {
        reader->problem = depth > MAX_DEPTH ? "maximum recursion depth exceeded" : "the document is too large";
        return NULL;
    }
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(reader, event);
    case YAML_ALIAS_EVENT:
        return read_alias(reader, event);
    case YAML_SEQUENCE_START_EVENT:
        node = read_collection(reader, SIM_LIST, YAML_SEQUENCE_END_EVENT, depth);
        if (node) {
            remember_anchor(reader, event->data.sequence_start.anchor, node);
        }
        return node;
    case YAML_MAPPING_START_EVENT:
        node = read_collection(reader, SIM_MAP, YAML_MAPPING_END_EVENT, depth);
        if (node) {
            remember_anchor(reader, event->data.mapping_start.anchor, node);
        }
        return node;
    default:
        reader->problem = "expected a single document in the stream";
        return NULL;
    }
}

static sim_node_t *read_document(reader_t *reader)
{
    sim_node_t *root = NULL;
    yaml_event_t event;
    int done = 0;

    while (!done && next_event(reader, &event)) {
        switch (event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
        case YAML_DOCUMENT_START_EVENT:
            if (root) {
                reader->problem = "expected a single document in the stream";
            }
            break;
        case YAML_STREAM_END_EVENT:
            done = 1;
            break;
        default:
            root = read_node(reader, &event, 0);
            break;
        }
        yaml_event_delete(&event);
        if (reader->problem) {
            return NULL;
        }
    }
    return root ? root : node_new(SIM_NULL, "", reader->pool);
}

const char *sim_yaml_read(sim_node_t **node, const char *text, apr_size_t length, apr_pool_t *pool)
{
    reader_t reader = {.pool = pool, .source = text};

    *node = NULL;
    if (!yaml_parser_initialize(&reader.parser)) {
        return "out of memory";
    }
    reader.anchors = node_new(SIM_MAP, NULL, pool);
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
    *node = read_document(&reader);
    yaml_parser_delete(&reader.parser);
    return reader.problem;
}

/* ---- writing ---- */

typedef struct {
    yaml_emitter_t emitter;
    apr_pool_t *pool;
    char *text;
    apr_size_t length, room;
} writer_t;

static int append_output(void *data, unsigned char *buffer, size_t size)
{
    writer_t *writer = data;
    if (writer->length + size + 1 > writer->room) {
        apr_size_t room = (writer->length + size + 1) * 2;
        char *text = apr_palloc(writer->pool, room);
        if (writer->length) {
            memcpy(text, writer->text, writer->length);
        }
        writer->text = text;
        writer->room = room;
    }
    memcpy(writer->text + writer->length, buffer, size);
    writer->length += size;
    writer->text[writer->length] = '\0';
    return 1;
}

static int emit_node(writer_t *writer, const sim_node_t *node);

/* An entry of a map, for sorting. */
typedef struct {
    const sim_node_t *key, *value;
} entry_t;

static int compare_entries(const void *left, const void *right)
{
    return strcmp(((const entry_t *)left)->key->text, ((const entry_t *)right)->key->text);
}

static int emit_scalar(writer_t *writer, const sim_node_t *node)
{
    yaml_event_t event;
    const char *text = node->kind == SIM_NULL ? "null" : node->text;
    int is_string = node->kind == SIM_STRING;
    int quoted = is_string && plain_kind(text) != SIM_STRING;

    return yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), !quoted,
                                        is_string, quoted ? YAML_SINGLE_QUOTED_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE) &&
           yaml_emitter_emit(&writer->emitter, &event);
}

static int emit_map(writer_t *writer, const sim_node_t *node)
{
    yaml_event_t event;
    entry_t *sorted = apr_palloc(writer->pool, (node->count + 1) * sizeof(*sorted));

    for (int i = 0; i < node->count; i++) {
        sorted[i] = (entry_t){node->keys[i], node->values[i]};
    }
    qsort(sorted, node->count, sizeof(*sorted), compare_entries);
    if (!yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE) ||
        !yaml_emitter_emit(&writer->emitter, &event)) {
        return 0;
    }
    for (int i = 0; i < node->count; i++) {
        if (!emit_scalar(writer, sorted[i].key) || !emit_node(writer, sorted[i].value)) {
            return 0;
        }
    }
    return yaml_mapping_end_event_initialize(&event) && yaml_emitter_emit(&writer->emitter, &event);
}

static int emit_list(writer_t *writer, const sim_node_t *node)
{
    yaml_event_t event;
    if (!yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE) ||
        !yaml_emitter_emit(&writer->emitter, &event)) {
        return 0;
    }
    for (int i = 0; i < node->count; i++) {
        if (!emit_node(writer, node->values[i])) {
            return 0;
        }
    }
    return yaml_sequence_end_event_initialize(&event) && yaml_emitter_emit(&writer->emitter, &event);
}

static int emit_node(writer_t *writer, const sim_node_t *node)
{
    if (node->kind == SIM_MAP) {
        return emit_map(writer, node);
    }
    return node->kind == SIM_LIST ? emit_list(writer, node) : emit_scalar(writer, node);
}

const char *sim_yaml_write(const sim_node_t *node, apr_pool_t *pool)
{
    writer_t writer = {.pool = pool};
    yaml_event_t event;
    int done;

    if (!yaml_emitter_initialize(&writer.emitter)) {
        return NULL;
    }
    yaml_emitter_set_output(&writer.emitter, append_output, &writer);
    yaml_emitter_set_width(&writer.emitter, 80);
    done = yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
           yaml_emitter_emit(&writer.emitter, &event) &&
           yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) &&
           yaml_emitter_emit(&writer.emitter, &event) && emit_node(&writer, node) &&
           yaml_document_end_event_initialize(&event, 1) && yaml_emitter_emit(&writer.emitter, &event) &&
           yaml_stream_end_event_initialize(&event) && yaml_emitter_emit(&writer.emitter, &event);
    yaml_emitter_delete(&writer.emitter);
    return done ? (writer.text ? writer.text : "") : NULL;
}

/* ---- looking ---- */

sim_node_t *sim_node_get(const sim_node_t *map, const char *key)
{
    int i = map && map->kind == SIM_MAP ? node_find(map, key, SIM_STRING) : -1;
    return i < 0 ? NULL : map->values[i];
}

sim_node_t *sim_node_path(const sim_node_t *map, ...)
{
    const sim_node_t *node = map;
    const char *key;
    va_list keys;

    va_start(keys, map);
    while (node && (key = va_arg(keys, const char *))) {
        node = sim_node_get(node, key);
    }
    va_end(keys);
    return (sim_node_t *)node;
}

const char *sim_node_string(const sim_node_t *node)
{
    return node && node->kind == SIM_STRING ? node->text : NULL;
}

/* The value of YAML 1.1's integer forms: underscores, 0b, 0x, leading 0 for octal, base 60. */
static json_int_t integer_value(const char *text)
{
    char digits[64];
    apr_size_t length = 0;
    int base = 0, sign = 1;
    json_int_t value;
    char *rest;

    if (*text == '-' || *text == '+') {
        sign = *text++ == '-' ? -1 : 1;
    }
    for (; *text && length < sizeof(digits) - 1; text++) {
        if (*text != '_') {
            digits[length++] = *text;
        }
    }
    digits[length] = '\0';
    if (!strncmp(digits, "0b", 2)) {
        return sign * strtoll(digits + 2, NULL, 2);
    }
    value = strtoll(digits, &rest, base);
    while (*rest == ':') {
        value = value * 60 + strtoll(rest + 1, &rest, 10);
    }
    return sign * value;
}

json_int_t sim_node_integer(const sim_node_t *node, json_int_t fallback)
{
    if (node && (node->kind == SIM_INT || (node->kind == SIM_STRING && plain_kind(node->text) == SIM_INT))) {
        return integer_value(node->text);
    }
    return fallback;
}

void sim_node_set_string(sim_node_t *node, const char *text)
{
    node->kind = SIM_STRING;
    node->text = text;
}

json_t *sim_node_json(const sim_node_t *node)
{
    json_t *value;

    switch (node ? node->kind : SIM_NULL) {
    case SIM_BOOL:
        return json_boolean(strchr("yYtT", *node->text) || !strcasecmp(node->text, "on"));
    case SIM_INT:
        return json_integer(integer_value(node->text));
    case SIM_FLOAT:
        value = json_real(strtod(node->text, NULL));
        return value ? value : json_string(node->text);
    case SIM_STRING:
    case SIM_OTHER:
        return json_string(node->text);
    case SIM_LIST:
        value = json_array();
        for (int i = 0; i < node->count; i++) {
            json_array_append_new(value, sim_node_json(node->values[i]));
        }
        return value;
    case SIM_MAP:
        value = json_object();
        for (int i = 0; i < node->count; i++) {
            json_object_set_new(value, node->keys[i]->text, sim_node_json(node->values[i]));
        }
        return value;
    default:
        return json_null();
    }
}

static sim_node_t *node_copy(const sim_node_t *node, apr_pool_t *pool)
{
    sim_node_t *copy = node_new(node->kind, node->text ? apr_pstrdup(pool, node->text) : NULL, pool);
    for (int i = 0; i < node->count; i++) {
        sim_node_t *key = node->keys[i] ? node_copy(node->keys[i], pool) : NULL;
        node_add(copy, key, node_copy(node->values[i], pool), pool);
    }
    return copy;
}

sim_node_t *sim_node_merge(sim_node_t *to, const sim_node_t *from, apr_pool_t *pool)
{
    if (!to || to->kind != from->kind || (to->kind != SIM_MAP && to->kind != SIM_LIST)) {
        return node_copy(from, pool);
    }
    for (int i = 0; i < from->count; i++) {
        int at =
            to->kind == SIM_LIST ? (i < to->count ? i : -1) : node_find(to, from->keys[i]->text, from->keys[i]->kind);
        if (at >= 0) {
            to->values[at] = sim_node_merge(to->values[at], from->values[i], pool);
        }
        else {
            node_add(to, from->keys[i] ? node_copy(from->keys[i], pool) : NULL, node_copy(from->values[i], pool), pool);
        }
    }
    return to;
}
