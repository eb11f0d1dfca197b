#include "enrol.h"

#include <stdbool.h>
#include <string.h>

static bool window_is_over(const struct enrol_source *s, usec_t now_us)
{
    return s->wrong == 0 || now_us - s->from_us >= ENROL_WINDOW_US;
}

static struct enrol_source *find(struct enrol_limiter *l, const char *address, usec_t now_us)
{
    struct netsource source = netsource_of(address);

    for (size_t i = 0; i < ENROL_SOURCES_MAX; i++) {
        struct enrol_source *s = &l->sources[i];

        if (!window_is_over(s, now_us) && memcmp(&s->source, &source, sizeof(source)) == 0)
            return s;
    }
    return NULL;
}

static struct enrol_source *add(struct enrol_limiter *l, const char *address, usec_t now_us)
{
    struct enrol_source *oldest = &l->sources[0];

    for (size_t i = 0; i < ENROL_SOURCES_MAX; i++) {
        struct enrol_source *s = &l->sources[i];

        if (window_is_over(s, now_us)) {
            oldest = s;
            break;
        }
        if (s->from_us < oldest->from_us)
            oldest = s;
    }
    *oldest = (struct enrol_source){.source = netsource_of(address), .from_us = now_us};
    return oldest;
}

/* Seconds until this source may ask again; 0 now. */
static uint32_t wait_s(struct enrol_source *s, uint32_t wrong_max, usec_t now_us)
{
    usec_t left_us;

    if (s->from_us > now_us) /* the clock was set back */
        s->from_us = now_us;
    if (window_is_over(s, now_us) || s->wrong < wrong_max)
        return 0;
    left_us = s->from_us + ENROL_WINDOW_US - now_us;
    return (uint32_t)((left_us + USEC_PER_SEC - 1) / USEC_PER_SEC);
}

enum err enrol_limiter_ask(struct enrol_limiter *l, const char *address, usec_t now_us,
                           uint32_t *ret_retry_after_s)
{
    struct enrol_source *s = find(l, address, now_us);
    uint32_t wait_all_s = wait_s(&l->all, ENROL_WRONG_IN_ALL, now_us);
    uint32_t wait_source_s = s != NULL ? wait_s(s, ENROL_WRONG_PER_SOURCE, now_us) : 0;

    if (wait_all_s == 0 && wait_source_s == 0)
        return ERR_OK;
    *ret_retry_after_s = wait_all_s > wait_source_s ? wait_all_s : wait_source_s;
    return ERR_BUSY;
}

void enrol_limiter_wrong(struct enrol_limiter *l, const char *address, usec_t now_us)
{
    struct enrol_source *s = find(l, address, now_us);

    if (s == NULL)
        s = add(l, address, now_us);
    s->wrong++;
    if (window_is_over(&l->all, now_us))
        l->all = (struct enrol_source){.from_us = now_us};
    l->all.wrong++;
}
