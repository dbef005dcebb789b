/* The edit distance of two texts of 36 letters, by rows. */
#include "harness.h"
#define N 36
static u8 a[N], b[N];
static i32 row[N + 1];
u64 kernel(void) {
  u32 state = 29;
  for (int i = 0; i < N; i++) a[i] = next_random(&state) >> 29, b[i] = next_random(&state) >> 28 > 11 ? a[i] : next_random(&state) >> 29;
  for (int j = 0; j <= N; j++) row[j] = j;
  for (int i = 1; i <= N; i++) {
    i32 corner = row[0];
    row[0] = i;
    for (int j = 1; j <= N; j++) {
      i32 best = corner + (a[i - 1] != b[j - 1]);
      corner = row[j];
      if (row[j] + 1 < best) best = row[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      row[j] = best;
    }
  }
  u64 sum = 0;
  for (int j = 0; j <= N; j++) sum = sum * 31 + row[j];
  return sum;
}
