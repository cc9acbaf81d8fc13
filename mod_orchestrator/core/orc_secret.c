/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_secret.h"

#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <sodium.h>
#include <string.h>

orc_error_t *orc_secret_init(apr_pool_t *pool)
{
    if (sodium_init() < 0)
        return orc_error(pool, 500, "secret.init", "libsodium can't be prepared.");
    return NULL;
}

orc_error_t *orc_secret_key_load(orc_secret_key_t *key, const char *path, apr_pool_t *pool)
{
    char text[129];
    apr_size_t length = sizeof text - 1;
    apr_size_t decoded = 0;
    apr_file_t *file;
    apr_finfo_t info;
    apr_status_t status = apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool);

    if (status != APR_SUCCESS)
        return orc_error(pool, 500, "secret.key", "The key file %s can't be opened: %pm", path, &status);
    if (apr_file_info_get(&info, APR_FINFO_PROT, file) == APR_SUCCESS &&
        (info.protection & (APR_FPROT_GREAD | APR_FPROT_GWRITE | APR_FPROT_WREAD | APR_FPROT_WWRITE))) {
        apr_file_close(file);
        return orc_error(pool, 500, "secret.key", "The key file %s may be read by others than its owner: chmod 600 it.",
                         path);
    }
    status = apr_file_read_full(file, text, length, &length);
    apr_file_close(file);
    if (status != APR_SUCCESS && !APR_STATUS_IS_EOF(status))
        return orc_error(pool, 500, "secret.key", "The key file %s can't be read: %pm", path, &status);
    while (length > 0 && apr_isspace(text[length - 1]))
        length--;
    text[length] = '\0';
    if (length == 2 * sizeof key->bytes) {
        sodium_hex2bin(key->bytes, sizeof key->bytes, text, length, NULL, &decoded, NULL);
    }
    else {
        sodium_base642bin(key->bytes, sizeof key->bytes, text, length, NULL, &decoded, NULL,
                          sodium_base64_VARIANT_ORIGINAL);
    }
    sodium_memzero(text, sizeof text);
    if (decoded != sizeof key->bytes)
        return orc_error(pool, 500, "secret.key", "The key file %s holds no 32 bytes in base64 or hexadecimal.", path);
    return NULL;
}

const char *orc_secret_seal(const orc_secret_key_t *key, const char *text, apr_pool_t *pool)
{
    size_t length, size, encoded;
    unsigned char *box;
    char *sealed;

    if (!text)
        return NULL;
    length = strlen(text);
    size = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + length;
    encoded = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
    box = apr_palloc(pool, size);
    sealed = apr_palloc(pool, encoded);
    randombytes_buf(box, crypto_secretbox_NONCEBYTES);
    crypto_secretbox_easy(box + crypto_secretbox_NONCEBYTES, (const unsigned char *)text, length, box, key->bytes);
    return sodium_bin2base64(sealed, encoded, box, size, sodium_base64_VARIANT_ORIGINAL);
}

orc_error_t *orc_secret_open(char **out, const orc_secret_key_t *key, const char *sealed, apr_pool_t *pool)
{
    const size_t overhead = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
    size_t capacity = strlen(sealed), size = 0;
    unsigned char *box = apr_palloc(pool, capacity + 1);
    char *text;

    if (sodium_base642bin(box, capacity, sealed, strlen(sealed), NULL, &size, NULL, sodium_base64_VARIANT_ORIGINAL) ||
        size < overhead)
        return orc_error(pool, 500, "secret.open", "A sealed secret is damaged.");
    text = apr_palloc(pool, size - overhead + 1);
    if (crypto_secretbox_open_easy((unsigned char *)text, box + crypto_secretbox_NONCEBYTES,
                                   size - crypto_secretbox_NONCEBYTES, box, key->bytes))
        return orc_error(pool, 500, "secret.open", "A sealed secret was sealed with another key.");
    text[size - overhead] = '\0';
    *out = text;
    return NULL;
}

const char *orc_secret_sha256(const void *bytes, apr_size_t length, apr_pool_t *pool)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char *hex = apr_palloc(pool, 2 * sizeof hash + 1);

    crypto_hash_sha256(hash, bytes, length);
    return sodium_bin2hex(hex, 2 * sizeof hash + 1, hash, sizeof hash);
}
