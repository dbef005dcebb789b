/* Layers of eight-bit networks. Tensors are height, width, channel; see layers.py for what `scale` computes. */
#ifndef NETWORK_H
#define NETWORK_H
typedef signed char i8;
typedef unsigned char u8;
typedef int i32;
typedef long i64;
typedef struct {
  i32 height, width, channels;           /* of the input, with its pads */
  i32 rows, columns, outputs;            /* of the output */
  i32 kernel_height, kernel_width, down, right;
  i32 zero, low, high, raw;
  const i8 *weights;
  const i32 *bias, *multiplier, *shift;
} Layer;
void pad(const i8 *x, i8 *y, i32 height, i32 width, i32 channels, i32 top, i32 left, i32 bottom, i32 right, i32 fill);
void convolution(const Layer *l, const i8 *x, i8 *y);
void depthwise(const Layer *l, const i8 *x, i8 *y);
void max_pool(const Layer *l, const i8 *x, i8 *y);
void average_pool(const Layer *l, const i8 *x, i8 *y, i32 zero);
void add(const i8 *a, const i8 *b, i8 *y, i32 size, i32 za, i32 zb, i32 ma, i32 mb, i32 zero, i32 low, i32 high);
void join(const Layer *l, const i8 *x, i8 *y, const i8 *b, i32 zero, i64 weight);
void multiply(const Layer *l, const i8 *x, i8 *y, const i8 *b, i32 zb, i32 za, i32 one_a_channel);
void place(const i8 *x, i8 *y, i64 pixels, i32 channels, i32 step);
void enlarge(const i8 *x, i8 *y, i32 height, i32 width, i32 channels, i32 down, i32 right);
void lookup(const i8 *x, i8 *y, i32 size, const i8 *table);
static inline i32 scale(const Layer *l, i32 sum, i32 channel) {
  i64 high = ((i64)sum * l->multiplier[channel] + (1l << 30)) >> 31;
  i32 shift = l->shift[channel];
  if (shift) high = (high + (1l << (shift - 1))) >> shift;
  high += l->zero;
  return high < l->low ? l->low : high > l->high ? l->high : (i32)high;
}
static inline void put(const Layer *l, i8 *y, i64 at, i32 sum, i32 channel) {
  if (l->raw) ((i32 *)y)[at] = sum;
  else y[at] = scale(l, sum, channel);
}
#if defined(XTHEAD) /* th.mulah: the sum of two 16-bit numbers' product, one instruction; it leaves its sum extended */
typedef i64 Sum;
#define MULTIPLY_ADD(sum, a, b) __asm__(".insn r 0x0b, 1, 0x14, %0, %1, %2" : "+r"(sum) : "r"(a), "r"(b))
#else
typedef i32 Sum;
#define MULTIPLY_ADD(sum, a, b) ((sum) += (a) * (b))
#endif
#endif
