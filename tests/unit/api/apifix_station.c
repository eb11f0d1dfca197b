/* The running station of the tests: it notes what it was asked. */
#include <stdio.h>
#include <string.h>

#include "apifix.h"
#include "apifix_ports.h"
#include "store_node.h"

static usec_t now_us(void *ctx)
{
    return ((struct apifix *)ctx)->now_us;
}

static void answer(void *ctx, uint64_t id, struct web_response *res)
{
    struct apifix *f = ctx;

    f->answers++;
    f->answered = id;
    f->status = res->status;
    json_decref(f->body);
    f->body = res->body != NULL ? json_loadb(res->body, res->body_len, 0, NULL) : NULL;
    snprintf(f->text, sizeof(f->text), "%.*s", (int)res->body_len,
             res->body != NULL ? res->body : "");
    snprintf(f->file, sizeof(f->file), "%s", res->file != NULL ? res->file : "");
    f->cookie[0] = '\0';
    for (size_t i = 0; i < res->header_count; i++)
        if (strcmp(res->headers[i].name, "set-cookie:") == 0)
            snprintf(f->cookie, sizeof(f->cookie), "%s", res->headers[i].value);
    web_response_deinit(res);
}

static enum err run_in_worker(void *ctx, void (*work)(void *arg), void (*done)(void *arg),
                              void *arg)
{
    struct apifix *f = ctx;

    if (f->work_result != ERR_OK)
        return f->work_result;
    assert_null(f->work);
    f->work = work;
    f->work_done = done;
    f->work_arg = arg;
    return ERR_OK;
}

static enum err import_start(void *ctx, const char *path, const char *title,
                             const char *source_name, struct user_id user, api_import_done done,
                             void *arg, struct err_detail *detail)
{
    struct apifix *f = ctx;

    (void)source_name;
    assert_int_not_equal(user.v, 0);
    if (f->import_result != ERR_OK)
        return err_set(detail, f->import_result, "Too many imports; try again later.");
    snprintf(f->import_path, sizeof(f->import_path), "%s", path);
    snprintf(f->import_title, sizeof(f->import_title), "%s", title);
    f->import_done = done;
    f->import_arg = arg;
    return ERR_OK;
}

static enum err media_path(void *ctx, const struct media_id *id, char *ret_path, size_t size)
{
    (void)ctx;
    snprintf(ret_path, size, "/media/%02x", id->sha256[0]);
    return ERR_OK;
}

static void media_deleted(void *ctx, const struct media_id *id)
{
    (void)id;
    ((struct apifix *)ctx)->media_deletions++;
}

static enum err broadcast_plan(void *ctx, const struct api_play *play, struct broadcast_id *ret_id,
                               struct err_detail *detail)
{
    struct apifix *f = ctx;

    f->played = *play;
    f->played.nodes = NULL;
    ret_id->v = 77;
    return f->plan_result == ERR_OK ? ERR_OK : err_set(detail, f->plan_result, "No plan.");
}

static void broadcast_committed(void *ctx, struct broadcast_id id)
{
    assert_int_equal(id.v, 77);
    ((struct apifix *)ctx)->broadcasts_committed++;
}

static enum err broadcast_stop(void *ctx, struct broadcast_id id, struct err_detail *detail)
{
    struct apifix *f = ctx;

    (void)id;
    (void)detail;
    f->stops += f->stop_result == ERR_OK ? 1 : 0;
    return f->stop_result;
}

static size_t broadcast_stop_all(void *ctx)
{
    ((struct apifix *)ctx)->stops++;
    return 3;
}

static void schedule_changed(void *ctx)
{
    ((struct apifix *)ctx)->schedule_changes++;
}

static void node_changed(void *ctx, struct node_id id)
{
    struct apifix *f = ctx;
    struct node_record record;

    assert_int_equal(store_node_get(f->db, id, &record), ERR_OK);
    assert_int_equal(registry_put(f->registry, &record), ERR_OK);
    f->node_changes++;
}

static void node_revoked(void *ctx, struct node_id id)
{
    node_changed(ctx, id);
    ((struct apifix *)ctx)->node_revocations++;
}

static void policy_changed(void *ctx)
{
    ((struct apifix *)ctx)->policy_changes++;
}

static void ca_pin(void *ctx, uint8_t ret_pin[12])
{
    (void)ctx;
    memset(ret_pin, 0xA5, 12);
}

static char *metrics(void *ctx)
{
    (void)ctx;
    return strdup("loa_encodes_total 4\n");
}

struct api_ports apifix_ports(struct apifix *f)
{
    return (struct api_ports){
        .ctx = f,
        .db = f->db,
        .registry = f->registry,
        .station = &f->station,
        .upload_dir = f->dir,
        .now_us = now_us,
        .answer = answer,
        .run_in_worker = run_in_worker,
        .import_start = import_start,
        .media_path = media_path,
        .media_deleted = media_deleted,
        .broadcast_plan = broadcast_plan,
        .broadcast_committed = broadcast_committed,
        .broadcast_stop = broadcast_stop,
        .broadcast_stop_all = broadcast_stop_all,
        .schedule_changed = schedule_changed,
        .node_changed = node_changed,
        .node_revoked = node_revoked,
        .policy_changed = policy_changed,
        .ca_pin = ca_pin,
        .metrics = metrics,
    };
}
