/* record.h - several pieces of bytes in one flash object, each with its own check.
 *
 * A record is: length u16, first four bytes of the SHA-256 of the payload, payload. One damaged
 * payload loses that record only; a damaged length loses what follows it. Never allocates.
 * Thread: the owner's. */
#ifndef LOA_RECORD_H
#define LOA_RECORD_H

#include "bytes.h"
#include "err.h"

#define RECORD_HEADER_BYTES 6
#define RECORD_PAYLOAD_MAX 8192

/* Append one record; the writer fails when it does not fit.
 *
 *   payload  1..RECORD_PAYLOAD_MAX bytes */
void record_write(struct writer *w, struct bytes payload);

/* Write only the header of a record whose payload lies in place and was changed. */
void record_reseal(struct writer *w, struct bytes payload);

/* Next record of a view, payload borrowed.
 *
 * ERR_NOT_FOUND  the end
 * ERR_FORMAT     this record is damaged; call again for the next one, if its length still made sense */
MUST_USE enum err record_read(struct reader *r, struct bytes *ret_payload);

#endif
