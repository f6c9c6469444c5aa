"""The report in both languages, as written down; what comes from the data is escaped."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import msgspec
import pytest

from bonafide.lab.explain.words import Lang
from bonafide.lab.exposure.page import exposure_html, exposure_markdown, exposure_text
from bonafide.lab.exposure.told import Amount, Exposure, Group, MerchantRow, Stress, Warned
from tests.engine.kit import assert_golden

GOLDEN = Path(__file__).parents[1] / "golden"
LOSS = Amount(30_000, 20_000, 45_000)
GROUP = Group("2026-05", 1_000_000, 12_000, 40, 12, (LOSS, LOSS))
RATE = Amount(30_000, 20_000, 45_000)
TOLD = Exposure(
    as_of="2026-06-20T00:00:00.000Z", currency="CNY", horizons_days=(30, 60), open=1_500_000, missed=12_000,
    before_log=500_000, debts=52, payers=20, payers_owing=13, left_out=2, losses=(LOSS, Amount(40_000, 20_000, 90_000)),
    stretch={"total": 2.0, "merchant": 1.5}, no_forecast=None,
    by_month=(msgspec.structs.replace(GROUP, name="before the log", open=500_000), GROUP), by_first_sale=(GROUP,),
    by_ring=(msgspec.structs.replace(GROUP, name="ring1"),),
    merchants=(MerchantRow(msgspec.structs.replace(GROUP, name="m<1>"), 5_000, 70_000, RATE, "ring1"),),
    reserve_days=60,
    stress=(Stress("largest 1", 1, 1_000_000, 5_000, 995_000, LOSS), Stress("ring1", 1, 1_000_000, 0, 1_000_000, LOSS)),
    flow={
        "days": 30, "paid_out_of_sold": 0.98, "repaid_of_sold_on_credit": None, "days_of_sales_held": 1.25,
        "within_24h_fraction": 0.9, "instant_fraction": 0.2, "hhi": 0.01, "top_fraction": 0.3, "volatility": 0.4,
    },
    days=((20_500, 100_000, 90_000, 60_000, 10_000), (20_501, 120_000, 100_000, 70_000, 15_000)), bundle="paylater",
    warnings=(Warned("merchant", "m<1>", "2026-06-19T08:00:00.000Z", 0.61, ("sells at night",), ("夜间交易多",)),),
)  # fmt: skip


@pytest.mark.parametrize("lang", get_args(Lang))
def test_the_report_is_as_written_down(lang: Lang) -> None:
    assert_golden(GOLDEN / f"exposure_{lang}.md", exposure_markdown(TOLD, "bonafide exposure log --out out", lang))


@pytest.mark.parametrize("lang", get_args(Lang))
def test_the_page_draws_and_escapes(lang: Lang) -> None:
    page = exposure_html(TOLD, "bonafide exposure log --out out", lang)
    assert page.count("<svg") == 4
    assert "m<1>" not in page
    assert "m&lt;1&gt;" in page
    assert f'<html lang="{"zh-Hans" if lang == "zh" else "en"}">' in page


def test_without_a_forecast_and_without_anything_the_page_still_stands() -> None:
    bare = msgspec.structs.replace(
        TOLD, losses=(), stretch={}, no_forecast="the log is short", by_month=(), by_first_sale=(), by_ring=(),
        merchants=(), stress=(), days=(), warnings=None, open=0,
    )  # fmt: skip
    assert "No forecast, reserves or expected losses" in exposure_markdown(bare, "again")
    assert "no forecast: the log is short" in exposure_text(bare)
    assert "<svg" in exposure_html(bare, "again")
