/* Prints for each run: cycles, instructions, checksum. */
#include <stdio.h>
#include "harness.h"
static inline u64 cycles(void) { u64 v; __asm__ volatile("rdcycle %0" : "=r"(v)); return v; }
static inline u64 retired(void) { u64 v; __asm__ volatile("rdinstret %0" : "=r"(v)); return v; }
int main(void) {
  u64 sum = 0, taken[RUNS], count[RUNS];
  for (int run = 0; run < RUNS; run++) {
    u64 i0 = retired(), c0 = cycles();
    sum += kernel();
    u64 c1 = cycles(), i1 = retired();
    taken[run] = c1 - c0;
    count[run] = i1 - i0;
  }
  for (int run = 0; run < RUNS; run++) printf("run %d cycles %lu instructions %lu\n", run, taken[run], count[run]);
  printf("sum %lx\n", sum);
  return 0;
}
