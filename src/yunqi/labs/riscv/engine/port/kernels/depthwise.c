/* One filter a channel; weights are stored [height][width][channels]. */
#include "network.h"

void depthwise(const Layer *l, const i8 *x, i8 *y) {
  i32 c = l->channels, line = l->width * c;
  for (i32 row = 0; row < l->rows; row++)
    for (i32 column = 0; column < l->columns; column++) {
      const i8 *from = x + (i64)row * l->down * line + (i64)column * l->right * c;
      i64 at = ((i64)row * l->columns + column) * c;
      for (i32 channel = 0; channel < c; channel++) {
        Sum sum = l->bias[channel];
        const i8 *w = l->weights + channel;
        for (i32 k = 0; k < l->kernel_height; k++) {
          const i8 *p = from + channel + (i64)k * line;
          for (i32 j = 0; j < l->kernel_width; j++, p += c, w += c) {
            i32 a = *p, b = *w;
            MULTIPLY_ADD(sum, a, b);
          }
        }
        put(l, y, at + channel, sum, channel);
      }
    }
}
