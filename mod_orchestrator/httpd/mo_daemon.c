/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_daemon.h"

#include <ap_listen.h>
#include <ap_mpm.h>
#include <apr_signal.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <curl/curl.h>
#include <http_core.h>
#include <mpm_common.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mo_config.h"
#include "mo_log.h"
#include "mo_shared.h"
#include "orc_db.h"
#include "orc_db_check.h"
#include "orc_db_views.h"
#include "orc_engine.h"
#include "orc_jwks.h"
#include "orc_pool.h"
#include "orc_secret.h"
#include "orc_store_providers.h"
#include "orc_time.h"

APLOG_USE_MODULE(orchestrator);

enum {
    MAX_FILES = 65536,       /* descriptors: one a call in flight, and more */
    STOP_SECONDS = 3,        /* httpd's parent kills us after as many */
    QUICK_SECONDS = 60,      /* a daemon that lives shorter than this died quickly */
    MAX_BACKOFF = 60,        /* seconds */
    DATABASE_MAX_PAUSE = 16, /* seconds between two looks at a database that can't be used */
    KEYS_INTERVAL = 45,      /* seconds between two rounds over the issuers' keys */
    KEYS_WANTED_PAUSE = 30,  /* the same, at least, when a token named an unknown key */
    KEYS_FIRST_RETRY = 1,    /* seconds; doubles */
    KEYS_TIMEOUT = 10,       /* seconds that an issuer has for its answer */
    VIEWS_INTERVAL = 3600,   /* seconds; views that nobody used for a week are dropped */
};

/* What the parent's callbacks need, and what a signal handler may touch: there is one daemon per process. */
static struct {
    apr_pool_t *pconf;
    server_rec *server;
    apr_proc_t *process;
    apr_time_t started;
    int is_missing; /* it could not be forked */
    int is_noted;   /* httpd ends it with the configuration */
    volatile sig_atomic_t stops;
    orc_engine_t *volatile engine;
    sem_t wake;
} daemon_state;

/* ---- in the daemon ---- */

static void on_stop(int number)
{
    orc_engine_t *engine = daemon_state.engine;

    daemon_state.stops = 1;
    alarm(STOP_SECONDS); /* whatever hangs, hangs no longer than this */
    sem_post(&daemon_state.wake);
    if (engine)
        orc_engine_stop(engine);
}

/* Sleeps unless asked to stop; true when it is time to end. */
static int rest(int seconds)
{
    struct timespec until;

    orc_time_until(&until, apr_time_from_sec(seconds));
    while (!daemon_state.stops && sem_clockwait(&daemon_state.wake, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR)
        ;
    return daemon_state.stops;
}

static void catch_signals(void)
{
    sigset_t none;

    apr_signal(SIGTERM, on_stop);
    apr_signal(SIGHUP, on_stop);
    apr_signal(SIGALRM, SIG_DFL);
    apr_signal(SIGCHLD, SIG_DFL);
    apr_signal(SIGINT, SIG_IGN);
    apr_signal(SIGPIPE, SIG_IGN);
    apr_signal(SIGUSR1, SIG_IGN);
    apr_signal(SIGWINCH, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max < MAX_FILES ? limit.rlim_max : MAX_FILES;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Becomes a process of its own: no sockets of httpd's, no privileges, dead when the parent is. */
static void detach(apr_pool_t *pool, server_rec *server, pid_t parent)
{
    prctl(PR_SET_NAME, "orchestratord");
    catch_signals();
    ap_close_listeners();
    raise_file_limit();
    if (ap_run_drop_privileges(pool, server) != OK)
        _exit(1);
    /* Dropping privileges clears it, so it comes behind; a parent that died meanwhile is noticed by its absence. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(0);
}

/* Whether sessions hold on the way to the database, the requests' and our own. */
static orc_error_t *check_sessions(const mo_config_t *config, apr_pool_t *pool)
{
    orc_error_t *error = orc_db_check_sessions(config->dbd_params, pool);

    if (!error && strcmp(config->values->database_url, config->dbd_params) != 0)
        error = orc_db_check_sessions(config->values->database_url, pool);
    return error;
}

static orc_error_t *keep_views(orc_db_source_t *source, apr_pool_t *pool)
{
    orc_error_t *error;
    orc_db_t *db;

    ORC_TRY(orc_db_open(&db, source, pool));
    error = orc_db_views_keep(db, pool);
    orc_db_close(db);
    return error;
}

/* The tables, and then what this host knows that others read there: before the first request that reads it. */
static orc_error_t *prepare_tables(const mo_config_t *config, server_rec *server, apr_pool_t *pool)
{
    orc_db_source_t *source = orc_db_source_single(config->values->database_url, pool);
    int applied = 0;

    if (config->migrates) {
        ORC_TRY(orc_db_migrate(source, &applied, pool));
        if (applied > 0)
            ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server, ORCLOGNO(1030) "%d migrations were applied", applied);
    }
    else {
        ORC_TRY(keep_views(source, pool));
    }
    return orc_store_providers_write(source, config->providers, pool);
}

static orc_error_t *prepare_database(const mo_config_t *config, server_rec *server, apr_pool_t *pool)
{
    ORC_TRY(check_sessions(config, pool));
    ORC_TRY(prepare_tables(config, server, pool));
    if (strcmp(config->values->database_url, config->dbd_params) == 0 && config->dbd_statements->nelts == 0)
        return NULL;
    return orc_db_check_same(config->values->database_url, config->dbd_params, config->dbd_statements, pool);
}

/* Waits until the database can be used; it may be away for as long as it likes. Requests are let through from then on,
 * and no more when it turns out to be another one than this version needs: after a restart they were so far. */
static void wait_for_database(const mo_config_t *config, server_rec *server, apr_pool_t *pool)
{
    char said[HUGE_STRING_LEN] = "";
    int seconds = 1;

    while (!daemon_state.stops) {
        orc_error_t *error;
        apr_pool_t *work;

        apr_pool_create(&work, pool);
        error = prepare_database(config, server, work);
        if (!error || !error->retriable || mo_read(config->shared->database) == ORC_DB_UNSEEN)
            mo_set(config->shared->database, error ? ORC_DB_SHUT : ORC_DB_OPEN);
        if (error && strncmp(said, orc_error_line(error, work), sizeof said - 1) != 0) {
            apr_cpystrn(said, orc_error_line(error, work), sizeof said);
            ap_log_error(APLOG_MARK, error->retriable ? APLOG_WARNING : APLOG_ERR, 0, server,
                         ORCLOGNO(1031) "the database can not be used, it is tried again until it can: %s", said);
        }
        apr_pool_destroy(work);
        if (!error)
            ap_log_error(APLOG_MARK, APLOG_INFO, 0, server, ORCLOGNO(1038) "the database is as this version needs it");
        if (!error || rest(seconds))
            return;
        seconds = seconds < DATABASE_MAX_PAUSE ? seconds * 2 : DATABASE_MAX_PAUSE;
    }
}

/* Only who makes the database can mend it, and all but searches works without. */
static void warn_of_letters(const mo_config_t *config, server_rec *server, apr_pool_t *pool)
{
    int are_known = 1;
    orc_error_t *error =
        daemon_state.stops ? NULL : orc_db_check_letters(&are_known, config->values->database_url, pool);

    if (!error && !are_known)
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, server,
            ORCLOGNO(1039) "the database's LC_CTYPE knows no letters but those of ASCII: searches take capital "
                           "and small ones of others for different letters; a database that was made with "
                           "LOCALE 'C.UTF-8', or a language's, knows them");
}

/* Waits until the issuers' keys are due again: sooner when a token named a key that nobody knows, but not at once, so
 * that strangers can't make us ask. */
static void wait_for_keys_turn(mo_shared_t *shared, int seconds)
{
    int past = seconds < KEYS_WANTED_PAUSE ? seconds : KEYS_WANTED_PAUSE;

    apr_sleep(apr_time_from_sec(past));
    for (; past < seconds && !mo_read(shared->keys_wanted); past++)
        apr_sleep(APR_USEC_PER_SEC);
}

static void *APR_THREAD_FUNC keep_keys(apr_thread_t *thread, void *baton)
{
    const mo_config_t *config = baton;
    apr_pool_t *pool = apr_thread_pool_get(thread);
    int seconds = KEYS_FIRST_RETRY;
    orc_oidc_t *oidc;
    orc_error_t *error = orc_oidc_make(&oidc, config->values, pool);

    while (!error && !daemon_state.stops) {
        apr_pool_t *round;
        int is_good;

        apr_pool_create(&round, pool);
        mo_set(config->shared->keys_wanted, 0);
        is_good = !orc_jwks_update(NULL, oidc, config->values, apr_time_from_sec(KEYS_TIMEOUT), round);
        apr_pool_destroy(round);
        wait_for_keys_turn(config->shared, is_good ? KEYS_INTERVAL : seconds);
        seconds = is_good ? KEYS_FIRST_RETRY : seconds * 2 < KEYS_INTERVAL ? seconds * 2 : KEYS_INTERVAL;
    }
    if (error)
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, daemon_state.server, ORCLOGNO(1037) "no keys can be fetched: %s",
                     orc_error_line(error, pool));
    return NULL;
}

static void run_engine(const mo_config_t *config, server_rec *server, apr_pool_t *pool)
{
    orc_service_t service = {.config = config->values, .types = config->types, .providers = config->providers};
    orc_engine_t *engine;
    orc_error_t *error;

    service.db = orc_db_source_single(config->values->database_url, pool);
    service.engine = &config->shared->engine;
    error = orc_engine_make(&engine, &service, &config->shared->engine, pool);
    if (error) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, server, ORCLOGNO(1032) "the engine can not be made: %s",
                     orc_error_line(error, pool));
        _exit(1);
    }
    daemon_state.engine = engine;
    if (!daemon_state.stops)
        orc_engine_run(engine);
}

static void daemon_main(mo_config_t *config, server_rec *server, pid_t parent)
{
    apr_thread_t *thread;
    apr_pool_t *pool = orc_pool_shared();
    unsigned deaths = mo_read(config->shared->daemon_quick_deaths);
    int backoff = deaths == 0 ? 0 : deaths > 6 ? MAX_BACKOFF : 1 << (deaths - 1);
    orc_error_t *error;

    sem_init(&daemon_state.wake, 0, 0);
    detach(pool, server, parent);
    mo_log_to(server);
    if (rest(backoff))
        _exit(0);
    error = orc_secret_init(pool);
    if (error || curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
        _exit(1);
    mo_set(config->shared->engine.pid, (apr_uint32_t)getpid());
    ap_log_error(APLOG_MARK, APLOG_INFO, 0, server, ORCLOGNO(1033) "the daemon runs");
    if (apr_thread_create(&thread, NULL, keep_keys, config, pool) != APR_SUCCESS)
        _exit(1);
    wait_for_database(config, server, pool);
    warn_of_letters(config, server, pool);
    if (config->runs_engine && !daemon_state.stops)
        run_engine(config, server, pool);
    while (!rest(VIEWS_INTERVAL)) /* who only serves keeps the views that it serves from; else the engine does */
        wait_for_database(config, server, pool);
    mo_set(config->shared->engine.pid, 0);
    _exit(0);
}

/* ---- in httpd's parent ---- */

static void on_event(int reason, void *data, int status);

static void spawn(mo_config_t *config, server_rec *server)
{
    pid_t parent = getpid(), pid;

    daemon_state.started = orc_time_monotonic();
    pid = fork();
    daemon_state.is_missing = pid < 0;
    if (pid < 0) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, errno, server,
                     ORCLOGNO(1034) "the daemon can not be forked; it is tried again");
        return;
    }
    if (pid == 0)
        daemon_main(config, server, parent);
    daemon_state.process->pid = pid;
    apr_proc_other_child_register(daemon_state.process, on_event, config, NULL, daemon_state.pconf);
    if (!daemon_state.is_noted)
        apr_pool_note_subprocess(daemon_state.pconf, daemon_state.process, APR_KILL_AFTER_TIMEOUT);
    daemon_state.is_noted = 1;
}

static int is_httpd_stopping(void)
{
    int state;

    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) != APR_SUCCESS || state == AP_MPMQ_STOPPING;
}

/* A crash or a failed start slows the next start down; a kill from outside is nobody's fault. */
static void count_death(mo_config_t *config, int status)
{
    int by_itself =
        WIFSIGNALED(status) ? WTERMSIG(status) != SIGKILL && WTERMSIG(status) != SIGTERM : WEXITSTATUS(status) != 0;

    mo_add(config->shared->daemon_deaths, 1);
    if (by_itself && orc_time_monotonic() - daemon_state.started < apr_time_from_sec(QUICK_SECONDS))
        mo_add(config->shared->daemon_quick_deaths, 1);
    else
        mo_set(config->shared->daemon_quick_deaths, 0);
}

static void on_event(int reason, void *data, int status)
{
    mo_config_t *config = data;

    if (reason != APR_OC_REASON_DEATH && reason != APR_OC_REASON_LOST) {
        if (reason == APR_OC_REASON_RESTART)
            apr_proc_other_child_unregister(data);
        return;
    }
    apr_proc_other_child_unregister(data);
    mo_set(config->shared->engine.pid, 0);
    if (is_httpd_stopping())
        return;
    count_death(config, reason == APR_OC_REASON_DEATH ? status : 0);
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, daemon_state.server,
                 ORCLOGNO(1035) "the daemon (process %d) died with status %d and is started again",
                 (int)daemon_state.process->pid, status);
    spawn(config, daemon_state.server);
}

/* What was found before a restart says nothing of another database. */
static void forget_other_database(const mo_config_t *config, apr_pool_t *pool)
{
    const char *text = apr_pstrcat(pool, orc_db_conninfo_way(config->values->database_url, pool),
                                   orc_db_conninfo_way(config->dbd_params, pool),
                                   apr_array_pstrcat(pool, config->dbd_statements, '\n'), NULL);
    const char *way = orc_secret_sha256(text, strlen(text), pool);

    if (strcmp(config->shared->way, way) == 0)
        return;
    apr_cpystrn(config->shared->way, way, sizeof config->shared->way);
    mo_set(config->shared->database, ORC_DB_UNSEEN);
}

int mo_daemon_start(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main_server)
{
    mo_config_t *config = mo_config_of(main_server);

    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG || !mo_config_is_used(config))
        return OK;
    config->shared = mo_shared_get(main_server->process->pool, ptemp);
    if (!config->shared) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, main_server, ORCLOGNO(1036) "there is no shared memory");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    mo_set(config->shared->daemon_quick_deaths, 0);
    forget_other_database(config, ptemp);
    daemon_state.pconf = pconf;
    daemon_state.server = main_server;
    daemon_state.process = apr_pcalloc(pconf, sizeof *daemon_state.process);
    daemon_state.is_noted = 0;
    spawn(config, main_server);
    return OK;
}

int mo_daemon_watch(apr_pool_t *pool, server_rec *server)
{
    if (daemon_state.is_missing && !is_httpd_stopping())
        spawn(mo_config_of(daemon_state.server), daemon_state.server);
    return OK;
}
