"""The event log: idempotent, dense, ordered; consumers see each event."""

import threading
from datetime import UTC, datetime

from yunqi.kernel import Event, Kernel, NewEvent

AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


def event(message: str, name: str = "seen", workspace: str = "default") -> NewEvent:
    return NewEvent(workspace, name, message, AT, "ann", b'{"a":1}')


def append(kernel: Kernel, *events: NewEvent) -> list[int]:
    with kernel.store.begin() as tx:
        return kernel.events.append(tx, events).appended


def test_a_known_message_id_is_not_appended_again(kernel: Kernel) -> None:
    assert append(kernel, event("a"), event("b"), event("a")) == [1, 2]
    with kernel.store.begin() as tx:
        result = kernel.events.append(tx, [event("b"), event("c")])
    assert (result.appended, result.duplicates) == ([3], 1)
    assert [e.message_id for e in kernel.events.read()] == ["a", "b", "c"]


def test_the_same_message_id_in_another_workspace_is_another_event(kernel: Kernel) -> None:
    append(kernel, event("a"))
    assert append(kernel, event("a", workspace="other")) == [2]
    assert [e.seq for e in kernel.events.read(workspace="other")] == [2]


def test_what_is_read_equals_what_was_appended(kernel: Kernel) -> None:
    append(kernel, event("a"))
    assert kernel.events.read() == [Event(1, "default", "seen", "a", AT, "ann", b'{"a":1}')]


def test_a_rolled_back_transaction_leaves_no_event_and_no_gap(kernel: Kernel) -> None:
    try:
        with kernel.store.begin() as tx:
            kernel.events.append(tx, [event("a")])
            raise KeyError
    except KeyError:
        pass
    assert kernel.events.read() == []
    assert append(kernel, event("b")) == [1]


def test_parallel_writers_get_dense_numbers(kernel: Kernel) -> None:
    def work(worker: int) -> None:
        for i in range(20):
            append(kernel, event(f"{worker}-{i}"), event(f"{worker}-{i}-b"))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [e.seq for e in kernel.events.replay(batch=7)] == list(range(1, 201))


def test_a_memory_consumer_has_seen_an_event_when_the_commit_returns(kernel: Kernel) -> None:
    seen: list[int] = []
    kernel.events.subscribe("m", lambda events: seen.extend(e.seq for e in events), names=["seen"], durable=False)
    append(kernel, event("a"), event("b", name="other"))
    assert seen == [1]


def test_a_durable_consumer_goes_on_where_it_stopped_and_its_writes_commit_with_its_place(kernel: Kernel) -> None:
    def failing(events: list[Event]) -> None:
        with kernel.store.begin() as tx:
            kernel.events.append(tx, [event(f"effect-{e.seq}", name="effect") for e in events])
        raise ValueError("broken")

    append(kernel, event("a"))
    kernel.events.subscribe("d", failing, names=["seen"])
    kernel.events.pump()
    assert kernel.events.failures() == {"d": "ValueError: broken"}
    assert kernel.events.count(name="effect") == 0
    assert kernel.events.lag() == {"d": 1}


def test_a_durable_place_survives_the_process(kernel: Kernel) -> None:
    seen: list[int] = []
    append(kernel, event("a"))
    kernel.events.subscribe("d", lambda events: seen.extend(e.seq for e in events))
    kernel.events.pump()
    append(kernel, event("b"))
    again: list[int] = []
    kernel.events._consumers.clear()
    kernel.events.subscribe("d", lambda events: again.extend(e.seq for e in events))
    kernel.events.pump()
    assert (seen, again) == ([1], [2])
