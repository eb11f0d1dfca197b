#include "bytes.h"

#include <string.h>

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

void reader_init(struct reader *r, struct bytes view)
{
    *r = (struct reader){.data = view.data, .len = view.len};
}

struct bytes reader_bytes(struct reader *r, size_t len)
{
    struct bytes view;

    if (r->failed || r->len - r->at < len) {
        r->failed = true;
        return bytes_of(NULL, 0);
    }
    view = bytes_of(len > 0 ? r->data + r->at : NULL, len);
    r->at += len;
    return view;
}

static uint64_t read_big_endian(struct reader *r, size_t width)
{
    struct bytes b = reader_bytes(r, width);
    uint64_t v = 0;

    for (size_t i = 0; i < b.len; i++)
        v = v << 8 | b.data[i];
    return v;
}

uint8_t reader_u8(struct reader *r)
{
    return (uint8_t)read_big_endian(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
    return (uint16_t)read_big_endian(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
    return (uint32_t)read_big_endian(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
    return read_big_endian(r, 8);
}

int64_t reader_i64(struct reader *r)
{
    return (int64_t)read_big_endian(r, 8);
}

size_t reader_left(const struct reader *r)
{
    return r->failed ? 0 : r->len - r->at;
}

bool reader_done(const struct reader *r)
{
    return !r->failed && r->at == r->len;
}

void writer_init(struct writer *w, void *data, size_t size)
{
    *w = (struct writer){.data = data, .size = size};
}

void writer_bytes(struct writer *w, struct bytes b)
{
    if (w->failed || w->size - w->at < b.len) {
        w->failed = true;
        return;
    }
    if (b.len > 0)
        memcpy(w->data + w->at, b.data, b.len);
    w->at += b.len;
}

static void write_big_endian(struct writer *w, uint64_t v, size_t width)
{
    uint8_t out[8];

    for (size_t i = 0; i < width; i++)
        out[i] = (uint8_t)(v >> (8 * (width - 1 - i)));
    writer_bytes(w, bytes_of(out, width));
}

void writer_u8(struct writer *w, uint8_t v)
{
    write_big_endian(w, v, 1);
}

void writer_u16(struct writer *w, uint16_t v)
{
    write_big_endian(w, v, 2);
}

void writer_u32(struct writer *w, uint32_t v)
{
    write_big_endian(w, v, 4);
}

void writer_u64(struct writer *w, uint64_t v)
{
    write_big_endian(w, v, 8);
}

void writer_i64(struct writer *w, int64_t v)
{
    write_big_endian(w, (uint64_t)v, 8);
}

struct bytes writer_view(const struct writer *w)
{
    return w->failed ? bytes_of(NULL, 0) : bytes_of(w->data, w->at);
}

void bytes_to_hex(struct bytes b, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < b.len; i++) {
        ret_text[2 * i] = digits[b.data[i] >> 4];
        ret_text[2 * i + 1] = digits[b.data[i] & 15];
    }
    ret_text[2 * b.len] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum err bytes_from_hex(const char *text, uint8_t *ret_data, size_t len)
{
    if (strlen(text) != 2 * len)
        return ERR_FORMAT;
    for (size_t i = 0; i < 2 * len; i++) {
        if (hex_digit(text[i]) < 0)
            return ERR_FORMAT;
    }
    for (size_t i = 0; i < len; i++)
        ret_data[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    return ERR_OK;
}
