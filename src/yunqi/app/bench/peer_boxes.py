"""Run by the interpreter that has the peers: ``python peer_boxes.py NAME TASK.json`` prints placements.

It imports nothing of Yunqi. The task holds one bin's ``size``, ``items`` (id, three edges, copies) and ``seconds``.
"""

import importlib
import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Pieces = list[list[Any]]
"""Item, corner nearest the origin, extents."""


def py3dbp(task: dict[str, Any]) -> Pieces:
    """Pack by py3dbp, biggest first; it knows neither a time limit nor rules of rotation nor support."""
    lib = importlib.import_module("py3dbp")
    packer = lib.Packer()
    packer.add_bin(lib.Bin("bin", *task["size"], 10**9))
    for key, size, copies in task["items"]:
        for _ in range(copies):
            packer.add_item(lib.Item(key, *size, 1))
    packer.pack(bigger_first=True)
    return [[item.name, *map(float, item.position), *map(float, item.get_dimension())] for item in packer.bins[0].items]


def packer3d(task: dict[str, Any]) -> Pieces:
    """Pack by packer3d with full support; its rotations are none, flat or any, so here any, and its seconds the wall's."""
    packer = importlib.import_module("packer3d").Packer()
    width, length, height = task["size"]
    packer.add_box(id="bin", width=width, length=length, height=height, quantity=1)
    for key, size, copies in task["items"]:
        packer.add_item(id=key, width=size[0], length=size[1], height=size[2], rotation="any", quantity=copies)
    packer.set_options(time_limit_ms=int(1000 * task["seconds"]), improve=True, support_mode="full_base")
    pieces = []
    for one in [item for box in packer.pack()["bins"] for item in box["items"]]:
        across, along = (one["width"], one["length"]) if one["angle"] % 180 == 0 else (one["length"], one["width"])
        pieces.append([one["id"], one["x"] - across / 2, one["y"] - along / 2, one["z"], across, along, one["height"]])
    return pieces


PEERS: dict[str, Callable[[dict[str, Any]], Pieces]] = {"packer3d": packer3d, "py3dbp": py3dbp}


def main() -> None:
    """Pack the task that the command line names and print the pieces as JSON."""
    name, task = sys.argv[1:3]
    try:
        version = importlib.metadata.version(name)
        begun = time.monotonic()
        found: dict[str, Any] = {"pieces": PEERS[name](json.loads(Path(task).read_text())), "version": version}
        found["seconds"] = time.monotonic() - begun
    except ImportError as error:
        found = {"absent": f"not installed ({error})"}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
