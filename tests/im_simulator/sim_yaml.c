/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_yaml.h"

#include "sim_python.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define MAX_DEPTH   64
#define MAX_NODES   50000
#define MAX_ENTRIES 4096

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
        sim_node_set(reader->anchors, sim_node_new(SIM_STRING, name, reader->pool), node, reader->pool);
    }
}

static void *refuse_tag(reader_t *reader, const char *tag)
{
    reader->problem = apr_psprintf(reader->pool, "could not determine a constructor for the tag '%s'", tag);
    return NULL;
}

/* A text that a tag makes a number of its own kind is written as such, so that it loads back without the tag. */
static const char *untagged_text(sim_kind_t kind, const char *text, apr_pool_t *pool)
{
    char number[64];

    if (kind == SIM_NULL) {
        return "";
    }
    if (kind != SIM_FLOAT || sim_scalar_kind(text) == SIM_FLOAT) {
        return text;
    }
    sim_python_float(number, sizeof(number), sim_scalar_float(text));
    return apr_pstrdup(pool, number);
}

static sim_node_t *read_scalar(reader_t *reader, const yaml_event_t *event)
{
    const char *text = apr_pstrmemdup(reader->pool, (const char *)event->data.scalar.value, event->data.scalar.length);
    const char *tag = (const char *)event->data.scalar.tag;
    sim_kind_t kind = SIM_STRING;
    sim_node_t *node;

    if (strlen(text) != event->data.scalar.length) {
        reader->problem = "special characters are not allowed";
        return NULL;
    }
    if (tag ? !strcmp(tag, "!") : event->data.scalar.plain_implicit) {
        kind = sim_scalar_kind(text);
    }
    else if (tag && !sim_scalar_kind_of_tag(&kind, tag)) {
        return refuse_tag(reader, tag);
    }
    if (kind != SIM_VALUE && kind != SIM_MERGE && (reader->problem = sim_scalar_problem(kind, text, reader->pool))) {
        return NULL;
    }
    node = sim_node_new(kind, untagged_text(kind, text, reader->pool), reader->pool);
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
    for (int i = 0; i < from->count; i++) {
        if (!from->keys[i]->text || sim_node_find(map, from->keys[i]->text, from->keys[i]->kind) < 0) {
            sim_node_add(map, from->keys[i], from->values[i], pool);
        }
    }
}

static const char *kind_of_node(const sim_node_t *node)
{
    return node->kind == SIM_MAP ? "mapping" : node->kind == SIM_LIST ? "sequence" : "scalar";
}

/* 0 when what is to be merged is no map and no list of maps. */
static int apply_merge_key(reader_t *reader, sim_node_t *map)
{
    int i = sim_node_find(map, "<<", SIM_MERGE);
    sim_node_t *from;

    if (i < 0) {
        return 1;
    }
    from = map->values[i];
    map->count--;
    memmove(map->keys + i, map->keys + i + 1, (map->count - i) * sizeof(*map->keys));
    memmove(map->values + i, map->values + i + 1, (map->count - i) * sizeof(*map->values));
    if (from->kind == SIM_MAP) {
        merge_defaults(map, from, reader->pool);
        return 1;
    }
    if (from->kind != SIM_LIST) {
        reader->problem = "expected a mapping or list of mappings for merging, but found scalar";
        return 0;
    }
    for (int at = 0; at < from->count; at++) {
        if (from->values[at]->kind != SIM_MAP) {
            reader->problem = apr_psprintf(reader->pool, "expected a mapping for merging, but found %s",
                                           kind_of_node(from->values[at]));
            return 0;
        }
        merge_defaults(map, from->values[at], reader->pool);
    }
    return 1;
}

/* `=` and `<<` are keys only. */
static int is_value(reader_t *reader, const sim_node_t *node)
{
    if (node->kind == SIM_VALUE || node->kind == SIM_MERGE) {
        reader->problem = sim_scalar_problem(node->kind, node->text, reader->pool);
        return 0;
    }
    return 1;
}

/* One more node of a map: a key, or the value of the key before. Returns 0 and the problem when it can not be. */
static int add_to_map(reader_t *reader, sim_node_t *map, sim_node_t **key, sim_node_t *child)
{
    if (!*key) {
        *key = child->kind == SIM_VALUE ? sim_node_new(SIM_STRING, child->text, reader->pool) : child;
        return 1;
    }
    if (!(*key)->text || map->count == MAX_ENTRIES) {
        reader->problem = (*key)->text ? "too many keys" : "found unhashable key";
        return 0;
    }
    sim_node_set(map, *key, child, reader->pool);
    *key = NULL;
    return is_value(reader, child);
}

/* The children of a list or map up to its end event. */
static sim_node_t *read_collection(reader_t *reader, sim_kind_t kind, yaml_event_type_t end, int depth)
{
    sim_node_t *node = sim_node_new(kind, NULL, reader->pool), *key = NULL;
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
        if (!child || (kind == SIM_MAP ? !add_to_map(reader, node, &key, child) : !is_value(reader, child))) {
            return NULL;
        }
        if (kind == SIM_LIST) {
            sim_node_add(node, NULL, child, reader->pool);
        }
    }
    return kind == SIM_LIST || apply_merge_key(reader, node) ? node : NULL;
}

static sim_node_t *read_tagged_collection(reader_t *reader, const yaml_event_t *event, int depth)
{
    static const char *const tags[] = {"tag:yaml.org,2002:map",  "tag:yaml.org,2002:seq",   "tag:yaml.org,2002:set",
                                       "tag:yaml.org,2002:omap", "tag:yaml.org,2002:pairs", "!"};
    int is_map = event->type == YAML_MAPPING_START_EVENT;
    const char *tag = (const char *)(is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag);
    const yaml_char_t *anchor = is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    size_t known = 0;
    sim_node_t *node;

    while (tag && known < sizeof(tags) / sizeof(*tags) && strcmp(tag, tags[known])) {
        known++;
    }
    if (known == sizeof(tags) / sizeof(*tags)) {
        return refuse_tag(reader, tag);
    }
    node = is_map ? read_collection(reader, SIM_MAP, YAML_MAPPING_END_EVENT, depth)
                  : read_collection(reader, SIM_LIST, YAML_SEQUENCE_END_EVENT, depth);
    if (node) {
        remember_anchor(reader, anchor, node);
    }
    return node;
}

static sim_node_t *read_node(reader_t *reader, yaml_event_t *event, int depth)
{
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
    case YAML_MAPPING_START_EVENT:
        return read_tagged_collection(reader, event, depth);
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
        if (reader->problem || (root && !is_value(reader, root))) {
            return NULL;
        }
    }
    return root ? root : sim_node_new(SIM_NULL, "", reader->pool);
}

const char *sim_yaml_read(sim_node_t **node, const char *text, apr_size_t length, apr_pool_t *pool)
{
    reader_t reader = {.pool = pool, .source = text};

    *node = NULL;
    if (!yaml_parser_initialize(&reader.parser)) {
        return "out of memory";
    }
    reader.anchors = sim_node_new(SIM_MAP, NULL, pool);
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
    int quoted = is_string && sim_scalar_kind(text) != SIM_STRING;

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
