/* The harness without a library: several kernels in one program that only needs `write` and `exit`. Built by kernels/build. */
#include "harness.h"
u64 kernel_list(void), kernel_matrix(void), kernel_machine(void), kernel_crc32(void);
static inline u64 cycles(void) { u64 v; __asm__ volatile("rdcycle %0" : "=r"(v)); return v; }
static i64 call(i64 number, i64 a, i64 b, i64 c) {
  register i64 a7 __asm__("a7") = number, a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
  return a0;
}
void _start(void) {
  u64 (*const work[])(void) = {kernel_list, kernel_matrix, kernel_machine, kernel_crc32};
  u64 sum = 0;
  for (int round = 0; round < 3; round++)
    for (int which = 0; which < 4; which++) {
      cycles();
      sum = sum * 31 + work[which]();
      cycles();
    }
  char text[17];
  for (int i = 0; i < 16; i++) text[i] = "0123456789abcdef"[(sum >> (60 - 4 * i)) & 15];
  text[16] = '\n';
  call(64, 1, (i64)text, 17);
  call(93, 0, 0, 0);
}
