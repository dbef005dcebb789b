/* A hash table with open addressing: words most of them put in, and counted. */
#include "harness.h"
#define SLOTS 256
static u32 keys[SLOTS], counts[SLOTS];
static int find(u32 key) {
  u32 at = (key * 2654435761u) >> 24;
  while (keys[at] && keys[at] != key) at = (at + 1) & (SLOTS - 1);
  return at;
}
u64 kernel(void) {
  u32 state = 17;
  u64 sum = 0;
  for (int i = 0; i < SLOTS; i++) keys[i] = counts[i] = 0;
  for (int i = 0; i < 400; i++) {
    u32 key = (1 + (next_random(&state) >> 16) % 180) * 1000;
    int at = find(key);
    if (!keys[at]) {
      if (sum % 7 == 6) continue;
      keys[at] = key;
    }
    counts[at]++;
    sum += at;
  }
  for (int i = 0; i < SLOTS; i++) sum = sum * 31 + keys[i] * counts[i];
  return sum;
}
