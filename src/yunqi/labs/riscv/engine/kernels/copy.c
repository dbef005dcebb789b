/* Copies of 4 KiB: by bytes, by eight-byte words, and a fill. */
#include "harness.h"
static u8 from[4096] __attribute__((aligned(16))), to[4096] __attribute__((aligned(16)));
u64 kernel(void) {
  u64 sum = 0;
  for (int i = 0; i < 4096; i++) { *(volatile u8 *)&from[i] = i * 7; }
  for (int i = 0; i < 4096; i++) { to[i] = from[i]; __asm__ volatile("" ::: "memory"); }
  for (int round = 0; round < 8; round++)
    for (int i = 0; i < 512; i++) { ((u64 *)to)[i] = ((u64 *)from)[i] + round; __asm__ volatile("" ::: "memory"); }
  for (int i = 0; i < 512; i++) sum += ((u64 *)to)[i];
  return sum;
}
