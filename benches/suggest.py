"""`python -m benches.suggest`: do rules that were mined on one platform hold on others, whose schemes hide otherwise?

Rules are mined on development platforms by `bonafide.lab.suggest` and then judged by the truth on platforms of other
seeds with the simulator's knobs turned. For each kind of cash-out the rule that did best on the later part of the log
it was mined on speaks; what it did elsewhere has no say in the choice.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import msgspec
import numpy as np
import polars as pl

from benches.model.compare import SHIFTS
from bonafide.apps.cli.engines import ready_kernels
from bonafide.apps.cli.gates import read_seeds
from bonafide.apps.cli.screen import errors_told
from bonafide.core.errors import UsageError
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import find_bundle
from bonafide.lab.base_rates import EVENTS, TRUTH
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.simulated import write_run
from bonafide.lab.suggest.mine import lowered
from bonafide.lab.suggest.study import Asked, Suggested, counts, hits_of, part_of, suggest
from bonafide.lab.suggest.terms import reading, terms_of
from bonafide.lab.train.matrix import Matrix, gather

LEARN: Final = 61
SEEDS: Final = "62,63,64"
"""Development seeds; the table of docs/backtest.md is of scoring seeds."""
RECOVERED: Final = 0.5
"""A kind counts as recovered from this precision on."""


class Judged(NamedTuple):
    """A kind's rule over all platforms that judge."""

    typology: str
    rule: str
    when: str
    own: int
    own_all: int
    cash_out: int
    honest: int

    @property
    def precision(self) -> float:
        """Share of cash-out of any kind among what it holds on."""
        return self.cash_out / max(self.cash_out + self.honest, 1)

    @property
    def own_precision(self) -> float:
        """Of its own kind beside the honest."""
        return self.own / max(self.own + self.honest, 1)

    @property
    def recall(self) -> float:
        """Share of its kind."""
        return self.own / max(self.own_all, 1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for, and print a table or JSON."""
    parser = argparse.ArgumentParser(prog="python -m benches.suggest", description=__doc__)
    parser.add_argument("--learn", type=int, default=LEARN, help="seed of the platform to learn from (%(default)s)")
    parser.add_argument("--learn-users", type=int, help="its users (default: the scenario's)")
    parser.add_argument("--labels", choices=("latent", "arrived"), default="latent", help="what is learnt from")
    parser.add_argument("--precision-min", type=float, help="what a rule must reach on what is known")
    parser.add_argument("--seeds", default=SEEDS, help="with commas between (default: %(default)s)")
    parser.add_argument("--shifts", default=";".join(s for s in SHIFTS if s != "as shipped"),
                        help="with semicolons between (default: %(default)s)")  # fmt: skip
    parser.add_argument("--bundle", default="paylater", help="a shipped bundle or a folder (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    asked = parser.parse_args(arguments)
    with errors_told():
        judged = _run(asked)
    if asked.json:
        print(msgspec.json.encode([one._asdict() for one in judged]).decode())
    else:
        print(text(judged))
    return 0


def _run(asked: argparse.Namespace) -> list[Judged]:
    shifts = asked.shifts.split(";")
    for shift in shifts:
        if shift not in SHIFTS:
            raise UsageError(f"--shifts {shift}: accepted are {', '.join(SHIFTS)}")
    ready_kernels()
    bundle = load_bundle(find_bundle(asked.bundle))
    terms = terms_of(bundle)
    reader = reading(bundle, terms)
    matrix, truth = _lived(reader, asked.learn, "as shipped", asked.learn_users)
    want = Asked(asked.labels)
    if asked.precision_min is not None:
        want = want._replace(wanted=replace(want.wanted, precision_min=asked.precision_min))
    chosen = _chosen(suggest(matrix, terms, truth, bundle, want).rules)
    found: dict[str, Judged] = {}
    for seed in read_seeds(asked.seeds):
        for shift in shifts:
            other = _lived(reader, seed, shift, None)
            for rule in chosen:
                found[rule.typology] = _added(found.get(rule.typology), rule, *other)
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return list(found.values())


def _lived(reader: Bundle, seed: int, shift: str, users: int | None) -> tuple[Matrix, pl.DataFrame]:
    """A platform's payments as the terms see them, and the truth."""
    about = scenario("small", users)
    turned = replace(about, knobs=replace(about.knobs, **SHIFTS[shift]))
    with TemporaryDirectory(prefix="bonafide-suggest-") as name, RejectWriter() as rejects:
        folder = Path(name)
        write_run(Simulation(turned, seed), folder, lambda done, total: None)
        chunks = read_chunks([folder / EVENTS], rejects=rejects)
        return gather(Engine(reader), [EVENTS], chunks, rejects), pl.read_parquet(folder / TRUTH)


def _chosen(rules: Sequence[Suggested]) -> list[Suggested]:
    """Of each kind the rule that did best later on the log that it was mined on."""
    best: dict[str, tuple[float, Suggested]] = {}
    for rule in rules:
        late = rule.late
        worth = lowered(late.own, late.own + late.honest) * (late.own / max(late.own_all, 1)) ** 0.5
        if rule.typology not in best or worth > best[rule.typology][0]:
            best[rule.typology] = worth, rule
    return [rule for _, rule in best.values()]


def _added(before: Judged | None, rule: Suggested, matrix: Matrix, truth: pl.DataFrame) -> Judged:
    everything = part_of(
        matrix, truth, np.arange(matrix.n), np.ones(matrix.n, dtype=np.bool_), "latent", matrix.last_ms
    )
    payer, money = np.zeros(matrix.n, dtype=np.int64), np.zeros(matrix.n, dtype=np.int64)
    one = counts(matrix, everything, hits_of(rule, matrix.x), rule.typology, payer, money)
    told = Judged(rule.typology, rule.id, rule.found.text, one.own, one.own_all, one.cash_out, one.honest)
    if before is None:
        return told
    sums = (getattr(before, name) + getattr(told, name) for name in ("own", "own_all", "cash_out", "honest"))
    return Judged(*told[:3], *sums)


def text(judged: Sequence[Judged]) -> str:
    """A table in Markdown."""
    lines = [
        "| typology | payments | held | recall | cash-out of any kind | honest | precision | own kind alone |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in judged:
        lines.append(
            f"| `{one.typology}` | {one.own_all:,} | {one.own:,} | {one.recall:.0%} | {one.cash_out:,} | "
            f"{one.honest:,} | {one.precision:.2f} | {one.own_precision:.2f} |"
        )
    any_kind = sum(one.precision >= RECOVERED and one.own > 0 for one in judged)
    own_kind = sum(one.own_precision >= RECOVERED and one.own > 0 for one in judged)
    lines += ["", f"precision of at least {RECOVERED:g}: {any_kind} kinds; of their own kind alone: {own_kind}", ""]
    lines += [f"- `{one.rule}`: `{one.when}`" for one in judged]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
