/* How long the consumer of alerts takes from bytes to the verdict as JSON: decide_judge ROUNDS BIG_BYTES.
 * Prints one JSON object: name of the message -> ms of each round. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cap_describe.h"
#include "capfix.h"
#include "check.h"

#define POINT_BYTES 22

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* A coast line of so many bytes, round the station, in place of the alert's polygon. */
static char *with_polygon(size_t bytes)
{
    const char *from = strstr(capfix_alert, "16.40,107.50"), *to = strstr(from, "</polygon>");
    char *text = malloc(strlen(capfix_alert) + bytes + 256);
    size_t len;

    CHECK(text != NULL);
    len =
        (size_t)sprintf(text, "%.*s16.400000,107.500000", (int)(from - capfix_alert), capfix_alert);
    for (size_t i = 1; i * POINT_BYTES < bytes; i++) {
        double part = (double)i * POINT_BYTES / (double)bytes * 4;
        double along = part - (double)(int)part, jag = (double)(i % 7) * 1e-4;
        double lat = part < 1   ? 16.4 - jag
                     : part < 2 ? 16.4 + along * 0.2
                     : part < 3 ? 16.6 + jag
                                : 16.6 - along * 0.2;
        double lon = part < 1   ? 107.5 + along * 0.2
                     : part < 2 ? 107.7 + jag
                     : part < 3 ? 107.7 - along * 0.2
                                : 107.5 - jag;

        len += (size_t)sprintf(text + len, " %.6f,%.6f", lat, lon);
    }
    sprintf(text + len, " 16.400000,107.500000%s", to);
    return text;
}

/* Signed, showing the certificate: messages as large as this must. */
static char *sign(const char *text, const struct capfix_key *key)
{
    const char *pem = capfix_certificate(key);
    const char *from = strchr(pem, '\n'), *to = strstr(pem, "-----END");
    char *bare = capfix_before(text, "</alert>", capfix_template);
    char info[4096];
    char *shown, *out;

    snprintf(info, sizeof(info),
             "<KeyInfo><X509Data><X509Certificate>%.*s</X509Certificate></X509Data></KeyInfo>",
             (int)(to - from), from);
    shown = capfix_before(bare, "</Signature>", info);
    out = capfix_sign(shown, 0, key);
    free(shown);
    free(bare);
    return out;
}

static void measure(const char *name, const char *text, const struct cap_policy *policy,
                    const char *source, int rounds, const char *end)
{
    printf("\"%s\": {\"bytes\": %zu, \"ms\": [", name, strlen(text));
    for (int i = 0; i < rounds; i++) {
        double began = now_ms();
        struct cap_verdict *v = capfix_check(text, policy, source);
        char *described = cap_describe_text(v, policy);

        printf("%s%.3f", i > 0 ? ", " : "", now_ms() - began);
        CHECK(v->result == CAP_ACCEPTED && v->action == CAP_ACTION_SOUND && described != NULL);
        free(described);
        cap_verdict_free(v);
    }
    printf("]}%s", end);
}

int main(int argc, char **argv)
{
    int rounds = argc == 3 ? atoi(argv[1]) : 0;
    struct cap_policy *policy = capfix_read(capfix_policy, ".");
    struct capfix_key *key = capfix_key_new();
    char *large, *typical, *signed_large;

    if (rounds < 1 || cap_verify_start() != ERR_OK)
        return 2;
    policy->signer_count = 1;
    policy->signers[0] = (struct cap_signer){
        .name = "province",
        .certificate = strdup(capfix_certificate(key)),
        .bounds = {.level = PRIORITY_EMERGENCY, .everywhere = true},
    };
    large = with_polygon((size_t)atol(argv[2]));
    typical = sign(capfix_alert, key);
    signed_large = sign(large, key);
    printf("{");
    measure("typical, signed", typical, policy, "feed", rounds, ", ");
    measure("typical, not signed", capfix_alert, policy, "open", rounds, ", ");
    measure("large, not signed", large, policy, "open", rounds / 10 + 1, ", ");
    measure("large, signed", signed_large, policy, "feed", rounds / 10 + 1, "}\n");
    free(signed_large);
    free(typical);
    free(large);
    cap_policy_free(policy);
    capfix_key_free(key);
    cap_verify_stop();
    return 0;
}
