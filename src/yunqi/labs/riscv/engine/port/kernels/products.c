/* Convolutions and dense layers: four outputs by two columns at a time, so that every byte loaded is used twice or more.
   Weights are stored in blocks of four outputs: [outputs / 4][taps][4]. */
#include "network.h"

static inline void two(const i8 *p, const i8 *q, const i8 *w, i32 taps, i32 *s, i32 *t) {
  Sum s0 = s[0], s1 = s[1], s2 = s[2], s3 = s[3], t0 = t[0], t1 = t[1], t2 = t[2], t3 = t[3];
  for (const i8 *end = p + taps; p != end; p++, q++, w += 4) {
    i32 a = *p, b = *q, w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
    MULTIPLY_ADD(s0, a, w0);
    MULTIPLY_ADD(s1, a, w1);
    MULTIPLY_ADD(s2, a, w2);
    MULTIPLY_ADD(s3, a, w3);
    MULTIPLY_ADD(t0, b, w0);
    MULTIPLY_ADD(t1, b, w1);
    MULTIPLY_ADD(t2, b, w2);
    MULTIPLY_ADD(t3, b, w3);
  }
  s[0] = s0, s[1] = s1, s[2] = s2, s[3] = s3, t[0] = t0, t[1] = t1, t[2] = t2, t[3] = t3;
}

static inline void one(const i8 *p, const i8 *w, i32 taps, i32 *s) {
  Sum s0 = s[0], s1 = s[1], s2 = s[2], s3 = s[3];
  for (const i8 *end = p + taps; p != end; p++, w += 4) {
    i32 a = *p, w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
    MULTIPLY_ADD(s0, a, w0);
    MULTIPLY_ADD(s1, a, w1);
    MULTIPLY_ADD(s2, a, w2);
    MULTIPLY_ADD(s3, a, w3);
  }
  s[0] = s0, s[1] = s1, s[2] = s2, s[3] = s3;
}

void convolution(const Layer *l, const i8 *x, i8 *y) {
  i32 line = l->width * l->channels, taps = l->kernel_width * l->channels, step = l->right * l->channels;
  i32 whole = l->kernel_height * taps;
  for (i32 row = 0; row < l->rows; row++)
    for (i32 column = 0; column < l->columns; column += 2) {
      const i8 *from = x + (i64)row * l->down * line + (i64)column * step;
      i64 at = ((i64)row * l->columns + column) * l->outputs;
      i32 pair = column + 1 < l->columns;
      for (i32 block = 0; block < l->outputs; block += 4) {
        const i8 *w = l->weights + (i64)block * whole;
        i32 s[4], t[4];
        for (i32 i = 0; i < 4; i++) s[i] = t[i] = l->bias[block + i];
        for (i32 k = 0; k < l->kernel_height; k++) {
          const i8 *p = from + (i64)k * line;
          if (pair) two(p, p + step, w + 4 * k * taps, taps, s, t);
          else one(p, w + 4 * k * taps, taps, s);
        }
        i32 count = l->outputs - block < 4 ? l->outputs - block : 4;
        for (i32 i = 0; i < count; i++) {
          put(l, y, at + block + i, s[i], block + i);
          if (pair) put(l, y, at + l->outputs + block + i, t[i], block + i);
        }
      }
    }
}
