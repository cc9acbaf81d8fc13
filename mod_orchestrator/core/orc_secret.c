/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_secret.h"

#include <apr_atomic.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <sodium.h>
#include <string.h>

#include "orc_log.h"
#include "orc_secret_file.h"

enum {
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    OVERHEAD = NONCE + crypto_aead_xchacha20poly1305_ietf_ABYTES,
    MARK = 9, /* "1a2b3c4d:" */
    MAX_KEY_FILE = 4096,
    WARN_EVERY = 60, /* seconds */
};

typedef struct secret_key_t {
    unsigned char bytes[ORC_SECRET_KEY_LENGTH];
    char mark[MARK + 1];
} secret_key_t;

struct orc_secret_keys_t {
    int count;
    secret_key_t list[ORC_SECRET_MAX_KEYS];
    volatile apr_uint32_t warned[ORC_SEALED_COUNT]; /* when a value of that column was complained of, in seconds */
};

#define COLUMN(table, column, id, member, is_json)                                                                     \
    {                                                                                                                  \
        table "." column, table, column, id, member, is_json                                                           \
    }

const orc_sealed_column_t orc_sealed_columns[ORC_SEALED_COUNT] = {
    [ORC_SEALED_REFRESH_TOKEN] = COLUMN("users", "refresh_token", "id", "refresh_token", 0),
    [ORC_SEALED_ACCESS_TOKEN] = COLUMN("credentials", "access_token", "user_id", "access_token", 0),
    [ORC_SEALED_INPUTS] = COLUMN("deployments", "template_inputs_sealed", "id", "template_inputs", 1),
    [ORC_SEALED_OUTPUTS] = COLUMN("deployments", "template_outputs_sealed", "id", "template_outputs", 1),
    [ORC_SEALED_METADATA] = COLUMN("resources", "metadata_sealed", "id", "metadata", 1),
    [ORC_SEALED_WANTED] = COLUMN("operations", "inputs_sealed", "id", "inputs", 1),
    [ORC_SEALED_IM_LOGS] = COLUMN("deployment_logs", "im_logs_sealed", "deployment_id", "im_logs", 0),
    [ORC_SEALED_BULK_INPUTS] = COLUMN("orchestrations", "inputs_sealed", "id", "inputs", 1),
};

orc_error_t *orc_secret_init(apr_pool_t *pool)
{
    if (sodium_init() < 0)
        return orc_error(pool, 500, "secret.init", "libsodium can't be prepared.");
    return NULL;
}

/* ---- keys ---- */

orc_secret_keys_t *orc_secret_keys_make(apr_pool_t *pool)
{
    return apr_pcalloc(pool, sizeof(orc_secret_keys_t));
}

/* A key is called by a hash of itself, so that files may list keys in any order. */
void orc_secret_keys_add(orc_secret_keys_t *keys, const unsigned char *bytes)
{
    static const unsigned char purpose[] = "orchestrator: what a key is called";
    secret_key_t *key = &keys->list[keys->count++];
    unsigned char hash[crypto_generichash_BYTES];

    memcpy(key->bytes, bytes, sizeof key->bytes);
    crypto_generichash(hash, sizeof hash, purpose, sizeof purpose - 1, bytes, ORC_SECRET_KEY_LENGTH);
    sodium_bin2hex(key->mark, sizeof key->mark, hash, (MARK - 1) / 2);
    key->mark[MARK - 1] = ':';
    key->mark[MARK] = '\0';
}

static int decode_key(unsigned char *bytes, const char *text)
{
    size_t length = strlen(text), decoded = 0;
    int failed;

    if (length == 2 * ORC_SECRET_KEY_LENGTH)
        failed = sodium_hex2bin(bytes, ORC_SECRET_KEY_LENGTH, text, length, NULL, &decoded, NULL);
    else
        failed = sodium_base642bin(bytes, ORC_SECRET_KEY_LENGTH, text, length, NULL, &decoded, NULL,
                                   sodium_base64_VARIANT_ORIGINAL);
    return !failed && decoded == ORC_SECRET_KEY_LENGTH;
}

static int is_there(const orc_secret_keys_t *keys, const unsigned char *bytes)
{
    int i;

    for (i = 0; i < keys->count; i++) {
        if (sodium_memcmp(keys->list[i].bytes, bytes, ORC_SECRET_KEY_LENGTH) == 0)
            return 1;
    }
    return 0;
}

static const char *read_line(orc_secret_keys_t *keys, const char *text)
{
    unsigned char bytes[ORC_SECRET_KEY_LENGTH];
    const char *wrong = NULL;

    if (keys->count == ORC_SECRET_MAX_KEYS)
        return "is one key too many";
    if (!decode_key(bytes, text))
        wrong = "holds no 32 bytes in base64 or hexadecimal";
    else if (is_there(keys, bytes))
        wrong = "holds a key for the second time";
    else
        orc_secret_keys_add(keys, bytes);
    sodium_memzero(bytes, sizeof bytes);
    return wrong;
}

orc_error_t *orc_secret_keys_load(orc_secret_keys_t **keys, const char *path, apr_pool_t *pool)
{
    char *text, *line, *next;
    const char *wrong = NULL;
    int number = 0;

    *keys = orc_secret_keys_make(pool);
    ORC_TRY(orc_secret_file_read(&text, path, MAX_KEY_FILE, pool));
    for (line = text; line && !wrong; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        number++;
        line += strspn(line, " \t\r");
        line[strcspn(line, " \t\r")] = '\0';
        if (*line && *line != '#')
            wrong = read_line(*keys, line);
    }
    sodium_memzero(text, MAX_KEY_FILE);
    if (wrong)
        return orc_error(pool, 500, "secret.key", "Line %d of the key file %s %s.", number, path, wrong);
    if ((*keys)->count == 0)
        return orc_error(pool, 500, "secret.key", "The key file %s holds no key.", path);
    return NULL;
}

const char *orc_secret_keys_mark(const orc_secret_keys_t *keys)
{
    return keys->list[0].mark;
}

/* ---- values ---- */

/* What binds a value to its place. */
static const char *place_of(orc_sealed_t column, const char *id, apr_pool_t *pool)
{
    return apr_pstrcat(pool, orc_sealed_columns[column].name, ".", id, NULL);
}

const char *orc_secret_seal(const orc_secret_keys_t *keys, orc_sealed_t column, const char *id, const char *text,
                            apr_pool_t *pool)
{
    const secret_key_t *key = &keys->list[0];
    size_t length, size, encoded;
    const char *place;
    unsigned char *box;
    char *sealed;

    if (!text)
        return NULL;
    place = place_of(column, id, pool);
    length = strlen(text);
    size = OVERHEAD + length;
    encoded = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
    box = apr_palloc(pool, size);
    sealed = apr_palloc(pool, MARK + encoded);
    randombytes_buf(box, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(box + NONCE, NULL, (const unsigned char *)text, length,
                                               (const unsigned char *)place, strlen(place), NULL, box, key->bytes);
    memcpy(sealed, key->mark, MARK);
    sodium_bin2base64(sealed + MARK, encoded, box, size, sodium_base64_VARIANT_ORIGINAL);
    return sealed;
}

static const secret_key_t *find_key(const orc_secret_keys_t *keys, const char *sealed)
{
    int i;

    for (i = 0; i < keys->count; i++) {
        if (strncmp(sealed, keys->list[i].mark, MARK) == 0)
            return &keys->list[i];
    }
    return NULL;
}

/* The administrator may bring the key back. */
static orc_error_t *sealed_with_another(apr_pool_t *pool)
{
    orc_error_t *error = orc_error(pool, 500, "secret.key", "It was sealed with a key that is not in the key file.");

    error->retriable = 1;
    return error;
}

orc_error_t *orc_secret_open(char **out, const orc_secret_keys_t *keys, orc_sealed_t column, const char *id,
                             const char *sealed, apr_pool_t *pool)
{
    const secret_key_t *key = find_key(keys, sealed);
    const char *place = place_of(column, id, pool);
    size_t capacity = strlen(sealed) + 1, size = 0;
    unsigned char *box;
    char *text;

    *out = NULL;
    if (!key)
        return sealed_with_another(pool);
    box = apr_palloc(pool, capacity);
    sealed += MARK;
    if (sodium_base642bin(box, capacity, sealed, strlen(sealed), NULL, &size, NULL, sodium_base64_VARIANT_ORIGINAL) ||
        size < OVERHEAD)
        return orc_error(pool, 500, "secret.open", "It is damaged.");
    text = apr_palloc(pool, size - OVERHEAD + 1);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)text, NULL, NULL, box + NONCE, size - NONCE,
                                                   (const unsigned char *)place, strlen(place), box, key->bytes))
        return orc_error(pool, 500, "secret.open", "It is damaged, or was sealed for another place.");
    text[size - OVERHEAD] = '\0';
    *out = text;
    return NULL;
}

/* Whether it is this caller's turn to complain of that column. */
static int may_warn(orc_secret_keys_t *keys, orc_sealed_t column)
{
    apr_uint32_t now = (apr_uint32_t)apr_time_sec(apr_time_now());
    apr_uint32_t last = apr_atomic_read32(&keys->warned[column]);

    return (last == 0 || now - last >= WARN_EVERY) && apr_atomic_cas32(&keys->warned[column], now, last) == last;
}

void orc_secret_complain(orc_secret_keys_t *keys, orc_sealed_t column, const char *id, const orc_error_t *error,
                         apr_pool_t *pool)
{
    if (may_warn(keys, column))
        orc_log(ORC_LOG_WARNING, "%s of row %s can't be opened: %s", orc_sealed_columns[column].name, id,
                orc_error_line(error, pool));
}

const char *orc_secret_reveal(orc_secret_keys_t *keys, orc_sealed_t column, const char *id, const char *sealed,
                              apr_pool_t *pool)
{
    orc_error_t *error;
    char *text;

    if (!sealed)
        return NULL;
    error = orc_secret_open(&text, keys, column, id, sealed, pool);
    if (error)
        orc_secret_complain(keys, column, id, error, pool);
    return text;
}

const char *orc_secret_sha256(const void *bytes, apr_size_t length, apr_pool_t *pool)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char *hex = apr_palloc(pool, 2 * sizeof hash + 1);

    crypto_hash_sha256(hash, bytes, length);
    return sodium_bin2hex(hex, 2 * sizeof hash + 1, hash, sizeof hash);
}
