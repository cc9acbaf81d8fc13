/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_files.h"

#include <ap_mpm.h>
#include <apr_file_info.h>
#include <apr_strings.h>
#include <http_config.h>
#include <mpm_common.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unixd.h>

#include "mo_tree.h"

/* ---- what httpd's user may ---- */

/* In a process of its own: the exit status is errno. */
static void try_as_user(const char *path, int mode, server_rec *main_server, apr_pool_t *pool)
{
    if (ap_run_drop_privileges(pool, main_server) != OK)
        _exit(0);
    _exit(access(path, mode) == 0 ? 0 : errno);
}

/* 0, or the errno of access(2) for the user that children and daemon become. A mistake in that user is httpd's to say.
 */
static int user_access(const char *path, int mode, server_rec *main_server, apr_pool_t *pool)
{
    int status = 0;
    pid_t child;

    if (geteuid() != 0)
        return access(path, mode) == 0 ? 0 : errno;
    if (ap_unixd_config.user_id == (uid_t)-1 || (child = fork()) < 0)
        return 0;
    if (child == 0)
        try_as_user(path, mode, main_server, pool);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

/* ---- files with secrets ---- */

/* What the user has by another group of theirs, or by an access list: both show as the rights of the group. */
static int may_user_read(const char *path, server_rec *main_server, apr_pool_t *pool)
{
    return ap_unixd_config.user_id != (uid_t)-1 && user_access(path, R_OK, main_server, pool) == 0;
}

/* A group of administrators may read such a file, but not httpd's children, which serve files: one that is tricked into
 * giving any file away must not have this one to give. Where root does not start httpd, they are who starts it, and a
 * group may be all that it is given the file by. */
static const char *check_secret_files(const mo_config_t *config, server_rec *main_server, apr_pool_t *pool)
{
    apr_finfo_t info;
    int i;

    if (geteuid() != 0)
        return NULL;
    for (i = 0; i < config->secret_files->nelts; i++) {
        const mo_secret_file_t *file = &APR_ARRAY_IDX(config->secret_files, i, mo_secret_file_t);
        apr_status_t status = apr_stat(&info, file->path, APR_FINFO_GPROT | APR_FINFO_GROUP, pool);

        if (status != APR_SUCCESS || !(info.protection & APR_FPROT_GREAD))
            continue;
        if (info.group == ap_unixd_config.group_id)
            return apr_psprintf(pool, "%s: the Group of httpd may read %s: chmod 600 it",
                                mo_tree_place(file->directive, pool), file->path);
        if (may_user_read(file->path, main_server, pool))
            return apr_psprintf(pool, "%s: the User of httpd may read %s: chmod 600 it",
                                mo_tree_place(file->directive, pool), file->path);
    }
    return NULL;
}

/* ---- the keys of issuers ---- */

/* By whatever names: over links, too. */
static int is_same_file(const char *path, const char *other, apr_pool_t *pool)
{
    apr_finfo_t one, two;

    if (!path || !other)
        return 0;
    if (strcmp(path, other) == 0)
        return 1;
    return apr_stat(&one, path, APR_FINFO_IDENT, pool) == APR_SUCCESS &&
           apr_stat(&two, other, APR_FINFO_IDENT, pool) == APR_SUCCESS && one.device == two.device &&
           one.inode == two.inode;
}

/* True for a file that a directive of ours reads. */
static int is_read(const mo_config_t *config, const char *path, apr_pool_t *pool)
{
    const ap_directive_t *providers = mo_tree_last(ap_conftree, "OrchestratorProviders", 0);
    int i;

    for (i = 0; i < config->secret_files->nelts; i++) {
        if (is_same_file(APR_ARRAY_IDX(config->secret_files, i, mo_secret_file_t).path, path, pool))
            return 1;
    }
    return is_same_file(config->values->ca_file, path, pool) ||
           (providers && is_same_file(ap_server_root_relative(pool, mo_tree_word(providers, pool)), path, pool));
}

/* The daemon makes a new file and renames it. */
static const char *check_jwks_file(const mo_config_t *config, server_rec *main_server, apr_pool_t *pool)
{
    const char *path = config->values->jwks_file, *folder, *place;
    const ap_directive_t *directive = mo_tree_last(ap_conftree, "OrchestratorJwksFile", 0);
    int reason;

    if (!path || !directive)
        return NULL;
    place = mo_tree_place(directive, pool);
    if (is_read(config, path, pool))
        return apr_psprintf(pool, "%s: the daemon would write over %s, which another directive names", place, path);
    folder = apr_pstrmemdup(pool, path, strrchr(path, '/') - path + 1);
    reason = user_access(folder, W_OK | X_OK, main_server, pool);
    return reason ? apr_psprintf(pool, "%s: the daemon, which is httpd's User, can't write into %s: %s", place, folder,
                                 strerror(reason))
                  : NULL;
}

/* ---- authorities ---- */

/* The number of certificates in a PEM file, as those who verify with it count them. */
static int count_certificates(const char *path)
{
    BIO *file = BIO_new_file(path, "r");
    STACK_OF(X509_INFO) *infos = file ? PEM_X509_INFO_read_bio(file, NULL, NULL, NULL) : NULL;
    int i, count = 0;

    for (i = 0; i < sk_X509_INFO_num(infos); i++)
        count += sk_X509_INFO_value(infos, i)->x509 != NULL;
    sk_X509_INFO_pop_free(infos, X509_INFO_free);
    BIO_free(file);
    return count;
}

static const char *check_ca_file(const mo_config_t *config, server_rec *main_server, apr_pool_t *pool)
{
    const char *path = config->values->ca_file, *place;
    const ap_directive_t *directive = mo_tree_last(ap_conftree, "OrchestratorCAFile", 0);
    int reason;

    if (!path || !directive)
        return NULL;
    place = mo_tree_place(directive, pool);
    reason = user_access(path, R_OK, main_server, pool);
    if (reason)
        return apr_psprintf(pool, "%s: httpd's User can't read %s: %s", place, path, strerror(reason));
    return count_certificates(path) > 0 ? NULL
                                        : apr_psprintf(pool, "%s: %s holds no certificate in PEM form", place, path);
}

const char *mo_files_check(const mo_config_t *config, server_rec *main_server, apr_pool_t *pool)
{
    const char *mistake = check_secret_files(config, main_server, pool);

    if (!mistake)
        mistake = check_jwks_file(config, main_server, pool);
    return mistake ? mistake : check_ca_file(config, main_server, pool);
}
