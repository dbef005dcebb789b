/* Cyclic redundancy check, bit by bit over 512 bytes. */
#include "harness.h"
u64 kernel(void) {
  u32 state = 1, crc = ~0u;
  for (int i = 0; i < 512; i++) {
    crc ^= next_random(&state) >> 24;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320u & -(crc & 1));
  }
  return ~crc;
}
