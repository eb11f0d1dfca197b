/* Fleets of nodes over simulated 4G: `test_fleet [--seeds N] [--seed FIRST]`. SEED=n runs that one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "simfleet.h"

#define P95_MOST_US 1000
#define P99_MOST_US 5000
#define SEEDS_ENOUGH 100 /* fewer tell little of a 95th percentile: twice the bound then */

static struct teststation station;
static struct recording recordings[SIM_RECORDINGS];
static struct sim_results results;
static uint64_t first_seed = 1, seeds = 12;

static int set_up(void **state)
{
    (void)state;
    teststation_init(&station);
    for (uint32_t i = 0; i < SIM_RECORDINGS; i++)
        recording_make(&recordings[i], 8000 + 3000 * i, 31 + i);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIM_RECORDINGS; i++)
        recording_free(&recordings[i]);
    teststation_deinit(&station);
    free(results.all.us);
    free(results.settled.us);
    return 0;
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static float quantile(const struct sim_offsets *o, double q)
{
    return o->count > 0 ? o->us[(size_t)(q * (double)(o->count - 1))] : 0;
}

static void print_offsets(const char *name, struct sim_offsets *o)
{
    if (o->count > 0)
        qsort(o->us, o->count, sizeof(*o->us), ascending);
    printf("# offsets between two nodes, %s: p50 %.0f us, p95 %.0f us, p99 %.0f us, worst %.0f us "
           "(%zu pairs)\n",
           name, (double)quantile(o, 0.5), (double)quantile(o, 0.95), (double)quantile(o, 0.99),
           (double)quantile(o, 1), o->count);
}

static void test_a_fleet_keeps_its_invariants_through_faults(void **state)
{
    clock_t before = clock();

    (void)state;
    for (uint64_t s = first_seed; s < first_seed + seeds; s++) {
        simfleet_run(s, &station, recordings, &results);
        printf("# seed %llu done, %.1f s, %u violations so far\n", (unsigned long long)s,
               (double)(clock() - before) / CLOCKS_PER_SEC, results.violations);
        fflush(stdout);
    }
    printf("# %u drops, %u restarts, %u suspends, %u restarts of the station, %u babbles, "
           "%u cancelled\n",
           results.drops, results.restarts, results.suspends, results.station_restarts,
           results.babbles, results.cancelled);
    printf("# %u receipts, %u of them whole; %u refused; %u of %u forged orders refused; "
           "%u measurements\n",
           results.receipts, results.sounded_receipts, results.refused, results.forged_refused,
           results.forged, results.measured);
    assert_int_equal(results.violations, 0);
}

static void test_nodes_sound_together_over_4g(void **state)
{
    (void)state;
    print_offsets("all", &results.all);
    print_offsets("three minutes after their start", &results.settled);
    assert_true(results.all.count > 0);
    assert_true(quantile(&results.all, 0.95) <=
                (seeds < SEEDS_ENOUGH ? 2 * P95_MOST_US : P95_MOST_US));
    assert_true(quantile(&results.all, 0.99) <= P99_MOST_US);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fleet_keeps_its_invariants_through_faults),
        cmocka_unit_test(test_nodes_sound_together_over_4g),
    };
    const char *seed = getenv("SEED");

    if (seed != NULL) {
        first_seed = strtoull(seed, NULL, 10);
        seeds = 1;
    }
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seeds") == 0)
            seeds = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            first_seed = strtoull(argv[i + 1], NULL, 10);
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
