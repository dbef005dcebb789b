"""The vector extension 0.7.1 as the core has it: configuration, loads and stores, arithmetic."""

VECTOR = """
vsetvli VSETLI 00007057 VSETVLI
vsetvl VSET 80007057 VSETVL
"""
