/* A byte whose address takes two multiplications, then the same byte at a known address: the second load overtakes the first
   300 times a round. */
#include "harness.h"
static u8 text[512];
u64 kernel(void) {
  u64 sum = 0, s = 1;
  for (u64 i = 0; i < 300; i++) {
    u64 a, b, p = (u64)text + i, q = p;
    __asm__ volatile("" : "+r"(q));
    s = s * 3 + 1;
    __asm__ volatile(
      "mul %1, %1, %5\n mul %1, %1, %5\n lbu %0, 0(%1)\n addi %3, %3, 3\n xor %3, %3, %0\n lbu %2, 0(%4)\n add %3, %3, %2\n"
      : "=&r"(a), "+r"(p), "=&r"(b), "+r"(s) : "r"(q), "r"(1ul) : "memory");
    sum += a + b + s;
  }
  return sum;
}
