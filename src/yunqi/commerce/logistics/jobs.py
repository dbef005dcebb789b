"""Background work of logistics: ``logistics.solve``, ``logistics.pack`` and ``logistics.berth``."""

from yunqi.commerce.logistics.service import Logistics
from yunqi.commerce.logistics.service.desk import SOLVE
from yunqi.commerce.logistics.service.queued import BERTH, PACK
from yunqi.kernel import Jobs


def register(jobs: Jobs, logistics: Logistics) -> None:
    """Teach the job runner the long work of logistics; a solve that was cut short begins anew."""
    jobs.register(SOLVE, logistics.routing.run)
    jobs.register(PACK, logistics.queued.pack)
    jobs.register(BERTH, logistics.queued.berth)
