/* store_alert_message.h - keep CAP messages that came from outside, with their verdicts.
 *
 * Thread: main. */
#ifndef LOA_STORE_ALERT_MESSAGE_H
#define LOA_STORE_ALERT_MESSAGE_H

#include "alertmessage.h"
#include "bytes.h"
#include "db.h"

/* Add one; id is ignored.
 *
 *   verdict  JSON text
 *
 * ERR_EXISTS  the same bytes are stored
 * ERR_LIMIT   it would wait for people, and ALERTMESSAGE_WAITING_MAX do */
MUST_USE enum err store_alert_message_add(struct db *db, const struct alertmessage *m,
                                          const char *verdict, struct bytes message,
                                          uint64_t *ret_id);

/* Replace state, life, alert and who decided. ERR_NOT_FOUND  no such message */
MUST_USE enum err store_alert_message_put(struct db *db, const struct alertmessage *m);

/* ERR_NOT_FOUND  no such message */
MUST_USE enum err store_alert_message_get(struct db *db, uint64_t id, struct alertmessage *ret_m);
MUST_USE enum err store_alert_message_find(struct db *db, const uint8_t sha256[SHA256_BYTES],
                                           struct alertmessage *ret_m);

/* The one that became this alert. ERR_NOT_FOUND  it came as no message */
MUST_USE enum err store_alert_message_of(struct db *db, uint64_t alert, struct alertmessage *ret_m);

/* The verdict and the message; terminated, for free(). ERR_NOT_FOUND  no such message */
MUST_USE enum err store_alert_message_texts(struct db *db, uint64_t id, char **ret_verdict,
                                            char **ret_message, size_t *ret_len);

/* List in order of id (db_page).
 *
 *   waiting  only those in the inbox */
MUST_USE enum err store_alert_message_list(struct db *db, bool waiting, struct db_page *page,
                                           struct alertmessage *rows, size_t rows_max,
                                           size_t *ret_count);

/* Forget what was received before an instant and does not wait, within the room (db.h). */
MUST_USE enum err store_alert_message_prune(struct db *db, usec_t before_us, size_t *room);

#endif
