"""Database engines: SQLite in WAL mode by default, OceanBase by URL."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.engine import make_url

from yunqi.kernel.errors import Invalid, Unavailable

WRITE_OPTION = "yunqi_write"


def connect(url: str, data_dir: Path, *, busy_timeout: float = 30.0) -> tuple[sa.Engine, Callable[[], None]]:
    """Open the engine of a database URL.

    Returns
    -------
    tuple
        The engine, and a callable that releases whatever was started for it.

    Raises
    ------
    Invalid
        When the URL is of no known kind.
    Unavailable
        When the OceanBase packages are not installed or its server does not answer.
    """
    if not url:
        return _sqlite(f"sqlite:///{(data_dir / 'yunqi.db').resolve()}", busy_timeout)
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError as error:
        raise Invalid("YUNQI_DATABASE_URL is not a URL; use sqlite:///FILE or oceanbase:///FOLDER.") from error
    kind = parsed.drivername.split("+")[0]
    if kind == "sqlite":
        return _sqlite(url, busy_timeout)
    if kind in ("oceanbase", "mysql"):
        return _oceanbase(parsed, busy_timeout)
    raise Invalid(f"Databases of kind {kind!r} are not supported; use sqlite:///FILE or oceanbase:///FOLDER.")


def _sqlite(url: str, busy_timeout: float) -> tuple[sa.Engine, Callable[[], None]]:
    engine = sa.create_engine(
        url, connect_args={"timeout": busy_timeout, "check_same_thread": False}, pool_size=16, max_overflow=48
    )

    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-32768",
            "mmap_size=268435456",
            "wal_autocheckpoint=2000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    def begin(connection: sa.Connection) -> None:
        write = connection.get_execution_options().get(WRITE_OPTION, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    sa.event.listen(engine, "connect", prepare)
    sa.event.listen(engine, "begin", begin)
    return engine, engine.dispose


def _oceanbase(url: sa.URL, busy_timeout: float) -> tuple[sa.Engine, Callable[[], None]]:
    try:
        import pyobvector  # noqa: F401
    except ImportError as error:
        raise Unavailable(
            "OceanBase needs the `oceanbase` extra: run `make setup STORE=oceanbase`, or use SQLite by leaving "
            "YUNQI_DATABASE_URL empty."
        ) from error
    registry.register("mysql.oceanbase", "pyobvector.schema.dialect", "OceanBaseDialect")
    arguments: dict[str, Any] = {
        "init_command": f"SET autocommit=0, time_zone='+00:00', ob_query_timeout={int(busy_timeout * 1e6)}"
    }
    close: Callable[[], None] = lambda: None  # noqa: E731
    target = url.set(drivername="mysql+oceanbase")
    if not url.host:
        arguments["unix_socket"], close = _start_embedded(Path("/" + (url.database or "").lstrip("/")))
        target = sa.URL.create("mysql+oceanbase", username="root", database="yunqi", query={"charset": "utf8mb4"})
        _create_database(arguments)
    engine = sa.create_engine(
        target,
        pool_pre_ping=True,
        pool_size=16,
        max_overflow=48,
        connect_args=arguments,
        isolation_level="READ COMMITTED",
    )

    def dispose() -> None:
        engine.dispose()
        close()

    return engine, dispose


def _start_embedded(folder: Path) -> tuple[str, Callable[[], None]]:
    """Start (or join) the one-machine edition in ``folder``; it listens on a unix socket only."""
    import os

    os.environ["TELEMETRY_ENABLED"] = "false"  # before the server starts: it would report a host fingerprint
    try:
        import pylibseekdb
    except ImportError as error:
        raise Unavailable("The one-machine OceanBase needs `make setup STORE=oceanbase`.") from error
    folder.mkdir(parents=True, exist_ok=True)
    instance = pylibseekdb.open(str(folder))
    return str(instance.connection_options()["unix_socket"]), instance.close


def _create_database(arguments: dict[str, Any], *, patience: float = 120.0) -> None:
    """Create our database and wait until the server's own first-boot work is over.

    Stopping the engine inside its first-boot transaction can leave locks behind, so nothing is announced before
    four quiet seconds have passed on a new folder.
    """
    import pymysql

    connection = pymysql.connect(user="root", unix_socket=arguments["unix_socket"], init_command="SET autocommit=1")
    deadline = time.monotonic() + patience
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW DATABASES LIKE 'yunqi'")
            if cursor.fetchone():
                return
            quiet = 0.0
            while quiet < 4.0:
                cursor.execute("SELECT COUNT(*) FROM oceanbase.V$OB_LOCKS WHERE type='TM'")
                row = cursor.fetchone()
                quiet = quiet + 0.25 if row and row[0] == 0 else 0.0
                if time.monotonic() > deadline:
                    raise Unavailable(
                        "The OceanBase engine did not finish its first start; see its log folder and try again."
                    )
                time.sleep(0.25)
            cursor.execute("SET GLOBAL time_zone='+00:00'")
            cursor.execute("CREATE DATABASE IF NOT EXISTS yunqi DEFAULT CHARACTER SET utf8mb4")
        connection.commit()
    finally:
        connection.close()
