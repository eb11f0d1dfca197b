/* The web console's files: opened name by name below one directory, so that nothing else can be reached. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api_impl.h"

#define CONSOLE_NAME_SIZE 256
#define HASH_MIN 8 /* characters of the digest that the build puts into names */
#define TILES_PATH "/tiles.pmtiles"
#define FOR_EVER "public, max-age=31536000, immutable"

static const char no_console[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"vi\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>Loa</title>\n"
    "</head>\n"
    "<body>\n"
    "<h1>Loa – đài truyền thanh cơ sở</h1>\n"
    "<p>Máy chủ này điều khiển các cụm loa của xã. Bảng điều khiển chưa có trên máy này: hãy dựng "
    "bằng lệnh <code>tools/dev console</code> rồi đặt <code>[web] console</code> trong tệp cấu "
    "hình. Trong lúc đó, dùng lệnh "
    "<code>loactl</code> hoặc API tại <code>/api/v1</code>.</p>\n"
    "<div lang=\"en\">\n"
    "<h2>Loa – public-address controller of a commune</h2>\n"
    "<p>The console is not on this machine: build it with <code>tools/dev console</code> "
    "and name its directory as <code>[web] console</code> in the configuration. Meanwhile use the "
    "command <code>loactl</code> or the API "
    "under <code>/api/v1</code>.</p>\n"
    "</div>\n"
    "</body>\n"
    "</html>\n";

/* "https://tiles.example:8443" of an address of tiles; 0: there is no such part. */
static size_t origin_length(const char *tiles)
{
    const char *host = strstr(tiles, "://");

    return host != NULL ? (size_t)(host - tiles) + 3 + strcspn(host + 3, "/") : 0;
}

void console_policy(struct api *a)
{
    const char *tiles = a->ports.tiles != NULL ? a->ports.tiles : "";
    int len = (int)origin_length(tiles);

    snprintf(a->console_policy, sizeof(a->console_policy),
             "default-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'%s%.*s; "
             "img-src 'self' data: blob:%s%.*s; media-src 'self' blob:; worker-src 'self' blob:; "
             "font-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
             "form-action 'self'",
             len > 0 ? " " : "", len, tiles, len > 0 ? " " : "", len, tiles);
}

const char *console_tiles(const struct api *a)
{
    const char *tiles = a->ports.tiles != NULL ? a->ports.tiles : "";

    return tiles[0] == '/' ? TILES_PATH : tiles;
}

static const char *type_of(const char *name)
{
    static const struct {
        const char *end;
        const char *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".wasm", "application/wasm"},
        {".txt", "text/plain; charset=utf-8"},
        {".pdf", "application/pdf"},
        {".opus", "audio/ogg"},
        {".wav", "audio/wav"},
    };
    const char *end = strrchr(name, '.');

    for (size_t i = 0; end != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(end, types[i].end) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

/* "assets/NAME-DIGEST.js": other contents would have another name. */
static bool is_immutable(const char *name)
{
    const char *dash = strrchr(name, '-');
    const char *dot = strrchr(name, '.');

    return strncmp(name, "assets/", 7) == 0 && dash != NULL && dot != NULL && dot - dash > HASH_MIN;
}

/* Open a file below a directory. Links, hidden files and everything that is no regular file are not there. */
static int open_below(int dir, const char *name)
{
    char part[CONSOLE_NAME_SIZE];
    size_t len = strcspn(name, "/");
    int fd, below;
    struct stat st;

    if (len == 0 || len >= sizeof(part) || name[0] == '.')
        return -1;
    memcpy(part, name, len);
    part[len] = '\0';
    if (name[len] == '/') {
        below = openat(dir, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        fd = below >= 0 ? open_below(below, name + len + 1) : -1;
        if (below >= 0)
            close(below);
        return fd;
    }
    fd = openat(dir, part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Does the list of codings hold this one, not with a weight of 0? */
static bool accepts(const char *list, const char *coding)
{
    size_t len = strlen(coding);

    while (*list != '\0') {
        size_t item = strcspn(list, ",");
        size_t word = strcspn(list, ",; \t");

        if (word == len && strncasecmp(list, coding, len) == 0) {
            const char *weight = memmem(list, item, "q=", 2);

            return weight == NULL || strtod(weight + 2, NULL) > 0;
        }
        list += item;
        list += strspn(list, ", \t");
    }
    return false;
}

/* The same file as the build has compressed it, in place of *fd. Returns the coding, NULL as it is. */
static const char *compressed(struct call *c, int dir, const char *name, int *fd)
{
    static const char *const codings[][2] = {{"br", ".br"}, {"gzip", ".gz"}};
    struct stat plain, packed;

    if (c->req->range[0] != '\0' || fstat(*fd, &plain) != 0)
        return NULL;
    for (size_t i = 0; i < 2; i++) {
        char other[CONSOLE_NAME_SIZE + 4];
        int found;

        if (!accepts(c->req->accept_encoding, codings[i][0]))
            continue;
        snprintf(other, sizeof(other), "%s%s", name, codings[i][1]);
        found = open_below(dir, other);
        /* An older one is of another build. */
        if (found >= 0 && fstat(found, &packed) == 0 && packed.st_mtime >= plain.st_mtime) {
            close(*fd);
            *fd = found;
            return codings[i][0];
        }
        if (found >= 0)
            close(found);
    }
    return NULL;
}

static enum err send_file(struct call *c, int fd, const char *name, const char *coding)
{
    struct stat st;
    char tag[80];

    if (fstat(fd, &st) != 0) {
        close(fd);
        return ERR_IO;
    }
    snprintf(tag, sizeof(tag), "\"%llx.%lx-%llx%s%s\"", (unsigned long long)st.st_mtim.tv_sec,
             (unsigned long)st.st_mtim.tv_nsec, (unsigned long long)st.st_size,
             coding != NULL ? "-" : "", coding != NULL ? coding : "");
    c->res.policy = c->api->console_policy;
    call_header(c, "vary:", "accept-encoding");
    if (coding != NULL)
        call_header(c, "content-encoding:", "%s", coding);
    return call_file(c, fd, type_of(name), tag, is_immutable(name) ? FOR_EVER : "no-cache");
}

static enum err answer_without(struct call *c)
{
    c->res.status = 200;
    c->res.content_type = "text/html; charset=utf-8";
    c->res.body = strdup(no_console);
    c->res.body_len = sizeof(no_console) - 1;
    return c->res.body != NULL ? ERR_OK : ERR_NOMEM;
}

enum err console_answer(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    const char *name = c->req->path + 1;
    const char *coding = NULL;
    int dir = -1;
    int fd = -1;

    if (name[0] == '\0')
        name = "index.html";
    if (strcmp(c->req->path, TILES_PATH) == 0 && ports->tiles != NULL && ports->tiles[0] == '/') {
        fd = open(ports->tiles, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    } else if (ports->console_dir != NULL && strlen(name) < CONSOLE_NAME_SIZE) {
        dir = open(ports->console_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
        fd = dir >= 0 ? open_below(dir, name) : -1;
        if (fd >= 0)
            coding = compressed(c, dir, name, &fd);
        if (dir >= 0)
            close(dir);
    }
    if (fd >= 0)
        return send_file(c, fd, name, coding);
    if (c->req->path[1] == '\0')
        return answer_without(c);
    return err_set(&c->detail, ERR_NOT_FOUND,
                   "There is no such address; see the API's description.");
}
