/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_PHASES_H
#define ORC_ENGINE_PHASES_H

/* What an operation does next: one table of phase and event. Pure. The picture is in README.md. */

typedef enum {
    ORC_PHASE_QUEUED,
    ORC_PHASE_PLACING,
    ORC_PHASE_SUBMITTING,
    ORC_PHASE_PROVISIONING,
    ORC_PHASE_COLLECTING,
    ORC_PHASE_CLEANING,
    ORC_PHASE_DELETING,
    ORC_PHASE_CONFIRMING,
    ORC_PHASE_ENDED,
    ORC_PHASE_COUNT,
} orc_phase_t;

typedef enum {
    ORC_EVENT_TURN,        /* it is due */
    ORC_EVENT_DEADLINE,    /* it is due, and the time of the whole is over */
    ORC_EVENT_PLACED,      /* a provider was chosen for the next attempt */
    ORC_EVENT_NO_PROVIDER, /* none is left */
    ORC_EVENT_MADE,        /* IM has an infrastructure */
    ORC_EVENT_REFUSED,     /* IM refused to make one */
    ORC_EVENT_CONFIGURED,  /* every machine is configured */
    ORC_EVENT_UNFINISHED,  /* not any more */
    ORC_EVENT_FAILED,      /* the attempt failed, something may be left of it */
    ORC_EVENT_COMPLETE,    /* outputs and machines are known */
    ORC_EVENT_CLEANED,     /* nothing is left of the attempt */
    ORC_EVENT_SETTLED,     /* nothing is left of former attempts either */
    ORC_EVENT_GONE,        /* a deletion: every infrastructure answered 404 once */
    ORC_EVENT_BACK,        /* one of them came back */
    ORC_EVENT_CONFIRMED,   /* every one is gone for good */
    ORC_EVENT_STUCK,       /* one of them can't be deleted */
    ORC_EVENT_CANCELED,    /* somebody asked for its end */
    ORC_EVENT_COUNT,
} orc_event_t;

typedef enum {
    ORC_ACTION_NONE,    /* the event is not expected in that phase */
    ORC_ACTION_PLACE,   /* choose the next attempt's provider */
    ORC_ACTION_SUBMIT,  /* create at IM, or find out what became of a creation */
    ORC_ACTION_WATCH,   /* look at the state */
    ORC_ACTION_WAIT,    /* look again later */
    ORC_ACTION_COLLECT, /* fetch outputs, machines and log */
    ORC_ACTION_CLEAN,   /* delete what the attempt made */
    ORC_ACTION_SETTLE,  /* wait until nothing is left of former attempts */
    ORC_ACTION_DELETE,  /* delete what the deployment has at IM */
    ORC_ACTION_SUCCEED,
    ORC_ACTION_FAIL,
    ORC_ACTION_CANCEL,
} orc_action_t;

typedef struct orc_transition_t {
    orc_phase_t next;
    orc_action_t action;
} orc_transition_t;

/** What follows; action ORC_ACTION_NONE for an event that can't happen there. `is_deletion`: DELETE, else CREATE. */
orc_transition_t orc_engine_transition(int is_deletion, orc_phase_t phase, orc_event_t event);

/** The word of a phase in the database. */
const char *orc_engine_phase_word(orc_phase_t phase);

/** The phase of a word; ORC_PHASE_COUNT for an unknown one. */
orc_phase_t orc_engine_phase(const char *word);

#endif
