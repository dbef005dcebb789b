/* A small stack machine: jumps whose target comes from data. */
#include "harness.h"
enum { PUSH, ADD, MULTIPLY, DUPLICATE, SWAP, LOOP, STOP };
static const u8 code[] = {PUSH, 3, PUSH, 5, ADD, DUPLICATE, PUSH, 7, MULTIPLY, SWAP, ADD, DUPLICATE, PUSH, 1, ADD, ADD, LOOP, STOP};
u64 kernel(void) {
  u64 stack[64], sum = 0;
  for (int seed = 0; seed < 12; seed++) {
    u64 *top = stack;
    *top = seed;
    const u8 *at = code;
    int left = 12;
    for (;;) {
      switch (*at++) {
        case PUSH: *++top = *at++; break;
        case ADD: top[-1] += *top; top--; break;
        case MULTIPLY: top[-1] *= *top; top--; break;
        case DUPLICATE: top[1] = *top; top++; break;
        case SWAP: { u64 t = *top; *top = top[-1]; top[-1] = t; break; }
        case LOOP: if (--left) { sum += *top; top = stack; at = code; } break;
        default: goto done;
      }
    }
  done:
    sum = sum * 33 + *top;
  }
  return sum;
}
