/* member_priv.h - what member.c and member_talk.c share: the connection and what is said over it. */
#ifndef LOA_MEMBER_PRIV_H
#define LOA_MEMBER_PRIV_H

#include "member.h"

/* member.c: the connection. */
MUST_USE enum err member_flush(struct member *m); /* send what waits; ERR_IO: gone */
void member_let_go(struct member *m); /* close; off until start_us */
void member_give_up(struct member *m, const char *why); /* refused for good */

/* A random time of 0 up to, but not, `below_us`; 0 of 0. */
usec_t member_random_us(struct member *m, usec_t below_us);

/* The link ended unasked: come back after `asked_us` and a random wait that grows, as nodes do. */
void member_lost(struct member *m, usec_t now_us, usec_t asked_us, const char *why);

/* member_talk.c: the dialogue. After an error the link is to be ended; m->link is NULL when it was. */
MUST_USE enum err member_make_config(struct member *m); /* ERR_NOT_FOUND: has not joined */
MUST_USE enum err member_greet(struct member *m); /* the handshake is done */
MUST_USE enum err member_on_frame(struct member *m, const struct frame *f, usec_t now_us);
MUST_USE enum err member_talk_tick(struct member *m, usec_t now_us);

#endif
