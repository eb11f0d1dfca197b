/* wiretable.h - what loa.proto says of every field, written down a second time, and an encoder of it.
 *
 * For tests that must not trust the code under test: bytes are built one by one from this table.
 * Thread: the test's. */
#ifndef LOA_WIRETABLE_H
#define LOA_WIRETABLE_H

#include <stdbool.h>

#include "control.h"
#include "pb_common.h"

enum wire_kind {
    END = 0,
    U32,
    U64,
    S32, /* zigzag */
    S64,
    FLAG,
    CHOICE, /* limit: the highest value that has a name */
    TEXT, /* limit: bytes */
    BYTES, /* limit: bytes */
    EXACT, /* exactly so many bytes */
    NUMBERS, /* packed; limit: how many */
    WINDOWS, /* of the table `window`; limit: how many */
    ITEMS, /* of the table `item` */
};

struct wire_field {
    uint32_t number;
    enum wire_kind kind;
    size_t limit;
};

#define WIRE_FIELDS_MAX 32

struct wire_message {
    const char *name;
    uint32_t number; /* in Msg; 0 for what stands inside other messages */
    const pb_msgdesc_t *desc;
    struct wire_field fields[WIRE_FIELDS_MAX];
};

#define WIRE_MESSAGES 20
#define WIRE_MEMORY 8192

extern const struct wire_message wire_messages[WIRE_MESSAGES];
extern const struct wire_message wire_window;
extern const struct wire_message wire_item;
extern const struct wire_message wire_order_body;

/* One field: a number, or so many bytes of one value. */
void wire_put_number(struct writer *w, uint32_t number, uint64_t v);
void wire_put_fill(struct writer *w, uint32_t number, char fill, size_t len);
void wire_put_varint(struct writer *w, uint64_t v);

/* The field at its highest; all fields of a message at their highest. */
void wire_put_field(struct writer *w, const struct wire_field *f);
void wire_put_all(struct writer *w, const struct wire_message *m);

/* One more than the field can hold. False for a kind that has nothing of the sort. */
bool wire_put_too_much(struct writer *w, const struct wire_field *f);

/* Fields of each wire type with numbers that nobody has given out. */
void wire_put_unknown(struct writer *w);

/* What stands in a message, as the message itself: inside Msg, or alone for the body of an order.
 *
 *   memory  WIRE_MEMORY bytes */
struct bytes wire_wrap(const struct wire_message *m, const struct writer *content, uint8_t *memory);

/* A message with one field at its highest, or a CHOICE at `value`; a field of exact length is always
 * written, as zeros when it is not `only`. NULL: nothing else.
 *
 *   memory  WIRE_MEMORY bytes */
struct bytes wire_alone(const struct wire_message *m, const struct wire_field *only, uint64_t value,
                        uint8_t *memory);

/* Where the field of exact length begins when all fields are at their highest; SIZE_MAX without one. */
size_t wire_exact_at(const struct wire_message *m);

#endif
