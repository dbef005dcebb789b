"""All members, by name."""

import difflib

from yunqi.cloud.models.engine.catalogue.entry import Entry
from yunqi.cloud.models.engine.catalogue.senses import SENSES
from yunqi.cloud.models.engine.catalogue.text import TEXT
from yunqi.kernel.errors import NotFound

MEMBERS: dict[str, Entry] = {entry.name: entry for entry in (*TEXT, *SENSES)}


def find(name: str) -> Entry:
    """Return the member of this name, in any case and with or without its maker's prefix.

    Raises
    ------
    NotFound
        When there is none; near names are shown.
    """
    wanted = name.rsplit("/", 1)[-1].lower()
    for entry in MEMBERS.values():
        if entry.name.lower() in (wanted, wanted.removesuffix("-instruct"), wanted.removesuffix("-chat")):
            return entry
    near = difflib.get_close_matches(wanted, [member.lower() for member in MEMBERS], 3, cutoff=0.4)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    raise NotFound(f"There is no member {name!r} in the catalogue; `yunqi models catalogue` lists them.{hint}")
