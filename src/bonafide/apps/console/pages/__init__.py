"""The pages."""

from __future__ import annotations

from bonafide.apps.console.frame import Console


def add_pages(console: Console) -> None:
    """Add all of them."""
    from bonafide.apps.console.pages import (
        appeals,
        audit,
        bundles,
        bundles_backtest,
        bundles_edit,
        bundles_one,
        case,
        decision,
        lists,
        measures,
        merchants,
        overview,
        people,
        queue,
        subject,
    )  # fmt: skip

    # Where a part is an id of a client's own it may hold slashes: an id may be any text.
    console.page("/", "overview", overview.build)
    console.page("/queue", "queue", queue.build)
    console.page("/cases/{number}", "queue", case.build)
    console.page("/subjects/{kind}/{token}", "queue", subject.build)
    console.page("/decisions/{event:path}", "queue", decision.build)
    console.page("/measures", "measures", measures.build)
    console.page("/measures/{id}", "measures", measures.build_one)
    console.page("/appeals", "appeals", appeals.build)
    console.page("/appeals/{id}", "appeals", appeals.build_one)
    console.page("/merchants", "merchants", merchants.build)
    console.page("/merchants/{token:path}", "merchants", merchants.build_one)
    console.page("/bundles", "bundles", bundles.build)
    console.page("/bundles/backtests/{id}", "bundles", bundles_backtest.build)
    console.page("/bundles/edit", "bundles", bundles_edit.build)
    console.page("/bundles/{hash}", "bundles", bundles_one.build)
    console.page("/lists", "lists", lists.build)
    console.page("/audit", "audit", audit.build)
    console.page("/settings", "settings", people.build)
