"""Recommendations: for the home page, beside a product, beside a basket. Surfaces over the one ranking pipeline.

>>> from yunqi.commerce.recommend import RecommendConfig, surfaces
>>> [surface.name for surface in surfaces(hide_bought=RecommendConfig().hide_bought, per_type=2)]
['for_you', 'again', 'trending', 'new', 'similar', 'together', 'basket']
"""

from yunqi.commerce.recommend.config import RecommendConfig
from yunqi.commerce.recommend.engine.lessons import BasketLesson, HomeLesson
from yunqi.commerce.recommend.engine.neighbours import Neighbours, Visits, following, together
from yunqi.commerce.recommend.engine.shelves import Shelves
from yunqi.commerce.recommend.engine.surfaces import HOME, surfaces
from yunqi.commerce.recommend.model import NeighboursRebuilt, Rebuilt, Section
from yunqi.commerce.recommend.service import Recommend

__all__ = [
    "HOME",
    "BasketLesson",
    "HomeLesson",
    "Neighbours",
    "NeighboursRebuilt",
    "Rebuilt",
    "Recommend",
    "RecommendConfig",
    "Section",
    "Shelves",
    "Visits",
    "following",
    "surfaces",
    "together",
]
