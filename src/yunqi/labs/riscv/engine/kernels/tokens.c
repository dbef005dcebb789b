/* The words of a small language, told apart by a switch over the letter, their values added up. */
#include "harness.h"
static const char text[] =
  "let x = 12 + (foo * 3) - 0x1f; if (x >= 42) { y = \"a string\" + x; } else { y = -x / 7; } // end\n"
  "while (i < 100 && !done) { i = i + 1; sum = sum ^ (i << 2); call(sum, 'c', x[i % 8]); }\n"
  "fn twice(v) { return v * 2; } let z = twice(0xff) | 3 & ~y; print(z, \"done\", 123456); # more\n";
enum kind { END, NAME, NUMBER, STRING, SIGN, COMMENT, OTHER };
u64 kernel(void) {
  u64 kinds[7] = {0}, sum = 0;
  for (int round = 0; round < 3; round++) {
    const char *at = text;
    for (;;) {
      enum kind kind;
      u64 value = 0;
      while (*at == ' ' || *at == '\n') at++;
      switch (*at) {
        case 0: kind = END; break;
        case '0' ... '9':
          kind = NUMBER;
          if (at[0] == '0' && at[1] == 'x')
            for (at += 2; (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f'); at++) value = value * 16 + (*at <= '9' ? *at - '0' : *at - 'a' + 10);
          else
            while (*at >= '0' && *at <= '9') value = value * 10 + *at++ - '0';
          break;
        case 'a' ... 'z':
          kind = NAME;
          while (*at >= 'a' && *at <= 'z') value = value * 33 ^ (u8)*at++;
          break;
        case '"':
        case '\'': {
          char quote = *at++;
          kind = STRING;
          while (*at && *at != quote) value += *at++;
          at += *at != 0;
          break;
        }
        case '/':
          if (at[1] == '/') {
            kind = COMMENT;
            while (*at && *at != '\n') at++;
            break;
          }
          kind = SIGN, value = 7, at++;
          break;
        case '#': kind = COMMENT; while (*at && *at != '\n') at++; break;
        case '+': kind = SIGN, value = 1, at++; break;
        case '-': kind = SIGN, value = 2, at++; break;
        case '*': kind = SIGN, value = 3, at++; break;
        case '=': kind = SIGN, value = 4, at++; break;
        case '<': case '>': kind = SIGN, value = 5 + (at[1] == at[0] || at[1] == '='), at += value - 4; break;
        case '(': case ')': kind = SIGN, value = 8, at++; break;
        case '[': case ']': kind = SIGN, value = 9, at++; break;
        case '{': case '}': kind = SIGN, value = 10, at++; break;
        case ';': kind = SIGN, value = 11, at++; break;
        case ',': kind = SIGN, value = 12, at++; break;
        case '&': case '|': kind = SIGN, value = 13, at += 1 + (at[1] == at[0]); break;
        default: kind = OTHER, value = (u8)*at++; break;
      }
      kinds[kind]++;
      sum = sum * 7 + value;
      if (kind == END) break;
    }
  }
  for (int i = 0; i < 7; i++) sum = sum * 31 + kinds[i];
  return sum;
}
