#include "sendq.h"

#include <stdlib.h>

#include "check.h"
#include "frame.h"

static void list_init(struct sendq_list *l)
{
    *l = (struct sendq_list){0};
    l->tail = &l->head;
}

static void list_put(struct sendq_list *l, struct netcmd *cmd)
{
    cmd->item.next = NULL;
    *l->tail = &cmd->item;
    l->tail = &cmd->item.next;
    l->bytes += cmd->len;
}

static void list_pop(struct sendq_list *l)
{
    struct netcmd *cmd = netcmd_of_item(l->head);

    l->head = cmd->item.next;
    if (l->head == NULL)
        l->tail = &l->head;
    l->bytes -= cmd->len;
    free(cmd);
}

static void list_clear(struct sendq_list *l)
{
    while (l->head != NULL)
        list_pop(l);
}

void sendq_init(struct sendq *q)
{
    *q = (struct sendq){0};
    list_init(&q->control);
    list_init(&q->media);
}

void sendq_deinit(struct sendq *q)
{
    (void)sendq_drop_audio(q);
    list_clear(&q->control);
}

enum err sendq_put(struct sendq *q, struct netcmd *cmd)
{
    bool is_media = cmd->item.kind == NETCMD_SEND_MEDIA;
    struct sendq_list *l = is_media ? &q->media : &q->control;
    size_t max = is_media ? SENDQ_MEDIA_MAX : SENDQ_CONTROL_MAX;

    if (cmd->item.kind != NETCMD_CLOSE && l->bytes + cmd->len > max)
        return ERR_LIMIT;
    list_put(l, cmd);
    return ERR_OK;
}

static void drop_first_bundle(struct sendq *q)
{
    bundle_unref(q->bundles[q->bundle_first]);
    q->bundle_first = (q->bundle_first + 1) % SENDQ_BUNDLES_MAX;
    q->bundle_count--;
}

unsigned sendq_put_bundle(struct sendq *q, struct bundle *b)
{
    unsigned dropped = 0;

    if (q->bundle_count == SENDQ_BUNDLES_MAX) {
        drop_first_bundle(q);
        dropped = 1;
    }
    q->bundles[(q->bundle_first + q->bundle_count) % SENDQ_BUNDLES_MAX] = bundle_ref(b);
    q->bundle_count++;
    return dropped;
}

bool sendq_is_empty(const struct sendq *q)
{
    return q->control.head == NULL && q->media.head == NULL && q->bundle_count == 0;
}

static enum sendq_class show_first_frame(struct sendq *q, const struct sendq_list *l,
                                         enum sendq_class cls, struct bytes *ret_frame)
{
    const struct netcmd *cmd = netcmd_of_item(l->head);
    const uint8_t *frame = cmd->data + cmd->at;
    size_t len = FRAME_HEADER_BYTES + ((size_t)frame[0] << 8 | frame[1]);

    CHECK(cmd->len - cmd->at >= len); /* net_send() has checked that they are whole */
    *ret_frame = bytes_of(frame, len);
    q->front = cls;
    q->front_bytes = len;
    return cls;
}

enum sendq_class sendq_peek(struct sendq *q, usec_t now_us, struct bytes *ret_frame,
                            unsigned *ret_dropped)
{
    *ret_dropped = 0;
    if (q->control.head != NULL)
        return show_first_frame(q, &q->control, SENDQ_CONTROL, ret_frame);
    while (q->bundle_count > 0 && bundle_end_us(q->bundles[q->bundle_first]) <= now_us) {
        drop_first_bundle(q);
        (*ret_dropped)++;
    }
    if (q->bundle_count > 0) {
        *ret_frame = bundle_frame(q->bundles[q->bundle_first]);
        q->front = SENDQ_BUNDLE;
        return q->front;
    }
    if (q->media.head != NULL)
        return show_first_frame(q, &q->media, SENDQ_MEDIA, ret_frame);
    q->front = SENDQ_NONE;
    return q->front;
}

void sendq_pop(struct sendq *q)
{
    struct sendq_list *l = q->front == SENDQ_MEDIA ? &q->media : &q->control;

    CHECK(q->front != SENDQ_NONE);
    if (q->front == SENDQ_BUNDLE) {
        drop_first_bundle(q);
    } else {
        struct netcmd *cmd = netcmd_of_item(l->head);

        cmd->at += q->front_bytes;
        if (cmd->at == cmd->len)
            list_pop(l);
    }
    q->front = SENDQ_NONE;
}

unsigned sendq_drop_audio(struct sendq *q)
{
    unsigned dropped = q->bundle_count;

    while (q->bundle_count > 0)
        drop_first_bundle(q);
    list_clear(&q->media);
    q->front = SENDQ_NONE;
    return dropped;
}
