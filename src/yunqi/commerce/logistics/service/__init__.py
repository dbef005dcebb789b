"""The verbs of logistics; each family of verbs is a module of its own beside this one."""

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.service.arrivals import ArrivalDesk
from yunqi.commerce.logistics.service.berths import BerthDesk
from yunqi.commerce.logistics.service.classification import Classifier
from yunqi.commerce.logistics.service.depot import Depot
from yunqi.commerce.logistics.service.desk import RoutingDesk
from yunqi.commerce.logistics.service.dispatch import Dispatch
from yunqi.commerce.logistics.service.floor import Floor
from yunqi.commerce.logistics.service.forecasts import ForecastDesk
from yunqi.commerce.logistics.service.journeys import JourneyDesk
from yunqi.commerce.logistics.service.packing import PackingDesk
from yunqi.commerce.logistics.service.papers import PaperDesk
from yunqi.commerce.logistics.service.queued import QueuedDesk
from yunqi.commerce.logistics.service.stock import Stock
from yunqi.commerce.logistics.service.yard import Yard
from yunqi.kernel import Kernel


class Logistics:
    """Routes, packings, berths, stocks and forecasts.

    Parameters
    ----------
    kernel
        The ground floor.
    config
        The settings of the domain.
    """

    def __init__(self, kernel: Kernel, config: LogisticsConfig) -> None:
        self.kernel = kernel
        self.config = config
        self.routing = RoutingDesk(kernel, config)
        self.dispatch = Dispatch(kernel, config)
        self.packing = PackingDesk(config)
        self.berths = BerthDesk(config)
        self.forecasts = ForecastDesk(config, clock=kernel.clock)
        self.depot = Depot(config)
        self.classification = Classifier(kernel, config)
        self.papers = PaperDesk()
        self.arrivals = ArrivalDesk(kernel, config)
        self.journeys = JourneyDesk()
        self.floor = Floor(config)
        self.yard = Yard(config)
        self.stock = Stock()
        self.queued = QueuedDesk(kernel, config, self.packing, self.berths)
