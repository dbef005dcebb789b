/* Double precision: a polynomial, and points of the Mandelbrot set. */
#include "harness.h"
u64 kernel(void) {
  double total = 0.0;
  u64 steps = 0;
  for (int i = 0; i < 200; i++) {
    double x = i * 0.01;
    total += ((((x * 0.2 + 0.5) * x - 1.25) * x + 2.0) * x - 0.75) * x + 1.0;
  }
  for (int row = 0; row < 8; row++)
    for (int column = 0; column < 8; column++) {
      double cr = column * 0.35 - 2.0, ci = row * 0.3 - 1.0, r = 0, i = 0;
      int n = 0;
      while (n < 40 && r * r + i * i < 4.0) { double t = r * r - i * i + cr; i = 2 * r * i + ci; r = t; n++; }
      steps += n;
    }
  return steps + (u64)total;
}
