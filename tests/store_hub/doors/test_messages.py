"""What staff read on their phones."""

from __future__ import annotations

from typing import Any

from store_hub.rules.messages import Call, message, sentence
from store_hub.rules.paging import PagingRules, is_outdated

NOON_MS = 1_780_315_200_000


def call(**changes: Any) -> Call:
    base = Call(
        notification_id=1, alert_id=1, reason="raised", happened_at_ms=NOON_MS, open=True, taken=False,
        article="Milk 1 l", place="Fridge, board 1", units=2.2, back_room_units=12.0, fill_units=5.8,
    )  # fmt: skip
    return base._replace(**changes)


def test_one_sentence_says_what_where_how_many_and_what_to_do() -> None:
    assert sentence(call()) == "Milk 1 l is low on Fridge, board 1: about 2 left; please fetch 6 of 12 from the back room."


def test_a_sold_out_shelf_is_called_sold_out() -> None:
    assert sentence(call(units=0.3)) == "Milk 1 l is sold out on Fridge, board 1; please fetch 6 of 12 from the back room."


def test_nobody_is_sent_to_an_empty_back_room() -> None:
    assert "none in the back room" in sentence(call(back_room_units=0.2))
    assert "fetch 1 of 1" in sentence(call(back_room_units=1.0))


def test_what_is_not_known_is_not_said() -> None:
    text = sentence(call(units=None, back_room_units=None, fill_units=None))
    assert text == "Milk 1 l is low on Fridge, board 1; please look in the back room."


def test_one_call_has_its_article_on_the_lock_screen_and_a_link() -> None:
    told = message([call()], "http://hub.local:8080/")
    assert told.title == "Milk 1 l: low"
    assert told.body.splitlines()[-1] == "http://hub.local:8080/staff"


def test_calls_that_come_together_are_one_message_with_the_emptiest_first() -> None:
    told = message([call(), call(alert_id=2, article="Cola", units=0.0)], None)
    assert told.title == "2 shelves need goods, 1 sold out"
    assert [line.split(" is ")[0] for line in told.body.splitlines()] == ["Cola", "Milk 1 l"]


def test_a_shelf_that_was_raised_and_then_ran_empty_is_named_once() -> None:
    told = message([call(), call(notification_id=2, reason="emptied", units=0.0)], None)
    assert (told.title, len(told.body.splitlines())) == ("Milk 1 l: sold out", 1)


def test_a_whole_shop_that_needs_goods_still_fits_on_a_phone() -> None:
    told = message([call(alert_id=number) for number in range(30)], None)
    assert told.body.splitlines()[-1] == "And 22 more."
    assert len(told.body.splitlines()) == 9


def test_old_news_and_what_somebody_has_in_hand_wakes_nobody() -> None:
    assert not is_outdated(call(), NOON_MS + 15 * 60_000, PagingRules())
    assert is_outdated(call(), NOON_MS + 15 * 60_000 + 1, PagingRules())
    assert is_outdated(call(taken=True), NOON_MS, PagingRules())
    assert is_outdated(call(open=False), NOON_MS, PagingRules())


def test_a_facing_swept_at_once_is_told_even_if_somebody_is_on_their_way_to_refill_it() -> None:
    swept = call(reason="swept", units=0.0, taken=True)
    assert not is_outdated(swept, NOON_MS, PagingRules())
    told = message([call(), swept], None)
    assert told.title == "Milk 1 l: swept off the shelf"
    assert told.body.startswith("Milk 1 l was swept off Fridge, board 1 at once, not paid for yet: please go and look;")
