"""The one ranking pipeline of search, recommendations and everything else that puts products in an order.

A surface brings recall sources and rules; this row gathers candidates, makes features from the live state, scores them
with the surface's policy, gives one position to chance, and logs the Decision.

>>> from yunqi.commerce.ranking import Kind, Lines, ShopState
>>> state = ShopState()
>>> ann = state.user("ann", make=True)
>>> state.fold(Lines.of([(1_700_000_000_000_000, ann, 5, Kind.PURCHASE, 149.0, 0.0, 1)]))
>>> state.shoppers.history(ann).tolist()
[5]
"""

from yunqi.commerce.ranking.config import RankingConfig
from yunqi.commerce.ranking.engine.decay import DAY
from yunqi.commerce.ranking.engine.features import RECALL_SOURCES, Ask, FeatureSet, feature_set
from yunqi.commerce.ranking.engine.gather import allowed, bought_again, gather
from yunqi.commerce.ranking.engine.lines import Kind, Lines
from yunqi.commerce.ranking.engine.quality import bootstrap, ndcg
from yunqi.commerce.ranking.engine.rank import Boosted, Linear
from yunqi.commerce.ranking.engine.source import Source
from yunqi.commerce.ranking.engine.state import ShopState
from yunqi.commerce.ranking.engine.tables import occurrence
from yunqi.commerce.ranking.engine.training import (
    Examples,
    Lesson,
    Moment,
    Plan,
    Question,
    TooLittle,
    Trained,
    grow,
    measure,
    per_question,
    replay,
    train,
)
from yunqi.commerce.ranking.model import (
    Answer,
    Bought,
    Card,
    FeaturesChanged,
    Found,
    ItemReason,
    NothingToLearn,
    Reason,
    Request,
    Rules,
    Surface,
    UnknownSurface,
    Verification,
)
from yunqi.commerce.ranking.service import Ranking
from yunqi.commerce.ranking.service.run import card

__all__ = [
    "DAY",
    "RECALL_SOURCES",
    "Answer",
    "Ask",
    "Boosted",
    "Bought",
    "Card",
    "Examples",
    "FeatureSet",
    "FeaturesChanged",
    "Found",
    "ItemReason",
    "Kind",
    "Lesson",
    "Linear",
    "Lines",
    "Moment",
    "NothingToLearn",
    "Plan",
    "Question",
    "Ranking",
    "RankingConfig",
    "Reason",
    "Request",
    "Rules",
    "ShopState",
    "Source",
    "Surface",
    "TooLittle",
    "Trained",
    "UnknownSurface",
    "Verification",
    "allowed",
    "bootstrap",
    "bought_again",
    "card",
    "feature_set",
    "gather",
    "grow",
    "measure",
    "ndcg",
    "occurrence",
    "per_question",
    "replay",
    "train",
]
