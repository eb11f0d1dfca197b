/* refusal.h - the station's sentences in the words of the command line.
 *
 * The API speaks of members ("start" is too short), loactl of options (--start is too short). */
#ifndef LOA_REFUSAL_H
#define LOA_REFUSAL_H

#include "command.h"

/* Replace members and query names that are arguments of the command by these.
 *
 *   ret_text  size bytes, terminated, cut when too long */
void refusal_words(const struct command *command, const char *sentence, char *ret_text,
                   size_t size);

#endif
