/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_escape.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "orc_api.h"
#include "orc_routes.h"
#include "orc_surface_handler.h"

/* The page where the build had --with-swagger-ui: Swagger UI's own files stay in the folder that it named. */

enum { MAX_FILE = 16 * 1024 * 1024 };

#define SCRIPT "text/javascript; charset=utf-8"

static const char *const page[] = {
    "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>PaaS Orchestrator API</title>"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'\">"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><link rel=\"stylesheet\" href=\"",
    "/docs/swagger-ui.css\"></head><body><div id=\"ui\"></div><script src=\"",
    "/docs/swagger-ui-bundle.js\"></script><script src=\"",
    "/docs/swagger-ui-start.js\"></script></body></html>\n",
    NULL,
};

static const char *const start[] = {
    "SwaggerUIBundle({url: \"",
    "/openapi.json\", dom_id: \"#ui\", validatorUrl: null, presets: [SwaggerUIBundle.presets.apis], "
    "layout: \"BaseLayout\"});\n",
    NULL,
};

static orc_error_t *fail(const char *path, apr_status_t status, apr_pool_t *pool)
{
    char reason[120];

    return orc_error(pool, 500, "swagger_ui", "%s can't be read: %s", path,
                     apr_strerror(status, reason, sizeof reason));
}

static orc_error_t *read_file(apr_file_t *file, const char *path, const char *type, const orc_request_t *request,
                              orc_response_t *response)
{
    apr_pool_t *pool = request->pool;
    apr_finfo_t found;
    apr_status_t status = apr_file_info_get(&found, APR_FINFO_SIZE | APR_FINFO_MTIME | APR_FINFO_TYPE, file);
    char *bytes;

    if (status != APR_SUCCESS)
        return fail(path, status, pool);
    if (found.filetype != APR_REG || found.size > MAX_FILE)
        return fail(path, APR_EGENERAL, pool);
    bytes = apr_palloc(pool, (apr_size_t)found.size + 1);
    status = apr_file_read_full(file, bytes, (apr_size_t)found.size, NULL);
    if (status != APR_SUCCESS)
        return fail(path, status, pool);
    bytes[found.size] = '\0';
    orc_surface_set_tag(response, apr_psprintf(pool, "%" APR_OFF_T_FMT "-%" APR_TIME_T_FMT, found.size, found.mtime),
                        pool);
    response->status = 200;
    response->content_type = type;
    response->body = bytes;
    response->length = (apr_size_t)found.size;
    return NULL;
}

static orc_error_t *send_file(const char *name, const char *type, const orc_request_t *request,
                              orc_response_t *response)
{
    const char *path = apr_pstrcat(request->pool, ORC_SWAGGER_UI "/", name, NULL);
    apr_file_t *file;
    apr_status_t status = apr_file_open(&file, path, APR_READ | APR_BINARY, APR_OS_DEFAULT, request->pool);
    orc_error_t *error;

    if (status != APR_SUCCESS)
        return fail(path, status, request->pool);
    error = read_file(file, path, type, request, response);
    (void)apr_file_close(file);
    return error;
}

orc_error_t *orc_api_browser_get(const orc_request_t *request, orc_response_t *response)
{
    orc_api_constant(request, response, "text/html; charset=utf-8", page, NULL,
                     apr_pescape_entity(request->pool, request->base_url, 0));
    return NULL;
}

orc_error_t *orc_api_swagger_ui_start(const orc_request_t *request, orc_response_t *response)
{
    orc_api_constant(request, response, SCRIPT, start, NULL, request->base_url);
    return NULL;
}

orc_error_t *orc_api_swagger_ui_style(const orc_request_t *request, orc_response_t *response)
{
    return send_file("swagger-ui.css", "text/css; charset=utf-8", request, response);
}

orc_error_t *orc_api_swagger_ui_bundle(const orc_request_t *request, orc_response_t *response)
{
    return send_file("swagger-ui-bundle.js", SCRIPT, request, response);
}
