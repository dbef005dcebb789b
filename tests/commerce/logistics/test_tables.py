"""Tables as spreadsheets write them: what parts the cells, decimals, marks, capitals; and what is wrong with a line."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from yunqi.commerce.logistics.engine import tables
from yunqi.commerce.logistics.engine.customs.duties import read_table
from yunqi.commerce.logistics.engine.forecast.read import read_csv
from yunqi.commerce.logistics.engine.forecast.trips import read_trips
from yunqi.commerce.logistics.engine.packing.read import read_csv as read_boxes
from yunqi.commerce.logistics.engine.warehouse.read_stock import read_goods
from yunqi.commerce.logistics.service.files import read_text, write_bytes
from yunqi.kernel import Invalid

SALES = (
    "id,date,quantity\na,2026-01-01,1.5\na,2026-01-03,2\n",
    "\ufeffID;Date;Quantity\r\na;2026-01-01;1,5\r\na;2026-01-03;2\r\n",
)


def test_sales_read_alike_whatever_wrote_them() -> None:
    for text in (*SALES, SALES[0].replace(",", "\t")):
        panel = read_csv(text)
        assert (panel.ids, panel.first) == (("a",), date(2026, 1, 1))
        assert np.array_equal(panel.demand, [[1.5, 0.0, 2.0]])


def test_boxes_goods_and_trips_take_decimal_commas() -> None:
    boxes = read_boxes("id;x;y;z;weight\na;1,5;2;3;100\n", "ID;X;Y;Z\nb;9;9;9\n", support=True)
    assert (boxes.scale, boxes.problem.items[0].size) == (10, (15, 20, 30))
    (good,) = read_goods("id;mean;lead;fixed;hold;backorder\ntea;2,5;1;64;1;9\n").goods
    assert good.mean == 2.5
    trips = read_trips("started;minutes;Town\n2026-01-01T10:00+08:00;12,5;Ulm, Mitte\n")
    assert trips.minutes.tolist() == [12.5]
    assert (trips.kind_names, trips.levels) == (("Town",), (("Ulm, Mitte",),))


def test_a_comma_between_quotes_is_part_of_a_text_and_no_decimal_where_commas_part() -> None:
    (row,) = tables.rows('id,text,n\n7,"red, large","1,5"\n\n', what="t", needed=("id",))
    assert (row.line, row.text("text"), row.figure("n")) == (2, "red, large", "1,5")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "t lacks the column id"),
        ("id\n", "t has no rows"),
        ("id,ID\n1,2\n", "two columns id"),
        ("id,n\n1\n", "t line 2: 1 cells for 2 columns"),
        ("id,copys\n1,2\n", "has a column copys; did you mean copies"),
    ],
)
def test_a_table_that_is_none_is_refused(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        list(tables.rows(text, what="t", needed=("id",), known=("copies",)))


def test_wrong_days_and_numbers_are_named_by_line_and_column() -> None:
    with pytest.raises(Invalid, match=r"line 3: date '03.01.2026' is not a day"):
        read_csv("id,date,quantity\na,2026-01-01,1\na,03.01.2026,2\n")
    with pytest.raises(Invalid, match="line 2: quantity 'two' is not a number"):
        read_csv("id;date;quantity\na;2026-01-01;two\n")


def test_files_that_are_none_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="is a folder; give a table"):
        read_text(tmp_path, "a table")
    (tmp_path / "gbk.csv").write_bytes("id,品名\n".encode("gbk"))
    with pytest.raises(Invalid, match="save it as UTF-8"):
        read_text(tmp_path / "gbk.csv", "a table")
    with pytest.raises(Invalid, match="cannot be written: No such file or directory"):
        write_bytes(tmp_path / "absent" / "x.pdf", b"")
    write_bytes(tmp_path / "x.pdf", b"1")
    assert (tmp_path / "x.pdf").read_bytes() == b"1"


def test_rates_of_duties_are_read_from_a_semicolon_table() -> None:
    (line,) = read_table(
        "code;origin;destination;duty;tax;valid_from;valid_to;source;duty_per_kg\n6109.10;*;DE;6,5%;0,19;2026-01-01;;book;1,755 EUR\n"
    )
    assert (line.code, f"{line.duty:f}", f"{line.tax:f}") == ("610910", "0.065", "0.19")
    assert line.per_kg is not None
    assert str(line.per_kg.amount) == "1.755"
