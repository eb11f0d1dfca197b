#include "retention.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"
#include "oggfile.h"
#include "store_journal.h"
#include "store_media.h"
#include "store_retention.h"

static enum err journal(struct db *db, const char *action, const char *object, const char *detail,
                        usec_t now_us)
{
    struct journal_entry entry = {.at_us = now_us, .actor = "station"};

    snprintf(entry.action, sizeof(entry.action), "%s", action);
    snprintf(entry.object, sizeof(entry.object), "%s", object);
    snprintf(entry.detail, sizeof(entry.detail), "%s", detail);
    return store_journal_append(db, &entry);
}

/* ERR_STATE: something else uses it, so it stays. */
static enum err remove_recording(struct db *db, const struct media_id *id, const char *media_dir,
                                 usec_t now_us)
{
    char hex[2 * SHA256_BYTES + 1];
    char object[96];
    char path[PATH_MAX];
    enum err e = db_begin(db);

    if (e != ERR_OK)
        return e;
    bytes_to_hex(bytes_of(id->sha256, SHA256_BYTES), hex);
    snprintf(object, sizeof(object), "media:%s", hex);
    e = store_media_delete(db, id, NULL);
    if (e == ERR_OK)
        e = journal(db, "media.expire", object, "", now_us);
    e = db_end(db, e);
    if (e == ERR_OK && oggfile_path(media_dir, id, path, sizeof(path)) == ERR_OK &&
        unlink(path) != 0)
        log_event(LOG_WARN, "media.not_removed", NULL);
    return e;
}

static enum err forget(struct db *db, usec_t before_us, usec_t now_us, size_t *room,
                       struct store_retention *ret_done)
{
    char detail[96];
    enum err e = db_begin(db);

    if (e != ERR_OK)
        return e;
    e = store_retention_prune(db, before_us, room, ret_done);
    snprintf(detail, sizeof(detail), "{\"broadcasts\":%zu,\"before_us\":%lld}",
             ret_done->broadcasts, (long long)before_us);
    if (e == ERR_OK && ret_done->broadcasts > 0)
        e = journal(db, "broadcast.expire", "station", detail, now_us);
    return db_end(db, e);
}

bool retention_step(struct db *db, const struct station *station, const char *media_dir,
                    usec_t now_us, size_t rows)
{
    usec_t before_us = now_us - (usec_t)station->policy.keep_days * USEC_PER_DAY;
    struct store_retention done = {.broadcasts = 0};
    size_t room = rows;
    enum err e;

    if (station->policy.keep_days == 0)
        return false;
    e = forget(db, before_us, now_us, &room, &done);
    if (e != ERR_OK) {
        log_event(LOG_WARN, "store.not_tidied", "error=%s", err_name(e));
        return false;
    }
    for (size_t i = 0; i < done.recording_count; i++) {
        e = remove_recording(db, &done.recordings[i], media_dir, now_us);
        if (e != ERR_OK && e != ERR_STATE && e != ERR_NOT_FOUND)
            log_event(LOG_WARN, "media.not_removed", "error=%s", err_name(e));
    }
    return room == 0 || done.broadcasts == STORE_RETENTION_MAX;
}
