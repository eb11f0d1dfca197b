/* format.h - members of the API's answers as people read them: names in words, times of day, seconds, decibels.
 *
 * The unit is the end of a member's name (start_us, duration_ms, gain_mdb). --json shows members as they are. */
#ifndef LOA_FORMAT_H
#define LOA_FORMAT_H

#include <jansson.h>
#include <stddef.h>

#define FORMAT_CELL_SIZE 512

/* The title of a column or line: "receipt.actual_start_us" is "actual start".
 *
 *   ret_text  size bytes, terminated, cut when too long */
void format_title(const char *path, char *ret_text, size_t size);

/* A value in one line. Lists are parted by commas, objects by member; NULL and null are "-". */
void format_value(const char *path, const json_t *value, char *ret_text, size_t size);

#endif
