/* All ways of six and of five queens, by bits and a recursion. */
#include "harness.h"
static u64 place(u32 columns, u32 down, u32 up, int row, int n) {
  if (row == n) return 1;
  u64 found = 0;
  for (u32 open = ~(columns | down | up) & ((1u << n) - 1); open; open &= open - 1) {
    u32 bit = open & -open;
    found += place(columns | bit, (down | bit) << 1, (up | bit) >> 1, row + 1, n);
  }
  return found;
}
u64 kernel(void) { return place(0, 0, 0, 0, 6) * 1000 + place(0, 0, 0, 0, 5); }
