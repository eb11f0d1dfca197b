/* What sounds for a bulletin that is still to be recorded: the chime that the station made itself. */
#include <stdio.h>
#include <string.h>

#include "api_event.h"
#include "store_bulletin.h"
#include "store_emergency.h"

#define TITLE "Nhạc hiệu chờ bản tin"
#define PAGE 32

/* Any of that title that a person has taken back or changed is not made anew behind their back. */
static enum err find(struct call *c, struct media_id chime, struct bulletin *ret_bulletin)
{
    struct bulletin rows[PAGE];
    struct db_page page = {.newest_first = true};
    size_t count = PAGE;
    enum err e = ERR_OK;

    while (e == ERR_OK && count == PAGE) {
        e = store_bulletin_list(c->api->ports.db, 0, &page, rows, PAGE, &count);
        for (size_t i = 0; e == ERR_OK && i < count; i++) {
            if (strcmp(rows[i].title, TITLE) != 0)
                continue;
            if (rows[i].state != BULLETIN_APPROVED || rows[i].part_count != 1 ||
                memcmp(&rows[i].parts[0].media, &chime, sizeof(chime)) != 0)
                return err_set(&c->detail, ERR_STATE,
                               "The bulletin \"%s\" is not the approved chime any more; have it "
                               "approved, or give a \"bulletin\" to play instead.",
                               TITLE);
            *ret_bulletin = rows[i];
            return ERR_OK;
        }
    }
    return e == ERR_OK ? ERR_NOT_FOUND : e;
}

/* Approved by nobody: who may sound the test signal is a matter of roles (api_emergency.c), and its sound
 * is made by calculation. The history names who asked for it. */
static enum err add(struct call *c, struct media_id chime, struct bulletin *ret_bulletin)
{
    struct db *db = c->api->ports.db;
    struct bulletin b = {.kind = BULLETIN_NOTICE,
                         .priority = PRIORITY_NORMAL,
                         .author = c->user.id,
                         .created_us = c->now_us,
                         .part_count = 1,
                         .parts = {{.kind = PART_MEDIA, .media = chime}}};
    enum err e;

    snprintf(b.title, sizeof(b.title), "%s", TITLE);
    e = store_bulletin_add(db, &b, &b.id, &c->detail);
    b.state = BULLETIN_APPROVED;
    b.decided_us = c->now_us;
    if (e == ERR_OK)
        e = store_bulletin_step(db, &b, BULLETIN_DRAFT, c->user.id, c->now_us, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "bulletin.chime", NULL, "bulletin:%llu", (unsigned long long)b.id.v);
    return e == ERR_OK ? store_bulletin_get(db, b.id, ret_bulletin) : e;
}

enum err api_chime(struct call *c, struct bulletin *ret_bulletin)
{
    struct emergency_entry chime;
    enum err e = store_emergency_get(c->api->ports.db, EMERGENCY_TEST, &chime);

    if (e == ERR_NOT_FOUND)
        return err_set(&c->detail, ERR_STATE,
                       "The station is still making its chime; try again in a minute.");
    if (e == ERR_OK && chime.changed_by.v != 0)
        return err_set(&c->detail, ERR_STATE,
                       "The test signal is a recording of yours, which sounds only after approval; "
                       "give a \"bulletin\" to play wherever one is missing.");
    if (e == ERR_OK)
        e = find(c, chime.media, ret_bulletin);
    return e == ERR_NOT_FOUND ? add(c, chime.media, ret_bulletin) : e;
}
