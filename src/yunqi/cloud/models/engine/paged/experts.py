"""Routed experts in the form that OpenVINO's CPU plugin turns into products with the chosen experts' weights alone.

As written here every token goes through all experts and most results are weighed by zero. The plugin knows the form to
the node (``ConvertTiledMoeBlockToGatherMatmuls``, 2026.4) and reads only what is chosen; a ``Swish`` with a second input,
as ``opset13.swish`` makes it, is enough for it not to.
"""

import numpy as np
import openvino as ov
from openvino import opset13 as op
from openvino.utils.node_factory import NodeFactory

from yunqi.cloud.models.engine.lineage.spec import Experts
from yunqi.cloud.models.engine.paged.constants import packed_weight, whole
from yunqi.cloud.models.engine.paged.packing import Floats

_NODES = NodeFactory("opset4")


def routed(x: ov.Node, experts: Experts, router: Floats, gate_up: Floats, down: Floats, *, bits: int) -> ov.Node:
    """Return the weighted sum of the experts that each token of x [batch, tokens, width] chooses.

    Parameters
    ----------
    router, gate_up, down
        [experts, width], [experts, 2 * inner, width] and [experts, width, inner].
    bits
        8 or 4 for the experts' weights, or 32 to keep them as they are.
    """
    count, width = router.shape
    flat = op.reshape(x, whole([-1, width]), False)
    chances = op.softmax(op.matmul(flat, op.constant(router), False, True), -1)
    best = op.topk(chances, op.constant(np.int64(experts.chosen)), -1, "max", "value", index_element_type="i64")
    shares = best.output(0)
    if experts.normalised:
        shares = op.divide(shares, op.reduce_sum(shares, whole([-1]), True))
    none = op.broadcast(op.constant(np.float32(0.0)), op.shape_of(chances))
    spread = op.scatter_elements_update(none, best.output(1), shares, op.constant(np.int64(1)))
    spread = op.unsqueeze(op.reshape(op.transpose(spread, whole([1, 0])), whole([count, -1]), False), whole(2))
    tiled = op.reshape(op.tile(flat, whole([count, 1])), whole([count, -1, width]), False)
    gate, up = np.split(gate_up, 2, axis=1)
    turned = _NODES.create("Swish", [_product(tiled, gate, bits).output(0)], {})
    inner = op.multiply(turned, _product(tiled, up, bits))
    said = op.reshape(_product(inner, down, bits), whole([count, -1, width]), False)
    return op.reshape(op.reduce_sum(op.multiply(said, spread), whole([0]), False), op.shape_of(x), False)


def _product(x: ov.Node, weight: Floats, bits: int) -> ov.Node:
    return op.matmul(x, packed_weight(np.ascontiguousarray(weight), bits), False, True)
