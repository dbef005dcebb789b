"""Background work of logistics."""

from yunqi.commerce.logistics.service import Logistics
from yunqi.kernel import Jobs


def register(jobs: Jobs, logistics: Logistics) -> None:
    """Teach the job runner the long work of logistics."""
