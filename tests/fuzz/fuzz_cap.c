/* Any bytes are judged soon, and nothing of them sounds that is not an Actual, Public, unexpired alert for here.
 * The first byte picks where they came from: a feed that must sign, or a trusted channel. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cap_check.h"
#include "check.h"
#include "fuzz.h"

#define NOW_US (INT64_C(1795300260) * USEC_PER_SEC) /* 2026-11-22T05:31:00+07:00 */
#define CPU_MAX_S 10

static const char policy_text[] = "[station]\nposition = 16.4637,107.5909\ngeocode = vn 19753\n"
                                  "[zone A]\nposition = 16.46,107.59\n[zone B]\nboundary = "
                                  "16.7,107 16.7,107.2 16.9,107.2\n[source open]\ntrust = channel\n"
                                  "[alerts]\ncap11 = accept\nno_area = station\n";

/* Nobody has its key, so nothing is ever signed right. */
static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBbjCCAROgAwIBAgIUAfXnnEustiFZU+kwcZplAibqLWkwCgYIKoZIzj0EAwIw\n"
    "DDEKMAgGA1UEAwwBeDAeFw0yNjExMjIwNjIwMzVaFw0zNjExMTkwNjIwMzVaMAwx\n"
    "CjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQo3L0HjBKprJDZ\n"
    "nPXw06SheU0WQr9xs5TfQ1+cVYT/9XTIFDBYpnGzQzSKv+jkUTO/iZbc9NNerkiu\n"
    "0tCUw31So1MwUTAdBgNVHQ4EFgQUlCfnO/XMUduPc2n0Uz52IvdotuUwHwYDVR0j\n"
    "BBgwFoAUlCfnO/XMUduPc2n0Uz52IvdotuUwDwYDVR0TAQH/BAUwAwEB/zAKBggq\n"
    "hkjOPQQDAgNJADBGAiEAw+2k3YssBSfmcKIsa8rsy9PMa3WV8kSsgEsDBVaYApQC\n"
    "IQDr8Q7KyNYe7DFNd2J0kK88V4kWnfFBUJBYuztpOnxgLA==\n"
    "-----END CERTIFICATE-----\n";

static double cpu_s(void)
{
    struct timespec t;

    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void judge(const struct cap_verdict *v, bool must_sign)
{
    const struct cap_alert *a = v->alert;

    if (v->result != CAP_ACCEPTED)
        CHECK(v->findings.worst != CAP_NOTE && v->action != CAP_ACTION_SOUND &&
              v->action != CAP_ACTION_STOP);
    else
        CHECK(a != NULL && v->findings.worst == CAP_NOTE && !must_sign);
    if (v->action == CAP_ACTION_SOUND) {
        CHECK(a->status == CAP_STATUS_ACTUAL && a->scope == CAP_SCOPE_PUBLIC);
        CHECK(a->type == CAP_TYPE_ALERT || (a->type == CAP_TYPE_UPDATE && a->references.count > 0));
        CHECK(v->expires_us > NOW_US && v->level > PRIORITY_NONE && v->zones.bits[0] != 0);
    }
    if (v->action == CAP_ACTION_STOP)
        CHECK(a->type == CAP_TYPE_CANCEL && a->references.count > 0);
    CHECK(v->findings.count <= CAP_FINDINGS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cap_policy *policy;
    struct cap_verdict *v = NULL;
    double begun_s = cpu_s();
    bool must_sign;

    if (policy == NULL) {
        CHECK(cap_verify_start() == ERR_OK);
        CHECK(cap_policy_read(policy_text, ".", &policy, NULL) == ERR_OK);
        policy->signer_count = 1;
        policy->signers[0] =
            (struct cap_signer){.name = "x",
                                .certificate = strdup(certificate),
                                .sha1 = true,
                                .bounds = {.level = PRIORITY_EMERGENCY, .everywhere = true}};
    }
    if (size == 0)
        return 0;
    must_sign = data[0] == 's';
    CHECK(cap_check(bytes_of(data + 1, size - 1), policy, must_sign ? "feed" : "open", NOW_US,
                    &v) == ERR_OK);
    judge(v, must_sign);
    cap_verdict_free(v);
    CHECK(cpu_s() - begun_s < CPU_MAX_S);
    return 0;
}
