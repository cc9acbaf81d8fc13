/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_secret_file.h"

#include <apr_file_io.h>
#include <apr_lib.h>
#include <string.h>
#include <unistd.h>

#define NOT_FOR_OTHERS (APR_FPROT_GWRITE | APR_FPROT_WREAD | APR_FPROT_WWRITE | APR_FPROT_WEXECUTE)

/* The open file is looked at, so that what is checked is what is read. */
static orc_error_t *check(apr_file_t *file, const char *path, apr_pool_t *pool)
{
    apr_finfo_t info;
    apr_status_t status = apr_file_info_get(&info, APR_FINFO_PROT | APR_FINFO_OWNER, file);

    if (status != APR_SUCCESS)
        return orc_error(pool, 500, "secret.file", "The file %s can't be looked at: %pm", path, &status);
    if (info.protection & NOT_FOR_OTHERS)
        return orc_error(pool, 500, "secret.file", "The file %s holds a secret that others may read or change: %s.",
                         path, "chmod 600 it, or 640");
    if (info.user != 0 && info.user != geteuid())
        return orc_error(pool, 500, "secret.file", "The file %s holds a secret and belongs to neither root nor %s.",
                         path, "the user that reads it: chown it");
    return NULL;
}

orc_error_t *orc_secret_file_read(char **text, const char *path, apr_size_t limit, apr_pool_t *pool)
{
    apr_size_t length = limit + 1;
    apr_file_t *file;
    orc_error_t *error;
    apr_status_t status = apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool);

    *text = NULL;
    if (status != APR_SUCCESS)
        return orc_error(pool, 500, "secret.file", "The file %s can't be opened: %pm", path, &status);
    error = check(file, path, pool);
    if (!error) {
        *text = apr_pcalloc(pool, length + 1);
        status = apr_file_read_full(file, *text, length, &length);
        if (status != APR_SUCCESS && !APR_STATUS_IS_EOF(status))
            error = orc_error(pool, 500, "secret.file", "The file %s can't be read: %pm", path, &status);
        else if (length > limit)
            error = orc_error(pool, 500, "secret.file", "The file %s is longer than a secret.", path);
        else if (strlen(*text) < length)
            error = orc_error(pool, 500, "secret.file", "The file %s is no text: it has a NUL in it.", path);
    }
    apr_file_close(file);
    return error;
}

orc_error_t *orc_secret_file_read_line(char **text, const char *path, apr_size_t limit, apr_pool_t *pool)
{
    char *line, *end, *c;

    ORC_TRY(orc_secret_file_read(&line, path, limit, pool));
    while (apr_isspace(*line))
        line++;
    for (end = line + strlen(line); end > line && apr_isspace(end[-1]);)
        *--end = '\0';
    for (c = line; *c && !apr_iscntrl(*c); c++)
        ;
    if (*c)
        return orc_error(pool, 500, "secret.file", "The file %s holds more than one line of text.", path);
    if (!*line)
        return orc_error(pool, 500, "secret.file", "The file %s is empty.", path);
    *text = line;
    return NULL;
}
