/* print.h - answers as people read them: tables, records, help, completion, man page. */
#ifndef LOA_PRINT_H
#define LOA_PRINT_H

#include "call.h"

/* Print an answer by the command's columns: rows as a table, an object as `name  value` lines; with
 * --json the answer itself. */
void print_answer(const struct call *call, const json_t *answer);

/* Print what one command takes; all commands for NULL. */
void print_help(const struct command *command);

/* Print the manual page (roff) and the bash completion script, both from the table. */
void print_manual(void);
void print_completion(void);

#endif
