#include "Vtop.h"
#include "verilated.h"
#include <memory>
double sc_time_stamp() { return 0; }
int main(int argc, char** argv) {
  const std::unique_ptr<VerilatedContext> c{new VerilatedContext};
  c->randReset(0); c->commandArgs(argc, argv);
  const std::unique_ptr<Vtop> top{new Vtop{c.get(), "TOP"}};
  top->clk = 0;
  while (!c->gotFinish()) { c->timeInc(1); top->clk = !top->clk; top->eval(); }
  top->final();
  return 0;
}
