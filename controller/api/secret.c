#include "secret.h"

#include <argon2.h>
#include <string.h>

#include "digest.h"

#define PASSES 2
#define MEMORY_KIB (19 * 1024)
#define LANES 1
#define SALT_BYTES 16
#define HASH_BYTES 32

enum err secret_hash(const char *password, char ret_encoded[SECRET_HASH_SIZE])
{
    uint8_t salt[SALT_BYTES];
    char encoded[SECRET_HASH_SIZE];
    int rc;

    digest_random(salt, sizeof(salt));
    rc = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password, strlen(password), salt,
                               sizeof(salt), HASH_BYTES, encoded, sizeof(encoded));
    if (rc != ARGON2_OK)
        return rc == ARGON2_MEMORY_ALLOCATION_ERROR ? ERR_NOMEM : ERR_ARG;
    memcpy(ret_encoded, encoded, sizeof(encoded));
    return ERR_OK;
}

bool secret_verify(const char *encoded, const char *password)
{
    char scratch[SECRET_HASH_SIZE];

    if (encoded[0] == '\0') {
        (void)!secret_hash(password, scratch);
        return false;
    }
    return argon2id_verify(encoded, password, strlen(password)) == ARGON2_OK;
}

void secret_token(char ret_token[SECRET_TOKEN_SIZE])
{
    uint8_t random[32];

    digest_random(random, sizeof(random));
    memcpy(ret_token, "loa_", 4);
    bytes_to_hex(bytes_of(random, sizeof(random)), ret_token + 4);
}

void secret_digest(const char *token, uint8_t ret_sha256[SHA256_BYTES])
{
    digest_sha256(bytes_of(token, strlen(token)), ret_sha256);
}

void secret_csrf(const char *token, char ret_text[HEX_SIZE(SHA256_BYTES)])
{
    static const char purpose[] = "loa-csrf/1";
    uint8_t sum[SHA256_BYTES];
    struct digest d;

    digest_init(&d);
    digest_update(&d, bytes_of(purpose, sizeof(purpose)));
    digest_update(&d, bytes_of(token, strlen(token)));
    digest_finish(&d, sum);
    bytes_to_hex(bytes_of(sum, sizeof(sum)), ret_text);
}

bool secret_equal(const char *a, const char *b)
{
    size_t len = strlen(a);
    unsigned char difference = 0;

    if (strlen(b) != len)
        return false;
    for (size_t i = 0; i < len; i++)
        difference |= (unsigned char)(a[i] ^ b[i]);
    return difference == 0;
}
