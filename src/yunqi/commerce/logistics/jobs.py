"""Background work of logistics: ``logistics.solve``."""

from yunqi.commerce.logistics.service import Logistics
from yunqi.commerce.logistics.service.desk import SOLVE
from yunqi.kernel import Jobs


def register(jobs: Jobs, logistics: Logistics) -> None:
    """Teach the job runner the long work of logistics; a solve that was cut short begins anew."""
    jobs.register(SOLVE, logistics.routing.run)
