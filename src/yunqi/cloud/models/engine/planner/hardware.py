"""Machines: memory, bandwidth and arithmetic of one device, from its maker's data sheet."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hardware:
    """One device.

    Parameters
    ----------
    memory
        Bytes.
    bandwidth
        Bytes a second from its memory.
    flops
        Dense multiply-adds a second times two, at 16 bits.
    flops8
        The same at 8 bits; 0: no faster than 16.
    link
        Bytes a second between devices of a node, one way.
    node
        Devices of a node.
    use_memory, use_cache, use_flops
        Share of bandwidth, when reading weights and when reading the cache, and of arithmetic that good serving engines reach.
        Where the table says nothing, 0.8 of the bandwidth, fitted (with the overhead) to the Qwen2.5 speed table of vLLM
        0.6.3 on A100, one request. For H20: fitted to the Qwen3 speed table of SGLang 0.4.6, 1.7B to 14B; its few processors
        fill little of its bandwidth for one request. The cache's share is fitted to the same tables at 6,144 and 14,336 tokens.
    overhead
        Seconds that each layer adds to a decoding step beside its work: launches, synchronisation, scheduling.
    price
        Assumed rent of a device, in cents of US dollar an hour; an assumption to be replaced, not a quotation.
    """

    name: str
    memory: int
    bandwidth: float
    flops: float
    flops8: float
    link: float
    node: int
    source: str
    use_memory: float = 0.8
    use_cache: float = 0.4
    use_flops: float = 0.5
    overhead: float = 1e-4
    price: int = 0


_G, _T = 10**9, 10**12

HARDWARE: dict[str, Hardware] = {
    found.name: found
    for found in (
        Hardware("a100", 80 * _G, 2.039 * _T, 312 * _T, 624 * _T, 300 * _G, 8, "NVIDIA A100 80GB SXM data sheet", price=150),
        Hardware("a100-40gb", 40 * _G, 1.555 * _T, 312 * _T, 624 * _T, 300 * _G, 8, "NVIDIA A100 40GB data sheet", price=110),
        Hardware("a800", 80 * _G, 2.039 * _T, 312 * _T, 624 * _T, 200 * _G, 8, "as a100, 400 GB/s links", price=150),
        Hardware("a10", 24 * _G, 0.6 * _T, 125 * _T, 250 * _T, 32 * _G, 4, "NVIDIA A10 data sheet", price=50),
        Hardware("l4", 24 * _G, 0.3 * _T, 121 * _T, 242 * _T, 32 * _G, 4, "NVIDIA L4 data sheet", price=50),
        Hardware("h800", 80 * _G, 3.35 * _T, 989 * _T, 1979 * _T, 200 * _G, 8, "as h100, 400 GB/s links", price=250),
        Hardware("h100", 80 * _G, 3.35 * _T, 989 * _T, 1979 * _T, 450 * _G, 8, "NVIDIA H100 SXM data sheet", price=250),
        Hardware("h200", 141 * _G, 4.8 * _T, 989 * _T, 1979 * _T, 450 * _G, 8, "NVIDIA H200 SXM data sheet", price=320),
        Hardware("h20", 96 * _G, 4.0 * _T, 148 * _T, 296 * _T, 450 * _G, 8, "NVIDIA H20 product brief",
                 use_memory=0.39, use_cache=0.6, overhead=7.2e-5, price=130),
        Hardware("l20", 48 * _G, 0.864 * _T, 119.5 * _T, 239 * _T, 32 * _G, 8, "NVIDIA L20 product brief", price=70),
        Hardware("l40s", 48 * _G, 0.864 * _T, 362 * _T, 733 * _T, 32 * _G, 8, "NVIDIA L40S data sheet", price=90),
        Hardware("rtx4090", 24 * _G, 1.008 * _T, 165 * _T, 330 * _T, 16 * _G, 2, "NVIDIA Ada GPU architecture", price=40),
        Hardware("b200", 180 * _G, 8.0 * _T, 2250 * _T, 4500 * _T, 900 * _G, 8, "NVIDIA DGX B200 data sheet", price=500),
    )
}  # fmt: skip
"""Devices by name; ``here`` stands for this machine's processor, which is measured when asked for."""
