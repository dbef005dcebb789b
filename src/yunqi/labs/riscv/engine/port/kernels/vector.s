# The inner loops in vector 0.7.1. Assemblers of today know the later encodings alone: `assemble.py` makes words of the
# lines that begin with v, and leaves the others to them.
  .text
  .balign 16
  .globl vector_four
# vector_four(from, step, weights, taps, rows, line, bias, sums): sixteen outputs of four columns
vector_four:
  li t0, 16
  vsetvli t0, t0, e32, m4
  vle.v v8, (a6)
  vmv.v.v v12, v8
  vmv.v.v v16, v8
  vmv.v.v v20, v8
  li t0, 16
  vsetvli t0, t0, e16, m2
  add t1, a0, a1
  add t2, t1, a1
  add t3, t2, a1
  sub a5, a5, a3
1:
  mv t4, a3
2:
  vlb.v v4, (a2)
  lb t5, 0(a0)
  lb t6, 0(t1)
  lb a6, 0(t2)
  lb t0, 0(t3)
  addi a2, a2, 16
  addi a0, a0, 1
  addi t1, t1, 1
  vwmacc.vx v8, t5, v4
  addi t2, t2, 1
  vwmacc.vx v12, t6, v4
  addi t3, t3, 1
  vwmacc.vx v16, a6, v4
  addi t4, t4, -1
  vwmacc.vx v20, t0, v4
  bnez t4, 2b
  add a0, a0, a5
  add t1, t1, a5
  add t2, t2, a5
  add t3, t3, a5
  addi a4, a4, -1
  bnez a4, 1b
  li t0, 16
  vsetvli t0, t0, e32, m4
  vse.v v8, (a7)
  addi a7, a7, 64
  vse.v v12, (a7)
  addi a7, a7, 64
  vse.v v16, (a7)
  addi a7, a7, 64
  vse.v v20, (a7)
  ret

  .balign 16
  .globl vector_one
# vector_one(from, step, weights, taps, rows, line, bias, sums): sixteen outputs of one column
vector_one:
  li t0, 16
  vsetvli t0, t0, e32, m4
  vle.v v8, (a6)
  li t0, 16
  vsetvli t0, t0, e16, m2
  sub a5, a5, a3
1:
  mv t4, a3
2:
  vlb.v v4, (a2)
  lb t5, 0(a0)
  addi a2, a2, 16
  addi a0, a0, 1
  addi t4, t4, -1
  vwmacc.vx v8, t5, v4
  bnez t4, 2b
  add a0, a0, a5
  addi a4, a4, -1
  bnez a4, 1b
  li t0, 16
  vsetvli t0, t0, e32, m4
  vse.v v8, (a7)
  ret

  .balign 16
  .globl vector_filters
# vector_filters(layer, from, weights, line, bias, sums, count): one filter a channel, up to sixteen channels
vector_filters:
  lw t0, 24(a0)
  lw t1, 28(a0)
  lw t2, 8(a0)
  vsetvli t3, a6, e32, m4
  vle.v v8, (a4)
  vsetvli t3, a6, e16, m2
1:
  mv t4, a1
  mv t5, t1
2:
  vlb.v v4, (t4)
  vlb.v v6, (a2)
  add t4, t4, t2
  add a2, a2, t2
  addi t5, t5, -1
  vwmacc.vv v8, v4, v6
  bnez t5, 2b
  add a1, a1, a3
  addi t0, t0, -1
  bnez t0, 1b
  vsetvli t3, a6, e32, m4
  vse.v v8, (a5)
  ret

  .balign 16
  .globl vector_scale
# vector_scale(sums, multiplier, shift, zero, low, high, out, count): see layers.py
vector_scale:
  vsetvli t0, a7, e32, m4
  csrwi 0x00a, 0
  vle.v v8, (a0)
  vle.v v12, (a1)
  vle.v v16, (a2)
  vsmul.vv v8, v8, v12
  vssra.vv v8, v8, v16
  vsadd.vx v8, v8, a3
  vmax.vx v8, v8, a4
  vmin.vx v8, v8, a5
  vsb.v v8, (a6)
  ret

  .balign 16
  .globl vector_most
# vector_most(layer, from, line, out, count): the largest of a window, up to 128 channels
vector_most:
  lw t0, 24(a0)
  lw t1, 28(a0)
  lw t2, 8(a0)
  vsetvli t3, a4, e8, m8
  li t6, -128
  vmv.v.x v8, t6
1:
  mv t4, a1
  mv t5, t1
2:
  vle.v v16, (t4)
  add t4, t4, t2
  addi t5, t5, -1
  vmax.vv v8, v8, v16
  bnez t5, 2b
  add a1, a1, a2
  addi t0, t0, -1
  bnez t0, 1b
  vse.v v8, (a3)
  ret

  .balign 16
  .globl vector_sum
# vector_sum(a, b, out, size, numbers): numbers are -za, -zb, ma, mb, zero, low, high, 64 bits each
vector_sum:
  ld t0, 0(a4)
  ld t1, 8(a4)
  ld t2, 16(a4)
  ld t3, 24(a4)
  ld t4, 32(a4)
  ld t5, 40(a4)
  ld t6, 48(a4)
  csrwi 0x00a, 0
1:
  vsetvli a5, a3, e32, m4
  vlb.v v8, (a0)
  vlb.v v12, (a1)
  add a0, a0, a5
  add a1, a1, a5
  vadd.vx v8, v8, t0
  vadd.vx v12, v12, t1
  vmul.vx v8, v8, t2
  vmacc.vx v8, t3, v12
  sub a3, a3, a5
  vssra.vi v8, v8, 20
  vadd.vx v8, v8, t4
  vmax.vx v8, v8, t5
  vmin.vx v8, v8, t6
  vsb.v v8, (a2)
  add a2, a2, a5
  bnez a3, 1b
  ret
