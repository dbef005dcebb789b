/* A state machine that reads numbers of several notations from text. */
#include "harness.h"
static const char text[] = "5012,1234,-874,+122,35.54400,.1234500,-110.700,+0.64400,5.500e+3,-.123e-2,-87e+832,T0.3e-1F,-T.T++Tq,1T3.4e4z";
enum state { START, SIGN, WHOLE, FRACTION, EXPONENT, EXPONENT_SIGN, POWER, BAD };
static enum state step(enum state s, char c) {
  int digit = c >= '0' && c <= '9';
  switch (s) {
    case START: return digit ? WHOLE : c == '+' || c == '-' ? SIGN : c == '.' ? FRACTION : BAD;
    case SIGN: return digit ? WHOLE : c == '.' ? FRACTION : BAD;
    case WHOLE: return digit ? WHOLE : c == '.' ? FRACTION : c == 'e' ? EXPONENT : BAD;
    case FRACTION: return digit ? FRACTION : c == 'e' ? EXPONENT : BAD;
    case EXPONENT: return c == '+' || c == '-' ? EXPONENT_SIGN : digit ? POWER : BAD;
    case EXPONENT_SIGN: return digit ? POWER : BAD;
    case POWER: return digit ? POWER : BAD;
    default: return BAD;
  }
}
u64 kernel(void) {
  u64 ends[8] = {0}, moves = 0;
  for (int round = 0; round < 20; round++) {
    enum state s = START;
    for (const char *at = text; *at; at++) {
      if (*at == ',') { ends[s]++; s = START; continue; }
      enum state next = step(s, *at);
      moves += next != s;
      s = next;
    }
    ends[s]++;
  }
  for (int i = 0; i < 8; i++) moves = moves * 31 + ends[i];
  return moves;
}
