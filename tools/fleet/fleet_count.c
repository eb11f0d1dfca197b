#include "fleet_count.h"

#include <stdio.h>

struct line {
    const char *name;
    struct tally *tally;
};

struct number {
    const char *name;
    uint64_t value;
};

static void print_json(const struct line *lines, size_t line_count, const struct number *numbers,
                       size_t number_count, unsigned members, double seconds)
{
    printf("{\"members\": %u, \"seconds\": %.3f", members, seconds);
    for (size_t i = 0; i < number_count; i++)
        printf(", \"%s\": %llu", numbers[i].name, (unsigned long long)numbers[i].value);
    for (size_t i = 0; i < line_count; i++) {
        struct tally *t = lines[i].tally;

        printf(", \"%s\": {\"count\": %llu", lines[i].name, (unsigned long long)t->seen);
        if (t->seen > 0)
            printf(", \"least\": %.3f, \"p1\": %.3f, \"p50\": %.3f, \"p95\": %.3f, \"p99\": %.3f, "
                   "\"most\": %.3f",
                   t->least, tally_at(t, 0.01), tally_at(t, 0.5), tally_at(t, 0.95),
                   tally_at(t, 0.99), t->most);
        putchar('}');
    }
    puts("}");
}

static void print_text(const struct line *lines, size_t line_count, const struct number *numbers,
                       size_t number_count)
{
    for (size_t i = 0; i < number_count; i++)
        printf("%-14s %12llu\n", numbers[i].name, (unsigned long long)numbers[i].value);
    printf("\n%-14s %10s %11s %11s %11s %11s %11s %11s\n", "", "count", "least", "p1", "p50", "p95",
           "p99", "most");
    for (size_t i = 0; i < line_count; i++) {
        struct tally *t = lines[i].tally;

        if (t->seen > 0)
            printf("%-14s %10llu %11.3f %11.3f %11.3f %11.3f %11.3f %11.3f\n", lines[i].name,
                   (unsigned long long)t->seen, t->least, tally_at(t, 0.01), tally_at(t, 0.5),
                   tally_at(t, 0.95), tally_at(t, 0.99), t->most);
    }
}

void fleet_count_print(struct fleet_count *c, unsigned members, double seconds, bool json)
{
    const struct line lines[] = {
        {"join_ms", &c->join_ms}, {"ready_ms", &c->ready_ms}, {"audible_ms", &c->audible_ms},
        {"lead_ms", &c->lead_ms}, {"order_ms", &c->order_ms}, {"early_ms", &c->early_ms},
        {"stop_ms", &c->stop_ms}, {"clock_us", &c->clock_us},
    };
    const struct number numbers[] = {
        {"joined", c->joined},     {"connects", c->connects},
        {"resumed", c->resumed},   {"lost", c->lost},
        {"refused", c->refused},   {"orders", c->orders},
        {"receipts", c->receipts}, {"bundles", c->bundles},
        {"packets", c->packets},   {"packets_lost", c->packets_lost},
        {"late", c->late},         {"decoded", c->decoded},
        {"bytes", c->bytes},
    };
    const size_t line_count = sizeof(lines) / sizeof(lines[0]);
    const size_t number_count = sizeof(numbers) / sizeof(numbers[0]);

    if (json) {
        print_json(lines, line_count, numbers, number_count, members, seconds);
        return;
    }
    print_text(lines, line_count, numbers, number_count);
    if (c->last_problem[0] != '\0')
        printf("\nlast problem: %s\n", c->last_problem);
}

void fleet_count_free(struct fleet_count *c)
{
    tally_free(&c->join_ms);
    tally_free(&c->ready_ms);
    tally_free(&c->audible_ms);
    tally_free(&c->lead_ms);
    tally_free(&c->order_ms);
    tally_free(&c->early_ms);
    tally_free(&c->stop_ms);
    tally_free(&c->clock_us);
}
