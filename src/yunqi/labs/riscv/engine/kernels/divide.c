/* Greatest common divisors: a chain of remainders. */
#include "harness.h"
u64 kernel(void) {
  u32 state = 9;
  u64 sum = 0;
  for (int i = 0; i < 100; i++) {
    u64 a = next_random(&state), b = next_random(&state) | 1;
    while (b) { u64 rest = a % b; a = b; b = rest; }
    sum += a;
  }
  return sum;
}
