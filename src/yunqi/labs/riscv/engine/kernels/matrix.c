/* 20 x 20 matrix product of 32-bit numbers. */
#include "harness.h"
#define N 20
static i32 a[N][N], b[N][N], c[N][N];
u64 kernel(void) {
  u32 state = 7;
  u64 sum = 0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) a[i][j] = next_random(&state) >> 20, b[i][j] = next_random(&state) >> 20;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      i32 total = 0;
      for (int k = 0; k < N; k++) total += a[i][k] * b[k][j];
      c[i][j] = total;
      sum += (u32)total;
    }
  return sum;
}
