/* Thirty minutes in virtual time: `hold [MINUTES]` runs eight nodes whose crystals and cards are imitated,
 * from -200 to +200 ppm, on a wired network, and prints how far apart they sound. Thread: one. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "nodebed.h"

#define NODES 8
#define EVERY_US (10 * USEC_PER_SEC)
#define P99_MOST_US 50
#define WORST_MOST_US 200

static struct teststation station;
static struct recording minute;
static struct bed_flash flash[NODES];
static struct bed beds[NODES];
static uint32_t minutes = 30;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void start_all(usec_t start_us)
{
    for (int i = 0; i < NODES; i++) {
        loa_OrderBody order;

        bed_flash_init(&flash[i]);
        bed_init(&beds[i], &flash[i], &station);
        beds[i].random = (uint64_t)i + 1;
        beds[i].node_ppm = -100 + 200.0 * i / (NODES - 1);
        beds[i].card_ppm = 200 - 400.0 * i / (NODES - 1);
        beds[i].card_jitter_us = 200;
        beds[i].delay_us = 100;
        beds[i].jitter_us = 50;
        bed_start(&beds[i]);
        bed_cache(&beds[i], &minute);
        order = bed_order(1, start_us, &minute);
        /* As long as one order may be: ten plays of ten recordings. */
        order.items_count = (pb_size_t)(minutes < 10 ? 1 : 10);
        for (pb_size_t k = 1; k < order.items_count; k++)
            order.items[k] = order.items[0];
        order.repeats = minutes / order.items_count;
        bed_send_order(&beds[i], &order);
    }
}

static void test_eight_nodes_stay_together(void **state)
{
    usec_t start_us = BED_EPOCH_US + 40 * USEC_PER_SEC + 123457;
    size_t moments = (size_t)(minutes * USEC_PER_MIN / EVERY_US), count = 0;
    double *apart = calloc(moments * NODES * NODES / 2, sizeof(*apart)), first = 0;

    (void)state;
    assert_non_null(apart);
    start_all(start_us);
    for (size_t m = 0; m < moments; m++) {
        /* The very first 50 ms, then somewhere in each ten seconds. */
        usec_t in_us = m == 0 ? 0 : (usec_t)m * EVERY_US + 137000;
        usec_t play_us = start_us + in_us / USEC_PER_MIN * USEC_PER_MIN;
        double late[NODES], alike;

        for (int i = 0; i < NODES; i++) {
            bed_run_to(&beds[i], start_us + in_us + USEC_PER_SEC);
            late[i] = bed_lateness_us(&beds[i], &minute, play_us, start_us + in_us, &alike);
            if (alike < 0.95)
                printf("# node %d at %.3f s: correlation %.3f, late %.1f us\n", i + 1,
                       (double)in_us * 1e-6, alike, late[i]);
            assert_true(alike > 0.95);
            for (int k = 0; k < i; k++)
                apart[count++] = fabs(late[i] - late[k]);
        }
        for (size_t k = 0; m == 0 && k < count; k++)
            first = fmax(first, apart[k]);
    }
    for (int i = 0; i < NODES; i++) {
        bed_run_to(&beds[i], start_us + (minutes + 1) * USEC_PER_MIN);
        assert_int_equal(bed_receipt(&beds[i], 1)->outcome, loa_Outcome_OUTCOME_SOUNDED);
        assert_int_equal(bed_receipt(&beds[i], 1)->gaps, 0);
        bed_deinit(&beds[i]);
        bed_flash_deinit(&flash[i]);
    }
    qsort(apart, count, sizeof(*apart), ascending);
    printf("# %u min, us between two of %d nodes: first window worst %.1f; p50 %.1f, p95 %.1f, "
           "p99 %.1f, worst %.1f (%zu pairs)\n",
           (unsigned)minutes, NODES, first, apart[count / 2], apart[count * 95 / 100],
           apart[count * 99 / 100], apart[count - 1], count);
    assert_true(apart[count * 99 / 100] <= P99_MOST_US);
    assert_true(apart[count - 1] <= WORST_MOST_US);
    free(apart);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_eight_nodes_stay_together)};
    int failed;

    if (argc > 1)
        minutes = (uint32_t)strtoul(argv[1], NULL, 10);
    if (minutes < 1 || minutes > 100 || (minutes > 9 && minutes % 10 != 0)) {
        fprintf(stderr, "hold: MINUTES is 1 to 9 or 10, 20 ... 100\n");
        return 2;
    }
    teststation_init(&station);
    recording_make(&minute, 60000, 3);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    recording_free(&minute);
    teststation_deinit(&station);
    return failed;
}
