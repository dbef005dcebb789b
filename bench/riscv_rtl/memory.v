// The memory behind the bus in one array, so that a whole image is read from one file; answers as the vendor's does.
module f_spsram_large(A, CEN, CLK, D, Q, WEN);
parameter ADDR_WIDTH = 21;
parameter WRAP_WIDTH = 8;
input [ADDR_WIDTH-1:0] A; input CEN; input CLK; input [127:0] D; input [15:0] WEN; output [127:0] Q;
reg [ADDR_WIDTH-1:0] addr_holding;
reg [127:0] mem [(1<<ADDR_WIDTH)-1:0];
reg [127:0] Q;
wire [ADDR_WIDTH-1:0] addr = CEN ? addr_holding : A;
integer i;
always @(posedge CLK) begin
  if (!CEN) addr_holding <= A;
  for (i = 0; i < 16; i = i + 1)
    if (!CEN && !WEN[i]) mem[addr][8*i +: 8] <= D[8*i +: 8];
    else Q[8*i +: 8] <= mem[addr][8*i +: 8];
end
endmodule
