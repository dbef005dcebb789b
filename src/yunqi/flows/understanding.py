"""A served language model as something that understands queries in search."""

from yunqi.cloud.models import ChatRequest, Message, Models

ASK = "Which department and shelf: "
"""How the demo's tuning asks; a model tuned otherwise needs another understander."""

_LONGEST = 24
_QUERY = 200


class ModelUnderstander:
    """Asks a model for the department and shelf of a query.

    Parameters
    ----------
    models
        Serves the model.
    name
        The name that it is served under.
    """

    def __init__(self, models: Models, name: str) -> None:
        self._models = models
        self._name = name

    def understand(self, query: str) -> tuple[str, ...]:
        """Return the category path that the model answers; empty when its answer is no path of two levels.

        Raises
        ------
        EngineBusy, EngineLost, Unavailable
            When the model cannot answer now.
        """
        request = ChatRequest(
            (Message("user", ASK + query.lower()[:_QUERY]),), max_tokens=_LONGEST, temperature=0.0
        )  # fmt: skip
        parts = tuple(part.strip() for part in self._models.chat(self._name, request).text.split(" > "))
        return parts if len(parts) == 2 and all(parts) else ()
