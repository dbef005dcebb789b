/* A linked list of 200 nodes: built, searched, reversed, sorted by merging. */
#include "harness.h"
#define N 200
struct node { struct node *next; i32 key; };
static struct node nodes[N];
static struct node *merge(struct node *a, struct node *b) {
  struct node head, *tail = &head;
  while (a && b)
    if (a->key <= b->key) tail = tail->next = a, a = a->next;
    else tail = tail->next = b, b = b->next;
  tail->next = a ? a : b;
  return head.next;
}
static struct node *sort(struct node *list) {
  if (!list || !list->next) return list;
  struct node *slow = list, *fast = list->next;
  while (fast && fast->next) slow = slow->next, fast = fast->next->next;
  struct node *right = slow->next;
  slow->next = 0;
  return merge(sort(list), sort(right));
}
u64 kernel(void) {
  u32 state = 3;
  struct node *list = 0;
  u64 sum = 0;
  for (int i = 0; i < N; i++) nodes[i].key = next_random(&state) >> 16, nodes[i].next = list, list = &nodes[i];
  for (int want = 0; want < 20; want++) {
    struct node *at = list;
    while (at && at->key != nodes[want * 9].key) at = at->next;
    sum += at ? (u32)at->key : 0;
  }
  struct node *turned = 0;
  while (list) { struct node *next = list->next; list->next = turned; turned = list; list = next; }
  list = sort(turned);
  for (u64 place = 1; list; list = list->next) sum += place++ * list->key;
  return sum;
}
