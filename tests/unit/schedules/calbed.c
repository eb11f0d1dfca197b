#include "calbed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct calendar_event *calbed_parse(const char *text)
{
    struct calendar_event *e = NULL;
    struct err_detail detail = {""};

    if (calendar_parse(text, strlen(text), &e, &detail) != ERR_OK)
        fail_msg("%s: %s", text, detail.text);
    return e;
}

usec_t calbed_at(const char *text, const char *zone)
{
    struct civil c;
    usec_t us = -1;

    assert_int_equal(civil_parse(text, &c), ERR_OK);
    assert_int_equal(civil_to_us(&c, zone, &us), ERR_OK);
    return us;
}
