"""Benchmarks: Yunqi and a peer on the same work, in one run.

>>> from yunqi.app.bench import BENCHES
>>> "search-latency" in BENCHES
True
"""

from yunqi.app.bench.catalogue import BENCHES, Bench, machine
from yunqi.app.bench.model import Options, Row

__all__ = ["BENCHES", "Bench", "Options", "Row", "machine"]
