/* Shortest ways over a grid of 10 by 10 fields with drawn costs: Dijkstra, the nearest field found by looking at all. */
#include "harness.h"
#define N 10
#define FAR 1000000
static u32 cost[N * N], distance[N * N];
static u8 done[N * N];
static void offer(int field, u32 length) {
  if (!done[field] && length + cost[field] < distance[field]) distance[field] = length + cost[field];
}
u64 kernel(void) {
  u32 state = 77;
  u64 sum = 0;
  for (int i = 0; i < N * N; i++) cost[i] = 1 + (next_random(&state) >> 28), distance[i] = FAR, done[i] = 0;
  distance[0] = 0;
  for (int turn = 0; turn < N * N; turn++) {
    int nearest = -1;
    for (int i = 0; i < N * N; i++)
      if (!done[i] && (nearest < 0 || distance[i] < distance[nearest])) nearest = i;
    done[nearest] = 1;
    u32 length = distance[nearest];
    int x = nearest % N, y = nearest / N;
    if (x > 0) offer(nearest - 1, length);
    if (x < N - 1) offer(nearest + 1, length);
    if (y > 0) offer(nearest - N, length);
    if (y < N - 1) offer(nearest + N, length);
    sum = sum * 31 + length;
  }
  return sum;
}
