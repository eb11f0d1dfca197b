/* loa-fleet: thousands of real clients of the node link in one process. */
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <opus.h>

#include "member.h"

#define TICK_MS 10
#define DIALLING_US \
    (20 * USEC_PER_MSEC) /* of a tick: a dial costs milliseconds, and the others answer meanwhile */
#define SAMPLE_MEMBERS 200 /* whose clocks are compared each second */

struct fleet {
    struct fleet_options options;
    struct fleet_count count;
    struct member *members;
    struct sockaddr_storage address;
    uv_loop_t loop;
    uv_timer_t tick;
    uv_timer_t second;
    uv_signal_t interrupt;
    uv_signal_t terminate;
    usec_t began_us;
    unsigned seconds;
    unsigned turn; /* the member that may dial first in the next tick */
    uint64_t bundles_before;
};

static usec_t now(void)
{
    return (usec_t)(uv_hrtime() / 1000);
}

static void stop(struct fleet *f)
{
    uv_close((uv_handle_t *)&f->tick, NULL);
    uv_close((uv_handle_t *)&f->second, NULL);
    uv_close((uv_handle_t *)&f->interrupt, NULL);
    uv_close((uv_handle_t *)&f->terminate, NULL);
    for (unsigned i = 0; i < f->options.members; i++) {
        if (f->members[i].decoder != NULL)
            opus_decoder_destroy(f->members[i].decoder);
        member_free(&f->members[i]);
    }
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    if (!uv_is_closing((uv_handle_t *)signal))
        stop(signal->data);
}

/* Whose dial has to wait for the next tick goes first there. */
static void on_tick(uv_timer_t *timer)
{
    struct fleet *f = timer->data;
    usec_t dial_until_us = now() + DIALLING_US;
    unsigned first = f->turn;
    bool may_dial = true;

    for (unsigned i = 0; i < f->options.members; i++) {
        unsigned index = (first + i) % f->options.members;
        usec_t now_us = now();

        if (may_dial && now_us >= dial_until_us) {
            may_dial = false;
            f->turn = index;
        }
        member_tick(&f->members[index], now_us, may_dial);
    }
}

static int by_value(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;

    return (*x > *y) - (*x < *y);
}

/* Station time as members believe it, against the middle of all. */
static void compare_clocks(struct fleet *f, usec_t now_us)
{
    static double station[SAMPLE_MEMBERS];
    unsigned step = f->options.members / SAMPLE_MEMBERS + 1;
    size_t n = 0;
    double middle;

    for (unsigned i = 0; i < f->options.members && n < SAMPLE_MEMBERS; i += step) {
        const struct member *m = &f->members[i];

        if (m->state == MEMBER_READY && m->tsync.locked)
            station[n++] = (double)(tsync_station(&m->tsync, member_clock(m, now_us)) - now_us);
    }
    if (n < 2)
        return;
    qsort(station, n, sizeof(*station), by_value);
    middle = station[n / 2];
    for (size_t i = 0; i < n; i++)
        tally_add(&f->count.clock_us, station[i] - middle);
}

static void on_second(uv_timer_t *timer)
{
    struct fleet *f = timer->data;
    const struct fleet_options *o = &f->options;
    usec_t now_us = now();
    unsigned ready = 0;
    unsigned locked = 0;
    unsigned audible = 0;

    f->seconds++;
    if (f->seconds == o->power_cut_at) {
        /* What is told of coming back is of after the cut. */
        tally_free(&f->count.audible_ms);
        tally_free(&f->count.ready_ms);
        f->count.lost = f->count.resumed = 0;
        for (unsigned i = 0; i < o->members; i++)
            member_drop(&f->members[i], now_us + (usec_t)o->power_cut_for * USEC_PER_SEC);
    }
    for (unsigned i = 0; i < o->members; i++) {
        ready += f->members[i].state == MEMBER_READY ? 1 : 0;
        audible += f->members[i].state == MEMBER_READY && f->members[i].dark_us == 0 ? 1 : 0;
        locked += f->members[i].state == MEMBER_READY && f->members[i].tsync.locked ? 1 : 0;
    }
    compare_clocks(f, now_us);
    fprintf(
        stderr,
        "%5u s  ready %u  locked %u  audible %u  bundles/s %llu  lost links %llu  refused %llu\n",
        f->seconds, ready, locked, audible,
        (unsigned long long)(f->count.bundles - f->bundles_before),
        (unsigned long long)f->count.lost, (unsigned long long)f->count.refused);
    f->bundles_before = f->count.bundles;
    if (f->seconds == o->seconds)
        stop(f);
}

static enum err find_address(struct fleet *f, struct err_detail *detail)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char port[8];
    int problem;

    snprintf(port, sizeof(port), "%u", f->options.port);
    problem = getaddrinfo(f->options.host, port, &hints, &found);
    if (problem != 0)
        return err_set(detail, ERR_NOT_FOUND, "%s cannot be found (%s); check --controller",
                       f->options.host, gai_strerror(problem));
    memcpy(&f->address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return ERR_OK;
}

/* Does member `index` belong to the last `percent`, counted after `before` percent of others? */
static bool belongs(const struct fleet_options *o, unsigned index, unsigned *before,
                    unsigned percent)
{
    uint64_t place = (uint64_t)(o->members - 1 - index) * 100;
    bool in = place >= (uint64_t)*before * o->members &&
              place < (uint64_t)(*before + percent) * o->members;

    *before += percent;
    return in;
}

static enum err make_member(struct fleet *f, unsigned index, usec_t now_us)
{
    const struct fleet_options *o = &f->options;
    struct member *m = &f->members[index];
    unsigned before = 0;
    int problem = OPUS_OK;

    *m = (struct member){
        .options = o,
        .count = &f->count,
        .loop = &f->loop,
        .address = (const struct sockaddr *)&f->address,
        .index = index,
        .start_us = now_us + (usec_t)o->ramp * USEC_PER_SEC * index / o->members,
        .dark_us = now_us + (usec_t)o->ramp * USEC_PER_SEC * index / o->members,
        .origin_us = now_us,
        .random = (uint64_t)now_us * UINT64_C(0x9E3779B97F4A7C15) + index,
        .stalls = belongs(o, index, &before, o->stall.percent),
        .flaps = belongs(o, index, &before, o->flap.percent),
        .slow = belongs(o, index, &before, o->slow.percent),
        .wrong_version = belongs(o, index, &before, o->wrong_version.percent),
    };
    if (belongs(o, index, &before, o->bad_clock.percent))
        m->skew = (double)o->bad_clock.value * 1e-6;
    m->next_trouble_us = now_us + 10 * USEC_PER_SEC + (usec_t)(m->random % (60 * USEC_PER_SEC));
    if (m->flaps)
        m->next_trouble_us =
            now_us + (usec_t)(m->random % (o->flap.value * (uint64_t)USEC_PER_SEC));
    tsync_init(&m->tsync, NULL);
    if (o->decode_every > 0 && index % o->decode_every == 0)
        m->decoder = opus_decoder_create(48000, 1, &problem);
    return problem == OPUS_OK ? ERR_OK : ERR_NOMEM;
}

/* A code for each member, from the word or from the file; lines that are empty are skipped. */
static enum err give_codes(struct fleet *f, struct err_detail *detail)
{
    const char *join = f->options.join;
    char line[256];
    unsigned index = 0;
    enum err e = ERR_OK;
    FILE *in;

    if (join == NULL)
        return ERR_OK;
    if (join[0] != '@') {
        f->members[0].has_code = true;
        return joincode_parse(join, &f->members[0].code, detail);
    }
    in = fopen(join + 1, "re");
    if (in == NULL)
        return err_set(detail, ERR_NOT_FOUND, "%s cannot be read; check --join", join + 1);
    while (e == ERR_OK && index < f->options.members && fgets(line, sizeof(line), in) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '\0')
            continue;
        e = joincode_parse(line, &f->members[index].code, detail);
        f->members[index++].has_code = true;
    }
    fclose(in);
    return e;
}

static enum err begin(struct fleet *f, struct err_detail *detail)
{
    struct rlimit files;
    enum err e = find_address(f, detail);

    if (e != ERR_OK)
        return e;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    mkdir(f->options.state, 0700);
    f->members = calloc(f->options.members, sizeof(*f->members));
    if (f->members == NULL)
        return ERR_NOMEM;
    f->began_us = now();
    for (unsigned i = 0; i < f->options.members && e == ERR_OK; i++)
        e = make_member(f, i, f->began_us);
    return e == ERR_OK ? give_codes(f, detail) : e;
}

static int run(struct fleet *f)
{
    uv_loop_init(&f->loop);
    uv_timer_init(&f->loop, &f->tick);
    uv_timer_init(&f->loop, &f->second);
    uv_signal_init(&f->loop, &f->interrupt);
    uv_signal_init(&f->loop, &f->terminate);
    f->tick.data = f->second.data = f->interrupt.data = f->terminate.data = f;
    uv_timer_start(&f->tick, on_tick, 0, TICK_MS);
    uv_timer_start(&f->second, on_second, 1000, 1000);
    uv_signal_start(&f->interrupt, on_signal, SIGINT);
    uv_signal_start(&f->terminate, on_signal, SIGTERM);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    uv_loop_close(&f->loop);
    fleet_count_print(&f->count, f->options.members, (double)(now() - f->began_us) / 1e6,
                      f->options.json);
    return f->count.refused > 0 && !f->options.wrong_version.percent ? 1 : 0;
}

int main(int argc, char **argv)
{
    static struct fleet f;
    struct err_detail detail = {0};
    enum err e = fleet_options_read(argc, argv, &f.options, &detail);
    int status = 2;

    if (e == ERR_CANCELLED)
        return 0;
    signal(SIGPIPE, SIG_IGN);
    if (e == ERR_OK) {
        status = 1;
        e = begin(&f, &detail);
    }
    if (e == ERR_OK)
        status = run(&f);
    else
        fprintf(stderr, "loa-fleet: %s\n", detail.text[0] != '\0' ? detail.text : err_name(e));
    fleet_count_free(&f.count);
    free(f.members);
    return status;
}
