/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "orc_tosca_internal.h"

#include <apr_strings.h>
#include <pcre2.h>
#include <string.h>

/* The `pattern` constraint. Patterns come from people: PCRE2 is told how much work it may do. It is httpd's own regular
 * expression library, and its dialect is near to those that authors of templates test with (Python's, Java's). */

enum {
    LONGEST_PATTERN = 1000,  /* bytes */
    LONGEST_TEXT = 8 * 1024, /* bytes that a pattern is tried on: each step may look at all of it */
    MOST_STEPS = 20000,      /* of the matcher: half a millisecond or less */
    MOST_DEPTH = 10000,
    MOST_KIBIBYTES = 4096, /* of its heap */
};

static pcre2_code *compile(const char *pattern, int *error, PCRE2_SIZE *offset)
{
    return pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                         PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C, error, offset, NULL);
}

const char *orc_tosca_pattern_mistake(const char *pattern, apr_pool_t *pool)
{
    PCRE2_UCHAR message[128];
    PCRE2_SIZE offset;
    pcre2_code *code;
    int error;

    if (strlen(pattern) > LONGEST_PATTERN)
        return apr_psprintf(pool, "a pattern has at most %d bytes", LONGEST_PATTERN);
    if ((code = compile(pattern, &error, &offset))) {
        pcre2_code_free(code);
        return NULL;
    }
    if (pcre2_get_error_message(error, message, sizeof(message)) < 0)
        message[0] = '\0';
    return apr_psprintf(pool, "bad pattern: %s at its byte %lu", (const char *)message, (unsigned long)offset);
}

int orc_tosca_pattern_match(const char *pattern, const char *text, apr_size_t length)
{
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_code *code = NULL;
    PCRE2_SIZE offset;
    int found = -1, error;

    if (!limits || !data || length > LONGEST_TEXT || strlen(pattern) > LONGEST_PATTERN ||
        !(code = compile(pattern, &error, &offset)))
        goto leave;
    pcre2_set_match_limit(limits, MOST_STEPS);
    pcre2_set_depth_limit(limits, MOST_DEPTH);
    pcre2_set_heap_limit(limits, MOST_KIBIBYTES);
    found = pcre2_match(code, (PCRE2_SPTR)text, length, 0, 0, data, limits);
    found = found >= 0 ? 1 : found == PCRE2_ERROR_NOMATCH ? 0 : -1;

leave:
    pcre2_code_free(code);
    pcre2_match_data_free(data);
    pcre2_match_context_free(limits);
    return found;
}
