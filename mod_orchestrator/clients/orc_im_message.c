/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "orc_im_answer.h"
#include "orc_redact.h"
#include "orc_utf8.h"

enum { MAX_MESSAGE = 500, MAX_READ = 16 * 1024 };

/* FastAPI's {"detail": "text"} or {"detail": [{"loc": ["query", "async"], "msg": "..."}]}. */
static const char *of_detail(const json_t *detail, apr_pool_t *pool)
{
    const char *text = "";
    const json_t *item, *step;
    size_t i, j;

    if (json_is_string(detail))
        return json_string_value(detail);
    json_array_foreach(detail, i, item)
    {
        const char *message = orc_json_string(item, "msg");

        text = apr_pstrcat(pool, text, *text ? "; " : "", NULL);
        json_array_foreach(json_object_get(item, "loc"), j, step)
        {
            if (json_is_string(step))
                text = apr_pstrcat(pool, text, json_string_value(step), " ", NULL);
        }
        text = apr_pstrcat(pool, text, message ? message : "is refused", NULL);
        if (strlen(text) > MAX_MESSAGE)
            break;
    }
    return *text ? text : NULL;
}

/* The text between the tags of a page; of IM's own pages only the message. */
static const char *of_html(const char *page, apr_pool_t *pool)
{
    const char *own = strstr(page, "<h1>Message: ");
    char *text, *to;
    int in_tag = 0;

    if (own) {
        own += strlen("<h1>Message: ");
        page = apr_pstrmemdup(pool, own, (apr_size_t)(strstr(own, "</h1>") ? strstr(own, "</h1>") - own : 0));
    }
    to = text = apr_palloc(pool, strlen(page) + 1);
    for (; *page; page++) {
        in_tag = *page == '<' ? 1 : in_tag;
        if (!in_tag)
            *to++ = *page;
        else if (*page == '>')
            in_tag = 0;
    }
    *to = '\0';
    return text;
}

const char *orc_im_message(const orc_http_response_t *response, apr_pool_t *pool)
{
    apr_size_t length = response->length < MAX_READ ? response->length : MAX_READ;
    const char *body = response->body, *message = NULL;
    json_t *json;

    while (length > 0 && apr_isspace(*body)) {
        body++;
        length--;
    }
    if (*body == '{' && !orc_json_parse(&json, response->body, response->length, pool)) {
        message = orc_json_string(json, "message");
        if (!message)
            message = of_detail(json_object_get(json, "detail"), pool);
    }
    if (!message)
        message = orc_im_utf8(body, length, pool);
    return *message == '<' ? of_html(message, pool) : message;
}

const char *orc_im_utf8(const char *bytes, apr_size_t length, apr_pool_t *pool)
{
    char *text = apr_pstrmemdup(pool, bytes, length);

    orc_utf8_mend(text, length);
    return text;
}

static size_t indent(const char *line, const char *end)
{
    const char *at = line;

    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return (size_t)(at - line);
}

/* A line of a Python stack, 'File "x.py", line 1, in f', with or without the quotes. */
static int is_frame(const char *line, const char *end)
{
    const char *at = line + indent(line, end), *in;

    if (end - at < 5 || strncmp(at, "File ", 5))
        return 0;
    in = strstr(at, ", line ");
    return in && in < end;
}

/* Drops Python stacks: the frames, the line of code beneath each, and their heading. */
static const char *without_stacks(const char *message, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, strlen(message) + 1), *to = text;
    size_t frame_indent = 0;
    int after_frame = 0;

    while (*message) {
        const char *end = message + strcspn(message, "\n");
        int is_code = after_frame && indent(message, end) > frame_indent;

        after_frame = is_frame(message, end);
        if (after_frame) {
            frame_indent = indent(message, end);
        }
        else if (!is_code && strncmp(message, "Traceback (most recent call last)", 33)) {
            memcpy(to, message, (size_t)(end - message));
            to += end - message;
            *to++ = '\n';
        }
        message = *end ? end + 1 : end;
    }
    if (to > text)
        to--;
    *to = '\0';
    return text;
}

/* Length of a path of the server at `at`, or 0. Not every word with slashes is one: URLs and their paths stay. */
static size_t path_length(const char *start, const char *at)
{
    static const char *const roots[] = {"/usr/", "/home/", "/opt/", "/var/", "/etc/",  "/tmp/", "/root/", "/srv/",
                                        "/lib/", "/mnt/",  "/app/", "/run/", "/proc/", "/dev/", "/data/"};
    size_t i;

    if (*at != '/' || (at > start && (apr_isalnum(at[-1]) || strchr("/._-:", at[-1]))))
        return 0;
    for (i = 0; i < sizeof roots / sizeof *roots; i++) {
        if (strncmp(at, roots[i], strlen(roots[i])) == 0)
            return strcspn(at, " \t\r\n\"'`,;:)]}>");
    }
    return 0;
}

const char *orc_im_clean(const char *message, apr_pool_t *pool)
{
    int redacted;
    const char *from = orc_redact_text(without_stacks(message, pool), &redacted, pool), *start = from;
    char *text = apr_palloc(pool, MAX_MESSAGE + 8), *to = text, *const end = text + MAX_MESSAGE;
    size_t length, size;

    while (*from && to < end) {
        if ((length = path_length(start, from))) {
            if (to + 6 > end)
                break;
            to = (char *)memcpy(to, "(path)", 6) + 6;
            from += length;
        }
        else if (apr_isspace(*from) || apr_iscntrl(*from)) {
            if (to > text && to[-1] != ' ')
                *to++ = ' ';
            from++;
        }
        else {
            size = orc_utf8_character(from, strlen(from));
            if (to + (size ? size : 1) > end)
                break;
            if (size)
                to = (char *)memcpy(to, from, size) + size;
            else
                *to++ = '?';
            from += size ? size : 1;
        }
    }
    while (to > text && to[-1] == ' ')
        to--;
    apr_cpystrn(to, *from ? "..." : "", 4);
    return text;
}
