/* capfolder.h - a directory for CAP messages: whoever can write there hands them in.
 *
 * Files are taken in order of name once nobody has written to them for CAPFOLDER_STILL_MS, one at a time; names
 * that begin with '.' are left alone. A file is moved to done/ when what it causes is stored, or to refused/
 * with NAME.reason beside it. Its source in the alert policy is "directory". Thread: main. */
#ifndef LOA_CAPFOLDER_H
#define LOA_CAPFOLDER_H

#include <uv.h>

#include "capdesk.h"

#define CAPFOLDER_LOOK_MS 250
#define CAPFOLDER_STILL_MS 300

struct capfolder;

/* Begin to watch; makes done/ and refused/.
 *
 * ERR_IO  no such directory, or not writable; detail says which */
MUST_USE enum err capfolder_new(uv_loop_t *loop, struct capdesk *desk, const char *path,
                                struct capfolder **ret_folder, struct err_detail *detail);

/* Begin to end; then run the loop until it is empty, then free. NULL is harmless in both. */
void capfolder_close(struct capfolder *f);
void capfolder_free(struct capfolder *f);

#endif
