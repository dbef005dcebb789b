/* What is not a product: pads, pools, additions, tables. */
#include "network.h"

void pad(const i8 *x, i8 *y, i32 height, i32 width, i32 channels, i32 top, i32 left, i32 bottom, i32 right, i32 fill) {
  i64 line = (i64)width * channels, wide = (i64)(left + width + right) * channels;
  for (i64 i = 0; i < top * wide; i++) *y++ = fill;
  for (i32 row = 0; row < height; row++) {
    for (i64 i = 0; i < (i64)left * channels; i++) *y++ = fill;
    for (i64 i = 0; i < line; i++) *y++ = *x++;
    for (i64 i = 0; i < (i64)right * channels; i++) *y++ = fill;
  }
  for (i64 i = 0; i < bottom * wide; i++) *y++ = fill;
}

#ifndef VECTOR /* else in vector.c */
void max_pool(const Layer *l, const i8 *x, i8 *y) {
  i32 c = l->channels, line = l->width * c;
  for (i32 row = 0; row < l->rows; row++)
    for (i32 column = 0; column < l->columns; column++) {
      const i8 *from = x + (i64)row * l->down * line + (i64)column * l->right * c;
      for (i32 channel = 0; channel < c; channel++) {
        i32 best = -128;
        for (i32 k = 0; k < l->kernel_height; k++)
          for (i32 j = 0; j < l->kernel_width; j++) {
            i32 v = from[(i64)k * line + j * c + channel];
            best = v > best ? v : best;
          }
        *y++ = best;
      }
    }
}
#endif

void average_pool(const Layer *l, const i8 *x, i8 *y, i32 zero) {
  i32 c = l->channels, line = l->width * c;
  for (i32 row = 0; row < l->rows; row++)
    for (i32 column = 0; column < l->columns; column++) {
      const i8 *from = x + (i64)row * l->down * line + (i64)column * l->right * c;
      for (i32 channel = 0; channel < c; channel++) {
        i32 sum = 0;
        for (i32 k = 0; k < l->kernel_height; k++)
          for (i32 j = 0; j < l->kernel_width; j++) sum += from[(i64)k * line + j * c + channel] - zero;
        *y++ = scale(l, sum, channel);
      }
    }
}

#ifndef VECTOR
void add(const i8 *a, const i8 *b, i8 *y, i32 size, i32 za, i32 zb, i32 ma, i32 mb, i32 zero, i32 low, i32 high) {
  for (i32 i = 0; i < size; i++) {
    i32 v = (((a[i] - za) * ma + (b[i] - zb) * mb + (1 << 19)) >> 20) + zero;
    y[i] = v < low ? low : v > high ? high : v;
  }
}
#endif

void join(const Layer *l, const i8 *x, i8 *y, const i8 *b, i32 zero, i64 weight) { /* x holds 32-bit sums */
  const i32 *sums = (const i32 *)x;
  for (i64 pixel = 0; pixel < (i64)l->rows * l->columns; pixel++)
    for (i32 channel = 0; channel < l->outputs; channel++) {
      i64 v = *sums++ * (i64)l->multiplier[channel] + (*b++ - zero) * weight;
      v = ((v + (1l << 30)) >> 31) + l->zero;
      *y++ = v < l->low ? l->low : v > l->high ? l->high : v;
    }
}

void multiply(const Layer *l, const i8 *x, i8 *y, const i8 *b, i32 zb, i32 za, i32 one_a_channel) {
  for (i64 pixel = 0; pixel < (i64)l->rows * l->columns; pixel++) {
    const i8 *with = one_a_channel ? b : b + pixel * l->outputs;
    for (i32 channel = 0; channel < l->outputs; channel++) *y++ = scale(l, (*x++ - za) * (with[channel] - zb), 0);
  }
}

void place(const i8 *x, i8 *y, i64 pixels, i32 channels, i32 step) {
  for (i64 pixel = 0; pixel < pixels; pixel++, y += step)
    for (i32 channel = 0; channel < channels; channel++) y[channel] = *x++;
}

void enlarge(const i8 *x, i8 *y, i32 height, i32 width, i32 channels, i32 down, i32 right) {
  for (i32 row = 0; row < height * down; row++)
    for (i32 column = 0; column < width * right; column++) {
      const i8 *from = x + ((i64)(row / down) * width + column / right) * channels;
      for (i32 channel = 0; channel < channels; channel++) *y++ = from[channel];
    }
}

void lookup(const i8 *x, i8 *y, i32 size, const i8 *table) {
  for (i32 i = 0; i < size; i++) y[i] = table[x[i] + 128];
}
