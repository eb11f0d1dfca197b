/* special.h - commands that are more than one request: sign-in, files, everything with a password. */
#ifndef LOA_SPECIAL_H
#define LOA_SPECIAL_H

#include "call.h"

int special_setup(struct call *call);
int special_login(struct call *call);
int special_logout(struct call *call);
int special_user_add(struct call *call);
int special_media_import(struct call *call);
int special_media_speak(struct call *call);
int special_download(struct call *call);
int special_alert_signer(struct call *call);
int special_bulletin_add(struct call *call);
int special_event_add(struct call *call);
int special_backup(struct call *call);
int special_node_test(struct call *call);
int special_journal_verify(struct call *call);
int special_live(struct call *call); /* live.c */
int special_relay(struct call *call);
int special_listen(struct call *call);
int special_alert_new(struct call *call);

int special_alert_send(struct call *call);
int special_schedule_load(struct call *call);
int special_schedule_export(struct call *call);
int special_schedule_preview(struct call *call);
int special_why(struct call *call);

#endif
