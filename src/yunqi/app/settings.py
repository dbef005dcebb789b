"""Where settings come from: yunqi.toml, then the environment."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yunqi.app.domains import SECTIONS
from yunqi.kernel import KernelConfig, SettingInfo, load

FILE = "yunqi.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every section's configuration object, and where each value came from."""

    sections: dict[str, Any]
    infos: list[SettingInfo]
    file: Path

    @property
    def kernel(self) -> KernelConfig:
        """The kernel's section."""
        found: KernelConfig = self.sections["kernel"]
        return found


def load_settings(*, data_dir: Path | None = None, file: Path | None = None) -> Settings:
    """Read the settings.

    Parameters
    ----------
    data_dir
        Overrides ``YUNQI_DATA_DIR``.
    file
        Configuration file; by default ``YUNQI_CONFIG``, or ``yunqi.toml`` in the current folder.
    """
    environment = dict(os.environ)
    if data_dir is not None:
        environment["YUNQI_DATA_DIR"] = str(data_dir)
    path = file or Path(environment.get("YUNQI_CONFIG", FILE))
    sections, infos = load(SECTIONS, file=path, environment=environment)
    return Settings(sections, infos, path)
