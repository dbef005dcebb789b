"""Reads what a config says of eyes and ears."""

from collections.abc import Mapping
from typing import Any

from yunqi.cloud.models.engine.lineage.families import Family
from yunqi.cloud.models.engine.lineage.spec import Spec


def add(spec: Spec, config: Mapping[str, Any], family: Family) -> Spec:
    """Return the spec with the towers that its family has."""
    return spec
