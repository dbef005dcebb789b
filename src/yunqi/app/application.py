"""The composition root: opens the kernel, builds every service, wires events to handlers. It alone knows everybody."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

from yunqi.app.domains import Domains, migrations
from yunqi.app.release import installed_version
from yunqi.app.settings import Settings, load_settings
from yunqi.flows.storefront import Storefront
from yunqi.kernel import Error, Kernel


class Check(NamedTuple):
    """The state of a part: ok, degraded (the shop serves without it) or down."""

    name: str
    state: str
    detail: str


class App(Domains):
    """An opened installation: the kernel and every service over it.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> import yunqi
    >>> with yunqi.open_shop(mkdtemp()) as shop:
    ...     shop.catalog.page("milk").total
    0
    """

    def __init__(self, kernel: Kernel, settings: Settings) -> None:
        super().__init__(kernel, settings.sections)
        self.settings = settings
        self.storefront = Storefront(
            kernel,
            settings.sections["storefront"],
            catalog=self.catalog,
            activity=self.activity,
            search=self.search,
            recommend=self.recommend,
            payments=self.payments,
            assistant=self.assistant,
        )

    @property
    def version(self) -> str:
        """The installed release."""
        return installed_version()

    def is_empty(self) -> bool:
        """Whether the catalog has no product yet."""
        return self.catalog.generation() == 0

    def health(self, *, worker_alive: bool) -> list[Check]:
        """Return the state of each part."""
        checks = [self._database()]
        if checks[0].state == "ok":
            checks += [Check(name, *state) for name, state in self.states().items()]
            failures = self.kernel.events.failures()
            detail = "; ".join(f"{name}: {why}" for name, why in failures.items())
            checks.append(Check("consumers", "degraded" if failures else "ok", detail or "up to date"))
        checks.append(Check("worker", "ok" if worker_alive else "degraded", "" if worker_alive else "not running"))
        return checks

    def _database(self) -> Check:
        try:
            head = self.kernel.events.head()
        except Error as error:
            return Check("database", "down", error.message)
        return Check("database", "ok", f"{head} events")

    def __enter__(self) -> "App":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class OpenApp(Protocol):
    """How commands open the application."""

    def __call__(self, *, migrate: bool = True) -> AbstractContextManager[App]:
        """Open it for the length of a command."""
        ...


def open_shop(
    data_dir: str | Path | None = None, *, settings: Settings | None = None, migrate: bool = True, start: bool = True
) -> App:
    """Open an installation as a library, without a server.

    Parameters
    ----------
    data_dir
        The data folder; by default ``YUNQI_DATA_DIR`` or ``var``. It is made when it is not there.
    start
        Load what answers questions (the index, the live state of shoppers, policies) into memory.

    Returns
    -------
    App
        A context manager; its attributes are the services (``catalog``, ``search``, ``recommend``, ``payments``…).
    """
    settings = settings or load_settings(data_dir=Path(data_dir) if data_dir is not None else None)
    kernel = Kernel.open(settings.kernel)
    if migrate:
        kernel.migrate(migrations())
    opened = App(kernel, settings)
    if migrate and start:
        opened.start()
    return opened
