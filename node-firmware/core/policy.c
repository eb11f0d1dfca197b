#include "policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "plan.h"

#define DETAIL_BYTES 200

static bool for_this_node(const struct settings *s, struct node_id node, const loa_OrderBody *order)
{
    if (order->everyone)
        return true;
    for (size_t i = 0; i < order->nodes_count; i++)
        if (order->nodes[i] == node.v)
            return true;
    for (size_t i = 0; i < order->zones_count; i++)
        for (size_t k = 0; k < s->now.zones_count; k++)
            if (order->zones[i] == s->now.zones[k])
                return true;
    return false;
}

static loa_Verdict judge_play(const struct settings *s, const loa_OrderBody *order, bool has_now,
                              usec_t now_us, char *ret_detail)
{
    usec_t end = plan_end_us(order);
    uint32_t most_s = s->now.max_broadcast_s;

    if (has_now && order->start_us > now_us + POLICY_FAR_US) {
        snprintf(ret_detail, DETAIL_BYTES, "starts more than %d days ahead; send it later",
                 (int)(POLICY_FAR_US / USEC_PER_DAY));
        return loa_Verdict_VERDICT_TOO_FAR;
    }
    if (order->priority == loa_Priority_PRIORITY_EMERGENCY &&
        order->kind == loa_OrderKind_ORDER_KIND_PLAY)
        return loa_Verdict_VERDICT_ACCEPTED;
    if (most_s > 0 && end - order->start_us > (usec_t)most_s * USEC_PER_SEC) {
        snprintf(ret_detail, DETAIL_BYTES,
                 "lasts %" PRId64 " s, this node allows %" PRIu32
                 " s; shorten it or change the settings",
                 (end - order->start_us) / USEC_PER_SEC, most_s);
        return loa_Verdict_VERDICT_TOO_LONG;
    }
    if (!settings_allow(s, order->start_us, end)) {
        snprintf(ret_detail, DETAIL_BYTES,
                 "touches quiet hours of this node; move it or change the allowed windows");
        return loa_Verdict_VERDICT_QUIET_HOURS;
    }
    return loa_Verdict_VERDICT_ACCEPTED;
}

loa_Verdict policy_judge(const struct settings *settings, const char *station, struct node_id node,
                         const loa_OrderBody *order, bool has_now, usec_t now_us,
                         char ret_detail[200])
{
    ret_detail[0] = '\0';
    if (strcmp(order->station, station) != 0 || !for_this_node(settings, node, order)) {
        snprintf(ret_detail, DETAIL_BYTES, "is for another %s",
                 strcmp(order->station, station) != 0 ? "station" : "node");
        return loa_Verdict_VERDICT_NOT_FOR_ME;
    }
    if (has_now && now_us >= order->expires_us) {
        snprintf(ret_detail, DETAIL_BYTES, "expired %" PRId64 " s ago",
                 (now_us - order->expires_us) / USEC_PER_SEC);
        return loa_Verdict_VERDICT_EXPIRED;
    }
    /* Neither makes a sound. */
    if (order->kind == loa_OrderKind_ORDER_KIND_STOP ||
        order->kind == loa_OrderKind_ORDER_KIND_REBOOT)
        return loa_Verdict_VERDICT_ACCEPTED;
    return judge_play(settings, order, has_now, now_us, ret_detail);
}
