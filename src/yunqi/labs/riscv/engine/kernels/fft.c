/* A fast Fourier transform of 64 points in 16-bit fixed point. */
#include "harness.h"
#define N 64
static const i16 sine[17] = {0, 3212, 6393, 9512, 12539, 15446, 18204, 20787, 23170, 25329, 27245, 28898, 30273, 31356, 32137, 32609, 32767};
static i32 wave(int at) {
  at &= N - 1;
  if (at >= N / 2) return -wave(at - N / 2);
  return at <= N / 4 ? sine[at] : sine[N / 2 - at];
}
static i16 re[N], im[N];
u64 kernel(void) {
  u32 state = 13;
  for (int i = 0; i < N; i++) re[i] = (i16)(next_random(&state) >> 18), im[i] = 0;
  for (int i = 1, j = 0; i < N; i++) {
    int bit = N >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) { i16 t = re[i]; re[i] = re[j]; re[j] = t; }
  }
  for (int half = 1; half < N; half *= 2)
    for (int k = 0; k < half; k++) {
      i32 c = wave(k * (N / 2 / half) + N / 4), s = -wave(k * (N / 2 / half));
      for (int i = k; i < N; i += 2 * half) {
        i32 x = (c * re[i + half] - s * im[i + half]) >> 15, y = (c * im[i + half] + s * re[i + half]) >> 15;
        re[i + half] = (re[i] - x) >> 1, im[i + half] = (im[i] - y) >> 1;
        re[i] = (re[i] + x) >> 1, im[i] = (im[i] + y) >> 1;
      }
    }
  u64 sum = 0;
  for (int i = 0; i < N; i++) sum = sum * 31 + (u32)(re[i] * re[i] + im[i] * im[i]);
  return sum;
}
