/* A heap of 150 keys: all put in, all taken out. */
#include "harness.h"
#define N 150
static u32 heap[N + 1];
static int size;
static void put(u32 key) {
  int at = ++size;
  while (at > 1 && heap[at / 2] > key) heap[at] = heap[at / 2], at /= 2;
  heap[at] = key;
}
static u32 take(void) {
  u32 top = heap[1], key = heap[size--];
  int at = 1;
  while (2 * at <= size) {
    int child = 2 * at;
    if (child < size && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= key) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = key;
  return top;
}
u64 kernel(void) {
  u32 state = 11;
  u64 sum = 0;
  size = 0;
  for (int i = 0; i < N; i++) put(next_random(&state) >> 8);
  for (u64 i = 0; i < N; i++) sum = sum * 31 + take();
  return sum;
}
