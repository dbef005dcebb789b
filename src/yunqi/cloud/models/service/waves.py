"""Sound files: WAV of any rate and width in, mono at 16 kHz as models hear it; 16-bit WAV out."""

import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yunqi.kernel import Invalid

Samples = NDArray[np.float32]
HEARD = 16_000
"""Samples a second that the towers for sound take."""
_LONGEST_S = 3600


def read_wave(path: Path, *, rate: int = HEARD) -> Samples:
    """Return a WAV file's sound, channels averaged, at a rate.

    Returns
    -------
    numpy.ndarray
        float32 [samples], within -1 and 1.

    Raises
    ------
    Invalid
        The file cannot be read, is no WAV file of whole numbers, or is longer than an hour.
    """
    try:
        with path.open("rb") as raw, wave.open(raw, "rb") as file:
            channels, width, own = file.getnchannels(), file.getsampwidth(), file.getframerate()
            if own <= 0 or file.getnframes() > _LONGEST_S * own:
                raise Invalid(f"{path.name} is longer than an hour, or has no rate.", "sound")
            data = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        said = getattr(error, "strerror", None) or str(error) or "it ends early"
        raise Invalid(f"{path.name} cannot be read as WAV sound: {said}.", "sound") from error
    samples = _numbers(data[: len(data) // (width * channels) * width * channels], width)
    mono = samples.reshape(-1, channels).mean(axis=1)
    return _at_rate(mono, own, rate)


def write_wave(path: Path, samples: Samples, rate: int) -> None:
    """Write mono samples within -1 and 1 as 16-bit WAV; what lies outside is clipped.

    Raises
    ------
    Invalid
        The file cannot be written.
    """
    whole = np.rint(np.clip(samples, -1.0, 1.0) * 32767).astype("<i2")
    try:
        with path.open("wb") as raw, wave.open(raw, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(whole.tobytes())
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}.", "speak") from error


def _numbers(data: bytes, width: int) -> Samples:
    """Whole numbers of 1 to 4 bytes as parts of their largest; one byte counts from 128."""
    if width == 1:
        return ((np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128).astype(np.float32)
    if width == 3:
        parts = np.frombuffer(data, np.uint8).reshape(-1, 3)
        whole = np.zeros((len(parts), 4), np.uint8)
        whole[:, 1:] = parts
        return (whole.view("<i4").ravel() / 2.0**31).astype(np.float32)
    return (np.frombuffer(data, f"<i{width}") / 2.0 ** (8 * width - 1)).astype(np.float32)


def _at_rate(samples: Samples, own: int, rate: int) -> Samples:
    if own == rate or not len(samples):
        return samples.astype(np.float32)
    from scipy.signal import resample_poly

    ratio = Fraction(rate, own).limit_denominator(4000)
    return np.asarray(resample_poly(samples, ratio.numerator, ratio.denominator), np.float32)
