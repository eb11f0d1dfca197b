#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "nodebed.h"

static size_t in_core_allocations;

#if defined(__has_feature)
#define UNDER_CLANG_ASAN __has_feature(address_sanitizer)
#else
#define UNDER_CLANG_ASAN 0
#endif

#if defined(__SANITIZE_ADDRESS__) || UNDER_CLANG_ASAN
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));

static void on_malloc(const volatile void *p, size_t size)
{
    (void)p;
    (void)size;
    in_core_allocations += bed_in_core;
}

static void on_free(const volatile void *p)
{
    (void)p;
}

static void install(void)
{
    assert_true(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) > 0);
}
#else
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

void *malloc(size_t size)
{
    in_core_allocations += bed_in_core;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    in_core_allocations += bed_in_core;
    return __libc_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
    in_core_allocations += bed_in_core;
    return __libc_realloc(p, size);
}

static void install(void)
{
}
#endif

#ifdef __arm__
/* On 32-bit ARM libopus asks /proc/cpuinfo what the processor can do, again for each item. Told nothing,
 * it decodes in plain C, and what stdio allocates for that file is not counted as ours. */
FILE *no_file(const char *path, const char *mode) __asm__("fopen");

FILE *no_file(const char *path, const char *mode)
{
    (void)path;
    (void)mode;
    return NULL;
}
#endif

static void test_nothing_is_allocated_while_it_fetches_plays_and_reports(void **state)
{
    struct teststation station;
    struct recording speech, other;
    struct bed_flash flash;
    struct bed b;
    loa_OrderBody order;
    void *p;

    (void)state;
    teststation_init(&station);
    recording_make(&speech, 4000, 61);
    recording_make(&other, 3000, 62);
    bed_flash_init(&flash);
    bed_init(&b, &flash, &station);
    b.card_ppm = 90;
    b.card_jitter_us = 500;
    install();

    bed_start(&b);
    bed_cache(&b, &speech);
    order = bed_order(1, bed_station_us(&b) + 3 * USEC_PER_SEC, &speech);
    bed_send_order(&b, &order);
    order = bed_order(2, bed_station_us(&b) + 5 * USEC_PER_SEC, &other);
    order.priority = loa_Priority_PRIORITY_EMERGENCY;
    bed_send_order(&b, &order);
    bed_run_us(&b, USEC_PER_SEC);

    /* The hook counts at all. */
    in_core_allocations = 0;
    bed_in_core = true;
    p = malloc(17);
    assert_non_null(p);
    bed_in_core = false;
    free(p);
    assert_int_equal(in_core_allocations, 1);

    in_core_allocations = 0;
    bed_cache(&b, &other);
    bed_link(&b, false);
    bed_run_us(&b, 3 * USEC_PER_SEC);
    bed_link(&b, true);
    bed_run_us(&b, 10 * USEC_PER_SEC);
    assert_int_equal(bed_receipt(&b, 1)->outcome, loa_Outcome_OUTCOME_PARTLY);
    assert_int_equal(bed_receipt(&b, 2)->outcome, loa_Outcome_OUTCOME_SOUNDED);
    assert_int_equal(in_core_allocations, 0);

    bed_deinit(&b);
    bed_flash_deinit(&flash);
    recording_free(&speech);
    recording_free(&other);
    teststation_deinit(&station);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_allocated_while_it_fetches_plays_and_reports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
