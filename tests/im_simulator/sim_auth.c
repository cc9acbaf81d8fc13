/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_auth.h"

#include <apr_base64.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <jansson.h>
#include <string.h>

#define MAX_LINES    64
#define WRONG_ISSUER "Invalid InfrastructureManager credentials. Issuer not accepted."

static const char *const cloud_types[] = {
    "Dummy",  "OpenStack", "EGI",        "EGIIS",   "EC2",    "GCE",    "Azure",  "OpenNebula",   "OSCAR", "Kubernetes",
    "Lambda", "KubeVirt",  "CloudStack", "vSphere", "Linode", "Orange", "Docker", "DeployedNode", NULL};

int sim_auth_is_cloud_type(const char *type)
{
    for (const char *const *known = cloud_types; type && *known; known++) {
        if (!strcmp(*known, type)) {
            return 1;
        }
    }
    return 0;
}

/* Cuts text at each separator outside quotes; the quotes stay. Returns the pieces as char *. */
static apr_array_header_t *split_outside_quotes(const char *text, char separator, apr_pool_t *pool)
{
    apr_array_header_t *pieces = apr_array_make(pool, 8, sizeof(char *));
    const char *start = text;
    char quote = 0;

    for (;; text++) {
        if (!*text || (*text == separator && !quote)) {
            APR_ARRAY_PUSH(pieces, char *) = apr_pstrmemdup(pool, start, text - start);
            if (!*text) {
                return pieces;
            }
            start = text + 1;
        }
        else if (*text == quote) {
            quote = 0;
        }
        else if (!quote && (*text == '"' || *text == '\'')) {
            quote = *text;
        }
    }
}

static char *trim(char *text)
{
    char *end;
    while (apr_isspace(*text)) {
        text++;
    }
    end = text + strlen(text);
    while (end > text && apr_isspace(end[-1])) {
        *--end = '\0';
    }
    return text;
}

static char *remove_quotes(char *text)
{
    char *in = text, *out = text, quote = 0;
    for (; *in; in++) {
        if (*in == quote) {
            quote = 0;
        }
        else if (!quote && (*in == '"' || *in == '\'')) {
            quote = *in;
        }
        else {
            *out++ = *in;
        }
    }
    *out = '\0';
    return text;
}

static apr_table_t *read_line(const char *line, apr_pool_t *pool)
{
    apr_table_t *table = apr_table_make(pool, 8);
    apr_array_header_t *pairs = split_outside_quotes(line, ';', pool);

    for (int i = 0; i < pairs->nelts; i++) {
        char *pair = trim(APR_ARRAY_IDX(pairs, i, char *));
        apr_array_header_t *sides = split_outside_quotes(pair, '=', pool);
        char *value;
        if (!*pair) {
            continue;
        }
        if (sides->nelts != 2) {
            break; /* IM drops this pair and all later ones of the line */
        }
        value = trim(APR_ARRAY_IDX(sides, 1, char *));
        if (*value) {
            apr_table_setn(table, trim(APR_ARRAY_IDX(sides, 0, char *)), remove_quotes(value));
        }
    }
    return table;
}

/* The header's other form: a JSON list of objects. NULL when it is none. */
static apr_array_header_t *read_json_lines(const char *header, apr_pool_t *pool)
{
    json_t *list = json_loads(header, 0, NULL), *object, *value;
    apr_array_header_t *lines = NULL;
    const char *key;
    size_t i;

    if (json_is_array(list)) {
        lines = apr_array_make(pool, 4, sizeof(apr_table_t *));
        json_array_foreach(list, i, object)
        {
            apr_table_t *table = apr_table_make(pool, 8);
            json_object_foreach(object, key, value)
            {
                if (json_is_string(value)) {
                    apr_table_set(table, key, json_string_value(value));
                }
                else if (json_is_integer(value)) {
                    apr_table_set(table, key,
                                  apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value)));
                }
            }
            if (i < MAX_LINES) {
                APR_ARRAY_PUSH(lines, apr_table_t *) = table;
            }
        }
    }
    json_decref(list);
    return lines;
}

/* Turns backslash backslash n into a newline, then cuts at backslash n. */
static apr_array_header_t *cut_lines(const char *header, apr_pool_t *pool)
{
    apr_array_header_t *lines = apr_array_make(pool, 4, sizeof(char *));
    char *line = apr_palloc(pool, strlen(header) + 1), *out = line;

    for (;; header++) {
        if (!strncmp(header, "\\\\n", 3)) {
            *out++ = '\n';
            header += 2;
        }
        else if (!*header || !strncmp(header, "\\n", 2)) {
            *out++ = '\0';
            APR_ARRAY_PUSH(lines, char *) = trim(line);
            if (!*header || lines->nelts == MAX_LINES) {
                return lines;
            }
            header++;
            line = out;
        }
        else {
            *out++ = *header;
        }
    }
}

static int is_good_id(const char *id)
{
    if (!apr_isalpha(*id) && *id != '_' && *id != '.') {
        return 0;
    }
    return id[strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")] == '\0';
}

sim_auth_t *sim_auth_read(const char *header, apr_pool_t *pool)
{
    sim_auth_t *auth = apr_pcalloc(pool, sizeof(*auth));
    apr_array_header_t *lines = cut_lines(header, pool);

    if (lines->nelts == 1 && (auth->lines = read_json_lines(APR_ARRAY_IDX(lines, 0, char *), pool))) {
        lines->nelts = 0;
    }
    else {
        auth->lines = apr_array_make(pool, 4, sizeof(apr_table_t *));
    }
    for (int i = 0; i < lines->nelts; i++) {
        const char *line = APR_ARRAY_IDX(lines, i, char *);
        if (*line && *line != '#') {
            APR_ARRAY_PUSH(auth->lines, apr_table_t *) = read_line(line, pool);
        }
    }
    for (int i = 0; i < auth->lines->nelts && !auth->bad_id; i++) {
        const char *id = apr_table_get(APR_ARRAY_IDX(auth->lines, i, apr_table_t *), "id");
        if (id && !is_good_id(id)) {
            auth->bad_id = id;
        }
    }
    return auth;
}

static const apr_table_t *line_of_type(const sim_auth_t *auth, const char *type)
{
    for (int i = 0; i < auth->lines->nelts; i++) {
        apr_table_t *line = APR_ARRAY_IDX(auth->lines, i, apr_table_t *);
        const char *value = apr_table_get(line, "type");
        if (value && !strcmp(value, type)) {
            return line;
        }
    }
    return NULL;
}

static int is_cloud_line(const apr_table_t *line)
{
    const char *type = apr_table_get(line, "type");
    return type && strcmp(type, "InfrastructureManager") && strcmp(type, "VMRC") && strcmp(type, "Vault");
}

const apr_table_t *sim_auth_cloud(const sim_auth_t *auth)
{
    return sim_auth_cloud_by_id(auth, NULL);
}

const apr_table_t *sim_auth_cloud_by_id(const sim_auth_t *auth, const char *id)
{
    for (int i = 0; i < auth->lines->nelts; i++) {
        apr_table_t *line = APR_ARRAY_IDX(auth->lines, i, apr_table_t *);
        const char *value = apr_table_get(line, "id");
        if (is_cloud_line(line) && (!id || (value && !strcmp(value, id)))) {
            return line;
        }
    }
    return NULL;
}

/* The payload of a JWT as a new reference, NULL when it can not be decoded. */
static json_t *token_payload(const char *token, apr_pool_t *pool)
{
    const char *start = strchr(token, '.'), *end;
    char *encoded, *decoded;
    int length;

    if (!start++) {
        return NULL;
    }
    end = strchr(start, '.');
    encoded = end ? apr_pstrmemdup(pool, start, end - start) : apr_pstrdup(pool, start);
    for (char *c = encoded; *c; c++) {
        *c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
    }
    encoded = apr_pstrcat(pool, encoded, "==", NULL);
    decoded = apr_palloc(pool, apr_base64_decode_len(encoded) + 1);
    length = apr_base64_decode(decoded, encoded);
    return length > 0 ? json_loadb(decoded, length, 0, NULL) : NULL;
}

static const char *claim(const json_t *payload, const char *name, apr_pool_t *pool)
{
    const char *value = json_string_value(json_object_get(payload, name));
    return value ? apr_pstrdup(pool, value) : NULL;
}

static int is_accepted(const apr_array_header_t *issuers, const char *issuer)
{
    for (int i = 0; i < issuers->nelts; i++) {
        if (issuer && !strcmp(APR_ARRAY_IDX(issuers, i, const char *), issuer)) {
            return 1;
        }
    }
    return !issuers->nelts;
}

/* IM 1.x looks at the issuer first, 2.x at the expiry. */
static sim_identity_t token_identity(const char *token, const apr_array_header_t *issuers, int generation,
                                     apr_pool_t *pool)
{
    sim_identity_t who = {0};
    json_t *payload = token_payload(token, pool), *expiry = json_object_get(payload, "exp");
    const char *name, *issuer = claim(payload, "iss", pool), *subject = claim(payload, "sub", pool);

    if (!json_is_object(payload)) {
        who.problem = apr_pstrcat(
            pool, "Error trying to decode OIDC auth token: ",
            strchr(token, '.') ? "Expecting value: line 1 column 1 (char 0)" : "list index out of range", NULL);
        who.malformed = 1;
    }
    else if (generation == 1 && !is_accepted(issuers, issuer)) {
        who.problem = WRONG_ISSUER;
    }
    else if (!json_is_number(expiry)) {
        who.problem = "Invalid InfrastructureManager credentials. OIDC auth Error getting token info.";
    }
    else if (json_number_value(expiry) <= (double)apr_time_sec(apr_time_now())) {
        who.problem = "Invalid InfrastructureManager credentials. OIDC auth Token expired.";
    }
    else if (!is_accepted(issuers, issuer)) {
        who.problem = WRONG_ISSUER;
    }
    else {
        name = claim(payload, "preferred_username", pool);
        name = name ? name : claim(payload, "name", pool);
        who.username = apr_pstrcat(pool, "__OPENID__", name ? name : subject ? subject : "", NULL);
        who.password = apr_pstrcat(pool, issuer ? issuer : "", "/", subject ? subject : "", NULL);
    }
    json_decref(payload);
    return who;
}

sim_identity_t sim_auth_identity(const sim_auth_t *auth, const apr_array_header_t *issuers, int generation,
                                 apr_pool_t *pool)
{
    const apr_table_t *line = line_of_type(auth, "InfrastructureManager");
    sim_identity_t who = {0};
    const char *token = line ? apr_table_get(line, "token") : NULL;

    if (token) {
        return token_identity(token, issuers, generation, pool);
    }
    who.username = line ? apr_table_get(line, "username") : NULL;
    who.password = line ? apr_table_get(line, "password") : NULL;
    if (!who.username || !who.password) {
        who.problem = "No credentials provided for the InfrastructureManager.";
    }
    else if (!strncmp(who.username, "__OPENID__", 10)) {
        who.problem = "Invalid username used for the InfrastructureManager.";
    }
    return who;
}
