import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunqi.commerce.activity import (
    NAMES,
    Activity,
    EventRefused,
    Item,
    Properties,
    Recorded,
    SegmentEvent,
    properties,
)
from yunqi.commerce.activity.engine import Checker
from yunqi.commerce.catalog import FeedRefused, ImportState
from yunqi.kernel import Kernel

Write = Callable[..., Path]
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def event(number: int = 1, **changes: Any) -> dict[str, Any]:
    base = {
        "type": "track",
        "event": "purchase",
        "messageId": f"m-{number}",
        "timestamp": "2026-11-01T10:00:00Z",
        "userId": "ann",
        "properties": {"items": [{"item_id": "p1", "quantity": 2, "price": 1.5}], "currency": "USD"},
    }
    return {**base, **changes}


def lines(*events: dict[str, Any]) -> str:
    return "".join(json.dumps(e) + "\n" for e in events)


def test_an_event_is_kept_once_with_its_payload(kernel: Kernel, activity: Activity) -> None:
    given_ = SegmentEvent(
        event="view_item",
        messageId="m1",
        timestamp="2026-11-01T11:00:00+01:00",
        anonymousId="v1",
        properties=Properties(items=(Item(item_id="p1", price=1.5),), attribution_token="d1"),
        context={"page": {"url": "/p/p1"}, "ip": "10.0.0.1"},
    )
    assert activity.record([given_, given_]) == Recorded(1, 1)
    assert activity.record([given_]) == Recorded(0, 1)
    kept = kernel.events.read()[0]
    assert (kept.name, kept.subject, kept.at) == ("view_item", "v1", datetime(2026, 11, 1, 10, tzinfo=UTC))
    found = properties(kept)
    assert (found.items[0].item_id, found.items[0].price, found.attribution_token) == ("p1", 1.5, "d1")
    assert found.context == {"page": {"url": "/p/p1"}}
    assert found.anonymous_id == "v1"


def test_a_batch_is_kept_whole_or_not_at_all(kernel: Kernel, activity: Activity) -> None:
    body = json.dumps({"events": [event(1), event(2, event="purchse")]}).encode()
    with pytest.raises(EventRefused, match=r"events\[1\]: 'purchse' is not a GA4 .*Did you mean 'purchase'"):
        activity.record_json(body)
    assert kernel.events.head() == 0
    assert activity.record_json(lines(event(1), event(2)).encode()) == Recorded(2, 0)


BAD = {
    "no message id": (event(messageId=""), "messageId"),
    "a long message id": (event(messageId="x" * 191), "messageId"),
    "nobody": (event(userId=None), "userId or anonymousId is missing"),
    "no items": (event(properties={}), "properties.items is empty"),
    "an item without id": (
        event(properties={"items": [{"quantity": 1}]}),
        r"properties.items\[0\].* required field item_id",
    ),
    "a text quantity": (
        event(properties={"items": [{"item_id": "a", "quantity": "2"}]}),
        r"properties.items\[0\].quantity",
    ),
    "a negative quantity": (
        event(properties={"items": [{"item_id": "a", "quantity": -1}]}),
        r"items\[0\].quantity: Expected int >= 0",
    ),
    "a negative price": (
        event(properties={"items": [{"item_id": "a", "price": -1}]}),
        r"items\[0\].price: Expected float >= 0",
    ),
    "a negative value": (event(properties={"items": [{"item_id": "a"}], "value": -1}), "properties.value"),
    "the future": (event(timestamp=(NOW + timedelta(hours=25)).isoformat()), "in the future"),
    "long ago": (event(timestamp="1970-01-01T00:00:00Z"), "too old"),
    "no time": (event(timestamp="yesterday"), "not ISO 8601"),
    "an unknown call": (event(type="page"), "send track or identify"),
    "search for nothing": (event(event="search", properties={}), "search_term is missing"),
    "identify nobody": (event(type="identify", userId=None, anonymousId="v"), "both userId and anonymousId"),
    "too many items": (event(properties={"items": [{"item_id": "a"}] * 1001}), "more than 1000 items"),
    "an endless term": (
        event(event="search", properties={"search_term": "x" * 2000}),
        "search_term: Expected str of length <= 1000",
    ),
    "a number for a name": (event(event=7), "event: Expected str, got int"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_breaks_the_contract_is_refused_by_event_and_field(kernel: Kernel, activity: Activity, case: str) -> None:
    given_, message = BAD[case]
    with pytest.raises(EventRefused, match=message):
        activity.record_json(json.dumps({"events": [given_]}).encode())
    assert kernel.events.head() == 0


def test_nothing_in_a_request_is_refused(activity: Activity) -> None:
    with pytest.raises(EventRefused, match="body is empty"):
        activity.record_json(b"  ")
    with pytest.raises(EventRefused, match="not a JSON object"):
        activity.record_json(b"{nonsense")


def test_a_visitor_becomes_a_user(kernel: Kernel, activity: Activity) -> None:
    view = {"event": "view_item", "userId": None, "anonymousId": "v1"}
    activity.record_json(lines(event(1, **view)).encode())
    activity.record_json(lines({**event(2, **view), "type": "identify", "event": "", "userId": "ann"}).encode())
    activity.record_json(lines(event(3, **view)).encode())
    kept = [(e.name, e.subject) for e in kernel.events.read()]
    assert kept == [("view_item", "v1"), ("VisitorIdentified", "ann"), ("view_item", "ann")]
    assert activity.visitors("ann") == ["v1"]
    assert (activity.subject("v1"), activity.subject("v2")) == ("ann", "v2")
    activity.record_json(lines(event(4, **{**view, "userId": "bob"})).encode())
    assert activity.subject("v1") == "bob"


def test_a_file_is_imported_once_and_bad_lines_are_reported(kernel: Kernel, activity: Activity, write: Write) -> None:
    events = [event(i) for i in range(1, 31)]
    text = lines(*events[:10]) + lines(event(99, userId=None)) + "\n" + lines(*events[10:])
    report = activity.import_events(write(gzip.compress(text.encode()), "events.jsonl.gz"))
    assert (report.state, report.rows, report.added, report.rejected) == (ImportState.PUBLISHED, 31, 30, 1)
    assert (report.errors[0].line, report.errors[0].column) == (11, "userId")
    again = activity.import_events(write(gzip.compress(text.encode()), "events.jsonl.gz"))
    assert (again.added, again.unchanged, kernel.events.head()) == (0, 30, 30)


def test_a_dry_run_writes_no_event(kernel: Kernel, activity: Activity, write: Write) -> None:
    report = activity.import_events(write(lines(event(1), event(2)), "e.jsonl"), dry_run=True)
    assert (report.state, report.added, kernel.events.head()) == (ImportState.REHEARSED, 2, 0)


def test_a_file_of_mostly_bad_lines_is_refused(kernel: Kernel, activity: Activity, write: Write) -> None:
    with pytest.raises(FeedRefused, match=r"1 of 2 events were rejected.*1 events before that were kept"):
        activity.import_events(write(lines(event(1), event(2, userId=None)), "e.jsonl"))
    assert kernel.events.head() == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (lines(event(1)).encode() + b'{"event": "purc', "is not whole"),
        (gzip.compress(lines(event(1)).encode() * 40)[:-15], "cut off or damaged"),
        (b"message_id,event\n1,purchase\n", "no column 'timestamp'"),
    ],
)
def test_a_broken_file_is_refused(activity: Activity, write: Write, content: bytes, message: str) -> None:
    with pytest.raises(FeedRefused, match=message):
        activity.import_events(write(content, "events"))


def test_flat_csv_and_parquet_hold_the_same_events(
    kernel: Kernel, activity: Activity, write: Write, tmp_path: Path
) -> None:
    columns = ["message_id", "event", "timestamp", "user_id", "item_id", "quantity", "price", "coupon", "search_term"]
    rows = [
        ("m1", "purchase", "2026-11-01T10:00:00Z", "ann", "p1", 2, 1.5, "TEN", ""),
        ("m1", "purchase", "2026-11-01T10:00:00Z", "ann", "p2", 1, 0.5, "", ""),
        ("m2", "search", "2026-11-01T10:01:00Z", "ann", None, None, None, None, "milk"),
    ]
    text = "\n".join([",".join(columns), *(",".join("" if v is None else str(v) for v in row) for row in rows)]) + "\n"
    assert activity.import_events(write(text, "e.csv")).added == 2
    kept = kernel.events.read()
    found = properties(kept[0])
    assert [(i.item_id, i.quantity, i.price, i.coupon) for i in found.items] == [
        ("p1", 2, 1.5, "TEN"),
        ("p2", 1, 0.5, None),
    ]
    assert properties(kept[1]).search_term == "milk"
    path = tmp_path / "e.parquet"
    pq.write_table(pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows]), path)
    assert activity.import_events(path).unchanged == 2


def test_an_interrupted_import_goes_on_where_it_was(kernel: Kernel, activity: Activity, write: Write) -> None:
    path = write(lines(*(event(i) for i in range(10))), "e.jsonl")

    def stop(done: int, total: int, message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        activity.import_events(path, progress=stop)
    assert kernel.events.head() == 3
    report = activity.import_events(path)
    assert (report.rows, report.added, report.unchanged, kernel.events.head()) == (10, 10, 0, 10)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["type", "event", "messageId", "timestamp", "userId", "anonymousId", "properties", "context"]
CHECKER = Checker(NOW, latest=NOW, oldest=NOW.replace(year=1990), max_items=100, max_bytes=10_000, needs_time=True)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON | st.sampled_from(sorted(NAMES))))
def test_any_json_is_an_event_or_a_named_refusal(fields: dict[str, Any]) -> None:
    try:
        checked = CHECKER.decode(json.dumps(event(**fields)))
    except EventRefused:
        return
    assert checked.name in NAMES | {"identify"}
    assert json.loads(checked.payload) is not None


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_a_named_refusal(data: bytes) -> None:
    with pytest.raises(EventRefused):
        CHECKER.decode(data)
