/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_ROUTE_H
#define ORC_SURFACE_ROUTE_H

#include "orc_request.h"

/* The shape of the table that compile_routes.py makes of routes/. All of it is constant data. */

/** What a query parameter or a column holds, and with it how it is given, checked and compared (README.md, "Lists"). */
typedef enum orc_kind_t {
    ORC_KIND_WORD,    /* equality, any of several */
    ORC_KIND_ISSUER,  /* the same, of URLs without the slash that may end them */
    ORC_KIND_ID,      /* UUID: the same */
    ORC_KIND_INTEGER, /* the same, and X_gte, X_lte */
    ORC_KIND_NUMBER,  /* the same, with decimals */
    ORC_KIND_BOOLEAN, /* true or false */
    ORC_KIND_ENUM,    /* codes or names, any of several */
    ORC_KIND_TEXT,    /* contains, in any case */
    ORC_KIND_TIME,    /* X_at: X_before, X_after */
    ORC_KIND_PERSON,  /* id of a person, or "me" */
    ORC_KIND_LABEL,   /* name:value, any of several */
} orc_kind_t;

/** A value of an enum: what it is called, the code that it may be called by too or NULL, and what the database holds
 * for it ("3", or the name itself). */
typedef struct orc_choice_t {
    const char *name, *code, *stored;
} orc_choice_t;

/** A column of a collection's base query. */
typedef struct orc_column_t {
    const char *name;
    orc_kind_t kind;
    int sorts, filters;
    const char *expression;      /* SQL over the base "b" */
    const char *condition;       /* SQL with "$?" for the array of values instead of a comparison, or NULL */
    const orc_choice_t *choices; /* of an enum, ended by a NULL name; else NULL */
    const char *order;           /* SQL to sort by instead of the expression, NULL where that is; or NULL */
    int is_indexed;              /* an index gives the rows in its order */
    int is_spread;               /* few rows are equal in it; else its index has the id, too */
} orc_column_t;

/** A query parameter that is no list parameter. */
typedef struct orc_query_t {
    const char *name;
    orc_kind_t kind;
    const orc_choice_t *choices; /* as above */
    int max_length;              /* of a word or text, in characters; 0: none */
    int is_many;                 /* may be given several times */
    int is_needed;               /* has to be given */
    int is_listed;               /* several values with commas between them */
    apr_int64_t least, most;     /* of an integer; both 0: any */
} orc_query_t;

enum {
    ORC_ROUTE_OPEN = 1,      /* needs no token */
    ORC_ROUTE_ADMIN = 2,     /* administrators only; every other rule on persons is decided in SQL */
    ORC_ROUTE_CREATES = 4,   /* takes Idempotency-Key */
    ORC_ROUTE_REGISTERS = 8, /* registers the caller itself (POST /users) */
    ORC_ROUTE_BODY = 16,     /* takes a body */
    ORC_ROUTE_NEEDS = 32,    /* and needs one */
    ORC_ROUTE_SECRET = 64,   /* its answer may hold a secret */
    ORC_ROUTE_SERVICE = 128, /* service accounts, too, where it is for administrators */
};

/** Adds what else is wrong with a body that breaks its schema, so that everything is named at once. */
typedef void orc_body_check_t(orc_error_t **error, const orc_request_t *request);

typedef struct orc_route_t {
    const char *id;     /* operation id */
    const char *method; /* "GET" also answers HEAD */
    const char *path;   /* "/users/{user_id}" */
    orc_handler_t *handler;
    unsigned flags;
    const char *schema;             /* of the body, a name in orc_routes_schemas; or NULL */
    orc_body_check_t *check;        /* or NULL */
    const char *const *other_types; /* media types of a body that the handler reads itself, ended by NULL */
    const orc_query_t *query;       /* ended by a NULL name */
    const orc_column_t *columns;    /* of a list, ended by a NULL name; NULL: no list */
} orc_route_t;

#endif
