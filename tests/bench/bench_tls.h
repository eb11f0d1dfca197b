/* bench_tls.h - what floor.c and listeners.c share: bare mbedTLS without the project's link. Thread: any. */
#ifndef LOA_BENCH_TLS_H
#define LOA_BENCH_TLS_H

#include <sys/resource.h>

#include "check.h"
#include "digest.h"
#include "tls.h"

enum bench_tls {
    BENCH_TLS_NONE = 0,
    BENCH_TLS_SHARED_KEY, /* both ends are ours: ChaCha20-Poly1305 by a key both know */
    BENCH_TLS_ANY, /* a foreign server: whatever it shows is taken */
};

static inline void bench_raise_descriptors(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

/* Ready a configuration, which must be zeroed; ends the program when that fails. */
static inline void bench_tls_config(mbedtls_ssl_config *config, int endpoint, enum bench_tls how)
{
    static const int suites[] = {MBEDTLS_TLS_PSK_WITH_CHACHA20_POLY1305_SHA256, 0};
    static const unsigned char key[32] = {1}, name[] = "bench";

    CHECK(tls_start() == ERR_OK);
    mbedtls_ssl_config_init(config);
    CHECK(mbedtls_ssl_config_defaults(config, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                      MBEDTLS_SSL_PRESET_DEFAULT) == 0);
    mbedtls_ssl_conf_rng(config, tls_random, NULL);
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_NONE);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
#endif
    if (how != BENCH_TLS_SHARED_KEY)
        return;
    mbedtls_ssl_conf_ciphersuites(config, suites);
    CHECK(mbedtls_ssl_conf_psk(config, key, sizeof(key), name, sizeof(name) - 1) == 0);
}

#endif
