/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_ssh_pair.h"

#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sodium.h>
#include <string.h>

/* OpenSSH's PROTOCOL.key: what a private key looks like in a file. Strings and numbers are those of RFC 4251. */

enum {
    KEY = 32,          /* bytes of either half of an Ed25519 key */
    MAX_COMMENT = 255, /* bytes */
    BLOCK = 8,         /* what is not enciphered is filled up to a multiple of so many bytes */
    MAX_PART = 1024,   /* bytes of what the halves are written into, with a comment of that length */
    BASE64_LINE = 70,  /* as ssh-keygen breaks it */
};

#define TYPE  "ssh-ed25519"
#define MAGIC "openssh-key-v1" /* with its NUL */

typedef struct writer_t {
    unsigned char bytes[MAX_PART];
    size_t length;
} writer_t;

static void put_bytes(writer_t *writer, const void *bytes, size_t length)
{
    memcpy(writer->bytes + writer->length, bytes, length);
    writer->length += length;
}

static void put_number(writer_t *writer, size_t number)
{
    const unsigned char bytes[] = {(unsigned char)(number >> 24), (unsigned char)(number >> 16),
                                   (unsigned char)(number >> 8), (unsigned char)number};

    put_bytes(writer, bytes, sizeof bytes);
}

static void put_string(writer_t *writer, const void *bytes, size_t length)
{
    put_number(writer, length);
    put_bytes(writer, bytes, length);
}

static void put_text(writer_t *writer, const char *text)
{
    put_string(writer, text, strlen(text));
}

static void write_public(writer_t *writer, const unsigned char *public_half)
{
    put_text(writer, TYPE);
    put_string(writer, public_half, KEY);
}

/* `seed` and the public half, which OpenSSH keeps as one; filled up with 1, 2, 3 ... Two equal random numbers before it
 * tell a wrong passphrase. */
static int write_secret(writer_t *writer, const unsigned char *seed, const unsigned char *public_half,
                        const char *comment)
{
    unsigned char check[4], fill = 0;

    if (RAND_bytes(check, sizeof check) != 1)
        return 0;
    put_bytes(writer, check, sizeof check);
    put_bytes(writer, check, sizeof check);
    write_public(writer, public_half);
    put_number(writer, 2 * KEY);
    put_bytes(writer, seed, KEY);
    put_bytes(writer, public_half, KEY);
    put_text(writer, comment);
    while (writer->length % BLOCK) {
        fill++;
        put_bytes(writer, &fill, 1);
    }
    return 1;
}

static const char *base64(const writer_t *writer, apr_pool_t *pool)
{
    size_t size = sodium_base64_ENCODED_LEN(writer->length, sodium_base64_VARIANT_ORIGINAL);

    return sodium_bin2base64(apr_palloc(pool, size), size, writer->bytes, writer->length,
                             sodium_base64_VARIANT_ORIGINAL);
}

/* A file of so much base64, in lines. */
static const char *armoured(const writer_t *writer, apr_pool_t *pool)
{
    const char *text = base64(writer, pool), *lines = "-----BEGIN OPENSSH PRIVATE KEY-----\n";

    for (; strlen(text) > BASE64_LINE; text += BASE64_LINE)
        lines = apr_psprintf(pool, "%s%.*s\n", lines, BASE64_LINE, text);
    return apr_pstrcat(pool, lines, text, "\n-----END OPENSSH PRIVATE KEY-----\n", NULL);
}

static int write_pair(orc_ssh_pair_t *pair, const unsigned char *seed, const unsigned char *public_half,
                      const char *comment, apr_pool_t *pool)
{
    writer_t file = {.length = 0}, shown = {.length = 0}, secret = {.length = 0};
    int is_written = write_secret(&secret, seed, public_half, comment);

    write_public(&shown, public_half);
    put_bytes(&file, MAGIC, sizeof MAGIC);
    put_text(&file, "none"); /* cipher, */
    put_text(&file, "none"); /* how its key is made of a passphrase, */
    put_text(&file, "");     /* and what that takes */
    put_number(&file, 1);    /* keys */
    put_string(&file, shown.bytes, shown.length);
    put_string(&file, secret.bytes, secret.length);
    pair->public_key = apr_pstrcat(pool, TYPE " ", base64(&shown, pool), " ", comment, NULL);
    pair->private_key = armoured(&file, pool);
    OPENSSL_cleanse(&file, sizeof file);
    OPENSSL_cleanse(&secret, sizeof secret);
    return is_written;
}

orc_error_t *orc_rules_ssh_pair_make(orc_ssh_pair_t *pair, const char *comment, apr_pool_t *pool)
{
    unsigned char seed[KEY], public_half[KEY];
    size_t seed_length = sizeof seed, public_length = sizeof public_half;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    int is_made = key && EVP_PKEY_get_raw_private_key(key, seed, &seed_length) == 1 &&
                  EVP_PKEY_get_raw_public_key(key, public_half, &public_length) == 1 &&
                  write_pair(pair, seed, public_half, apr_pstrndup(pool, comment, MAX_COMMENT), pool);

    EVP_PKEY_free(key);
    OPENSSL_cleanse(seed, sizeof seed);
    return is_made ? NULL : orc_error(pool, 500, "ssh_pair", "OpenSSL could not make an Ed25519 key.");
}
