/* A JSON body is read strictly: what comes out keeps its limits, what is refused is explained in text that
 * can itself be sent. */
#include <string.h>

#include "body.h"
#include "check.h"
#include "fuzz.h"
#include "utf8.h"

#define TEXT_MAX 20
#define LINES_MAX 60

struct form {
    char text[TEXT_MAX + 1];
    char lines[LINES_MAX + 1];
    int64_t number;
    bool flag;
    json_t *list;
    json_t *object;
};

static void judge(json_t *body, struct err_detail *detail)
{
    struct form f = {.number = 1};
    const struct body_field fields[] = {
        {"text", BODY_TEXT, f.text, 1, TEXT_MAX, true},
        {"lines", BODY_LINES, f.lines, 0, LINES_MAX, false},
        {"number", BODY_NUMBER, &f.number, -5, 1000000, false},
        {"flag", BODY_BOOL, &f.flag, 0, 0, false},
        {"list", BODY_LIST, &f.list, 1, 3, false},
        {"object", BODY_OBJECT, &f.object, 0, 0, false},
    };
    enum err e = body_read(body, fields, sizeof(fields) / sizeof(fields[0]), detail);

    CHECK(e == ERR_OK || e == ERR_FORMAT || e == ERR_LIMIT);
    CHECK(e == ERR_OK || detail->text[0] != '\0');
    if (e != ERR_OK)
        return;
    CHECK(body_has(body, "text") && f.text[0] != '\0');
    CHECK(utf8_valid(f.text, strlen(f.text), false));
    CHECK(utf8_valid(f.lines, strlen(f.lines), true));
    CHECK(f.number >= -5 && f.number <= 1000000);
    CHECK(f.list == NULL || (json_array_size(f.list) >= 1 && json_array_size(f.list) <= 3));
    CHECK(f.object == NULL || json_is_object(f.object));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err_detail detail = {0};
    json_t *body;
    enum err e = body_parse(bytes_of(data, size), &body, &detail);

    CHECK(e == ERR_OK || (e == ERR_FORMAT && detail.text[0] != '\0'));
    if (e == ERR_OK) {
        CHECK(json_is_object(body));
        judge(body, &detail);
        json_decref(body);
    }
    CHECK(utf8_valid(detail.text, strlen(detail.text), false));
    return 0;
}
