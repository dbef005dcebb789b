"""The members of the family: their configs, what their makers published of them, and what counting them gives."""

from yunqi.cloud.models.engine.catalogue.entry import Entry
from yunqi.cloud.models.engine.catalogue.members import MEMBERS, find

__all__ = ["MEMBERS", "Entry", "find"]
