"""What the rules say in English, a page that is read in Chinese says in Chinese: every sentence they can make has its wording there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from spoken import raised, sentences, unsaid, wordings

import page_language
from cloud_api.dashboard.reader import Reader
from cloud_api.rules.early_warning import DeviceState, StoreState, concerns
from cloud_api.rules.footfall_review import Comparison

CHINESE = Reader(language="zh")
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SPOKEN: dict[str, tuple[str, ...]] = {
    "rules/early_warning.py": (),
    "rules/day_findings.py": (),
    "flows/day_reviewing.py": ("_trouble", "note"),
    "rules/order_lines.py": (),
    "rules/order_minimum.py": (),
    "flows/store_plan.py": ("_transfer",),
    "flows/order_decisions.py": (),
    "rules/fleet_rings.py": ("_named",),
    "rules/layout.py": ("_sentence", "_with_findings"),
    "rules/layout_moves.py": (),
    "rules/layout_trial.py": ("_verdict",),
    "flows/trials.py": ("_promise",),
    "flows/jobs.py": (),
    "flows/key_figures.py": (),
    "flows/promotions.py": (),
    "flows/what_if.py": (),
}
"""Where sentences for planners are made: the file, and the functions in it (none named: all of it)."""


@pytest.mark.parametrize(("path", "functions"), SPOKEN.items())
def test_no_sentence_of_the_rules_is_without_a_translation(repository: Path, path: str, functions: tuple[str, ...]) -> None:
    said = sentences(repository / "cloud_api" / path, functions)
    assert said
    missing = unsaid(said, Reader.locales)
    assert not missing, f"{path}: put these into cloud_api/dashboard/locales/zh/sentences_*.po: {sorted(missing)}"


def test_every_refusal_at_the_gate_has_its_translation(repository: Path) -> None:
    """What is raised in front of somebody who logs in or makes a key, and what a used link and a press of the wrong role say."""
    said = {"this link was used or has expired; have the {} make you a new one", "only a{} {} may change this"}
    for path in [*(repository / "access_control").glob("*.py"), repository / "cloud_api/flows/doorkeeper.py"]:
        said |= raised(path, ("LogInRefused", "PeopleInvalid", "ProviderUnusable"))
    assert len(said) > 25
    assert not said - wordings(Path(page_language.__file__).parent / "locales"), (
        "put these into page_language/locales/zh/sentences_people.po"
    )
    assert CHINESE.told("the provider did not let you in (it sent no code)") == "身份提供方没有让您登录（没有返回授权码）。"
    assert CHINESE.told("only an administrator may change this") == "只有系统管理员可以更改。"
    assert CHINESE.told("only a manager may change this") == "只有店长可以更改。"


def test_a_concern_is_said_in_chinese_but_for_names_and_figures() -> None:
    device = DeviceState(device_id="door-1", state="death", last_seen_at=NOW - timedelta(hours=3), fault_codes=())
    fewer = Comparison(visitors=80, usual_visitors=300.0, change_share=80 / 300 - 1, hours=9, weeks=4)
    silent = NOW - timedelta(minutes=90)
    state = StoreState(store_id="s", name="S", reported_at=silent, devices=[device], comparison=fewer, quarantined=4)
    told = [CHINESE.told(concern.sentence) for concern in concerns(state, now=NOW)]
    assert told == [
        "已有 90 分钟没有上报，数据停留在那时。",
        "设备 door-1 已失联 3 小时，期间没有计数。",
        "客流比以往同星期同时段少 73%（80 人，平常 300 人；有效监测 9 小时）。",
        "有 4 条数据因时间不可能正确而被搁置。",
    ]


def test_an_orders_reason_is_said_clause_by_clause() -> None:
    hidden = ", counting in the 12 % of the time it was out of stock, and promotions, prices or holidays ahead make that 20 % more"
    stock = "3 in the shop and 6 on the way last 1.2 days, the order must carry 4.5: order 3 × 6"
    tail = "; more does not fit on the shelf; 4 of them sooner than needed, to reach the supplier's minimum."
    assert CHINESE.told(f"Cola, 0.33 l and 2 more: sells 4.0 a day{hidden}; {stock}{tail}") == (
        "Cola, 0.33 l 等另 2 种：日均售出 4.0 件（已计入 12% 的缺货时间），未来的促销、价格或节假日会使其多 20%；"
        "店内 3 件、在途 6 件，可卖 1.2 天，而订货须覆盖 4.5 天：订 3 × 6；货架放不下更多；其中 4 件为凑够供应商起订量而提前订。"
    )
    assert CHINESE.say("units: 3 units, the supplier takes no order below 12; order more").startswith("units：只有 3 件")


def test_a_halted_rollouts_reason_is_said_in_chinese() -> None:
    advice = "after 48 hours; see to these shops, then begin again"
    late = f"no answer from a, b, c, d, e, 7 shops in all, and not every device keeps it in f {advice}"
    assert CHINESE.say(late) == "48 小时后 a, b, c, d, e 等共 7 家门店 仍没有回应，f 仍有设备未确认；请检查这些门店，然后重新开始"
    assert CHINESE.say(f"no answer from a {advice}") == "48 小时后 a 仍没有回应；请检查这些门店，然后重新开始"
    assert CHINESE.say("corner halted it: pi-1: no") == "corner 已停止：pi-1: no"


def test_what_no_wording_fits_stays_as_it_was_written() -> None:
    assert CHINESE.say("Milk & <b> 0.33 l") == "Milk & <b> 0.33 l"
    assert Reader().told("has not reported for 3 hours") == "Has not reported for 3 hours."
