// A bench of our own around the vendor's smart_run SoC: cycles, instructions and mispredictions at every mark, until the stop.
`define APB_BASE_ADDR 40'hb0000000
`timescale 1ns/100ps
`define CPU top.x_soc.x_cpu_sub_system_axi.x_rv_integration_platform.x_cpu_top
`define RET `CPU.x_ct_top_0.x_ct_core.x_ct_rtu_top.x_ct_rtu_retire
module top(input wire clk);
  reg jclk = 0; reg rst_b = 1; reg jrst_b = 1;
  wire o1, o2; wire [7:0] gpio;
  integer cnt = 0;
  reg [63:0] mark, stop; integer limit; integer trace; integer quiet;
  reg [63:0] cyc = 0, insts = 0, bht = 0, jmp = 0, cond = 0, jumps = 0, flush = 0;
  string prog;  // words of 16 bytes, lowest address first
  initial begin
    mark = 64'hffffffff; stop = 64'hffffffff; limit = 3000000; trace = 0;
    void'($value$plusargs("mark=%h", mark));
    void'($value$plusargs("stop=%h", stop));
    void'($value$plusargs("limit=%d", limit));
    void'($value$plusargs("trace=%d", trace));
    if ($value$plusargs("prog=%s", prog)) $readmemh(prog, top.x_soc.x_axi_slave128.x_f_spsram_large.mem);
  end
  always @(posedge clk) begin
    cnt <= cnt + 1;
    if (cnt > 10 && cnt < 20) rst_b <= 0; else rst_b <= 1;
    if (cnt > 40 && cnt < 80) jrst_b <= 0; else jrst_b <= 1;
    if (cnt[0]) jclk <= !jclk;
    if (cnt > limit) begin $display("limit"); $finish; end
  end
  wire v0 = `RET.rob_retire_inst0_vld, v1 = `RET.rob_retire_inst1_vld, v2 = `RET.rob_retire_inst2_vld;
  wire bm = `RET.retire_inst0_normal_retire && `RET.rob_retire_inst0_bht_mispred;
  wire jm = `RET.retire_inst0_jmp_mispred;
  wire [39:0] p0 = `CPU.core0_pad_retire0_pc, p1 = `CPU.core0_pad_retire1_pc, p2 = `CPU.core0_pad_retire2_pc;
  always @(posedge clk) begin
    cyc <= cyc + 1;
    insts <= insts + (v0 ? {62'b0, `RET.rob_retire_inst0_num} : 0) + (v1 ? {62'b0, `RET.rob_retire_inst1_num} : 0) + (v2 ? {62'b0, `RET.rob_retire_inst2_num} : 0);
    if (v0 && bm) bht <= bht + 1;
    if (v0 && jm) jmp <= jmp + 1;
    cond <= cond + {63'b0, v0 && `RET.retire_inst0_condbr} + {63'b0, v1 && `RET.retire_inst1_condbr} + {63'b0, v2 && `RET.retire_inst2_condbr};
    jumps <= jumps + {63'b0, v0 && `RET.retire_inst0_jmp} + {63'b0, v1 && `RET.retire_inst1_jmp} + {63'b0, v2 && `RET.retire_inst2_jmp};
    if (trace[0] && v0 && bm) $display("B %0d %h", cyc, p0);
    if (trace[0] && v0 && jm) $display("J %0d %h", cyc, p0);
    if (trace[1] && v0) begin
      $display("R %0d %h %0d %h %0d %h %0d", cyc, p0, `RET.rob_retire_inst0_num, v1 ? p1 : 40'h0, `RET.rob_retire_inst1_num, v2 ? p2 : 40'h0, `RET.rob_retire_inst2_num);
    end
    if ((v0 && p0 == mark[39:0]) || (v1 && p1 == mark[39:0]) || (v2 && p2 == mark[39:0]))
      $display("M %0d insts %0d bht %0d jmp %0d cond %0d jumps %0d", cyc, insts, bht, jmp, cond, jumps);
    if ((v0 && p0 == stop[39:0]) || (v1 && p1 == stop[39:0]) || (v2 && p2 == stop[39:0])) begin
      $display("S %0d insts %0d", cyc, insts); $finish; end
  end
  soc x_soc(.i_pad_clk(clk), .b_pad_gpio_porta(gpio), .i_pad_jtg_trst_b(jrst_b), .i_pad_jtg_tclk(jclk), .i_pad_jtg_tdi(1'b0), .i_pad_jtg_tms(1'b0), .i_pad_uart0_sin(1'b1), .o_pad_jtg_tdo(o1), .o_pad_uart0_sout(o2), .i_pad_rst_b(rst_b));
endmodule
