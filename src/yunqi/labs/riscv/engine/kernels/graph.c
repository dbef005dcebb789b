/* Pointers through 4 MiB in an order without a stride: more than the second cache holds, as network and path searches do. */
#include "harness.h"
#define N (1 << 15)
static struct node { struct node *next; i64 cost; u64 pad[14]; } nodes[N];
u64 kernel(void) {
  u64 sum = 0;
  if (!nodes[0].next)
    for (u32 i = 0; i < N; i++) nodes[i].next = &nodes[(i * 1664525u + 1013904223u) & (N - 1)], nodes[i].cost = i ^ i >> 5;
  struct node *at = &nodes[7];
  for (int i = 0; i < 2000; i++) {
    if (at->cost & 3) sum += at->cost;
    else sum ^= at->cost << 3, at->cost++;
    for (int j = 0; j < 6; j++) sum = (sum >> 7) + sum * 5;
    at = at->next;
  }
  return sum & 0xffff;
}
