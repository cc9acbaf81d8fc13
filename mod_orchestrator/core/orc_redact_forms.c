/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_redact_forms.h"

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

int orc_redact_is_name(const char *name, size_t length)
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

/* ---- forms: each finds the first of its kind in a text, NULL when there is none, and *end, where it ends ---- */

/* From "-----BEGIN OPENSSH PRIVATE KEY-----", on one line, to the END line of it, or to the end of the text. */
static const char *find_private_key(const char *text, const char **end)
{
    static const char words[] = "PRIVATE KEY", mark[] = "-----END ", dashes[] = "-----";
    const char *begin, *closing;

    for (begin = text; (begin = strstr(begin, "-----BEGIN ")); begin = *end) {
        *end = begin + strcspn(begin, "\r\n");
        if (!memmem(begin, (size_t)(*end - begin), words, sizeof words - 1))
            continue;
        closing = strstr(begin, mark);
        closing = closing ? strstr(closing + sizeof mark - 1, dashes) : NULL;
        *end = closing ? closing + sizeof dashes - 1 : begin + strlen(begin);
        return begin;
    }
    return NULL;
}

/* Three parts in base64url with dots between, the first two of them JSON: "eyJ" is {" there. */
static const char *find_token(const char *text, const char **end)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    const char *at;

    for (at = text; (at = strstr(at, "eyJ")); at = *end) {
        *end = at + strspn(at, letters);
        if (strncmp(*end, ".eyJ", 4) != 0)
            continue;
        *end += 1 + strspn(*end + 1, letters);
        if (**end != '.')
            continue;
        *end += 1 + strspn(*end + 1, letters);
        return at;
    }
    return NULL;
}

/* A parameter "name=value" of a query whose name is a secret's. */
static int queries_a_secret(const char *query, const char *end)
{
    while (query < end) {
        size_t length = (size_t)(end - query), parameter = strcspn(query, "&");
        const char *equals;

        parameter = parameter < length ? parameter : length;
        equals = memchr(query, '=', parameter);
        if (equals && equals + 1 < query + parameter && orc_redact_is_name(query, (size_t)(equals - query)))
            return 1;
        query += parameter + 1;
    }
    return 0;
}

/* What follows the scheme of a URL with a password (//user:password@host) or with a secret in its query (?token=...).
 */
static const char *find_secret_url(const char *text, const char **end)
{
    const char *at, *authority, *query;

    for (at = text; (at = strstr(at, "://")); at = *end) {
        const char *begin = at + 3, *host, *colon;

        at = begin;
        *end = at + strcspn(at, " \t\r\n\"'<>");
        authority = at + strcspn(at, "/?# \t\r\n\"'<>");
        host = memrchr(at, '@', (size_t)(authority - at));
        colon = host ? memchr(at, ':', (size_t)(host - at)) : NULL;
        if (colon && colon + 1 < host)
            return begin;
        query = memchr(at, '?', (size_t)(*end - at));
        if (query && queries_a_secret(query + 1, *end))
            return begin;
    }
    return NULL;
}

/* A key of PuTTY's has many lines and no last one of its own; one of age's is a word. */
static const char *find_putty_key(const char *text, const char **end)
{
    const char *begin = strstr(text, "PuTTY-User-Key-File-");

    *end = begin ? begin + strlen(begin) : NULL;
    return begin;
}

static const char *find_age_key(const char *text, const char **end)
{
    const char *begin = strstr(text, "AGE-SECRET-KEY-1");

    *end = begin ? begin + strcspn(begin, " \t\r\n\"'") : NULL;
    return begin;
}

const orc_redact_finder_t orc_redact_forms[ORC_REDACT_FORMS] = {find_private_key, find_token, find_secret_url,
                                                                find_putty_key, find_age_key};
