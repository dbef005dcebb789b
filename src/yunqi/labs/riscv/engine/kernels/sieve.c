/* The primes below 4096. */
#include "harness.h"
#define N 4096
static u8 composite[N];
u64 kernel(void) {
  u64 sum = 0;
  for (int i = 0; i < N; i++) composite[i] = 0;
  for (int i = 2; i < N; i++) {
    if (composite[i]) continue;
    sum += i;
    for (int j = i + i; j < N; j += i) composite[j] = 1;
  }
  return sum;
}
