#include "admission.h"

#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "joincode.h"
#include "log.h"
#include "store_join.h"
#include "store_journal.h"
#include "store_node.h"

#define REFUSED_SPREAD_MS 15000 /* who was refused at once shall not come back at once */

static const char *sentence(loa_EnrolResult result)
{
    switch (result) {
    case loa_EnrolResult_ENROL_RESULT_WRONG_CODE:
        return "This join code is wrong; compare it with the one in the console.";
    case loa_EnrolResult_ENROL_RESULT_USED:
        return "This join code was used already; make a new one for this node.";
    case loa_EnrolResult_ENROL_RESULT_EXPIRED:
        return "This join code has expired or was withdrawn; make a new one.";
    case loa_EnrolResult_ENROL_RESULT_RATE_LIMITED:
        return "Too many wrong join codes came from here; wait and try again.";
    case loa_EnrolResult_ENROL_RESULT_BAD_REQUEST:
        return "The certificate request of this node cannot be used; update its firmware.";
    case loa_EnrolResult_ENROL_RESULT_UNAVAILABLE:
        return "The station cannot enrol a node now; try again in a minute.";
    case loa_EnrolResult_ENROL_RESULT_NONE:
    case loa_EnrolResult_ENROL_RESULT_ACCEPTED:
        break;
    }
    return "";
}

static void reply(struct admission *a, uint64_t conn, const loa_EnrolReply *reply)
{
    loa_Msg msg = loa_Msg_init_zero;

    msg.which_body = loa_Msg_enrol_reply_tag;
    msg.body.enrol_reply = *reply;
    if (net_send_message(a->net, conn, &msg) != ERR_OK || net_close(a->net, conn, NULL) != ERR_OK)
        log_event(LOG_WARN, "enrol.not_answered", "conn=%llu", (unsigned long long)conn);
}

static loa_EnrolResult result_of(enum err e)
{
    switch ((int)e) {
    case ERR_OK:
        return loa_EnrolResult_ENROL_RESULT_ACCEPTED;
    case ERR_NOT_FOUND:
        return loa_EnrolResult_ENROL_RESULT_WRONG_CODE;
    case ERR_EXISTS:
        return loa_EnrolResult_ENROL_RESULT_USED;
    case ERR_STATE:
        return loa_EnrolResult_ENROL_RESULT_EXPIRED;
    case ERR_FORMAT:
    case ERR_AUTH:
        return loa_EnrolResult_ENROL_RESULT_BAD_REQUEST;
    default:
        return loa_EnrolResult_ENROL_RESULT_UNAVAILABLE;
    }
}

static enum err issue(struct admission *a, const loa_EnrolRequest *request,
                      const uint8_t secret_sha256[SHA256_BYTES], struct node_record *node,
                      usec_t now_us, loa_EnrolReply *out)
{
    uint8_t der[STORE_JOIN_CERT_MAX];
    struct err_detail detail = {{0}};
    size_t len;
    enum err e = pki_issue_node(a->pki, bytes_of(request->csr.bytes, request->csr.size), node->id,
                                now_us, der, &len, &detail);

    if (e == ERR_OK && len > sizeof(out->node_cert.bytes))
        e = ERR_LIMIT;
    if (e != ERR_OK)
        return e;
    memcpy(out->node_cert.bytes, der, len);
    out->node_cert.size = (pb_size_t)len;
    digest_sha256(bytes_of(der, len), node->cert_sha256);
    e = store_node_set_cert(a->db, node->id, node->cert_sha256);
    return e == ERR_OK ? store_join_set_cert(a->db, secret_sha256, bytes_of(der, len)) : e;
}

/* The answer was lost: who has the key that was enrolled gets it again. ERR_EXISTS: somebody else asks. */
static enum err answer_again(struct admission *a, const loa_EnrolRequest *request,
                             const uint8_t secret_sha256[SHA256_BYTES], usec_t now_us,
                             struct node_record *ret_node, loa_EnrolReply *out)
{
    uint8_t der[STORE_JOIN_CERT_MAX];
    struct node_record node;
    size_t len;
    enum err e = store_join_answer(a->db, secret_sha256, now_us, &node, der, &len);

    if (e == ERR_NOT_FOUND || e == ERR_STATE)
        return ERR_EXISTS;
    if (e != ERR_OK)
        return e;
    if (!cert_request_fits(bytes_of(request->csr.bytes, request->csr.size), bytes_of(der, len)))
        return ERR_EXISTS;
    memcpy(out->node_cert.bytes, der, len);
    out->node_cert.size = (pb_size_t)len;
    *ret_node = node;
    return ERR_OK;
}

static enum err journal(struct admission *a, const struct node_record *node, const char *address,
                        usec_t now_us)
{
    bool is_known = registry_find(a->registry, node->id) != NULL;
    struct journal_entry entry = {.at_us = now_us, .actor = "station"};

    snprintf(entry.action, sizeof(entry.action), "%s", is_known ? "node.replace" : "node.enrol");
    snprintf(entry.object, sizeof(entry.object), "node:%u", node->id.v);
    snprintf(entry.detail, sizeof(entry.detail), "{\"address\":\"%s\"}", address);
    return store_journal_append(a->db, &entry);
}

/* Redeem, issue, store, journal: all or nothing. */
static enum err admit(struct admission *a, const loa_EnrolRequest *request, const char *address,
                      usec_t now_us, struct node_record *ret_node, loa_EnrolReply *out)
{
    struct node_record wish = {0};
    uint8_t secret_sha256[SHA256_BYTES];
    enum err e;

    if (request->secret.size != JOINCODE_SECRET_BYTES)
        return ERR_NOT_FOUND;
    memcpy(wish.hardware, request->hardware, sizeof(wish.hardware));
    memcpy(wish.serial, request->serial, sizeof(wish.serial));
    digest_sha256(bytes_of(request->secret.bytes, JOINCODE_SECRET_BYTES), secret_sha256);
    e = db_begin(a->db);
    if (e != ERR_OK)
        return ERR_IO;
    e = store_join_redeem(a->db, secret_sha256, &wish, now_us, ret_node);
    if (e == ERR_OK)
        e = issue(a, request, secret_sha256, ret_node, now_us, out);
    if (e == ERR_OK)
        e = journal(a, ret_node, address, now_us);
    e = db_end(a->db, e);
    if (e == ERR_EXISTS)
        e = answer_again(a, request, secret_sha256, now_us, ret_node, out);
    return e;
}

/* The board that stood here before: its certificate is worthless from here on. */
static void drop_old_board(struct admission *a, struct node_id node)
{
    const struct node_entry *entry = registry_find(a->registry, node);
    loa_Bye bye = loa_Bye_init_zero;

    if (entry == NULL || entry->live.conn == 0)
        return;
    bye.code = loa_ByeCode_BYE_CODE_REVOKED;
    snprintf(bye.detail, sizeof(bye.detail), "another board has taken the place of this one");
    if (net_close(a->net, entry->live.conn, &bye) == ERR_OK)
        log_event(LOG_INFO, "node.replaced", "node=%u", node.v);
}

void admission_on_request(struct admission *a, const struct net_event *event)
{
    const loa_EnrolRequest *request = &event->msg->body.enrol_request;
    loa_EnrolReply out = loa_EnrolReply_init_zero;
    struct node_record node;
    usec_t now_us = a->now_us(a->ctx);
    enum err e;

    if (enrol_limiter_ask(&a->limiter, event->address, now_us, &out.retry_after_s) != ERR_OK) {
        out.result = loa_EnrolResult_ENROL_RESULT_RATE_LIMITED;
    } else {
        e = admit(a, request, event->address, now_us, &node, &out);
        out.result = result_of(e);
        if (e != ERR_OK)
            out.node_cert.size = 0;
        if (e == ERR_NOT_FOUND || e == ERR_EXISTS || e == ERR_STATE)
            enrol_limiter_wrong(&a->limiter, event->address, now_us);
        if (e == ERR_OK) {
            drop_old_board(a, node.id);
            e = registry_put(a->registry, &node);
        }
        if (e == ERR_OK) {
            out.node_id = node.id.v;
            memcpy(out.station, a->station->code, sizeof(out.station));
            a->node_joined(a->ctx, node.id);
        }
    }
    if (out.result == loa_EnrolResult_ENROL_RESULT_RATE_LIMITED ||
        out.result == loa_EnrolResult_ENROL_RESULT_UNAVAILABLE)
        out.spread_ms = REFUSED_SPREAD_MS;
    snprintf(out.detail, sizeof(out.detail), "%s", sentence(out.result));
    log_event(LOG_INFO, "enrol.answered", "address=%s result=%d node=%u", event->address,
              (int)out.result, out.node_id);
    reply(a, event->conn, &out);
}
