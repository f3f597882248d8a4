"""Finding one shop among a thousand: a field for its name, and pages of fifty."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

from cloud_api.dashboard.frame import html
from cloud_api.dashboard.reader import Reader
from cloud_api.flows.reviewing import SHOWN, ChainReview


def show_more(reader: Reader, review: ChainReview, *, find: str, page_no: int, days: int) -> None:
    """The search and the way to the next fifty; nothing where all shops are in sight anyway."""
    if review.shops <= SHOWN and not find:
        return
    pages = max(1, -(-review.shops // SHOWN))
    links = "".join(
        f'<a href="/footfall?{escape(urlencode({"find": find, "page_no": number, "days": days}))}">{words}</a>'
        for number, words in ((page_no - 1, reader.t("Previous")), (page_no + 1, reader.t("Next")))
        if 1 <= number <= pages
    )
    told = reader.t("{count} shops, page {page} of {pages}", count=reader.number(review.shops), page=page_no, pages=pages)
    html(
        f'<form class="ask" action="/footfall" method="get" role="search"><input type="hidden" name="days" value="{days}">'
        f'<label class="quiet">{reader.t("Find a shop")} <input class="field" name="find" value="{escape(find)}" maxlength="100"></label>'
        f'<button class="field">{reader.t("Find")}</button><span class="quiet">{told}</span>{links}</form>'
    )
