"""The figures of docs/cases.md: `python -m benches.cases schemes` and `python -m benches.cases lists`."""

from __future__ import annotations

import argparse

from benches.model.compare import SHIFTS

DEVELOPMENT = "small and festival, 1 to 40 and 60 to 69"
SEEDS = "small-21887,small-21888,small-21889,small-21890,festival-21891,festival-21892"


def schemes(runs: str, shifts: str, clearing: int) -> None:
    """Print how rings arrive, and what looking costs."""
    from benches.cases.schemes import Platform, play

    print(f"{'platform':<36}{'alerts':>7}{'cases':>7}{'rings':>7}{'one case':>9}{'least whole':>12}{'minutes':>9}"
          f"{'by alert':>9}{'per 10,000':>11}")  # fmt: skip
    found: list[Platform] = []
    for shift in shifts.split(";"):
        for name in runs.split(","):
            about, seed = name.rsplit("-", 1)
            one = play(about, int(seed), shift, clearing)
            found.append(one)
            least = min((ring.whole_fraction for ring in one.rings), default=1.0)
            each = one.minutes / (one.caught / 1_000_000) if one.caught else float("nan")
            print(f"{one.name:<36}{one.alerts:>7,}{one.cases:>7,}{len(one.rings):>7}"
                  f"{sum(ring.is_one for ring in one.rings):>9}{least:>12.3f}{one.minutes:>9,}"
                  f"{one.alert_minutes:>9,}{each:>11.1f}", flush=True)  # fmt: skip
    rings = [ring for one in found for ring in one.rings]
    ones = sum(ring.is_one for ring in rings)
    money = sum(one.caught for one in found) / 1_000_000
    by_case = sum(one.minutes for one in found) / money
    by_alert = sum(one.alert_minutes for one in found) / money
    print(f"\n{ones} of {len(rings)} rings arrived as one case")
    print(f"minutes for each 10,000 units of cash-out money in alerts: {by_case:.1f}, alert by alert {by_alert:.1f}")


def main() -> None:
    """Read the command line and print the figures."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("what", choices=("schemes", "lists"))
    reader.add_argument(
        "--runs",
        default=SEEDS,
        help=f"scenarios with their seeds (default: {SEEDS}); the law was found on {DEVELOPMENT}",
    )
    reader.add_argument("--shifts", default=";".join(SHIFTS), help="of benches/model/compare.py, with ; between")
    reader.add_argument("--clearing", type=int, default=0, help="accounts that are put beside all but payments")
    reader.add_argument("--cases", type=int, default=100_000, help="how many cases lists are measured on")
    asked = reader.parse_args()
    if asked.what == "schemes":
        schemes(asked.runs, asked.shifts, asked.clearing)
    else:
        from benches.cases.lists import measure

        measure(asked.cases)


if __name__ == "__main__":
    main()
