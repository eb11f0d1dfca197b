#include "cappublish.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cap_parse.h"
#include "cap_produce.h"
#include "cap_time.h"
#include "cap_validate.h"
#include "log.h"
#include "store_alert_message.h"
#include "store_alert_sound.h"
#include "store_journal.h"
#include "store_published.h"
#include "store_zone.h"

#define STEP_MAX 4 /* messages at a time: signing takes a millisecond each */
#define AGAIN_US USEC_PER_MIN /* after a failure */
#define FEED_LINK_SIZE 512
#define NOTE_SIZE 512
#define SENT_LEN 25 /* without blanks around it */

struct cappublish {
    struct cappublish_config config;
    usec_t again_us; /* not before; 0 at once */
    struct zone zones[ZONES_MAX]; /* of the station, while one message is made */
    size_t zone_count;
    struct cap_code_pair codes[CAP_NOTICE_PLACES_MAX]; /* likewise */
    const struct cap_ring *rings[CAP_NOTICE_PLACES_MAX];
    char area[1024];
};

enum err cappublish_new(const struct cappublish_config *config, struct cappublish **ret_publish)
{
    struct cappublish *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return ERR_NOMEM;
    p->config = *config;
    *ret_publish = p;
    return ERR_OK;
}

void cappublish_free(struct cappublish *p)
{
    free(p);
}

/* ---- where ---- */

static void add_place(struct cappublish *p, const struct cap_zone *zone, struct cap_notice *n)
{
    if (zone->boundary.count > 0 && n->ring_count < CAP_NOTICE_PLACES_MAX)
        p->rings[n->ring_count++] = &zone->boundary;
    for (size_t i = 0; i < zone->code_count && n->code_count < CAP_NOTICE_PLACES_MAX; i++)
        p->codes[n->code_count++] = zone->codes[i];
}

static const struct zone *find_zone(const struct cappublish *p, const char *code)
{
    for (size_t i = 0; i < p->zone_count; i++) {
        if (strcmp(p->zones[i].code, code) == 0)
            return &p->zones[i];
    }
    return NULL;
}

static bool covers(const struct cappublish *p, const struct alert *a, const char *code)
{
    const struct zone *zone = find_zone(p, code);

    for (size_t i = 0; zone != NULL && i < a->zone_count; i++) {
        if (zone_contains(p->zones, p->zone_count, a->zones[i], zone->id))
            return true;
    }
    return a->everyone;
}

/* Names for people, codes and boundaries of the alert policy for programs: the station's own boundary when it is
 * meant as a whole and has one, else those of its zones. */
static void describe_area(struct cappublish *p, const struct alert *a, struct cap_notice *n)
{
    const struct cap_policy *policy = p->config.policy;
    size_t len = 0;

    snprintf(p->area, sizeof(p->area), "%s", p->config.station->name);
    for (size_t i = 0; i < a->zone_count && !a->everyone; i++) {
        for (size_t k = 0; k < p->zone_count; k++) {
            if (p->zones[k].id.v == a->zones[i].v &&
                len + strlen(p->zones[k].name) + 3 < sizeof(p->area))
                len += (size_t)snprintf(p->area + len, sizeof(p->area) - len, "%s%s",
                                        len > 0 ? ", " : "", p->zones[k].name);
        }
    }
    if (a->everyone)
        add_place(p, &policy->zones[0], n);
    for (size_t i = 1;
         i < policy->zone_count && (!a->everyone || policy->zones[0].boundary.count == 0); i++) {
        if (covers(p, a, policy->zones[i].code))
            add_place(p, &policy->zones[i], n);
    }
    n->area_desc = p->area;
    n->codes = p->codes;
    n->rings = p->rings;
}

/* ---- what ---- */

static bool is_all_clear(const struct alert *a)
{
    return strcmp(a->template_name, "all_clear") == 0;
}

/* Category and response of CAP for each template. */
static void describe_kind(const struct alert *a, struct cap_notice *n)
{
    static const struct {
        const char *name, *category, *response;
    } kinds[] = {
        {"flood", "Met", "Prepare"},          {"storm", "Met", "Shelter"},
        {"landslide", "Geo", "Evacuate"},     {"fire", "Fire", "Avoid"},
        {"evacuation", "Safety", "Evacuate"}, {"lost_child", "Rescue", "Monitor"},
        {"all_clear", "Safety", "AllClear"},
    };

    n->category = "Safety";
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(a->template_name, kinds[i].name) == 0) {
            n->category = kinds[i].category;
            n->response = kinds[i].response;
        }
    }
    n->urgency = is_all_clear(a) ? CAP_URGENCY_PAST : CAP_URGENCY_IMMEDIATE;
    n->severity = is_all_clear(a) ? CAP_SEVERITY_MINOR : CAP_SEVERITY_SEVERE;
    n->certainty = CAP_CERTAINTY_OBSERVED;
}

/* The published message that this one refers to. */
static enum err find_reference(struct cappublish *p, const struct alert *a,
                               enum published_kind kind, struct cap_reference *ret_ref,
                               size_t *ret_count)
{
    struct published old;
    uint64_t alert = kind == PUBLISHED_ENDED ? a->id : a->replaces;
    enum err e = alert != 0 ? store_published_find(p->config.db, alert, PUBLISHED_BEGUN, &old)
                            : ERR_NOT_FOUND;

    *ret_count = 0;
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    *ret_count = 1;
    ret_ref->sent_us = old.sent_us;
    snprintf(ret_ref->sender, sizeof(ret_ref->sender), "%s", p->config.station->code);
    snprintf(ret_ref->identifier, sizeof(ret_ref->identifier), "%s", old.identifier);
    return ERR_OK;
}

/* Its name: that of alertdesk.c, so that an Update by whoever follows fits. */
static void name_message(const struct cappublish *p, const struct alert *a, usec_t now_us,
                         struct published *out)
{
    static const char *const suffixes[] = {"", ".end", ".stop"};
    usec_t sent_us = out->kind == PUBLISHED_BEGUN ? a->created_us : now_us;

    snprintf(out->identifier, sizeof(out->identifier), "%s.%" PRIu64 "%s", p->config.station->code,
             a->id, suffixes[out->kind]);
    out->sent_us = sent_us - sent_us % USEC_PER_SEC; /* CAP knows whole seconds */
    out->expires_us = a->expires_us - a->expires_us % USEC_PER_SEC;
    memcpy(out->title, a->title, sizeof(out->title));
}

/* What every message begins with. */
static struct cap_notice begin_notice(const struct cappublish *p, const struct alert *a,
                                      const struct published *out)
{
    return (struct cap_notice){
        .identifier = out->identifier,
        .sender = p->config.station->code,
        .sent_us = out->sent_us,
        .offset_min = p->config.station->utc_offset_min,
        .status = a->drill || p->config.training ? CAP_STATUS_EXERCISE : CAP_STATUS_ACTUAL,
    };
}

static enum err make_message(struct cappublish *p, const struct alert *a, struct published *out,
                             usec_t now_us, char **ret_text)
{
    struct cap_reference reference = {.sent = NULL};
    struct db_page page = {0};
    struct cap_notice n;
    enum err e = store_zone_list(p->config.db, &page, p->zones, ZONES_MAX, &p->zone_count);

    name_message(p, a, now_us, out);
    n = begin_notice(p, a, out);
    if (e == ERR_OK)
        e = find_reference(p, a, out->kind, &reference, &n.reference_count);
    if (e != ERR_OK)
        return e;
    n.references = &reference;
    n.expires_us = out->expires_us;
    n.type = out->kind == PUBLISHED_ENDED ? CAP_TYPE_CANCEL
             : n.reference_count > 0      ? CAP_TYPE_UPDATE
                                          : CAP_TYPE_ALERT;
    n.language = "vi-VN";
    n.event = a->title;
    n.headline = a->title;
    n.description = a->text[0] != '\0' ? a->text : NULL;
    n.sender_name = p->config.station->name;
    describe_kind(a, &n);
    describe_area(p, a, &n);
    return cap_produce(&n, p->config.key_pem, ret_text);
}

/* ---- that it was stopped ---- */

/* Who stopped it, where and when, for people; names of persons are in the journal, not on an open feed. */
static void write_note(const struct cappublish *p, const struct published_stop *stop, char *out,
                       size_t size)
{
    const struct station *station = p->config.station;
    char at[CAP_TIME_SIZE];
    size_t len;

    cap_time_write(stop->at_us, station->utc_offset_min, at);
    len = (size_t)snprintf(out, size,
                           "%s (%s) đã dừng phát cảnh báo này tại chỗ lúc %.8s ngày %.2s/%.2s/%.4s "
                           "(%s), do người trực quyết định",
                           station->name, station->code, at + 11, at + 8, at + 5, at, at + 19);
    if (stop->own != 0)
        snprintf(out + len, size - len, ", và phát thay bằng cảnh báo %s.%" PRIu64, station->code,
                 stop->own);
    strncat(out, ".", size - strlen(out) - 1);
}

/* The triple in the words of the sender; the scope is Public, since anybody may read what is published. */
static enum err make_report(struct cappublish *p, const struct alert *a, struct published *out,
                            struct cap_alert *message, const struct published_stop *stop,
                            char **ret_text)
{
    struct cap_reference reference = {.sent = NULL};
    char note[NOTE_SIZE];
    struct cap_notice n;

    snprintf(reference.sender, sizeof(reference.sender), "%s", message->sender);
    snprintf(reference.identifier, sizeof(reference.identifier), "%s", message->identifier);
    reference.sent_us = message->sent_us;
    if (message->version == CAP_VERSION_12 && strlen(message->sent) == SENT_LEN)
        reference.sent = message->sent;
    if (out->sent_us < message->sent_us) /* its clock is ahead: no answer before the question */
        out->sent_us = message->sent_us;
    write_note(p, stop, note, sizeof(note));
    n = begin_notice(p, a, out);
    n.type = CAP_TYPE_ERROR;
    n.addresses = message->sender;
    n.note = note;
    n.references = &reference;
    n.reference_count = 1;
    return cap_produce(&n, p->config.key_pem, ret_text);
}

static enum err report(struct cappublish *p, const struct alert *a, struct published *out,
                       usec_t now_us, char **ret_text)
{
    struct cap_findings *findings = calloc(1, sizeof(*findings));
    struct cap_alert *message = NULL;
    struct published_stop stop;
    char *verdict = NULL, *data = NULL;
    size_t len = 0;
    enum err e = findings != NULL ? store_published_stop(p->config.db, a->id, &stop) : ERR_NOMEM;

    name_message(p, a, now_us, out);
    if (e == ERR_OK && stop.at_us == 0)
        stop.at_us = now_us; /* its life is forgotten */
    if (e == ERR_OK)
        e = store_alert_message_texts(p->config.db, stop.message, &verdict, &data, &len);
    if (e == ERR_OK)
        e = cap_parse(bytes_of(data, len), findings, &message);
    if (e == ERR_OK)
        e = cap_validate(message, p->config.policy, now_us, findings);
    if (e == ERR_OK)
        e = make_report(p, a, out, message, &stop, ret_text);
    cap_parse_free(message);
    free(findings);
    free(verdict);
    free(data);
    return e;
}

static enum err journal_report(struct cappublish *p, const struct published *out, usec_t now_us)
{
    struct journal_entry entry = {.at_us = now_us, .actor = "station", .action = "alert.reported"};

    snprintf(entry.object, sizeof(entry.object), "alert:%" PRIu64, out->alert);
    snprintf(entry.detail, sizeof(entry.detail), "{\"identifier\":\"%s\"}", out->identifier);
    return store_journal_append(p->config.db, &entry);
}

static enum err keep(struct cappublish *p, const struct published *out, const char *text,
                     usec_t now_us)
{
    enum err e = db_begin(p->config.db);

    if (e != ERR_OK)
        return e;
    e = store_published_add(p->config.db, out, text);
    if (e == ERR_OK && out->kind == PUBLISHED_STOPPED)
        e = journal_report(p, out, now_us);
    return db_end(p->config.db, e);
}

static enum err publish(struct cappublish *p, struct published *due, usec_t now_us)
{
    static struct alert a;
    char *text = NULL;
    enum err e = store_alert_sound_get(p->config.db, due->alert, &a);

    if (e == ERR_OK)
        e = due->kind == PUBLISHED_STOPPED ? report(p, &a, due, now_us, &text)
                                           : make_message(p, &a, due, now_us, &text);
    if (e == ERR_OK)
        e = keep(p, due, text, now_us);
    free(text);
    return e;
}

void cappublish_step(struct cappublish *p, usec_t now_us)
{
    for (size_t i = 0; p != NULL && i < STEP_MAX && now_us >= p->again_us; i++) {
        struct published due;
        enum err e = store_published_due(p->config.db, now_us, &due);

        if (e == ERR_NOT_FOUND)
            return;
        if (e == ERR_OK)
            e = publish(p, &due, now_us);
        if (e == ERR_OK) {
            log_event(LOG_INFO, "cap.published", "identifier=%s", due.identifier);
            continue;
        }
        log_event(LOG_ERROR, "cap.not_published", "error=%s", err_name(e));
        p->again_us = now_us + AGAIN_US;
    }
}

enum err cappublish_feed(struct cappublish *p, const char *base, usec_t now_us, char **ret_text)
{
    struct published *rows = calloc(CAPPUBLISH_ENTRIES, sizeof(*rows));
    struct cap_entry *entries = calloc(CAPPUBLISH_ENTRIES, sizeof(*entries));
    char(*links)[FEED_LINK_SIZE] = calloc(CAPPUBLISH_ENTRIES, sizeof(*links));
    char self[FEED_LINK_SIZE];
    size_t count = 0;
    enum err e = rows != NULL && entries != NULL && links != NULL
                     ? store_published_list(p->config.db, now_us - PUBLISHED_KEEP_US, rows,
                                            CAPPUBLISH_ENTRIES, &count)
                     : ERR_NOMEM;

    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        snprintf(links[i], sizeof(links[i]), "%s/cap/%s.cap", base, rows[i].identifier);
        entries[i] = (struct cap_entry){.identifier = links[i],
                                        .title = rows[i].title,
                                        .link = links[i],
                                        .updated_us = rows[i].sent_us};
    }
    snprintf(self, sizeof(self), "%s/cap/feed.atom", base);
    if (e == ERR_OK)
        e = cap_produce_feed(self, p->config.station->name, self, count > 0 ? rows[0].sent_us : 0,
                             entries, count, ret_text);
    free(links);
    free(entries);
    free(rows);
    return e;
}
