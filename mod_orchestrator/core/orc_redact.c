/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_redact.h"

#include <string.h>

enum { MAX_NAME = 128 }; /* what is longer is looked at by its end */

/* ---- names ---- */

static int is_separator(char c)
{
    return c == '_' || c == '-' || c == ' ';
}

static int ends_in(const char *name, size_t length, const char *word)
{
    size_t needed = strlen(word);

    return length >= needed && memcmp(name + length - needed, word, needed) == 0;
}

/* A name's last dotted part in small letters, without a number or a plural's s at its end and without separators: what
 * "disk.0.DB-Password_2" and "dbPasswords" have in common. *last is where its last word begins. */
static size_t plain_name(char *plain, size_t *last, const char *name, size_t length)
{
    const char *start = memrchr(name, '.', length);
    size_t count = 0, i;

    length = start ? length - (size_t)(start + 1 - name) : length;
    start = start ? start + 1 : name;
    while (length > 0 && (is_separator(start[length - 1]) || (start[length - 1] >= '0' && start[length - 1] <= '9')))
        length--;
    if (length > 1 && (start[length - 1] | 0x20) == 's' && (start[length - 2] | 0x20) != 's')
        length--;
    *last = 0;
    for (i = length > MAX_NAME ? length - MAX_NAME : 0; i < length; i++) {
        if (is_separator(start[i]))
            *last = count;
        else
            plain[count++] = start[i] >= 'A' && start[i] <= 'Z' ? (char)(start[i] | 0x20) : start[i];
    }
    return count;
}

static int names_a_secret(const char *name, size_t length)
{
    static const char *const endings[] = {"password", "passwd",          "passphrase",   "passcode",
                                          "secret",   "token",           "privatekey",   "secretkey",
                                          "apikey",   "secretaccesskey", "encryptionkey"};
    static const char *const words[] = {"pass", "pwd"}; /* as a whole: a bypass is none */
    char plain[MAX_NAME];
    size_t last, count = plain_name(plain, &last, name, length), i;

    for (i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (ends_in(plain, count, endings[i]))
            return 1;
    }
    for (i = 0; i < sizeof words / sizeof *words; i++) {
        if (count - last == strlen(words[i]) && memcmp(plain + last, words[i], count - last) == 0)
            return 1;
    }
    return 0;
}

/* ---- forms ---- */

/* "-----BEGIN OPENSSH PRIVATE KEY-----" anywhere in it, on one line. */
static int holds_private_key(const char *text)
{
    static const char words[] = "PRIVATE KEY";
    const char *begin, *end;

    for (begin = text; (begin = strstr(begin, "-----BEGIN ")); begin = end) {
        end = begin + strcspn(begin, "\r\n");
        if (memmem(begin, (size_t)(end - begin), words, sizeof words - 1))
            return 1;
    }
    return 0;
}

/* Three parts in base64url with dots between, the first two of them JSON: "eyJ" is {" there. */
static int holds_token(const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    const char *at, *end;

    for (at = text; (at = strstr(at, "eyJ")); at = end) {
        end = at + strspn(at, letters);
        if (strncmp(end, ".eyJ", 4) != 0)
            continue;
        end += 1 + strspn(end + 1, letters);
        if (*end == '.')
            return 1;
    }
    return 0;
}

/* A parameter "name=value" of a query whose name is a secret's. */
static int queries_a_secret(const char *query, const char *end)
{
    while (query < end) {
        size_t length = (size_t)(end - query), parameter = strcspn(query, "&");
        const char *equals;

        parameter = parameter < length ? parameter : length;
        equals = memchr(query, '=', parameter);
        if (equals && equals + 1 < query + parameter && names_a_secret(query, (size_t)(equals - query)))
            return 1;
        query += parameter + 1;
    }
    return 0;
}

/* A URL with a password (scheme://user:password@host) or with a secret in its query (?token=...). */
static int holds_secret_url(const char *text)
{
    const char *at, *end, *authority, *query;

    for (at = text; (at = strstr(at, "://")); at = end) {
        const char *host, *colon;

        at += 3;
        end = at + strcspn(at, " \t\r\n\"'<>");
        authority = at + strcspn(at, "/?# \t\r\n\"'<>");
        host = memrchr(at, '@', (size_t)(authority - at));
        colon = host ? memchr(at, ':', (size_t)(host - at)) : NULL;
        if (colon && colon + 1 < host)
            return 1;
        query = memchr(at, '?', (size_t)(end - at));
        if (query && queries_a_secret(query + 1, end))
            return 1;
    }
    return 0;
}

static int is_secret_text(const char *text)
{
    static const char *const marks[] = {"PuTTY-User-Key-File-", "AGE-SECRET-KEY-1"};
    size_t i;

    for (i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (strstr(text, marks[i]))
            return 1;
    }
    return holds_private_key(text) || holds_token(text) || holds_secret_url(text);
}

/* ---- values ---- */

static int is_empty(const json_t *value)
{
    return json_is_null(value) || json_is_boolean(value) || (json_is_string(value) && json_string_length(value) == 0);
}

/* The value without secrets, a new reference; counts what was replaced. */
static json_t *redact(const json_t *value, int is_secret, int *count)
{
    json_t *copy, *member;
    const char *name;
    size_t i;

    if ((is_secret && !is_empty(value)) || (json_is_string(value) && is_secret_text(json_string_value(value)))) {
        ++*count;
        return json_string(ORC_REDACTED);
    }
    if (json_is_object(value)) {
        copy = json_object();
        json_object_foreach((json_t *)value, name, member)
            json_object_set_new_nocheck(copy, name, redact(member, names_a_secret(name, strlen(name)), count));
        return copy;
    }
    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach(value, i, member) json_array_append_new(copy, redact(member, 0, count));
        return copy;
    }
    return json_deep_copy(value);
}

json_t *orc_redact(const json_t *value, int *redacted, apr_pool_t *pool)
{
    int count = 0;
    json_t *copy = redact(value, 0, &count);

    if (redacted)
        *redacted = count > 0;
    return orc_json_own(copy, pool);
}
