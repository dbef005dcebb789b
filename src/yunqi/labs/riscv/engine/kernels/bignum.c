/* Numbers of 16 words of 64 bits: powers of three multiplied out, carries and all. */
#include "harness.h"
#define WORDS 16
static u64 a[WORDS], b[WORDS], product[2 * WORDS];
static void multiply(void) {
  for (int i = 0; i < 2 * WORDS; i++) product[i] = 0;
  for (int i = 0; i < WORDS; i++) {
    u64 carry = 0;
    for (int j = 0; j < WORDS; j++) {
      unsigned __int128 sum = (unsigned __int128)a[i] * b[j] + product[i + j] + carry;
      product[i + j] = (u64)sum;
      carry = sum >> 64;
    }
    product[i + WORDS] = carry;
  }
}
u64 kernel(void) {
  u64 sum = 0;
  for (int i = 0; i < WORDS; i++) a[i] = 0x9e3779b97f4a7c15u * (i + 1), b[i] = 3 + i;
  for (int turn = 0; turn < 4; turn++) {
    multiply();
    for (int i = 0; i < WORDS; i++) b[i] = product[i] ^ product[i + WORDS];
  }
  for (int i = 0; i < WORDS; i++) sum = sum * 31 + b[i];
  return sum;
}
