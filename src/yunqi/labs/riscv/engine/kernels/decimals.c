/* Numbers written in decimal, with signs and separators, and read back. */
#include "harness.h"
static char text[4096];
static char *write(char *to, i32 number) {
  char digits[12];
  u32 rest = number < 0 ? -(u32)number : (u32)number;
  int count = 0;
  do digits[count++] = '0' + rest % 10, rest /= 10; while (rest);
  if (number < 0) *to++ = '-';
  while (count) {
    *to++ = digits[--count];
    if (count && count % 3 == 0) *to++ = ',';
  }
  return to;
}
static char *read(char *from, i32 *number) {
  u32 value = 0;
  int negative = *from == '-';
  for (from += negative; *from != ' '; from++)
    if (*from != ',') value = value * 10 + (*from - '0');
  *number = negative ? -value : value;
  return from + 1;
}
u64 kernel(void) {
  u32 state = 99;
  u64 sum = 0;
  char *end = text;
  for (int i = 0; i < 80; i++) {
    u32 drawn = next_random(&state);
    end = write(end, (i32)drawn >> (drawn & 15));
    *end++ = ' ';
  }
  for (char *at = text; at < end;) {
    i32 number;
    at = read(at, &number);
    sum = sum * 31 + number;
  }
  return sum;
}
