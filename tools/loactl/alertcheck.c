#include "alertcheck.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cap_check.h"
#include "cap_describe.h"
#include "cap_time.h"
#include "print.h"

/* A file in memory with a NUL behind it, for free(); NULL after saying why. */
static char *read_file(const char *path, size_t max, size_t *ret_len)
{
    FILE *in = fopen(path, "re");
    char *data = malloc(max + 2);

    if (in != NULL && data != NULL) {
        *ret_len = fread(data, 1, max + 1, in);
        data[*ret_len] = '\0';
        if (!ferror(in)) {
            fclose(in);
            return data;
        }
    }
    call_refuse("%s cannot be read (%s)", path, strerror(errno));
    if (in != NULL)
        fclose(in);
    free(data);
    return NULL;
}

/* The policy that was named, or the defaults; NULL after saying why. */
static struct cap_policy *read_policy(const char *path)
{
    struct cap_policy *policy = NULL;
    struct err_detail detail = {""};
    char folder[4096] = ".";
    char *text = NULL;
    size_t len = 0;

    if (path != NULL) {
        const char *slash = strrchr(path, '/');

        if (slash != NULL)
            snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + (slash == path), path);
        text = read_file(path, CAP_POLICY_BYTES_MAX, &len);
        if (text == NULL)
            return NULL;
    }
    if (cap_policy_read(text != NULL ? text : "", folder, &policy, &detail) != ERR_OK)
        call_refuse("%s: %s", path, detail.text);
    free(text);
    return policy;
}

/* The instant to judge for; false after saying why. */
static bool read_now(const char *text, usec_t *ret_us)
{
    struct timespec now;
    bool assumed;

    if (text == NULL) {
        clock_gettime(CLOCK_REALTIME, &now);
        *ret_us = now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
        return true;
    }
    if (cap_time_read(text, CAP_VERSION_12, 0, ret_us, &assumed) == CAP_CODE_COUNT_)
        return true;
    call_refuse("--at takes a time with its zone, such as 2026-11-22T05:30:00+07:00");
    return false;
}

int alertcheck_run(struct call *call)
{
    const char *source = call_value(call, "source");
    struct cap_policy *policy = read_policy(call_value(call, "policy"));
    struct cap_verdict *verdict = NULL;
    int status = CALL_REFUSED;
    char *data = NULL;
    json_t *answer;
    usec_t now_us;
    size_t len = 0;

    if (policy == NULL || !read_now(call_value(call, "at"), &now_us))
        goto out;
    data = read_file(call_value(call, "file"), CAP_BYTES_MAX, &len);
    if (data == NULL)
        goto out;
    if (cap_verify_start() != ERR_OK ||
        cap_check(bytes_of(data, len), policy, source != NULL ? source : "file", now_us,
                  &verdict) != ERR_OK) {
        call_refuse("there is no verdict: out of memory, or xmlsec1 does not start");
        goto out;
    }
    answer = cap_describe(verdict, policy);
    print_answer(call, answer);
    json_decref(answer);
    status = CALL_DONE;
out:
    cap_verdict_free(verdict);
    cap_policy_free(policy);
    free(data);
    return status;
}
