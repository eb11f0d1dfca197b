#include <inttypes.h>
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
    fprintf(out, "# TYPE loa_encodes_total counter\nloa_encodes_total %" PRIu64 "\n",
            encoder_programmes());
    fprintf(out, "# TYPE loa_streams gauge\nloa_streams %zu\n", engine_streams(w->engine));
    for (int i = 0; i < NET_COUNT_COUNT_; i++) {
        const char *name = net_counter_name((enum net_counter)i);

        fprintf(out, "# TYPE %s %s\n%s %" PRIu64 "\n", name,
                strstr(name, "_total") != NULL ? "counter" : "gauge", name,
                net_count(w->net, (enum net_counter)i));
    }
    put_process(out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
