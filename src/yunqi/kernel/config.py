"""Settings: defaults in code, one TOML file, then the environment; every field explained.

A domain declares one frozen dataclass whose fields are made by `setting`; the application loads them all with
`load` and hands each domain its own. There is no global settings object.
"""

import dataclasses
import difflib
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from yunqi.kernel.errors import Invalid

T = TypeVar("T")

_YES = ("1", "true", "yes", "on")
_NO = ("0", "false", "no", "off")


def setting(default: T, doc: str, *, secret: bool = False) -> T:
    """Declare a configuration field with its default and its explanation."""
    return dataclasses.field(default=default, metadata={"doc": doc, "secret": secret})


@dataclasses.dataclass(frozen=True, slots=True)
class KernelConfig:
    """Where things live and how the process listens."""

    data_dir: Path = setting(
        Path("var"), "Folder of everything this installation owns: database, indexes, models, blobs."
    )
    database_url: str = setting(
        "",
        "Database. Empty: SQLite in the data folder. oceanbase:///FOLDER starts the one-machine edition in FOLDER; "
        "oceanbase://USER:PASSWORD@HOST:PORT/DATABASE uses a running server or cluster.",
        secret=True,
    )
    host: str = setting("127.0.0.1", "Address to listen on. 0.0.0.0 serves other machines: put TLS in front.")
    port: int = setting(8080, "Port of the web server.")
    blob_url: str = setting(
        "", "Where large files go. Empty: a folder in the data folder; or any fsspec URL, as s3://bucket/path."
    )
    log_level: str = setting(
        "info", "debug, info, warning or error. Logs go to standard error, one JSON object a line."
    )
    worker: bool = setting(
        True, "Start a background worker process beside the server. Off: run `yunqi jobs work` yourself."
    )
    public_url: str = setting(
        "", "Address that customers see, for links in pages and the sitemap. Empty: the request's own."
    )
    busy_timeout: float = setting(30.0, "Seconds a write waits for another writer before it gives up.")


@dataclasses.dataclass(frozen=True, slots=True)
class SettingInfo:
    """One setting as `yunqi config show` prints it."""

    name: str
    section: str
    value: Any
    default: Any
    source: str
    type: str
    doc: str
    secret: bool
    environment: str


def load(
    sections: Mapping[str, type], *, file: Path | None = None, environment: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], list[SettingInfo]]:
    """Build one configuration object a section.

    Parameters
    ----------
    sections
        Section name to dataclass; the section ``kernel`` has its names without a prefix (``YUNQI_PORT``).
    file
        TOML file; a missing file is the same as an empty one.
    environment
        Defaults to `os.environ`; names are ``YUNQI_<SECTION>_<FIELD>``.

    Returns
    -------
    tuple
        The objects by section, and one `SettingInfo` for each field.

    Raises
    ------
    Invalid
        For an unreadable file, an unknown section or name, or a value of the wrong type.
    """
    tables = _read(file)
    env = os.environ if environment is None else environment
    _refuse_unknown("section", tables, sections, file)
    objects, infos = {}, []
    for section, cls in sections.items():
        table = tables.get(section, {})
        _refuse_unknown(f"setting in [{section}]", table, {f.name for f in dataclasses.fields(cls)}, file)
        values, found = _section(section, cls, table, env)
        objects[section] = cls(**values)
        infos += found
    return objects, infos


def environment_name(section: str, field: str) -> str:
    """Return the environment variable of a setting."""
    return f"YUNQI_{field}".upper() if section == "kernel" else f"YUNQI_{section}_{field}".upper()


def _read(file: Path | None) -> dict[str, Any]:
    if file is None or not file.exists():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(
            f"{file} is not valid TOML: {error}. Mend that line, or remove the file to use defaults."
        ) from error


def _refuse_unknown(kind: str, given: Mapping[str, Any], known: Any, file: Path | None) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, list(known), 1)
            hint = f" Did you mean {near[0]!r}?" if near else " `yunqi config show` lists them all."
            raise Invalid(f"{file}: unknown {kind}: {name!r}.{hint}", param=name)


def _section(
    section: str, cls: type, table: Mapping[str, Any], env: Mapping[str, str]
) -> tuple[dict[str, Any], list[SettingInfo]]:
    hints = typing.get_type_hints(cls)
    values, infos = {}, []
    for field in dataclasses.fields(cls):
        variable = environment_name(section, field.name)
        raw, source = field.default, "default"
        if field.name in table:
            raw, source = table[field.name], "file"
        if variable in env:
            raw, source = env[variable], "environment"
        where = variable if source == "environment" else f"{section}.{field.name}"
        value = raw if source == "default" else convert(raw, hints[field.name], where)
        values[field.name] = value
        infos.append(_info(section, field, value, source, hints[field.name], variable))
    return values, infos


def _info(section: str, field: Any, value: Any, source: str, hint: Any, variable: str) -> SettingInfo:
    return SettingInfo(
        name=field.name,
        section=section,
        value=value,
        default=field.default,
        source=source,
        type=getattr(hint, "__name__", str(hint)) if not typing.get_args(hint) else str(hint),
        doc=field.metadata.get("doc", ""),
        secret=field.metadata.get("secret", False),
        environment=variable,
    )


def convert(raw: Any, hint: Any, where: str) -> Any:
    """Turn a TOML value or an environment string into the type ``hint``; raises `Invalid` naming ``where``."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        if raw in ("", None):
            return None
        hint = next(arg for arg in typing.get_args(hint) if arg is not type(None))
        origin = typing.get_origin(hint)
    try:
        if origin is tuple:
            return tuple(raw.split(",") if isinstance(raw, str) and raw else raw or ())
        if origin is dict or origin is Mapping or origin is types.MappingProxyType:
            return dict(pair.split("=", 1) for pair in raw.split(",") if pair) if isinstance(raw, str) else dict(raw)
        return _scalar(raw, hint)
    except (TypeError, ValueError) as error:
        name = getattr(hint, "__name__", str(hint))
        raise Invalid(f"{where} = {raw!r} is not a valid {name}. Change it or remove it.", param=where) from error


def _scalar(raw: Any, hint: Any) -> Any:
    if hint is bool:
        word = str(raw).lower()
        return True if word in _YES else False if word in _NO else _fail(raw)
    if hint is Path:
        return Path(raw).expanduser()
    if hint in (int, float, str) and isinstance(raw, bool):
        return _fail(raw)
    if hint is str and not isinstance(raw, str):
        return _fail(raw)
    return hint(raw)


def _fail(raw: Any) -> Any:
    raise ValueError(raw)
