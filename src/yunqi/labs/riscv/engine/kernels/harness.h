/* One kernel, run a few times between two readings of the cycle counter; the result is checked by its sum. */
#ifndef HARNESS_H
#define HARNESS_H
typedef unsigned char u8;
typedef signed char i8;
typedef short i16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long u64;
typedef long i64;
u64 kernel(void); /* the work; returns a checksum */
#ifndef RUNS
#define RUNS 3
#endif
static inline u32 next_random(u32 *state) { return *state = *state * 1664525u + 1013904223u; }
#endif
