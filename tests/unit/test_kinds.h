/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The situations of test_kinds.c. */

#define WATCHED      BEGUN IN_TIME MADE
#define WATCHED_LATE BEGUN LATE MADE
#define SENT_NOW     "{\"sent\":999999999000000,\"sends\":1,\"accepted\":true}"
#define SENT_BEFORE  "{\"sent\":1,\"sends\":1,\"accepted\":true}"

/* The same for everything that IM says of the infrastructure, or of the request. */
#define REFUSALS(next)                                                                                                 \
    [OWNER] = next, [GONE] = next, [MACHINE] = next, [BUSY] = next, [REFUSED] = next, [MEDIA] = next, [SHAPE] = next

#define UNDOING "{\"reason\":\"no\",\"touched\":true,\"asked\":true,\"before\":[\"0\"]}"

/* An infrastructure that IM has changed, whatever for. */
#define UPDATED(kind)                                                                                                  \
    {"it is watched",                                                                                                  \
     kind,                                                                                                             \
     "provisioning",                                                                                                   \
     "{}",                                                                                                             \
     {NULL},                                                                                                           \
     ORC_CALL_STATE,                                                                                                   \
     {[TOKEN] = "waits", [ILL] = "ill", REFUSALS("later")},                                                            \
     {{"configured", "-> collecting: call outputs"},                                                                   \
      {"all failed", "call contmsg"},                                                                                  \
      {"one failed", "call contmsg"},                                                                                  \
      {"unconfigured", "later"},                                                                                       \
      {"one stopped", "later"},                                                                                        \
      {"stopped", "later"},                                                                                            \
      {"pending", "later"},                                                                                            \
      {"running", "later"},                                                                                            \
      {"unknown", "later"},                                                                                            \
      {"unknown, empty", "later"},                                                                                     \
      {"deleting", "later"}}},                                                                                         \
        {"it is watched again",                                                                                        \
         kind,                                                                                                         \
         "collecting",                                                                                                 \
         "{}",                                                                                                         \
         {NULL},                                                                                                       \
         ORC_CALL_STATE,                                                                                               \
         {[TOKEN] = "waits", [ILL] = "ill", REFUSALS("later")},                                                        \
         {{"configured", "call outputs"},                                                                              \
          {"all failed", "call contmsg"},                                                                              \
          {"one failed", "call contmsg"},                                                                              \
          {"unconfigured", "-> provisioning: later"},                                                                  \
          {"one stopped", "-> provisioning: later"},                                                                   \
          {"stopped", "-> provisioning: later"},                                                                       \
          {"pending", "-> provisioning: later"},                                                                       \
          {"running", "-> provisioning: later"},                                                                       \
          {"unknown", "-> provisioning: later"},                                                                       \
          {"unknown, empty", "-> provisioning: later"},                                                                \
          {"deleting", "-> provisioning: later"}}},                                                                    \
    {                                                                                                                  \
        "what it brought", kind, "provisioning", "{}", {"configured", "outputs", "machines", "machine"},               \
            ORC_CALL_CONTMSG,                                                                                          \
            {[TOKEN] = "-> ended: succeeded", [ILL] = "-> ended: succeeded", REFUSALS("-> ended: succeeded")},         \
        {                                                                                                              \
            {                                                                                                          \
                "text", "-> ended: succeeded"                                                                          \
            }                                                                                                          \
        }                                                                                                              \
    }

/* A machine, whichever is asked of it: before IM took that, and while it is followed. `begins`: how the phase changes.
 */
#define LOOK_AT_MACHINE(begins)                                                                                        \
    {                                                                                                                  \
        [TOKEN] = begins "waits", [ILL] = begins "ill", [OWNER] = "-> ended: failed", [GONE] = begins "later",         \
        [MACHINE] = begins "later", [BUSY] = begins "later", [REFUSED] = begins "later", [MEDIA] = begins "later",     \
        [SHAPE] = begins "later"                                                                                       \
    }
#define STATES_OF_MACHINE(begins, runs, rests, other)                                                                  \
    {                                                                                                                  \
        {"configured", runs}, {"all failed", begins "later"}, {"one failed", runs}, {"unconfigured", runs},            \
            {"one stopped", runs}, {"stopped", rests}, {"pending", begins "later"}, {"running", runs},                 \
            {"unknown", other}, {"unknown, empty", begins "later"}, {"deleting", other},                               \
    }
#define MACHINE_OF(kind, asked_when, begun_runs, begun_rests, runs, rests, taken_runs, taken_rests)                    \
    {"it begins: " kind,                                                                                               \
     kind,                                                                                                             \
     "queued",                                                                                                         \
     "{}",                                                                                                             \
     {NULL},                                                                                                           \
     ORC_CALL_STATE,                                                                                                   \
     LOOK_AT_MACHINE("-> submitting: "),                                                                               \
     STATES_OF_MACHINE("-> submitting: ", begun_runs, begun_rests, "-> submitting: call act")},                        \
        {"is it so already: " kind,                                                                                    \
         kind,                                                                                                         \
         "submitting",                                                                                                 \
         "{}",                                                                                                         \
         {NULL},                                                                                                       \
         ORC_CALL_STATE,                                                                                               \
         LOOK_AT_MACHINE(""),                                                                                          \
         STATES_OF_MACHINE("", runs, rests, "call act")},                                                              \
        {"it is asked for: " kind,                                                                                     \
         kind,                                                                                                         \
         "submitting",                                                                                                 \
         "{}",                                                                                                         \
         {asked_when},                                                                                                 \
         ORC_CALL_ACT,                                                                                                 \
         {[TOKEN] = "waits",                                                                                           \
          [ILL] = "ill",                                                                                               \
          [LOST] = "later",                                                                                            \
          [OWNER] = "-> ended: failed",                                                                                \
          [GONE] = "later",                                                                                            \
          [MACHINE] = "later",                                                                                         \
          [BUSY] = "later",                                                                                            \
          [REFUSED] = "-> ended: failed",                                                                              \
          [MEDIA] = "-> ended: failed",                                                                                \
          [SHAPE] = "-> ended: failed"},                                                                               \
         {{"taken", "-> confirming: later"}}},                                                                         \
        {"it is followed: " kind,                                                                                      \
         kind,                                                                                                         \
         "confirming",                                                                                                 \
         "{}",                                                                                                         \
         {NULL},                                                                                                       \
         ORC_CALL_STATE,                                                                                               \
         LOOK_AT_MACHINE(""),                                                                                          \
         STATES_OF_MACHINE("", taken_runs, taken_rests, "later")},                                                     \
        {"what is it now: " kind,                                                                                      \
         kind,                                                                                                         \
         "collecting",                                                                                                 \
         "{}",                                                                                                         \
         {NULL},                                                                                                       \
         ORC_CALL_VM,                                                                                                  \
         {[TOKEN] = "waits",                                                                                           \
          [ILL] = "ill",                                                                                               \
          [OWNER] = "call outputs",                                                                                    \
          [GONE] = "later",                                                                                            \
          [MACHINE] = "later",                                                                                         \
          [BUSY] = "later",                                                                                            \
          [REFUSED] = "call outputs",                                                                                  \
          [MEDIA] = "call outputs",                                                                                    \
          [SHAPE] = "call outputs"},                                                                                   \
         {{"machine", "call outputs"}}},                                                                               \
    {                                                                                                                  \
        "the outputs now: " kind, kind, "collecting", "{}", {"machine"}, ORC_CALL_OUTPUTS,                             \
            {[TOKEN] = "waits", [ILL] = "ill", REFUSALS("-> ended: succeeded")},                                       \
        {                                                                                                              \
            {                                                                                                          \
                "outputs", "-> ended: succeeded"                                                                       \
            }                                                                                                          \
        }                                                                                                              \
    }

#define COLLECT   "-> collecting: call vm"
#define BEGUN_ACT "-> submitting: call act"
#define ACT       "call act"

static const situation_t situations[] = {
    {"a creation begins",
     "CREATE",
     "queued",
     "{}",
     {NULL},
     ORC_CALL_CREATE,
     {[TOKEN] = "-> submitting: waits",
      [ILL] = "-> submitting: ill",
      [LOST] = "-> submitting: later",
      REFUSALS("-> ended: failed")},
     {{"made", "-> provisioning: later"}}},
    {"the first attempt",
     "CREATE",
     "placing",
     "{}",
     {NULL},
     ORC_CALL_CREATE,
     {[TOKEN] = "-> submitting: waits",
      [ILL] = "-> submitting: ill",
      [LOST] = "-> submitting: later",
      REFUSALS("-> ended: failed")},
     {{"made", "-> provisioning: later"}}},
    {"it was stuck",
     "infrastructure",
     "stuck",
     "{}",
     {NULL},
     ORC_CALL_DELETE,
     {[TOKEN] = "-> unwanted: waits",
      [ILL] = "-> unwanted: ill",
      [OWNER] = "-> unwanted: later",
      [GONE] = "-> unwanted: call list",
      [MACHINE] = "-> unwanted: call list",
      [BUSY] = "-> unwanted: later",
      [REFUSED] = "-> unwanted: later",
      [MEDIA] = "-> unwanted: later",
      [SHAPE] = "-> unwanted: later"},
     {{"taken", "-> deleting: later"}}},
    {"a creation is sent",
     "CREATE",
     "submitting",
     UNASKED,
     {NULL},
     ORC_CALL_CREATE,
     {[TOKEN] = "waits", [ILL] = "ill", [LOST] = "later", REFUSALS("-> ended: failed")},
     {{"made", "-> provisioning: later"}}},
    {"a creation is looked for",
     "CREATE",
     "submitting",
     SEARCHED,
     {NULL},
     ORC_CALL_LIST,
     {[TOKEN] = "waits", [ILL] = "ill", REFUSALS("later")},
     {{"it", "call tosca"}, {"another", "call tosca"}, {"nothing", "call create"}}},
    {"a document is asked for",
     "CREATE",
     "submitting",
     SEARCHED,
     {"another"},
     ORC_CALL_TOSCA,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [OWNER] = "call radl",
      [GONE] = "call create",
      [MACHINE] = "call create",
      [BUSY] = "call radl",
      [REFUSED] = "call radl",
      [MEDIA] = "call radl",
      [SHAPE] = "call radl"},
     {{"document", "call create"}}},
    {"its RADL is asked for",
     "CREATE",
     "submitting",
     SEARCHED,
     {"another", "403"},
     ORC_CALL_RADL,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [OWNER] = "later",
      [GONE] = "call create",
      [MACHINE] = "call create",
      [BUSY] = "later",
      [REFUSED] = "later",
      [MEDIA] = "later",
      [SHAPE] = "later"},
     {{"radl", "later"}, {"another's radl", "call create"}, {"our radl", "-> provisioning: later"}}},
    {"it is watched",
     "CREATE",
     "provisioning",
     WATCHED,
     {NULL},
     ORC_CALL_STATE,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [OWNER] = "later",
      [GONE] = "call list",
      [MACHINE] = "call list",
      [BUSY] = "later",
      [REFUSED] = "later",
      [MEDIA] = "later",
      [SHAPE] = "later"},
     {{"configured", "-> collecting: call outputs"},
      {"all failed", "call contmsg"},
      {"one failed", "call contmsg"},
      {"unconfigured", "later"},
      {"one stopped", "later"},
      {"stopped", "later"},
      {"pending", "later"},
      {"running", "later"},
      {"unknown", "later"},
      {"unknown, empty", "later"},
      {"deleting", "later"}}},
    {"it is watched, late",
     "CREATE",
     "provisioning",
     WATCHED_LATE,
     {NULL},
     ORC_CALL_STATE,
     {[TOKEN] = "waits",
      [ILL] = "call contmsg",
      [OWNER] = "call contmsg",
      [GONE] = "call list",
      [MACHINE] = "call list",
      [BUSY] = "call contmsg",
      [REFUSED] = "call contmsg",
      [MEDIA] = "call contmsg",
      [SHAPE] = "call contmsg"},
     {{"configured", "-> collecting: call outputs"},
      {"all failed", "call contmsg"},
      {"one failed", "call contmsg"},
      {"unconfigured", "call contmsg"},
      {"one stopped", "call contmsg"},
      {"stopped", "call contmsg"},
      {"pending", "call contmsg"},
      {"running", "call contmsg"},
      {"unknown", "call contmsg"},
      {"unknown, empty", "call contmsg"},
      {"deleting", "call contmsg"}}},
    {"it is not known",
     "CREATE",
     "provisioning",
     WATCHED,
     {"404"},
     ORC_CALL_LIST,
     {[TOKEN] = "waits", [ILL] = "ill", REFUSALS("later")},
     {{"it", "later"}, {"another", "later"}, {"nothing", "later"}}},
    {"it failed",
     "CREATE",
     "provisioning",
     WATCHED,
     {"all failed"},
     ORC_CALL_CONTMSG,
     {[TOKEN] = "-> ended: failed", [ILL] = "-> ended: failed", REFUSALS("-> ended: failed")},
     {{"text", "-> ended: failed"}}},
    {"it is watched again",
     "CREATE",
     "collecting",
     WATCHED,
     {NULL},
     ORC_CALL_STATE,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [OWNER] = "-> provisioning: later",
      [GONE] = "call list",
      [MACHINE] = "call list",
      [BUSY] = "-> provisioning: later",
      [REFUSED] = "-> provisioning: later",
      [MEDIA] = "-> provisioning: later",
      [SHAPE] = "-> provisioning: later"},
     {{"configured", "call outputs"},
      {"all failed", "call contmsg"},
      {"one failed", "call contmsg"},
      {"unconfigured", "-> provisioning: later"},
      {"one stopped", "-> provisioning: later"},
      {"stopped", "-> provisioning: later"},
      {"pending", "-> provisioning: later"},
      {"running", "-> provisioning: later"},
      {"unknown", "-> provisioning: later"},
      {"unknown, empty", "-> provisioning: later"},
      {"deleting", "-> provisioning: later"}}},
    {"outputs",
     "CREATE",
     "provisioning",
     WATCHED,
     {"configured"},
     ORC_CALL_OUTPUTS,
     {[TOKEN] = "-> collecting: waits", [ILL] = "-> collecting: ill", REFUSALS("-> collecting: call vms")},
     {{"outputs", "-> collecting: call vms"}}},
    {"machines",
     "CREATE",
     "provisioning",
     WATCHED,
     {"configured", "outputs"},
     ORC_CALL_VMS,
     {[TOKEN] = "-> collecting: waits", [ILL] = "-> collecting: ill", REFUSALS("-> collecting: later")},
     {{"machines", "-> collecting: call vm"}, {"nothing", "-> collecting: call contmsg"}}},
    {"a machine",
     "CREATE",
     "provisioning",
     WATCHED,
     {"configured", "outputs", "machines"},
     ORC_CALL_VM,
     {[TOKEN] = "-> collecting: waits", [ILL] = "-> collecting: call vm", REFUSALS("-> collecting: call contmsg")},
     {{"machine", "-> collecting: call contmsg"}}},
    {"its log",
     "CREATE",
     "provisioning",
     WATCHED,
     {"configured", "outputs", "machines", "machine"},
     ORC_CALL_CONTMSG,
     {[TOKEN] = "-> ended: succeeded", [ILL] = "-> ended: succeeded", REFUSALS("-> ended: succeeded")},
     {{"text", "-> ended: succeeded"}}},
    {"it is to go",
     "infrastructure",
     "unwanted",
     "{}",
     {NULL},
     ORC_CALL_DELETE,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [OWNER] = "later",
      [GONE] = "call list",
      [MACHINE] = "call list",
      [BUSY] = "later",
      [REFUSED] = "later",
      [MEDIA] = "later",
      [SHAPE] = "later"},
     {{"taken", "-> deleting: later"}}},
    {"it is to go, again",
     "infrastructure",
     "unwanted",
     SENT_BEFORE,
     {NULL},
     ORC_CALL_DELETE,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [OWNER] = "later",
      [GONE] = "-> gone: later",
      [MACHINE] = "-> gone: later",
      [BUSY] = "later",
      [REFUSED] = "later",
      [MEDIA] = "later",
      [SHAPE] = "later"},
     {{"taken", "-> deleting: later"}}},
    {"it was not known",
     "infrastructure",
     "unwanted",
     "{}",
     {"404"},
     ORC_CALL_LIST,
     {[TOKEN] = "waits", [ILL] = "ill", REFUSALS("ill")},
     {{"it", "later"}, {"another", "-> gone: later"}, {"nothing", "later"}}},
    {"it goes",
     "infrastructure",
     "deleting",
     SENT_NOW,
     {NULL},
     ORC_CALL_STATE,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [OWNER] = "later",
      [GONE] = "-> gone: later",
      [MACHINE] = "-> gone: later",
      [BUSY] = "later",
      [REFUSED] = "later",
      [MEDIA] = "later",
      [SHAPE] = "later"},
     {{"configured", "later"},
      {"all failed", "later"},
      {"one failed", "later"},
      {"unconfigured", "later"},
      {"one stopped", "later"},
      {"stopped", "later"},
      {"pending", "later"},
      {"running", "later"},
      {"unknown", "later"},
      {"unknown, empty", "later"},
      {"deleting", "later"}}},
    {"it should have gone",
     "infrastructure",
     "deleting",
     SENT_BEFORE,
     {NULL},
     ORC_CALL_STATE,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [OWNER] = "later",
      [GONE] = "-> gone: later",
      [MACHINE] = "-> gone: later",
      [BUSY] = "later",
      [REFUSED] = "later",
      [MEDIA] = "later",
      [SHAPE] = "later"},
     {{"configured", "-> unwanted: call delete"},
      {"all failed", "-> unwanted: call delete"},
      {"one failed", "-> unwanted: call delete"},
      {"unconfigured", "-> unwanted: call delete"},
      {"one stopped", "-> unwanted: call delete"},
      {"stopped", "-> unwanted: call delete"},
      {"pending", "-> unwanted: call delete"},
      {"running", "-> unwanted: call delete"},
      {"unknown", "-> unwanted: call delete"},
      {"unknown, empty", "-> unwanted: call delete"},
      {"deleting", "later"}}},
    {"it is gone",
     "infrastructure",
     "gone",
     "{}",
     {NULL},
     ORC_CALL_STATE,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [OWNER] = "-> unwanted: call delete",
      [GONE] = "call list",
      [MACHINE] = "call list",
      [BUSY] = "-> unwanted: call delete",
      [REFUSED] = "-> unwanted: call delete",
      [MEDIA] = "-> unwanted: call delete",
      [SHAPE] = "-> unwanted: call delete"},
     {{"configured", "-> unwanted: call delete"},
      {"all failed", "-> unwanted: call delete"},
      {"one failed", "-> unwanted: call delete"},
      {"unconfigured", "-> unwanted: call delete"},
      {"one stopped", "-> unwanted: call delete"},
      {"stopped", "-> unwanted: call delete"},
      {"pending", "-> unwanted: call delete"},
      {"running", "-> unwanted: call delete"},
      {"unknown", "-> unwanted: call delete"},
      {"unknown, empty", "-> unwanted: call delete"},
      {"deleting", "-> unwanted: call delete"}}},
    {"it still is",
     "infrastructure",
     "gone",
     "{}",
     {"404"},
     ORC_CALL_LIST,
     {[TOKEN] = "waits", [ILL] = "ill", REFUSALS("ill")},
     {{"it", "-> unwanted: call delete"}, {"another", "later"}, {"nothing", "later"}}},
    {"nobody answered",
     "infrastructure",
     "asked",
     "{}",
     {NULL},
     ORC_CALL_LIST,
     {[TOKEN] = "waits", [ILL] = "ill", REFUSALS("later")},
     {{"it", "call tosca"}, {"another", "call tosca"}, {"nothing", "later"}}},
    {"nobody will answer",
     "infrastructure",
     "asked",
     "{\"looks\":1}",
     {NULL},
     ORC_CALL_LIST,
     {[TOKEN] = "waits", [ILL] = "ill", REFUSALS("later")},
     {{"it", "call tosca"}, {"another", "call tosca"}, {"nothing", "later"}}},
    {"is this it?",
     "infrastructure",
     "asked",
     "{\"looks\":1}",
     {"another"},
     ORC_CALL_TOSCA,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [OWNER] = "call radl",
      [GONE] = "later",
      [MACHINE] = "later",
      [BUSY] = "call radl",
      [REFUSED] = "call radl",
      [MEDIA] = "call radl",
      [SHAPE] = "call radl"},
     {{"document", "later"}}},
    {"what is this?",
     "infrastructure",
     "asked",
     "{\"looks\":1}",
     {"another", "403"},
     ORC_CALL_RADL,
     {[TOKEN] = "waits", [ILL] = "ill", REFUSALS("later")},
     {{"radl", "later"}, {"another's radl", "later"}, {"our radl", "-> unwanted: call delete"}}},
    {"what is this, still?",
     "infrastructure",
     "asked",
     "{\"looks\":4}",
     {"another", "403"},
     ORC_CALL_RADL,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [OWNER] = "-> stuck: later",
      [GONE] = "-> ended: over",
      [MACHINE] = "-> ended: over",
      [BUSY] = "-> stuck: later",
      [REFUSED] = "-> stuck: later",
      [MEDIA] = "-> stuck: later",
      [SHAPE] = "-> stuck: later"},
     {{"radl", "-> stuck: later"}, {"another's radl", "-> ended: over"}, {"our radl", "-> unwanted: call delete"}}},
    {"a sweep",
     "sweep",
     "queued",
     "{}",
     {NULL},
     ORC_CALL_LIST,
     {[TOKEN] = "later", [ILL] = "ill", REFUSALS("later")},
     {{"it", "call tosca"}, {"another", "call tosca"}, {"nothing", "later"}}},
    {"a sweep that found nothing twice",
     "sweep",
     "queued",
     "{\"voids\": 2}",
     {NULL},
     ORC_CALL_LIST,
     {[TOKEN] = "later", [ILL] = "ill", REFUSALS("later")},
     {{"it", "call tosca"}, {"another", "call tosca"}, {"nothing", "over"}}},
    {"a stranger",
     "sweep",
     "queued",
     "{}",
     {"another"},
     ORC_CALL_TOSCA,
     {[TOKEN] = "later", [ILL] = "ill", REFUSALS("later")},
     {{"document", "later"}}},
    {"an update begins",
     "UPDATE",
     "queued",
     "{}",
     {NULL},
     ORC_CALL_VMS,
     {[TOKEN] = "-> submitting: waits", [ILL] = "-> submitting: ill", REFUSALS("-> submitting: later")},
     {{"machines", "-> submitting: call tosca"}, {"nothing", "-> submitting: call tosca"}}},
    {"an update looks at what is there",
     "UPDATE",
     "submitting",
     "{}",
     {NULL},
     ORC_CALL_VMS,
     {[TOKEN] = "waits", [ILL] = "ill", REFUSALS("later")},
     {{"machines", "call tosca"}, {"nothing", "call tosca"}}},
    {"an update looks at IM's document",
     "UPDATE",
     "submitting",
     "{}",
     {"machines"},
     ORC_CALL_TOSCA,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [OWNER] = "later",
      [GONE] = "later",
      [MACHINE] = "later",
      [BUSY] = "later",
      [REFUSED] = "call update",
      [MEDIA] = "call update",
      [SHAPE] = "call update"},
     {{"document", "call update"}, {"our document", "-> provisioning: later"}}},
    {"an update is sent",
     "UPDATE",
     "submitting",
     "{}",
     {"machines", "document"},
     ORC_CALL_UPDATE,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [LOST] = "later",
      [OWNER] = "later",
      [GONE] = "later",
      [MACHINE] = "later",
      [BUSY] = "later",
      [REFUSED] = "-> ended: failed",
      [MEDIA] = "-> ended: failed",
      [SHAPE] = "-> ended: failed"},
     {{"changed", "-> provisioning: later"}}},
    {"an update that may come is awaited",
     "UPDATE",
     "submitting",
     "{\"touched\":true,\"asked\":true,\"until\":2000000000000000}",
     {"machines"},
     ORC_CALL_TOSCA,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [OWNER] = "later",
      [GONE] = "later",
      [MACHINE] = "later",
      [BUSY] = "later",
      [REFUSED] = "later",
      [MEDIA] = "later",
      [SHAPE] = "later"},
     {{"document", "later"}, {"our document", "-> provisioning: later"}}},
    {"an update that nobody will answer is sent again",
     "UPDATE",
     "submitting",
     "{\"touched\":true,\"asked\":true,\"until\":1,\"sends\":1}",
     {"machines", "document"},
     ORC_CALL_UPDATE,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [LOST] = "later",
      [OWNER] = "later",
      [GONE] = "later",
      [MACHINE] = "later",
      [BUSY] = "later",
      [REFUSED] = "-> restoring: call vms",
      [MEDIA] = "-> restoring: call vms",
      [SHAPE] = "-> restoring: call vms"},
     {{"changed", "-> provisioning: later"}}},
    UPDATED("UPDATE"),
    UPDATED("ADD_OWNER"),
    UPDATED("REMOVE_OWNER"),
    {"an update failed",
     "UPDATE",
     "provisioning",
     "{}",
     {"all failed"},
     ORC_CALL_CONTMSG,
     {[TOKEN] = "-> ended: failed", [ILL] = "-> ended: failed", REFUSALS("-> ended: failed")},
     {{"text", "-> ended: failed"}}},
    {"it is made undone",
     "UPDATE",
     "restoring",
     UNDOING,
     {NULL},
     ORC_CALL_VMS,
     {[TOKEN] = "waits", [ILL] = "ill", REFUSALS("-> ended: failed")},
     {{"machines", "call tosca"}, {"two machines", "call remove"}, {"nothing", "call tosca"}}},
    {"its machines are removed",
     "UPDATE",
     "restoring",
     UNDOING,
     {"two machines"},
     ORC_CALL_REMOVE,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [OWNER] = "-> ended: failed",
      [GONE] = "later",
      [MACHINE] = "later",
      [BUSY] = "-> ended: failed",
      [REFUSED] = "-> ended: failed",
      [MEDIA] = "-> ended: failed",
      [SHAPE] = "-> ended: failed"},
     {{"taken", "call tosca"}}},
    {"its document is looked at",
     "UPDATE",
     "restoring",
     UNDOING,
     {"machines"},
     ORC_CALL_TOSCA,
     {[TOKEN] = "waits",
      [ILL] = "ill",
      [OWNER] = "-> ended: failed",
      [GONE] = "-> ended: failed",
      [MACHINE] = "-> ended: failed",
      [BUSY] = "-> ended: failed",
      [REFUSED] = "call update",
      [MEDIA] = "call update",
      [SHAPE] = "call update"},
     {{"document", "call update"}}},
    {"its document is put back",
     "UPDATE",
     "restoring",
     UNDOING,
     {"machines", "document"},
     ORC_CALL_UPDATE,
     {[TOKEN] = "waits", [ILL] = "ill", [LOST] = "-> ended: failed", REFUSALS("-> ended: failed")},
     {{"changed", "-> ended: failed"}}},
    MACHINE_OF("START", "unknown", COLLECT, BEGUN_ACT, COLLECT, ACT, COLLECT, "later"),
    MACHINE_OF("STOP", "configured", BEGUN_ACT, COLLECT, ACT, COLLECT, "later", COLLECT),
    MACHINE_OF("REBOOT", "configured", BEGUN_ACT, BEGUN_ACT, ACT, ACT, COLLECT, "later"),
    {"a look at what is complete",
     "watch",
     "queued",
     "{}",
     {NULL},
     ORC_CALL_STATE,
     {[TOKEN] = "later",
      [ILL] = "ill",
      [OWNER] = "later",
      [GONE] = "call list",
      [MACHINE] = "call list",
      [BUSY] = "later",
      [REFUSED] = "later",
      [MEDIA] = "later",
      [SHAPE] = "later"},
     {{"configured", "call outputs"},
      {"all failed", "call outputs"},
      {"one failed", "call outputs"},
      {"unconfigured", "call outputs"},
      {"one stopped", "call outputs"},
      {"stopped", "call vm"},
      {"pending", "call outputs"},
      {"running", "call outputs"},
      {"unknown", "call outputs"},
      {"unknown, empty", "call outputs"},
      {"deleting", "call outputs"}}},
    {"a machine that was stopped",
     "watch",
     "queued",
     "{}",
     {"stopped"},
     ORC_CALL_VM,
     {[TOKEN] = "call outputs", [ILL] = "call outputs", REFUSALS("call outputs")},
     {{"machine", "call outputs"}}},
    {"outputs of what is complete",
     "watch",
     "queued",
     "{}",
     {"configured"},
     ORC_CALL_OUTPUTS,
     {[TOKEN] = "later", [ILL] = "later", REFUSALS("later")},
     {{"outputs", "later"}}},
    {"what is complete is not known",
     "watch",
     "queued",
     "{}",
     {"404"},
     ORC_CALL_LIST,
     {[TOKEN] = "later", [ILL] = "ill", REFUSALS("later")},
     {{"it", "later"}, {"another", "later"}, {"nothing", "later"}}},
};
