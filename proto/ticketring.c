#include "ticketring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "digest.h"

#define HEX_CHARS (2 * TICKETRING_KEY_BYTES)

bool ticketring_turn(struct ticketring *r, int64_t now_s)
{
    uint64_t turn = (uint64_t)(now_s / TICKETRING_TURN_S);

    if (r->keys[0].turn == turn || now_s < TICKETRING_TURN_S)
        return false;
    memmove(&r->keys[1], &r->keys[0], sizeof(r->keys) - sizeof(r->keys[0]));
    r->keys[0].turn = turn;
    digest_random(r->keys[0].key, sizeof(r->keys[0].key));
    return true;
}

const uint8_t *ticketring_find(const struct ticketring *r, uint64_t turn)
{
    for (size_t i = 0; i < TICKETRING_KEYS; i++)
        if (turn != 0 && r->keys[i].turn == turn)
            return r->keys[i].key;
    return NULL;
}

void ticketring_write(const struct ticketring *r, char *ret_text)
{
    char hex[HEX_CHARS + 1];
    size_t at = 0;

    ret_text[0] = '\0';
    for (size_t i = 0; i < TICKETRING_KEYS && r->keys[i].turn != 0; i++) {
        bytes_to_hex(bytes_of(r->keys[i].key, sizeof(r->keys[i].key)), hex);
        at += (size_t)snprintf(ret_text + at, TICKETRING_TEXT_MAX - at, "%llu %s\n",
                               (unsigned long long)r->keys[i].turn, hex);
    }
    explicit_bzero(hex, sizeof(hex));
}

enum err ticketring_read(const char *text, struct ticketring *ret_ring)
{
    struct ticketring r = {0};
    char hex[HEX_CHARS + 1] = "";
    enum err e = ERR_OK;

    for (size_t i = 0; i < TICKETRING_KEYS && *text != '\0' && e == ERR_OK; i++) {
        char *end;

        r.keys[i].turn = strtoull(text, &end, 10);
        if (*text < '1' || *text > '9' || *end != ' ' || strlen(end) <= HEX_CHARS + 1 ||
            end[1 + HEX_CHARS] != '\n')
            return ERR_FORMAT;
        memcpy(hex, end + 1, HEX_CHARS);
        e = bytes_from_hex(hex, r.keys[i].key, sizeof(r.keys[i].key));
        text = end + 1 + HEX_CHARS + 1;
    }
    if (e == ERR_OK && (*text != '\0' || r.keys[0].turn == 0 || r.keys[0].turn == r.keys[1].turn))
        e = ERR_FORMAT;
    if (e == ERR_OK)
        *ret_ring = r;
    explicit_bzero(&r, sizeof(r));
    explicit_bzero(hex, sizeof(hex));
    return e;
}
