"""Runs the graph: the paged cache's memory, and steps over the sequences of a batch."""

import json
from collections.abc import Sequence as Many
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from yunqi.cloud.models.engine.paged.blocks import SIZE, Block
from yunqi.cloud.models.engine.paged.choosing import Wishes
from yunqi.cloud.models.engine.paged.graph import CHOSEN, MIX, paged
from yunqi.cloud.models.engine.paged.packing import GROUP
from yunqi.cloud.models.engine.paged.scheduler import Run
from yunqi.cloud.models.engine.paged.sequence import Sequence
from yunqi.cloud.models.service.paged.compiled import ABOUT, GRAPH, TILES, WIDE_GRAPH, flags
from yunqi.cloud.models.service.paged.memory import let_go, untouched

WIDE = 40
"""From so many tokens a step on, 16-bit products on AMX are quicker than 8-bit ones by VNNI (measured, see README)."""

# Keys are packed token by token: then a token's cache does not depend on its neighbours, and part of a block can be
# shared. The plugin's default packs them by channel.
_CACHE = {"KV_CACHE_PRECISION": "u8", "KEY_CACHE_QUANT_MODE": "BY_TOKEN"}
_GROUP = 64
"""Values of a row that share a scale when activations are packed in 8 bits; 64 beats the plugin's 32 by a fifth."""
_FOUR_BITS = {ov.Type.u4, ov.Type.i4}


class Runner:
    """A graph in memory.

    Where the processor multiplies 16-bit numbers in tiles (AMX), the graph is compiled twice over one cache: once for
    steps of few tokens (activations in 8 bits, row by row), once for those of many (in bfloat16, of a second graph with
    whole weights where there is one).

    Parameters
    ----------
    tokens
        Size of the cache.
    exact
        Compute in float32 and keep the cache so, to be compared with the lineage.
    """

    def __init__(self, folder: Path, *, tokens: int, threads: int, exact: bool = False) -> None:
        core = ov.Core()
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        self._ranks: list[int] = about.get("ranks", [])
        self.blocks = -(-tokens // SIZE)
        self._settings = {"INFERENCE_NUM_THREADS": threads, "ENABLE_CPU_PINNING": False, **_CACHE}
        self._core, self._model = core, paged(core.read_model(folder / GRAPH))
        self.group = _group(self._model)
        self._settings["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = self.group
        if exact:
            self._settings |= {"DYNAMIC_QUANTIZATION_GROUP_SIZE": 0, "KV_CACHE_PRECISION": "f32"}
        self._narrow = self._compile(self._model, "f32")
        self._wide: ov.InferRequest | None = None
        self._cache = self._memory(self.blocks + 1)  # the last one for what steps are made longer by
        self._folder = folder
        self.is_small = (folder / WIDE_GRAPH).is_file()  # only small models are written as two graphs
        self._warm(self._narrow, 1)
        if exact or TILES not in flags():
            self._let_go()
            return
        self._thread = Thread(target=self._widen, daemon=True)
        self._thread.start()

    def step(self, runs: Many[Run], copies: Many[tuple[int, int]] = ()) -> NDArray[np.float32]:
        """Read the next tokens of each run.

        Returns
        -------
        numpy.ndarray
            Of each run that is last, the logits after its tokens: before its first guess, and after each [..., vocabulary].
        """
        for source, target in copies:
            for blocks in self._cache.values():
                blocks[target] = blocks[source]
        ends = np.cumsum([run.count for run in runs]).tolist()
        last = [
            place - 1 - left
            for place, run in zip(ends, runs, strict=True)
            if run.last
            for left in range(len(run.guess), -1, -1)
        ]
        return self._infer(self._inputs(runs), last or [0])[: len(last)]

    def score(self, tokens: list[int], mix: tuple[float, ...] = ()) -> NDArray[np.float32]:
        """Return the logits after every token [tokens, vocabulary]; whatever the cache held is overwritten."""
        sequence = Sequence(tokens, Wishes(), 0, frozenset(), lambda chosen, reason: True, mix=mix)
        sequence.blocks = [Block(number) for number in range(-(-len(tokens) // SIZE))]
        inputs = self._inputs([Run(sequence, len(tokens), last=True)])
        return self._infer(inputs, list(range(len(tokens)))).copy()

    def _infer(self, inputs: dict[str, Any], chosen: list[int]) -> NDArray[np.float32]:
        inputs[CHOSEN] = np.array(chosen, dtype=np.int64)
        wide = self._wide is not None and len(inputs["input_ids"]) >= WIDE
        request = self._wide if wide and self._wide is not None else self._narrow
        request.infer(inputs, share_inputs=True)
        logits: NDArray[np.float32] = request.get_output_tensor(0).data
        return logits.reshape(len(logits), -1)

    def settle(self) -> None:
        """Wait until the second graph is compiled as well."""
        if hasattr(self, "_thread"):
            self._thread.join()

    def _inputs(self, runs: Many[Run]) -> dict[str, Any]:
        ids, places, blocks, counts = list[int](), list[NDArray[np.int64]](), list[int](), [0]
        pasts, begins, longest = list[int](), [0], 0
        for run in runs:
            ids += run.tokens
            for past, end in _parts(run):
                places.append(np.arange(past, end))
                needed = -(-end // SIZE)
                blocks += [block.number for block in run.sequence.blocks[:needed]]
                counts.append(counts[-1] + needed)
                pasts.append(past)
                begins.append(begins[-1] + end - past)
                longest = max(longest, end)
        more = self._padding(len(ids))
        if more:  # a sequence of its own, in the block that is no sequence's
            ids += [0] * more
            places.append(np.arange(more))
            blocks.append(self.blocks)
            counts.append(counts[-1] + 1)
            pasts.append(0)
            begins.append(len(ids))
        return self._mixed(runs, more) | {
            "input_ids": np.array(ids, dtype=np.int64),
            "position_ids": np.concatenate(places),
            "past_lens": np.array(pasts, dtype=np.int32),
            "subsequence_begins": np.array(begins, dtype=np.int32),
            "block_indices": np.array(blocks, dtype=np.int32),
            "block_indices_begins": np.array(counts, dtype=np.int32),
            "max_context_len": np.array(longest, dtype=np.int32),
        }

    def _padding(self, tokens: int) -> int:
        """Return by how many tokens a step of so many is made longer: to a whole number of blocks where tokens are many.

        For each new number of tokens the plugin writes its kernels anew, which takes longer than reading those more.
        """
        return -tokens % SIZE if self._wide is not None and tokens >= WIDE else 0

    def _mixed(self, runs: Many[Run], more: int) -> dict[str, Any]:
        """Return what each token takes of each adapter [tokens, 1, sum of ranks], where there are adapters."""
        if not self._ranks:
            return {}
        none = [0.0] * len(self._ranks)
        rows = np.array([np.repeat(run.sequence.mix or none, self._ranks) for run in runs], dtype=np.float32)
        rows = np.repeat(rows, [run.count for run in runs], axis=0)
        return {MIX: np.pad(rows, ((0, more), (0, 0)))[:, None]}

    def _widen(self) -> None:
        model = paged(self._core.read_model(self._folder / WIDE_GRAPH)) if self.is_small else self._model
        request = self._compile(model, "bf16")
        self._warm(request, WIDE)
        self._wide = request
        self._let_go()

    def _let_go(self) -> None:
        for name in (GRAPH, WIDE_GRAPH):
            let_go((self._folder / name).with_suffix(".bin"))

    def _warm(self, request: ov.InferRequest, tokens: int) -> None:
        """Read some tokens into a cache of their own, for the plugin packs weights when it first needs them."""
        sequence = Sequence([0] * tokens, Wishes(), 0, frozenset(), lambda chosen, reason: True)
        sequence.blocks = [Block(number) for number in range(-(-tokens // SIZE))]
        inputs = self._inputs([Run(sequence, tokens, last=True)])
        cache = self._memory(len(sequence.blocks))
        self._bind(request, cache)
        request.infer({**inputs, CHOSEN: np.array([0], dtype=np.int64)}, share_inputs=True)
        self._bind(request, self._cache)

    def _memory(self, blocks: int) -> dict[str, NDArray[Any]]:
        """Return a cache of so many blocks by the names of the graph's inputs; it takes memory as it is filled."""
        found = {}
        for port in self._narrow.model_inputs:
            if "_cache." in port.any_name:
                shape = [blocks if size.is_dynamic else size.get_length() for size in port.partial_shape]
                found[port.any_name] = untouched(shape, port.element_type.to_dtype())
        return found

    def _compile(self, model: ov.Model, precision: str) -> ov.InferRequest:
        settings = self._settings | {"INFERENCE_PRECISION_HINT": precision}
        return self._core.compile_model(model, "CPU", settings).create_infer_request()

    @staticmethod
    def _bind(request: ov.InferRequest, cache: dict[str, NDArray[Any]]) -> None:
        for name, blocks in cache.items():  # a tensor does not keep the array whose memory it uses
            request.set_tensor(name, ov.Tensor(blocks, shared_memory=True))


def _parts(run: Run) -> list[tuple[int, int]]:
    """Return from where to where a step reads a run.

    Guesses are read as sequences of one token each over the same blocks: all keys are written before any is looked at. So
    each is computed as it would be alone, to the bit; as further tokens of one sequence their attention takes another
    way, whose rounding (the keys of the same step are not yet in 8 bits) made some greedy answers differ.
    """
    past = run.sequence.past
    if not run.guess:
        return [(past, past + run.count)]
    return [(place, place + 1) for place in range(past, past + run.count)]


def _group(model: ov.Model) -> int:
    """Return how many activations share a scale: no more than weights do, or the plugin multiplies in float32."""
    kinds = {node.get_element_type() for node in model.get_ops() if node.get_type_name() == "Constant"}
    return GROUP if kinds & _FOUR_BITS else _GROUP
