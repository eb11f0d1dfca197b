/* Answer with a file: what the client holds already is not sent again, and it may ask for a part. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api_impl.h"

/* One of "bytes=a-b", "bytes=a-" and "bytes=-n"; a list of ranges may be answered as if there were none.
 *
 * ERR_NOT_FOUND  none that we answer; ERR_LIMIT: nothing of the file is in it */
static enum err read_range(const char *text, uint64_t size, uint64_t *ret_at, uint64_t *ret_len)
{
    static const char unit[] = "bytes=";
    size_t digits;
    uint64_t first, last = UINT64_MAX;

    if (strncmp(text, unit, sizeof(unit) - 1) != 0)
        return ERR_NOT_FOUND;
    text += sizeof(unit) - 1;
    digits = strspn(text, "0123456789");
    if (digits > 18 || text[digits] != '-')
        return ERR_NOT_FOUND;
    first = strtoull(text, NULL, 10);
    text += digits + 1;
    if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 18 ||
        (digits == 0 && text[0] == '\0'))
        return ERR_NOT_FOUND;
    if (text[0] != '\0')
        last = strtoull(text, NULL, 10);
    if (digits == 0) {
        first = last < size ? size - last : 0;
        if (last == 0)
            return ERR_LIMIT;
        last = size;
    }
    if (last < first)
        return ERR_NOT_FOUND;
    if (first >= size)
        return ERR_LIMIT;
    *ret_at = first;
    *ret_len = (last < size ? last + 1 : size) - first;
    return ERR_OK;
}

/* Is the tag in the list? Weak ones count as well: the same tag never stands for other bytes here. */
static bool names_tag(const char *list, const char *tag)
{
    const char *at = strstr(list, tag);

    return strcmp(list, "*") == 0 || (at != NULL && strcspn(at + strlen(tag), ", \t") == 0);
}

static enum err answer_part(struct call *c, uint64_t size)
{
    struct web_response *res = &c->res;
    enum err e = read_range(c->req->range, size, &res->part_at, &res->part_len);

    if (e == ERR_LIMIT) {
        web_response_deinit(res);
        c->status = 416;
        call_header(c, "content-range:", "bytes */%llu", (unsigned long long)size);
        return err_set(&c->detail, e, "The file is shorter than that; ask for bytes within it.");
    }
    if (e != ERR_OK)
        return ERR_OK;
    res->status = 206;
    res->is_part = true;
    call_header(c, "content-range:", "bytes %llu-%llu/%llu", (unsigned long long)res->part_at,
                (unsigned long long)(res->part_at + res->part_len - 1), (unsigned long long)size);
    return ERR_OK;
}

enum err call_file(struct call *c, int fd, const char *content_type, const char *tag,
                   const char *cache)
{
    struct web_response *res = &c->res;
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return ERR_NOT_FOUND;
    }
    res->cache = cache;
    call_header(c, "etag:", "%s", tag);
    if (names_tag(c->req->if_none_match, tag)) {
        close(fd);
        res->status = 304;
        return ERR_OK;
    }
    res->status = 200;
    res->content_type = content_type;
    res->has_fd = true;
    res->fd = fd;
    call_header(c, "accept-ranges:", "bytes");
    if (c->req->range[0] == '\0' ||
        (c->req->if_range[0] != '\0' && strcmp(c->req->if_range, tag) != 0))
        return ERR_OK;
    return answer_part(c, (uint64_t)st.st_size);
}
