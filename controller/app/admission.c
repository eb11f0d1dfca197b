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
static enum err admit(struct admission *a, struct admission_case *c, usec_t now_us)
{
    const loa_EnrolRequest *request = &c->request;
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
    e = store_join_redeem(a->db, secret_sha256, &wish, now_us, &c->node);
    if (e == ERR_OK)
        e = issue(a, request, secret_sha256, &c->node, now_us, &c->reply);
    if (e == ERR_OK)
        e = journal(a, &c->node, c->address, now_us);
    e = db_end(a->db, e);
    if (e == ERR_EXISTS)
        e = answer_again(a, request, secret_sha256, now_us, &c->node, &c->reply);
    return e;
}

/* Ask the limiter, then the store. What this says holds once the transaction around it is committed. */
static void judge(struct admission *a, struct admission_case *c, usec_t now_us)
{
    loa_EnrolReply *out = &c->reply;
    enum err e;

    if (enrol_limiter_ask(&a->limiter, c->address, now_us, &out->retry_after_s) != ERR_OK) {
        out->result = loa_EnrolResult_ENROL_RESULT_RATE_LIMITED;
        return;
    }
    e = admit(a, c, now_us);
    out->result = result_of(e);
    if (e == ERR_NOT_FOUND || e == ERR_EXISTS || e == ERR_STATE)
        enrol_limiter_wrong(&a->limiter, c->address, now_us);
}

/* It is stored: from here on it is a node of this station, and the board that stood here before is none. */
static void welcome(struct admission *a, struct admission_case *c)
{
    const struct node_entry *before = registry_find(a->registry, c->node.id);

    if (before != NULL && before->live.conn != 0)
        a->node_replaced(a->ctx, c->node.id);
    if (registry_put(a->registry, &c->node) != ERR_OK) {
        c->reply.result =
            loa_EnrolResult_ENROL_RESULT_UNAVAILABLE; /* it has its certificate when it asks again */
        return;
    }
    c->reply.node_id = c->node.id.v;
    memcpy(c->reply.station, a->station->code, sizeof(c->reply.station));
    a->node_joined(a->ctx, c->node.id);
}

static void answer(struct admission *a, struct admission_case *c)
{
    loa_Msg msg = loa_Msg_init_zero;
    loa_EnrolReply *out = &c->reply;

    if (out->result == loa_EnrolResult_ENROL_RESULT_ACCEPTED)
        welcome(a, c);
    if (out->result != loa_EnrolResult_ENROL_RESULT_ACCEPTED)
        out->node_cert.size = 0;
    if (out->result == loa_EnrolResult_ENROL_RESULT_RATE_LIMITED ||
        out->result == loa_EnrolResult_ENROL_RESULT_UNAVAILABLE)
        out->spread_ms = REFUSED_SPREAD_MS;
    snprintf(out->detail, sizeof(out->detail), "%s", sentence(out->result));
    log_event(LOG_INFO, "enrol.answered", "address=%s result=%d node=%u", c->address,
              (int)out->result, out->node_id);
    msg.which_body = loa_Msg_enrol_reply_tag;
    msg.body.enrol_reply = *out;
    if (a->answer(a->ctx, c->conn, &msg) != ERR_OK)
        log_event(LOG_WARN, "enrol.not_answered", "conn=%llu", (unsigned long long)c->conn);
}

void admission_on_request(struct admission *a, const struct net_event *event)
{
    struct admission_case *c;

    if (a->count == ADMISSION_CASES_MAX)
        admission_settle(a);
    c = &a->cases[a->count++];
    *c = (struct admission_case){.conn = event->conn, .request = event->msg->body.enrol_request};
    memcpy(c->address, event->address, sizeof(c->address));
}

/* Each in a part of its own of one transaction, so that one that fails takes no other along. When the whole is not
 * stored, nothing that was judged holds, not even that a code is used: another of the same turn may have used it. */
void admission_settle(struct admission *a)
{
    usec_t now_us = a->now_us(a->ctx);
    size_t count = a->count;
    bool stored = false;

    if (count == 0)
        return;
    if (db_begin(a->db) == ERR_OK) {
        for (size_t i = 0; i < count; i++)
            judge(a, &a->cases[i], now_us);
        stored = db_end(a->db, ERR_OK) == ERR_OK;
    }
    for (size_t i = 0; i < count; i++) {
        struct admission_case *c = &a->cases[i];

        if (!stored && c->reply.result != loa_EnrolResult_ENROL_RESULT_RATE_LIMITED)
            c->reply.result = loa_EnrolResult_ENROL_RESULT_UNAVAILABLE;
        answer(a, c);
    }
    a->count = 0;
}
