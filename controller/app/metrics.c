#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "encoder.h"
#include "wiring.h"

static void put_nodes(FILE *out, struct wiring *w)
{
    size_t ready = 0;
    size_t active = 0;

    for (size_t i = 0; i < registry_count(w->registry); i++) {
        const struct node_entry *entry = registry_at(w->registry, i);

        active += entry->record.state == NODE_STATE_ACTIVE;
        ready += entry->live.ready;
    }
    fprintf(out, "# TYPE loa_nodes gauge\nloa_nodes %zu\n", active);
    fprintf(out, "# TYPE loa_nodes_connected gauge\nloa_nodes_connected %zu\n", ready);
}

static void put_alarms(FILE *out, struct wiring *w)
{
    const struct supervise *s = alarms_supervise(w->alarms);

    fprintf(out, "# TYPE loa_alarms gauge\nloa_alarms{level=\"warning\"} %zu\n",
            supervise_standing(s, ALARM_LEVEL_WARNING));
    fprintf(out, "loa_alarms{level=\"critical\"} %zu\n",
            supervise_standing(s, ALARM_LEVEL_CRITICAL));
}

#ifdef __SANITIZE_ADDRESS__
size_t
__sanitizer_get_current_allocated_bytes(void); /* of the compiler's library, in no header of GCC */
#endif

/* Bytes that are in use of what malloc gave out. The resident memory says less: malloc keeps what was freed. */
static size_t allocated_bytes(void)
{
#ifdef __SANITIZE_ADDRESS__
    return __sanitizer_get_current_allocated_bytes();
#else
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
#endif
}

static void put_process(FILE *out)
{
    struct rusage usage;
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "re");

    if (statm != NULL) {
        if (fscanf(statm, "%*d %ld", &pages) != 1)
            pages = 0;
        fclose(statm);
    }
    fprintf(out, "# TYPE loa_allocated_bytes gauge\nloa_allocated_bytes %zu\n", allocated_bytes());
    getrusage(RUSAGE_SELF, &usage);
    fprintf(out, "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes %ld\n",
            pages * 4096);
    fprintf(out, "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total %.6f\n",
            (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
                (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

char *wiring_metrics(void *ctx)
{
    struct wiring *w = ctx;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (out == NULL)
        return NULL;
    put_nodes(out, w);
    put_alarms(out, w);
    fprintf(out, "# TYPE loa_encodes_total counter\nloa_encodes_total %" PRIu64 "\n",
            encoder_programmes());
    fprintf(out, "# TYPE loa_streams gauge\nloa_streams %zu\n", engine_streams(w->engine));
    for (int i = 0; i < NET_COUNT_COUNT_; i++) {
        const char *name = net_counter_name((enum net_counter)i);

        fprintf(out, "# TYPE %s %s\n%s %" PRIu64 "\n", name,
                strstr(name, "_total") != NULL ? "counter" : "gauge", name,
                net_count(w->net, (enum net_counter)i));
    }
    fprintf(out,
            "# HELP loa_loop_longest_us The longest the main loop was held up since this was last "
            "read.\n"
            "# TYPE loa_loop_longest_us gauge\nloa_loop_longest_us %" PRIu64 "\n",
            loopwatch_take_us(&w->loopwatch));
    put_process(out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
