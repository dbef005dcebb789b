/* Letters packed by a Huffman code that is built for them, and unpacked bit by bit. */
#include "harness.h"
#define N 350
#define LETTERS 16
static u8 text[N], bits[N * 2];
static i16 left[2 * LETTERS], right[2 * LETTERS], weight[2 * LETTERS];
static u32 code[LETTERS];
static u8 length[LETTERS];
static void walk(int node, u32 so_far, int depth) {
  if (node < LETTERS) { code[node] = so_far; length[node] = depth; return; }
  walk(left[node], so_far, depth + 1);
  walk(right[node], so_far | 1u << depth, depth + 1);
}
u64 kernel(void) {
  u32 state = 23;
  for (int i = 0; i < 2 * LETTERS; i++) weight[i] = 0;
  for (int i = 0; i < N; i++) {
    u32 r = next_random(&state) >> 16;
    text[i] = (r & 15) & ((r >> 4) & 15) & (r >> 8 & 3 ? 15 : 7);
    weight[text[i]]++;
  }
  for (int i = 0; i < LETTERS; i++) weight[i]++;
  int nodes = LETTERS;
  u64 open = (1 << LETTERS) - 1;
  while (open & (open - 1)) {
    int a = -1, b = -1;
    for (int i = 0; i < nodes; i++) {
      if (!(open >> i & 1)) continue;
      if (a < 0 || weight[i] < weight[a]) b = a, a = i;
      else if (b < 0 || weight[i] < weight[b]) b = i;
    }
    left[nodes] = a, right[nodes] = b, weight[nodes] = weight[a] + weight[b];
    open = (open & ~(1ul << a | 1ul << b)) | 1ul << nodes++;
  }
  walk(nodes - 1, 0, 0);
  for (int i = 0; i < N * 2; i++) bits[i] = 0;
  int at = 0;
  for (int i = 0; i < N; i++)
    for (int b = 0; b < length[text[i]]; b++, at++) bits[at >> 3] |= (code[text[i]] >> b & 1) << (at & 7);
  u64 sum = at;
  for (int i = 0, from = 0; i < N; i++) {
    int node = nodes - 1;
    for (; node >= LETTERS; from++) node = bits[from >> 3] >> (from & 7) & 1 ? right[node] : left[node];
    sum = sum * 3 + node + (node != text[i]) * 1000;
  }
  return sum;
}
