"""What every store must do alike."""

import threading
import uuid
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from yunqi.kernel import Kernel, NewEvent
from yunqi.kernel.events import table as events
from yunqi.kernel.store import metadata
from yunqi.kernel.store.schema import counters

AT = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)


def fresh() -> str:
    return uuid.uuid4().hex


def new(message: str, payload: str = "{}") -> NewEvent:
    return NewEvent("default", "seen", message, AT, "ann", payload.encode())


def value(kernel: Kernel, name: str) -> int | None:
    with kernel.store.read() as tx:
        return tx.execute(sa.select(counters.c.value).where(counters.c.name == name)).scalar()


def test_every_table_of_the_house_exists_with_its_indexes(kernel: Kernel) -> None:
    found = set(sa.inspect(kernel.store.engine).get_table_names())
    assert set(metadata.tables) <= found


def test_a_rollback_leaves_nothing(kernel: Kernel) -> None:
    name = fresh()
    with pytest.raises(KeyError), kernel.store.begin() as tx:
        kernel.store.advance(tx, name, 5)
        raise KeyError
    assert value(kernel, name) is None


def test_names_are_compared_byte_by_byte(kernel: Kernel) -> None:
    name = "Ä" + fresh()
    with kernel.store.begin() as tx:
        kernel.store.upsert(
            tx, counters, [{"name": name, "value": 1}, {"name": name.lower(), "value": 2}], key=["name"]
        )
    assert (value(kernel, name), value(kernel, name.lower())) == (1, 2)


def test_upserts_insert_update_or_leave_alone(kernel: Kernel) -> None:
    a, b = fresh(), fresh()
    with kernel.store.begin() as tx:
        kernel.store.upsert(tx, counters, [{"name": a, "value": 1}, {"name": b, "value": 2}], key=["name"])
        kernel.store.upsert(tx, counters, [{"name": a, "value": 9}], key=["name"])
        kernel.store.upsert(tx, counters, [{"name": b, "value": 8}], key=["name"], update=["value"])
    assert (value(kernel, a), value(kernel, b)) == (1, 8)


def test_numbers_are_dense_among_parallel_writers(kernel: Kernel) -> None:
    name, taken, lock = fresh(), [], threading.Lock()
    with kernel.store.begin() as tx:
        kernel.store.advance(tx, name, 0)

    def work() -> None:
        for _ in range(10):
            first = kernel.store.transact(lambda tx: kernel.store.advance(tx, name, 2))
            with lock:
                taken.extend([first, first + 1])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 81))


def test_an_event_comes_back_as_it_went_in(kernel: Kernel) -> None:
    message, payload = fresh(), '{"title":"紅色 <b>棉质</b> \\" ; DROP TABLE kernel_events; -- 😀"}'
    with kernel.store.begin() as tx:
        [seq] = kernel.events.append(tx, [new(message, payload)]).appended
    [found] = kernel.events.read(after=seq - 1, limit=1)
    assert (found.message_id, found.at, found.subject, found.payload.decode()) == (message, AT, "ann", payload)


def test_an_event_is_appended_once(kernel: Kernel) -> None:
    message = fresh()
    for expected in (1, 0):
        with kernel.store.begin() as tx:
            assert len(kernel.events.append(tx, [new(message), new(message)]).appended) == expected


def test_events_of_parallel_writers_are_ordered_by_commit(kernel: Kernel) -> None:
    start, prefix = kernel.events.head(), fresh()

    def work(worker: int) -> None:
        for i in range(8):
            events_ = [new(f"{prefix}-{worker}-{i}-{part}") for part in range(3)]
            kernel.store.transact(lambda tx, batch=events_: kernel.events.append(tx, batch))  # type: ignore[misc]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [e.seq for e in kernel.events.replay(after=start, batch=11)] == list(range(start + 1, start + 73))


def test_large_values_and_large_batches(kernel: Kernel) -> None:
    prefix = fresh()
    with kernel.store.begin() as tx:
        batch = [new(f"{prefix}-{i}") for i in range(2500)]
        assert len(kernel.events.append(tx, [*batch, new(prefix, '{"x":"' + "é" * 400_000 + '"}')]).appended) == 2501
    length = sa.func.length if kernel.store.is_sqlite else sa.func.char_length
    query = sa.select(length(events.c.payload)).where(events.c.message_id == prefix)
    with kernel.store.read() as tx:
        size = tx.execute(query).scalar_one()
    assert size == 400_008


def test_a_job_is_claimed_by_one_worker(kernel: Kernel) -> None:
    ran: list[int] = []
    lock = threading.Lock()
    kind = f"k-{fresh()}"

    def handler(context: object) -> None:
        with lock:
            ran.append(1)

    kernel.jobs.register(kind, handler)
    for _ in range(6):
        kernel.jobs.submit(kind, {})
    threads = [
        threading.Thread(target=lambda: [kernel.jobs.run_once(kinds=[kind]) for _ in range(6)]) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ran) == 6


def test_keys_and_usage(kernel: Kernel) -> None:
    workspace = fresh()
    key, secret = kernel.auth.create_key(workspace, "k", frozenset({"read"}))
    assert kernel.auth.verify(secret).key_id == key.id
    with kernel.store.begin() as tx:
        for request in ("a", "b", "a"):
            kernel.usage.record(
                tx,
                request_id=workspace + request,
                workspace=workspace,
                key_id=key.id,
                meter="m",
                quantity=2,
                model="x",
                at=AT,
            )
    assert [(row.key, row.quantity) for row in kernel.usage.report(workspace)] == [("2026-03-04", 4)]
