/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_yaml.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <yaml.h>

#include "orc_hash.h"

#define YAML_TAG(name) "tag:yaml.org,2002:" name

/* One reading. An anchor is `open` while the node that it names is still being read. */
typedef struct reader_t {
    yaml_parser_t parser;
    apr_pool_t *pool;
    orc_yaml_mistake_t *mistake;
    orc_yaml_keys_t keys;
    apr_hash_t *anchors; /* name to anchor_t */
    int anchor_count;
    int depth;
    apr_size_t nodes, bytes; /* spent */
} reader_t;

typedef struct anchor_t {
    const orc_yaml_node_t *node; /* NULL while open */
} anchor_t;

static int read_node(const orc_yaml_node_t **out, reader_t *reader, yaml_event_t *event);

static int refuse(reader_t *reader, yaml_mark_t mark, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int refuse(reader_t *reader, yaml_mark_t mark, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    reader->mistake->line = (int)mark.line + 1;
    reader->mistake->column = (int)mark.column + 1;
    reader->mistake->what = apr_pvsprintf(reader->pool, format, args);
    va_end(args);
    return -1;
}

/* libyaml's own refusal. An error of its decoder has a byte offset and no mark; the parser's mark is near enough. */
static int refuse_syntax(reader_t *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem ? parser->problem : "not YAML";

    if (parser->error == YAML_READER_ERROR || parser->error == YAML_MEMORY_ERROR)
        return refuse(reader, parser->mark, "%s", problem);
    if (parser->context)
        return refuse(reader, parser->problem_mark, "%s %s", problem, parser->context);
    return refuse(reader, parser->problem_mark, "%s", problem);
}

static int next_event(reader_t *reader, yaml_event_t *event)
{
    return yaml_parser_parse(&reader->parser, event) ? 0 : refuse_syntax(reader);
}

static int allowed(const reader_t *reader, int limit)
{
    return reader->keys == ORC_YAML_LAST_KEY ? limit * ORC_YAML_TRUSTED : limit;
}

/* Every node passes here once, an aliased one each time it is named: this is what stops an alias bomb. */
static int spend(reader_t *reader, yaml_mark_t mark, apr_size_t nodes, apr_size_t bytes)
{
    reader->nodes += nodes;
    reader->bytes += bytes;
    if (reader->nodes > (apr_size_t)allowed(reader, ORC_YAML_MAX_NODES))
        return refuse(reader, mark, "too many nodes: at most %d, aliases counted as copies",
                      allowed(reader, ORC_YAML_MAX_NODES));
    if (reader->bytes > (apr_size_t)allowed(reader, ORC_YAML_MAX_TREE))
        return refuse(reader, mark, "too much text: at most %d bytes, aliases counted as copies",
                      allowed(reader, ORC_YAML_MAX_TREE));
    return 0;
}

static orc_yaml_node_t *make(reader_t *reader, orc_yaml_kind_t kind, yaml_mark_t mark)
{
    orc_yaml_node_t *node = apr_pcalloc(reader->pool, sizeof(*node));

    node->kind = kind;
    node->line = (int)mark.line + 1;
    node->column = (int)mark.column + 1;
    node->weight = 1;
    return node;
}

static int open_anchor(anchor_t **anchor, reader_t *reader, const yaml_char_t *name, yaml_mark_t mark)
{
    *anchor = NULL;
    if (!name)
        return 0;
    if (++reader->anchor_count > allowed(reader, ORC_YAML_MAX_ANCHORS))
        return refuse(reader, mark, "too many anchors: at most %d", allowed(reader, ORC_YAML_MAX_ANCHORS));
    *anchor = apr_pcalloc(reader->pool, sizeof(**anchor));
    apr_hash_set(reader->anchors, apr_pstrdup(reader->pool, (const char *)name), APR_HASH_KEY_STRING, *anchor);
    return 0;
}

static int read_alias(const orc_yaml_node_t **out, reader_t *reader, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    const anchor_t *anchor = apr_hash_get(reader->anchors, name, APR_HASH_KEY_STRING);

    if (!anchor)
        return refuse(reader, event->start_mark, "unknown alias \"*%.64s\"", name);
    if (!anchor->node)
        return refuse(reader, event->start_mark, "cyclic alias: \"*%.64s\" is used inside of what it names", name);
    if (reader->depth + anchor->node->height > allowed(reader, ORC_YAML_MAX_DEPTH))
        return refuse(reader, event->start_mark, "too deep: at most %d levels", allowed(reader, ORC_YAML_MAX_DEPTH));
    *out = anchor->node;
    return spend(reader, event->start_mark, anchor->node->weight, anchor->node->bytes);
}

/* What an explicit tag makes of a scalar. Tags of an application's own types have no meaning in TOSCA, nor at IM. */
static int apply_tag(orc_yaml_node_t *node, reader_t *reader, const yaml_event_t *event)
{
    static const struct {
        const char *tag;
        orc_yaml_type_t type;
    } known[] = {{YAML_TAG("null"), ORC_YAML_NULL},
                 {YAML_TAG("bool"), ORC_YAML_BOOLEAN},
                 {YAML_TAG("int"), ORC_YAML_INTEGER},
                 {YAML_TAG("float"), ORC_YAML_FLOAT}};
    const char *tag = (const char *)event->data.scalar.tag;
    size_t i;

    if (!strcmp(tag, "!") || !strcmp(tag, YAML_TAG("str"))) {
        if (node->style == ORC_YAML_PLAIN)
            node->style = ORC_YAML_QUOTED;
        return 0;
    }
    node->style = ORC_YAML_PLAIN;
    for (i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (!strcmp(tag, known[i].tag)) {
            if (orc_yaml_type(node) != known[i].type)
                return refuse(reader, event->start_mark, "the value is not what its tag says");
            return 0;
        }
    return refuse(reader, event->start_mark, "unknown tag \"%.64s\"", tag);
}

static int read_scalar(const orc_yaml_node_t **out, reader_t *reader, const yaml_event_t *event)
{
    orc_yaml_node_t *node = make(reader, ORC_YAML_SCALAR, event->start_mark);

    if (memchr(event->data.scalar.value, 0, event->data.scalar.length))
        return refuse(reader, event->start_mark, "a NUL character");
    node->text = apr_pstrmemdup(reader->pool, (const char *)event->data.scalar.value, event->data.scalar.length);
    node->length = node->bytes = event->data.scalar.length;
    switch (event->data.scalar.style) {
    case YAML_PLAIN_SCALAR_STYLE:
        node->style = ORC_YAML_PLAIN;
        break;
    case YAML_LITERAL_SCALAR_STYLE:
    case YAML_FOLDED_SCALAR_STYLE:
        node->style = ORC_YAML_BLOCK;
        break;
    default:
        node->style = ORC_YAML_QUOTED;
    }
    *out = node;
    if (event->data.scalar.tag && apply_tag(node, reader, event))
        return -1;
    return spend(reader, event->start_mark, 1, node->length);
}

static void adopt(orc_yaml_node_t *parent, const orc_yaml_node_t *child)
{
    parent->weight += child->weight;
    parent->bytes += child->bytes;
    if (parent->height <= child->height)
        parent->height = child->height + 1;
}

static int read_sequence(orc_yaml_node_t *node, reader_t *reader)
{
    apr_array_header_t *items = apr_array_make(reader->pool, 4, sizeof(const orc_yaml_node_t *));
    const orc_yaml_node_t *item;
    yaml_event_t event;
    int failed = 0;

    node->height = 1;
    for (;;) {
        if (next_event(reader, &event))
            return -1;
        if (event.type == YAML_SEQUENCE_END_EVENT)
            break;
        failed = read_node(&item, reader, &event);
        yaml_event_delete(&event);
        if (failed)
            return -1;
        APR_ARRAY_PUSH(items, const orc_yaml_node_t *) = item;
        adopt(node, item);
    }
    yaml_event_delete(&event);
    node->items = (const orc_yaml_node_t **)(void *)items->elts;
    node->count = items->nelts;
    return 0;
}

enum { FEW_KEYS = 8 }; /* a mapping with more gets a table of them; most have fewer, and a table is large */

/* A mapping while it is read: `seen` finds duplicates, `merge` is the value of its merge key. */
typedef struct mapping_t {
    apr_pool_t *pool;
    apr_array_header_t *pairs;
    apr_hash_t *seen; /* key to 1 + its place, once there are more than FEW_KEYS */
    const orc_yaml_node_t *merge_key, *merge;
} mapping_t;

static int is_merge_key(const orc_yaml_node_t *key)
{
    return key->style == ORC_YAML_PLAIN && !strcmp(key->text, "<<");
}

/* 1 + the place of a key that the mapping has already, or 0. */
static int find_place(const mapping_t *mapping, const orc_yaml_node_t *key)
{
    int i;

    if (mapping->seen)
        return (int)(intptr_t)apr_hash_get(mapping->seen, key->text, (apr_ssize_t)key->length);
    for (i = 0; i < mapping->pairs->nelts; i++) {
        const orc_yaml_node_t *known = APR_ARRAY_IDX(mapping->pairs, i, orc_yaml_pair_t).key;

        if (known->length == key->length && !memcmp(known->text, key->text, key->length))
            return i + 1;
    }
    return 0;
}

/* Enters the keys from a place on into the table. */
static void index_keys(mapping_t *mapping, int from)
{
    int i;

    for (i = from; i < mapping->pairs->nelts; i++) {
        const orc_yaml_node_t *key = APR_ARRAY_IDX(mapping->pairs, i, orc_yaml_pair_t).key;

        apr_hash_set(mapping->seen, key->text, (apr_ssize_t)key->length, (void *)(intptr_t)(i + 1));
    }
}

/* A key that the mapping has already keeps its place. */
static void add_pair(mapping_t *mapping, const orc_yaml_node_t *key, const orc_yaml_node_t *value)
{
    int place = find_place(mapping, key);
    orc_yaml_pair_t *pair =
        place ? &APR_ARRAY_IDX(mapping->pairs, place - 1, orc_yaml_pair_t) : apr_array_push(mapping->pairs);

    pair->key = key;
    pair->value = value;
    if (place)
        return;
    if (mapping->seen) {
        index_keys(mapping, mapping->pairs->nelts - 1);
    }
    else if (mapping->pairs->nelts > FEW_KEYS) {
        mapping->seen = orc_hash_make(mapping->pool);
        index_keys(mapping, 0);
    }
}

/* Keys of a merged mapping count less than the mapping's own and than those of sources before it. */
static int merge_one(mapping_t *mapping, reader_t *reader, const orc_yaml_node_t *source, yaml_mark_t mark)
{
    int i;

    if (source->kind != ORC_YAML_MAPPING)
        return refuse(reader, mark, "the merge key \"<<\" takes a mapping or a list of mappings");
    for (i = 0; i < source->count; i++) {
        const orc_yaml_pair_t *pair = &source->pairs[i];

        if (!find_place(mapping, pair->key))
            add_pair(mapping, pair->key, pair->value);
    }
    return 0;
}

static int merge(mapping_t *mapping, reader_t *reader, yaml_mark_t mark)
{
    int i;

    if (!mapping->merge)
        return 0;
    if (mapping->merge->kind != ORC_YAML_SEQUENCE)
        return merge_one(mapping, reader, mapping->merge, mark);
    for (i = 0; i < mapping->merge->count; i++)
        if (merge_one(mapping, reader, mapping->merge->items[i], mark))
            return -1;
    return 0;
}

/*
 * Spaces that look like one and are none to YAML (those of Unicode's category Zs, and two of no width): behind such a
 * one, what was meant as indentation is a part of the key. NULL when the text has none.
 */
static const char *foreign_space(const char *text)
{
    static const char *const spaces[] = {"\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
                                         "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87",
                                         "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\x8b", "\xe2\x80\xaf",
                                         "\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf"};
    size_t i;

    for (i = 0; i < sizeof(spaces) / sizeof(*spaces); i++)
        if (strstr(text, spaces[i]))
            return spaces[i];
    return NULL;
}

static void tell_twice(reader_t *reader, const orc_yaml_node_t *key, const orc_yaml_node_t *first)
{
    apr_array_header_t *told = reader->mistake->repeated;

    if (told->nelts < ORC_YAML_MAX_REPEATED)
        APR_ARRAY_PUSH(told, const char *) =
            apr_psprintf(reader->pool, "line %d, column %d: duplicate key \"%.64s\" (first at line %d, column %d)",
                         key->line, key->column, key->text, first->line, first->column);
}

/* A user's key is written once, or told, and with spaces that are spaces. */
static int check_key(reader_t *reader, const orc_yaml_node_t *key, const mapping_t *mapping, yaml_mark_t mark)
{
    int place = find_place(mapping, key);

    if (is_merge_key(key)) {
        if (mapping->merge)
            tell_twice(reader, key, mapping->merge_key);
        return 0;
    }
    if (place)
        tell_twice(reader, key, APR_ARRAY_IDX(mapping->pairs, place - 1, orc_yaml_pair_t).key);
    if (key->style == ORC_YAML_PLAIN && foreign_space(key->text))
        return refuse(reader, mark, "the key \"%.64s\" has a no-break space or another one that is not ASCII's",
                      key->text);
    return 0;
}

static int read_key(const orc_yaml_node_t **key, reader_t *reader, yaml_event_t *event, const mapping_t *mapping)
{
    if (read_node(key, reader, event))
        return -1;
    if ((*key)->kind != ORC_YAML_SCALAR)
        return refuse(reader, event->start_mark, "a key must be a word, not a list or a mapping");
    if ((*key)->style == ORC_YAML_PLAIN && !(*key)->length)
        return refuse(reader, event->start_mark, "a key is missing");
    return reader->keys == ORC_YAML_TOLD_KEYS ? check_key(reader, *key, mapping, event->start_mark) : 0;
}

static int read_pair(mapping_t *mapping, reader_t *reader, yaml_event_t *key_event)
{
    const orc_yaml_node_t *key, *value;
    yaml_event_t event;
    int failed;

    if (read_key(&key, reader, key_event, mapping) || next_event(reader, &event))
        return -1;
    failed = read_node(&value, reader, &event);
    yaml_event_delete(&event);
    if (failed)
        return -1;
    if (is_merge_key(key)) {
        mapping->merge_key = key;
        mapping->merge = value;
    }
    else
        add_pair(mapping, key, value);
    return 0;
}

static int read_mapping(orc_yaml_node_t *node, reader_t *reader, yaml_mark_t mark)
{
    mapping_t mapping = {.pool = reader->pool, .pairs = apr_array_make(reader->pool, 2, sizeof(orc_yaml_pair_t))};
    yaml_event_t event;
    int failed, i;

    for (;;) {
        if (next_event(reader, &event))
            return -1;
        if (event.type == YAML_MAPPING_END_EVENT)
            break;
        failed = read_pair(&mapping, reader, &event);
        yaml_event_delete(&event);
        if (failed)
            return -1;
    }
    yaml_event_delete(&event);
    if (merge(&mapping, reader, mark))
        return -1;
    node->pairs = (orc_yaml_pair_t *)(void *)mapping.pairs->elts;
    node->count = mapping.pairs->nelts;
    node->index = mapping.seen;
    node->height = 1;
    for (i = 0; i < node->count; i++) {
        adopt(node, node->pairs[i].key);
        adopt(node, node->pairs[i].value);
    }
    return 0;
}

static int read_collection(const orc_yaml_node_t **out, reader_t *reader, const yaml_event_t *event)
{
    int is_mapping = event->type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *name = is_mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    const yaml_char_t *tag = is_mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    orc_yaml_node_t *node = make(reader, is_mapping ? ORC_YAML_MAPPING : ORC_YAML_SEQUENCE, event->start_mark);
    anchor_t *anchor;

    if (tag && strcmp((const char *)tag, "!") &&
        strcmp((const char *)tag, is_mapping ? YAML_TAG("map") : YAML_TAG("seq")))
        return refuse(reader, event->start_mark, "unknown tag \"%.64s\"", (const char *)tag);
    if (open_anchor(&anchor, reader, name, event->start_mark) || spend(reader, event->start_mark, 1, 0))
        return -1;
    if (++reader->depth > allowed(reader, ORC_YAML_MAX_DEPTH))
        return refuse(reader, event->start_mark, "too deep: at most %d levels", allowed(reader, ORC_YAML_MAX_DEPTH));
    if (is_mapping ? read_mapping(node, reader, event->start_mark) : read_sequence(node, reader))
        return -1;
    reader->depth--;
    if (anchor)
        anchor->node = node;
    *out = node;
    return 0;
}

static int read_node(const orc_yaml_node_t **out, reader_t *reader, yaml_event_t *event)
{
    anchor_t *anchor;

    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return read_alias(out, reader, event);
    case YAML_SCALAR_EVENT:
        if (open_anchor(&anchor, reader, event->data.scalar.anchor, event->start_mark) ||
            read_scalar(out, reader, event))
            return -1;
        if (anchor)
            anchor->node = *out;
        return 0;
    default:
        return read_collection(out, reader, event);
    }
}

/* The events around the document: exactly one. */
static int read_stream(const orc_yaml_node_t **root, reader_t *reader)
{
    yaml_event_t event;
    int failed = 0, found = 0;

    *root = NULL;
    for (;;) {
        if (next_event(reader, &event))
            return -1;
        if (event.type == YAML_STREAM_END_EVENT)
            break;
        if (event.type == YAML_DOCUMENT_START_EVENT)
            failed = found++ ? refuse(reader, event.start_mark, "a second document: only one is taken") : 0;
        else if (event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_END_EVENT)
            failed = read_node(root, reader, &event);
        yaml_event_delete(&event);
        if (failed)
            return -1;
    }
    failed = *root ? 0 : refuse(reader, event.start_mark, "the document is empty");
    yaml_event_delete(&event);
    return failed;
}

/* True when a line begins here (libyaml knows these line ends). */
static int begins_line(const char *text, apr_size_t at)
{
    const unsigned char *s = (const unsigned char *)text + at;

    return !at || s[-1] == '\n' || s[-1] == '\r' || (at > 1 && s[-2] == 0xc2 && s[-1] == 0x85) ||
           (at > 2 && s[-3] == 0xe2 && s[-2] == 0x80 && (s[-1] == 0xa8 || s[-1] == 0xa9));
}

/* libyaml compares a %TAG with all those before it, so that there must not be many; no template needs one. */
static int refuse_many_directives(reader_t *reader, const char *text, apr_size_t length)
{
    const char *at = text, *end = text + length;
    yaml_mark_t start = {0, 0, 0};
    int count = 0;

    for (; (at = memchr(at, '%', (apr_size_t)(end - at))); at++)
        if (begins_line(text, (apr_size_t)(at - text)) && ++count > ORC_YAML_MAX_DIRECTIVES)
            return refuse(reader, start, "too many directives (lines that begin with %%): at most %d",
                          ORC_YAML_MAX_DIRECTIVES);
    return 0;
}

int orc_yaml_read(const orc_yaml_node_t **root, orc_yaml_mistake_t *mistake, const char *text, apr_size_t length,
                  orc_yaml_keys_t keys, apr_pool_t *pool)
{
    reader_t reader = {.pool = pool, .mistake = mistake, .keys = keys};
    static const char mark[] = "\xef\xbb\xbf";
    yaml_mark_t start = {0, 0, 0};
    int failed;

    mistake->repeated = apr_array_make(pool, 1, sizeof(const char *));
    if (length > (apr_size_t)allowed(&reader, ORC_YAML_MAX_BYTES))
        return refuse(&reader, start, "too long: at most %d bytes", allowed(&reader, ORC_YAML_MAX_BYTES));
    /* libyaml takes a byte order mark for a column of the first line. */
    if (length >= strlen(mark) && memcmp(text, mark, strlen(mark)) == 0) {
        text += strlen(mark);
        length -= strlen(mark);
    }
    if (refuse_many_directives(&reader, text, length))
        return -1;
    if (!yaml_parser_initialize(&reader.parser))
        return refuse(&reader, start, "no memory");
    reader.anchors = orc_hash_make(pool);
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
    failed = read_stream(root, &reader);
    yaml_parser_delete(&reader.parser);
    return failed;
}
