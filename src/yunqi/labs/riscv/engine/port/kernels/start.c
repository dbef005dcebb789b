/* A program without a library: reads the input (or takes the one it holds), runs the network, writes the output.
   `rdcycle` stands before and after every layer, so that the timing model marks them. */
#include "network.h"
extern i8 arena[];
extern const i8 sample[];
extern const i64 input_at, input_size, output_at, output_size;
void network(void);
static i64 call(i64 number, i64 a, i64 b, i64 c) {
  register i64 a7 __asm__("a7") = number, a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
  return a0;
}
void *memcpy(void *d, const void *s, unsigned long n) {
  char *p = d;
  const char *q = s;
  while (n--) *p++ = *q++;
  return d;
}
void *memset(void *d, int v, unsigned long n) {
  char *p = d;
  while (n--) *p++ = v;
  return d;
}
__attribute__((used)) void begin(i64 *stack) {
  i64 got = 0;
  if (stack[0] > 1) {
    while (got < input_size) {
      i64 more = call(63, 0, (i64)(arena + input_at + got), input_size - got);
      if (more <= 0) call(93, 2, 0, 0);
      got += more;
    }
  } else
    memcpy(arena + input_at, sample, input_size);
  network();
  for (i64 done = 0; done < output_size;) {
    i64 more = call(64, 1, (i64)(arena + output_at + done), output_size - done);
    if (more <= 0) call(93, 3, 0, 0);
    done += more;
  }
  call(93, 0, 0, 0);
}
__attribute__((naked)) void _start(void) { __asm__ volatile("mv a0, sp\n andi sp, sp, -16\n call begin"); }
