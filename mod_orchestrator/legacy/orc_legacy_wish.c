/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_legacy_wish.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <limits.h>
#include <string.h>

enum {
    MAX_DIGITS = 18, /* of a number that is given as a text */
    MAX_UNKNOWN = 20 /* members that a log tells of */
};

/* ---- members ---- */

/* A member that is there; NULL when it is null or an empty text. */
static const json_t *given(const orc_request_t *request, const char *name)
{
    const json_t *value = json_object_get(request->json, name);

    return !value || json_is_null(value) || (json_is_string(value) && !*json_string_value(value)) ? NULL : value;
}

static const char *text_of(const orc_request_t *request, const char *name)
{
    return json_string_value(given(request, name));
}

static int read_digits(apr_int64_t *number, const char *text)
{
    size_t length = strlen(text);

    if (length > MAX_DIGITS || strspn(text, "0123456789") != length)
        return 0;
    *number = apr_atoi64(text);
    return 1;
}

/* From 1 on; what is larger than any limit is as large as can be told. */
static int number_of(orc_error_t **error, const orc_request_t *request, const char *name)
{
    const json_t *value = given(request, name);
    apr_int64_t number = 0;

    if (!value)
        return 0;
    if (json_is_integer(value))
        number = json_integer_value(value);
    else if (!json_is_string(value) || !read_digits(&number, json_string_value(value)))
        number = 0;
    if (number < 1)
        orc_error_add_pointer(error, request->pool, apr_pstrcat(request->pool, "/", name, NULL),
                              "must be a number, 1 or more");
    return number < INT_MAX ? (int)number : INT_MAX;
}

static int flag_of(orc_error_t **error, const orc_request_t *request, const char *name)
{
    const json_t *value = given(request, name);
    const char *text = json_string_value(value);

    if (!value || json_is_boolean(value))
        return json_is_true(value);
    if (!text || (strcasecmp(text, "true") != 0 && strcasecmp(text, "false") != 0))
        orc_error_add_pointer(error, request->pool, apr_pstrcat(request->pool, "/", name, NULL),
                              "must be true or false");
    return text && strcasecmp(text, "true") == 0;
}

/* ---- what is passed over ---- */

static int is_known(const char *name)
{
    static const char *const known[] = {"template",        "parameters",        "userGroup",   "callback",
                                        "keepLastAttempt", "maxProvidersRetry", "timeoutMins", "providerTimeoutMins"};
    size_t i;

    for (i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i], name) == 0)
            return 1;
    }
    return 0;
}

static void note_unknown(apr_array_header_t *notes, const orc_request_t *request)
{
    const char *name;
    json_t *value;

    json_object_foreach(request->json, name, value)
    {
        if (!is_known(name) && strlen(name) <= ORC_JSON_LONGEST_NAME && notes->nelts < MAX_UNKNOWN)
            APR_ARRAY_PUSH(notes, const char *) =
                apr_psprintf(request->pool, "The request's member %s is not known here: it was passed over.", name);
    }
}

/* ---- the whole ---- */

static const orc_rules_callback_t *read_callback(orc_error_t **error, apr_array_header_t *notes,
                                                 const orc_request_t *request)
{
    const orc_rules_call_t call = orc_surface_call(request);
    orc_rules_callback_t *callback = apr_pcalloc(request->pool, sizeof *callback);
    const char *url = text_of(request, "callback");
    const char *mistake = url ? orc_rules_callback_read(callback, &call, url) : NULL;

    if (mistake)
        orc_error_add_pointer(error, request->pool, "/callback", "%s", mistake);
    if (url && callback->note)
        APR_ARRAY_PUSH(notes, const char *) = callback->note;
    return url ? callback : NULL;
}

orc_legacy_wish_t orc_legacy_wish_read(orc_error_t **error, const orc_request_t *request)
{
    const json_t *parameters = given(request, "parameters");
    orc_legacy_wish_t wish = {
        .template_text = orc_json_string(request->json, "template"),
        .parameters = json_is_object(parameters) ? parameters : orc_json_own(json_object(), request->pool),
        .user_group = text_of(request, "userGroup"),
        .max_providers = number_of(error, request, "maxProvidersRetry"),
        .timeout_mins = number_of(error, request, "timeoutMins"),
        .provider_timeout_mins = number_of(error, request, "providerTimeoutMins"),
        .keep_last_attempt = flag_of(error, request, "keepLastAttempt"),
        .notes = apr_array_make(request->pool, 4, sizeof(const char *)),
    };

    wish.template_length = wish.template_text ? strlen(wish.template_text) : 0;
    wish.callback = read_callback(error, wish.notes, request);
    note_unknown(wish.notes, request);
    return wish;
}
