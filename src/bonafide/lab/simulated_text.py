"""What is said of a simulated run: its page, README.md, and the few lines of `bonafide simulate`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bonafide.core.money import show_money
from bonafide.lab.base_rates import EVENTS, FLOWS, LOOPS, PAGE, SUBJECTS, TRUTH, Written

_CURRENCY: Final = "CNY"
_COLUMN: Final = 18


def page(written: Written) -> str:
    """README.md of a run. It holds no wall-clock, so that the same run writes the same page."""
    rates = written.rates
    parts = [
        f"# A simulated platform: {written.scenario}, seed {written.seed}",
        f"What the scenario is: {written.says}. {written.users:,} users, {written.merchants:,} merchants, "
        f"{written.days:,} days. Nobody in it is real.\n\nMade, and made again to the byte, by\n\n"
        f"```sh\n{written.command}\n```",
        _table(("file", "rows", "what"), [
            (f"`{EVENTS}`", rates.events, "the log in order of arrival, messages sent twice included; times in ms"),
            (f"`{TRUTH}`", rates.payments, "the truth about each payment, and the label that became known of it"),
            (f"`{SUBJECTS}`", rates.users + rates.merchants, "every user and merchant: label, role, since when"),
            (f"`{LOOPS}`", rates.loops, "cash-out payments whose cash came home, and its way"),
            (f"`{FLOWS}`", sum(rates.flows.values()), "honest payments of which money came back, and its way"),
        ], align="lrl"),
        "## Base rates\n\nMeasured from the files beside this page.",
        _table(("what", "how many", "of all"), _rates(written), align="lrr"),
        "## Events by type",
        _table(("type", "events"), rates.by_type.items()),
        "## Cash-out by typology",
        _table(("typology", "payments"), rates.typologies.items()) if rates.typologies else "None.",
        "## Honest trade that looks like cash-out",
        f"{_of(sum(rates.lookalikes.values()), rates.payments)} of all payments.",
        _table(("kind", "payments"), rates.lookalikes.items()),
        "## Cash that came home",
        _loops(written),
        "## Honest money that looks like it",
        _table(("kind", "payments"), rates.flows.items()) if rates.flows else "None.",
        "## Labels that arrived",
        _labels(written),
        "## The books",
        "Money is only ever moved. What was moved, for what:",
        _table(("purpose", _CURRENCY), ((purpose, _yuan(amount)) for purpose, amount in written.flows.items())),
        "Who holds it at the end (below zero: what employers and the outside world brought in or took away, and what "
        "users owe):",
        _table(("who", _CURRENCY), [
            *((who, _yuan(amount)) for who, amount in written.balances.items()),
            ("**sum**", _yuan(sum(written.balances.values()))),
        ]),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _rates(written: Written) -> list[tuple[str, int | str, str]]:
    rates = written.rates
    return [
        ("payments", rates.payments, ""),
        ("payments sent twice", rates.payments_sent_twice, _of(rates.payments_sent_twice, rates.payments)),
        ("payments on credit", rates.credit_payments, _of(rates.credit_payments, rates.payments)),
        ("paid", show_money(rates.money, _CURRENCY), ""),
        ("paid on credit", show_money(rates.credit_money, _CURRENCY), _of(rates.credit_money, rates.money)),
        ("cash-out payments", rates.cash_out_payments, _of(rates.cash_out_payments, rates.payments)),
        ("cash-out on credit", show_money(rates.cash_out_credit_money, _CURRENCY),
         f"{_of(rates.cash_out_credit_money, rates.credit_money)} of credit money"),
        ("users who cashed out", rates.cash_out_users, _of(rates.cash_out_users, rates.users)),
        ("merchants who took it", rates.cash_out_merchants, _of(rates.cash_out_merchants, rates.merchants)),
        ("bills paid late", rates.bills_late, ""),
        ("bills missed", rates.bills_missed,
         f"by {rates.users_who_missed:,} users, {_of(rates.users_who_missed, rates.users)}"),
        ("lines closed", rates.lines_closed, _of(rates.lines_closed, rates.users)),
    ]  # fmt: skip


def _loops(written: Written) -> str:
    rates = written.rates
    if not rates.loops:
        return "None."
    return (
        f"That of {rates.loops:,} payments, {show_money(rates.loops_returned, _CURRENCY)}. The platform saw all of the "
        f"way of {rates.loops_visible:,} ({_of(rates.loops_visible, rates.loops)}); {rates.loops_advanced:,} of these "
        "the shop gave before it was paid out what the payment brought."
    )


def _labels(written: Written) -> str:
    rates = written.rates
    arrived = sum(rates.labels.values())
    if not arrived:
        return "None."
    told = (
        f"{arrived:,} payments have one, half of them within {rates.label_delay_days_p50:.1f} days of the payment; "
        f"{rates.labels_wrong:,} are wrong ({_of(rates.labels_wrong, arrived)})."
    )
    return f"{told}\n\n{_table(('source', 'payments'), rates.labels.items())}"


def shown(written: Written) -> str:
    """What `bonafide simulate` prints: a line for each file."""
    rates = written.rates
    return "\n".join([
        f"{EVENTS:<{_COLUMN}}{rates.events:,} events of {written.users:,} users and {written.merchants:,} merchants "
        f"over {written.days:,} days",
        f"{TRUTH:<{_COLUMN}}{rates.payments:,} payments, {rates.cash_out_payments:,} of them cash-out "
        f"({_of(rates.cash_out_credit_money, rates.credit_money)} of credit money), "
        f"{sum(rates.lookalikes.values()):,} honest that look alike",
        f"{SUBJECTS:<{_COLUMN}}{rates.cash_out_users:,} users and {rates.cash_out_merchants:,} merchants cash out",
        f"{LOOPS:<{_COLUMN}}cash of {rates.loops:,} payments came home, {rates.loops_visible:,} by ways that the "
        "platform saw",
        f"{FLOWS:<{_COLUMN}}{sum(rates.flows.values()):,} honest payments of which money came back",
        f"{PAGE:<{_COLUMN}}base rates, the books, and the command that makes it again",
    ])  # fmt: skip


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]], align: str = "lr") -> str:
    """A table of Markdown; a letter for each column says whether it stands to the left or to the right."""
    lines = [f"| {' | '.join(heads)} |", f"| {' | '.join('---:' if side == 'r' else '---' for side in align)} |"]
    lines += [f"| {' | '.join(f'{v:,}' if isinstance(v, int) else str(v) for v in row)} |" for row in rows]
    return "\n".join(lines)


def _of(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "-"


def _yuan(amount: int) -> str:
    return show_money(amount, _CURRENCY).removesuffix(f" {_CURRENCY}")
