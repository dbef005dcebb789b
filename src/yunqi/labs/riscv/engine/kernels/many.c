/* All kernels in one program that only needs `exit`: each a round to warm up and a round between two readings of the
   cycle counter, which ends with a third. Built by kernels/build, which names them in KERNELS. */
#include "harness.h"
typedef u64 work(void);
#define X(name) work kernel_##name;
KERNELS
#undef X
static inline u64 cycles(void) { u64 v; __asm__ volatile("rdcycle %0" : "=r"(v)); return v; }
static inline u64 retired(void) { u64 v; __asm__ volatile("rdinstret %0" : "=r"(v)); return v; }
static i64 call(i64 number, i64 a, i64 b, i64 c) {
  register i64 a7 __asm__("a7") = number, a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
  return a0;
}
void _start(void) {
#define X(name) kernel_##name,
  work *const all[] = {KERNELS};
#undef X
  u64 counts[sizeof all / sizeof *all][2];
  for (u64 which = 0; which < sizeof all / sizeof *all; which++) {
    all[which]();
    u64 before = retired(), begin = cycles();
    all[which]();
    counts[which][0] = cycles() - begin;
    counts[which][1] = retired() - before;
  }
  call(64, 1, (i64)counts, sizeof counts);
  call(93, 0, 0, 0);
}
