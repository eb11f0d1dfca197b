#include "hls.h"

#include <string.h>

#define NUMBER_MAX (UINT64_MAX / 100)

struct hls_reader {
    struct hls *list;
    uint64_t from;
    uint64_t number; /* of the segment that comes next */
    uint64_t least; /* bandwidth of what `next` names */
    bool wants_variant; /* the next name is a list of a stream */
    bool wants_segment; /* the next name is a segment */
    bool takes_variant;
    bool has_sound; /* `next` is sound alone */
    struct err_detail *detail;
};

/* The value after `tag` when the line begins with it; its data is NULL otherwise. */
static struct bytes value_of(struct bytes line, const char *tag)
{
    size_t len = strlen(tag);

    if (line.len < len || memcmp(line.data, tag, len) != 0)
        return bytes_of(NULL, 0);
    return bytes_of(line.data + len, line.len - len);
}

static uint64_t number_of(struct bytes text)
{
    uint64_t n = 0;

    for (size_t i = 0; i < text.len && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        n = n < NUMBER_MAX ? n * 10 + (uint64_t)(text.data[i] - '0') : n;
    return n;
}

/* An attribute's value without its quotes; NULL data when it is missing. A comma in quotes ends no attribute. */
static struct bytes attribute(struct bytes list, const char *name)
{
    size_t len = strlen(name);
    size_t at = 0;

    while (at < list.len) {
        bool quoted = false;
        size_t end = at, from;

        while (end < list.len && (quoted || list.data[end] != ','))
            quoted ^= list.data[end++] == '"';
        while (at < end && list.data[at] == ' ')
            at++;
        from = at + len + 1;
        if (from <= end && memcmp(list.data + at, name, len) == 0 && list.data[from - 1] == '=') {
            if (end - from >= 2 && list.data[from] == '"' && list.data[end - 1] == '"')
                return bytes_of(list.data + from + 1, end - from - 2);
            return bytes_of(list.data + from, end - from);
        }
        at = end + 1;
    }
    return bytes_of(NULL, 0);
}

static bool is(struct bytes text, const char *word)
{
    return text.data != NULL && text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

static enum err take_name(const struct hls_reader *r, struct bytes name,
                          char ret_name[HLS_NAME_SIZE])
{
    if (name.len == 0 || name.len >= HLS_NAME_SIZE)
        return err_set(r->detail, ERR_LIMIT, "The playlist names addresses that are too long.");
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] <= ' ' || name.data[i] == 0x7F)
            return err_set(r->detail, ERR_FORMAT,
                           "The playlist holds names that are no addresses.");
    memcpy(ret_name, name.data, name.len);
    ret_name[name.len] = '\0';
    return ERR_OK;
}

static enum err take_segment(struct hls_reader *r, struct bytes name)
{
    struct hls *l = r->list;
    uint64_t number = r->number++;
    bool full = l->count == HLS_SEGMENTS_MAX;

    r->wants_segment = false;
    l->end = r->number;
    if (r->from != HLS_NEWEST && (number < r->from || full))
        return ERR_OK;
    if (full) {
        memmove(l->segments[0], l->segments[1], sizeof(l->segments) - sizeof(l->segments[0]));
        l->count--;
    }
    l->first = number - l->count;
    return take_name(r, name, l->segments[l->count++]);
}

/* A list is of streams or of segments; tags of both are refused (RFC 8216 sections 4.3.3, 4.3.4). */
static enum err become(struct hls_reader *r, enum hls_kind kind)
{
    if (r->list->kind != HLS_STREAM && r->list->kind != kind)
        return err_set(r->detail, ERR_FORMAT, "The playlist names both streams and segments.");
    r->list->kind = kind;
    return ERR_OK;
}

static enum err take_sound(struct hls_reader *r, struct bytes list)
{
    struct bytes uri = attribute(list, "URI");
    enum err e = become(r, HLS_MASTER);

    if (e != ERR_OK || r->has_sound || !is(attribute(list, "TYPE"), "AUDIO") || uri.len == 0)
        return e;
    r->has_sound = true;
    return take_name(r, uri, r->list->next);
}

static enum err take_variant(struct hls_reader *r, struct bytes list)
{
    uint64_t bandwidth = number_of(attribute(list, "BANDWIDTH"));

    r->wants_variant = true;
    r->takes_variant = !r->has_sound && bandwidth < r->least;
    if (r->takes_variant)
        r->least = bandwidth;
    return become(r, HLS_MASTER);
}

static enum err take_target(struct hls_reader *r, uint64_t s)
{
    r->list->target_s = s < 1 ? 1 : s > HLS_TARGET_MAX_S ? HLS_TARGET_MAX_S : (uint32_t)s;
    return become(r, HLS_SEGMENTS);
}

static enum err refuse_key(const struct hls_reader *r, struct bytes list)
{
    if (is(attribute(list, "METHOD"), "NONE"))
        return ERR_OK;
    return err_set(r->detail, ERR_UNSUPPORTED,
                   "The broadcaster encrypts its stream; ask it for one that may be relayed.");
}

static enum err take_tag(struct hls_reader *r, struct bytes line)
{
    struct hls *l = r->list;
    struct bytes v;

    if ((v = value_of(line, "#EXTINF:")).data != NULL) {
        r->wants_segment = true;
    } else if ((v = value_of(line, "#EXT-X-TARGETDURATION:")).data != NULL) {
        return take_target(r, number_of(v));
    } else if ((v = value_of(line, "#EXT-X-MEDIA-SEQUENCE:")).data != NULL && l->end == 0) {
        r->number = number_of(v);
    } else if (is(line, "#EXT-X-ENDLIST")) {
        l->ended = true;
    } else if ((v = value_of(line, "#EXT-X-STREAM-INF:")).data != NULL) {
        return take_variant(r, v);
    } else if ((v = value_of(line, "#EXT-X-MEDIA:")).data != NULL) {
        return take_sound(r, v);
    } else if ((v = value_of(line, "#EXT-X-KEY:")).data != NULL) {
        return refuse_key(r, v);
    } else if ((v = value_of(line, "#EXT-X-MAP:")).data != NULL) {
        if (attribute(v, "BYTERANGE").data == NULL)
            return take_name(r, attribute(v, "URI"), l->head);
        return err_set(r->detail, ERR_UNSUPPORTED,
                       "The playlist names parts of files, which is not followed.");
    } else if (value_of(line, "#EXT-X-BYTERANGE:").data != NULL) {
        return err_set(r->detail, ERR_UNSUPPORTED,
                       "The playlist names parts of files, which is not followed.");
    }
    return ERR_OK;
}

static enum err take_line(struct hls_reader *r, struct bytes line)
{
    struct hls *l = r->list;

    if (line.len == 0)
        return ERR_OK;
    if (line.data[0] == '#')
        return take_tag(r, line);
    if (l->kind == HLS_SEGMENTS)
        return r->wants_segment ? take_segment(r, line) : ERR_OK;
    if (r->wants_variant) {
        r->wants_variant = false;
        return r->takes_variant ? take_name(r, line, l->next) : ERR_OK;
    }
    return l->kind == HLS_STREAM && l->next[0] == '\0' ? take_name(r, line, l->next) : ERR_OK;
}

enum err hls_read(struct bytes text, uint64_t from, struct hls *ret_list, struct err_detail *detail)
{
    static const uint8_t mark[] = {0xEF, 0xBB, 0xBF};
    struct hls_reader r = {.list = ret_list, .from = from, .least = UINT64_MAX, .detail = detail};
    size_t at = text.len >= 3 && memcmp(text.data, mark, 3) == 0 ? 3 : 0;
    bool first = true;

    if (text.len > HLS_TEXT_MAX)
        return err_set(detail, ERR_LIMIT, "The playlist is longer than %zu bytes.", HLS_TEXT_MAX);
    *ret_list = (struct hls){.kind = HLS_STREAM, .target_s = 10};
    while (at < text.len) {
        const uint8_t *newline = memchr(text.data + at, '\n', text.len - at);
        size_t end = newline != NULL ? (size_t)(newline - text.data) : text.len;
        struct bytes line = bytes_of(text.data + at, end - at);
        enum err e = ERR_OK;

        while (line.len > 0 && line.data[line.len - 1] <= ' ')
            line.len--;
        if (first && value_of(line, "#EXTM3U").data == NULL)
            return err_set(detail, ERR_FORMAT, "What is sent there is no playlist of this kind.");
        first = false;
        e = take_line(&r, line);
        if (e != ERR_OK)
            return e;
        at = end + 1;
    }
    if (first || (ret_list->kind == HLS_SEGMENTS ? ret_list->end == 0 : ret_list->next[0] == '\0'))
        return err_set(detail, ERR_FORMAT, "The playlist names nothing that sounds.");
    return ERR_OK;
}
