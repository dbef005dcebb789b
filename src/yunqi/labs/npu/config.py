"""Settings of the NPU lab."""

from dataclasses import dataclass

from yunqi.kernel import setting


@dataclass(frozen=True, slots=True)
class NpuConfig:
    """Which chip is asked about, and what a request may cost."""

    chip: str = setting("hanguang800", "The chip by default: a known name, or the path of a parameter file.")
    upload_limit_bytes: int = setting(256 << 20, "Largest ONNX file that is taken over HTTP, in bytes.")
    tensor_limit_bytes: int = setting(2 << 30, "Largest single constant of a network that is read, in bytes.")
    calibration_images: int = setting(32, "Images that calibration looks at when it is given more.")
    widening_images: int = setting(
        12, "Images on which each operand's width is measured alone, when widths are chosen."
    )
    judging_images: int = setting(400, "Images that a wanted agreement is judged by when there are more.")
