"""The quantised blocks of GGUF, unpacked: what lies in each, byte by byte, and the values they stand for."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Kind:
    """A packing: so many values in so many bytes."""

    name: str
    values: int
    bytes: int
    of: Callable[[Tensor], Tensor]

    def unpack(self, raw: Tensor) -> Tensor:
        """Return the values of raw bytes [n], float32 (or as stored, for floating types)."""
        return self.of(raw.view(-1, self.bytes)).reshape(-1)


def _half(raw: Tensor) -> Tensor:
    return raw.contiguous().view(torch.float16).float()


def _nibbles(raw: Tensor) -> Tensor:
    """Low halves, then high halves, of each row."""
    return torch.cat((raw & 15, raw >> 4), dim=-1)


def _q4_0(raw: Tensor) -> Tensor:  # scale f16, 16 bytes of nibbles
    return _half(raw[:, :2]) * (_nibbles(raw[:, 2:]).float() - 8)


def _q4_1(raw: Tensor) -> Tensor:  # scale f16, minimum f16, 16 bytes of nibbles
    return _half(raw[:, :2]) * _nibbles(raw[:, 4:]).float() + _half(raw[:, 2:4])


def _fifth(raw: Tensor) -> Tensor:
    """Bit n of four bytes, for 32 values, as 0 or 16."""
    places = torch.arange(8, dtype=torch.uint8)
    return ((raw[:, :, None] >> places) & 1).flatten(1) << 4


def _q5_0(raw: Tensor) -> Tensor:  # scale f16, 4 bytes of fifth bits, 16 bytes of nibbles
    return _half(raw[:, :2]) * ((_nibbles(raw[:, 6:]) | _fifth(raw[:, 2:6])).float() - 16)


def _q5_1(raw: Tensor) -> Tensor:  # scale f16, minimum f16, 4 bytes of fifth bits, 16 bytes of nibbles
    return _half(raw[:, :2]) * (_nibbles(raw[:, 8:]) | _fifth(raw[:, 4:8])).float() + _half(raw[:, 2:4])


def _q8_0(raw: Tensor) -> Tensor:  # scale f16, 32 signed bytes
    return _half(raw[:, :2]) * raw[:, 2:].contiguous().view(torch.int8).float()


def _six_bits(raw: Tensor) -> tuple[Tensor, Tensor]:
    """Eight scales and eight minima of six bits each from 12 bytes (Q4_K, Q5_K)."""
    first, second, mixed = raw[:, 0:4], raw[:, 4:8], raw[:, 8:12]
    scales = torch.cat((first & 63, (mixed & 15) | ((first >> 6) << 4)), dim=-1)
    minima = torch.cat((second & 63, (mixed >> 4) | ((second >> 6) << 4)), dim=-1)
    return scales.float(), minima.float()


def _q4_k(raw: Tensor) -> Tensor:  # scale f16, minimum f16, 12 bytes of six-bit scales, 128 bytes of nibbles
    scales, minima = _six_bits(raw[:, 4:16])
    packed = raw[:, 16:].view(-1, 4, 32)
    values = torch.stack((packed & 15, packed >> 4), dim=2).view(-1, 8, 32).float()
    return (_half(raw[:, :2]) * scales)[..., None] * values - (_half(raw[:, 2:4]) * minima)[..., None]


def _q5_k(raw: Tensor) -> Tensor:  # as Q4_K, with 32 bytes of fifth bits before the nibbles
    scales, minima = _six_bits(raw[:, 4:16])
    packed = raw[:, 48:].view(-1, 4, 32)
    values = torch.stack((packed & 15, packed >> 4), dim=2).view(-1, 8, 32)
    places = torch.arange(8, dtype=torch.uint8)[:, None]
    values = values + (((raw[:, 16:48][:, None, :] >> places) & 1) << 4)
    return (_half(raw[:, :2]) * scales)[..., None] * values.float() - (_half(raw[:, 2:4]) * minima)[..., None]


def _q6_k(raw: Tensor) -> Tensor:  # 128 bytes of low nibbles, 64 of high pairs, 16 signed scales, scale f16
    low, high = raw[:, :128].view(-1, 2, 64), raw[:, 128:192].view(-1, 2, 1, 32)
    scales = raw[:, 192:208].contiguous().view(torch.int8).float()
    nibbles = torch.cat((low & 15, low >> 4), dim=-1).view(-1, 2, 4, 32)
    places = torch.tensor([0, 2, 4, 6], dtype=torch.uint8)[:, None]
    values = (nibbles | (((high >> places) & 3) << 4)).view(-1, 16, 16).float() - 32
    return _half(raw[:, 208:])[..., None] * scales[..., None] * values


def _pairs(raw: Tensor) -> Tensor:
    """64 bytes of pairs of bits as 256 values: each half of 32 bytes gives four rows."""
    places = torch.tensor([0, 2, 4, 6], dtype=torch.uint8)[:, None]
    return ((raw.view(-1, 2, 1, 32) >> places) & 3).view(-1, 16, 16)


def _q2_k(raw: Tensor) -> Tensor:  # 16 bytes of scale and minimum nibbles, 64 of pairs, scale f16, minimum f16
    scales, minima = (raw[:, :16] & 15).float(), (raw[:, :16] >> 4).float()
    values = _pairs(raw[:, 16:80]).float()
    return (_half(raw[:, 80:82]) * scales)[..., None] * values - (_half(raw[:, 82:84]) * minima)[..., None]


def _q3_k(raw: Tensor) -> Tensor:  # 32 bytes of third bits, 64 of pairs, 12 of six-bit scales, scale f16
    places = torch.arange(8, dtype=torch.uint8)[:, None]
    third = ((raw[:, :32][:, None, :] >> places) & 1).view(-1, 16, 16)
    packed = raw[:, 96:108]
    low = torch.cat((packed[:, :8] & 15, packed[:, :8] >> 4), dim=-1)
    shifts = torch.tensor([0, 2, 4, 6], dtype=torch.uint8)[:, None]
    high = ((packed[:, 8:][:, None, :] >> shifts) & 3).flatten(1)
    scales = (low | (high << 4)).float() - 32
    values = _pairs(raw[:, 32:96]).float() - 4 * (1 - third.float())
    return (_half(raw[:, 108:110]) * scales)[..., None] * values


def _as(dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    return lambda raw: raw.view(-1).view(dtype)


KINDS: dict[int, Kind] = {
    0: Kind("F32", 1, 4, _as(torch.float32)),
    1: Kind("F16", 1, 2, _as(torch.float16)),
    2: Kind("Q4_0", 32, 18, _q4_0),
    3: Kind("Q4_1", 32, 20, _q4_1),
    6: Kind("Q5_0", 32, 22, _q5_0),
    7: Kind("Q5_1", 32, 24, _q5_1),
    8: Kind("Q8_0", 32, 34, _q8_0),
    10: Kind("Q2_K", 256, 84, _q2_k),
    11: Kind("Q3_K", 256, 110, _q3_k),
    12: Kind("Q4_K", 256, 144, _q4_k),
    13: Kind("Q5_K", 256, 176, _q5_k),
    14: Kind("Q6_K", 256, 210, _q6_k),
    30: Kind("BF16", 1, 2, _as(torch.bfloat16)),
}
