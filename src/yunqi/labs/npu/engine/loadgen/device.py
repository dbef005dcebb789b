"""The chip as a load test sees it: bytes over the link, images through the cores, time on the host."""

from dataclasses import dataclass

from yunqi.labs.npu.engine.timing import pace_of
from yunqi.labs.npu.engine.timing.cost import WAVE
from yunqi.labs.npu.model import Chip, Engine, Graph, Layer, Program


@dataclass(frozen=True, slots=True)
class Device:
    """Service times of one network on one chip.

    Parameters
    ----------
    image_bytes
        Input of one image over the link.
    transfer_s, batch_s, split_s
        Seconds an image occupies the link, the cores in a batch, and all cores alone.
    buffer_images
        Images that one of the two input buffers holds beside weights and activations.
    host_s
        Seconds of the segments that stay on the host, for one image.
    call_s
        Host time of one call.
    """

    network: str
    chip: Chip
    image_bytes: int
    transfer_s: float
    batch_s: float
    split_s: float
    buffer_images: int
    host_s: float
    call_s: float
    crossings: int = 0

    @property
    def peak_ips(self) -> float:
        """Images a second with data on the chip."""
        return 1 / self.batch_s if self.batch_s else 0.0

    def alone_s(self) -> float:
        """Seconds from a call with one image to its answer, on a quiet host."""
        return self.call_s + self.chip.link_latency_s + self.transfer_s + self.split_s + self.host_s

    def stream_s(self, images: int) -> float:
        """Seconds from a query of many images to its last answer, on a quiet host.

        The harness cuts the query into calls of at most ``harness_item`` images. Within a call the input streams
        through two buffers: while one part is computed the next crosses the link.
        """
        link = cores = 0.0
        left = images
        while left > 0:
            item = min(left, self.chip.harness_item)
            parts = -(-item // self.buffer_images)
            freed = [link, link]
            for part in range(parts):
                size = item // parts + (part < item % parts)
                link = max(link, freed[part % 2]) + size * self.transfer_s
                cores = max(link, cores) + self.compute_s(size)
                freed[part % 2] = cores
            left -= item
        return self.call_s + self.chip.link_latency_s + cores + self.host_s

    def compute_s(self, images: int) -> float:
        """Seconds that the cores need for so many images."""
        if images == 1:
            return self.split_s
        waves = -(-images // self.chip.cores) * self.chip.cores
        return min(waves * self.batch_s + self.chip.launch_s, images * self.split_s)

    def steady_s(self) -> float:
        """Seconds for each image when calls follow each other without end."""
        item = self.chip.harness_item
        parts = -(-item // self.buffer_images)
        compute = sum(self.compute_s(item // parts + (part < item % parts)) for part in range(parts)) / item
        return max(self.transfer_s, compute, self.host_s / self.chip.harness_workers)


def device_of(graph: Graph, program: Program, chip: Chip) -> Device:
    """Return the service times of a compiled program."""
    pace = pace_of(program, chip)
    batch = max(1, program.batch)
    first = [segment for segment in program.segments if segment.place == "chip"]
    inbound = sum(segment.input_bytes for segment in first)
    weights, activations = program.memory.weight_bytes, program.memory.activation_peak
    room = chip.sram_bytes * program.memory.chips - weights - activations // batch * chip.cores * WAVE
    image = max(1, inbound // batch)
    crossings = max(0, len(first) - 1)
    host = sum(_host_seconds(graph, layer, chip) for layer in program.layers if layer.engine is Engine.HOST)
    seconds = 1 / pace.peak_ips if pace.peak_ips else 0.0
    return Device(
        network=program.network,
        chip=chip,
        image_bytes=image,
        transfer_s=image / chip.link_bandwidth,
        batch_s=seconds,
        split_s=pace.split_s / batch,
        buffer_images=max(1, min(chip.harness_item, int(room / 2 / image))) if room > 0 else 1,
        host_s=host / batch + crossings * (2 * chip.link_latency_s + chip.launch_s),
        call_s=chip.host_overhead_s,
        crossings=crossings,
    )


def _host_seconds(graph: Graph, layer: Layer, chip: Chip) -> float:
    moved = sum(graph.values[name].elements * 4 for name in (*layer.inputs, layer.output) if name in graph.values)
    return 2 * layer.work.macs / chip.host_flops + moved / chip.host_bytes_per_s
