"""What one M6 model is: its sizes, and how its experts are chosen."""

from dataclasses import dataclass

from yunqi.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class M6Spec:
    """One model.

    Attributes
    ----------
    vocabulary, codes
        Text tokens, and discrete picture codes; both share one embedding and one head.
    width, layers, heads, inner
        The transformer; inner is the feed-forward width of one expert, or of the dense layer.
    experts
        Experts of a sparse layer; 0 makes every layer dense.
    every
        Each so-manieth layer is sparse; 1: all.
    prototypes, chosen
        Experts fall into so many groups, each with its own router that picks `chosen` of them. prototypes 1, chosen k
        is top-k routing; prototypes k, chosen 1 is the expert prototyping of M6-T (k top-1).
    capacity
        An expert takes at most capacity * tokens * choices / experts tokens while training; 0: all.
    balance
        Weight of the loss that evens the load; 0: none, as M6-T found it needless.
    places, patches, patch_width
        Longest text, most patches of a picture, and the width of a patch's features.
    shared
        All layers (of a kind) use the same weights: the pseudo stage of M6-10T.

    Raises
    ------
    Invalid
        When the sizes do not fit together.
    """

    vocabulary: int
    codes: int
    width: int
    layers: int
    heads: int
    inner: int
    places: int
    patches: int
    patch_width: int
    experts: int = 0
    every: int = 1
    prototypes: int = 1
    chosen: int = 1
    capacity: float = 1.25
    balance: float = 0.0
    shared: bool = False

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise Invalid(f"heads ({self.heads}) must divide width ({self.width}).", param="heads")
        if self.every < 1 or self.layers % self.every:
            raise Invalid(f"every ({self.every}) must divide layers ({self.layers}).", param="every")
        if self.experts and (self.prototypes < 1 or self.experts % self.prototypes):
            raise Invalid(f"prototypes ({self.prototypes}) must divide experts ({self.experts}).", param="prototypes")
        if self.experts and not 1 <= self.chosen <= self.experts // self.prototypes:
            raise Invalid(f"chosen ({self.chosen}) must lie in 1 to the experts of a prototype.", param="chosen")

    def sparse(self, layer: int) -> bool:
        """Say whether this layer has experts."""
        return bool(self.experts) and layer % self.every == self.every - 1

    def choices(self) -> int:
        """Return how many experts each token visits in a sparse layer."""
        return self.prototypes * self.chosen


@dataclass(frozen=True, slots=True)
class M6Count:
    """Parameters: all, those one token uses, those of the experts; and multiply-adds a token takes in weights."""

    total: int
    active: int
    experts: int
    multiply_adds: int


def count(spec: M6Spec) -> M6Count:
    """Return the parameters in closed form; `network.M6` built on the meta device has exactly as many."""
    width, inner = spec.width, spec.inner
    bank = spec.every if spec.shared else spec.layers
    sparse = sum(spec.sparse(layer) for layer in range(bank))
    attention = 4 * width * width + 4 * width
    norms = 4 * width
    dense = 2 * width * inner + inner + width
    router, expert = spec.experts * width, 2 * width * inner
    words = (spec.vocabulary + spec.codes) * width
    places = (spec.places + spec.patches + 3) * width
    ends = spec.patch_width * width + width + 2 * width
    experts = sparse * spec.experts * expert
    rest = words + places + ends + bank * (attention + norms) + (bank - sparse) * dense + sparse * router
    visited = sum(spec.sparse(layer) for layer in range(spec.layers))
    work = words + spec.layers * 4 * width * width + (spec.layers - visited) * 2 * width * inner
    work += visited * (router + spec.choices() * expert)
    return M6Count(rest + experts, rest + sparse * spec.choices() * expert, experts, work)


def dense_twin(spec: M6Spec) -> M6Spec:
    """Return the dense model that takes as many multiply-adds a token; the router's share goes to its inner width.

    Raises
    ------
    Invalid
        When not every layer is sparse.
    """
    if not spec.experts or spec.every != 1:
        raise Invalid("A dense twin is made of a model whose every layer is sparse.", param="every")
    inner = spec.choices() * spec.inner + spec.experts // 2
    return M6Spec(
        vocabulary=spec.vocabulary,
        codes=spec.codes,
        width=spec.width,
        layers=spec.layers,
        heads=spec.heads,
        inner=inner,
        places=spec.places,
        patches=spec.patches,
        patch_width=spec.patch_width,
    )
