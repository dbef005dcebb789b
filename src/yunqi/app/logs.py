"""Logs: one JSON object a line on standard error."""

import json
import logging
import sys
from datetime import UTC, datetime

from yunqi.kernel import Invalid


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object; ``extra={"fields": {...}}`` adds fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(level: str) -> None:
    """Send the house's logs to standard error from ``level`` on."""
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise Invalid(f"log_level = {level!r} is unknown; use debug, info, warning or error.", "log_level")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger("yunqi")
    root.handlers = [handler]
    root.setLevel(number)
    root.propagate = False
