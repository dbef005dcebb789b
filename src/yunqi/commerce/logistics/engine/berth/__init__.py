"""Berth plans: discrete berths by annealing with a Lagrangian bound; quays with cranes and tides by constraint programming."""
