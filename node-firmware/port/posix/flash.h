/* flash.h - the node's flash objects as files of one directory.
 *
 * Implements the flash functions of port.h. Names are checked, so that nothing outside the directory
 * can be reached. What flash_replace() or flash_rename() put there survives a power cut whole, old or
 * new; what flash_write() put there survives after flash_sync(). Thread: main. */
#ifndef LOA_FLASH_H
#define LOA_FLASH_H

#include <stdbool.h>

#include "bytes.h"
#include "err.h"
#include "port.h"

struct flash {
    int dir_fd; /* -1 closed */
    uint64_t quota_bytes; /* all objects together */
    uint64_t used_bytes;
};

/* Open, and create when missing, the directory; leftovers of interrupted writes are removed.
 *
 *   quota_bytes  0 = as much as the file system holds
 *
 * ERR_IO with detail */
MUST_USE enum err flash_open(struct flash *f, const char *path, uint64_t quota_bytes,
                             struct err_detail *detail);
void flash_close(struct flash *f);

/* True for 1..PORT_NAME_MAX-1 characters of [a-z0-9._-], the first one not a dot. */
bool flash_name_valid(const char *name);

/* As port.h; ERR_ARG besides: the name is not valid, or the offset lies past the end. */
MUST_USE enum err flash_read(struct flash *f, const char *name, uint64_t offset, void *ret_data,
                             size_t size, size_t *ret_len);
MUST_USE enum err flash_write(struct flash *f, const char *name, uint64_t offset,
                              struct bytes data);
MUST_USE enum err flash_sync(struct flash *f, const char *name);
MUST_USE enum err flash_replace(struct flash *f, const char *name, struct bytes data);
MUST_USE enum err flash_rename(struct flash *f, const char *from, const char *to);
MUST_USE enum err flash_remove(struct flash *f, const char *name);
MUST_USE enum err flash_list(struct flash *f, const char *prefix,
                             void (*each)(void *arg, const char *name, uint64_t size_bytes),
                             void *arg);
uint64_t flash_free_bytes(struct flash *f);

#endif
