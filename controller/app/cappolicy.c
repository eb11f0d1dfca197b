#include "cappolicy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err cappolicy_load(const char *path, struct cap_policy **ret_policy, struct err_detail *detail)
{
    const char *slash = strrchr(path, '/');
    char folder[4096] = ".";
    struct err_detail why = {{0}};
    char *text = calloc(1, CAP_POLICY_BYTES_MAX + 2);
    FILE *in = path[0] != '\0' ? fopen(path, "re") : NULL;
    enum err e = text != NULL ? ERR_OK : ERR_NOMEM;

    if (slash != NULL)
        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + (slash == path), path);
    if (e == ERR_OK && path[0] != '\0' && in == NULL)
        e = err_set(detail, ERR_NOT_FOUND,
                    "The alert policy %s cannot be read; check [cap] policy and its permissions",
                    path);
    if (e == ERR_OK && in != NULL &&
        fread(text, 1, CAP_POLICY_BYTES_MAX + 1, in) > CAP_POLICY_BYTES_MAX)
        e = err_set(detail, ERR_LIMIT, "The alert policy %s is longer than %u bytes; shorten it",
                    path, CAP_POLICY_BYTES_MAX);
    if (e == ERR_OK) {
        e = cap_policy_read(text, folder, ret_policy, &why);
        if (e != ERR_OK)
            err_set(detail, e, "The alert policy %s is wrong: %.300s", path, why.text);
    }
    if (in != NULL)
        fclose(in);
    free(text);
    return e;
}
