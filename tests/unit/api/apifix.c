#include "apifix.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apifix_ports.h"
#include "secret.h"
#include "store_credential.h"
#include "store_journal.h"
#include "store_media.h"
#include "store_node.h"
#include "store_station.h"
#include "store_user.h"

int apifix_setup(void **state)
{
    struct apifix *f = calloc(1, sizeof(*f));
    struct api_ports ports;
    struct err_detail detail = {0};

    assert_non_null(f);
    *state = f;
    snprintf(f->dir, sizeof(f->dir), "/tmp/loa-api-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/loa.db", f->dir);
    if (db_open(f->path, &f->db, &detail) != ERR_OK)
        fail_msg("%s", detail.text);
    assert_int_equal(registry_new(&f->registry), ERR_OK);
    station_init(&f->station);
    snprintf(f->station.code, sizeof(f->station.code), "27148");
    snprintf(f->station.name, sizeof(f->station.name), "Xã Thử");
    snprintf(f->station.timezone, sizeof(f->station.timezone), "Asia/Ho_Chi_Minh");
    f->station.utc_offset_min = 420;
    assert_int_equal(store_station_put(f->db, &f->station), ERR_OK);
    f->now_us = NOW_US;
    snprintf(f->remote, sizeof(f->remote), "192.0.2.7");
    snprintf(f->console_dir, sizeof(f->console_dir), "%s/console", f->dir);
    snprintf(f->resume_dir, sizeof(f->resume_dir), "%s/uploads", f->dir);
    assert_int_equal(mkdir(f->resume_dir, 0700), 0);
    ports = apifix_ports(f);
    assert_int_equal(api_new(&ports, ADMIN_CODE, &f->api), ERR_OK);
    f->handler = api_handler(f->api);
    return 0;
}

/* Returns how many uploads were left in it. */
static unsigned remove_dir(const char *name)
{
    DIR *dir = opendir(name);
    struct dirent *entry;
    unsigned left = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char path[512];

        snprintf(path, sizeof(path), "%s/%s", name, entry->d_name);
        left += strncmp(entry->d_name, "upload-", 7) == 0 ? 1 : 0;
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    closedir(dir);
    assert_int_equal(rmdir(name), 0);
    return left;
}

int apifix_teardown(void **state)
{
    struct apifix *f = *state;

    api_free(f->api);
    registry_free(f->registry);
    db_close(f->db);
    json_decref(f->body);
    (void)remove_dir(f->resume_dir);
    assert_int_equal(remove_dir(f->dir), 0);
    free(f);
    return 0;
}

struct user_id apifix_user(struct apifix *f, const char *login, unsigned roles)
{
    static char hash[SECRET_HASH_SIZE];
    struct user user = {.roles = roles};
    struct err_detail detail = {0};

    if (hash[0] == '\0')
        assert_int_equal(secret_hash(PASSWORD, hash), ERR_OK);
    snprintf(user.login, sizeof(user.login), "%s", login);
    snprintf(user.name, sizeof(user.name), "%s", login);
    memcpy(user.password_hash, hash, sizeof(hash));
    if (store_user_add(f->db, &user, NOW_US, &user.id, &detail) != ERR_OK)
        fail_msg("%s", detail.text);
    return user.id;
}

const char *apifix_token(struct apifix *f, unsigned roles)
{
    static char token[SECRET_TOKEN_SIZE];
    struct credential cr = {.kind = CREDENTIAL_TOKEN, .created_us = NOW_US};
    struct user user;
    char login[64];
    uint8_t sha256[SHA256_BYTES];
    uint64_t id;

    snprintf(login, sizeof(login), "user-%u", roles);
    if (store_user_find(f->db, login, &user) == ERR_OK)
        cr.user = user.id;
    else
        cr.user = apifix_user(f, login, roles);
    secret_token(token);
    secret_digest(token, sha256);
    assert_int_equal(store_credential_add(f->db, &cr, sha256, &id), ERR_OK);
    return token;
}

struct request_texts {
    char path[2048];
    char query[2048];
    char bearer[128];
};

static struct web_request request(struct apifix *f, struct request_texts *t, enum web_method method,
                                  const char *path, unsigned roles)
{
    const char *mark = strchr(path, '?');
    size_t len = mark != NULL ? (size_t)(mark - path) : strlen(path);

    snprintf(t->path, sizeof(t->path), "%.*s", (int)len, path);
    snprintf(t->query, sizeof(t->query), "%s", mark != NULL ? mark + 1 : "");
    t->bearer[0] = '\0';
    if (roles != 0)
        snprintf(t->bearer, sizeof(t->bearer), "Bearer %s",
                 f->token[0] != '\0' ? f->token : apifix_token(f, roles));
    return (struct web_request){
        .id = ++f->next_id,
        .method = method,
        .path = t->path,
        .query = t->query,
        .authorization = t->bearer,
        .cookie = "",
        .content_type = "",
        .if_match = f->if_match != NULL ? f->if_match : "",
        .if_none_match = f->if_none_match != NULL ? f->if_none_match : "",
        .range = f->range != NULL ? f->range : "",
        .if_range = f->if_range != NULL ? f->if_range : "",
        .accept_encoding = f->accept_encoding != NULL ? f->accept_encoding : "",
        .accept_language = f->accept_language != NULL ? f->accept_language : "",
        .origin = f->origin != NULL ? f->origin : "",
        .host = f->host != NULL ? f->host : "dai.example:8443",
        .idempotency_key = f->idempotency_key != NULL ? f->idempotency_key : "",
        .csrf = f->csrf,
        .remote = f->remote,
    };
}

static void run_worker(struct apifix *f)
{
    void (*work)(void *arg) = f->work;
    void (*done)(void *arg) = f->work_done;

    f->work = NULL;
    if (work == NULL)
        return;
    work(f->work_arg);
    done(f->work_arg);
}

static unsigned deliver(struct apifix *f, struct web_request *req, const char *body)
{
    f->status = 0;
    if (body != NULL) {
        req->content_type = "application/json";
        req->content_length = strlen(body);
        if (f->handler.on_headers(f->handler.ctx, req) == WEB_BODY_ANSWERED)
            return f->status;
        req->body = bytes_of(body, strlen(body));
    }
    f->handler.on_request(f->handler.ctx, req);
    if (f->hold_work)
        return f->answered == req->id ? f->status : 0;
    run_worker(f);
    assert_int_equal(f->answered, req->id);
    return f->status;
}

unsigned apifix_send(struct apifix *f, enum web_method method, const char *path, unsigned roles,
                     const char *body)
{
    struct request_texts t;
    struct web_request req = request(f, &t, method, path, roles);

    return deliver(f, &req, body);
}

unsigned apifix_send_cookie(struct apifix *f, enum web_method method, const char *path,
                            const char *cookie, const char *body)
{
    struct request_texts t;
    struct web_request req = request(f, &t, method, path, 0);

    req.cookie = cookie;
    return deliver(f, &req, body);
}

void apifix_work(struct apifix *f)
{
    run_worker(f);
}

void apifix_restart(struct apifix *f)
{
    struct api_ports ports = apifix_ports(f);

    api_free(f->api);
    assert_int_equal(api_new(&ports, ADMIN_CODE, &f->api), ERR_OK);
    f->handler = api_handler(f->api);
}

unsigned apifix_socket(struct apifix *f, const char *path, unsigned roles, const char *cookie,
                       uint64_t *ret_id)
{
    struct request_texts t;
    struct web_request req = request(f, &t, WEB_GET, path, roles);

    if (roles == 0)
        req.cookie = cookie;
    *ret_id = req.id;
    return f->handler.on_socket(f->handler.ctx, &req);
}

void apifix_expect(struct apifix *f, unsigned status, unsigned got, const char *file, int line)
{
    if (got == status)
        return;
    print_error("status %u instead of %u: %s\n", got, status, f->text);
    _fail(file, line);
}

json_t *apifix_json(struct apifix *f, const char *path)
{
    json_t *at = f->body;

    while (*path != '\0' && at != NULL) {
        char key[64];
        size_t len = strcspn(path, ".");

        snprintf(key, sizeof(key), "%.*s", (int)len, path);
        at = json_is_array(at) ? json_array_get(at, (size_t)atoi(key)) : json_object_get(at, key);
        path += len;
        path += *path == '.' ? 1 : 0;
    }
    return at;
}

int64_t apifix_number(struct apifix *f, const char *path)
{
    json_t *at = apifix_json(f, path);

    return json_is_integer(at) ? json_integer_value(at) : -1;
}

const char *apifix_string(struct apifix *f, const char *path)
{
    const char *text = json_string_value(apifix_json(f, path));

    return text != NULL ? text : "";
}

bool apifix_says(struct apifix *f, const char *part)
{
    return strstr(apifix_string(f, "message"), part) != NULL;
}

uint64_t apifix_journal(struct apifix *f, char *ret_action)
{
    struct db_page page = {.newest_first = true};
    struct journal_entry entry = {0};
    size_t count = 0;

    assert_int_equal(store_journal_list(f->db, NULL, &page, &entry, 1, &count), ERR_OK);
    if (ret_action != NULL)
        memcpy(ret_action, entry.action, sizeof(entry.action));
    return count == 1 ? entry.seq : 0;
}

uint64_t apifix_zone(struct apifix *f, const char *code, const char *name)
{
    char body[256];

    snprintf(body, sizeof(body), "{\"code\": \"%s\", \"name\": \"%s\"}", code, name);
    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN, body));
    return (uint64_t)apifix_number(f, "id");
}

uint32_t apifix_node(struct apifix *f, uint64_t zone, const char *name)
{
    struct node_record record = {.zone = {(uint32_t)zone}, .state = NODE_STATE_ACTIVE};

    snprintf(record.name, sizeof(record.name), "%s", name);
    assert_int_equal(store_node_add(f->db, &record, &record.id), ERR_OK);
    assert_int_equal(store_node_get(f->db, record.id, &record), ERR_OK);
    assert_int_equal(registry_put(f->registry, &record), ERR_OK);
    return record.id.v;
}

void apifix_media(struct apifix *f, uint8_t first_byte, uint32_t duration_ms, char ret_hex[65])
{
    struct media_info media = {.size_bytes = 1000,
                               .samples = (uint64_t)duration_ms * 48,
                               .duration_ms = duration_ms,
                               .created_us = NOW_US};
    struct user user;

    memset(media.id.sha256, first_byte, SHA256_BYTES);
    snprintf(media.title, sizeof(media.title), "Recording %u", first_byte);
    snprintf(media.source_name, sizeof(media.source_name), "a.wav");
    (void)apifix_token(f, ROLE_OPERATOR);
    assert_int_equal(store_user_find(f->db, "user-1", &user), ERR_OK);
    media.created_by = user.id;
    assert_int_equal(store_media_add(f->db, &media), ERR_OK);
    bytes_to_hex(bytes_of(media.id.sha256, SHA256_BYTES), ret_hex);
}

uint64_t apifix_bulletin(struct apifix *f, const char *title, bool approve)
{
    static uint8_t next_media = 1;
    char hex[65];
    char body[512];
    char path[64];
    uint64_t id;

    apifix_media(f, next_media++, 60000, hex);
    snprintf(body, sizeof(body), "{\"title\": \"%s\", \"media\": [\"%s\"]}", title, hex);
    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/bulletins", ROLE_OPERATOR, body));
    id = (uint64_t)apifix_number(f, "id");
    if (!approve)
        return id;
    snprintf(path, sizeof(path), "/api/v1/bulletins/%llu/submit", (unsigned long long)id);
    expect_status(f, 200, apifix_send(f, WEB_POST, path, ROLE_OPERATOR, NULL));
    snprintf(path, sizeof(path), "/api/v1/bulletins/%llu/approve", (unsigned long long)id);
    expect_status(f, 200, apifix_send(f, WEB_POST, path, ROLE_APPROVER, NULL));
    return id;
}

static enum web_method upload_method(const struct apifix *f)
{
    return f->upload_method != WEB_NONE ? f->upload_method : WEB_POST;
}

bool apifix_upload_begin(struct apifix *f, const char *path, unsigned roles, uint64_t *ret_id)
{
    struct request_texts t;
    struct web_request req = request(f, &t, upload_method(f), path, roles);

    req.content_length = 1000;
    *ret_id = req.id;
    return f->handler.on_headers(f->handler.ctx, &req) == WEB_BODY_STREAM;
}

bool apifix_upload_piece(struct apifix *f, uint64_t id, const void *data, size_t len)
{
    return f->handler.on_piece(f->handler.ctx, id, bytes_of(data, len));
}

void apifix_upload_end(struct apifix *f, uint64_t id, const char *path, unsigned roles)
{
    struct request_texts t;
    struct web_request req = request(f, &t, upload_method(f), path, roles);

    req.id = id;
    f->handler.on_request(f->handler.ctx, &req);
}
