#include "alertlife.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

struct alertlife {
    struct alertlife_row *rows;
    size_t count, room;
    uint64_t last_id;
};

/* The rows as they will be: those of the change hide the older ones of the same id. */
struct judging {
    const struct alertlife *life;
    struct alertlife_change change;
    uint64_t last_id;
    bool failed;
};

enum err alertlife_new(struct alertlife **ret_life)
{
    struct alertlife *life = calloc(1, sizeof(*life));

    if (life == NULL)
        return ERR_NOMEM;
    *ret_life = life;
    return ERR_OK;
}

void alertlife_free(struct alertlife *life)
{
    if (life == NULL)
        return;
    free(life->rows);
    free(life);
}

static int compare_ids(const void *key, const void *element)
{
    const uint64_t *id = key;
    const struct alertlife_row *row = element;

    return (*id > row->id) - (*id < row->id);
}

/* Rows are in order of id. */
static struct alertlife_row *find_id(const struct alertlife *life, uint64_t id)
{
    return life->count == 0
               ? NULL
               : bsearch(&id, life->rows, life->count, sizeof(*life->rows), compare_ids);
}

static struct alertlife_row *find_changed(const struct judging *j, uint64_t id)
{
    for (size_t i = 0; i < j->change.row_count; i++) {
        if (j->change.rows[i].id == id)
            return &j->change.rows[i];
    }
    return NULL;
}

static const struct alertlife_row *look(const struct judging *j, uint64_t id)
{
    const struct alertlife_row *row = find_changed(j, id);

    return row != NULL ? row : find_id(j->life, id);
}

static bool key_equal(const struct alertlife_key *a, const struct alertlife_key *b)
{
    return a->sent_us == b->sent_us && strcmp(a->identifier, b->identifier) == 0 &&
           strcmp(a->sender, b->sender) == 0;
}

/* The row of this key, 0 when there is none. */
static uint64_t find_key(const struct judging *j, const struct alertlife_key *key)
{
    for (size_t i = 0; i < j->change.row_count; i++) {
        if (key_equal(&j->change.rows[i].key, key))
            return j->change.rows[i].id;
    }
    for (size_t i = 0; i < j->life->count; i++) {
        if (key_equal(&j->life->rows[i].key, key))
            return j->life->rows[i].id;
    }
    return 0;
}

/* A row that may be changed; a new one for id 0. NULL, and failed, without memory. */
static struct alertlife_row *edit(struct judging *j, uint64_t id)
{
    struct alertlife_row *row = find_changed(j, id);
    const struct alertlife_row *old = find_id(j->life, id);
    struct alertlife_row *grown;

    if (row != NULL)
        return row;
    grown = realloc(j->change.rows, (j->change.row_count + 1) * sizeof(*grown));
    if (grown == NULL) {
        j->failed = true;
        return NULL;
    }
    j->change.rows = grown;
    row = &grown[j->change.row_count++];
    *row = old != NULL ? *old : (struct alertlife_row){.id = ++j->last_id};
    return row;
}

/* Move a row to a later state; one that was live has ended. */
static void advance(struct judging *j, struct alertlife_row *row, enum alertlife_state state)
{
    uint64_t *grown;

    if (row->type == ALERTLIFE_CANCEL || state <= row->state)
        return;
    if (row->state == ALERTLIFE_LIVE) {
        grown = realloc(j->change.ended, (j->change.ended_count + 1) * sizeof(*grown));
        if (grown == NULL) {
            j->failed = true;
            return;
        }
        j->change.ended = grown;
        grown[j->change.ended_count++] = row->id;
    }
    row->state = state;
}

static usec_t later(usec_t a, usec_t b)
{
    return a > b ? a : b;
}

/* What cancelled `old` also cancels an Update of it that is not newer, if its sender may.
 *
 * Returns true when the update learnt something. */
static bool inherit(struct judging *j, uint64_t update_id, uint64_t old_id)
{
    const struct alertlife_row *u = look(j, update_id);
    const struct alertlife_row *o = look(j, old_id);
    usec_t own_us, over_us;
    struct alertlife_row *row;

    if (u == NULL || o == NULL || u->type != ALERTLIFE_UPDATE)
        return false;
    own_us = strcmp(u->key.sender, o->key.sender) == 0 && u->key.sent_us <= o->cancelled_us
                 ? later(u->cancelled_us, o->cancelled_us)
                 : u->cancelled_us;
    over_us = u->key.sent_us <= o->overruled_us ? later(u->overruled_us, o->overruled_us)
                                                : u->overruled_us;
    if (own_us == u->cancelled_us && over_us == u->overruled_us)
        return false;
    row = edit(j, update_id);
    if (row == NULL)
        return false;
    row->cancelled_us = own_us;
    row->overruled_us = over_us;
    advance(j, row, ALERTLIFE_CANCELLED);
    return true;
}

static bool inherit_refs(struct judging *j, uint64_t id)
{
    const struct alertlife_row *row = look(j, id);
    bool learnt = false;

    for (size_t i = 0; row != NULL && i < row->ref_count; i++) {
        learnt = inherit(j, id, row->refs[i]) || learnt;
        row = look(j, id); /* the change may have moved */
    }
    return learnt;
}

/* Until no row learns anything; times only grow, so it ends. */
static void spread(struct judging *j)
{
    bool learnt = true;

    while (learnt && !j->failed) {
        learnt = false;
        for (size_t i = 0; i < j->life->count; i++)
            learnt = inherit_refs(j, j->life->rows[i].id) || learnt;
        for (size_t i = 0; i < j->change.row_count; i++)
            learnt = inherit_refs(j, j->change.rows[i].id) || learnt;
    }
}

/* End one referenced row, or leave a tombstone for it. Returns its id, 0 when the sender may not. */
static uint64_t end_reference(struct judging *j, const struct alertlife_message *m,
                              const struct alertlife_key *key)
{
    uint64_t id = find_key(j, key);
    struct alertlife_row *row;

    if (!m->superior && strcmp(m->key.sender, key->sender) != 0) {
        j->change.refused++;
        return 0;
    }
    row = edit(j, id);
    if (row == NULL)
        return 0;
    row->key = *key;
    if (m->type == ALERTLIFE_CANCEL) {
        if (m->superior)
            row->overruled_us = later(row->overruled_us, m->key.sent_us);
        else
            row->cancelled_us = later(row->cancelled_us, m->key.sent_us);
    }
    advance(j, row, m->type == ALERTLIFE_CANCEL ? ALERTLIFE_CANCELLED : ALERTLIFE_REPLACED);
    return row->id;
}

static void add_message(struct judging *j, const struct alertlife_message *m, usec_t now_us)
{
    struct alertlife_row *row = edit(j, find_key(j, &m->key));
    uint64_t id;

    if (row == NULL)
        return;
    id = j->change.id = row->id;
    row->key = m->key;
    row->type = m->type;
    row->seen = true;
    row->superior = m->superior;
    row->expires_us = m->expires_us;
    memcpy(row->sha256, m->sha256, sizeof(row->sha256));
    if (m->type == ALERTLIFE_CANCEL)
        row->state = ALERTLIFE_NONE;
    else if (row->state == ALERTLIFE_NONE)
        row->state = m->expires_us > now_us ? ALERTLIFE_LIVE : ALERTLIFE_EXPIRED;
    for (size_t i = 0; i < m->ref_count && m->type != ALERTLIFE_ALERT && !j->failed; i++) {
        uint64_t ref = end_reference(j, m, &m->refs[i]);

        row = edit(j, id);
        if (ref != 0 && row != NULL)
            row->refs[row->ref_count++] = ref;
    }
    spread(j);
}

/* A message ended by what it was itself found with was never live for anyone else. */
static void drop_ended(struct alertlife_change *c, uint64_t id)
{
    for (size_t i = 0; i < c->ended_count; i++) {
        if (c->ended[i] == id)
            c->ended[i--] = c->ended[--c->ended_count];
    }
}

/* Was it here before, or another of its name? */
static enum alertlife_result judge_name(const struct judging *j, const struct alertlife_message *m)
{
    for (size_t i = 0; i < j->life->count; i++) {
        const struct alertlife_row *row = &j->life->rows[i];

        if (!row->seen || strcmp(row->key.identifier, m->key.identifier) != 0 ||
            strcmp(row->key.sender, m->key.sender) != 0)
            continue;
        return row->key.sent_us == m->key.sent_us &&
                       memcmp(row->sha256, m->sha256, SHA256_BYTES) == 0
                   ? ALERTLIFE_DUPLICATE
                   : ALERTLIFE_CONFLICT;
    }
    return ALERTLIFE_NEW;
}

enum err alertlife_judge(const struct alertlife *life, const struct alertlife_message *message,
                         usec_t now_us, struct alertlife_change *ret_change)
{
    struct judging j = {.life = life, .last_id = life->last_id};
    const struct alertlife_row *row;

    if (message->ref_count > ALERTLIFE_REFS_MAX)
        return ERR_LIMIT;
    j.change.result = judge_name(&j, message);
    if (j.change.result == ALERTLIFE_NEW) {
        add_message(&j, message, now_us);
        if (j.failed || life->count + (j.last_id - life->last_id) > ALERTLIFE_ROWS_MAX) {
            alertlife_change_deinit(&j.change);
            return j.failed ? ERR_NOMEM : ERR_LIMIT;
        }
        row = look(&j, j.change.id);
        if (message->type != ALERTLIFE_CANCEL && row->state != ALERTLIFE_LIVE) {
            j.change.result = ALERTLIFE_OVERTAKEN;
            drop_ended(&j.change, j.change.id);
        }
    }
    *ret_change = j.change;
    return ERR_OK;
}

enum err alertlife_expire(const struct alertlife *life, usec_t now_us,
                          struct alertlife_change *ret_change)
{
    struct judging j = {.life = life, .last_id = life->last_id};

    for (size_t i = 0; i < life->count && !j.failed; i++) {
        struct alertlife_row *row;

        if (life->rows[i].state != ALERTLIFE_LIVE || life->rows[i].expires_us > now_us)
            continue;
        row = edit(&j, life->rows[i].id);
        if (row != NULL)
            advance(&j, row, ALERTLIFE_EXPIRED);
    }
    if (j.failed) {
        alertlife_change_deinit(&j.change);
        return ERR_NOMEM;
    }
    *ret_change = j.change;
    return ERR_OK;
}

enum err alertlife_apply(struct alertlife *life, const struct alertlife_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct alertlife_row *row = find_id(life, rows[i].id);

        CHECK(row != NULL || rows[i].id > life->last_id);
        if (row == NULL && life->count == ALERTLIFE_ROWS_MAX)
            return ERR_LIMIT;
        if (row == NULL && life->count == life->room) {
            size_t room = life->room == 0 ? 16 : life->room * 2;
            struct alertlife_row *grown = realloc(life->rows, room * sizeof(*grown));

            if (grown == NULL)
                return ERR_NOMEM;
            life->rows = grown;
            life->room = room;
        }
        if (row == NULL)
            row = &life->rows[life->count++];
        *row = rows[i];
        if (row->id > life->last_id)
            life->last_id = row->id;
    }
    return ERR_OK;
}

void alertlife_change_deinit(struct alertlife_change *change)
{
    free(change->rows);
    free(change->ended);
    *change = (struct alertlife_change){0};
}

/* Cancels, and what they ended, are kept in full: they bear on messages that are still to come. */
static bool is_past(const struct alertlife_row *row, bool pressed, usec_t now_us)
{
    if (row->state == ALERTLIFE_LIVE)
        return false;
    if (row->key.sent_us + ALERTLIFE_KEEP_US <= now_us)
        return true;
    return pressed && row->seen && row->type != ALERTLIFE_CANCEL && row->cancelled_us == 0 &&
           row->overruled_us == 0 && row->expires_us + USEC_PER_DAY <= now_us;
}

size_t alertlife_forget(struct alertlife *life, usec_t now_us, uint64_t *ret_ids, size_t room)
{
    bool pressed = life->count > ALERTLIFE_ROWS_MAX / 2;
    size_t gone = 0, kept = 0;

    for (size_t i = 0; i < life->count; i++) {
        const struct alertlife_row *row = &life->rows[i];

        if (gone < room && is_past(row, pressed, now_us))
            ret_ids[gone++] = row->id;
        else
            life->rows[kept++] = *row;
    }
    life->count = kept;
    return gone;
}

const struct alertlife_row *alertlife_rows(const struct alertlife *life, size_t *ret_count)
{
    *ret_count = life->count;
    return life->rows;
}

bool alertlife_may_start(const struct alertlife_row *row, usec_t now_us)
{
    return row->state == ALERTLIFE_LIVE && now_us < row->expires_us;
}
