"""The towers that see: patches of pictures and video to features as wide as the decoder.

One tower in three dresses. Qwen2-VL: LayerNorm, plain feed-forward. Qwen2.5-VL: RMSNorm, SwiGLU, most layers see windows
only. Qwen3-VL: learned positions stretched over each picture, and features of some middle layers for the decoder's
first layers (deepstack); Qwen3.5 drops deepstack again. All turn queries and keys by row and column.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from yunqi.cloud.models.engine.lineage.blocks import RmsNorm, SwiGlu, activation
from yunqi.cloud.models.engine.lineage.spec import Vision

Segments = list[int]
"""How many patches each group holds whose members see each other."""


class Embed(nn.Module):
    """Patches [patches, channels * frames * side * side] to [patches, width]."""

    def __init__(self, vision: Vision) -> None:
        super().__init__()
        self.vision = vision
        size = (vision.frames, vision.patch, vision.patch)
        self.proj = nn.Conv3d(vision.channels, vision.width, size, stride=size, bias=vision.kind == "qwen3")

    def forward(self, patches: Tensor) -> Tensor:
        """Return one feature a patch."""
        weight = self.proj.weight.flatten(1)
        return F.linear(patches.to(weight.dtype), weight, self.proj.bias)


class PlainMlp(nn.Module):
    """Two layers with an activation between, under the names each generation gave them."""

    def __init__(self, width: int, inner: int, act: str, names: tuple[str, str]) -> None:
        super().__init__()
        self.names = names
        self.add_module(names[0], nn.Linear(width, inner))
        self.add_module(names[1], nn.Linear(inner, width))
        self.act = activation(act)

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer of x [..., width]."""
        return getattr(self, self.names[1])(self.act(getattr(self, self.names[0])(x)))


class SegmentAttention(nn.Module):
    """Attention within segments of patches."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, segments: Segments) -> Tensor:
        """Return the mixed patches of x [patches, width]."""
        query, key, value = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(1, 2, 0, 3)
        query, key = _turn(query, cos, sin), _turn(key, cos, sin)
        return self.proj(within(query, key, value, segments).transpose(0, 1).flatten(1))


def within(query: Tensor, key: Tensor, value: Tensor, segments: Segments) -> Tensor:
    """Return attention [heads, tokens, dim] in which only members of a segment see each other."""
    parts = zip(*(part.split(segments, dim=1) for part in (query, key, value)), strict=True)
    return torch.cat([F.scaled_dot_product_attention(q[None], k[None], v[None])[0] for q, k, v in parts], dim=1)


def _turn(heads: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second = heads.float().chunk(2, dim=-1)
    return (heads.float() * cos + torch.cat((-second, first), dim=-1) * sin).to(heads.dtype)


class Block(nn.Module):
    """One layer of the tower."""

    def __init__(self, vision: Vision) -> None:
        super().__init__()
        self.norm1, self.norm2 = _norm(vision, vision.width), _norm(vision, vision.width)
        self.attn = SegmentAttention(vision.width, vision.heads)
        self.mlp: nn.Module
        if vision.kind == "qwen2_5":
            self.mlp = SwiGlu(vision.width, vision.inner, act=vision.activation, bias=True)
        else:
            names = ("fc1", "fc2") if vision.kind == "qwen2" else ("linear_fc1", "linear_fc2")
            self.mlp = PlainMlp(vision.width, vision.inner, vision.activation, names)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, segments: Segments) -> Tensor:
        """Return x [patches, width] one layer further."""
        x = x + self.attn(self.norm1(x), cos, sin, segments)
        return x + self.mlp(self.norm2(x))


def _norm(vision: Vision, width: int) -> nn.Module:
    return RmsNorm(width, 1e-6) if vision.kind == "qwen2_5" else nn.LayerNorm(width, eps=1e-6)


class Merger(nn.Module):
    """Joins squares of patches into one feature of the decoder's width."""

    def __init__(self, vision: Vision, *, after: bool = False) -> None:
        super().__init__()
        joined = vision.width * vision.merge**2
        self.joined, self.after = joined, after
        self.norm = _norm(vision, joined if after else vision.width)
        self.linear_fc1 = nn.Linear(joined, joined)
        self.linear_fc2 = nn.Linear(joined, vision.out)

    def forward(self, x: Tensor) -> Tensor:
        """Return [patches / merge^2, out] of x [patches, width]."""
        x = self.norm(x.view(-1, self.joined)) if self.after else self.norm(x).view(-1, self.joined)
        return self.linear_fc2(F.gelu(self.linear_fc1(x)))


class Tower(nn.Module):
    """The whole tower."""

    def __init__(self, vision: Vision) -> None:
        super().__init__()
        self.vision = vision
        self.patch_embed = Embed(vision)
        self.pos_embed = nn.Embedding(vision.positions, vision.width) if vision.positions else None
        self.blocks = nn.ModuleList([Block(vision) for _ in range(vision.depth)])
        self.merger = Merger(vision)
        self.deepstack_merger_list = nn.ModuleList([Merger(vision, after=True) for _ in vision.deep])

    def forward(self, patches: Tensor, grids: list[tuple[int, int, int]]) -> tuple[Tensor, list[Tensor]]:
        """Return features [patches / merge^2, out], and those for deepstack.

        Parameters
        ----------
        patches
            All patches of all pictures [patches, channels * frames * side * side], squares of patches together.
        grids
            Frames, rows and columns of patches of each picture or video.
        """
        x = self.patch_embed(patches)
        if self.pos_embed is not None:
            x = x + _stretched(self.pos_embed.weight, grids, self.vision.merge)
        cos, sin = _angles(grids, self.vision)
        whole = [rows * columns for frames, rows, columns in grids for _ in range(frames)]
        order, windows = (None, whole) if not self.vision.window else _windows(grids, self.vision)
        if order is not None:
            x, cos, sin = (part[order] for part in (x, cos, sin))
        deep = []
        for index, block in enumerate(self.blocks):
            seen = whole if not self.vision.window or index in self.vision.whole else windows
            x = block(x, cos, sin, seen)
            if index in self.vision.deep:
                deep.append(self.deepstack_merger_list[self.vision.deep.index(index)](x))
        out = self.merger(x)
        if order is not None:
            square = self.vision.merge**2
            out = out[(order[::square] // square).argsort()]
        return out, deep


def _squares(rows: int, columns: int, merge: int) -> Tensor:
    """Return row and column of each patch [rows * columns, 2], squares of patches together."""
    places = torch.stack(torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij"), dim=-1)
    places = places.view(rows // merge, merge, columns // merge, merge, 2)
    return places.transpose(1, 2).reshape(-1, 2)


def _angles(grids: list[tuple[int, int, int]], vision: Vision) -> tuple[Tensor, Tensor]:
    half = vision.width // vision.heads // 2
    inverse = 1.0 / (10_000.0 ** (torch.arange(0, half, 2, dtype=torch.float32) / half))
    places = torch.cat([_squares(rows, columns, vision.merge).repeat(frames, 1) for frames, rows, columns in grids])
    angles = (places[..., None].float() * inverse).flatten(1)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def _stretched(table: Tensor, grids: list[tuple[int, int, int]], merge: int) -> Tensor:
    """Return a learned square of positions stretched (bilinear, corners fixed) over each picture's patches."""
    side = round(len(table) ** 0.5)
    found = []
    for frames, rows, columns in grids:
        taps = [_taps(count, side) for count in (rows, columns)]
        grid = table.view(side, side, -1)
        (row, low), (column, left) = taps
        top = grid[row][:, column] * (1 - left)[None, :, None] + grid[row][:, column + 1] * left[None, :, None]
        below = (
            grid[row + 1][:, column] * (1 - left)[None, :, None] + grid[row + 1][:, column + 1] * left[None, :, None]
        )
        full = top * (1 - low)[:, None, None] + below * low[:, None, None]
        place = _squares(rows, columns, merge)
        found.append(full[place[:, 0], place[:, 1]].repeat(frames, 1))
    return torch.cat(found)


def _taps(count: int, side: int) -> tuple[Tensor, Tensor]:
    """Return for each of ``count`` targets the lower of its two sources, and the share of the upper one."""
    if side == 1:
        raise ValueError("a learned position table of one entry cannot be stretched")
    source = torch.arange(count, dtype=torch.float32) * (side - 1) / max(count - 1, 1)
    lower = source.long().clamp(max=side - 2)
    return lower, source - lower


def _windows(grids: list[tuple[int, int, int]], vision: Vision) -> tuple[Tensor, Segments]:
    """Return the order in which patches of a window lie together, and the size of each window."""
    square, side = vision.merge**2, vision.window // vision.merge // vision.patch
    order: list[Tensor] = []
    sizes: Segments = []
    start = 0
    for frames, rows, columns in grids:
        high, wide = rows // vision.merge, columns // vision.merge
        places = torch.arange(high * wide).view(high, wide)
        for frame in range(frames):
            for top in range(0, high, side):
                for left in range(0, wide, side):
                    mine = places[top : top + side, left : left + side].flatten() + start + frame * high * wide
                    order.append(mine)
                    sizes.append(len(mine) * square)
        start += frames * high * wide
    merged = torch.cat(order)
    return (merged[:, None] * square + torch.arange(square)).flatten(), sizes
