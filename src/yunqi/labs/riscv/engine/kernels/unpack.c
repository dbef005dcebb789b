/* An LZ77 packer of bytes (one hash of three letters) and its unpacker. */
#include "harness.h"
#define N 600
static u8 text[N], packed[2 * N], back[N + 64];
static i16 last[256];
static int pack(void) {
  int out = 0;
  for (int i = 0; i < 256; i++) last[i] = -1;
  for (int at = 0; at < N;) {
    int length = 0, from = -1;
    if (at + 3 < N) {
      int hash = (text[at] * 33 ^ text[at + 1] * 7 ^ text[at + 2]) & 255;
      from = last[hash];
      last[hash] = at;
      if (from >= 0 && at - from < 256)
        while (length < 34 && at + length < N && text[from + length] == text[at + length]) length++;
    }
    if (length >= 4) {
      packed[out++] = 0x80 | (length - 4), packed[out++] = at - from;
      at += length;
    } else {
      packed[out++] = text[at++];
    }
  }
  return out;
}
static int unpack(int size) {
  int out = 0;
  for (int at = 0; at < size;) {
    u8 code = packed[at++];
    if (code & 0x80) {
      int length = (code & 0x7f) + 4, from = out - packed[at++];
      while (length--) back[out++] = back[from++];
    } else {
      back[out++] = code;
    }
  }
  return out;
}
u64 kernel(void) {
  static const char *const words[] = {"the ", "core ", "fetches ", "a ", "block ", "of ", "eight ", "halfwords "};
  u32 state = 9;
  for (int at = 0; at < N;)
    for (const char *w = words[next_random(&state) >> 29]; *w && at < N; w++) text[at++] = *w;
  int size = pack(), out = unpack(size);
  u64 sum = size * 4096 + out;
  for (int i = 0; i < N; i++) sum = sum * 5 + (back[i] ^ text[i]) + back[i];
  return sum;
}
