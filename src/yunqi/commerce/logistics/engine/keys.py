"""The keys that a JSON object may have."""

from difflib import get_close_matches
from typing import Any

from yunqi.kernel.errors import Invalid


def known(document: Any, names: set[str], where: str) -> None:
    """Refuse what is no object, or a key that is not among ``names``, with a hint at the one that was meant.

    Raises
    ------
    Invalid
        Names the place and the key.
    """
    if not isinstance(document, dict):
        raise Invalid(f"{where} must be an object", where)
    for name in document:
        if name not in names:
            near = get_close_matches(str(name), names, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(names))}."
            raise Invalid(f"{where}: {name} is unknown; {hint}", str(name))
