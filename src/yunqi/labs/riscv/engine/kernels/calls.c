/* Recursion: calls and returns. */
#include "harness.h"
static __attribute__((noinline)) u64 count(u64 n) { return n < 2 ? 1 : count(n - 1) + count(n - 2) + 1; }
u64 kernel(void) { return count(14); }
