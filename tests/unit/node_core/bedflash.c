#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bedport.h"

void bed_flash_init(struct bed_flash *f)
{
    *f = (struct bed_flash){.capacity = 1U << 30, .fail_with = ERR_IO};
}

void bed_flash_deinit(struct bed_flash *f)
{
    for (size_t i = 0; i < BED_OBJECTS; i++)
        free(f->objects[i].data);
    *f = (struct bed_flash){0};
}

struct bed_object *bed_flash_find(struct bed_flash *f, const char *name)
{
    for (size_t i = 0; i < BED_OBJECTS; i++)
        if (f->objects[i].used && strcmp(f->objects[i].name, name) == 0)
            return &f->objects[i];
    return NULL;
}

static struct bed_object *obtain(struct bed_flash *f, const char *name)
{
    struct bed_object *o = bed_flash_find(f, name);

    for (size_t i = 0; o == NULL && i < BED_OBJECTS; i++)
        if (!f->objects[i].used) {
            o = &f->objects[i];
            *o = (struct bed_object){.used = true};
            strcpy(o->name, name);
        }
    assert_non_null(o);
    return o;
}

static void resize(struct bed_object *o, size_t len)
{
    bool in_core = bed_in_core;

    bed_in_core = false;
    o->data = realloc(o->data, len + 1);
    assert_non_null(o->data);
    if (len > o->len)
        memset(o->data + o->len, 0, len - o->len);
    o->len = len;
    bed_in_core = in_core;
}

void bed_flash_put(struct bed_flash *f, const char *name, const void *data, size_t len)
{
    struct bed_object *o = obtain(f, name);

    resize(o, len);
    memcpy(o->data, data, len);
    o->durable_len = len;
}

void bed_flash_power_cut(struct bed_flash *f)
{
    for (size_t i = 0; i < BED_OBJECTS; i++) {
        struct bed_object *o = &f->objects[i];

        if (o->used && o->durable_len < o->len)
            memset(o->data + o->durable_len, 0xA5, o->len - o->durable_len);
    }
    f->fail_from = 0;
}

static bool fails(struct bed_flash *f)
{
    f->ops++;
    return f->fail_from > 0 && f->ops >= f->fail_from;
}

static uint64_t used_bytes(const struct bed_flash *f)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < BED_OBJECTS; i++)
        sum += f->objects[i].used ? f->objects[i].len : 0;
    return sum;
}

enum err bed_flash_read(void *ctx, const char *name, uint64_t offset, void *ret_data, size_t size,
                        size_t *ret_len)
{
    struct bed_flash *f = ((struct bed *)ctx)->flash;
    struct bed_object *o = bed_flash_find(f, name);
    size_t n;

    if (o == NULL)
        return ERR_NOT_FOUND;
    if (f->unreadable)
        return ERR_IO;
    n = offset < o->len ? o->len - (size_t)offset : 0;
    n = n < size ? n : size;
    if (n > 0)
        memcpy(ret_data, o->data + offset, n);
    *ret_len = n;
    return ERR_OK;
}

enum err bed_flash_write(void *ctx, const char *name, uint64_t offset, struct bytes data)
{
    struct bed_flash *f = ((struct bed *)ctx)->flash;
    struct bed_object *o = bed_flash_find(f, name);

    assert_true(offset <= (o != NULL ? o->len : 0));
    if (used_bytes(f) + data.len > f->capacity)
        return ERR_LIMIT;
    if (fails(f))
        return f->fail_with;
    o = obtain(f, name);
    if (offset + data.len > o->len)
        resize(o, (size_t)offset + data.len);
    memcpy(o->data + offset, data.data, data.len);
    if (offset < o->durable_len)
        o->durable_len = (size_t)offset;
    return ERR_OK;
}

enum err bed_flash_sync(void *ctx, const char *name)
{
    struct bed_flash *f = ((struct bed *)ctx)->flash;
    struct bed_object *o = bed_flash_find(f, name);

    if (fails(f))
        return f->fail_with;
    assert_non_null(o);
    o->durable_len = o->len;
    return ERR_OK;
}

enum err bed_flash_replace(void *ctx, const char *name, struct bytes data)
{
    struct bed_flash *f = ((struct bed *)ctx)->flash;

    if (used_bytes(f) + data.len > f->capacity)
        return ERR_LIMIT;
    if (fails(f))
        return f->fail_with;
    bed_flash_put(f, name, data.data, data.len);
    return ERR_OK;
}

enum err bed_flash_rename(void *ctx, const char *from, const char *to)
{
    struct bed_flash *f = ((struct bed *)ctx)->flash;
    struct bed_object *o = bed_flash_find(f, from), *old = bed_flash_find(f, to);

    if (fails(f))
        return f->fail_with;
    if (o == NULL)
        return ERR_NOT_FOUND;
    assert_int_equal(o->durable_len, o->len);
    if (old != NULL) {
        free(old->data);
        *old = (struct bed_object){0};
    }
    strcpy(o->name, to);
    return ERR_OK;
}

enum err bed_flash_remove(void *ctx, const char *name)
{
    struct bed_flash *f = ((struct bed *)ctx)->flash;
    struct bed_object *o = bed_flash_find(f, name);

    if (o == NULL)
        return ERR_NOT_FOUND;
    if (fails(f))
        return f->fail_with;
    free(o->data);
    *o = (struct bed_object){0};
    return ERR_OK;
}

enum err bed_flash_list(void *ctx, const char *prefix,
                        void (*each)(void *arg, const char *name, uint64_t size_bytes), void *arg)
{
    struct bed_flash *f = ((struct bed *)ctx)->flash;

    for (size_t i = 0; i < BED_OBJECTS; i++)
        if (f->objects[i].used && strncmp(f->objects[i].name, prefix, strlen(prefix)) == 0)
            each(arg, f->objects[i].name, f->objects[i].len);
    return ERR_OK;
}

uint64_t bed_flash_free_bytes(void *ctx)
{
    const struct bed_flash *f = ((struct bed *)ctx)->flash;
    uint64_t used = used_bytes(f);

    return used < f->capacity ? f->capacity - used : 0;
}
