/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_providers.h"

#include <apr_file_io.h>
#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "orc_json.h"
#include "orc_url.h"
#include "orc_words.h"

enum { MAX_FILE = 4 * 1024 * 1024, MAX_NAME = 255 };

/* What a check works with: mistakes are gathered, so that an administrator sees them all at once. */
typedef struct checker_t {
    apr_pool_t *pool;
    orc_error_t *mistakes;
    apr_hash_t *names; /* provider name to the pointer of its first use */
} checker_t;

static void refuse_unknown(checker_t *checker, json_t *object, const char *at, const char *const *known)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        if (!orc_words_find(known, name))
            orc_error_add_pointer(&checker->mistakes, checker->pool, orc_json_pointer(checker->pool, at, name),
                                  "is no member that is known here");
    }
}

/* A text that a person or a header can carry, or NULL. */
static const char *check_text(checker_t *checker, const json_t *value, const char *at, int allows_newlines)
{
    const char *text = json_string_value(value), *c;

    if (!text || !*text) {
        orc_error_add_pointer(&checker->mistakes, checker->pool, at, "must be a string that isn't empty");
        return NULL;
    }
    for (c = text; *c; c++) {
        if (apr_iscntrl(*c) && !(allows_newlines && *c == '\n')) {
            orc_error_add_pointer(&checker->mistakes, checker->pool, at, "must not have control characters");
            return NULL;
        }
    }
    return text;
}

static const char *required_text(checker_t *checker, const json_t *object, const char *at, const char *name,
                                 int allows_newlines)
{
    const json_t *value = json_object_get(object, name);

    if (!value) {
        orc_error_add_pointer(&checker->mistakes, checker->pool, at, "must have the member \"%s\"", name);
        return NULL;
    }
    return check_text(checker, value, orc_json_pointer(checker->pool, at, name), allows_newlines);
}

/* An absolute http or https URL without its trailing slashes, or NULL. */
static const char *check_url(checker_t *checker, const json_t *value, const char *at)
{
    const char *url = check_text(checker, value, at, 0);
    const char *mistake = url ? orc_url_mistake(url, checker->pool) : NULL;

    if (mistake)
        orc_error_add_pointer(&checker->mistakes, checker->pool, at, "%s", mistake);
    return url && !mistake ? orc_url_trimmed(url, checker->pool) : NULL;
}

typedef const char *check_item_t(checker_t *checker, const json_t *value, const char *at);

/* What a deployment is said to be at: its indexes take no text of some thousand bytes, and what can't be stored would
 * be tried for ever. */
static const char *check_word(checker_t *checker, const json_t *value, const char *at)
{
    const char *text = check_text(checker, value, at, 0);

    if (text && strlen(text) > MAX_NAME)
        orc_error_add_pointer(&checker->mistakes, checker->pool, at, "must have at most %d bytes", MAX_NAME);
    return text;
}

/* An optional list of texts, each once. */
static const apr_array_header_t *check_list(checker_t *checker, const json_t *object, const char *parent,
                                            const char *name, check_item_t *check)
{
    apr_array_header_t *list = apr_array_make(checker->pool, 4, sizeof(const char *));
    const json_t *items = json_object_get(object, name), *item;
    const char *at = orc_json_pointer(checker->pool, parent, name);
    size_t i;

    if (items && !json_is_array(items))
        orc_error_add_pointer(&checker->mistakes, checker->pool, at, "must be an array of strings");
    json_array_foreach(items, i, item)
    {
        const char *item_at = orc_json_pointer(checker->pool, at, apr_itoa(checker->pool, (int)i));
        const char *text = check(checker, item, item_at);

        if (text && orc_words_contain(list, text))
            orc_error_add_pointer(&checker->mistakes, checker->pool, item_at, "is there twice");
        if (text)
            APR_ARRAY_PUSH(list, const char *) = text;
    }
    return list;
}

static const apr_array_header_t *check_projects(checker_t *checker, const json_t *object, const char *parent)
{
    apr_array_header_t *list = apr_array_make(checker->pool, 4, sizeof(orc_provider_project_t));
    json_t *groups = json_object_get(object, "groups"), *value;
    const char *at = orc_json_pointer(checker->pool, parent, "groups"), *group;

    if (!json_is_object(groups)) {
        orc_error_add_pointer(&checker->mistakes, checker->pool, at, "must be an object: user group to project");
        return list;
    }
    json_object_foreach(groups, group, value)
    {
        const char *group_at = orc_json_pointer(checker->pool, at, group);
        const char *project = check_word(checker, value, group_at);

        if (!*group)
            orc_error_add_pointer(&checker->mistakes, checker->pool, group_at, "names no group");
        if (project) {
            orc_provider_project_t *entry = apr_array_push(list);

            entry->group = group;
            entry->project = project;
        }
    }
    return list;
}

const char *orc_providers_unknown(const char *auth, const char *const *known, apr_pool_t *pool)
{
    const char *brace;

    for (brace = auth ? strchr(auth, '{') : NULL; brace; brace = strchr(brace + 1, '{')) {
        size_t length = strspn(brace + 1, "abcdefghijklmnopqrstuvwxyz_");
        const char *name = apr_pstrmemdup(pool, brace + 1, length);

        if (length > 0 && brace[length + 1] == '}' && !orc_words_find(known, name))
            return name;
    }
    return NULL;
}

static void check_placeholders(checker_t *checker, const char *auth, const char *at)
{
    static const char *const known[] = {"access_token", "project", "region", "name", NULL};
    const char *name = orc_providers_unknown(auth, known, checker->pool);

    if (name)
        orc_error_add_pointer(&checker->mistakes, checker->pool, orc_json_pointer(checker->pool, at, "auth"),
                              "has the placeholder {%s}; known are {access_token}, {project}, {region}, {name}", name);
}

static const char *check_name(checker_t *checker, const json_t *object, const char *at)
{
    const char *name = required_text(checker, object, at, "name", 0);
    const char *name_at = orc_json_pointer(checker->pool, at, "name"), *first;

    if (!name)
        return "";
    first = apr_hash_get(checker->names, name, APR_HASH_KEY_STRING);
    if (first)
        orc_error_add_pointer(&checker->mistakes, checker->pool, name_at, "is the name of %s already", first);
    if (strlen(name) > MAX_NAME)
        orc_error_add_pointer(&checker->mistakes, checker->pool, name_at, "must have at most %d bytes", MAX_NAME);
    apr_hash_set(checker->names, name, APR_HASH_KEY_STRING, at);
    return name;
}

static orc_provider_t *check_provider(checker_t *checker, json_t *object, const char *at)
{
    static const char *const known[] = {"name", "type", "im", "auth", "regions", "groups", "issuers", "enabled", NULL};
    orc_provider_t *provider = apr_pcalloc(checker->pool, sizeof *provider);
    const json_t *im, *enabled;

    if (!json_is_object(object)) {
        orc_error_add_pointer(&checker->mistakes, checker->pool, at, "must be an object");
        return provider;
    }
    refuse_unknown(checker, object, at, known);
    provider->name = check_name(checker, object, at);
    provider->type = required_text(checker, object, at, "type", 0);
    provider->auth = required_text(checker, object, at, "auth", 1);
    check_placeholders(checker, provider->auth, at);
    im = json_object_get(object, "im");
    if (im)
        provider->im_url = check_url(checker, im, orc_json_pointer(checker->pool, at, "im"));
    enabled = json_object_get(object, "enabled");
    if (enabled && !json_is_boolean(enabled))
        orc_error_add_pointer(&checker->mistakes, checker->pool, orc_json_pointer(checker->pool, at, "enabled"),
                              "must be true or false");
    provider->is_enabled = !enabled || json_is_true(enabled);
    provider->regions = check_list(checker, object, at, "regions", check_word);
    provider->projects = check_projects(checker, object, at);
    provider->issuers = check_list(checker, object, at, "issuers", check_url);
    return provider;
}

static const apr_array_header_t *check_file(checker_t *checker, json_t *root)
{
    static const char *const known[] = {"providers", NULL};
    apr_array_header_t *list = apr_array_make(checker->pool, 8, sizeof(orc_provider_t *));
    json_t *providers = json_object_get(root, "providers"), *item;
    size_t i;

    if (!json_is_object(root))
        orc_error_add_pointer(&checker->mistakes, checker->pool, "", "must be an object");
    else if (!json_is_array(providers))
        orc_error_add_pointer(&checker->mistakes, checker->pool, "/providers", "must be an array of providers");
    refuse_unknown(checker, root, "", known);
    json_array_foreach(providers, i, item)
    {
        const char *at = apr_psprintf(checker->pool, "/providers/%d", (int)i);

        APR_ARRAY_PUSH(list, orc_provider_t *) = check_provider(checker, item, at);
    }
    return list;
}

static orc_error_t *read_file(const char **text, apr_size_t *length, const char *path, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    char *buffer = NULL;
    apr_status_t status = apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool);

    if (status != APR_SUCCESS)
        return orc_error(pool, 500, "providers", "The provider file %s can't be opened: %pm", path, &status);
    status = apr_file_info_get(&info, APR_FINFO_SIZE, file);
    if (status == APR_SUCCESS && info.size <= MAX_FILE) {
        *length = (apr_size_t)info.size;
        buffer = apr_pcalloc(pool, *length + 1);
        status = apr_file_read_full(file, buffer, *length, length);
    }
    apr_file_close(file);
    if (status != APR_SUCCESS && !APR_STATUS_IS_EOF(status))
        return orc_error(pool, 500, "providers", "The provider file %s can't be read: %pm", path, &status);
    if (!buffer)
        return orc_error(pool, 500, "providers", "The provider file %s has more than %d bytes.", path, MAX_FILE);
    *text = buffer;
    return NULL;
}

/* The gathered mistakes as the one error that stops the start. */
static orc_error_t *tell(const char *path, const orc_error_t *mistakes, apr_pool_t *pool)
{
    const char *text = "";
    orc_error_t *error;
    int i;

    for (i = 0; i < mistakes->fields->nelts; i++) {
        const orc_error_field_t *field = &APR_ARRAY_IDX(mistakes->fields, i, orc_error_field_t);

        text = apr_pstrcat(pool, text, i ? "; " : "", *field->pointer ? field->pointer : "the whole", " ",
                           field->detail, NULL);
    }
    error = orc_error(pool, 500, "providers", "The provider file %s: %s.", path, text);
    error->fields = mistakes->fields;
    return error;
}

orc_error_t *orc_providers_load(orc_providers_t **out, const char *path, apr_pool_t *pool)
{
    checker_t checker = {.pool = pool, .names = apr_hash_make(pool)};
    orc_providers_t *providers = apr_pcalloc(pool, sizeof *providers);
    const char *text = NULL;
    apr_size_t length = 0;
    orc_error_t *error;
    json_t *root;

    ORC_TRY(read_file(&text, &length, path, pool));
    error = orc_json_parse(&root, text, length, pool);
    if (error)
        return orc_error(pool, 500, "providers", "The provider file %s: %s", path, error->detail);
    providers->list = check_file(&checker, root);
    if (checker.mistakes)
        return tell(path, checker.mistakes, pool);
    *out = providers;
    return NULL;
}

const orc_provider_t *orc_providers_find(const orc_providers_t *providers, const char *name)
{
    int i;

    for (i = 0; i < providers->list->nelts; i++) {
        const orc_provider_t *provider = APR_ARRAY_IDX(providers->list, i, const orc_provider_t *);

        if (strcmp(provider->name, name) == 0)
            return provider;
    }
    return NULL;
}

static int is_same(const char *url, const char *other)
{
    apr_size_t length = orc_url_length(url);

    return length == orc_url_length(other) && strncmp(url, other, length) == 0;
}

int orc_providers_have_endpoint(const orc_providers_t *providers, const char *im_url, const char *endpoint)
{
    int i;

    if (im_url && is_same(im_url, endpoint))
        return 1;
    for (i = 0; i < providers->list->nelts; i++) {
        const orc_provider_t *provider = APR_ARRAY_IDX(providers->list, i, const orc_provider_t *);

        if (provider->im_url && is_same(provider->im_url, endpoint))
            return 1;
    }
    return 0;
}

static int serves_issuer(const orc_provider_t *provider, const char *issuer)
{
    int i;

    for (i = 0; i < provider->issuers->nelts; i++) {
        if (orc_url_is(issuer, APR_ARRAY_IDX(provider->issuers, i, const char *)))
            return 1;
    }
    return provider->issuers->nelts == 0;
}

const char *orc_provider_project(const orc_provider_t *provider, const char *issuer, const char *group)
{
    const char *of_everybody = NULL;
    int i;

    if (!serves_issuer(provider, issuer))
        return NULL;
    for (i = 0; i < provider->projects->nelts; i++) {
        const orc_provider_project_t *entry = &APR_ARRAY_IDX(provider->projects, i, orc_provider_project_t);

        if (strcmp(entry->group, group) == 0)
            return entry->project;
        if (strcmp(entry->group, "*") == 0)
            of_everybody = entry->project;
    }
    return of_everybody;
}

int orc_provider_has_region(const orc_provider_t *provider, const char *region)
{
    return !region || orc_words_contain(provider->regions, region);
}
