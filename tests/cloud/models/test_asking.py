"""`yunqi models ask`: sound files in and out, and what an omni member is asked for."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest
from tests.command import yunqi

from yunqi.cloud.models.service.waves import read_wave, write_wave
from yunqi.kernel import Invalid

MARKS = {
    "<|im_start|>": 130, "<|image_pad|>": 131, "<|im_end|>": 109, "<|vision_start|>": 133, "<|vision_end|>": 134,
    "<|AUDIO|>": 135, "<|audio_bos|>": 136, "<|audio_eos|>": 137,
}  # fmt: skip
LETTERS = {
    "version": "1.0",
    "added_tokens": [
        {"id": place, "content": mark, "special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
        for mark, place in MARKS.items()
    ],
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
    "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
    "model": {"type": "BPE", "vocab": {chr(33 + k): k for k in range(94)} | {"Ġ": 94, "Ċ": 95} | MARKS, "merges": []},
}  # fmt: skip
"""A vocabulary of single signs, with the marks where the tiny member has them."""


def tone(rate: int, hertz: float = 440.0, seconds: float = 0.5) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


def written(path: Path, samples: np.ndarray, *, rate: int, width: int, channels: int = 1) -> Path:
    top = 2.0 ** (8 * width - 1)
    whole = np.repeat(np.rint(samples * (top - 1)).astype(np.int64), channels)
    data = (
        (whole + 128).astype("u1").tobytes()
        if width == 1
        else whole.astype("<i8").view("u1").reshape(-1, 8)[:, :width].tobytes()
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data)
    return path


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_width_and_channel_is_read(tmp_path: Path, width: int, channels: int) -> None:
    path = written(tmp_path / "a.wav", tone(16_000), rate=16_000, width=width, channels=channels)
    found = read_wave(path)
    assert found.dtype == np.float32
    assert np.abs(found - tone(16_000)).max() < (0.02 if width == 1 else 1e-4)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_another_rate_is_brought_to_16_khz(tmp_path: Path, rate: int) -> None:
    found = read_wave(written(tmp_path / "a.wav", tone(rate), rate=rate, width=2))
    assert len(found) == pytest.approx(8_000, abs=2)
    spectrum = np.abs(np.fft.rfft(found[:8_000], 8_000))
    assert spectrum.argmax() == pytest.approx(220, abs=1)  # bins of 2 Hz


def test_what_is_written_is_read_again_and_clipped(tmp_path: Path) -> None:
    path = tmp_path / "b.wav"
    write_wave(path, np.array([0.0, 0.25, -2.0, 2.0], np.float32), 16_000)
    assert np.abs(read_wave(path) - [0, 0.25, -1, 1]).max() < 1e-4


@pytest.mark.parametrize("data", [b"", b"RIFF", b"no sound at all" * 9])
def test_other_files_are_refused_by_name(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "c.wav"
    path.write_bytes(data)
    with pytest.raises(Invalid, match=r"c\.wav cannot be read as WAV sound"):
        read_wave(path)
    with pytest.raises(Invalid, match=r"d\.wav cannot be read"):
        read_wave(tmp_path / "d.wav")
    with pytest.raises(Invalid, match="cannot be written"):
        write_wave(tmp_path / "none" / "e.wav", np.zeros(4, np.float32), 16_000)


def test_bad_wishes_are_said_before_a_model_is_loaded(tmp_path: Path) -> None:
    done = yunqi("models", "ask", str(tmp_path), "Who?", "--voice", "Chelsie")
    assert (done.returncode, "--voice and --reply need --speak" in done.stderr) == (2, True)
    done = yunqi("models", "ask", str(tmp_path), "Who?", "--sound", str(tmp_path / "none.wav"))
    assert (done.returncode, "none.wav cannot be read" in done.stderr) == (2, True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_an_omni_member_sees_hears_and_speaks(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    from PIL import Image
    from tests.cloud.models.lineage import omni

    omni.first(tmp_path)
    (tmp_path / "tokenizer.json").write_text(json.dumps(LETTERS))
    sound = written(tmp_path / "in.wav", tone(8_000), rate=8_000, width=2)
    Image.new("RGB", (56, 56), "red").save(tmp_path / "in.png")
    senses = ["--image", str(tmp_path / "in.png"), "--sound", str(sound)]
    answers = [
        yunqi("models", "ask", str(tmp_path), "a b", "--tokens", "4", "--json", *more)
        for more in ([], senses, [*senses, "--speak", str(tmp_path / "out.wav"), "--reply", "b a"])
    ]
    assert [done.returncode for done in answers] == [0, 0, 0], answers
    assert len(read_wave(tmp_path / "out.wav")) > 0
