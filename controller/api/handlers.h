/* handlers.h - every handler that routes.c names, one a route.
 *
 * Each takes an authenticated call whose role and CSRF token have been checked; what it returns is said
 * in api_impl.h. Thread: main. */
#ifndef LOA_HANDLERS_H
#define LOA_HANDLERS_H

#include "err.h"

struct call;

MUST_USE enum err api_index(struct call *c);
MUST_USE enum err api_health(struct call *c);
MUST_USE enum err api_setup(struct call *c);
MUST_USE enum err api_login(struct call *c);
MUST_USE enum err api_logout(struct call *c);
MUST_USE enum err api_whoami(struct call *c);
MUST_USE enum err api_own_password(struct call *c);
MUST_USE enum err api_user_list(struct call *c);
MUST_USE enum err api_user_add(struct call *c);
MUST_USE enum err api_user_get(struct call *c);
MUST_USE enum err api_user_change(struct call *c);
MUST_USE enum err api_token_list(struct call *c);
MUST_USE enum err api_token_add(struct call *c);
MUST_USE enum err api_token_revoke(struct call *c);
MUST_USE enum err api_station_get(struct call *c);
MUST_USE enum err api_station_change(struct call *c);
MUST_USE enum err api_zone_list(struct call *c);
MUST_USE enum err api_zone_add(struct call *c);
MUST_USE enum err api_zone_get(struct call *c);
MUST_USE enum err api_zone_change(struct call *c);
MUST_USE enum err api_zone_delete(struct call *c);
MUST_USE enum err api_node_list(struct call *c);
MUST_USE enum err api_node_get(struct call *c);
MUST_USE enum err api_node_change(struct call *c);
MUST_USE enum err api_node_revoke(struct call *c);
MUST_USE enum err api_join_list(struct call *c);
MUST_USE enum err api_join_add(struct call *c);
MUST_USE enum err api_join_withdraw(struct call *c);
MUST_USE enum err api_media_list(struct call *c);
MUST_USE enum err api_media_get(struct call *c);
MUST_USE enum err api_media_file(struct call *c);
MUST_USE enum err api_media_delete(struct call *c);
MUST_USE enum err api_bulletin_list(struct call *c);
MUST_USE enum err api_bulletin_add(struct call *c);
MUST_USE enum err api_bulletin_get(struct call *c);
MUST_USE enum err api_bulletin_change(struct call *c);
MUST_USE enum err api_bulletin_delete(struct call *c);
MUST_USE enum err api_bulletin_submit(struct call *c);
MUST_USE enum err api_bulletin_approve(struct call *c);
MUST_USE enum err api_bulletin_reject(struct call *c);
MUST_USE enum err api_event_list(struct call *c);
MUST_USE enum err api_event_add(struct call *c);
MUST_USE enum err api_event_get(struct call *c);
MUST_USE enum err api_event_cancel(struct call *c);
MUST_USE enum err api_schedule(struct call *c);
MUST_USE enum err api_broadcast_list(struct call *c);
MUST_USE enum err api_broadcast_play(struct call *c);
MUST_USE enum err api_broadcast_stop_all(struct call *c);
MUST_USE enum err api_broadcast_get(struct call *c);
MUST_USE enum err api_broadcast_stop(struct call *c);
MUST_USE enum err api_journal_list(struct call *c);
MUST_USE enum err api_journal_verify(struct call *c);
MUST_USE enum err api_backup(struct call *c);
MUST_USE enum err api_metrics(struct call *c);
MUST_USE enum err api_upload_end(struct call *c);

#endif
