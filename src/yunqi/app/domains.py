"""What domains there are: their settings, tables, services, events, routes, commands and jobs."""

from collections.abc import Mapping
from typing import Any

from yunqi.cloud import hub, models, studio, training
from yunqi.commerce import activity, assistant, catalog, experiments, logistics, payments, ranking, recommend, search
from yunqi.flows.storefront import StorefrontConfig
from yunqi.flows.understanding import ModelUnderstander
from yunqi.kernel import Kernel, KernelConfig
from yunqi.kernel.store import Migration
from yunqi.labs import npu, riscv

SECTIONS: dict[str, type] = {
    "kernel": KernelConfig,
    "storefront": StorefrontConfig,
    "catalog": catalog.CatalogConfig,
    "activity": activity.ActivityConfig,
    "experiments": experiments.ExperimentsConfig,
    "ranking": ranking.RankingConfig,
    "search": search.SearchConfig,
    "recommend": recommend.RecommendConfig,
    "payments": payments.PaymentsConfig,
    "assistant": assistant.AssistantConfig,
    "logistics": logistics.LogisticsConfig,
    "hub": hub.HubConfig,
    "models": models.ModelsConfig,
    "studio": studio.StudioConfig,
    "training": training.TrainingConfig,
    "npu": npu.NpuConfig,
    "riscv": riscv.RiscvConfig,
}

ANNOUNCED: tuple[type, ...] = (
    activity.VisitorIdentified,
    assistant.Answered,
    catalog.CatalogPublished,
    catalog.PriceChanged,
    catalog.StockChanged,
    experiments.PolicyPromoted,
    experiments.PolicyRegistered,
    hub.AssetInstalled,
    payments.OrderPaid,
    recommend.NeighboursRebuilt,
    search.IndexRebuilt,
    studio.ModelCalled,
    training.TrainingFinished,
)
"""The events that the house announces in its log, for the reference."""


def migrations() -> list[Migration]:
    """Return every domain's migrations."""
    found: list[Migration] = []
    for domain in (activity, catalog, experiments, logistics, payments, search, studio, training):
        found += domain.MIGRATIONS
    return found


class Domains:
    """Every service over one kernel, built from the rows up."""

    def __init__(self, kernel: Kernel, sections: Mapping[str, Any]) -> None:
        self.kernel = kernel
        self.hub = hub.Hub(kernel, sections["hub"])
        self.models = models.Models(kernel, sections["models"], hub=self.hub)
        self.studio = studio.Studio(kernel, sections["studio"], models=self.models)
        self.training = training.Training(kernel, sections["training"], hub=self.hub)
        self.riscv = riscv.Riscv(kernel, sections["riscv"])
        self.catalog = catalog.Catalog(kernel, sections["catalog"])
        self.experiments = experiments.Experiments(kernel, sections["experiments"])
        self.activity = activity.Activity(
            kernel, sections["activity"], catalog=self.catalog, before=self.experiments.flush
        )
        self.ranking = ranking.Ranking(kernel, sections["ranking"], catalog=self.catalog, experiments=self.experiments)
        self.search = search.Search(
            kernel,
            sections["search"],
            ranking=self.ranking,
            understander=lambda name: ModelUnderstander(self.models, name),
        )
        self.recommend = recommend.Recommend(kernel, sections["recommend"], ranking=self.ranking)
        self.payments = payments.Payments(kernel, sections["payments"], catalog=self.catalog, activity=self.activity)
        self.assistant = assistant.Assistant(
            kernel, sections["assistant"], catalog=self.catalog, complete=assistant.voice(self.studio)
        )
        self.logistics = logistics.Logistics(kernel, sections["logistics"])
        self.npu = npu.Npu(kernel, sections["npu"], hub=self.hub)
        self.deployments = studio.Deployments(
            kernel, hub=self.hub, studio=self.studio, targets=[npu.SimulatedChip(self.npu)]
        )
        self._started = False

    def start(self) -> None:
        """Load what answers requests into memory and follow the log; once, in the process that answers."""
        if self._started:
            return
        self.ranking.start()
        self.recommend.start()
        self.search.start()
        self.experiments.start()
        self._started = True

    def states(self) -> dict[str, tuple[str, str]]:
        """Return the state of each part: ok, degraded (the shop serves without it) or down, and why."""
        products = int(self.catalog.cards().live.sum())
        model = self.studio.health().state.value
        return {
            "catalog": ("ok" if products else "degraded", f"{products} products"),
            "search": self._search_state(products),
            "recommend": ("ok", "ready") if self.recommend.is_ready() else ("degraded", "no neighbours counted yet"),
            "language model": ("ok" if model in _SERVING else "degraded", model),
        }

    def _search_state(self, products: int) -> tuple[str, str]:
        if self.search.is_ready():
            return "ok", "ready"
        if not products:
            return "degraded", "the catalog is empty; run `yunqi import catalog FILE`"
        return "down", "no index; run `yunqi rebuild`"

    def assistant_ready(self) -> bool:
        """Whether questions about products can be answered."""
        return self.studio.health().state.value in _SERVING

    def missing_models(self) -> list[str]:
        """Return the default model when it is a known asset that is not installed yet."""
        wanted = self.studio.resolve("default").id
        missing = {found.asset.id for found in self.hub.list() if found.state is hub.AssetState.MISSING}
        return [wanted] if wanted in missing else []

    def shoppers(self) -> int:
        """Return how many shoppers the live state knows."""
        return len(self.ranking.live.state.users)

    def close(self) -> None:
        """Write what is pending and release everything."""
        self.experiments.close()
        if self._started:
            self.search.close()
            self.ranking.close()
        self.models.close()
        self.kernel.close()


_SERVING = ("ready", "idle", "loading", "running")
