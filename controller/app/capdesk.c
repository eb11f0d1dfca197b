#include "capdesk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cap_check.h"
#include "cap_describe.h"
#include "cap_intake.h"
#include "capground.h"
#include "cappolicy.h"
#include "digest.h"
#include "log.h"
#include "store_alert_message.h"
#include "store_journal.h"
#include "store_zone.h"

#define EMERGENCY_PAUSE_MS 30000
#define PRIORITY_PAUSE_MS 5000
#define PRIORITY_PLAYS 2

struct capdesk {
    struct capdesk_config config;
    struct cap_policy *policy;
    struct caprecording *recordings;
};

/* One message on its way: judged on a worker, acted on by the main thread. */
struct taking {
    struct capdesk *desk;
    char *data;
    size_t len;
    char source[ALERTMESSAGE_SOURCE_SIZE];
    struct user by;
    uint64_t release; /* the message that a person releases; 0: it came just now */
    usec_t now_us;
    struct cap_policy *policy; /* with the map, as of now */
    struct cap_verdict *verdict;
    char *described;
    uint8_t sha256[SHA256_BYTES];
    enum err result;
    api_cap_done done;
    void *arg;
};

static enum err start_recordings(struct capdesk *d)
{
    const struct caprecording_config config = {
        .loop = d->config.loop,
        .jobs = d->config.jobs,
        .alertdesk = d->config.alertdesk,
        .policy = d->policy,
        .addresses = d->config.addresses,
        .scratch_dir = d->config.scratch_dir,
    };

    return caprecording_new(&config, &d->recordings);
}

enum err capdesk_new(const struct capdesk_config *config, struct capdesk **ret_desk,
                     struct err_detail *detail)
{
    struct capdesk *d = calloc(1, sizeof(*d));
    enum err e = ERR_NOMEM;

    if (d == NULL)
        return e;
    d->config = *config;
    e = cap_verify_start();
    if (e == ERR_OK)
        e = cappolicy_load(config->policy_path, &d->policy, detail);
    if (e == ERR_OK)
        e = start_recordings(d);
    if (e != ERR_OK) {
        capdesk_free(d);
        return e;
    }
    e = caprecording_resume(d->recordings, config->db, config->now_us(config->ctx));
    if (e != ERR_OK) /* their texts are spoken */
        log_event(LOG_WARN, "cap.recordings_not_resumed", "error=%s", err_name(e));
    *ret_desk = d;
    return ERR_OK;
}

void capdesk_close(struct capdesk *d)
{
    if (d != NULL)
        caprecording_close(d->recordings);
}

void capdesk_free(struct capdesk *d)
{
    if (d == NULL)
        return;
    caprecording_free(d->recordings);
    cap_policy_free(d->policy);
    free(d);
}

const struct cap_policy *capdesk_policy(const struct capdesk *d)
{
    return d->policy;
}

static void taking_free(struct taking *t)
{
    if (t == NULL)
        return;
    cap_verdict_free(t->verdict);
    cap_ground_free(t->policy);
    free(t->described);
    free(t->data);
    free(t);
}

static void judge(void *arg)
{
    struct taking *t = arg;
    struct bytes data = bytes_of(t->data, t->len);

    digest_sha256(data, t->sha256);
    t->result = cap_check(data, t->policy, t->source, t->now_us, &t->verdict);
    if (t->result != ERR_OK)
        return;
    t->described = cap_describe_text(t->verdict, t->policy);
    if (t->described == NULL)
        t->result = ERR_NOMEM;
}

static enum err journal(struct taking *t, const char *action, uint64_t message)
{
    struct journal_entry entry = {.at_us = t->now_us};

    snprintf(entry.actor, sizeof(entry.actor), "%s",
             t->by.login[0] != '\0' ? t->by.login : "station");
    snprintf(entry.action, sizeof(entry.action), "%s", action);
    snprintf(entry.object, sizeof(entry.object), "message:%" PRIu64, message);
    cap_describe_short(t->verdict, t->source, entry.detail, sizeof(entry.detail));
    return store_journal_append(t->desk->config.db, &entry);
}

/* ---- what is to sound ---- */

/* The station's zones of the verdict. One that the station does not know means all of it: an alert that
 * reaches too many is better than one that reaches nobody. */
static enum err find_zones(struct taking *t, struct alert *a)
{
    const struct cap_policy *policy = t->policy;
    struct zone *zones = calloc(ZONES_MAX, sizeof(*zones));
    struct db_page page = {0};
    size_t count = 0, missed = 0;
    enum err e = zones != NULL
                     ? store_zone_list(t->desk->config.db, &page, zones, ZONES_MAX, &count)
                     : ERR_NOMEM;

    a->everyone = cap_zones_has(&t->verdict->zones, 0);
    for (size_t i = 1; e == ERR_OK && i < policy->zone_count && !a->everyone; i++) {
        size_t k = 0;

        if (!cap_zones_has(&t->verdict->zones, i)) {
            missed++;
            continue;
        }
        while (k < count && strcmp(zones[k].code, policy->zones[i].code) != 0)
            k++;
        if (k < count && a->zone_count < EVENT_ZONES_MAX)
            a->zones[a->zone_count++] = zones[k].id;
        else
            a->everyone = true;
        if (k == count)
            log_event(LOG_WARN, "cap.zone_unknown", "zone=%s", policy->zones[i].code);
    }
    /* Without zones of the policy's own it is about the whole station, also nodes in no zone. */
    a->everyone =
        a->everyone || (t->desk->policy->zone_count == 1 && policy->zone_count > 1 && missed == 0);
    free(zones);
    return e;
}

static enum err fill_alert(struct taking *t, const struct alertlife_message *m, struct alert *a,
                           struct err_detail *detail)
{
    bool urgent = t->verdict->level != PRIORITY_PRIORITY;
    enum err e;

    memset(a, 0, sizeof(*a));
    a->state = ALERT_LIVE;
    a->signal = EMERGENCY_SIREN;
    a->priority = urgent ? PRIORITY_EMERGENCY : PRIORITY_PRIORITY;
    a->repeats = urgent ? 0 : PRIORITY_PLAYS;
    a->pause_ms = urgent ? EMERGENCY_PAUSE_MS : PRIORITY_PAUSE_MS;
    a->created_us = t->now_us;
    a->expires_us = m->expires_us;
    a->author = t->by.id;
    cap_intake_title(t->verdict, a->title, sizeof(a->title));
    cap_intake_text(t->verdict, a->text, sizeof(a->text));
    snprintf(a->why, sizeof(a->why), "CAP %.180s", m->key.identifier);
    a->message = a->text[0] != '\0' ? ALERT_SPEECH : ALERT_NO_MESSAGE;
    e = find_zones(t, a);
    if (e == ERR_OK && !a->everyone && a->zone_count == 0)
        return err_set(detail, ERR_STATE,
                       "The message covers no zone of this station; write an alert of your own.");
    return e;
}

/* ---- what becomes of it ---- */

static enum alertmessage_state state_of(const struct taking *t, enum alertlife_result result)
{
    if (result == ALERTLIFE_OVERTAKEN)
        return ALERTMESSAGE_OVERTAKEN;
    if (result == ALERTLIFE_CONFLICT)
        return ALERTMESSAGE_WAITING;
    if (t->release != 0)
        return ALERTMESSAGE_RELEASED;
    switch (t->verdict->action) {
    case CAP_ACTION_SOUND:
        return ALERTMESSAGE_SOUNDED;
    case CAP_ACTION_STOP:
        return ALERTMESSAGE_STOPPED;
    case CAP_ACTION_INBOX:
        return ALERTMESSAGE_WAITING;
    case CAP_ACTION_LOG:
        break;
    }
    return ALERTMESSAGE_LOGGED;
}

/* Enter it into the life of alerts, with what is to sound. */
static enum err live(struct taking *t, struct alertmessage *m, enum alertlife_result *ret_result,
                     struct err_detail *detail)
{
    static struct alertlife_key refs[ALERTLIFE_REFS_MAX];
    static struct alert alert;
    struct alertlife_message message;
    bool sounds = t->release != 0 ? t->verdict->alert->type != CAP_TYPE_CANCEL
                                  : t->verdict->action == CAP_ACTION_SOUND;
    enum err e = cap_intake_message(t->verdict, t->desk->policy, refs, &message);

    if (e != ERR_OK)
        return e;
    memcpy(message.sha256, t->sha256, SHA256_BYTES);
    if (sounds)
        e = fill_alert(t, &message, &alert, detail);
    if (e == ERR_OK)
        e = alertdesk_take(t->desk->config.alertdesk, &message, sounds ? &alert : NULL,
                           t->release != 0, ret_result, &m->life, detail);
    if (e != ERR_OK)
        return e;
    if (sounds && *ret_result == ALERTLIFE_NEW)
        m->alert = alert.id;
    m->state = state_of(t, *ret_result);
    return ERR_OK;
}

/* A person may release only what can be meant for the public's ears. */
static enum err check_release(const struct taking *t, struct err_detail *detail)
{
    const struct cap_verdict *v = t->verdict;

    if (v->result == CAP_REJECTED)
        return err_set(detail, ERR_STATE, "The message is not acceptable any more: %s.",
                       v->findings.count > 0 ? v->findings.items[0].sentence : "see its findings");
    if (!cap_intake_releasable(v))
        return err_set(detail, ERR_STATE,
                       "Only an Actual Alert, Update or Cancel can be released; dismiss this one.");
    return ERR_OK;
}

static enum err refuse_result(enum alertlife_result result, struct err_detail *detail)
{
    if (result == ALERTLIFE_CONFLICT)
        return err_set(detail, ERR_STATE,
                       "Another message with the same identifier came before; dismiss this one.");
    if (result == ALERTLIFE_DUPLICATE)
        return err_set(detail, ERR_STATE, "It sounds already, or is over.");
    return err_set(detail, ERR_STATE,
                   "It was cancelled, replaced or expired meanwhile; dismiss it.");
}

static void describe_message(const struct taking *t, struct alertmessage *m)
{
    *m = (struct alertmessage){
        .received_us = t->now_us,
        .level = t->verdict->level,
        .expires_us = t->verdict->expires_us,
    };
    memcpy(m->source, t->source, sizeof(m->source));
    memcpy(m->sha256, t->sha256, sizeof(m->sha256));
    cap_intake_key(t->verdict, &m->key);
    cap_intake_title(t->verdict, m->title, sizeof(m->title));
}

/* Inside the transaction: a message that just came and is not rejected. */
static enum err enter(struct taking *t, struct alertmessage *m, struct api_cap_outcome *out,
                      struct err_detail *detail)
{
    struct db *db = t->desk->config.db;
    enum alertlife_result result = ALERTLIFE_NEW;
    struct alertmessage known = {0};
    enum err e = store_alert_message_find(db, t->sha256, &known);
    bool upgraded = e == ERR_OK && known.state == ALERTMESSAGE_WAITING && known.life == 0 &&
                    t->verdict->result == CAP_ACCEPTED && t->verdict->action > CAP_ACTION_INBOX;

    if (e == ERR_OK && !upgraded) {
        *m = known;
        out->result = "duplicate";
        return ERR_OK;
    }
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    describe_message(t, m);
    m->state = t->verdict->result == CAP_HELD ? ALERTMESSAGE_WAITING : state_of(t, result);
    e = ERR_OK;
    if (t->verdict->result == CAP_ACCEPTED && cap_intake_lives(t->verdict))
        e = live(t, m, &result, detail);
    if (e != ERR_OK)
        return e;
    out->result = result == ALERTLIFE_DUPLICATE  ? "duplicate"
                  : result == ALERTLIFE_CONFLICT ? "conflict"
                                                 : alertmessage_state_name(m->state);
    if (result == ALERTLIFE_DUPLICATE)
        return ERR_OK;
    m->id = known.id;
    e = upgraded ? store_alert_message_put(db, m)
                 : store_alert_message_add(db, m, t->described, bytes_of(t->data, t->len), &m->id);
    if (e == ERR_LIMIT)
        return err_set(detail, e, "%d messages wait in the inbox already; release or dismiss some.",
                       ALERTMESSAGE_WAITING_MAX);
    return e == ERR_OK ? journal(t, "alert.message", m->id) : e;
}

static enum err release(struct taking *t, struct alertmessage *m, struct api_cap_outcome *out,
                        struct err_detail *detail)
{
    enum alertlife_result result = ALERTLIFE_NEW;
    enum err e = store_alert_message_get(t->desk->config.db, t->release, m);

    if (e == ERR_OK && m->state != ALERTMESSAGE_WAITING)
        e = err_set(detail, ERR_STATE, "Somebody decided about this message already.");
    if (e == ERR_OK)
        e = check_release(t, detail);
    if (e == ERR_OK)
        e = live(t, m, &result, detail);
    if (e == ERR_OK && result != ALERTLIFE_NEW)
        e = refuse_result(result, detail);
    if (e != ERR_OK)
        return e;
    m->decided_by = t->by.id;
    m->decided_us = t->now_us;
    out->result = alertmessage_state_name(m->state);
    e = store_alert_message_put(t->desk->config.db, m);
    return e == ERR_OK ? journal(t, "alert.release", m->id) : e;
}

/* True when one comes: whether it may be used is found out aside, while the tone sounds. */
static bool begin_recording(struct taking *t, const struct alertmessage *m)
{
    enum err e = caprecording_start(t->desk->recordings, t->verdict, m->alert, m->title, t->by.id);

    if (e == ERR_OK) {
        t->verdict = NULL; /* it is theirs now */
        return true;
    }
    if (e != ERR_NOT_FOUND)
        log_event(LOG_WARN, "cap.recording_refused", "error=%s", err_name(e));
    return false;
}

static enum err act(struct taking *t, struct api_cap_outcome *out, struct err_detail *detail)
{
    struct db *db = t->desk->config.db;
    struct alertmessage m = {0};
    bool rejected;
    enum err e = db_begin(db);

    if (e != ERR_OK)
        return e;
    if (t->release != 0)
        e = release(t, &m, out, detail);
    else if (t->verdict->result == CAP_REJECTED) {
        out->result = "rejected";
        e = journal(t, "alert.reject", 0);
    } else
        e = enter(t, &m, out, detail);
    e = db_end(db, e);
    if (e != ERR_OK)
        return db_explain(db, e, detail);
    rejected = t->verdict->result == CAP_REJECTED;
    alertdesk_taken(t->desk->config.alertdesk, m.alert != 0 &&
                                                   strcmp(out->result, "duplicate") != 0 &&
                                                   begin_recording(t, &m));
    t->desk->config.changed(t->desk->config.ctx);
    out->message = m.id;
    out->alert = m.alert;
    log_event(rejected ? LOG_WARN : LOG_INFO, "cap.message",
              "source=%s result=%s message=%" PRIu64 " alert=%" PRIu64, t->source, out->result,
              m.id, m.alert);
    return ERR_OK;
}

static void judged(void *arg)
{
    struct taking *t = arg;
    struct api_cap_outcome out = {.verdict = t->described};
    struct err_detail detail = {{0}};
    enum err e = t->result;

    if (e == ERR_OK)
        e = act(t, &out, &detail);
    if (e != ERR_OK)
        log_event(LOG_ERROR, "cap.message_not_taken", "source=%s error=%s detail=%s", t->source,
                  err_name(e), LOG_TEXT(detail.text));
    t->done(t->arg, e, &out, &detail);
    taking_free(t);
}

static enum err start(struct taking *t, struct err_detail *detail)
{
    enum err e = capground_make(t->desk->config.db, t->desk->policy, &t->policy);

    if (e == ERR_OK)
        e = jobs_run(t->desk->config.jobs, judge, judged, t);
    if (e == ERR_OK)
        return e;
    taking_free(t);
    if (e != ERR_BUSY)
        return e;
    return err_set(detail, e, "The station judges other messages; try again in a moment.");
}

enum err capdesk_take(struct capdesk *d, struct bytes message, const char *source,
                      const struct user *by, api_cap_done done, void *arg,
                      struct err_detail *detail)
{
    struct taking *t;

    if (message.len > CAP_BYTES_MAX)
        return err_set(detail, ERR_LIMIT, "A message has at most %u bytes.", CAP_BYTES_MAX);
    t = calloc(1, sizeof(*t));
    if (t == NULL)
        return ERR_NOMEM;
    *t = (struct taking){
        .desk = d,
        .data = malloc(message.len + 1),
        .len = message.len,
        .now_us = d->config.now_us(d->config.ctx),
        .done = done,
        .arg = arg,
    };
    if (by != NULL)
        t->by = *by;
    snprintf(t->source, sizeof(t->source), "%s", source);
    if (t->data == NULL) {
        taking_free(t);
        return ERR_NOMEM;
    }
    if (message.len > 0)
        memcpy(t->data, message.data, message.len);
    t->data[message.len] = '\0';
    return start(t, detail);
}

enum err capdesk_release(struct capdesk *d, uint64_t id, const struct user *by, api_cap_done done,
                         void *arg, struct err_detail *detail)
{
    struct alertmessage m;
    char *described = NULL;
    struct taking *t;
    enum err e = store_alert_message_get(d->config.db, id, &m);

    if (e == ERR_OK && m.state != ALERTMESSAGE_WAITING)
        return err_set(detail, ERR_STATE, "Somebody decided about this message already.");
    if (e != ERR_OK)
        return e;
    t = calloc(1, sizeof(*t));
    if (t == NULL)
        return ERR_NOMEM;
    *t = (struct taking){
        .desk = d,
        .by = *by,
        .release = id,
        .now_us = d->config.now_us(d->config.ctx),
        .done = done,
        .arg = arg,
    };
    memcpy(t->source, m.source, sizeof(t->source));
    e = store_alert_message_texts(d->config.db, id, &described, &t->data, &t->len);
    free(described);
    if (e != ERR_OK) {
        taking_free(t);
        return e;
    }
    return start(t, detail);
}
