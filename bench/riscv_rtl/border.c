/* A loop over a list, as CoreMark searches one: pointers inside sixteen bytes, over their border with rising and with falling
   addresses. */
#include "harness.h"
static u8 room[4096] __attribute__((aligned(64)));
static short info[1024] __attribute__((aligned(64)));
static void walk(u8 *at, i64 step) {
  for (int i = 0; i < 100; i++) {
    *(u64 *)(at + step * i) = i < 99 ? (u64)(at + step * i + step) : 0;
    *(u64 *)(at + step * i + 8) = (u64)(info + 2 * i);
  }
  __asm__ volatile(".balign 64\n1: ld a5,8(%0)\n lhu a5,2(a5)\n beq a5,%1,2f\n ld %0,0(%0)\n bnez %0,1b\n2:\n"
                   : "+r"(at) : "r"(99l) : "a5", "memory");
}
u64 kernel(void) {
  walk(room + 8, 16);
  walk(room + 4, 16);
  walk(room + 2004, -16);
  return 1;
}
