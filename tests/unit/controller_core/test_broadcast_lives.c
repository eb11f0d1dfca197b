#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "airbed.h"
#include "prop.h"

static bool is_forward(enum broadcast_state from, enum broadcast_state to)
{
    static const bool allowed[6][6] = {
        [BROADCAST_PLANNED] = {[BROADCAST_ON_AIR] = true,
                               [BROADCAST_ENDED] = true,
                               [BROADCAST_CANCELLED] = true,
                               [BROADCAST_MISSED] = true},
        [BROADCAST_ON_AIR] = {[BROADCAST_ENDED] = true, [BROADCAST_CANCELLED] = true},
        [BROADCAST_ENDED] = {[BROADCAST_CLOSED] = true},
        [BROADCAST_CANCELLED] = {[BROADCAST_CLOSED] = true},
    };

    return from == to || allowed[from][to];
}

static bool is_target_forward(enum target_state from, enum target_state to)
{
    static const int height[] = {0, 1, 2, 3, 5, 4};

    if (from == TARGET_ACCEPTED && to == TARGET_REFUSED)
        return false;
    if (from == TARGET_REFUSED && to == TARGET_SILENT)
        return false;
    return height[to] >= height[from];
}

/* What the property remembers from step to step. */
struct memory {
    enum broadcast_state state;
    enum target_state targets[NODES_MAX];
    usec_t may_send_us[2][NODES_MAX]; /* PLAY and STOP, earliest repetition */
    bool answered[2][NODES_MAX];
};

static void check_laws(struct airbed *w, struct memory *m)
{
    bool closed = w->b.state == BROADCAST_CLOSED || w->b.state == BROADCAST_MISSED;

    assert_true(is_forward(m->state, w->b.state));
    m->state = w->b.state;
    for (size_t i = 0; i < w->b.target_count; i++) {
        enum target_state s = w->b.targets[i].state;

        assert_true(is_target_forward(m->targets[i], s));
        m->targets[i] = s;
        if (closed) {
            assert_true(s == TARGET_RECEIPT || s == TARGET_REFUSED || s == TARGET_SILENT);
            assert_true(s != TARGET_SILENT || w->b.targets[i].note[0] != '\0');
        }
        assert_int_equal(s == TARGET_RECEIPT, w->b.targets[i].has_receipt);
    }
}

static void run_checked(struct airbed *w, struct memory *m)
{
    for (int i = 0; i < 100; i++) {
        struct broadcast_action a =
            broadcast_step(&w->b, w->now_us, airbed_is_ready, w, &w->next_us);
        bool is_stop = a.kind == BROADCAST_SEND_STOP;
        size_t at = a.node.v - 1;

        check_laws(w, m);
        if (a.kind == BROADCAST_NOTHING) {
            assert_true(w->next_us > w->now_us);
            return;
        }
        if (a.kind == BROADCAST_STATE_CHANGED)
            continue;
        assert_true(w->ready[a.node.v]);
        assert_true(w->now_us < broadcast_over_us(&w->b));
        assert_int_equal(is_stop, w->b.state == BROADCAST_CANCELLED);
        assert_false(m->answered[is_stop][at]);
        assert_true(w->now_us >= m->may_send_us[is_stop][at]);
        m->may_send_us[is_stop][at] = w->now_us + BROADCAST_ORDER_RETRY_US;
        if (a.order.v == 0)
            a.order.v = w->next_order++;
        if (is_stop)
            broadcast_stop_ordered(&w->b, a.node, a.order, w->now_us);
        else
            broadcast_ordered(&w->b, a.node, a.order, w->now_us);
        check_laws(w, m);
    }
    fail_msg("the actions never end");
}

static void random_event(struct airbed *w, struct memory *m, struct prop *p)
{
    uint32_t n = (uint32_t)prop_range(p, 1, (int64_t)w->b.target_count);
    struct broadcast_target *t = airbed_target(w, n);

    switch (prop_range(p, 0, 7)) {
    case 0:
        w->ready[n] = !w->ready[n];
        if (w->ready[n]) {
            broadcast_on_reconnect(&w->b, t->node);
            m->may_send_us[0][n - 1] = m->may_send_us[1][n - 1] = 0;
        }
        break;
    case 1:
        if (airbed_ack(w, n, t->order.v, (loa_Verdict)prop_range(p, 0, 3)) == ERR_OK)
            m->answered[0][n - 1] = true;
        break;
    case 2:
        if (airbed_ack(w, n, t->stop.v, loa_Verdict_VERDICT_ACCEPTED) == ERR_OK)
            m->answered[1][n - 1] = true;
        break;
    case 3:
        if (airbed_receipt(w, n, (uint64_t)prop_range(p, 1, 3)) == ERR_OK)
            m->answered[0][n - 1] = m->answered[1][n - 1] = true;
        break;
    case 4:
        if (prop_one_in(p, 10) && broadcast_cancel(&w->b, w->now_us) == ERR_OK)
            assert_int_equal(w->b.cancelled_us, w->now_us);
        break;
    default:
        w->now_us = prop_one_in(p, 3) && w->next_us < START + 1000 * S
                        ? w->next_us
                        : w->now_us + prop_range(p, 0, 8) * S / 2;
    }
}

static void test_property_random_lives_keep_the_laws_and_end(void **state)
{
    struct prop p;

    (void)state;
    prop_init(&p, "broadcast");
    for (int round = 0; round < 3000; round++) {
        struct airbed w;
        struct memory m = {0};
        usec_t wake_us;

        airbed_setup(&w, (size_t)prop_range(&p, 1, NODES_MAX));
        w.now_us = w.next_us = START - prop_range(&p, 0, 30) * S;
        if (prop_one_in(&p, 4))
            w.b.expires_us = START + prop_range(&p, -5, 30) * S;
        for (int64_t events = prop_range(&p, 0, 120); events > 0; events--) {
            random_event(&w, &m, &p);
            check_laws(&w, &m);
            run_checked(&w, &m);
        }
        /* Left alone, waking only when it asks to, it ends. */
        run_checked(&w, &m);
        for (int i = 0; w.next_us != INT64_MAX; i++) {
            assert_true(i < 100);
            wake_us = w.next_us;
            w.now_us = wake_us;
            run_checked(&w, &m);
        }
        assert_true(w.b.state == BROADCAST_CLOSED || w.b.state == BROADCAST_MISSED);

        broadcast_deinit(&w.b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_property_random_lives_keep_the_laws_and_end),
    };

    return cmocka_run_group_tests_name("broadcast_lives", tests, NULL, NULL);
}
