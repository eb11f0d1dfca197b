/* child.h - run a decoder as a child process that cannot outlive or disturb us.
 *
 * The child has its own process group, bounded CPU time, memory, descriptors and files, and
 * dies with the thread that started it. Every descriptor but the three standard ones is closed in it.
 * Thread: the one that started it. */
#ifndef LOA_CHILD_H
#define LOA_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"

struct child {
    pid_t pid; /* 0: none */
    int pid_fd; /* readable when the child has ended */
    int out_fd; /* its standard output, non-blocking */
    int err_fd; /* its standard error, non-blocking */
    int in_fd; /* its standard input, non-blocking; -1 without */
};

struct child_limits {
    unsigned cpu_s;
    unsigned memory_mb; /* address space */
    unsigned file_mb; /* largest file it may write, shared memory included */
    bool has_input; /* what is written to in_fd; else nothing to read */
};

/* Start a program with an almost empty environment.
 *
 *   argv  NULL-terminated; argv[0] is an absolute path; no shell looks at it
 *
 * ERR_IO  no process or descriptor could be made; nothing is left */
MUST_USE enum err child_start(char *const argv[], const struct child_limits *limits,
                              struct child *ret_child);

/* Kill the whole group if it still runs, reap, close. Accepts zeroed and finished children.
 *
 * Returns the wait status, 0 when there was no child. */
int child_end(struct child *c);

#endif
