#include "loopwatch.h"

static void on_prepare(uv_prepare_t *prepare)
{
    struct loopwatch *w = prepare->data;
    uint64_t now_ns = uv_hrtime();
    uint64_t idle_ns = uv_metrics_idle_time(prepare->loop);
    uint64_t held_ns = now_ns - w->last_ns - (idle_ns - w->idle_ns);

    if (held_ns > w->longest_ns)
        w->longest_ns = held_ns;
    w->last_ns = now_ns;
    w->idle_ns = idle_ns;
}

void loopwatch_start(struct loopwatch *w, uv_loop_t *loop)
{
    *w = (struct loopwatch){.last_ns = uv_hrtime()};
    (void)uv_loop_configure(loop, UV_METRICS_IDLE_TIME);
    uv_prepare_init(loop, &w->prepare);
    w->prepare.data = w;
    uv_prepare_start(&w->prepare, on_prepare);
    uv_unref((uv_handle_t *)&w->prepare);
}

uint64_t loopwatch_take_us(struct loopwatch *w)
{
    uint64_t longest_us = w->longest_ns / 1000;

    w->longest_ns = 0;
    return longest_us;
}

void loopwatch_stop(struct loopwatch *w)
{
    if (w->prepare.data != NULL)
        uv_close((uv_handle_t *)&w->prepare, NULL);
}
