"""The model card: what a model learnt from, what it can do, where it fails, and for what it should not be used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from bonafide.core.moment import DAY_MS, show_moment
from bonafide.lab.intervals import Interval
from bonafide.lab.report import numbers
from bonafide.lab.report.svg import Axis, Plot
from bonafide.lab.train.blocks import Block, Code, Drawing, Heading, Points, Words, as_html, as_markdown, table
from bonafide.lab.train.figures import MONEY, Figures
from bonafide.lab.train.groups import Group
from bonafide.lab.train.labels import CASH_OUT, REACHES
from bonafide.lab.train.pu import Method
from bonafide.lab.train.split import Part
from bonafide.lab.train.study import INPUTS_SHOWN, Kind, Study

TITLE: Final = "Model card"
SHIFTED: Final = 0.25
"""A stability index above which an input counts as shifted."""
_METHODS: Final[dict[Method, str]] = {
    "plain": "unlabelled taken for honest",
    "suspected": "the same, with suspects as weak labels",
    "spies": "two steps with spies",
    "nnpu": "non-negative risk",
}
_FIGURES: Final = {
    "auc": "AUC", "ap": "average precision", "ks": "KS", MONEY: "cash-out money caught, 1 % of honest users disturbed"
}  # fmt: skip


class Origin(NamedTuple):
    """What a model came from, so that others get the same one."""

    command: str
    """As it is typed."""
    bundle: str
    """Hash of the bundle that it stands on."""
    seed: int


def card_files(study: Study, origin: Origin) -> tuple[str, str]:
    """The card as Markdown and as HTML; the same study and origin give the same bytes."""
    blocks = [block for part in _PARTS for block in part(study)] + list(_again(study, origin))
    return as_markdown(TITLE, blocks), as_html(TITLE, blocks)


def _data(s: Study) -> Iterator[Block]:
    t = s.trained
    confirmed = int((t.arrived.label == CASH_OUT).sum())
    users = s.matrix.rows["user_id"].n_unique()
    yield Words(
        f"A model that says how likely a payment is cash-out. It learnt from {s.matrix.n:,} payments of {users:,} "
        f"users, of which {confirmed:,} ({numbers.percent(confirmed / s.matrix.n, 2)}) were known to be cash-out when "
        f"the log ended at {show_moment(s.matrix.last_ms)}. What was not known is not taken to be honest: see below."
    )
    yield Heading("Labels, and how late they came")
    yield table(
        ("source", "cash-out", "genuine", "median days after the payment"),
        ([x.name, f"{x.cash_out:,}", f"{x.genuine:,}", f"{x.median_days:.1f}"] for x in s.sources),
    )
    yield Words(
        "Suspicion, which judges nobody and teaches little: "
        + "; ".join(f"{name}, {reach.days} days back, weight {reach.weight:g}" for name, reach in REACHES.items())
        + "."
    )


def _split(s: Study) -> Iterator[Block]:
    split = s.trained.split
    yield Heading("Time")
    yield Words(
        "Settings and method were chosen on the validation part. Figures are of the test part, by a model that learnt "
        f"before it began. Between the parts lies a gap of {split.gap_ms / DAY_MS:.1f} days, so that labels had time "
        "to arrive. The model that is shipped was fitted again, in the same way, on everything but the last gap."
    )
    parts = {"train": split.train, "validation": split.validate, "before the test": split.before_test,
             "test": split.test, "shipped model": split.everything}  # fmt: skip
    yield table(("part", "from", "to", "labels as of"), ([name, *_moments(part)] for name, part in parts.items()))


def _moments(part: Part) -> list[str]:
    return [show_moment(moment)[:16] for moment in (part.from_ms, part.to_ms, part.known_ms)]


def _figures(s: Study) -> Iterator[Block]:
    t = s.trained
    yield Heading("What it can do")
    sets = [("by confirmed labels", t.by_confirmed, t.rules_by_confirmed)]
    if t.by_truth is not None and t.rules_by_truth is not None:
        sets.insert(0, ("by the truth", t.by_truth, t.rules_by_truth))
    for name, model, rules in sets:
        yield Words(
            f"Test part {name}: {model.n:,} payments of {model.users:,} users, {model.positives:,} of them cash-out, "
            f"worth {numbers.money(model.money, s.currency)}; 95 % intervals over users."
        )
        yield table(
            ("figure", "model", "", "rules alone", ""),
            ([told, *_value(model, key), *_value(rules, key)] for key, told in _FIGURES.items()),
        )
    yield Words(
        "Confirmed labels count every payment that nobody looked at as honest, so precision by them is too low; they "
        "compare, and do not tell what the model finds."
    )


def _value(figures: Figures, key: str) -> list[str]:
    return [numbers.figure(figures.values[key]), _ends(figures.intervals[key])]


def _ends(interval: Interval | None, *, percent: bool = False) -> str:
    if interval is None:
        return ""
    show = numbers.percent if percent else numbers.figure
    return f"{show(interval[0])} – {show(interval[1])}"


def _methods(s: Study) -> Iterator[Block]:
    t = s.trained
    yield Heading("Learning from one-sided labels")
    yield Words(
        "Each method was fitted on the train part. The one that catches the most confirmed money on the validation "
        "part, at 1 % of users disturbed, is shipped; ties go to two steps with spies. "
        f"Here it is: {_METHODS[t.method]}."
    )
    head = ["method", "trees", "average precision", "money caught", "beyond the plain one", ""]
    tested = t.tries[0].tested is not None
    rows = (
        [
            _METHODS[one.method], str(one.model.trees.number), *_ap_and_money(one.validated), numbers.percent(one.gain),
            _ends(one.gain_interval, percent=True), *([] if one.tested is None else _ap_and_money(one.tested)),
        ]
        for one in t.tries
    )  # fmt: skip
    yield table(head + (["test, truth: average precision", "money caught"] if tested else []), rows)
    best, other = t.prior, t.elkan_noto
    yield Words(
        f"Class prior: {numbers.percent(best.among_all, 2)} of payments are cash-out, of which "
        f"{numbers.percent(best.label_frequency)} get confirmed (best bin, on payments not learnt from); by Elkan and "
        f"Noto's estimate, which overstates it, {numbers.percent(other.among_all, 2)}."
    )


def _ap_and_money(figures: Figures) -> list[str]:
    return [numbers.figure(figures.values["ap"]), numbers.percent(figures.values[MONEY])]


def _calibration(s: Study) -> Iterator[Block]:
    c = s.trained.calibration
    yield Heading("Does a score mean what it says?")
    judged = "the truth" if s.by_truth else "confirmed labels, which miss what nobody found"
    yield Words(
        f"Map of {len(c.margins)} knots ({c.method}), divided by the frequency of labels. By {judged}, on the test "
        f"part: Brier score {s.brier:.5f}, expected calibration error {s.calibration_error:.5f}."
    )
    yield Drawing(
        _calibration_plot(s), "Mean score and share of cash-out of each band; the dashed line is a perfect map."
    )
    yield table(
        ("mean score", "payments", "cash-out", "share"),
        ([f"{b.mean_score:.4f}", f"{b.n:,}", f"{b.cash_out:,}", numbers.percent(b.fraction, 2)] for b in s.bands),
    )


def _calibration_plot(s: Study) -> str:
    ticks = tuple((i / 5, f"{20 * i} %") for i in range(6))
    plot = Plot(520, 320, Axis(0, 1, ticks, "mean score"), Axis(0, 1, ticks, "cash-out"))
    plot.line((0, 1), (0, 1), "chance")
    for band in s.bands:
        tip = f"{band.n:,} payments, mean score {band.mean_score:.3f}: {numbers.percent(band.fraction)} cash-out"
        plot.dot(band.mean_score, band.fraction, "caught", tip)
    return plot.svg("Calibration")


def _kinds(s: Study) -> Iterator[Block]:
    if s.typologies:
        yield Heading("By kind of cash-out")
        yield Words("Above the score that disturbs 1 % of honest users, on the test part, by the truth.")
        yield _kind_table(s, s.typologies)
    if s.lookalikes:
        yield Heading("Honest trade that looks like cash-out")
        yield _kind_table(s, s.lookalikes)


def _kind_table(s: Study, kinds: list[Kind]) -> Block:
    return table(
        ("kind", "payments", "above", "share", "money", "above"),
        (
            [k.name.replace("_", " "), f"{k.n:,}", f"{k.above:,}", numbers.percent(k.above / k.n),
             numbers.money(k.money, s.currency), numbers.percent(k.money_above / k.money if k.money else None)]
            for k in kinds
        ),
    )  # fmt: skip


def _segments(s: Study) -> Iterator[Block]:
    yield Heading("By segment")
    told = "the truth" if s.by_truth else "confirmed labels"
    yield Words(
        "Payments of the test part that the bundle's policy asks to verify or stops: of all, of honest ones (false "
        f"alarms), of cash-out (found); by {told}, with 95 % intervals. Segments that differ by more than their "
        "intervals deserve a look before the model decides about them."
    )
    for name, groups in s.segments.items():
        yield table((name, "payments", "alerted", "", "false alarms", "", "cash-out", "found", ""), map(_group, groups))


def _group(g: Group) -> list[str]:
    return [
        g.name, f"{g.n:,}", numbers.percent(g.alerted_fraction, 2), _ends(g.alerted_interval, percent=True),
        numbers.percent(g.false_alarm_fraction, 2), _ends(g.false_alarm_interval, percent=True), f"{g.bad:,}",
        numbers.percent(g.recall_fraction), _ends(g.recall_interval, percent=True),
    ]  # fmt: skip


def _inputs(s: Study) -> Iterator[Block]:
    yield Heading("What it looks at")
    drift = dict(s.drift)
    yield Words(
        f"The {min(INPUTS_SHOWN, len(s.gains))} inputs of {len(s.matrix.inputs)} that gain most in the shipped model, "
        "and how far each moved from the train part to the test part (population stability index; above 0.25 is a "
        "shift)."
    )
    yield table(
        ("input", "part of the gain", "stability index"),
        ([name, numbers.percent(share), f"{drift[name]:.3f}"] for name, share in s.gains[:INPUTS_SHOWN]),
    )
    moved = [f"{name} ({index:.2f})" for name, index in s.drift if index > SHIFTED]
    yield Words("Inputs that shifted: " + (", ".join(f"`{name}`" for name in moved[:INPUTS_SHOWN]) or "none") + ".")


def _limits(s: Study) -> Iterator[Block]:
    yield Heading("Limits of use")
    yield Points((
        "It scores payments, to decide about a payment and to put cases before people. It says nothing about a "
        "person's means, and is not made for granting or refusing credit for good.",
        "It was taught by what had been found. Schemes that nobody finds are missing from its labels, and those that "
        "are easily found weigh too much.",
        "Calibration holds for the mix of payments and the frequency of labels of this log; on another platform train "
        "again.",
        "Inputs that count verdicts know who was found before: where investigators stop looking, it loses them.",
        "A log that was made up teaches what its maker knew; figures from one say nothing about real trade."
    ))  # fmt: skip


def _again(s: Study, origin: Origin) -> Iterator[Block]:
    settings = s.trained.settings
    yield Heading("How to get this again")
    yield Code(origin.command)
    yield Points((
        f"bundle that it stands on: `{origin.bundle}`",
        f"seed {origin.seed}; {s.trained.model.trees.number} trees of at most {settings.leaves} leaves, learning rate "
        f"{settings.rate:g}, at least {settings.leaf_rows} payments a leaf, ridge {settings.ridge:g}, "
        f"{settings.max_bin} bins",
        f"the trees start from {s.trained.model.start.rules_weight:.4f} times the evidence of the rules",
    ))  # fmt: skip


_PARTS: Final = (_data, _split, _figures, _methods, _calibration, _kinds, _segments, _inputs, _limits)
