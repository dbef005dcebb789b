"""The kernel: one object that holds what every domain stands on."""

from collections.abc import Callable, Iterable
from datetime import datetime
from types import TracebackType

from yunqi.kernel import auth, clock, events, jobs, metering
from yunqi.kernel.auth import Auth, load_pepper
from yunqi.kernel.blobs import Blobs
from yunqi.kernel.config import KernelConfig
from yunqi.kernel.errors import Exhausted, Unavailable
from yunqi.kernel.events import EventLog
from yunqi.kernel.jobs import Jobs
from yunqi.kernel.metering import Metering
from yunqi.kernel.store import Migration, Store, connect

MIGRATIONS = events.MIGRATIONS + auth.MIGRATIONS + metering.MIGRATIONS + jobs.MIGRATIONS


class Kernel:
    """Store, event log, jobs, blobs, keys and metering of one data folder; made by `Kernel.open`.

    Attributes
    ----------
    clock
        Returns the current aware UTC time; tests hand in their own.
    """

    def __init__(self, config: KernelConfig, store: Store, *, clock: Callable[[], datetime] = clock.now) -> None:
        self.config = config
        self.store = store
        self.clock = clock
        self.events = EventLog(store)
        self.jobs = Jobs(store, clock)
        self.blobs = Blobs(config.data_dir / "blobs", config.blob_url)
        self.auth = Auth(store, load_pepper(config.data_dir / "secret"), clock)
        self.usage = Metering(store)

    @classmethod
    def open(cls, config: KernelConfig, *, clock: Callable[[], datetime] = clock.now) -> "Kernel":
        """Open the data folder, making it when it is not there.

        Raises
        ------
        Unavailable
            When the folder cannot be made or written.
        """
        try:
            config.data_dir.mkdir(parents=True, exist_ok=True)
            engine, dispose = connect(config.database_url, config.data_dir, busy_timeout=config.busy_timeout)
            return cls(config, Store(engine, dispose), clock=clock)
        except OSError as error:
            if error.errno == 28:
                raise Exhausted(f"The disk of {config.data_dir} is full. Free some space and start again.") from error
            raise Unavailable(
                f"The data folder {config.data_dir} cannot be used: {error}. Set YUNQI_DATA_DIR."
            ) from error

    def migrate(self, migrations: Iterable[Migration] = ()) -> list[Migration]:
        """Bring the kernel's tables and the given domains' up to date."""
        return self.store.migrate([*MIGRATIONS, *migrations], now=clock.to_micros(self.clock()))

    def close(self) -> None:
        """Release the database."""
        self.store.close()

    def __enter__(self) -> "Kernel":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
