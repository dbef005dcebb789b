"""JSON documents from files, or as they came in a request."""

import json
from pathlib import Path
from typing import Any

from yunqi.commerce.logistics.service.files import read_text
from yunqi.kernel import Invalid


def load_json(source: Path | dict[str, Any]) -> Any:
    """Return the document of a file, or the one that is given; NaN and infinity are read and refused where they stand.

    Raises
    ------
    Invalid
        The file is no JSON.
    """
    if not isinstance(source, Path):
        return source
    try:
        return json.loads(read_text(source, "a problem as JSON"))
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{source.name} is no JSON: {error}", "file") from error
