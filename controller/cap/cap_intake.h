/* cap_intake.h - what a judged message says in the station's own terms: its life, its text, its place.
 *
 * Thread: any. */
#ifndef LOA_CAP_INTAKE_H
#define LOA_CAP_INTAKE_H

#include "alertlife.h"
#include "cap_check.h"

/* True for an Actual, Public Alert, Update or Cancel: it may sound, and ends what it refers to. Others are
 * for people, or for nobody, and end nothing. */
bool cap_intake_lives(const struct cap_verdict *v);

/* True for an Actual Alert, Update or Cancel that is not rejected, of any scope: a person may let it sound, or end
 * what it refers to. Others (reports, drills) are only read. */
bool cap_intake_releasable(const struct cap_verdict *v);

/* Its whole name; empty where the message does not say. */
void cap_intake_key(const struct cap_verdict *v, struct alertlife_key *ret_key);

/* What alertlife.h has to know of a message that lives.
 *
 *   refs         ALERTLIFE_REFS_MAX places; the message borrows them
 *   ret_message  sha256 is left to the caller
 *
 * ERR_LIMIT  more references than that */
MUST_USE enum err cap_intake_message(const struct cap_verdict *v, const struct cap_policy *policy,
                                     struct alertlife_key *refs,
                                     struct alertlife_message *ret_message);

/* How people call it: headline, or event; at most size - 1 bytes of one line. */
void cap_intake_title(const struct cap_verdict *v, char *ret_title, size_t size);

/* What is spoken: headline, description and instruction of each info that asks for the strongest action, those
 * in Vietnamese only where there are any, since one voice speaks them all. At most size - 1 bytes in lines. */
void cap_intake_text(const struct cap_verdict *v, char *ret_text, size_t size);

/* Recordings of the infos whose text would be spoken, in their order; they belong to the verdict.
 *
 * Returns how many there are, at most `max`. */
size_t cap_intake_recordings(const struct cap_verdict *v, const struct cap_resource **ret_resources,
                             size_t max);

#endif
