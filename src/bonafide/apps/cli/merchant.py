"""`bonafide merchant`: applications reviewed from files; reviews of a data directory shown and decided; lists."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bonafide.apps.cli.merchant_files import Refused, read_events, read_lists, read_register
from bonafide.apps.cli.options import Events, Json, MappingFile, Now, read_moment
from bonafide.apps.cli.person import ORIGIN, Acting, by_person, opened
from bonafide.apps.cli.screen import Exit, errors_told, say, show_json
from bonafide.office.store.datadir import DEFAULT_FOLDER

if TYPE_CHECKING:
    from bonafide.apps.cli.person import Opened
    from bonafide.office.admission.desk import Admissions

merchant_app = typer.Typer(
    no_args_is_help=True, help="Merchants: applications reviewed, reviews decided, lists to screen against."
)

Data = Annotated[Path, typer.Option("--data", help="The data directory.", show_default=str(DEFAULT_FOLDER))]
Lang = Annotated[Literal["en", "zh"], typer.Option("--lang", help="Language of the reasons.")]
Merchant = Annotated[str, typer.Argument(help="Its id, or the token that stands for it.", show_default=False)]


@merchant_app.callback()
def _merchant() -> None:
    """Merchants: applications reviewed, reviews decided, lists to screen against."""


@merchant_app.command()
def review(
    files: Events,
    mapping: MappingFile = None,
    register: Annotated[
        list[Path] | None,
        typer.Option("--register", help="Merchants that are there already: NDJSON, with their standing."),
    ] = None,
    lists: Annotated[
        list[Path] | None, typer.Option("--list", help="A list to screen against: FtM JSON lines, or simple CSV.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option("--threshold", min=0.8, max=1, help="From which score on a name hits.")
    ] = None,
    now: Now = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:  # fmt: skip
    """Review the applications of event files, each against those before it. Needs no data directory; writes nothing.

    [dim]bonafide merchant review applications.ndjson --register merchants.ndjson --list targets.simple.csv[/dim]
    """
    with errors_told():
        from bonafide.apps.cli.merchant_ids import Ids
        from bonafide.apps.cli.replay import find_mapping
        from bonafide.office.merchants.batch import Batch

        at = read_moment("--now", now)
        merchants, refused = read_register(register or [])
        batch = Batch(merchants, read_lists(lists or [], threshold, refused))
        reviews, taught, ids = [], 0, Ids()
        for event in read_events(files, find_mapping(mapping), at, ids, refused):
            told = batch.take(event, at)
            if told is None:
                taught += 1
            else:
                reviews.append(told)
                if not as_json:
                    typer.echo(_review_text(told.to_wire() | {"decision": told.decision}, lang))
    if as_json:
        counts = {"reviewed": len(reviews), "taught": taught, "duplicate": ids.repeated, "refused": refused.count}
        show_json({"read": sum(counts.values()), **counts, "reviews": [one.to_wire() for one in reviews]})
    elif ids.repeated:
        say(f"read before, and passed over: {ids.repeated:,}")
    for line in refused.shown:
        say(line)
    if refused.count:
        say(f"refused lines: {refused.count:,}")
        raise typer.Exit(Exit.REFUSED)


@merchant_app.command()
def screen(
    files: Annotated[
        list[Path], typer.Argument(help="Lists: FtM JSON lines, or simple CSV of targets.", show_default=False)
    ],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Keep them in this data directory, for its reviews.", show_default=False),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Say which entries this name is like.")] = None,
    number: Annotated[str, typer.Option("--number", help="A registration number that goes with it.")] = "",
    threshold: Annotated[
        float | None, typer.Option("--threshold", min=0.8, max=1, help="From which score on a name hits.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check lists to screen against, and keep them in a data directory or ask them.

    [dim]bonafide merchant screen targets.simple.csv --data bonafide-data[/dim]
    """
    with errors_told():
        from bonafide.apps.cli.merchant_files import check_lists, keep_lists

        found = check_lists(files)
        hits = [] if name is None else _hits(read_lists(files, threshold, Refused()), name, number)
        if data is not None:
            keep_lists(files, data)
    if as_json:
        show_json({"lists": {path: read.counts() for path, read in found.items()}, "hits": hits})
    else:
        for path, read in found.items():
            told = read.counts()
            typer.echo(f"{path}: read {told['read']:,}, taken {told['taken']:,}, passed over {told['passed_over']:,}, "
                       f"refused {told['refused']:,}")  # fmt: skip
        for hit in hits:
            typer.echo(f"{hit['score']:.3f}  {hit['entity']}  by {hit['by']}")
    if sum(len(read.refused) for read in found.values()):
        for path, read in found.items():
            for one in read.refused[:5]:
                say(f"{path}:{one.line}: {one.why}")
        raise typer.Exit(Exit.REFUSED)


@merchant_app.command("list")
def list_merchants(
    standing: Annotated[
        Literal["applied", "active", "refused", "suspended", "closed"] | None,
        typer.Option("--standing", help="Only those that stand so."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1_000, help="At most so many.")] = 100,
    before: Annotated[int | None, typer.Option("--before", min=1, help="Those before the review of a number.")] = None,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Show merchants that have applied, those reviewed last first.

    [dim]bonafide merchant list --standing applied --data bonafide-data[/dim]
    """
    with errors_told(), _desk(data) as desk:
        page = desk.page(standing, before, limit)
    if as_json:
        show_json(page)
        return
    for one in page["merchants"]:
        kept = one["reviews"][0] if one["reviews"] else None
        told = "not reviewed yet" if kept is None else f"review {kept['number']}  {kept['state']}  {_codes(kept)}"
        typer.echo(f"{one['merchant_id']}  {one['standing']}  {told}")
    if not page["merchants"]:
        typer.echo("nothing")
    elif page["next_before"]:
        typer.echo(f"more: --before {page['next_before']}")


@merchant_app.command()
def show(merchant: Merchant, data: Data = DEFAULT_FOLDER, lang: Lang = "en", as_json: Json = False) -> None:
    """Show a merchant: where it stands, what its reviews found and rest on, and what people decided.

    [dim]bonafide merchant show m1 --data bonafide-data[/dim]
    """
    with errors_told(), _desk(data) as desk:
        told = desk.show(merchant)
    if as_json:
        show_json(told)
        return
    typer.echo(f"{told['merchant_id']}  {told['standing']} since {told['changed']}")
    for one in told["reviews"]:
        typer.echo(_review_text(one, lang))


@merchant_app.command()
@by_person
def decide(
    at: Acting,
    merchant: Merchant,
    decision: Annotated[
        Literal["admit", "admit_with_limits", "request_information", "refuse"],
        typer.Argument(help="admit, admit_with_limits, request_information or refuse.", show_default=False),
    ],
    note: Annotated[str, typer.Option("--note", help="Why; it is kept sealed.")],
    as_json: Json = False,
) -> None:
    """Decide about a merchant's newest review. A refusal stands when a second person refuses too.

    [dim]bonafide merchant decide m1 refuse --note "the shop does not exist" --as ann --data bonafide-data[/dim]
    """
    kept = _desk_of(at.office).decide(at.person, ORIGIN, merchant, decision, note)
    wire = kept.to_wire(at.office.vault.clock(), inside=True)
    if as_json:
        show_json(wire)
    elif decision == "refuse" and kept.settled is None:
        typer.echo(f"review {kept.number} waits for a second person: bonafide merchant decide {kept.token} refuse")
    else:
        typer.echo(f"review {kept.number}: {wire['state']}")


@contextmanager
def _desk(data: Path) -> Iterator[Admissions]:
    with opened(data) as office:
        yield _desk_of(office)


def _desk_of(office: Opened) -> Admissions:
    from bonafide.office.admission.desk import Admissions

    return Admissions(office.vault, office.data.read_secret())


def _hits(lists: Any, name: str, number: str) -> list[dict[str, Any]]:
    from bonafide.office.merchants.application import Application

    asked = Application(merchant="", legal_name=name, registration_no=number, representative="", category="")
    return [{"entity": hit.entity_id, "score": hit.score, "by": hit.by} for hit in lists.hits(asked)]


def _codes(review: dict[str, Any]) -> str:
    return ", ".join(one["code"] for one in review["reasons"]) or "-"


def _review_text(told: dict[str, Any], lang: str) -> str:
    """A review for people: what is decided, why, and what to hand in."""
    state = f" ({told['state']})" if "state" in told else ""
    head = f"{told.get('merchant_id') or told['merchant']}  {told['decision']}{state}  made {told['made']}"
    lines = [head, *(f"  {one[lang]}  [{one['code']}, {one['severity']}]{_submit(one, lang)}"
                     for one in told.get("findings", ()))]  # fmt: skip
    if told["papers_missing"]:
        lines.append("  " + ("缺少：" if lang == "zh" else "missing: ")
                     + ("、" if lang == "zh" else ", ").join(one[lang] for one in told["papers_missing"]))  # fmt: skip
    if told.get("answer_by"):
        lines.append(f"  {'请于此前答复' if lang == 'zh' else 'answer by'} {told['answer_by']}")
    if told.get("limits"):
        lines.append(f"  {_limits_text(told['limits'], lang)}")
    lines += [f"  {vote['person']}: {vote['decision']}: {vote['note']}" for vote in told.get("votes", ())]
    return "\n".join(lines)


def _limits_text(limits: dict[str, Any], lang: str) -> str:
    now = limits["in_force"]
    days, share, kept = now["settle_after_days"], now["pay_later_share"], now["reserve_share"]
    if lang == "zh":
        return f"限制至 {limits['until']}：T+{days} 结算，赊购占比不超过 {share:.0%}，每笔出款留存 {kept:.0%}"
    return (f"limits until {limits['until']}: paid out {days} days after the sale, at most {share:.0%} paid later, "
            f"{kept:.0%} of each payout stays behind")  # fmt: skip


def _submit(finding: dict[str, Any], lang: str) -> str:
    submit = finding[f"submit_{lang}"]
    if not submit:
        return ""
    return f"；请提交：{submit}" if lang == "zh" else f"; hand in {submit}"
