#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fanout.h"
#include "packet.h"

#define NOW (1000 * USEC_PER_SEC)
#define MEMBERS 300
#define STREAM ((struct stream_id){7})

/* What a connection got, instead of conn.c's. */
static struct conn conns[MEMBERS];
static unsigned got[MEMBERS];
static uint32_t last_seq[MEMBERS];
static unsigned sent;

void conn_send_bundle(struct conn *c, struct bundle *b, usec_t now_us)
{
    struct bundle_reader r;
    struct bytes frame = bundle_frame(b);

    (void)now_us;
    assert_int_equal(
        bundle_open(&r, bytes_of(frame.data + FRAME_HEADER_BYTES, frame.len - FRAME_HEADER_BYTES)),
        ERR_OK);
    if (got[c - conns] > 0)
        assert_int_equal(r.seq, last_seq[c - conns] + 25); /* none twice, none left out */
    last_seq[c - conns] = r.seq;
    got[c - conns]++;
    sent++;
}

void conn_put_bundle(struct conn *c, struct bundle *b)
{
    conn_send_bundle(c, b, 0);
}

/* Half a second, which sounds so many halves of one after NOW + 2 s. */
static void hand_over(struct fanout *f, uint32_t halves, usec_t now_us)
{
    uint8_t memory[1024];
    struct bundle_writer w;
    struct bundle *b;
    struct bytes payload;

    bundle_begin(&w, memory, sizeof(memory));
    for (uint32_t i = 0; i < 25; i++) {
        struct packet p = {STREAM, 25 * halves + i,
                           NOW + 2 * USEC_PER_SEC + (25 * (usec_t)halves + i) * PACKET_US,
                           bytes_of("opus", 4)};

        assert_int_equal(bundle_add(&w, &p), ERR_OK);
    }
    assert_int_equal(bundle_finish(&w, false, NULL, &payload), ERR_OK);
    assert_int_equal(bundle_new(payload, &b), ERR_OK);
    assert_int_equal(fanout_bundle(f, b, now_us), ERR_OK);
    bundle_unref(b);
}

static int start(void **state)
{
    (void)state;
    sent = 0;
    for (unsigned i = 0; i < MEMBERS; i++) {
        conns[i] = (struct conn){0};
        got[i] = 0;
    }
    return 0;
}

static void join(struct fanout *f, unsigned from, unsigned to, usec_t now_us)
{
    for (unsigned i = from; i < to; i++)
        assert_int_equal(fanout_join(f, &conns[i], STREAM, now_us), ERR_OK);
}

static void test_sends_of_a_bundle_are_spread_over_its_length(void **state)
{
    struct fanout f = {0};
    usec_t now_us = NOW, next_us;

    (void)state;
    join(&f, 0, MEMBERS, NOW);
    hand_over(&f, 0, NOW);
    while ((next_us = fanout_step(&f, now_us)) != INT64_MAX) {
        unsigned before = sent;

        assert_true(next_us > now_us); /* the slice that was due is out: none is due at once */
        assert_true(fanout_step(&f, next_us - 1) == next_us && sent == before);
        now_us = next_us;
    }
    assert_int_equal(sent, MEMBERS);
    assert_true(now_us - NOW > 250 * USEC_PER_MSEC && now_us - NOW < 375 * USEC_PER_MSEC);
    fanout_deinit(&f);
}

static void test_a_bundle_that_waits_hurries_the_one_before_it(void **state)
{
    struct fanout f = {0};

    (void)state;
    join(&f, 0, MEMBERS, NOW);
    hand_over(&f, 0, NOW);
    hand_over(&f, 1, NOW);
    for (unsigned turn = 0; turn * FANOUT_SLICE < MEMBERS; turn++) {
        assert_true(fanout_step(&f, NOW) <= NOW);
        assert_true(sent <= (turn + 1) * FANOUT_SLICE); /* still a slice at a time */
    }
    assert_int_equal(sent, MEMBERS);
    fanout_deinit(&f);
}

/* Whoever joins and leaves meanwhile: each gets every bundle once, in order (conn_send_bundle checks). */
static void test_nobody_is_left_out_while_others_come_and_go(void **state)
{
    unsigned seed = getenv("SEED") != NULL ? (unsigned)atoi(getenv("SEED")) : 1;
    struct fanout f = {0};
    bool in[MEMBERS] = {false};
    usec_t now_us = NOW;

    (void)state;
    print_message("# SEED=%u\n", seed);
    srandom(seed);
    join(&f, 0, 100, NOW); /* these stay */
    for (uint32_t halves = 0; halves < 40; halves++) {
        hand_over(&f, halves, now_us);
        for (int i = 0; i < 20; i++) {
            unsigned who = 100 + (unsigned)random() % (MEMBERS - 100);

            bool joins = got[who] == 0;

            if (in[who])
                fanout_leave(&f, &conns[who], STREAM);
            else if (joins)
                join(&f, who, who + 1, now_us);
            in[who] = joins;
            now_us += 25 * USEC_PER_MSEC;
            (void)fanout_step(&f, now_us);
        }
    }
    while (fanout_step(&f, now_us) != INT64_MAX)
        now_us += 10 * USEC_PER_MSEC;
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(got[i], 40);
    for (unsigned i = 100; i < MEMBERS; i++)
        if (in[i])
            assert_int_equal(last_seq[i], 39 * 25);
    fanout_deinit(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_sends_of_a_bundle_are_spread_over_its_length, start),
        cmocka_unit_test_setup(test_a_bundle_that_waits_hurries_the_one_before_it, start),
        cmocka_unit_test_setup(test_nobody_is_left_out_while_others_come_and_go, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
