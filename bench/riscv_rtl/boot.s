# Our own start: the settings of the vendor's boot code (extensions, floating point, caches, predictors, prefetch), a stack, and on to the program.
  li t0, 0x638000 | 0x400000 | 0x8000
  csrs 0x7c0, t0
  li t0, 0x6000
  csrs mstatus, t0
  csrsi 0x7f3, 1
  li t0, 0x70013
  csrs 0x7c2, t0
  li t0, 0x11ff
  csrs 0x7c1, t0
  li t0, 0x6e30c
  csrs 0x7c5, t0
  li t0, 0xe0000009
  csrs 0x7c3, t0
  li sp, 0xf00000
  la t0, trap
  csrw mtvec, t0
  la t0, entry
  ld t0, 0(t0)
  jr t0
  .align 6
trap:
  j trap
  .align 3
entry:
  .dword 0x1122334455667788
