/* Nobody gets in with bytes that are not a handshake, and a handshake that was tampered with is noticed.
 *
 * Input: mode (u8), then by mode
 *   0, 1  bytes to a server, to an enroller
 *   2, 3  a node's, an enroller's handshake with the server, of which bytes are changed on the way: place
 *         (u16, counted over both directions) and what to XOR (u8), repeated */
#include "check.h"
#include "digest.h"
#include "fuzz.h"
#include "teststation.h"

#define PIECE 700
#define MODES 4

struct wire {
    struct bytes changes; /* place u16, XOR u8 */
    size_t at; /* bytes carried so far */
    bool changed;
};

static struct teststation station;
static struct link_config *configs[MODES];

static void setup(void)
{
    teststation_init(&station);
    configs[0] = teststation_server(&station);
    configs[1] = teststation_enroller(&station);
    configs[2] = teststation_client(&station, &station.node);
    configs[3] = configs[1];
}

static void drain(struct link *l)
{
    uint8_t plain[512];
    size_t len;

    while (link_read(l, plain, sizeof(plain), &len) == ERR_OK)
        CHECK(len >= 1 && len <= sizeof(plain));
}

static void tamper(struct wire *w, uint8_t *data, size_t len)
{
    for (size_t i = 0; i + 3 <= w->changes.len; i += 3) {
        size_t place = (size_t)w->changes.data[i] << 8 | w->changes.data[i + 1];

        if (place < w->at || place >= w->at + len || w->changes.data[i + 2] == 0)
            continue;
        data[place - w->at] ^= w->changes.data[i + 2];
        w->changed = true;
    }
    w->at += len;
}

/* True while bytes move. */
static bool carry(struct wire *w, struct link *from, struct link *to)
{
    struct bytes out = link_output(from);
    uint8_t piece[PIECE];
    struct writer copy;

    if (out.len == 0)
        return false;
    writer_init(&copy, piece, sizeof(piece));
    writer_bytes(&copy, bytes_of(out.data, out.len < PIECE ? out.len : PIECE));
    link_output_sent(from, copy.at);
    tamper(w, piece, copy.at);
    (void)!link_feed(to, writer_view(&copy), NULL);
    drain(to);
    return true;
}

/* Both ends have the same keys. */
static void talk(struct link *client, struct link *server)
{
    uint8_t plain[8];
    size_t len = 0;

    CHECK(link_write(client, bytes_of("hello", 5)) == ERR_OK);
    CHECK(link_feed(server, link_output(client), NULL) == ERR_OK);
    CHECK(link_read(server, plain, sizeof(plain), &len) == ERR_OK && len == 5);
}

static void handshake(struct link *client, struct link *server, bool enrols, struct bytes changes)
{
    struct wire w = {.changes = changes};
    bool moved = true;

    (void)!link_step(client, NULL);
    while (moved && !(link_established(client) && link_established(server))) {
        moved = carry(&w, client, server);
        moved = carry(&w, server, client) || moved;
    }
    if (!w.changed)
        CHECK(link_established(client) && link_established(server));
    if (!link_established(client) || !link_established(server))
        return;
    /* Only what no end relies on was changed, such as the version in a record's header. */
    CHECK(link_peer(server)->enrolling == enrols);
    CHECK(enrols || link_peer(server)->node.v == 7);
    talk(client, server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct link *server = NULL, *other = NULL;
    unsigned mode;

    if (size < 1)
        return 0;
    if (configs[0] == NULL)
        setup();
    mode = data[0] % MODES;
    CHECK(link_new(configs[mode], &other) == ERR_OK);
    if (mode >= 2) {
        CHECK(link_new(configs[0], &server) == ERR_OK);
        handshake(other, server, mode == 3, bytes_of(data + 1, size - 1));
    } else {
        (void)!link_step(other, NULL);
        (void)!link_feed(other, bytes_of(data + 1, size - 1), NULL);
        drain(other);
        CHECK(!link_established(other));
    }
    link_free(other);
    link_free(server);
    return 0;
}
