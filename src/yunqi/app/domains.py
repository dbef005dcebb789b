"""What domains there are: their settings, tables, services, events, routes, commands and jobs."""

from collections.abc import Mapping
from typing import Any

from yunqi.cloud import hub, models, studio
from yunqi.commerce import activity, assistant, catalog, experiments, payments, ranking, recommend, search
from yunqi.flows.storefront import StorefrontConfig
from yunqi.kernel import Error, Kernel, KernelConfig
from yunqi.kernel.store import Migration

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
    "hub": hub.HubConfig,
    "models": models.ModelsConfig,
    "studio": studio.StudioConfig,
}

ANNOUNCED: tuple[type, ...] = (
    activity.VisitorIdentified,
    catalog.CatalogPublished,
    catalog.PriceChanged,
    experiments.PolicyPromoted,
    hub.AssetInstalled,
    payments.OrderPaid,
    recommend.NeighboursRebuilt,
    search.IndexRebuilt,
    studio.ModelCalled,
)
"""The events that the house announces in its log, for the reference."""


def migrations() -> list[Migration]:
    """Return every domain's migrations."""
    found: list[Migration] = []
    for domain in (activity, catalog, experiments, payments, studio):
        found += getattr(domain, "MIGRATIONS", ())
    return found


class Domains:
    """Every service over one kernel, built from the rows up."""

    def __init__(self, kernel: Kernel, sections: Mapping[str, Any]) -> None:
        self.kernel = kernel
        self.hub = hub.Hub(kernel, sections["hub"])
        self.models = models.Models(kernel, sections["models"], hub=self.hub)
        self.studio = studio.Studio(kernel, sections["studio"], models=self.models)
        self.catalog = catalog.Catalog(kernel, sections["catalog"])
        self.activity = activity.Activity(kernel, sections["activity"], catalog=self.catalog)
        self.experiments = experiments.Experiments(kernel, sections["experiments"])
        self.ranking = ranking.Ranking(
            kernel, sections["ranking"], catalog=self.catalog, experiments=self.experiments
        )
        self.search = search.Search(kernel, sections["search"], ranking=self.ranking)
        self.recommend = recommend.Recommend(kernel, sections["recommend"], ranking=self.ranking)
        self.payments = payments.Payments(
            kernel, sections["payments"], catalog=self.catalog, activity=self.activity
        )
        self._started = False
