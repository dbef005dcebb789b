/* Horspool's search for words in a text of 1,000 letters. */
#include "harness.h"
#define N 1000
static u8 text[N];
static u8 skip[256];
static int length_of(const char *word) { int n = 0; while (word[n]) n++; return n; }
static u64 count(const char *word) {
  int n = length_of(word), found = 0;
  for (int i = 0; i < 256; i++) skip[i] = n;
  for (int i = 0; i < n - 1; i++) skip[(u8)word[i]] = n - 1 - i;
  for (int at = 0; at <= N - n;) {
    int i = n - 1;
    while (i >= 0 && text[at + i] == (u8)word[i]) i--;
    found += i < 0;
    at += skip[text[at + n - 1]];
  }
  return found;
}
u64 kernel(void) {
  static const char *const words[] = {"aba", "deaf", "cab", "beadface", "ace", "fade", "abcdef", "bb"};
  u32 state = 5;
  u64 sum = 0;
  for (int i = 0; i < N; i++) text[i] = 'a' + (next_random(&state) >> 20) % 6;
  for (int i = 0; i < 8; i++) sum = sum * 31 + count(words[i]);
  return sum;
}
