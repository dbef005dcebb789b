"""The four papers: commercial invoice, packing list, CN 22 and CN 23."""

from yunqi.commerce.logistics.engine.customs.papers.required import check
from yunqi.commerce.logistics.engine.customs.papers.sheet import Sheet
from yunqi.commerce.logistics.model.papers import Consignment, Paper, Party

CERTIFIED = (
    "I certify that the particulars given in this customs declaration are correct and that this item does not contain any "
    "dangerous article or articles prohibited by legislation or by postal or customs regulations."
)


def draw(shipment: Consignment, kind: Paper) -> bytes:
    """Return a paper as PDF: the same bytes for the same shipment.

    Raises
    ------
    MissingFields
        Names every field that the paper needs and the shipment lacks.
    Invalid
        The paper is not for such a shipment, or a sign can't be drawn.
    """
    check(shipment, kind)
    return _DRAWN[kind](shipment)


def _invoice(shipment: Consignment) -> bytes:
    sheet = Sheet(width=210, height=297, size=8.5, margin=15)
    sheet.title("Commercial invoice")
    sheet.boxes(
        [
            ("Invoice number", shipment.number),
            ("Date", shipment.day.isoformat()),
            ("Seller", _address(shipment.sender)),
            ("Buyer", _address(shipment.receiver)),
            ("Terms of delivery", shipment.incoterm),
            ("Currency", shipment.currency),
        ]
    )
    rows = []
    for k, line in enumerate(shipment.lines, 1):
        each, value = shipment.money(line.unit_value or 0), shipment.money(line.value)
        rows.append([str(k), line.description, line.code, line.origin, str(line.quantity), each, value])
    rows.append(
        [
            "",
            "Value of goods",
            "",
            "",
            str(sum(line.quantity for line in shipment.lines)),
            "",
            shipment.money(shipment.goods_value),
        ]
    )
    rows += [["", name, "", "", "", "", shipment.money(amount)] for name, amount in shipment.charges]
    rows.append(["", f"Total {shipment.currency}", "", "", "", "", shipment.money(shipment.total)])
    head = ["No.", "Description", "HS code", "Origin", "Pieces", "Each", "Amount"]
    sheet.table(head, rows, (5, 38, 12, 8, 9, 13, 15), (4, 5, 6), last=2 + len(shipment.charges))
    if shipment.due:
        due = [[name, why, shipment.money(amount)] for name, amount, why in shipment.due]
        due.append(
            [f"Duties and taxes {shipment.currency}", "", shipment.money(sum(amount for _, amount, _ in shipment.due))]
        )
        sheet.table(["Duty or tax", "Reckoned as", "Amount"], due, (25, 60, 15), (2,), last=1)
    if shipment.net_g:
        weights = f"Net weight {_kg(shipment.net_g)} kg"
        sheet.line(
            weights
            + (f", gross {_kg(shipment.gross_g)} kg, {len(shipment.parcels)} parcels" if shipment.parcels else ""),
            "weight",
        )
    _signed(sheet, shipment, "We declare that this invoice is true and correct.")
    return sheet.pdf(title=f"Commercial invoice {shipment.number}")


def _packing_list(shipment: Consignment) -> bytes:
    sheet = Sheet(width=210, height=297, size=8.5, margin=15)
    sheet.title("Packing list")
    sheet.boxes(
        [
            ("Number", shipment.number),
            ("Date", shipment.day.isoformat()),
            ("Sender", _address(shipment.sender)),
            ("Receiver", _address(shipment.receiver)),
        ]
    )
    rows = []
    for parcel in shipment.parcels:
        size = " x ".join(map(str, parcel.size_mm)) if parcel.size_mm else "-"
        for k, (number, quantity) in enumerate(parcel.contents):
            line = shipment.lines[number - 1]
            net = round((line.net_g or 0) * quantity / line.quantity)
            first = [parcel.id, size] if not k else ["", ""]
            rows.append(
                [*first, line.description, line.code, str(quantity), _kg(net), "" if k else _kg(parcel.gross_g)]
            )
    pieces = sum(line.quantity for line in shipment.lines)
    rows.append(
        [f"{len(shipment.parcels)} parcels", "", "Total", "", str(pieces), _kg(shipment.net_g), _kg(shipment.gross_g)]
    )
    head = ["Parcel", "Size mm", "Description", "HS code", "Pieces", "Net kg", "Gross kg"]
    sheet.table(head, rows, (12, 15, 34, 11, 8, 10, 10), (4, 5, 6), last=1)
    _signed(sheet, shipment, "")
    return sheet.pdf(title=f"Packing list {shipment.number}")


def _cn22(shipment: Consignment) -> bytes:
    sheet = Sheet(width=74, height=105, size=5.5, margin=4)
    sheet.title("CUSTOMS DECLARATION  CN 22")
    sheet.line("May be opened officially", "title")
    _ticked(sheet, shipment)
    rows = [
        [
            f"{line.quantity} x {line.description}",
            _kg(line.net_g or 0),
            shipment.money(line.value),
            line.code,
            line.origin,
        ]
        for line in shipment.lines
    ]
    rows.append(["Total", _kg(shipment.net_g), shipment.money(shipment.goods_value), "", ""])
    rows.append(["Gross weight", _kg(shipment.gross_g), "", "", ""])
    head = ["Quantity and contents", "kg net", f"Value {shipment.currency}", "HS code", "Origin"]
    sheet.table(head, rows, (33, 14, 20, 17, 16), (1, 2), last=2)
    sheet.line(f"From {_flat(shipment.sender)}", "sender")
    sheet.line(f"To {_flat(shipment.receiver)}", "receiver")
    _signed(sheet, shipment, CERTIFIED)
    return sheet.pdf(title=f"CN 22 {shipment.number}".strip())


def _cn23(shipment: Consignment) -> bytes:
    sheet = Sheet(width=210, height=148, size=7, margin=8)
    sheet.title("CUSTOMS DECLARATION  CN 23")
    sheet.boxes(
        [
            ("From", _address(shipment.sender)),
            ("To", _address(shipment.receiver)),
            ("Sender's reference", shipment.number),
            ("Importer's reference", shipment.receiver.tax_id),
        ]
    )
    named = [("Licence", shipment.licence), ("Certificate", shipment.certificate), ("Invoice", shipment.invoice)]
    if any(number for _, number in named):
        sheet.boxes(named, columns=3)
    _ticked(sheet, shipment)
    rows = [
        [line.description, str(line.quantity), _kg(line.net_g or 0), shipment.money(line.value), line.code, line.origin]
        for line in shipment.lines
    ]
    total = [
        "Total",
        str(sum(line.quantity for line in shipment.lines)),
        _kg(shipment.net_g),
        shipment.money(shipment.goods_value),
        "",
        "",
    ]
    head = ["Detailed description of contents", "Quantity", "Net kg", f"Value {shipment.currency}", "HS code", "Origin"]
    sheet.table(head, [*rows, total], (40, 10, 12, 15, 13, 10), (1, 2, 3), last=1)
    charges = ", ".join(f"{name} {shipment.money(amount)} {shipment.currency}" for name, amount in shipment.charges)
    sheet.line(f"Gross weight {_kg(shipment.gross_g)} kg" + (f"; charges: {charges}" if charges else ""), "weight")
    _signed(sheet, shipment, CERTIFIED)
    return sheet.pdf(title=f"CN 23 {shipment.number}".strip())


_DRAWN = {Paper.INVOICE: _invoice, Paper.PACKING_LIST: _packing_list, Paper.CN22: _cn22, Paper.CN23: _cn23}


def _ticked(sheet: Sheet, shipment: Consignment) -> None:
    names = {
        "gift": "Gift", "documents": "Documents", "sale": "Sale of goods", "sample": "Commercial sample",
        "returned": "Returned goods", "other": "Other",
    }  # fmt: skip
    sheet.line(
        "   ".join(f"[{'X' if key == shipment.category else ' '}] {name}" for key, name in names.items()), "category"
    )


def _signed(sheet: Sheet, shipment: Consignment, words: str) -> None:
    if shipment.notes:
        sheet.line(shipment.notes, "notes")
    if words:
        sheet.line(words, "declaration")
    if shipment.signed_by:
        sheet.line(f"{shipment.day.isoformat()}  {shipment.signed_by}", "signed_by", bold=True)


def _address(party: Party) -> str:
    more = [f"Tel. {party.phone}" if party.phone else "", party.email, f"Tax id {party.tax_id}" if party.tax_id else ""]
    return "\n".join([party.name, *party.address, party.country, *(one for one in more if one)])


def _flat(party: Party) -> str:
    return ", ".join([party.name, *party.address, party.country])


def _kg(grams: int) -> str:
    return f"{grams / 1000:,.3f}"
