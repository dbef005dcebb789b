/* Base64: 600 bytes written as text, read back through a table, and compared. */
#include "harness.h"
#define N 600
static u8 plain[N], back[N], text[N / 3 * 4], value[256];
static const u8 letters[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
u64 kernel(void) {
  u32 state = 23;
  u64 sum = 0;
  int t = 0, b = 0;
  for (int i = 0; i < N; i++) plain[i] = next_random(&state) >> 24;
  for (int i = 0; i < 64; i++) value[letters[i]] = i;
  for (int i = 0; i < N; i += 3) {
    u32 three = plain[i] << 16 | plain[i + 1] << 8 | plain[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) text[t++] = letters[three >> shift & 63];
  }
  for (int i = 0; i < t; i += 4) {
    u32 three = value[text[i]] << 18 | value[text[i + 1]] << 12 | value[text[i + 2]] << 6 | value[text[i + 3]];
    back[b++] = three >> 16, back[b++] = three >> 8, back[b++] = three;
  }
  for (int i = 0; i < N; i++) sum = sum * 31 + (back[i] == plain[i] ? text[i] : 999);
  return sum;
}
