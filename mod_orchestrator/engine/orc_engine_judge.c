/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_judge.h"

#include <apr_strings.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "orc_redact.h"
#include "orc_utf8.h"

enum { MAX_REASON = 500 };

static const char *about(const orc_im_vm_state_t *vm, apr_pool_t *pool)
{
    return apr_psprintf(pool, "machine %s is %s", vm->vm, orc_im_state_word(vm->state));
}

orc_verdict_t orc_engine_judge(orc_im_state_t state, const apr_array_header_t *vm_states, int machines,
                               const char **reason, apr_pool_t *pool)
{
    int i, configured = 0, working = 0, busy = 0, doubtful = 0;
    int count = vm_states ? vm_states->nelts : 0;

    *reason = NULL;
    for (i = 0; i < count; i++) {
        const orc_im_vm_state_t *vm = &APR_ARRAY_IDX(vm_states, i, orc_im_vm_state_t);

        switch (vm->state) {
        case ORC_IM_STATE_FAILED:
            *reason = about(vm, pool);
            return ORC_VERDICT_FAILED;
        case ORC_IM_STATE_CONFIGURED:
            configured++;
            break;
        case ORC_IM_STATE_RUNNING:
            working++;
            break;
        case ORC_IM_STATE_PENDING:
            busy++;
            break;
        default:
            doubtful++;
            *reason = about(vm, pool);
        }
    }
    if (state == ORC_IM_STATE_FAILED) {
        *reason = count ? "the infrastructure is failed" : "no machine could be made";
        return ORC_VERDICT_FAILED;
    }
    if (doubtful)
        return ORC_VERDICT_DOUBTFUL;
    if (busy || state == ORC_IM_STATE_PENDING)
        return ORC_VERDICT_BUSY;
    if (working || state == ORC_IM_STATE_RUNNING)
        return ORC_VERDICT_WORKING;
    if (state == ORC_IM_STATE_CONFIGURED && configured == count)
        return configured < machines ? ORC_VERDICT_BUSY : ORC_VERDICT_CONFIGURED;
    *reason = apr_psprintf(pool, "the infrastructure is %s", orc_im_state_word(state));
    return ORC_VERDICT_DOUBTFUL;
}

static int is_complete(const json_t *value)
{
    size_t i;

    if (!value || json_is_null(value))
        return 0;
    for (i = 0; json_is_array(value) && i < json_array_size(value); i++) {
        if (!is_complete(json_array_get(value, i)))
            return 0;
    }
    return 1;
}

apr_array_header_t *orc_engine_missing_outputs(const json_t *outputs, const json_t *declared, apr_pool_t *pool)
{
    apr_array_header_t *missing = apr_array_make(pool, 1, sizeof(const char *));
    size_t i;

    for (i = 0; i < json_array_size(declared); i++) {
        const char *name = json_string_value(json_array_get(declared, i));

        if (!is_complete(json_object_get(outputs, name)))
            APR_ARRAY_PUSH(missing, const char *) = apr_pstrdup(pool, name);
    }
    return missing;
}

/* Addresses of RFC 1918, RFC 6598, RFC 3927 and of the loop can't be reached from outside. */
static int is_public_address(const char *text)
{
    unsigned a, b, c, d;
    char end;

    if (strchr(text, ':'))
        return strncasecmp(text, "fe80", 4) != 0 && strncasecmp(text, "fc", 2) != 0 &&
               strncasecmp(text, "fd", 2) != 0 && strcmp(text, "::1") != 0;
    if (sscanf(text, "%3u.%3u.%3u.%3u%c", &a, &b, &c, &d, &end) != 4)
        return 0;
    return !(a == 10 || a == 127 || a == 0 || (a == 172 && b >= 16 && b < 32) || (a == 192 && b == 168) ||
             (a == 169 && b == 254) || (a == 100 && b >= 64 && b < 128));
}

static int ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), wanted = strlen(end);

    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

int orc_engine_has_public_address(const json_t *radl)
{
    size_t i;

    for (i = 0; i < json_array_size(radl); i++) {
        json_t *part = json_array_get(radl, i), *value;
        const char *key;

        json_object_foreach(part, key, value)
        {
            if (strncmp(key, "net_interface.", 14) == 0 && (ends_in(key, ".ip") || ends_in(key, ".ipv6")) &&
                json_is_string(value) && is_public_address(json_string_value(value)))
                return 1;
        }
    }
    return 0;
}

const char *orc_engine_node_of(const json_t *radl)
{
    size_t i;

    for (i = 0; i < json_array_size(radl); i++) {
        const json_t *part = json_array_get(radl, i);
        const char *class = orc_json_string(part, "class");

        if (class && strcmp(class, "system") == 0)
            return orc_json_string(part, "id");
    }
    return NULL;
}

static int tells_of_error(const char *line)
{
    return strcasestr(line, "error") || strcasestr(line, "fail") || strcasestr(line, "fatal") ||
           strcasestr(line, "exception") || strcasestr(line, "timeout");
}

/* A line of a Python traceback, or a separator, tells a person nothing. */
static int is_noise(const char *line)
{
    while (isspace((unsigned char)*line))
        line++;
    return !*line || strncmp(line, "File \"", 6) == 0 || strncmp(line, "Traceback", 9) == 0 ||
           strspn(line, "*-=") == strlen(line);
}

const char *orc_engine_reason_in(const char *contmsg, apr_pool_t *pool)
{
    int redacted;
    char *text = apr_pstrdup(pool, orc_redact_text(contmsg ? contmsg : "", &redacted, pool)), *state, *line, *at;
    const char *found = NULL;

    for (line = apr_strtok(text, "\n", &state); line; line = apr_strtok(NULL, "\n", &state)) {
        if (!is_noise(line) && tells_of_error(line))
            found = line;
    }
    if (!found)
        return NULL;
    line = apr_pstrdup(pool, found);
    if (strlen(line) > MAX_REASON)
        line[orc_utf8_cut(line, MAX_REASON)] = '\0';
    for (at = line; *at; at++) {
        if (iscntrl((unsigned char)*at))
            *at = ' ';
    }
    return line;
}
