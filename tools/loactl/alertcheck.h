/* alertcheck.h - `loactl alert check`: what a station would do with a CAP message, without any station. */
#ifndef LOA_ALERTCHECK_H
#define LOA_ALERTCHECK_H

#include "call.h"

/* Judge the file and print the verdict. CALL_DONE whatever the verdict is; CALL_REFUSED when there is none. */
int alertcheck_run(struct call *call);

#endif
