/* Pointers through 96 KiB in an order that no prefetcher guesses: more than the first cache holds. */
#include "harness.h"
#define N 1536
static struct cell { struct cell *next; u64 pad[7]; } cells[N];
u64 kernel(void) {
  u64 sum = 0;
  for (int i = 0; i < N; i++) cells[i].next = &cells[(i * 5 + 1) & 1023], cells[i].pad[0] = i;
  for (int i = 1024; i < N; i++) cells[i].next = &cells[1024 + (i * 5 + 3) % 512];
  for (int start = 0; start <= 1024; start += 1024) {
    struct cell *at = &cells[start];
    for (int i = 0; i < 1024; i++) sum += at->pad[0], at = at->next;
  }
  return sum;
}
