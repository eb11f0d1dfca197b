#include "netcmd.h"

#include <stdlib.h>
#include <string.h>

struct netcmd *netcmd_new(enum netcmd_kind kind, uint64_t conn, struct bytes data)
{
    struct netcmd *cmd = calloc(1, sizeof(*cmd) + data.len);

    if (cmd == NULL)
        return NULL;
    cmd->item.kind = (int)kind;
    cmd->item.cost_bytes = sizeof(*cmd) + data.len;
    cmd->conn = conn;
    cmd->len = data.len;
    if (data.len > 0)
        memcpy(cmd->data, data.data, data.len);
    return cmd;
}

enum err netcmd_many_new(const uint64_t *conns, size_t count,
                         bool (*meant)(void *ctx, uint64_t conn), void *ctx, struct bytes frame,
                         struct netcmd_many **ret_many)
{
    size_t size = sizeof(struct netcmd_many) + count * sizeof(*conns) + frame.len;
    struct netcmd_many *many = calloc(1, size);
    uint8_t *data;

    if (many == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        if (meant(ctx, conns[i]))
            many->conns[many->count++] = conns[i];
    }
    if (many->count == 0) {
        free(many);
        many = NULL;
    } else {
        data = (uint8_t *)(many->conns + many->count);
        memcpy(data, frame.data, frame.len);
        many->frame = bytes_of(data, frame.len);
        many->item.kind = NETCMD_SEND_MANY;
        many->item.cost_bytes = size;
    }
    *ret_many = many;
    return ERR_OK;
}
