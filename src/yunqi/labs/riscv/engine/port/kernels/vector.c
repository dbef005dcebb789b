/* Layers over the vector loops of vector.s. Weights are stored in blocks of sixteen outputs: [outputs / 16][taps][16]. */
#include "network.h"
void vector_four(const i8 *from, i64 step, const i8 *w, i64 taps, i64 rows, i64 line, const i32 *bias, i32 *sums);
void vector_one(const i8 *from, i64 step, const i8 *w, i64 taps, i64 rows, i64 line, const i32 *bias, i32 *sums);
void vector_filters(const Layer *l, const i8 *from, const i8 *w, i64 line, const i32 *bias, i32 *sums, i64 count);
void vector_scale(const i32 *sums, const i32 *m, const i32 *s, i64 zero, i64 low, i64 high, i8 *out, i64 count);
void vector_most(const Layer *l, const i8 *from, i64 line, i8 *out, i64 count);
void vector_sum(const i8 *a, const i8 *b, i8 *y, i64 size, const i64 *numbers);

static void finish(const Layer *l, const i32 *sums, i8 *y, i64 at, i32 first, i64 count) {
  if (l->raw)
    for (i64 i = 0; i < count; i++) ((i32 *)y)[at + i] = sums[i];
  else vector_scale(sums, l->multiplier + first, l->shift + first, l->zero, l->low, l->high, y + at, count);
}

void convolution(const Layer *l, const i8 *x, i8 *y) {
  i64 line = (i64)l->width * l->channels, taps = (i64)l->kernel_width * l->channels, step = (i64)l->right * l->channels;
  i64 whole = l->kernel_height * taps;
  i32 sums[64];
  for (i32 row = 0; row < l->rows; row++)
    for (i32 next = 0; next < l->columns;) {
      i32 four = l->columns >= 4, column = four && next > l->columns - 4 ? l->columns - 4 : next;
      const i8 *from = x + (i64)row * l->down * line + column * step;
      i64 at = ((i64)row * l->columns + column) * l->outputs;
      for (i32 block = 0; block < l->outputs; block += 16) {
        i64 count = l->outputs - block < 16 ? l->outputs - block : 16;
        (four ? vector_four : vector_one)(from, step, l->weights + block * whole, taps, l->kernel_height, line, l->bias + block, sums);
        for (i32 i = 0; i < (four ? 4 : 1); i++) finish(l, sums + 16 * i, y, at + (i64)i * l->outputs + block, block, count);
      }
      next = column + (four ? 4 : 1);
    }
}

void depthwise(const Layer *l, const i8 *x, i8 *y) {
  i64 c = l->channels, line = l->width * c;
  i32 sums[16];
  for (i32 row = 0; row < l->rows; row++)
    for (i32 column = 0; column < l->columns; column++)
      for (i64 first = 0; first < c; first += 16) {
        const i8 *from = x + (i64)row * l->down * line + (i64)column * l->right * c + first;
        i64 count = c - first < 16 ? c - first : 16;
        vector_filters(l, from, l->weights + first, line, l->bias + first, sums, count);
        finish(l, sums, y, ((i64)row * l->columns + column) * c + first, first, count);
      }
}

void max_pool(const Layer *l, const i8 *x, i8 *y) {
  i64 c = l->channels, line = l->width * c;
  for (i32 row = 0; row < l->rows; row++)
    for (i32 column = 0; column < l->columns; column++)
      for (i64 first = 0; first < c; first += 128) {
        const i8 *from = x + (i64)row * l->down * line + (i64)column * l->right * c + first;
        vector_most(l, from, line, y + ((i64)row * l->columns + column) * c + first, c - first < 128 ? c - first : 128);
      }
}

void add(const i8 *a, const i8 *b, i8 *y, i32 size, i32 za, i32 zb, i32 ma, i32 mb, i32 zero, i32 low, i32 high) {
  const i64 numbers[] = {-za, -zb, ma, mb, zero, low, high};
  vector_sum(a, b, y, size, numbers);
}
