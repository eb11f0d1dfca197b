/* check.h - assertions for our own bugs, always compiled in.
 *
 * CHECK() states what must be true whatever outsiders send; it is never used on outside data.
 * Thread: any. */
#ifndef LOA_CHECK_H
#define LOA_CHECK_H

/* Print file, line and expression on standard error and abort. */
_Noreturn void check_failed(const char *file, int line, const char *expr);

#define CHECK(expr) ((expr) ? (void)0 : check_failed(__FILE__, __LINE__, #expr))

#endif
