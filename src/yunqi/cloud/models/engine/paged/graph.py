"""A decoder of the lineage as an OpenVINO graph with paged attention.

The graph is written with a key and value cache as state, in the form that OpenVINO's own pass then turns into paged
attention (the cache becomes inputs, cut into blocks that any sequence may own), and so that the CPU plugin finds what
it fuses: RMSNorm, rotary positions, grouped queries, weights that stay packed.
"""

from collections.abc import Callable, Sequence

import numpy as np
import openvino as ov
from numpy.typing import ArrayLike
from openvino import opset13 as op
from openvino._offline_transformations import paged_attention_transformation
from openvino.op import Constant
from openvino.op.util import Variable, VariableInfo

from yunqi.cloud.models.engine.adapter import Adapter
from yunqi.cloud.models.engine.lineage.spec import FULL, Spec, Text
from yunqi.cloud.models.engine.paged.constants import packed_weight, whole
from yunqi.cloud.models.engine.paged.experts import routed
from yunqi.cloud.models.engine.paged.packing import Floats, has_four_bits

Weights = Callable[[str], Floats | None]
"""A tensor of the checkpoint by its official name, float32; None when there is none."""

LOGITS, CHOSEN, MIX = "logits", "sampled_tokens_indices", "adapters"
_ROPES = ("default", "linear", "llama3", "yarn")
_FAMILIES = ("qwen2", "qwen3", "llama", "mistral", "qwen2_moe", "qwen3_moe")


def unsupported(spec: Spec) -> str:
    """Return why a member cannot be written as such a graph, or nothing when it can."""
    text = spec.text
    reasons = (
        (spec.family not in _FAMILIES, f"the family {spec.family}"),
        (any(kind != FULL for kind in text.kinds), "attention within windows"),
        (text.gate or text.streams is not None or text.indexer is not None or text.scaled, "its kind of layers"),
        (text.rope.kind not in _ROPES or bool(text.rope.chunk), f"positions of kind {text.rope.kind}"),
        (text.head != "words" or bool(text.logn), "its head"),
        (text.activation not in ("silu", "swish"), f"the activation {text.activation}"),
        (text.rope.fraction != 1.0, "heads that turn in part"),
    )
    return next((f"{what} is not written as a graph yet" for holds, what in reasons if holds), "")


def decoder(
    text: Text, weights: Weights, frequencies: Floats, factor: float, *, bits: int, adapters: Sequence[Adapter] = ()
) -> ov.Model:
    """Return the graph of a decoder, with its cache as state; OpenVINO GenAI reads it too.

    Parameters
    ----------
    frequencies, factor
        Inverse frequencies of the rotary positions [head size / 2], and what cos and sin are multiplied by.
    bits
        8 or 4 for linear layers; with 8, those that lose nothing in 4 have 4. 16 makes them bfloat16, which steps of many
        tokens multiply quickest. Embeddings and head keep 8. 32 keeps all as they are.
    adapters
        Ways beside the linear layers, which every token may take or not.

    Returns
    -------
    openvino.Model
        ``input_ids``, ``position_ids`` [batch, tokens], ``attention_mask`` [batch, keys] and ``beam_idx`` [batch] to
        ``logits`` [batch, tokens, vocabulary]; with adapters also ``adapters`` [batch, tokens, sum of their ranks]: the
        weight of each one for each token, repeated over its rank.
    """
    return _Writer(text, weights, bits, adapters).write(frequencies, factor)


def paged(model: ov.Model) -> ov.Model:
    """Turn a decoder's graph into one over a paged cache.

    Returns
    -------
    openvino.Model
        Reads ``input_ids`` and ``position_ids`` [tokens] of all sequences in a row, the blocks each one owns, and
        ``sampled_tokens_indices`` [chosen]: of which tokens the logits [chosen, 1, vocabulary] are wanted.
    """
    paged_attention_transformation(model)
    head = model.get_results()[0].input_value(0).get_node()
    chosen = op.parameter([-1], np.int64, name=CHOSEN)
    chosen.output(0).get_tensor().set_names({CHOSEN})
    states = head.input_value(0)
    head.input(0).replace_source_output(op.gather(states, chosen, whole(0)).output(0))
    model.add_parameters([chosen])
    model.validate_nodes_and_infer_types()
    return model


def _real(values: ArrayLike) -> ov.Node:
    return op.constant(np.asarray(values, dtype=np.float32))


class _Writer:
    def __init__(self, text: Text, weights: Weights, bits: int, adapters: Sequence[Adapter]) -> None:
        self._text, self._stored, self._bits, self._adapters = text, weights, bits, adapters
        self._ends = bits if bits == 32 else 8
        self._rank = sum(adapter.rank for adapter in adapters)
        self._mix = self._input(MIX, [-1, -1, self._rank], np.float32) if adapters else None
        self._factors: dict[str, Floats] = {}
        self._sinks: list[ov.Node] = []

    def write(self, frequencies: Floats, factor: float) -> ov.Model:
        text = self._text
        ids, mask = self._input("input_ids", [-1, -1]), self._input("attention_mask", [-1, -1])
        places, beam = self._input("position_ids", [-1, -1]), self._input("beam_idx", [-1], np.int32)
        batch = op.gather(op.shape_of(ids), whole([0]), whole(0))
        table = self._packed("model.embed_tokens.weight", bits=self._ends)
        x = op.gather(table, op.convert(ids, np.int32), op.constant(np.int32(0)))
        seen = _mask(ids, mask)
        turns = _turns(places, batch, frequencies, factor)
        for layer in range(text.layers):
            base = f"model.layers.{layer}"
            x = op.add(x, self._attention(self._norm(x, f"{base}.input_layernorm"), layer, (batch, beam), seen, turns))
            h = self._norm(x, f"{base}.post_attention_layernorm")
            x = op.add(x, (self._sparse if text.sparse[layer] else self._dense)(h, f"{base}.mlp"))
        x = self._norm(x, "model.norm")
        head = self._packed("model.embed_tokens.weight" if text.tied else "lm_head.weight", bits=self._ends)
        result = op.result(op.matmul(x, head, False, True))
        result.output(0).get_tensor().set_names({LOGITS})
        inputs = [ids, mask, places, beam, *([] if self._mix is None else [self._mix])]
        return ov.Model([result], self._sinks, inputs, "decoder")

    def _input(self, name: str, shape: list[int], kind: type = np.int64) -> ov.Node:
        found = op.parameter(shape, kind, name=name)
        found.output(0).get_tensor().set_names({name})
        return found

    def _weights(self, name: str) -> Floats | None:
        found, factor = self._stored(name), self._factors.get(name)
        return found if found is None or factor is None else found * factor.reshape([-1, *[1] * (found.ndim - 1)])

    def _balance(self, layer: int) -> None:
        """Even out the sizes of a key's channels, and let queries make up for it: scores stay, and 8-bit keys lose less.

        Both channels that turn together get one factor, so the turning does not mind. Qwen2.5's biases make single
        channels a hundred times larger than the rest, and those would set the step for all.
        """
        text, base = self._text, f"model.layers.{layer}"
        dim, half = text.head_dim, text.head_dim // 2
        if text.head_norm:
            sizes = np.abs(self._weight(f"{base}.self_attn.k_norm.weight")).reshape(1, dim)
        else:
            rows = self._weight(f"{base}.self_attn.k_proj.weight") * self._weight(f"{base}.input_layernorm.weight")
            bias = self._weights(f"{base}.self_attn.k_proj.bias")
            sizes = 3.0 * np.sqrt(np.square(rows).sum(axis=1)) + (0.0 if bias is None else np.abs(bias))
            sizes = sizes.reshape(text.kv_heads, dim)
        pairs = np.maximum(np.maximum(sizes[:, :half], sizes[:, half:]), 1e-6)
        even = pairs / np.exp(np.log(pairs).mean(axis=1, keepdims=True))
        even = np.concatenate([even, even], axis=1).astype(np.float32)
        keys: Floats = (1.0 / even).astype(np.float32)
        queries: Floats = np.repeat(even, text.heads // text.kv_heads, axis=0)
        if text.head_norm:
            self._factors |= {
                f"{base}.self_attn.{name}_norm.weight": f[0] for name, f in (("k", keys), ("q", queries[:1]))
            }
            return
        for name, factor in (("k", keys), ("q", queries)):
            self._factors |= {f"{base}.self_attn.{name}_proj.{what}": factor for what in ("weight", "bias")}

    def _weight(self, name: str) -> Floats:
        found = self._weights(name)
        if found is None:
            raise KeyError(name)
        return found

    def _packed(self, name: str, *, bits: int) -> ov.Node:
        return packed_weight(self._weight(name), bits)

    def _product(self, x: ov.Node, weight: Floats) -> ov.Node:
        if self._bits == 16:  # in its own kind: the plugin would keep what it converts to float32 beside what it packs
            product = op.matmul(op.convert(x, ov.Type.bf16), _sixteen_bits(weight), False, True)
            return op.convert(product, np.float32)
        bits = 4 if self._bits == 8 and has_four_bits(weight) else self._bits
        return op.matmul(x, packed_weight(weight, bits), False, True)

    def _linear(self, x: ov.Node, name: str) -> ov.Node:
        y = self._adapted(self._product(x, self._weight(f"{name}.weight")), x, [name])
        bias = self._weights(f"{name}.bias")
        return y if bias is None else op.add(y, _real(bias[None, None]))

    def _norm(self, x: ov.Node, name: str, *, rank: int = 3) -> ov.Node:
        weight = self._weight(f"{name}.weight")
        ones = [1] * rank
        square = op.power(x, _real(np.full(ones, 2.0)))
        mean = op.add(op.reduce_mean(square, whole([-1]), True), _real(np.full(ones, self._text.eps)))
        normed = op.multiply(x, op.divide(_real(np.ones(ones)), op.sqrt(mean)))
        weight = 1.0 + weight if self._text.centred else weight
        return op.multiply(normed, _real(weight.reshape([*ones[:-1], -1])))

    def _attention(
        self, x: ov.Node, layer: int, state: tuple[ov.Node, ov.Node], seen: ov.Node, turns: tuple[ov.Node, ov.Node]
    ) -> ov.Node:
        text, base = self._text, f"model.layers.{layer}.self_attn"
        if not text.centred:
            self._balance(layer)
        query, key, value = self._several(x, [f"{base}.{name}_proj" for name in "qkv"])
        query = _turned(self._heads(query, text.heads, f"{base}.q_norm"), turns, text.head_dim)
        key = _turned(self._heads(key, text.kv_heads, f"{base}.k_norm"), turns, text.head_dim)
        value = self._heads(value, text.kv_heads, "")
        key = self._kept(key, f"past_key_values.{layer}.keypresent.{layer}.key", state)
        value = self._kept(value, f"past_key_values.{layer}.valuepresent.{layer}.value", state)
        mixed = op.scaled_dot_product_attention(query, self._spread(key), self._spread(value), seen)
        flat = op.reshape(
            op.transpose(mixed, whole([0, 2, 1, 3])), whole([0, 0, text.heads * text.head_dim]), special_zero=True
        )
        return self._linear(flat, f"{base}.o_proj")

    def _dense(self, x: ov.Node, base: str) -> ov.Node:
        gate, up = self._gate(x, [f"{base}.gate_proj", f"{base}.up_proj"])
        return self._linear(op.multiply(op.swish(gate), up), f"{base}.down_proj")

    def _sparse(self, x: ov.Node, base: str) -> ov.Node:
        experts = self._text.experts
        if experts is None:
            raise KeyError(f"{base}.experts")
        weights = [
            self._weight(f"{base}.{name}") for name in ("gate.weight", "experts.gate_up_proj", "experts.down_proj")
        ]
        said = routed(x, experts, *weights, bits=self._bits)
        if not experts.shared_width:
            return said
        shared = self._dense(x, f"{base}.shared_expert")
        if experts.shared_gate:
            gate = op.matmul(x, _real(self._weight(f"{base}.shared_expert_gate.weight")), False, True)
            shared = op.multiply(op.sigmoid(gate), shared)
        return op.add(said, shared)

    def _gate(self, x: ov.Node, names: list[str]) -> list[ov.Node]:
        """Return gate and up. One by one where tokens are many: cutting their product costs more than reading x again."""
        return [self._linear(x, name) for name in names] if self._bits == 16 else self._several(x, names)

    def _several(self, x: ov.Node, names: list[str]) -> list[ov.Node]:
        """Return several linear layers of the same x, multiplied as one."""
        weights = [self._weight(f"{name}.weight") for name in names]
        biases = [found for name in names if (found := self._weights(f"{name}.bias")) is not None]
        y = self._adapted(self._product(x, np.concatenate(weights)), x, names)
        if biases:
            y = op.add(y, _real(np.concatenate(biases)[None, None]))
        cut = op.variadic_split(y, whole(-1), whole([len(weight) for weight in weights]))
        return [cut.output(index) for index in range(len(names))]

    def _adapted(self, y: ov.Node, x: ov.Node, names: list[str]) -> ov.Node:
        """Add to y, the product of linear layers that were multiplied as one, what the adapters make of x.

        All adapters' sides stand in two matrices: a token's own ones are picked by what lies between them, so that
        tokens of several adapters can be in one step.
        """
        ways = [(name, adapter) for name in names for adapter in self._adapters if name in adapter.ways]
        if not ways or self._mix is None:
            return y
        named = [name for name in names if any(name == one for one, _ in ways)]
        sizes = [len(self._weight(f"{name}.weight")) for name in names]
        rows, columns = sum(sizes), len(named) * self._rank
        first: Floats = np.zeros((columns, ways[0][1].ways[ways[0][0]][0].shape[1]), np.float32)
        second: Floats = np.zeros((rows, columns), np.float32)
        begins = np.cumsum([0, *[adapter.rank for adapter in self._adapters]])
        tops = dict(zip(names, np.cumsum([0, *sizes]), strict=False))
        for place, name in enumerate(named):
            for begin, adapter in zip(begins, self._adapters, strict=False):
                if name in adapter.ways:
                    (a, b), left = adapter.ways[name], place * self._rank + begin
                    factor = self._factors.get(f"{name}.weight")
                    b = b if factor is None else b * factor.reshape(-1, 1)
                    first[left : left + adapter.rank] = a
                    second[tops[name] : tops[name] + len(b), left : left + adapter.rank] = b
        mix = self._mix if len(named) == 1 else op.concat([self._mix] * len(named), 2)
        inner = op.multiply(op.matmul(x, _real(first), False, True), mix)
        return op.add(y, op.matmul(inner, _real(second), False, True))

    def _heads(self, x: ov.Node, heads: int, norm: str) -> ov.Node:
        cut = op.reshape(x, whole([0, 0, heads, self._text.head_dim]), special_zero=True)
        if norm and self._text.head_norm:
            cut = self._norm(cut, norm, rank=4)
        return op.transpose(cut, whole([0, 2, 1, 3]))

    def _kept(self, x: ov.Node, name: str, state: tuple[ov.Node, ov.Node]) -> ov.Node:
        """Return all keys or values so far, and keep them."""
        text, (batch, beam) = self._text, state
        info = VariableInfo()
        info.data_shape = ov.PartialShape([-1, text.kv_heads, -1, text.head_dim])
        info.data_type, info.variable_id = ov.Type.f32, name
        variable = Variable(info)
        shape = op.concat([batch, whole([text.kv_heads]), whole([0]), whole([text.head_dim])], 0)
        past = op.gather(op.read_value(op.broadcast(_real(0.0), shape), variable), beam, whole(0))
        both = op.concat([past, x], 2)
        self._sinks.append(op.assign(both, variable))
        return both

    def _spread(self, x: ov.Node) -> ov.Node:
        """Repeat each key head for the queries that share it."""
        times = self._text.heads // self._text.kv_heads
        if times == 1:
            return x
        shape = op.shape_of(x)
        first, second, third, fourth = (op.gather(shape, whole([axis]), whole(0)) for axis in range(4))
        target = op.concat([first, second, whole([times]), third, fourth], 0)
        wide = op.broadcast(op.unsqueeze(x, whole(2)), target, broadcast_spec="BIDIRECTIONAL")
        return op.reshape(wide, whole([0, self._text.heads, -1, self._text.head_dim]), special_zero=True)


def _sixteen_bits(values: Floats) -> ov.Node:
    """Return values as bfloat16, the upper half of a float32, rounded to the nearest even one."""
    whole = np.ascontiguousarray(values, np.float32).view(np.uint32)
    upper = ((whole + 0x7FFF + ((whole >> 16) & 1)) >> 16).astype(np.uint16)
    return Constant(ov.Tensor(upper, list(values.shape), ov.Type.bf16), shared_memory=False)


def _mask(ids: ov.Node, mask: ov.Node) -> ov.Node:
    """Return what is added to the scores; paged attention does without it."""
    keys = op.squeeze(op.gather(op.shape_of(mask), whole([1]), whole(0)), whole([0]))
    queries = op.squeeze(op.gather(op.shape_of(ids), whole([1]), whole(0)), whole([0]))
    columns = op.unsqueeze(op.range(whole(0), keys, whole(1), "i64"), whole(0))
    rows = op.unsqueeze(op.range(op.subtract(keys, queries), keys, whole(1), "i64"), whole(1))
    causal = op.unsqueeze(op.less_equal(columns, rows), whole([0, 1]))
    kept = op.unsqueeze(op.not_equal(mask, whole(0)), whole([1, 2]))
    return op.select(op.logical_and(causal, kept), _real(0.0), _real(np.finfo(np.float32).min))


def _turns(places: ov.Node, batch: ov.Node, frequencies: Floats, factor: float) -> tuple[ov.Node, ov.Node]:
    """Return cos and sin [batch, 1, tokens, head size]."""
    shape = op.concat([batch, whole([1, 1])], 0)
    inverse = op.broadcast(_real(frequencies.reshape(1, -1, 1)), shape, broadcast_spec="BIDIRECTIONAL")
    angles = op.matmul(inverse, op.convert(op.unsqueeze(places, whole(1)), np.float32), False, False)
    angles = op.transpose(angles, whole([0, 2, 1]))
    full = op.concat([angles, angles], 2)
    both = (op.cos(full), op.sin(full))
    if factor != 1.0:
        both = (op.multiply(both[0], _real(factor)), op.multiply(both[1], _real(factor)))
    return op.unsqueeze(both[0], whole(1)), op.unsqueeze(both[1], whole(1))


def _turned(heads: ov.Node, turns: tuple[ov.Node, ov.Node], dim: int) -> ov.Node:
    half, end, step, axis = whole([dim // 2]), whole([np.iinfo(np.int64).max]), whole([1]), whole([3])
    second = op.slice(heads, half, end, step, axis)
    first = op.slice(heads, whole([0]), half, step, axis)
    swapped = op.concat([op.multiply(second, _real([[[[-1.0]]]])), first], -1)
    return op.add(op.multiply(heads, turns[0]), op.multiply(swapped, turns[1]))
