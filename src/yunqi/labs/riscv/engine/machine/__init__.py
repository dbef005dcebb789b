"""The machine: registers, paged memory and the loop that carries instructions out."""
