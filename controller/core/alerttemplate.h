/* alerttemplate.h - texts for alerts, with blanks to fill in: "Nước lũ đang lên tại {noi}."
 *
 * The station may change title and text of each; which there are, and their signals, is fixed. A blank is
 * {name} of small letters and '_'. Pure. Thread: any. */
#ifndef LOA_ALERTTEMPLATE_H
#define LOA_ALERTTEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "alert.h"
#include "err.h"

#define ALERTTEMPLATES 8
#define ALERTTEMPLATE_VALUES_MAX 8
#define ALERTTEMPLATE_VALUE_SIZE 300

struct alerttemplate {
    char name[ALERT_TEMPLATE_SIZE];
    char title[BULLETIN_TITLE_SIZE];
    char text[ALERT_TEXT_SIZE];
    enum emergency_signal signal;
    bool drill;
};

struct alerttemplate_value {
    char name[32];
    char value[ALERTTEMPLATE_VALUE_SIZE];
};

/* The i-th as it is shipped, 0..ALERTTEMPLATES-1. */
void alerttemplate_shipped(size_t i, struct alerttemplate *ret_template);

/* Likewise by name: flood, storm, landslide, fire, evacuation, lost_child, drill, all_clear.
 *
 * ERR_NOT_FOUND  none is called so */
MUST_USE enum err alerttemplate_find(const char *name, struct alerttemplate *ret_template);

/* Check a changed one: title, text, well-formed blanks. ERR_FORMAT with the sentence in detail */
MUST_USE enum err alerttemplate_check(const struct alerttemplate *t, struct err_detail *detail);

/* Write out a text.
 *
 *   ret_text  `size` bytes, at least 1
 *
 * ERR_STATE  a blank has no value; detail names it
 * ERR_LIMIT  the text gets longer than `size` - 1 bytes */
MUST_USE enum err alerttemplate_fill(const char *text, const struct alerttemplate_value *values,
                                     size_t count, char *ret_text, size_t size,
                                     struct err_detail *detail);

/* A drill says that it is one, before and after.
 *
 * ERR_LIMIT  the text gets too long */
MUST_USE enum err alerttemplate_announce_drill(struct alert *a);

#endif
