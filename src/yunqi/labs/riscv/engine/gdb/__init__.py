"""GDB's remote serial protocol: packets, the target's description, and a process that is stopped and stepped."""
