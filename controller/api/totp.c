#include "totp.h"

#include <liboath/oath.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "check.h"
#include "secret.h"

#define STEP_S 30
#define DIGITS 6

void totp_make(uint8_t ret_secret[STORE_TOTP_BYTES])
{
    CHECK(getrandom(ret_secret, STORE_TOTP_BYTES, 0) == STORE_TOTP_BYTES);
}

/* Bytes that a URI may hold as they are; others as %XX. */
static void escape(const char *text, char *ret_text, size_t size)
{
    size_t out = 0;

    for (; *text != '\0' && out + 4 < size; text++) {
        unsigned char c = (unsigned char)*text;

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
            ret_text[out++] = (char)c;
        else
            out += (size_t)snprintf(ret_text + out, size - out, "%%%02X", c);
    }
    ret_text[out] = '\0';
}

enum err totp_uri(const uint8_t secret[STORE_TOTP_BYTES], const char *station, const char *login,
                  char ret_uri[TOTP_URI_SIZE])
{
    char place[48], person[200];
    char *base32 = NULL;
    size_t len;

    if (oath_base32_encode((const char *)secret, STORE_TOTP_BYTES, &base32, &len) != OATH_OK)
        return ERR_NOMEM;
    escape(station, place, sizeof(place));
    escape(login, person, sizeof(person));
    snprintf(ret_uri, TOTP_URI_SIZE, "otpauth://totp/Loa%%20%s:%s?secret=%s&issuer=Loa%%20%s",
             place, person, base32, place);
    explicit_bzero(base32, len);
    free(base32);
    return ERR_OK;
}

enum err totp_check(struct store_totp *totp, const char *code, usec_t now_us)
{
    int64_t now_step = now_us / USEC_PER_SEC / STEP_S;

    for (int64_t step = now_step - 1; step <= now_step + 1; step++) {
        char right[TOTP_CODE_SIZE];

        if (step <= totp->last_step ||
            oath_totp_generate((const char *)totp->secret, STORE_TOTP_BYTES, step * STEP_S, STEP_S,
                               OATH_TOTP_DEFAULT_START_TIME, DIGITS, right) != OATH_OK ||
            !secret_equal(right, code))
            continue;
        totp->last_step = step;
        return ERR_OK;
    }
    return ERR_AUTH;
}
