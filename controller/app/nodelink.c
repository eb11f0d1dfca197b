#include "nodelink.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "oggfile.h"
#include "packet.h"
#include "session.h"

#define STATUS_LEAST_MS 1000
#define STATUS_MOST_MS 5000 /* a session is lost after 8 s of silence */
#define STATUS_MS_A_NODE 10 /* so that all together send a hundred a second */
#define TIME_INTERVAL_MS 2000
#define METER_MS 300 /* between two Levels of a node, at best */
#define METERS_PER_S 600 /* Levels of all nodes */
#define METER_FOR_MS 15000
#define METER_AGAIN_US (5 * USEC_PER_SEC)
#define RECONNECT_SPREAD_US 250 /* for each node: a resumed handshake and what follows, with room */
#define WANT_MAX (8 * CHUNK_DATA_MAX)
#define WANT_FRAMES_MAX (8 * (FRAME_HEADER_BYTES + CHUNK_HEADER_BYTES + CHUNK_DATA_MAX))

enum err nodelink_send(struct nodelink *l, struct node_id node, const loa_Msg *msg)
{
    const struct node_entry *entry = registry_find(l->registry, node);

    if (entry == NULL || !entry->live.ready)
        return ERR_NOT_FOUND;
    return net_send_message(l->net, entry->live.conn, msg);
}

enum err nodelink_send_many(struct nodelink *l, const struct node_id *nodes, size_t count,
                            const loa_Msg *msg)
{
    uint64_t conns[ONAIR_SEND_MAX];
    size_t kept = 0;

    if (count > ONAIR_SEND_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; i < count; i++) {
        const struct node_entry *entry = registry_find(l->registry, nodes[i]);

        if (entry != NULL && entry->live.ready)
            conns[kept++] = entry->live.conn;
    }
    return kept > 0 ? net_send_many(l->net, conns, kept, msg) : ERR_NOT_FOUND;
}

enum err nodelink_join(struct nodelink *l, struct node_id node, struct stream_id stream)
{
    const struct node_entry *entry = registry_find(l->registry, node);

    if (entry == NULL || !entry->live.ready)
        return ERR_NOT_FOUND;
    return net_stream_join(l->net, entry->live.conn, stream);
}

void nodelink_send_settings(struct nodelink *l, struct node_id node)
{
    const struct node_entry *entry = registry_find(l->registry, node);
    loa_Msg msg = loa_Msg_init_zero;

    if (entry == NULL || !entry->live.ready)
        return;
    msg.which_body = loa_Msg_settings_tag;
    registry_settings(&entry->record, l->station, &msg.body.settings);
    if (net_send_message(l->net, entry->live.conn, &msg) != ERR_OK)
        log_event(LOG_WARN, "node.settings_not_sent", "node=%u", node.v);
}

static void close_with(struct nodelink *l, uint64_t conn, loa_ByeCode code, const char *detail)
{
    loa_Bye bye = loa_Bye_init_zero;

    bye.code = code;
    snprintf(bye.detail, sizeof(bye.detail), "%s", detail);
    if (net_close(l->net, conn, &bye) == ERR_OK)
        log_event(LOG_INFO, "node.closed", "conn=%llu code=%d detail=%s", (unsigned long long)conn,
                  (int)code, LOG_TEXT(detail));
}

void nodelink_drop(struct nodelink *l, struct node_id node, loa_ByeCode code, const char *detail)
{
    const struct node_entry *entry = registry_find(l->registry, node);

    if (entry != NULL && entry->live.conn != 0)
        close_with(l, entry->live.conn, code, detail);
}

static void on_connected(struct nodelink *l, const struct net_event *event)
{
    enum err e = registry_admit(l->registry, event->node, event->peer.cert_sha256);
    struct node_entry *entry;

    if (e != ERR_OK) {
        log_event(LOG_WARN, "node.refused", "node=%u address=%s error=%s", event->node.v,
                  event->address, err_name(e));
        close_with(l, event->conn, loa_ByeCode_BYE_CODE_REVOKED,
                   "this certificate is not accepted any more; enrol the node again");
        return;
    }
    entry = registry_find(l->registry, event->node);
    if (entry->live.conn != 0)
        close_with(l, entry->live.conn, loa_ByeCode_BYE_CODE_REPLACED,
                   "the same node connected again");
    entry->live = (struct node_live){
        .conn = event->conn,
        .connected_us = l->now_us(l->ctx),
        .last_heard_us = l->now_us(l->ctx),
    };
    log_event(LOG_INFO, "node.connected", "node=%u address=%s resumed=%d", event->node.v,
              event->address, event->peer.resumed);
}

static uint32_t status_interval_ms(const struct nodelink *l)
{
    size_t ms = registry_count(l->registry) * STATUS_MS_A_NODE;

    return ms < STATUS_LEAST_MS  ? STATUS_LEAST_MS
           : ms > STATUS_MOST_MS ? STATUS_MOST_MS
                                 : (uint32_t)ms;
}

static void on_hello(struct nodelink *l, struct node_entry *entry, const loa_Hello *hello)
{
    loa_Msg msg = loa_Msg_init_zero;
    loa_Welcome *welcome = &msg.body.welcome;

    memcpy(entry->live.firmware, hello->firmware, sizeof(entry->live.firmware));
    memcpy(entry->live.restart_cause, hello->restart_cause, sizeof(entry->live.restart_cause));
    entry->live.restarts = hello->restarts;
    msg.which_body = loa_Msg_welcome_tag;
    welcome->version = PROTOCOL_VERSION;
    memcpy(welcome->station, l->station->code, sizeof(welcome->station));
    memcpy(welcome->order_cert.bytes, l->order_cert_der.data, l->order_cert_der.len);
    welcome->order_cert.size = (pb_size_t)l->order_cert_der.len;
    welcome->status_interval_ms = status_interval_ms(l);
    welcome->time_interval_ms = TIME_INTERVAL_MS;
    welcome->reconnect_spread_ms =
        (uint32_t)(registry_count(l->registry) * RECONNECT_SPREAD_US / USEC_PER_MSEC);
    if (net_send_message(l->net, entry->live.conn, &msg) != ERR_OK)
        return; /* CLOSED follows */
    entry->live.ready = true;
    supervise_on_link(alarms_supervise(l->alarms), entry->record.id, true, l->now_us(l->ctx));
    log_event(LOG_INFO, "node.ready", "node=%u firmware=%s restarts=%u cause=%s",
              entry->record.id.v, LOG_TEXT(hello->firmware), hello->restarts,
              LOG_TEXT(hello->restart_cause));
    nodelink_send_settings(l, entry->record.id);
    onair_node_ready(l->onair, entry->record.id, hello->orders_held, l->now_us(l->ctx));
}

/* Read one window of a media file into CHUNK frames.
 *
 * ERR_NOT_FOUND  no such file, or nothing at this offset */
static enum err read_window(const char *path, const loa_MediaWant *want, struct writer *out)
{
    static uint8_t data[WANT_MAX];
    size_t length = want->length < WANT_MAX ? want->length : WANT_MAX;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return ERR_NOT_FOUND;
    n = pread(fd, data, length, (off_t)want->offset);
    close(fd);
    if (n <= 0)
        return ERR_NOT_FOUND;
    for (size_t at = 0; at < (size_t)n; at += CHUNK_DATA_MAX) {
        uint8_t payload[CHUNK_HEADER_BYTES + CHUNK_DATA_MAX];
        size_t left = (size_t)n - at;
        struct chunk c = {.transfer = want->transfer, .offset = (uint32_t)(want->offset + at)};
        struct writer w;
        enum err e;

        c.data = bytes_of(data + at, left < CHUNK_DATA_MAX ? left : CHUNK_DATA_MAX);
        writer_init(&w, payload, sizeof(payload));
        e = chunk_write(&w, &c);
        if (e == ERR_OK)
            e = frame_write(out, FRAME_CHUNK, writer_view(&w));
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static void on_media_want(struct nodelink *l, const struct net_event *event,
                          const loa_MediaWant *want)
{
    static uint8_t frames[WANT_FRAMES_MAX];
    struct media_id id;
    char path[PATH_MAX];
    struct writer out;
    enum err e = ERR_NOT_FOUND;

    memcpy(id.sha256, want->sha256, sizeof(id.sha256));
    writer_init(&out, frames, sizeof(frames));
    if (want->offset <= UINT32_MAX - WANT_MAX)
        e = oggfile_path(l->media_dir, &id, path, sizeof(path));
    if (e == ERR_OK)
        e = read_window(path, want, &out);
    if (e == ERR_OK) {
        e = net_send(l->net, event->conn, writer_view(&out), NET_MEDIA);
    } else {
        loa_Msg msg = loa_Msg_init_zero;

        msg.which_body = loa_Msg_media_gone_tag;
        memcpy(msg.body.media_gone.sha256, want->sha256, sizeof(want->sha256));
        msg.body.media_gone.transfer = want->transfer;
        e = net_send_message(l->net, event->conn, &msg);
    }
    if (e != ERR_OK)
        log_event(LOG_WARN, "media.not_sent", "node=%u error=%s", event->node.v, err_name(e));
}

static void on_test_result(struct nodelink *l, struct node_entry *entry, const loa_TestResult *r)
{
    if (r->order_id != entry->live.test.order_id)
        return; /* of an earlier session */
    entry->live.test.result = *r;
    log_event(LOG_INFO, "node.tested", "node=%u heard=%d tries=%u", entry->record.id.v,
              (int)r->heard, r->tries);
    supervise_on_test(alarms_supervise(l->alarms), entry->record.id, r->heard, l->now_us(l->ctx));
}

static void count_bytes(struct node_entry *entry, const struct net_event *event)
{
    entry->tally.in_bytes += event->in_bytes - entry->live.in_bytes;
    entry->tally.out_bytes += event->out_bytes - entry->live.out_bytes;
    entry->live.in_bytes = event->in_bytes;
    entry->live.out_bytes = event->out_bytes;
}

static void take_level(struct node_entry *entry, int32_t rms_mdb, int32_t peak_mdb, usec_t now_us)
{
    entry->live.rms_mdb = rms_mdb;
    entry->live.peak_mdb = peak_mdb;
    entry->live.level_us = now_us;
}

void nodelink_watch(struct nodelink *l)
{
    usec_t now_us = l->now_us(l->ctx);
    size_t sounding = 0;
    loa_Msg msg = {.which_body = loa_Msg_meter_tag, .body.meter.for_ms = METER_FOR_MS};

    for (size_t i = 0; i < registry_count(l->registry); i++)
        sounding += registry_at(l->registry, i)->live.status.playing_broadcast != 0 ? 1 : 0;
    msg.body.meter.interval_ms = (uint32_t)(sounding * 1000 / METERS_PER_S);
    if (msg.body.meter.interval_ms < METER_MS)
        msg.body.meter.interval_ms = METER_MS;
    for (size_t i = 0; sounding > 0 && i < registry_count(l->registry); i++) {
        struct node_live *live = &registry_at(l->registry, i)->live;

        if (!live->ready || live->status.playing_broadcast == 0 ||
            (live->meter_us != 0 && now_us - live->meter_us < METER_AGAIN_US))
            continue;
        live->meter_us = now_us;
        if (net_send_message(l->net, live->conn, &msg) != ERR_OK)
            log_event(LOG_DEBUG, "node.meter_not_sent", NULL);
    }
}

static void on_message(struct nodelink *l, const struct net_event *event)
{
    struct node_entry *entry = registry_find(l->registry, event->node);
    const loa_Msg *msg = event->msg;
    usec_t now_us = l->now_us(l->ctx);

    if (entry == NULL || entry->live.conn != event->conn)
        return; /* replaced or revoked a moment ago: its session is closing */
    entry->live.last_heard_us = now_us;
    count_bytes(entry, event);
    supervise_on_heard(alarms_supervise(l->alarms), event->node, now_us);
    switch (msg->which_body) {
    case loa_Msg_hello_tag:
        on_hello(l, entry, &msg->body.hello);
        break;
    case loa_Msg_status_tag:
        entry->live.status = msg->body.status;
        entry->live.status_us = now_us;
        take_level(entry, msg->body.status.rms_mdb, msg->body.status.peak_mdb, now_us);
        supervise_on_status(alarms_supervise(l->alarms), event->node, &msg->body.status, now_us);
        onair_on_status(l->onair, &msg->body.status, now_us);
        live_on_status(l->live, &msg->body.status);
        break;
    case loa_Msg_level_tag:
        take_level(entry, msg->body.level.rms_mdb, msg->body.level.peak_mdb, now_us);
        break;
    case loa_Msg_media_want_tag:
        on_media_want(l, event, &msg->body.media_want);
        break;
    case loa_Msg_media_state_tag:
        log_event(LOG_INFO, "media.state", "node=%u result=%d", event->node.v,
                  (int)msg->body.media_state.result);
        break;
    case loa_Msg_order_ack_tag:
        if (msg->body.order_ack.order_id == entry->live.test.order_id)
            entry->live.test.verdict = msg->body.order_ack.verdict;
        onair_on_ack(l->onair, event->node, &msg->body.order_ack, now_us);
        break;
    case loa_Msg_test_result_tag:
        on_test_result(l, entry, &msg->body.test_result);
        break;
    case loa_Msg_stream_join_tag:
        onair_on_join(l->onair, event->node, (struct stream_id){msg->body.stream_join.stream_id});
        break;
    case loa_Msg_stream_leave_tag:
        if (net_stream_leave(l->net, event->conn,
                             (struct stream_id){msg->body.stream_leave.stream_id}) != ERR_OK)
            log_event(LOG_WARN, "stream.not_left", "node=%u", event->node.v);
        break;
    case loa_Msg_receipt_tag:
        supervise_on_receipt(alarms_supervise(l->alarms), event->node, &msg->body.receipt, now_us);
        onair_on_receipt(l->onair, event->node, &msg->body.receipt, now_us);
        break;
    default: /* session.c lets nothing else through; Bye ends the session there */
        break;
    }
}

static void on_closed(struct nodelink *l, const struct net_event *event)
{
    struct node_entry *entry = registry_find(l->registry, event->node);

    if (event->node.v == 0 || entry == NULL || entry->live.conn != event->conn)
        return;
    log_event(LOG_WARN, "node.lost", "node=%u reason=%s silent_ms=%lld text=%s", event->node.v,
              net_reason_name(event->reason),
              (long long)((l->now_us(l->ctx) - entry->live.last_heard_us) / USEC_PER_MSEC),
              LOG_TEXT(event->text));
    count_bytes(entry, event);
    entry->live.conn = 0;
    entry->live.ready = false;
    supervise_on_link(alarms_supervise(l->alarms), event->node, false, l->now_us(l->ctx));
}

void nodelink_on_event(void *arg, const struct net_event *event)
{
    struct nodelink *l = arg;

    switch (event->kind) {
    case NET_CONNECTED:
        on_connected(l, event);
        break;
    case NET_MESSAGE:
        on_message(l, event);
        break;
    case NET_ENROL_REQUEST:
        admission_on_request(l->admission, event);
        break;
    case NET_CLOSED:
        on_closed(l, event);
        break;
    case NET_EVENT_NONE:
        break;
    }
}

void nodelink_on_turn(void *arg)
{
    struct nodelink *l = arg;

    admission_settle(l->admission);
    onair_settle(l->onair, l->now_us(l->ctx));
}
