/* spoken.h - write a text out as it is spoken, with the station's dictionary.
 *
 * Thread: main. */
#ifndef LOA_SPOKEN_H
#define LOA_SPOKEN_H

#include "db.h"
#include "err.h"

/* As speech_text() with the names of the store.
 *
 *   ret_spoken  malloc'd */
MUST_USE enum err spoken_write_out(struct db *db, const char *text, char **ret_spoken,
                                   struct err_detail *detail);

#endif
