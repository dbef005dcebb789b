/* Products of int8 vectors with 32-bit sums, as the layers of a quantised network need. */
#include "harness.h"
#define M 8
#define K 256
static i8 a[M][K], b[M][K];
u64 kernel(void) {
  u32 state = 11;
  u64 sum = 0;
  for (int i = 0; i < M; i++)
    for (int k = 0; k < K; k++) a[i][k] = next_random(&state) >> 24, b[i][k] = next_random(&state) >> 24;
  for (int i = 0; i < M; i++)
    for (int j = 0; j < M; j++) {
      i32 total = 0;
      for (int k = 0; k < K; k++) total += a[i][k] * b[j][k];
      sum = sum * 31 + (u32)total;
    }
  return sum;
}
