"""The office's routes, by what they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from bonafide.apps.server.office_routes.appeals import add_appeals
from bonafide.apps.server.office_routes.audit import add_audit
from bonafide.apps.server.office_routes.bundles import add_bundles
from bonafide.apps.server.office_routes.cases import add_cases
from bonafide.apps.server.office_routes.days import add_days
from bonafide.apps.server.office_routes.education import add_education
from bonafide.apps.server.office_routes.keys import add_keys
from bonafide.apps.server.office_routes.me import add_me
from bonafide.apps.server.office_routes.measures import add_measures
from bonafide.apps.server.office_routes.merchants import add_merchants
from bonafide.apps.server.office_routes.outbox import add_outbox
from bonafide.apps.server.office_routes.people import add_people
from bonafide.apps.server.office_routes.session import add_session
from bonafide.apps.server.office_routes.subjects import add_subjects
from bonafide.apps.server.office_routes.users import add_users

if TYPE_CHECKING:
    from bonafide.apps.server.app import Service


def add_office(rest: FastAPI, service: Service) -> None:
    """Add all of them."""
    for add in (
        add_session, add_people, add_keys, add_audit, add_subjects, add_outbox, add_bundles, add_merchants, add_cases,
        add_measures, add_appeals, add_users, add_me, add_education, add_days,
    ):  # fmt: skip
        add(rest, service)
