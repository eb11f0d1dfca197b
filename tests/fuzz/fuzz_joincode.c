/* A code that can be read is written in one way only, and that way reads as the same code. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "joincode.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(1, size + 1);
    char written[JOINCODE_TEXT_SIZE];
    struct joincode code, again;
    struct err_detail detail = {0};
    enum err e;

    CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    e = joincode_parse(text, &code, &detail);
    CHECK(e == ERR_OK || (e == ERR_FORMAT && detail.text[0] != '\0'));
    CHECK(utf8_valid(detail.text, strlen(detail.text), false));
    if (e == ERR_OK) {
        joincode_format(&code, written);
        CHECK(strlen(written) == JOINCODE_TEXT_SIZE - 1);
        CHECK(joincode_parse(written, &again, NULL) == ERR_OK);
        CHECK(memcmp(&code, &again, sizeof(code)) == 0);
    }
    free(text);
    return 0;
}
