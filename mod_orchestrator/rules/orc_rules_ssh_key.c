/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_ssh_key.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <sodium.h>
#include <string.h>

enum {
    MAX_KEY = 8192, /* characters; RSA with 16384 bits has 2900 */
    MIN_RSA_BYTES = 128,
    MAX_RSA_BYTES = 2048,
    ED25519_BYTES = 32,
};

/* What follows the type's name within a key. */
typedef enum { FORM_RSA, FORM_ED25519, FORM_ECDSA } form_t;

typedef struct key_type_t {
    const char *name;
    form_t form;
    const char *curve;   /* of ECDSA */
    size_t point;        /* bytes of its uncompressed point */
    int has_application; /* of a security key */
} key_type_t;

static const key_type_t key_types[] = {
    {"ssh-ed25519", FORM_ED25519, NULL, 0, 0},
    {"ssh-rsa", FORM_RSA, NULL, 0, 0},
    {"ecdsa-sha2-nistp256", FORM_ECDSA, "nistp256", 65, 0},
    {"ecdsa-sha2-nistp384", FORM_ECDSA, "nistp384", 97, 0},
    {"ecdsa-sha2-nistp521", FORM_ECDSA, "nistp521", 133, 0},
    {"sk-ssh-ed25519@openssh.com", FORM_ED25519, NULL, 0, 1},
    {"sk-ecdsa-sha2-nistp256@openssh.com", FORM_ECDSA, "nistp256", 65, 1},
};

typedef struct reader_t {
    const unsigned char *at;
    size_t left;
} reader_t;

/* Reads a string of RFC 4251: four bytes of length, then so many. */
static int read_string(reader_t *reader, const unsigned char **bytes, size_t *length)
{
    if (reader->left < 4)
        return 0;
    *length = ((size_t)reader->at[0] << 24) | ((size_t)reader->at[1] << 16) | ((size_t)reader->at[2] << 8) |
              (size_t)reader->at[3];
    if (*length > reader->left - 4)
        return 0;
    *bytes = reader->at + 4;
    reader->at += 4 + *length;
    reader->left -= 4 + *length;
    return 1;
}

static int read_name(reader_t *reader, const char *name)
{
    const unsigned char *bytes;
    size_t length;

    return read_string(reader, &bytes, &length) && length == strlen(name) && memcmp(bytes, name, length) == 0;
}

/* A positive number of at least `least` bytes in its shortest form. */
static int read_number(reader_t *reader, size_t least)
{
    const unsigned char *bytes;
    size_t length;

    if (!read_string(reader, &bytes, &length) || length == 0 || (*bytes & 0x80))
        return 0;
    if (*bytes == 0) {
        if (length < 2 || !(bytes[1] & 0x80))
            return 0;
        length--;
    }
    return length >= least && length <= MAX_RSA_BYTES;
}

static int read_form(reader_t *reader, const key_type_t *type)
{
    const unsigned char *bytes;
    size_t length;

    switch (type->form) {
    case FORM_RSA:
        return read_number(reader, 1) && read_number(reader, MIN_RSA_BYTES);
    case FORM_ED25519:
        return read_string(reader, &bytes, &length) && length == ED25519_BYTES;
    case FORM_ECDSA:
        return read_name(reader, type->curve) && read_string(reader, &bytes, &length) && length == type->point &&
               *bytes == 4;
    }
    return 0;
}

static int is_key(const unsigned char *bytes, size_t length, const key_type_t *type)
{
    reader_t reader = {bytes, length};
    const unsigned char *application;

    if (!read_name(&reader, type->name) || !read_form(&reader, type))
        return 0;
    if (type->has_application && (!read_string(&reader, &application, &length) || length == 0))
        return 0;
    return reader.left == 0;
}

static const key_type_t *find_type(const char *name, size_t length)
{
    size_t i;

    for (i = 0; i < sizeof key_types / sizeof *key_types; i++) {
        if (strlen(key_types[i].name) == length && memcmp(key_types[i].name, name, length) == 0)
            return &key_types[i];
    }
    return NULL;
}

static int has_control_character(const char *line)
{
    for (; *line; line++) {
        if (apr_iscntrl(*line))
            return 1;
    }
    return 0;
}

static char *trimmed(const char *text, apr_pool_t *pool)
{
    size_t length;

    text += strspn(text, " \t\r\n");
    length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]))
        length--;
    return apr_pstrmemdup(pool, text, length);
}

const char *orc_rules_ssh_key_check(const char **out, const char *text, apr_pool_t *pool)
{
    unsigned char bytes[MAX_KEY];
    const key_type_t *type;
    const char *line, *data;
    size_t length;

    if (strlen(text) > MAX_KEY)
        return "is too long for a public key";
    line = trimmed(text, pool);
    if (has_control_character(line))
        return "must be one line";
    length = strcspn(line, " ");
    type = find_type(line, length);
    if (!type)
        return "must begin with a type of key that OpenSSH takes, like ssh-ed25519 or ssh-rsa";
    data = line + length + strspn(line + length, " ");
    if (sodium_base642bin(bytes, sizeof bytes, data, strcspn(data, " "), NULL, &length, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return "must have base64 behind the type of the key";
    if (!is_key(bytes, length, type))
        return apr_pstrcat(pool, "does not hold a complete ", type->name, " key", NULL);
    if (out)
        *out = line;
    return NULL;
}
