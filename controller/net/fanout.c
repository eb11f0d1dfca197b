#include "fanout.h"

#include <stdlib.h>
#include <string.h>

static struct fanout_stream *find(struct fanout *f, struct stream_id id)
{
    for (size_t i = 0; i < f->stream_count; i++)
        if (f->streams[i]->id.v == id.v)
            return f->streams[i];
    return NULL;
}

static enum err find_or_add(struct fanout *f, struct stream_id id, struct fanout_stream **ret)
{
    struct fanout_stream *s = find(f, id);

    if (s == NULL && f->stream_count == FANOUT_STREAMS_MAX)
        return ERR_LIMIT;
    if (s == NULL) {
        s = calloc(1, sizeof(*s));
        if (s == NULL)
            return ERR_NOMEM;
        s->id = id;
        f->streams[f->stream_count++] = s;
    }
    *ret = s;
    return ERR_OK;
}

static struct bundle *recent_at(const struct fanout_stream *s, unsigned i)
{
    return s->recent[(s->first + i) % FANOUT_RECENT_MAX];
}

static void drop_oldest(struct fanout_stream *s)
{
    bundle_unref(s->recent[s->first]);
    s->first = (s->first + 1) % FANOUT_RECENT_MAX;
    s->count--;
}

/* The gap is filled so that those before `served` stay the served ones. */
static void forget_member(struct fanout_stream *s, const struct conn *c)
{
    for (size_t i = 0; i < s->member_count; i++) {
        if (s->members[i] != c)
            continue;
        if (i < s->served) {
            s->members[i] = s->members[--s->served];
            i = s->served;
        }
        s->members[i] = s->members[--s->member_count];
        return;
    }
}

static bool forget_stream_of(struct conn *c, struct stream_id id)
{
    for (unsigned i = 0; i < c->stream_count; i++) {
        if (c->streams[i].v != id.v)
            continue;
        c->stream_count--;
        memmove(&c->streams[i], &c->streams[i + 1], (c->stream_count - i) * sizeof(c->streams[0]));
        return true;
    }
    return false;
}

static void remove_stream(struct fanout *f, size_t at)
{
    struct fanout_stream *s = f->streams[at];

    for (size_t i = 0; i < s->member_count; i++)
        (void)forget_stream_of(s->members[i], s->id);
    while (s->count > 0)
        drop_oldest(s);
    free(s->members);
    free(s);
    f->streams[at] = f->streams[--f->stream_count];
}

void fanout_deinit(struct fanout *f)
{
    while (f->stream_count > 0)
        remove_stream(f, f->stream_count - 1);
}

static enum err add_member(struct fanout_stream *s, struct conn *c)
{
    if (s->member_count == s->member_size) {
        size_t size = s->member_size == 0 ? 16 : 2 * s->member_size;
        struct conn **members = realloc(s->members, size * sizeof(struct conn *));

        if (members == NULL)
            return ERR_NOMEM;
        s->members = members;
        s->member_size = size;
    }
    /* Among the served: it is given what is on its round when it joins. */
    s->members[s->member_count] = c;
    s->members[s->member_count++] = s->members[s->served];
    s->members[s->served++] = c;
    return ERR_OK;
}

enum err fanout_join(struct fanout *f, struct conn *c, struct stream_id stream, usec_t now_us)
{
    struct fanout_stream *s;
    enum err e;

    for (unsigned i = 0; i < c->stream_count; i++)
        if (c->streams[i].v == stream.v)
            return ERR_OK;
    e = find_or_add(f, stream, &s);
    if (e == ERR_OK)
        e = add_member(s, c);
    if (e != ERR_OK)
        return e;
    if (c->stream_count == CONN_STREAMS_MAX)
        fanout_leave(f, c, c->streams[0]);
    c->streams[c->stream_count++] = stream;
    for (unsigned i = 0; i < s->count && i + s->waiting <= s->count; i++)
        if (bundle_end_us(recent_at(s, i)) > now_us)
            conn_put_bundle(c, recent_at(s, i));
    return ERR_OK;
}

void fanout_leave(struct fanout *f, struct conn *c, struct stream_id stream)
{
    struct fanout_stream *s = find(f, stream);

    if (forget_stream_of(c, stream) && s != NULL)
        forget_member(s, c);
}

void fanout_leave_all(struct fanout *f, struct conn *c)
{
    while (c->stream_count > 0)
        fanout_leave(f, c, c->streams[c->stream_count - 1]);
}

static void drop_stale(struct fanout_stream *s, usec_t now_us)
{
    while (s->count > s->waiting && bundle_end_us(recent_at(s, 0)) <= now_us)
        drop_oldest(s);
}

static void begin_round(struct fanout_stream *s, usec_t now_us)
{
    s->served = 0;
    s->round_us = now_us;
}

enum err fanout_bundle(struct fanout *f, struct bundle *b, usec_t now_us)
{
    struct fanout_stream *s;
    enum err e = find_or_add(f, bundle_stream(b), &s);

    if (e != ERR_OK)
        return e;
    drop_stale(s, now_us);
    if (s->waiting == FANOUT_RECENT_MAX)
        return ERR_LIMIT;
    if (s->count == FANOUT_RECENT_MAX)
        drop_oldest(s);
    s->recent[(s->first + s->count++) % FANOUT_RECENT_MAX] = bundle_ref(b);
    if (s->waiting++ == 0)
        begin_round(s, now_us);
    return ERR_OK;
}

/* When the next slice is due: at once, when another bundle waits behind the one on its round. */
static usec_t slice_due_us(const struct fanout_stream *s, const struct bundle *b)
{
    usec_t spread_us = bundle_length_us(b) * FANOUT_SPREAD_PERCENT / 100;

    if (s->waiting > 1 || s->served == s->member_count)
        return s->round_us;
    return s->round_us + spread_us * (usec_t)s->served / (usec_t)s->member_count;
}

/* Serve a slice, when one is due; returns when the next one is. */
static usec_t step(struct fanout_stream *s, usec_t now_us)
{
    struct bundle *b = recent_at(s, s->count - s->waiting);
    size_t until = s->served + FANOUT_SLICE;

    if (slice_due_us(s, b) > now_us)
        return slice_due_us(s, b);
    until = until < s->member_count ? until : s->member_count;
    while (s->served < until) /* one that breaks leaves the list later */
        conn_send_bundle(s->members[s->served++], b, now_us);
    if (s->served < s->member_count)
        return slice_due_us(s, b);
    if (--s->waiting == 0)
        return INT64_MAX;
    begin_round(s, now_us);
    return now_us;
}

usec_t fanout_step(struct fanout *f, usec_t now_us)
{
    usec_t next_us = INT64_MAX;

    for (size_t i = 0; i < f->stream_count; i++) {
        usec_t at_us = f->streams[i]->waiting > 0 ? step(f->streams[i], now_us) : INT64_MAX;

        next_us = at_us < next_us ? at_us : next_us;
    }
    return next_us;
}

/* The last bundle is never stale; it ends its stream some time after its presentation. */
static bool has_ended(const struct fanout_stream *s, usec_t now_us)
{
    const struct bundle *newest = s->count == 0 ? NULL : recent_at(s, s->count - 1);

    return newest != NULL && bundle_is_last(newest) &&
           bundle_pts_us(newest) + BUNDLE_US_MAX + FANOUT_END_US <= now_us;
}

void fanout_tick(struct fanout *f, usec_t now_us)
{
    for (size_t i = f->stream_count; i-- > 0;) {
        struct fanout_stream *s = f->streams[i];

        drop_stale(s, now_us);
        if (has_ended(s, now_us) || (s->count == 0 && s->member_count == 0))
            remove_stream(f, i);
    }
}
