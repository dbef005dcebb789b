"""The published sizes of M6, and what they count to."""

from dataclasses import dataclass

from yunqi.cloud.models.engine.m6.spec import M6Count, M6Spec, count

_M6, _M6T, _10T = "arXiv 2103.00823", "arXiv 2105.15082", "arXiv 2110.03888"
_COMMON = (
    "vocabulary 21,128 (the Chinese BERT vocabulary), tied with the head",
    "512 text places and 16 patch places",
    "patch features of 2,048 (ResNet-50), whose network is not counted",
    "biases in attention and dense layers, none in experts",
)


@dataclass(frozen=True, slots=True)
class M6Layout:
    """One published size.

    Attributes
    ----------
    spec
        The layout; what in it is not public is named in `assumed`.
    published
        Parameters the paper states.
    digit
        The size of the last digit it states, so that a count fits when it lies within half of it.
    assumed
        What is our assumption.
    """

    name: str
    source: str
    spec: M6Spec
    published: float
    digit: float
    assumed: tuple[str, ...]

    def counted(self) -> M6Count:
        """Return the parameters of the layout."""
        return count(self.spec)

    def fits(self) -> bool:
        """Say whether the count rounds to the published total."""
        return abs(self.counted().total - self.published) <= self.digit / 2


def m6_layouts() -> tuple[M6Layout, ...]:
    """Return the published layouts, smallest paper first; needs no PyTorch.

    Returns
    -------
    tuple of M6Layout
        Each with its count (`counted()`), its published total, and whether they agree (`fits()`).

    Notes
    -----
    Written without the papers at hand. What vouches for them is the sum: those of M6-T come to the published totals in
    all digits stated, but for the 1T, which is 0.006 % above (its routers are 24 million).
    """
    return (
        _layout("M6-base", _M6, 24, 4096, 0, 327e6, 1e6),
        _layout("M6-10B", _M6, 50, 16384, 0, 10e9, 1e9, width=4096, heads=128),
        _layout("M6-100B", _M6, 24, 4096, 1024, 100e9, 10e9, every=2, more=("every second layer sparse", "top-2")),
        _layout("M6-T base", _M6T, 5, 4096, 32, 1.4e9, 0.1e9),
        _layout("M6-T 10B", _M6T, 10, 4096, 128, 10.8e9, 0.1e9),
        _layout("M6-T 100B", _M6T, 24, 4096, 512, 103.2e9, 0.1e9),
        _layout("M6-T 1T", _M6T, 24, 21248, 960, 1002.7e9, 0.1e9),
        _layout("M6-10T", _10T, 48, 9984, 10240, 10e12, 1e12, more=("two prototypes, top-1 each",)),
    )


def _layout(
    name: str,
    source: str,
    layers: int,
    inner: int,
    experts: int,
    published: float,
    digit: float,
    *,
    width: int = 1024,
    heads: int = 16,
    every: int = 1,
    more: tuple[str, ...] = (),
) -> M6Layout:
    top_two = every == 2
    spec = M6Spec(
        vocabulary=21128,
        codes=0,
        width=width,
        layers=layers,
        heads=heads,
        inner=inner,
        places=512,
        patches=16,
        patch_width=2048,
        experts=experts,
        every=every,
        prototypes=2 if experts and not top_two else 1,
        chosen=2 if top_two else 1,
    )
    routed = ("two prototypes, top-1 each (the paper tries several)",) if source == _M6T else ()
    return M6Layout(name, source, spec, published, digit, (*_COMMON, *routed, *more))
