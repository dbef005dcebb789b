"""What a member of the family is, said once: frozen, complete, and independent of how its config.json spells it."""

from dataclasses import dataclass

from yunqi.kernel.errors import Invalid

FULL, WINDOW, DELTA = "full_attention", "sliding_attention", "linear_attention"


@dataclass(frozen=True, slots=True)
class Rope:
    """Rotary positions.

    Parameters
    ----------
    kind
        ``default``, ``linear``, ``dynamic`` (NTK by length), ``yarn``, ``llama3``, ``longrope`` or ``qwen`` (the
        2023 rule: NTK by powers of two of the length).
    fraction
        Part of each head that turns; the rest passes unchanged.
    original
        Context the frequencies were trained for, in tokens; 0: the model's own.
    sections
        M-RoPE: how many frequencies follow time, height and width; empty for plain text.
    interleaved
        M-RoPE: whether the sections take turns instead of lying one after the other.
    chunk, local
        Dual chunk attention (Qwen2.5-1M): length of a chunk and of the exact neighbourhood; 0: none.
    """

    theta: float = 10_000.0
    kind: str = "default"
    fraction: float = 1.0
    factor: float = 1.0
    original: int = 0
    beta_fast: float = 32.0
    beta_slow: float = 1.0
    attention_factor: float | None = None
    mscale: float = 0.0
    mscale_all: float = 0.0
    truncate: bool = True
    low_frequency: float = 1.0
    high_frequency: float = 4.0
    short_factors: tuple[float, ...] = ()
    long_factors: tuple[float, ...] = ()
    sections: tuple[int, ...] = ()
    interleaved: bool = False
    chunk: int = 0
    local: int = 0


@dataclass(frozen=True, slots=True)
class Experts:
    """A sparse feed-forward layer: ``chosen`` of ``count`` experts a token, and a shared one if ``shared_width``."""

    count: int
    chosen: int
    width: int
    normalised: bool
    shared_width: int = 0
    shared_gate: bool = True


@dataclass(frozen=True, slots=True)
class Delta:
    """Gated DeltaNet; ``grouped`` says that q, k, v and z of one key head lie together in one projection."""

    key_heads: int
    value_heads: int
    key_dim: int
    value_dim: int
    kernel: int
    grouped: bool
    gate: str = "silu"

    @property
    def keys(self) -> int:
        """Return the width of all keys."""
        return self.key_heads * self.key_dim

    @property
    def values(self) -> int:
        """Return the width of all values."""
        return self.value_heads * self.value_dim


@dataclass(frozen=True, slots=True)
class Streams:
    """Hyper-connections: ``count`` residual streams mixed through a low ``rank``."""

    count: int
    rank: int


@dataclass(frozen=True, slots=True)
class Ngrams:
    """Per-layer embeddings of hashed token n-grams, for the (zero-based) ``layers``."""

    layers: tuple[int, ...]
    width: int
    kernel: int
    size: int
    heads: int
    vocabulary: int
    multiple: int
    seed: int
    shards: int
    end: int


@dataclass(frozen=True, slots=True)
class Indexer:
    """Chooses which keys a query may see: ``budget`` tokens in blocks of ``block``; one key head for ``heads`` queries."""

    heads: int
    head_dim: int
    budget: int
    block: int


@dataclass(frozen=True, slots=True)
class Text:
    """A decoder of text.

    Parameters
    ----------
    kinds
        What mixes tokens in each layer: `FULL`, `WINDOW` or `DELTA`.
    sparse
        For each layer whether its feed-forward part is `experts`.
    head_norm
        RMSNorm over each query and key head.
    gate
        Attention's output is multiplied by a sigmoid of a second half of the query projection.
    centred
        RMSNorm's weight is stored around zero (1 + weight).
    logn
        Queries past this length grow with the logarithm of their position; 0: never.
    head, classes, head_bias
        What is made of the last states: ``words`` (logits of the vocabulary), ``classes`` of a text, ``labels`` of each
        token, a ``reward``, a ``span`` (beginning and end of an answer), ``vectors`` of length one, or ``states`` as
        they are; how many; and whether labels have a bias.
    predictors
        Layers of the head that looks ahead (multi-token prediction).
    scaled
        What attention and feed-forward add is scaled by a learnt weight a channel (Qwen3-Omni's code decoder).
    """

    vocabulary: int
    width: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    context: int
    kinds: tuple[str, ...]
    sparse: tuple[bool, ...]
    rope: Rope
    eps: float = 1e-6
    activation: str = "silu"
    tied: bool = False
    qkv_bias: bool = False
    out_bias: bool = False
    mlp_bias: bool = False
    head_norm: bool = False
    gate: bool = False
    centred: bool = False
    window: int = 0
    logn: int = 0
    experts: Experts | None = None
    delta: Delta | None = None
    streams: Streams | None = None
    ngrams: Ngrams | None = None
    indexer: Indexer | None = None
    predictors: int = 0
    head: str = "words"
    classes: int = 0
    head_bias: bool = True
    scaled: bool = False

    def __post_init__(self) -> None:
        for name in ("vocabulary", "width", "layers", "heads", "kv_heads", "head_dim"):
            if getattr(self, name) <= 0:
                raise Invalid(f"The config gives {name} = {getattr(self, name)}; it must be positive.", param=name)
        if self.heads % self.kv_heads:
            raise Invalid(
                f"The config gives {self.heads} query heads for {self.kv_heads} key heads; they must divide.",
                param="num_key_value_heads",
            )
        if len(self.kinds) != self.layers or len(self.sparse) != self.layers:
            raise Invalid(
                f"The config names {len(self.kinds)} layer types for {self.layers} layers.", param="layer_types"
            )


@dataclass(frozen=True, slots=True)
class Vision:
    """A vision tower; see `yunqi.cloud.models.engine.lineage.vision`.

    Parameters
    ----------
    kind
        ``qwen2`` (LayerNorm, plain MLP), ``qwen2_5`` (RMSNorm, SwiGLU, windows) or ``qwen3`` (learned positions,
        deepstack).
    whole
        Layers that see the whole picture; the others see windows. Empty: all.
    deep
        Layers whose features go into the decoder's first layers.
    """

    kind: str
    depth: int
    width: int
    inner: int
    heads: int
    out: int
    channels: int = 3
    patch: int = 14
    frames: int = 2
    merge: int = 2
    activation: str = "silu"
    window: int = 0
    whole: tuple[int, ...] = ()
    deep: tuple[int, ...] = ()
    positions: int = 0
    image: int = -1
    video: int = -1
    start: int = -1
    tokens_per_second: float = 2.0


@dataclass(frozen=True, slots=True)
class Audio:
    """An audio tower; see `yunqi.cloud.models.engine.lineage.audio`."""

    kind: str
    layers: int
    width: int
    inner: int
    heads: int
    out: int
    bins: int = 128
    positions: int = 1500
    activation: str = "gelu"
    chunk: int = 100
    window: int = 0
    channels: int = 0
    token: int = -1
    batch: int = 500
    layer_norm_bias: bool = True


@dataclass(frozen=True, slots=True)
class Talker:
    """The decoder of an omni member that answers in codes of speech; see `yunqi.cloud.models.engine.lineage.speech`.

    Parameters
    ----------
    kind
        ``qwen2_5`` (one code a frame) or ``qwen3`` (``groups`` codes a frame, all but the first by ``predictor``).
    entry
        Width of what it reads: of the thinker's embeddings and hidden states.
    begin, pad, mask, ends
        Codes that stand for the beginning, nothing, the prompt, and the end.
    marks
        Text tokens that begin, end and pad what is to be spoken.
    layer
        How many of the thinker's layers its states for pictures and sound have passed (``qwen3``).
    unthought
        Codes that say: no thinking here (``qwen3``).
    speakers
        Names and their codes (``qwen3``; Qwen2.5-Omni's voices are files).
    turns
        Tokens that begin a turn, and name the user and the assistant (``qwen3``).
    """

    kind: str
    text: Text
    entry: int
    begin: int
    pad: int
    mask: int
    ends: tuple[int, ...]
    marks: tuple[int, int, int]
    layer: int = 0
    predictor: Text | None = None
    groups: int = 1
    unthought: tuple[int, ...] = ()
    speakers: tuple[tuple[str, int], ...] = ()
    turns: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Flow:
    """Qwen2.5-Omni's diffusion transformer: codes and a voice to mel frames, by flow matching."""

    width: int
    layers: int
    heads: int
    head_dim: int
    inner: int
    code_width: int
    codes: int
    repeats: int
    bins: int
    block: int
    ahead: tuple[int, ...]
    behind: tuple[int, ...]
    voice_width: int
    theta: float
    longest: int
    ear_out: int
    ear_channels: tuple[int, ...]
    ear_kernels: tuple[int, ...]
    ear_dilations: tuple[int, ...]
    ear_attention: int
    ear_scale: int
    ear_squeeze: int


@dataclass(frozen=True, slots=True)
class Vocoder:
    """Qwen2.5-Omni's BigVGAN: mel frames to a wave."""

    bins: int
    channels: int
    rates: tuple[int, ...]
    kernels: tuple[int, ...]
    block_kernels: tuple[int, ...]
    block_dilations: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Waves:
    """Qwen3-Omni's code decoder: groups of codes to a wave, causal throughout."""

    text: Text
    groups: int
    ratios: tuple[int, ...]
    rates: tuple[int, ...]
    width: int


@dataclass(frozen=True, slots=True)
class Voice:
    """All of an omni member that speaks: ``flow`` and ``vocoder`` (Qwen2.5-Omni), or ``waves`` (Qwen3-Omni)."""

    talker: Talker
    flow: Flow | None = None
    vocoder: Vocoder | None = None
    waves: Waves | None = None
    rate: int = 24_000


@dataclass(frozen=True, slots=True)
class Spec:
    """A whole member: its decoder and whatever sees and hears.

    Parameters
    ----------
    family
        The config's ``model_type``.
    architecture
        The class name its makers gave it, as ``Qwen3ForCausalLM``; may be empty.
    silent
        The config says that this member does not speak, though its files may hold a voice.
    """

    family: str
    text: Text
    architecture: str = ""
    vision: Vision | None = None
    audio: Audio | None = None
    voice: Voice | None = None
    silent: bool = False
    bos: int | None = None
    eos: tuple[int, ...] = ()
    pad: int | None = None
