/* Life on a torus of 24 by 24 cells, four generations. */
#include "harness.h"
#define N 24
static u8 cells[2][N][N];
u64 kernel(void) {
  u32 state = 5;
  u64 sum = 0;
  for (int y = 0; y < N; y++)
    for (int x = 0; x < N; x++) cells[0][y][x] = next_random(&state) >> 30 == 0;
  for (int turn = 0; turn < 4; turn++) {
    u8 (*now)[N] = cells[turn & 1], (*next)[N] = cells[~turn & 1];
    for (int y = 0; y < N; y++) {
      u8 *up = now[y ? y - 1 : N - 1], *here = now[y], *down = now[y < N - 1 ? y + 1 : 0];
      for (int x = 0; x < N; x++) {
        int l = x ? x - 1 : N - 1, r = x < N - 1 ? x + 1 : 0;
        int around = up[l] + up[x] + up[r] + here[l] + here[r] + down[l] + down[x] + down[r];
        next[y][x] = around == 3 || (around == 2 && here[x]);
      }
    }
  }
  for (int y = 0; y < N; y++)
    for (int x = 0; x < N; x++) sum = sum * 31 + cells[0][y][x];
  return sum;
}
