/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ERROR_H
#define ORC_ERROR_H

#include <apr_pools.h>
#include <apr_tables.h>

/**
 * The one error type of everything below httpd/. A function that can fail returns `orc_error_t *`; NULL is success.
 *
 * An error is made where the thing went wrong, given context on the way up (orc_error_wrap), logged once and rendered
 * once, at the edge: httpd/ makes a problem+json answer of it, engine/ decides between another attempt and a failure.
 */
typedef struct orc_error_t orc_error_t;

/** One offending part of a request. Exactly one of `pointer`, `parameter` and `member` is set. */
typedef struct orc_error_field_t {
    const char *pointer;   /* JSON pointer into the body (RFC 6901), "" for the whole body */
    const char *parameter; /* name of a query or path parameter, or of a header */
    const char *member;    /* of what is wished for, as rules/ calls it, and a JSON pointer below it:
                            * "template_inputs/ports/0". A surface makes one of the other two of it */
    const char *detail;    /* what is wrong with it, for a person */
} orc_error_field_t;

/** What callers decide by where the status is not enough; the code is for programs outside. */
typedef enum orc_error_reason_t {
    ORC_REASON_NONE,        /* nobody has to know */
    ORC_REASON_CALLER_GONE, /* the caller's registration has been removed */
    ORC_REASON_INPUTS,      /* what was given for a template's inputs, and not the template itself */
    ORC_REASON_AWAY,        /* nobody was there to decide anything */
    ORC_REASON_TOO_MANY,    /* so much of ours is at work there that nobody was asked */
    ORC_REASON_UNVERIFIED   /* nobody can say yet who asks, so it may be anybody, as often as they like */
} orc_error_reason_t;

struct orc_error_t {
    apr_pool_t *pool;
    int status;       /* HTTP status the edge answers with */
    const char *code; /* stable word for programs, "template.exists"; becomes the problem's `type` */
    orc_error_reason_t reason;
    const char *detail;         /* for the person who asked; never SQL, a path or a token */
    const char *cause;          /* for the log only: what the layer beneath said, or NULL */
    int retriable;              /* the same call may succeed later, with nothing changed by the caller */
    int retry_after;            /* seconds, 0: unknown */
    char sqlstate[6];           /* PostgreSQL's code, "" when none */
    const char *constraint;     /* the name of PostgreSQL's that was broken, or NULL */
    int system;                 /* curl or APR code beneath, 0 when none */
    const char *location;       /* URL path of the object in the way (409), relative to the surface, or NULL */
    apr_array_header_t *fields; /* of orc_error_field_t, or NULL */
    const orc_error_t *prev;    /* what this error is the consequence of, or NULL */
};

/**
 * Makes an error.
 * @param pool   owns the error and copies of its texts
 * @param status HTTP status, 400 to 599
 * @param code   stable code, a string literal
 * @param format printf format of the detail; what is not UTF-8 in it becomes "?", also below
 */
orc_error_t *orc_error(apr_pool_t *pool, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/**
 * Puts context around an error: the new one is as `prev`, but for its cause, which is this text, and points at it. NULL
 * in, NULL out.
 */
orc_error_t *orc_error_wrap(orc_error_t *prev, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * Adds an offending body part to a 422. Makes the error on the first call.
 * @param error   in and out; *error may be NULL
 * @param pointer JSON pointer, copied
 */
void orc_error_add_pointer(orc_error_t **error, apr_pool_t *pool, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** True when the error (or NULL) names that body part already. */
int orc_error_has_pointer(const orc_error_t *error, const char *pointer);

/** The same of a wish's member. */
int orc_error_has_member(const orc_error_t *error, const char *member);

/** The same as orc_error_add_pointer for a query or path parameter, or a header. */
void orc_error_add_parameter(orc_error_t **error, apr_pool_t *pool, const char *parameter, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** The same for a member of what is wished for. */
void orc_error_add_member(orc_error_t **error, apr_pool_t *pool, const char *member, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** An error that outlives the pool of another one: all that it holds, its chain included, in `pool`. NULL in, NULL out.
 */
orc_error_t *orc_error_copy(const orc_error_t *error, apr_pool_t *pool);

/** True when the error (or NULL) has that reason. */
int orc_error_is(const orc_error_t *error, orc_error_reason_t reason);

/** True when the error (or NULL) says that this constraint of PostgreSQL's was broken. */
int orc_error_breaks(const orc_error_t *error, const char *constraint);

/** The whole chain in one line for a log: details, causes, SQLSTATE and system codes. Lives in `pool`. */
const char *orc_error_line(const orc_error_t *error, apr_pool_t *pool);

/** Returns early from a function that itself returns orc_error_t *. */
#define ORC_TRY(call)                                                                                                  \
    do {                                                                                                               \
        orc_error_t *orc_try_error = (call);                                                                           \
        if (orc_try_error)                                                                                             \
            return orc_try_error;                                                                                      \
    } while (0)

#endif
