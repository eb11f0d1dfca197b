#include "handshakers.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define NICE 5

struct line {
    struct queue_item *head;
    struct queue_item **tail;
};

struct handshaker {
    pthread_t thread;
    bool started;
    struct link_config *config; /* its own: keys and groups are written to when they are used */
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct line begun;
    struct line fresh;
    struct ticketring tickets; /* to be taken over when `turned` */
    bool turned;
    bool stopping;
    unsigned number;
};

struct handshakers {
    unsigned count;
    struct handshaker each[HANDSHAKERS_MAX];
};

static void line_put(struct line *l, struct queue_item *item)
{
    item->next = NULL;
    *l->tail = item;
    l->tail = &item->next;
}

static struct queue_item *line_take(struct line *l)
{
    struct queue_item *item = l->head;

    if (item == NULL)
        return NULL;
    l->head = item->next;
    if (l->head == NULL)
        l->tail = &l->head;
    return item;
}

/* Wait for a job; NULL when all are given back and it is time to end. */
static struct handshake_job *next_job(struct handshaker *w, bool *ret_stopping)
{
    struct queue_item *item;

    pthread_mutex_lock(&w->lock);
    for (;;) {
        item = line_take(&w->begun);
        if (item == NULL)
            item = line_take(&w->fresh);
        if (item != NULL || w->stopping)
            break;
        pthread_cond_wait(&w->more, &w->lock);
    }
    *ret_stopping = w->stopping;
    if (w->turned) {
        w->turned = false;
        link_config_set_tickets(w->config, &w->tickets);
    }
    pthread_mutex_unlock(&w->lock);
    return (struct handshake_job *)(void *)item;
}

static void give_back(struct handshake_job *job, enum err result)
{
    job->result = result;
    CHECK(queue_push(job->reply, &job->item, true) == ERR_OK);
}

/* Sound goes first: they yield to the rest of the program, however that stands to other programs. */
static void yield_to_the_others(void)
{
    id_t thread = (id_t)syscall(SYS_gettid);

    (void)setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + NICE);
}

static void *run(void *arg)
{
    struct handshaker *w = arg;
    struct handshake_job *job;
    char name[16];
    bool stopping;

    snprintf(name, sizeof(name), "loa-tls-%u", w->number);
    pthread_setname_np(pthread_self(), name);
    yield_to_the_others();
    while ((job = next_job(w, &stopping)) != NULL) {
        if (stopping || atomic_load_explicit(&job->vain, memory_order_relaxed))
            give_back(job, ERR_CANCELLED);
        else
            give_back(job, link_feed(job->link, bytes_of(job->data, job->len), &job->detail));
    }
    return NULL;
}

static enum err start(struct handshaker *w, unsigned number,
                      const struct link_credentials *credentials)
{
    sigset_t all, before;
    enum err e;

    w->number = number;
    w->begun.tail = &w->begun.head;
    w->fresh.tail = &w->fresh.head;
    e = link_config_new(LINK_SERVER, credentials, &w->config);
    if (e != ERR_OK)
        return e;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->more, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    w->started = pthread_create(&w->thread, NULL, run, w) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return w->started ? ERR_OK : ERR_IO;
}

enum err handshakers_new(unsigned count, const struct link_credentials *credentials,
                         struct handshakers **ret_handshakers)
{
    struct link_credentials cred = *credentials;
    struct ticketring tickets = {0};
    struct handshakers *h;
    enum err e = ERR_OK;

    CHECK(count >= 1 && count <= HANDSHAKERS_MAX);
    h = calloc(1, sizeof(*h));
    if (h == NULL)
        return ERR_NOMEM;
    /* The same keys for all, so that a node resumes its session whichever thread it comes to. */
    if (cred.tickets == NULL) {
        (void)ticketring_turn(&tickets, (int64_t)time(NULL));
        cred.tickets = &tickets;
    }
    while (h->count < count && e == ERR_OK) {
        e = start(&h->each[h->count], h->count, &cred);
        h->count++;
    }
    explicit_bzero(&tickets, sizeof(tickets));
    if (e != ERR_OK) {
        handshakers_free(h);
        return e;
    }
    *ret_handshakers = h;
    return ERR_OK;
}

void handshakers_stop(struct handshakers *h)
{
    for (unsigned i = 0; i < h->count; i++) {
        struct handshaker *w = &h->each[i];

        if (!w->started)
            continue;
        pthread_mutex_lock(&w->lock);
        w->stopping = true;
        pthread_cond_signal(&w->more);
        pthread_mutex_unlock(&w->lock);
    }
}

void handshakers_free(struct handshakers *h)
{
    if (h == NULL)
        return;
    handshakers_stop(h);
    for (unsigned i = 0; i < h->count; i++) {
        struct handshaker *w = &h->each[i];

        if (w->started)
            pthread_join(w->thread, NULL);
        if (w->config != NULL) {
            pthread_mutex_destroy(&w->lock);
            pthread_cond_destroy(&w->more);
        }
        link_config_free(w->config);
    }
    explicit_bzero(h, sizeof(*h));
    free(h);
}

enum err handshakers_link(struct handshakers *h, uint64_t number, struct link **ret_link)
{
    return link_new(h->each[number % h->count].config, ret_link);
}

void handshakers_do(struct handshakers *h, uint64_t number, struct handshake_job *job)
{
    struct handshaker *w = &h->each[number % h->count];

    bool stopping;

    pthread_mutex_lock(&w->lock);
    stopping = w->stopping;
    if (!stopping) {
        line_put(job->begun ? &w->begun : &w->fresh, &job->item);
        pthread_cond_signal(&w->more);
    }
    pthread_mutex_unlock(&w->lock);
    if (stopping)
        give_back(job, ERR_CANCELLED);
}

void handshakers_set_tickets(struct handshakers *h, const struct ticketring *tickets)
{
    for (unsigned i = 0; i < h->count; i++) {
        struct handshaker *w = &h->each[i];

        pthread_mutex_lock(&w->lock);
        w->tickets = *tickets;
        w->turned = true;
        pthread_mutex_unlock(&w->lock);
    }
}
