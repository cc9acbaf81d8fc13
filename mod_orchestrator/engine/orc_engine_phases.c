/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_phases.h"

#include <string.h>

static const char *const words[ORC_PHASE_COUNT] = {
    "queued", "placing", "submitting", "provisioning", "collecting", "cleaning", "deleting", "confirming", "ended",
};

#define TO(next, action)                                                                                               \
    {                                                                                                                  \
        ORC_PHASE_##next, ORC_ACTION_##action                                                                          \
    }

static const orc_transition_t creation[ORC_PHASE_COUNT][ORC_EVENT_COUNT] = {
    [ORC_PHASE_QUEUED] =
        {
            [ORC_EVENT_TURN] = TO(PLACING, PLACE),
            [ORC_EVENT_DEADLINE] = TO(CLEANING, SETTLE),
            [ORC_EVENT_CANCELED] = TO(ENDED, CANCEL),
        },
    [ORC_PHASE_PLACING] =
        {
            [ORC_EVENT_TURN] = TO(PLACING, PLACE),
            [ORC_EVENT_DEADLINE] = TO(CLEANING, SETTLE),
            [ORC_EVENT_PLACED] = TO(SUBMITTING, SUBMIT),
            [ORC_EVENT_NO_PROVIDER] = TO(CLEANING, SETTLE),
            [ORC_EVENT_CANCELED] = TO(ENDED, CANCEL),
        },
    [ORC_PHASE_SUBMITTING] =
        {
            [ORC_EVENT_TURN] = TO(SUBMITTING, SUBMIT),
            [ORC_EVENT_DEADLINE] = TO(CLEANING, CLEAN),
            [ORC_EVENT_MADE] = TO(PROVISIONING, WAIT),
            [ORC_EVENT_REFUSED] = TO(PLACING, PLACE),
            [ORC_EVENT_FAILED] = TO(CLEANING, CLEAN),
            [ORC_EVENT_CANCELED] = TO(ENDED, CANCEL),
        },
    [ORC_PHASE_PROVISIONING] =
        {
            [ORC_EVENT_TURN] = TO(PROVISIONING, WATCH),
            [ORC_EVENT_DEADLINE] = TO(CLEANING, CLEAN),
            [ORC_EVENT_UNFINISHED] = TO(PROVISIONING, WAIT),
            [ORC_EVENT_CONFIGURED] = TO(COLLECTING, COLLECT),
            [ORC_EVENT_FAILED] = TO(CLEANING, CLEAN),
            [ORC_EVENT_CANCELED] = TO(ENDED, CANCEL),
        },
    [ORC_PHASE_COLLECTING] =
        {
            [ORC_EVENT_TURN] = TO(COLLECTING, WATCH),
            [ORC_EVENT_DEADLINE] = TO(CLEANING, CLEAN),
            [ORC_EVENT_UNFINISHED] = TO(PROVISIONING, WAIT),
            [ORC_EVENT_CONFIGURED] = TO(COLLECTING, COLLECT),
            [ORC_EVENT_FAILED] = TO(CLEANING, CLEAN),
            [ORC_EVENT_COMPLETE] = TO(COLLECTING, SETTLE),
            [ORC_EVENT_SETTLED] = TO(ENDED, SUCCEED),
            [ORC_EVENT_CANCELED] = TO(ENDED, CANCEL),
        },
    [ORC_PHASE_CLEANING] =
        {
            [ORC_EVENT_TURN] = TO(CLEANING, CLEAN),
            [ORC_EVENT_DEADLINE] = TO(CLEANING, CLEAN),
            [ORC_EVENT_CLEANED] = TO(PLACING, PLACE),
            [ORC_EVENT_NO_PROVIDER] = TO(CLEANING, SETTLE),
            [ORC_EVENT_SETTLED] = TO(ENDED, FAIL),
            [ORC_EVENT_CANCELED] = TO(ENDED, CANCEL),
        },
};

static const orc_transition_t deletion[ORC_PHASE_COUNT][ORC_EVENT_COUNT] = {
    [ORC_PHASE_QUEUED] =
        {
            [ORC_EVENT_TURN] = TO(DELETING, DELETE),
            [ORC_EVENT_DEADLINE] = TO(ENDED, FAIL),
            [ORC_EVENT_CANCELED] = TO(ENDED, CANCEL),
        },
    [ORC_PHASE_DELETING] =
        {
            [ORC_EVENT_TURN] = TO(DELETING, DELETE),
            [ORC_EVENT_DEADLINE] = TO(ENDED, FAIL),
            [ORC_EVENT_BACK] = TO(DELETING, WAIT),
            [ORC_EVENT_GONE] = TO(CONFIRMING, WAIT),
            [ORC_EVENT_CONFIRMED] = TO(ENDED, SUCCEED),
            [ORC_EVENT_STUCK] = TO(ENDED, FAIL),
            [ORC_EVENT_CANCELED] = TO(ENDED, CANCEL),
        },
    [ORC_PHASE_CONFIRMING] =
        {
            [ORC_EVENT_TURN] = TO(CONFIRMING, DELETE),
            [ORC_EVENT_DEADLINE] = TO(ENDED, FAIL),
            [ORC_EVENT_GONE] = TO(CONFIRMING, WAIT),
            [ORC_EVENT_BACK] = TO(DELETING, WAIT),
            [ORC_EVENT_CONFIRMED] = TO(ENDED, SUCCEED),
            [ORC_EVENT_STUCK] = TO(ENDED, FAIL),
            [ORC_EVENT_CANCELED] = TO(ENDED, CANCEL),
        },
};

orc_transition_t orc_engine_transition(int is_deletion, orc_phase_t phase, orc_event_t event)
{
    return is_deletion ? deletion[phase][event] : creation[phase][event];
}

const char *orc_engine_phase_word(orc_phase_t phase)
{
    return words[phase];
}

orc_phase_t orc_engine_phase(const char *word)
{
    int phase;

    for (phase = 0; phase < ORC_PHASE_COUNT; phase++) {
        if (strcmp(words[phase], word) == 0)
            break;
    }
    return (orc_phase_t)phase;
}
