/* special.h - commands that are more than one request: sign-in, files, everything with a password. */
#ifndef LOA_SPECIAL_H
#define LOA_SPECIAL_H

#include "call.h"

int special_setup(struct call *call);
int special_login(struct call *call);
int special_logout(struct call *call);
int special_user_add(struct call *call);
int special_media_import(struct call *call);
int special_media_download(struct call *call);
int special_event_add(struct call *call);
int special_backup(struct call *call);
int special_journal_verify(struct call *call);

#endif
