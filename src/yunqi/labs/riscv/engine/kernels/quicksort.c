/* Quicksort of 400 random numbers: branches that nobody can predict. */
#include "harness.h"
#define N 400
static i32 v[N];
static void sort(int low, int high) {
  while (low < high) {
    i32 pivot = v[(low + high) >> 1];
    int i = low, j = high;
    while (i <= j) {
      while (v[i] < pivot) i++;
      while (v[j] > pivot) j--;
      if (i <= j) { i32 t = v[i]; v[i++] = v[j]; v[j--] = t; }
    }
    if (j - low < high - i) { sort(low, j); low = i; } else { sort(i, high); high = j; }
  }
}
u64 kernel(void) {
  u32 state = 5;
  u64 sum = 0;
  for (int i = 0; i < N; i++) v[i] = next_random(&state) >> 8;
  sort(0, N - 1);
  for (int i = 0; i < N; i++) sum = sum * 31 + (u32)v[i];
  return sum;
}
