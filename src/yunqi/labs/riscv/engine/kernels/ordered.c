/* A binary tree of 200 keys: put in, looked up, and walked in order with a stack of its own. */
#include "harness.h"
#define N 200
typedef struct node { struct node *less, *more; u32 key, count; } node;
static node nodes[N];
static node *put(node *root, u32 key, int *used) {
  node **at = &root;
  while (*at) {
    if ((*at)->key == key) { (*at)->count++; return root; }
    at = key < (*at)->key ? &(*at)->less : &(*at)->more;
  }
  node *made = &nodes[(*used)++];
  made->less = made->more = 0, made->key = key, made->count = 1;
  *at = made;
  return root;
}
u64 kernel(void) {
  u32 state = 41;
  u64 sum = 0;
  int used = 0, depth = 0;
  node *root = 0, *stack[64], *at;
  for (int i = 0; i < N; i++) root = put(root, next_random(&state) >> 23, &used);
  for (u32 key = 0; key < 512; key += 3) {
    at = root;
    while (at && at->key != key) at = key < at->key ? at->less : at->more;
    if (at) sum += at->count;
  }
  at = root;
  while (at || depth) {
    while (at) stack[depth++] = at, at = at->less;
    at = stack[--depth];
    sum = sum * 31 + at->key;
    at = at->more;
  }
  return sum;
}
