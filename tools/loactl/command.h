/* command.h - the table of everything loactl can be told: one row a command, nothing else decides.
 *
 * A row says which HTTP request the words become and which columns of the answer people see; help,
 * completion and the man page are made from the same rows. Only what is more than one request has a
 * function of its own. */
#ifndef LOA_COMMAND_H
#define LOA_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#define COMMAND_ARGS_MAX 20
#define COMMAND_VALUES_MAX 64 /* of one option that may be repeated */

enum arg_form {
    ARG_NONE = 0,
    ARG_POSITION, /* a bare word */
    ARG_OPTION, /* --name VALUE */
    ARG_REPEAT, /* --name VALUE, any number of times */
    ARG_FLAG, /* --name */
};

enum arg_place {
    ARG_LOCAL = 0, /* for the command's own function */
    ARG_PATH, /* replaces {name} in the path */
    ARG_QUERY,
    ARG_BODY, /* a member of the JSON body; dots are not nested */
};

enum arg_type {
    ARG_TEXT = 0,
    ARG_NUMBER, /* decimal integer */
    ARG_YESNO,
    ARG_CLOCK, /* HH:MM, sent as minutes after midnight */
    ARG_LENGTH, /* 90s, 30m or 2h, sent as seconds */
};

struct arg {
    const char *name; /* on the command line */
    const char *key; /* in path, query or body; NULL: as name */
    enum arg_form form;
    enum arg_place place;
    enum arg_type type;
    bool required;
    const char *value; /* shown in help: ID, NAME, ... */
    const char *help;
};

struct call;

struct command {
    const char *noun; /* NULL for a verb alone */
    const char *verb; /* "list", or two words: "template list" */
    const char *summary;
    const char *method; /* NULL: `run` does everything */
    const char *path; /* after /api/v1; {name} is an argument */
    const char *list; /* member of the answer that holds the rows; NULL: the answer itself */
    const char *columns; /* "id,name,status.rms_mdb"; NULL: say `done` */
    const char *rows; /* member of a record that is shown as a table below it; NULL: none */
    const char *row_columns;
    const char *done; /* sentence on success where there is nothing to show */
    struct arg args[COMMAND_ARGS_MAX];
    int (*run)(struct call *call); /* NULL: one request */
};

/* The row at a position from 0 on, in the order of the help; NULL past the end. */
const struct command *command_at(size_t i);

#endif
