"""A sheet of QR codes to print, cut and stick to the shelves: each opens the shelf's tasks on a phone."""

from __future__ import annotations

import io
from urllib.parse import quote

import segno
from markupsafe import Markup

from store_hub.dashboard.reader import Reader
from store_hub.rules.walk import walk_ranks
from wire_format.plans import Planogram

_STYLE = (
    "*{box-sizing:border-box}body{font:14px/1.4 system-ui,'Noto Sans CJK SC',sans-serif;margin:16px;color:#000;background:#fff}"
    "ul{list-style:none;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(72mm,100%),1fr));gap:4mm;padding:0;margin:16px 0}"
    "li{overflow-wrap:anywhere;border:1px dashed #777;padding:4mm}"
    "li{display:grid;grid-template-columns:28mm 1fr;gap:4mm;align-items:center;break-inside:avoid}"
    "svg{width:28mm;height:28mm;display:block}strong{display:block;font-size:16px}button{font:inherit;min-height:44px;padding:0 16px}"
    "@media print{button,p{display:none}body{margin:0}}"
)


def qr_svg(text: str) -> Markup:
    """Draw a QR code. Error correction M holds while a seventh of it is scratched or dirty."""
    drawn = io.BytesIO()
    segno.make_qr(text, error="m").save(drawn, kind="svg", xmldecl=False, svgns=True, border=2, scale=4, omitsize=True)
    return Markup(drawn.getvalue().decode())


def shelf_address(page_url: str, shelf_id: str) -> str:
    """Where a shelf's QR code leads."""
    return f"{page_url.rstrip('/')}/s/{quote(shelf_id, safe='')}"


def labels_sheet(reader: Reader, plan: Planogram | None, page_url: str, shop: str) -> str:
    """Return the sheet as a page of its own, shelves in walking order."""
    ranks = {} if plan is None else walk_ranks(plan)
    shelves = sorted(((bay, shelf) for bay in plan.bays for shelf in bay.shelves), key=lambda pair: ranks[pair[1].shelf_id]) if plan else []
    items = Markup().join(
        Markup("<li>{}<div><strong>{}</strong>{}<br><small>{}</small></div></li>").format(
            qr_svg(shelf_address(page_url, shelf.shelf_id)), bay.name, reader.t("shelf {level}", level=shelf.level), shop
        )
        for bay, shelf in shelves
    )
    staff = Markup("<li>{}<div><strong>{}</strong>{}<br><small>{}</small></div></li>").format(
        qr_svg(f"{page_url.rstrip('/')}/staff"), reader.t("Tasks"), reader.t("for the staff room"), shop
    )
    return str(
        Markup(
            '<!doctype html><html lang="{}"><head><meta charset="utf-8"><title>{}</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><style>{}</style></head><body><h1>{}</h1><p>{}</p>'
            '<button onclick="print()">{}</button><ul>{}{}</ul></body></html>'
        ).format(
            reader.html_language, reader.t("QR codes for the shelves"), Markup(_STYLE),
            reader.t("QR codes for the shelves"),
            reader.t("They lead to {address}: the hub's address as phones in the shop see it.", address=page_url),
            reader.t("Print"), staff, items,
        )
    )  # fmt: skip
