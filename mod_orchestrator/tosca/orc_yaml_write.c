/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_yaml.h"

#include <apr_strings.h>
#include <string.h>

/* A tree to text. Our own writer and not libyaml's emitter: the bytes must not depend on a library's version, and a
 * block of text must come back as it was. */

enum {
    LONGEST_SIMPLE_KEY = 128, /* bytes; a longer one is written as "? key" (YAML allows 1024 characters) */
    MOST_INDENTATION = 4,     /* bytes of white space per byte of a block of text */
    ALWAYS_INDENTED = 4096,   /* bytes of white space that any block may have */
};

typedef struct text_t {
    apr_pool_t *pool;
    char *bytes;
    apr_size_t used, room;
} text_t;

static void add_bytes(text_t *text, const char *bytes, apr_size_t length)
{
    if (text->used + length + 1 > text->room) {
        apr_size_t room = (text->used + length + 1) * 2;
        char *grown = apr_palloc(text->pool, room);

        if (text->used > 0)
            memcpy(grown, text->bytes, text->used);
        text->bytes = grown;
        text->room = room;
    }
    memcpy(text->bytes + text->used, bytes, length);
    text->used += length;
}

static void add(text_t *text, const char *string)
{
    add_bytes(text, string, strlen(string));
}

static void add_indent(text_t *text, int levels)
{
    for (; levels > 0; levels--)
        add_bytes(text, "  ", 2);
}

/* One UTF-8 character: its code and its length. The text was checked when it was read. */
static unsigned decode(const unsigned char *s, int *length)
{
    if (s[0] < 0x80)
        return *length = 1, s[0];
    if (s[0] < 0xe0)
        return *length = 2, (unsigned)(s[0] & 0x1f) << 6 | (s[1] & 0x3f);
    if (s[0] < 0xf0)
        return *length = 3, (unsigned)(s[0] & 0x0f) << 12 | (unsigned)(s[1] & 0x3f) << 6 | (s[2] & 0x3f);
    *length = 4;
    return (unsigned)(s[0] & 0x07) << 18 | (unsigned)(s[1] & 0x3f) << 12 | (unsigned)(s[2] & 0x3f) << 6 | (s[3] & 0x3f);
}

/* Characters that YAML forbids raw, or takes for a line break or a byte order mark. */
static int needs_escape(unsigned code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0xa0) || code == 0x2028 || code == 0x2029 || code == 0xfeff ||
           (code & 0xfffe) == 0xfffe || (code >= 0xd800 && code <= 0xdfff);
}

static void add_escape(text_t *text, unsigned code)
{
    switch (code) {
    case '\n':
        add(text, "\\n");
        break;
    case '\r':
        add(text, "\\r");
        break;
    case '\t':
        add(text, "\\t");
        break;
    default:
        if (code < 0x10000)
            add(text, apr_psprintf(text->pool, "\\u%04x", code));
        else
            add(text, apr_psprintf(text->pool, "\\U%08x", code));
    }
}

static void add_quoted(text_t *text, const orc_yaml_node_t *node)
{
    const unsigned char *s = (const unsigned char *)node->text, *end = s + node->length;
    int length;

    add(text, "\"");
    for (; s < end; s += length) {
        unsigned code = decode(s, &length);

        if (code == '"' || code == '\\')
            add(text, "\\");
        if (needs_escape(code))
            add_escape(text, code);
        else
            add_bytes(text, (const char *)s, (apr_size_t)length);
    }
    add(text, "\"");
}

/* What only a text between brackets may be, and what would be read as an indicator, a comment or a document's mark. */
static int is_bare(const char *text)
{
    if (!*text)
        return 1;
    if (strchr(",[]{}#&*!|>'\"%@` \t", *text) || !strncmp(text, "---", 3) || !strncmp(text, "...", 3))
        return 0;
    if (strchr("-?:", *text) && (!text[1] || text[1] == ' '))
        return 0;
    return !strstr(text, ": ") && !strstr(text, " #") && !strchr(": ", text[strlen(text) - 1]);
}

/* A plain text of one printable line reads the same wherever we put it, if PyYAML reads it as we do: a date is text to
 * us. (What was folded from several lines may hold a line end; PyYAML takes no tab in a plain text.) */
static int can_be_plain(const orc_yaml_node_t *node)
{
    const unsigned char *s = (const unsigned char *)node->text, *end = s + node->length;
    int length;

    if (node->style != ORC_YAML_PLAIN || !is_bare(node->text) || !orc_yaml_is_readable(node->text))
        return 0;
    for (; s < end; s += length)
        if (needs_escape(decode(s, &length)))
            return 0;
    return 1;
}

/* A block that comes back as it was: printable lines, none of white space alone, the first not indented. Short lines
 * far to the right would be white space for the most part: a small template could become a huge text. */
static int can_be_block(const orc_yaml_node_t *node, int level)
{
    const unsigned char *s = (const unsigned char *)node->text, *end = s + node->length;
    apr_size_t indented = 0, most = MOST_INDENTATION * node->length + ALWAYS_INDENTED;
    int length, line_has_ink = 0, is_line_empty = 1;

    if (node->style != ORC_YAML_BLOCK || !node->length || strchr(" \t\n", node->text[0]))
        return 0;
    for (; s < end; s += length) {
        unsigned code = decode(s, &length);

        if (code == '\n') {
            if (!is_line_empty && !line_has_ink)
                return 0;
            if ((indented += 2 * (apr_size_t)level) > most)
                return 0;
            line_has_ink = 0;
            is_line_empty = 1;
            continue;
        }
        if (needs_escape(code) && code != '\t')
            return 0;
        is_line_empty = 0;
        line_has_ink |= code != ' ' && code != '\t';
    }
    return is_line_empty || line_has_ink;
}

/* "|", then how the text ends: "-" without a line end, "+" with more than one. */
static void add_block(text_t *text, const orc_yaml_node_t *node, int level)
{
    const char *line = node->text, *end = node->text + node->length;
    int line_ends = 0;

    while (line_ends < 2 && node->text[node->length - 1 - (apr_size_t)line_ends] == '\n')
        line_ends++;
    add(text, line_ends == 0 ? "|-\n" : line_ends == 1 ? "|\n" : "|+\n");
    while (line < end) {
        const char *stop = memchr(line, '\n', (apr_size_t)(end - line));
        apr_size_t length = (apr_size_t)((stop ? stop : end) - line);

        if (length)
            add_indent(text, level);
        add_bytes(text, line, length);
        add(text, "\n");
        line += length + 1;
    }
}

static void add_inline(text_t *text, const orc_yaml_node_t *node)
{
    if (!can_be_plain(node))
        add_quoted(text, node);
    else if (!node->length)
        add(text, "null");
    else
        add_bytes(text, node->text, node->length);
}

static void add_node(text_t *text, const orc_yaml_node_t *node, int level, int is_begun);

/* A value after "key:" or "-", with its line end. Collections begin on the next line. */
static void add_value(text_t *text, const orc_yaml_node_t *node, int level)
{
    if (node->kind == ORC_YAML_SCALAR && can_be_block(node, level)) {
        add(text, " ");
        add_block(text, node, level);
    }
    else if (node->kind == ORC_YAML_SCALAR) {
        add(text, " ");
        add_inline(text, node);
        add(text, "\n");
    }
    else if (!node->count)
        add(text, node->kind == ORC_YAML_SEQUENCE ? " []\n" : " {}\n");
    else {
        add(text, "\n");
        add_node(text, node, level, 0);
    }
}

/* Keys are texts, also those that would be a number, a boolean or null as a value. */
static void add_key(text_t *text, const orc_yaml_node_t *key, int level)
{
    int is_long = key->length > LONGEST_SIMPLE_KEY;

    if (is_long)
        add(text, "? ");
    if (can_be_plain(key) && orc_yaml_type(key) == ORC_YAML_STRING)
        add_bytes(text, key->text, key->length);
    else
        add_quoted(text, key);
    if (is_long) {
        add(text, "\n");
        add_indent(text, level);
    }
    add(text, ":");
}

/* "- a: 1" begins a mapping, or a list, on the line of its dash. */
static void add_item(text_t *text, const orc_yaml_node_t *node, int level)
{
    add(text, "-");
    if (node->kind == ORC_YAML_SCALAR || !node->count) {
        add_value(text, node, level);
        return;
    }
    add(text, " ");
    add_node(text, node, level, 1);
}

/* A collection that is not empty, each part on lines of its own; the first line may be begun already. */
static void add_node(text_t *text, const orc_yaml_node_t *node, int level, int is_begun)
{
    int i;

    for (i = 0; i < node->count; i++) {
        if (i || !is_begun)
            add_indent(text, level);
        if (node->kind == ORC_YAML_SEQUENCE) {
            add_item(text, node->items[i], level + 1);
        }
        else {
            add_key(text, node->pairs[i].key, level);
            add_value(text, node->pairs[i].value, level + 1);
        }
    }
}

const char *orc_yaml_write(const orc_yaml_node_t *root, apr_pool_t *pool)
{
    text_t text = {.pool = pool, .bytes = apr_palloc(pool, 4096), .room = 4096};

    if (root->kind != ORC_YAML_SCALAR && root->count)
        add_node(&text, root, 0, 0);
    else if (root->kind == ORC_YAML_SCALAR) {
        add_inline(&text, root);
        add(&text, "\n");
    }
    else
        add(&text, root->kind == ORC_YAML_SEQUENCE ? "[]\n" : "{}\n");
    add_bytes(&text, "", 1);
    return text.bytes;
}
