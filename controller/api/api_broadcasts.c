/* What is, was and will be on air; play now; stop. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api_impl.h"
#include "body.h"
#include "event.h"
#include "log.h"
#include "receipt.h"
#include "store_broadcast.h"
#include "store_bulletin.h"

#define PLAY_LEAD_US (3 * USEC_PER_SEC) /* so that orders reach the nodes before the start */

json_t *api_receipt_json(const loa_Receipt *r)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:i, s:I, s:I, s:s}",
                     "outcome", receipt_outcome_name(r->outcome), "reason",
                     receipt_reason_name(r->reason), "carrier", receipt_carrier_name(r->carrier),
                     "planned_start_us", (json_int_t)r->planned_start_us, "actual_start_us",
                     (json_int_t)r->actual_start_us, "actual_end_us", (json_int_t)r->actual_end_us,
                     "played_ms", (json_int_t)r->played_ms, "gaps", (json_int_t)r->gaps, "gap_ms",
                     (json_int_t)r->gap_ms, "rms_mdb", r->rms_mdb, "peak_mdb", r->peak_mdb,
                     "start_error_us", r->start_error_us, "clock_uncertainty_us",
                     (json_int_t)r->clock_uncertainty_us, "plays", (json_int_t)r->plays, "heard",
                     receipt_heard_name(r->heard));
}

static json_t *broadcast_json(const struct broadcast *b)
{
    return json_pack("{s:I, s:I, s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "id",
                     (json_int_t)b->id.v, "event", (json_int_t)b->event.v, "bulletin",
                     (json_int_t)b->bulletin.v, "title", b->title, "priority",
                     priority_name(b->priority), "state", broadcast_state_name(b->state),
                     "start_us", (json_int_t)b->start_us, "end_us", (json_int_t)broadcast_end_us(b),
                     "expires_us", (json_int_t)b->expires_us, "duration_ms",
                     (json_int_t)b->duration_ms, "repeats", (json_int_t)b->repeats, "pause_ms",
                     (json_int_t)b->pause_ms, "rank", (json_int_t)b->rank, "variant", b->variant);
}

static enum err fetch_broadcasts(struct call *c, struct db_page *page, void *rows, size_t max,
                                 size_t *ret_count)
{
    struct store_broadcast_filter filter = {0};
    char state[16] = "";
    uint64_t from_us = 0;
    uint64_t before_us = 0;
    enum err e = web_query(c->req, "state", state, sizeof(state));

    for (int s = BROADCAST_PLANNED; e == ERR_OK && s <= BROADCAST_MISSED; s++)
        if (strcmp(state, broadcast_state_name((enum broadcast_state)s)) == 0)
            filter.state_mask = 1U << s;
    if (e != ERR_NOT_FOUND && filter.state_mask == 0)
        return err_set(&c->detail, ERR_FORMAT,
                       "?state= takes planned, on_air, ended, closed, cancelled or missed.");
    e = call_query_number(c, "from_us", &from_us);
    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = call_query_number(c, "before_us", &before_us);
    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = call_query_number(c, "event", &filter.event.v);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    filter.from_us = (usec_t)from_us;
    filter.before_us = (usec_t)before_us;
    return store_broadcast_list(c->api->ports.db, &filter, page, rows, max, ret_count);
}

static json_t *broadcast_item(struct call *c, const void *row)
{
    const struct store_broadcast_row *r = row;
    json_t *out = broadcast_json(&r->broadcast);
    json_t *counts = json_object();

    (void)c;
    if (out == NULL || counts == NULL) {
        json_decref(out);
        json_decref(counts);
        return NULL;
    }
    json_object_set_new(counts, "all", json_integer(r->targets));
    json_object_set_new(counts, "sounded", json_integer(r->sounded));
    for (int s = TARGET_WAITING; s <= TARGET_SILENT; s++)
        json_object_set_new(counts, target_state_name((enum target_state)s),
                            json_integer(r->states[s]));
    json_object_set_new(out, "targets", counts);
    return out;
}

enum err api_broadcast_list(struct call *c)
{
    return call_list(c, sizeof(struct store_broadcast_row), fetch_broadcasts, broadcast_item);
}

/*   note  as it is said to who asks */
static json_t *target_json(struct call *c, const struct broadcast_target *t, const char *note)
{
    const struct node_entry *node = registry_find(c->api->ports.registry, t->node);

    return json_pack("{s:I, s:s, s:I, s:s, s:s, s:s, s:o}", "node", (json_int_t)t->node.v, "name",
                     node != NULL ? node->record.name : "", "zone",
                     (json_int_t)(node != NULL ? node->record.zone.v : 0), "state",
                     target_state_name(t->state), "verdict", broadcast_verdict_name(t->verdict),
                     "note", note, "receipt",
                     t->has_receipt ? api_receipt_json(&t->receipt) : json_null());
}

enum err api_broadcast_get(struct call *c)
{
    struct broadcast b = {0};
    char note[CALL_SAY_SIZE];
    json_t *targets;
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK)
        e = store_broadcast_get(c->api->ports.db, (struct broadcast_id){id}, &b);
    if (e != ERR_OK)
        return call_missing(c, e, "broadcast");
    targets = json_array();
    for (size_t i = 0; i < b.target_count; i++) {
        if (i == 0 || strcmp(b.targets[i].note, b.targets[i - 1].note) != 0)
            call_say(c, b.targets[i].note, note);
        json_array_append_new(targets, target_json(c, &b.targets[i], note));
    }
    e = call_out(c, 200, broadcast_json(&b));
    if (e == ERR_OK)
        json_object_set_new(c->out, "targets", targets);
    else
        json_decref(targets);
    broadcast_deinit(&b);
    return e;
}

enum err api_check_airtime(struct call *c, const struct bulletin *b, usec_t start_us,
                           uint32_t repeats, uint32_t pause_ms, bool quiet_confirmed)
{
    const struct station *station = c->api->ports.station;
    uint64_t total_ms = (uint64_t)bulletin_duration_ms(b) * repeats;
    usec_t end_us;

    total_ms += (uint64_t)pause_ms * (repeats - 1);
    end_us = start_us + (usec_t)total_ms * USEC_PER_MSEC;
    if (b->priority == PRIORITY_EMERGENCY)
        return ERR_OK;
    if (total_ms > (uint64_t)station->policy.max_broadcast_s * 1000)
        return err_set(&c->detail, ERR_LIMIT,
                       "It would last %" PRIu64
                       " s; this station allows %u s. Repeat it less often "
                       "or shorten it.",
                       total_ms / 1000, station->policy.max_broadcast_s);
    if (!station_allows(station, start_us, end_us))
        return err_set(
            &c->detail, ERR_LIMIT,
            "It would sound outside the allowed hours (%02u:%02u to %02u:%02u), when nodes "
            "play emergencies only; choose another time.",
            station->policy.allowed_from_min / 60U, station->policy.allowed_from_min % 60U,
            station->policy.allowed_to_min / 60U, station->policy.allowed_to_min % 60U);
    if (quiet_confirmed || !station_is_quiet(station, start_us, end_us))
        return ERR_OK;
    c->confirm = "quiet_confirmed";
    return err_set(&c->detail, ERR_STATE,
                   "It would sound during the quiet hours (%02u:%02u to %02u:%02u); choose another "
                   "time, or confirm with \"quiet_confirmed\": true.",
                   station->policy.quiet_from_min / 60U, station->policy.quiet_from_min % 60U,
                   station->policy.quiet_to_min / 60U, station->policy.quiet_to_min % 60U);
}

static enum err read_play(struct call *c, struct api_play *play, struct where *where)
{
    json_t *zones = NULL;
    bool everyone = false;
    int64_t bulletin = 0;
    int64_t repeats = 1;
    int64_t pause_ms = 30000;
    const struct body_field fields[] = {
        {.name = "bulletin",
         .kind = BODY_NUMBER,
         .to = &bulletin,
         .min = 1,
         .max = INT64_MAX,
         .required = true},
        {.name = "everyone", .kind = BODY_BOOL, .to = &everyone},
        {.name = "zones", .kind = BODY_LIST, .to = &zones, .max = EVENT_ZONES_MAX},
        {.name = "repeats",
         .kind = BODY_NUMBER,
         .to = &repeats,
         .min = 1,
         .max = EVENT_REPEATS_MAX},
        {.name = "pause_ms", .kind = BODY_NUMBER, .to = &pause_ms, .max = EVENT_PAUSE_MAX_MS},
        {.name = "quiet_confirmed", .kind = BODY_BOOL, .to = &play->may_break_quiet},
    };
    enum err e = body_read(c->body, fields, 6, &c->detail);

    play->bulletin.v = (uint64_t)bulletin;
    play->repeats = (uint32_t)repeats;
    play->pause_ms = (uint32_t)pause_ms;
    play->start_us = c->now_us + PLAY_LEAD_US;
    return e == ERR_OK ? api_where_read(c, everyone, zones, where) : e;
}

enum err api_usable_bulletin(struct call *c, struct bulletin_id id, struct bulletin *ret_bulletin)
{
    enum err e = store_bulletin_get(c->api->ports.db, id, ret_bulletin);

    if (e == ERR_NOT_FOUND)
        return err_set(&c->detail, e, "There is no bulletin %llu.", (unsigned long long)id.v);
    if (e != ERR_OK)
        return e;
    if (ret_bulletin->state != BULLETIN_APPROVED)
        return err_set(&c->detail, ERR_STATE,
                       "The bulletin is not approved (it is %s); have it approved first.",
                       bulletin_state_name(ret_bulletin->state));
    if (ret_bulletin->expires_us != 0 && ret_bulletin->expires_us <= c->now_us)
        return err_set(&c->detail, ERR_STATE, "The bulletin has expired; write a new one.");
    return ERR_OK;
}

enum err api_play_now(struct call *c, const struct api_play *play, const char *action)
{
    const struct api_ports *ports = &c->api->ports;
    struct broadcast_id id = {0};
    enum err e = call_begin(c);

    if (e != ERR_OK)
        return e;
    e = ports->broadcast_plan(ports->ctx, play, &id, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, action, json_incref(c->body), "broadcast:%llu",
                         (unsigned long long)id.v);
    e = call_end(c, e);
    if (e != ERR_OK)
        return e;
    ports->broadcast_committed(ports->ctx, id);
    return call_created(c, id.v);
}

enum err api_broadcast_play(struct call *c)
{
    struct api_play play = {0};
    struct where where = {0};
    struct bulletin bulletin;
    struct node_id *nodes = NULL;
    enum err e = read_play(c, &play, &where);

    if (e == ERR_OK)
        e = api_usable_bulletin(c, play.bulletin, &bulletin);
    if (e == ERR_OK)
        e = api_check_airtime(c, &bulletin, play.start_us, play.repeats, play.pause_ms,
                              play.may_break_quiet);
    if (e == ERR_OK)
        e = api_where_nodes(c, &where, &nodes, &play.node_count);
    if (e == ERR_OK) {
        play.nodes = nodes;
        e = api_play_now(c, &play, "broadcast.play");
    }
    free(nodes);
    return e;
}

/* The sound has stopped already; a failing disk is told, but does not start it again. */
static enum err journal_stop(struct call *c, json_t *detail, uint64_t id)
{
    enum err e = call_begin(c);

    if (e == ERR_OK)
        e = call_end(
            c, call_journal(c, "broadcast.stop", detail, "broadcast:%llu", (unsigned long long)id));
    else
        json_decref(detail);
    if (e != ERR_OK) {
        log_event(LOG_ERROR, "journal.lost", "action=broadcast.stop user=%s",
                  LOG_TEXT(c->user.login));
        err_set(&c->detail, e,
                "It was stopped, but the journal could not be written; tell the "
                "administrator.");
    }
    return e;
}

enum err api_broadcast_stop(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK)
        e = ports->broadcast_stop(ports->ctx, (struct broadcast_id){id}, &c->detail);
    if (e != ERR_OK)
        return call_missing(c, e, "broadcast");
    return journal_stop(c, NULL, id);
}

enum err api_broadcast_stop_all(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    size_t stopped = ports->broadcast_stop_all(ports->ctx);
    enum err e = journal_stop(c, json_pack("{s:I}", "stopped", (json_int_t)stopped), 0);

    return e == ERR_OK ? call_out(c, 200, json_pack("{s:I}", "stopped", (json_int_t)stopped)) : e;
}
