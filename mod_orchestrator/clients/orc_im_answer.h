/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_IM_ANSWER_H
#define ORC_IM_ANSWER_H

#include "orc_im.h"

/* From an HTTP answer of IM to a result. Pure; private to this room and its tests. */

/** Which call an answer belongs to. */
typedef enum {
    ORC_IM_CREATE,
    ORC_IM_STATE,
    ORC_IM_OUTPUTS,
    ORC_IM_CONTMSG,
    ORC_IM_TOSCA,
    ORC_IM_RADL,
    ORC_IM_VMS,
    ORC_IM_VM,
    ORC_IM_LIST,
    ORC_IM_DELETE,
    ORC_IM_ACT,
    ORC_IM_RECONFIGURE,
    ORC_IM_UPDATE,
    ORC_IM_REMOVE,
    ORC_IM_VERSION,
} orc_im_call_kind_t;

/** Reads an answer. The result's texts are in response->pool. */
void orc_im_read(orc_im_result_t *result, orc_im_call_kind_t call, const orc_http_response_t *response);

/** IM's own words in an error body of any of its shapes: {"message"}, {"detail"}, HTML, bare text. */
const char *orc_im_message(const orc_http_response_t *response, apr_pool_t *pool);

/** The same for a person to read: one line without secrets, Python stacks and paths of the server, at most 500 bytes.
 */
const char *orc_im_clean(const char *message, apr_pool_t *pool);

/** Valid UTF-8 of some bytes: what isn't (also a character cut at either end), and NUL, becomes "?". */
const char *orc_im_utf8(const char *bytes, apr_size_t length, apr_pool_t *pool);

#endif
