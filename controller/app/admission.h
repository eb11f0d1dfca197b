/* admission.h - a new node asks to join: its code is judged, its certificate issued, its record made.
 *
 * Redeeming the code, making the record and storing the certificate are one transaction, so that a crash
 * leaves the code unused. Guessing is slowed by a limiter per address and for the whole station
 * (PROTOCOL.md section 8). Thread: main. */
#ifndef LOA_ADMISSION_H
#define LOA_ADMISSION_H

#include "db.h"
#include "enrol.h"
#include "net.h"
#include "pki.h"
#include "registry.h"
#include "station.h"

struct admission {
    struct net *net;
    struct db *db;
    struct registry *registry;
    const struct station *station;
    struct pki *pki;
    struct enrol_limiter limiter;
    usec_t (*now_us)(void *ctx);
    void (*node_joined)(void *ctx, struct node_id node); /* after the transaction */
    void *ctx; /* all borrowed for the life of the object */
};

/* Answer one NET_ENROL_REQUEST and close its connection. */
void admission_on_request(struct admission *e, const struct net_event *event);

#endif
