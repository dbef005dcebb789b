"""What each paper must say."""

from yunqi.commerce.logistics.model.papers import Consignment, GoodsLine, MissingFields, Paper
from yunqi.kernel.errors import Invalid

CN22_GRAMS = 2_000
"""Heavier items need a CN 23 (Universal Postal Convention Regulations)."""
CN23_GRAMS = 30_000
"""The heaviest postal parcel."""

_PARTY = ("name", "address", "country")
_TOP = {
    Paper.INVOICE: ("number", "currency", "incoterm", "signed_by"),
    Paper.PACKING_LIST: ("number",),
    Paper.CN22: ("currency", "category", "signed_by"),
    Paper.CN23: ("currency", "category", "signed_by"),
}
_LINE = {
    Paper.INVOICE: ("description", "unit_value", "code", "origin"),
    Paper.PACKING_LIST: ("description", "net_g"),
    Paper.CN22: ("description", "unit_value", "net_g"),
    Paper.CN23: ("description", "unit_value", "net_g", "code", "origin"),
}


def check(shipment: Consignment, kind: Paper) -> None:
    """Refuse a consignment that lacks what a paper must say, or that the paper is not for.

    Raises
    ------
    MissingFields
        Names every field that is absent.
    Invalid
        The item is too heavy for the form, or there is more than one parcel on a postal form.
    """
    missing = [name for name in _TOP[kind] if _absent(shipment, name)]
    for side in ("sender", "receiver"):
        party = getattr(shipment, side)
        missing += [f"{side}.{name}" for name in _PARTY if not getattr(party, name)]
    if not shipment.lines:
        missing.append("lines")
    for k, line in enumerate(shipment.lines, 1):
        missing += [f"lines[{k}].{name}" for name in _needed(kind, shipment, line)]
    if kind is not Paper.INVOICE and not shipment.parcels:
        missing.append("parcels")
    if kind is Paper.PACKING_LIST:
        missing += [f"parcels[{k}].contents" for k, parcel in enumerate(shipment.parcels, 1) if not parcel.contents]
    if missing:
        raise MissingFields(f"this {kind.value} lacks {', '.join(missing)}", missing[0])
    if kind in (Paper.CN22, Paper.CN23):
        _postal(shipment, kind)


def _needed(kind: Paper, shipment: Consignment, line: GoodsLine) -> list[str]:
    """Return what a line lacks; code and origin are asked for on a CN 22 of goods that are sold."""
    names = _LINE[kind]
    if kind is Paper.CN22 and shipment.category == "sale":
        names = (*names, "code", "origin")
    return [name for name in names if getattr(line, name) in ("", None)]


def _absent(shipment: Consignment, name: str) -> bool:
    return getattr(shipment, name) in ("", "XXX")


def _postal(shipment: Consignment, kind: Paper) -> None:
    limit = CN22_GRAMS if kind is Paper.CN22 else CN23_GRAMS
    if len(shipment.parcels) > 1:
        raise Invalid(f"a {kind.value} goes with one parcel, not {len(shipment.parcels)}; make one for each", "parcels")
    if shipment.gross_g > limit:
        instead = "; use a CN23" if kind is Paper.CN22 else ", more than a postal parcel may"
        raise Invalid(f"the item weighs {shipment.gross_g} g, and a {kind.value} takes {limit} g{instead}", "gross_g")
