/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_import_mapping.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_identity.h"
#include "orc_json.h"
#include "orc_url.h"
#include "orc_words.h"

struct orc_import_mapping_t {
    const json_t *file; /* an object */
};

/* ---- reading ---- */

static const char *const members[] = {"im", "ims", "providers", "group", "groups", NULL};
static const char *const place_members[] = {"provider", "region", "project", NULL};

static void check_text(orc_error_t **error, const json_t *value, const char *at, apr_pool_t *pool)
{
    if (!json_string_length(value))
        orc_error_add_pointer(error, pool, at, "must be a string that isn't empty");
}

/* An object whose members are texts, and have these names unless `known` is NULL. */
static void check_texts(orc_error_t **error, json_t *object, const char *at, const char *const *known, apr_pool_t *pool)
{
    const char *name;
    json_t *value;

    if (!json_is_object(object)) {
        orc_error_add_pointer(error, pool, at, "must be an object");
        return;
    }
    json_object_foreach(object, name, value)
    {
        if (known && !orc_words_find(known, name))
            orc_error_add_pointer(error, pool, orc_json_pointer(pool, at, name), "is no member that is known here");
        else
            check_text(error, value, orc_json_pointer(pool, at, name), pool);
    }
}

static void check_member(orc_error_t **error, const char *name, json_t *value, apr_pool_t *pool)
{
    const char *at = orc_json_pointer(pool, "", name), *key;
    json_t *place;

    if (!orc_words_find(members, name))
        orc_error_add_pointer(error, pool, at, "is no member that is known here");
    else if (strcmp(name, "im") == 0 || strcmp(name, "group") == 0)
        check_text(error, value, at, pool);
    else if (strcmp(name, "providers") != 0 || !json_is_object(value))
        check_texts(error, value, at, NULL, pool);
    else
        json_object_foreach(value, key, place)
            check_texts(error, place, orc_json_pointer(pool, at, key), place_members, pool);
}

static orc_error_t *name_mistakes(const char *path, const orc_error_t *mistakes, apr_pool_t *pool)
{
    const char *text = "";
    int i;

    for (i = 0; mistakes && i < mistakes->fields->nelts; i++) {
        const orc_error_field_t *field = &APR_ARRAY_IDX(mistakes->fields, i, orc_error_field_t);

        text = apr_pstrcat(pool, text, i ? "; " : "", field->pointer, " ", field->detail, NULL);
    }
    return mistakes ? orc_error(pool, 500, "import.mapping", "%s: %s", path, text) : NULL;
}

orc_error_t *orc_import_mapping_load(orc_import_mapping_t **out, const char *path, apr_pool_t *pool)
{
    orc_import_mapping_t *mapping = apr_pcalloc(pool, sizeof *mapping);
    orc_error_t *error = NULL;
    json_error_t why;
    json_t *file, *value;
    const char *name;

    file = path ? json_load_file(path, JSON_REJECT_DUPLICATES, &why) : json_object();
    if (!file)
        return orc_error(pool, 500, "import.mapping", "%s, line %d: %s", path, why.line, why.text);
    mapping->file = orc_json_own(file, pool);
    if (!json_is_object(file))
        return orc_error(pool, 500, "import.mapping", "%s must hold a JSON object", path);
    json_object_foreach(file, name, value) check_member(&error, name, value, pool);
    *out = mapping;
    return name_mistakes(path, error, pool);
}

/* ---- asking ---- */

static const char *lookup(const orc_import_mapping_t *mapping, const char *member, const char *name)
{
    return orc_json_string(json_object_get(mapping->file, member), name);
}

const char *orc_import_mapping_group(const orc_import_mapping_t *mapping, const char *user_group)
{
    const char *here;

    if (!user_group || !*user_group)
        return orc_json_string(mapping->file, "group");
    here = lookup(mapping, "groups", user_group);
    return here ? here : user_group;
}

/* URLs are compared without the slashes at their end. */
static const char *same_im(const orc_import_mapping_t *mapping, const char *url, apr_pool_t *pool)
{
    json_t *list = json_object_get(mapping->file, "ims"), *here;
    const char *trimmed = orc_url_trimmed(url, pool), *there;

    json_object_foreach(list, there, here)
    {
        if (orc_url_is(there, trimmed))
            return orc_url_trimmed(json_string_value(here), pool);
    }
    return trimmed;
}

static orc_error_t *refuse(apr_pool_t *pool, const char *why)
{
    return orc_error(pool, 422, "adoption", "%s", why);
}

/* The IM that it is at, as it is called here. */
static orc_error_t *find_im(const char **endpoint, const orc_import_mapping_t *mapping, const json_t *where,
                            apr_pool_t *pool)
{
    const char *url = orc_json_string(where, "imEndpoint");

    if (!url)
        url = orc_json_string(mapping->file, "im");
    if (!url)
        return refuse(pool,
                      "at which Infrastructure Manager it is, is not known: name the former orchestrator's in the "
                      "mapping file (\"im\")");
    *endpoint = same_im(mapping, url, pool);
    return NULL;
}

static orc_error_t *find_provider(const orc_provider_t **provider, const orc_import_mapping_t *mapping,
                                  const char *name, const orc_providers_t *providers, apr_pool_t *pool)
{
    const char *here;

    if (!name)
        return refuse(pool, "it has an infrastructure, but at no cloud provider");
    here = orc_json_string(json_object_get(json_object_get(mapping->file, "providers"), name), "provider");
    *provider = orc_providers_find(providers, here ? here : name);
    if (*provider)
        return NULL;
    return refuse(pool, apr_psprintf(pool, "its provider %s is called %s here, and there is none of that name", name,
                                     here ? here : name));
}

static orc_error_t *check_im(const char *endpoint, const orc_provider_t *provider, const char *im_url, apr_pool_t *pool)
{
    const char *own = provider->im_url ? provider->im_url : im_url;

    if (own && orc_url_is(endpoint, orc_url_trimmed(own, pool)))
        return NULL;
    return refuse(pool, apr_psprintf(pool, "it is at the Infrastructure Manager %s, and its provider %s has %s here",
                                     endpoint, provider->name, own ? own : "none"));
}

static orc_error_t *read_where(json_t **where, const orc_import_old_t *old, apr_pool_t *pool)
{
    const char *text = old->cloud_provider_endpoint;

    *where = NULL;
    if (text && *text && orc_json_parse(where, text, strlen(text), pool))
        return refuse(pool, "its cloud_provider_endpoint is no JSON");
    if (json_object_size(json_object_get(*where, "hybridCloudProviderEndpoints")))
        return refuse(pool, "it spans several providers, which no deployment does here");
    return NULL;
}

orc_error_t *orc_import_mapping_place(orc_import_place_t *place, const orc_import_mapping_t *mapping,
                                      const orc_import_old_t *old, const char *user_group,
                                      const orc_providers_t *providers, const char *im_url, apr_array_header_t *notes,
                                      apr_pool_t *pool)
{
    const char *name = old->cloud_provider_name;
    const json_t *chosen = name ? json_object_get(json_object_get(mapping->file, "providers"), name) : NULL;
    const orc_provider_t *provider;
    json_t *where;

    ORC_TRY(read_where(&where, old, pool));
    ORC_TRY(find_provider(&provider, mapping, name, providers, pool));
    ORC_TRY(find_im(&place->endpoint, mapping, where, pool));
    ORC_TRY(check_im(place->endpoint, provider, im_url, pool));
    place->endpoint = provider->im_url ? provider->im_url : im_url;
    place->provider = provider->name;
    place->region = orc_json_string(chosen, "region");
    if (!place->region)
        place->region = orc_json_string(where, "region");
    place->project = orc_json_string(chosen, "project");
    if (!place->project && old->issuer && user_group)
        place->project = orc_provider_project(provider, orc_url_trimmed(old->issuer, pool), orc_group_name(user_group));
    if (!place->project)
        APR_ARRAY_PUSH(notes, const char *) = apr_psprintf(
            pool, "The provider %s does not serve its group, so that it may refuse what is asked about it.",
            provider->name);
    return NULL;
}
