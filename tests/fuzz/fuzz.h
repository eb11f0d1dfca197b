/* fuzz.h - what each fuzz target is: one function that takes any bytes and must return.
 *
 * libFuzzer calls it with -Dfuzz=true and clang; replay_main.c calls it in every build for what is kept in
 * corpus/ and regressions/. A broken law ends in CHECK(). Thread: one. */
#ifndef LOA_FUZZ_H
#define LOA_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
