/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_IM_LINES_H
#define ORC_IM_LINES_H

/* Credentials as the Infrastructure Manager reads them: lines of "NAME = VALUE; NAME = VALUE; ...". */

/**
 * Whether IM would read all of them. It says nothing of what it can't read, and drops the rest of such a line.
 * @param lines ended by newlines, or by backslash and n as in IM's header; empty ones and comments (#) count for
 * nothing
 * @return what is wrong, as the end of a sentence, with nothing of the lines; NULL: nothing
 */
const char *orc_im_lines_mistake(const char *lines);

#endif
