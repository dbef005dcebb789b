/* Bits turned over in 4 MiB of records, one after the other: memory as quantum registers are gone through. */
#include "harness.h"
#define N (1 << 18)
static struct cell { u64 state; float real, imaginary; } cells[N];
static u64 from;
u64 kernel(void) {
  u64 sum = 0;
  for (u64 i = 0; i < 6000; i++) {
    struct cell *cell = &cells[(from + i) & (N - 1)];
    if (!(cell->state >> 5 & 1)) cell->state ^= 1ul << 9;
    sum += cell->state;
  }
  from += 6000;
  return sum;
}
