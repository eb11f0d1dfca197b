/* The part of the wiring that people come in by: the API and its HTTPS server. */
#include <stdio.h>

#include "store_user.h"
#include "wiring.h"

/* The code exists until the first account does. */
static enum err admin_code(struct wiring *w, char *ret_code, size_t size)
{
    struct user user;
    struct db_page page = {0};
    size_t count;
    enum err e = store_user_list(w->db, &page, &user, 1, &count);

    ret_code[0] = '\0';
    if (e != ERR_OK)
        return e;
    if (count > 0) {
        datadir_forget_admin_code(&w->dir);
        return ERR_OK;
    }
    e = datadir_admin_code(&w->dir, ret_code, size);
    if (e == ERR_OK) {
        printf("One-time code for the first administrator: %s\n"
               "  loactl setup --code %s --login NAME --name \"FULL NAME\"\n",
               ret_code, ret_code);
        fflush(stdout);
    }
    return e;
}

static void on_api_step(uv_timer_t *timer)
{
    struct wiring *w = timer->data;

    api_step(w->api);
}

enum err wiring_start_web(struct wiring *w, struct err_detail *detail)
{
    const struct web_config config = {
        .address = w->config->web_address,
        .port = w->config->web_port,
        .cert_path = pki_web_cert_path(w->pki),
        .key_path = pki_web_key_path(w->pki),
        .max_upload_bytes = w->config->upload_max_bytes,
        .max_connections = (size_t)w->config->max_connections,
    };
    const struct api_ports ports = wiring_api_ports(w);
    struct web_handler handler;
    char code[32];
    enum err e = admin_code(w, code, sizeof(code));

    if (e == ERR_OK)
        e = api_new(&ports, code, &w->api);
    if (e != ERR_OK)
        return e;
    handler = api_handler(w->api);
    uv_timer_init(w->loop, &w->api_timer);
    w->api_timer.data = w;
    uv_timer_start(&w->api_timer, on_api_step, API_STEP_MS, API_STEP_MS);
    return web_new(w->loop, &config, &handler, &w->web, detail);
}

static void web_closed(void *arg)
{
    struct wiring *w = arg;

    w->web = NULL;
}

void wiring_stop_web(struct wiring *w)
{
    if (w->api_timer.data != NULL)
        uv_close((uv_handle_t *)&w->api_timer, NULL);
    web_close(w->web, web_closed, w);
}
