/* Judge many files in one process, for drivers in Python.
 *
 *   captable POLICY SOURCE TIME   file names on standard input
 *
 * One line a file: name, verdict, level, action, then the names of its signers and the codes of its findings,
 * each list joined by commas or "-". With "time" as a fourth word also the milliseconds of processor time it took. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cap_check.h"
#include "cap_time.h"
#include "cap_words.h"
#include "check.h"

static char *load(const char *path, size_t *ret_len)
{
    FILE *in = fopen(path, "re");
    struct stat st;
    char *data;

    CHECK(in != NULL && fstat(fileno(in), &st) == 0);
    data = malloc((size_t)st.st_size + 1);
    CHECK(data != NULL);
    *ret_len = fread(data, 1, (size_t)st.st_size, in);
    data[*ret_len] = '\0';
    fclose(in);
    return data;
}

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void print_verdict(const char *path, const struct cap_verdict *v)
{
    printf("%s\t%s\t%s\t%s\t", path, cap_result_name(v->result), cap_words_level.words[v->level],
           cap_words_action.words[v->action]);
    for (size_t i = 0; i < v->signers.count; i++)
        printf("%s%s", i > 0 ? "," : "", v->signers.signers[i]->name);
    printf("%s\t", v->signers.count == 0 ? "-" : "");
    for (size_t i = 0; i < v->findings.count; i++)
        printf("%s%s", i > 0 ? "," : "", cap_code_name(v->findings.items[i].code));
    printf("%s", v->findings.count == 0 ? "-" : "");
}

int main(int argc, char **argv)
{
    struct cap_policy *policy = NULL;
    struct err_detail detail = {""};
    char folder[4096], path[4096];
    bool assumed;
    usec_t at_us;
    size_t len;
    char *text;

    CHECK(argc >= 4 && cap_verify_start() == ERR_OK);
    CHECK(cap_time_read(argv[3], CAP_VERSION_12, 0, &at_us, &assumed) == CAP_CODE_COUNT_);
    snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(argv[1], '/') - argv[1]), argv[1]);
    text = load(argv[1], &len);
    if (cap_policy_read(text, folder, &policy, &detail) != ERR_OK) {
        fprintf(stderr, "%s\n", detail.text);
        return 1;
    }
    free(text);
    while (fgets(path, sizeof(path), stdin) != NULL) {
        struct cap_verdict *v = NULL;
        double begun_ms;

        path[strcspn(path, "\n")] = '\0';
        text = load(path, &len);
        begun_ms = now_ms();
        CHECK(cap_check(bytes_of(text, len), policy, argv[2], at_us, &v) == ERR_OK);
        begun_ms = now_ms() - begun_ms;
        print_verdict(path, v);
        if (argc > 4)
            printf("\t%.3f", begun_ms);
        putchar('\n');
        cap_verdict_free(v);
        free(text);
    }
    cap_policy_free(policy);
    cap_verify_stop();
    return 0;
}
