/* bedport.h - what the files of the test bed share: the flash of its port, and the controller built in. */
#ifndef LOA_BEDPORT_H
#define LOA_BEDPORT_H

#include "nodebed.h"

enum err bed_flash_read(void *ctx, const char *name, uint64_t offset, void *ret_data, size_t size,
                        size_t *ret_len);
enum err bed_flash_write(void *ctx, const char *name, uint64_t offset, struct bytes data);
enum err bed_flash_sync(void *ctx, const char *name);
enum err bed_flash_replace(void *ctx, const char *name, struct bytes data);
enum err bed_flash_rename(void *ctx, const char *from, const char *to);
enum err bed_flash_remove(void *ctx, const char *name);
enum err bed_flash_list(void *ctx, const char *prefix,
                        void (*each)(void *arg, const char *name, uint64_t size_bytes), void *arg);
uint64_t bed_flash_free_bytes(void *ctx);

/* The controller takes in what the node says, and answers. */
void bed_hear(struct bed *b, struct bytes payload);

/* One way over the link from now on. */
int64_t bed_link_delay(struct bed *b);

#endif
