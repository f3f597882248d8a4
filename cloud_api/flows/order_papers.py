"""An approved order as a supplier's system takes it: CSV, or JSON with the fields of an EDIFACT ORDERS message."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import msgspec

from cloud_api.adapters.order_records import OrderRecord
from wire_format.plans import Planogram

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class OrderedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line: LIN and PIA (article numbers), IMD (name), QTY 21 (units ordered), and whole cases."""

    line: int
    gtin: str | None
    sku: str
    name: str
    units: int
    case_pack_units: int
    cases: int


class OrderPaper(msgspec.Struct, frozen=True, kw_only=True):
    """BGM (number), DTM 137 and 2 (document and delivery date), NAD BY and SU (who buys, who supplies), CUX (currency), lines."""

    message: str
    number: str
    document_date: str
    delivery_date: str
    buyer: str
    supplier: str
    currency: str
    lines: list[OrderedLine]


def order_paper(order: OrderRecord, planogram: Planogram) -> OrderPaper:
    """The order for its supplier."""
    products = {product.sku: product for product in planogram.products}
    lines = []
    for number, line in enumerate(order.body["lines"], start=1):
        product = products.get(line["sku"])
        pack = product.case_pack_units if product else 1
        lines.append(
            OrderedLine(
                line=number, gtin=product.gtin if product else None, sku=line["sku"], name=line["name"], units=line["units"],
                case_pack_units=pack, cases=-(-line["units"] // pack),
            )
        )  # fmt: skip
    sent = order.decided_at or order.proposed_at
    return OrderPaper(
        message="ORDERS",
        number=order.order_id,
        document_date=sent.date().isoformat(),
        delivery_date=(sent + timedelta(days=float(order.body["lead_time_days"]))).date().isoformat(),
        buyer=order.store_id,
        supplier=order.supplier,
        currency=planogram.currency,
        lines=lines,
    )


def as_csv(paper: OrderPaper) -> str:
    """One row a line; a text that a spreadsheet would take for a formula is quoted with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["order", "date", "delivery", "buyer", "supplier", "line", "gtin", "sku", "name", "units", "case_pack", "cases"])
    for line in paper.lines:
        head = [paper.number, paper.document_date, paper.delivery_date, paper.buyer, paper.supplier]
        row = [*head, line.line, line.gtin or "", line.sku, line.name, line.units, line.case_pack_units, line.cases]
        writer.writerow([f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell for cell in row])
    return out.getvalue()
