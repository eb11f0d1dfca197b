#include "check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_failed(const char *file, int line, const char *expr)
{
    fprintf(stderr, "check failed: %s:%d: %s\n", file, line, expr);
    abort();
}
