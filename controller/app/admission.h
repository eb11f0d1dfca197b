/* admission.h - a new node asks to join: its code is judged, its certificate issued, its record made.
 *
 * Redeeming the code, making the record and storing the certificate are done wholly or not at all, so that a crash
 * leaves the code unused. What is asked in one turn of the loop is stored in one transaction, so that a crowd waits for
 * the disk a few times, not once a node; nobody is answered before it. Guessing is slowed by a limiter per address and
 * for the whole station (PROTOCOL.md section 8). Thread: main. */
#ifndef LOA_ADMISSION_H
#define LOA_ADMISSION_H

#include "db.h"
#include "enrol.h"
#include "net.h"
#include "pki.h"
#include "registry.h"
#include "station.h"

#define ADMISSION_CASES_MAX 32 /* in one transaction; main is held up by some 3 ms for each */

/* One node that asks. */
struct admission_case {
    uint64_t conn;
    char address[NET_ADDRESS_SIZE];
    loa_EnrolRequest request;
    loa_EnrolReply reply;
    struct node_record node; /* when it is accepted */
};

struct admission {
    struct db *db;
    struct registry *registry;
    const struct station *station;
    struct pki *pki;
    struct enrol_limiter limiter;
    usec_t (*now_us)(void *ctx);
    void (*node_joined)(void *ctx, struct node_id node); /* after the transaction */
    void (*node_replaced)(void *ctx,
                          struct node_id node); /* likewise: end the old board's session */
    /* Send it and close the connection; ERR_NOT_FOUND: it is gone, and asks again */
    enum err (*answer)(void *ctx, uint64_t conn, const loa_Msg *reply);
    void *ctx; /* all borrowed for the life of the object */
    struct admission_case cases[ADMISSION_CASES_MAX];
    size_t count;
};

/* Take one NET_ENROL_REQUEST; answered by the next admission_settle(), or now when there are many. */
void admission_on_request(struct admission *a, const struct net_event *event);

/* Judge and store all that were taken, then answer them. At the end of each turn of the loop. */
void admission_settle(struct admission *a);

#endif
