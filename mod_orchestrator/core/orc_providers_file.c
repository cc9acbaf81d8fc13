/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_providers_check.h"

#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "orc_identity.h"
#include "orc_im_lines.h"
#include "orc_url.h"
#include "orc_words.h"

enum { MAX_FILE = 4 * 1024 * 1024, MAX_NAME = 255 };

void orc_providers_refuse_unknown(orc_providers_check_t *check, json_t *object, const char *at,
                                  const char *const *known)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        if (!orc_words_find(known, name))
            orc_error_add_pointer(&check->mistakes, check->pool, orc_json_pointer(check->pool, at, name),
                                  "is no member that is known here");
    }
}

/* A text that a person or a header can carry, or NULL. */
static const char *check_text(orc_providers_check_t *check, const json_t *value, const char *at, int allows_newlines)
{
    const char *text = json_string_value(value), *c;

    if (!text || !*text) {
        orc_error_add_pointer(&check->mistakes, check->pool, at, "must be a string that isn't empty");
        return NULL;
    }
    for (c = text; *c; c++) {
        if (apr_iscntrl(*c) && !(allows_newlines && *c == '\n')) {
            orc_error_add_pointer(&check->mistakes, check->pool, at, "must not have control characters");
            return NULL;
        }
    }
    return text;
}

static const char *required_text(orc_providers_check_t *check, const json_t *object, const char *at, const char *name,
                                 int allows_newlines)
{
    const json_t *value = json_object_get(object, name);

    if (!value) {
        orc_error_add_pointer(&check->mistakes, check->pool, at, "must have the member \"%s\"", name);
        return NULL;
    }
    return check_text(check, value, orc_json_pointer(check->pool, at, name), allows_newlines);
}

/* An absolute http or https URL without its trailing slashes, or NULL. */
static const char *check_url(orc_providers_check_t *check, const json_t *value, const char *at)
{
    const char *url = check_text(check, value, at, 0);
    const char *mistake = url ? orc_url_mistake(url, check->pool) : NULL;

    if (mistake)
        orc_error_add_pointer(&check->mistakes, check->pool, at, "%s", mistake);
    return url && !mistake ? orc_url_trimmed(url, check->pool) : NULL;
}

/* What a deployment is said to be at: its indexes take no text of some thousand bytes, and what can't be stored would
 * be tried for ever. */
const char *orc_providers_word(orc_providers_check_t *check, const json_t *value, const char *at)
{
    const char *text = check_text(check, value, at, 0);

    if (text && strlen(text) > MAX_NAME)
        orc_error_add_pointer(&check->mistakes, check->pool, at, "must have at most %d bytes", MAX_NAME);
    return text;
}

/* An optional list of texts, each once. */
const apr_array_header_t *orc_providers_words(orc_providers_check_t *check, const json_t *object, const char *parent,
                                              const char *name, orc_providers_item_t *read)
{
    apr_array_header_t *list = apr_array_make(check->pool, 4, sizeof(const char *));
    const json_t *items = json_object_get(object, name), *item;
    const char *at = orc_json_pointer(check->pool, parent, name);
    size_t i;

    if (items && !json_is_array(items))
        orc_error_add_pointer(&check->mistakes, check->pool, at, "must be an array of strings");
    json_array_foreach(items, i, item)
    {
        const char *item_at = orc_json_pointer(check->pool, at, apr_itoa(check->pool, (int)i));
        const char *text = read(check, item, item_at);

        if (text && orc_words_contain(list, text))
            orc_error_add_pointer(&check->mistakes, check->pool, item_at, "is there twice");
        if (text)
            APR_ARRAY_PUSH(list, const char *) = text;
    }
    return list;
}

/* The project of a group: its name, or an object that also names the agreement. */
static int check_share(orc_provider_project_t *share, orc_providers_check_t *check, json_t *value, const char *at)
{
    static const char *const known[] = {"project", "sla", NULL};
    const json_t *project = json_object_get(value, "project"), *sla = json_object_get(value, "sla");

    if (!json_is_object(value)) {
        share->project = orc_providers_word(check, value, at);
        return share->project != NULL;
    }
    orc_providers_refuse_unknown(check, value, at, known);
    share->project = orc_providers_word(check, project, orc_json_pointer(check->pool, at, "project"));
    if (sla)
        share->sla = orc_providers_word(check, sla, orc_json_pointer(check->pool, at, "sla"));
    return share->project != NULL;
}

static int is_listed(const apr_array_header_t *shares, const char *group)
{
    int i;

    for (i = 0; i < shares->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(shares, i, orc_provider_project_t).group, group) == 0)
            return 1;
    }
    return 0;
}

/* Groups are compared as claims and bodies have them. */
static const apr_array_header_t *check_projects(orc_providers_check_t *check, const json_t *object, const char *parent)
{
    apr_array_header_t *list = apr_array_make(check->pool, 4, sizeof(orc_provider_project_t));
    json_t *groups = json_object_get(object, "groups"), *value;
    const char *at = orc_json_pointer(check->pool, parent, "groups"), *group;

    if (!json_is_object(groups)) {
        orc_error_add_pointer(&check->mistakes, check->pool, at, "must be an object: user group to project");
        return list;
    }
    json_object_foreach(groups, group, value)
    {
        const char *group_at = orc_json_pointer(check->pool, at, group);
        orc_provider_project_t share = {.group = orc_group_name(group)};

        if (!*share.group)
            orc_error_add_pointer(&check->mistakes, check->pool, group_at, "names no group");
        if (is_listed(list, share.group))
            orc_error_add_pointer(&check->mistakes, check->pool, group_at,
                                  "is there twice: a slash at a group's beginning does not count");
        if (check_share(&share, check, value, group_at))
            APR_ARRAY_PUSH(list, orc_provider_project_t) = share;
    }
    return list;
}

/* The cloud's credentials: what is wrong with them, IM or a deployment would say much later, and of something else. */
static void check_auth(orc_providers_check_t *check, const char *auth, const char *at, int has_regions)
{
    static const char *const known[] = {"access_token", "project", "region", "name", NULL};
    const char *name = orc_providers_unknown(auth, known, check->pool);
    const char *mistake = name ? NULL : orc_im_lines_mistake(auth);

    at = orc_json_pointer(check->pool, at, "auth");
    if (name)
        orc_error_add_pointer(&check->mistakes, check->pool, at,
                              "has the placeholder {%s}; known are {access_token}, {project}, {region}, {name}", name);
    if (mistake)
        orc_error_add_pointer(&check->mistakes, check->pool, at, "%s", mistake);
    if (!has_regions && strstr(auth, "{region}"))
        orc_error_add_pointer(&check->mistakes, check->pool, at, "has {region}, and the provider has no regions");
}

static const char *check_name(orc_providers_check_t *check, const json_t *object, const char *at)
{
    const char *name = required_text(check, object, at, "name", 0);
    const char *name_at = orc_json_pointer(check->pool, at, "name"), *first;

    if (!name)
        return "";
    first = apr_hash_get(check->names, name, APR_HASH_KEY_STRING);
    if (first)
        orc_error_add_pointer(&check->mistakes, check->pool, name_at, "is the name of %s already", first);
    if (strlen(name) > MAX_NAME)
        orc_error_add_pointer(&check->mistakes, check->pool, name_at, "must have at most %d bytes", MAX_NAME);
    apr_hash_set(check->names, name, APR_HASH_KEY_STRING, at);
    return name;
}

/* Left out, it is every issuer; nobody means that by naming none. */
static const apr_array_header_t *check_issuers(orc_providers_check_t *check, const json_t *object, const char *at)
{
    const json_t *issuers = json_object_get(object, "issuers");

    if (json_is_array(issuers) && json_array_size(issuers) == 0)
        orc_error_add_pointer(&check->mistakes, check->pool, orc_json_pointer(check->pool, at, "issuers"),
                              "must name an issuer; left out, it is every one");
    return orc_providers_words(check, object, at, "issuers", check_url);
}

static orc_provider_t *check_provider(orc_providers_check_t *check, json_t *object, const char *at)
{
    static const char *const known[] = {"name",    "type",    "im",      "auth",   "regions",  "groups",
                                        "issuers", "enabled", "flavors", "images", "networks", NULL};
    orc_provider_t *provider = apr_pcalloc(check->pool, sizeof *provider);
    const json_t *im, *enabled;

    if (!json_is_object(object)) {
        orc_error_add_pointer(&check->mistakes, check->pool, at, "must be an object");
        return provider;
    }
    orc_providers_refuse_unknown(check, object, at, known);
    provider->name = check_name(check, object, at);
    provider->type = required_text(check, object, at, "type", 0);
    provider->auth = required_text(check, object, at, "auth", 1);
    im = json_object_get(object, "im");
    if (im)
        provider->im_url = check_url(check, im, orc_json_pointer(check->pool, at, "im"));
    enabled = json_object_get(object, "enabled");
    if (enabled && !json_is_boolean(enabled))
        orc_error_add_pointer(&check->mistakes, check->pool, orc_json_pointer(check->pool, at, "enabled"),
                              "must be true or false");
    provider->is_enabled = !enabled || json_is_true(enabled);
    provider->regions = orc_providers_read_regions(check, object, at);
    if (provider->auth)
        check_auth(check, provider->auth, at, provider->regions->nelts > 0);
    orc_providers_read_offer(&provider->offer, check, object, at);
    provider->projects = check_projects(check, object, at);
    provider->issuers = check_issuers(check, object, at);
    return provider;
}

static const apr_array_header_t *check_file(orc_providers_check_t *check, json_t *root)
{
    static const char *const known[] = {"providers", NULL};
    apr_array_header_t *list = apr_array_make(check->pool, 8, sizeof(orc_provider_t *));
    json_t *providers = json_object_get(root, "providers"), *item;
    size_t i;

    if (!json_is_object(root))
        orc_error_add_pointer(&check->mistakes, check->pool, "", "must be an object");
    else if (!json_is_array(providers))
        orc_error_add_pointer(&check->mistakes, check->pool, "/providers", "must be an array of providers");
    orc_providers_refuse_unknown(check, root, "", known);
    json_array_foreach(providers, i, item)
    {
        const char *at = apr_psprintf(check->pool, "/providers/%d", (int)i);

        APR_ARRAY_PUSH(list, orc_provider_t *) = check_provider(check, item, at);
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
    orc_providers_check_t check = {.pool = pool, .names = apr_hash_make(pool)};
    orc_providers_t *providers = apr_pcalloc(pool, sizeof *providers);
    const char *text = NULL;
    apr_size_t length = 0;
    orc_error_t *error;
    json_t *root;

    ORC_TRY(read_file(&text, &length, path, pool));
    error = orc_json_parse(&root, text, length, pool);
    if (error)
        return orc_error(pool, 500, "providers", "The provider file %s: %s", path, error->detail);
    providers->list = check_file(&check, root);
    if (check.mistakes)
        return tell(path, check.mistakes, pool);
    *out = providers;
    return NULL;
}
