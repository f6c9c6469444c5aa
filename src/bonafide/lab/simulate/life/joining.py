"""Joining: people sign up and get a line of credit, shops apply, accounts are linked, phones change hands."""

from __future__ import annotations

from typing import Final

from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.lab.simulate.feed import CURRENCY
from bonafide.lab.simulate.life.applications import write_application
from bonafide.lab.simulate.people import User
from bonafide.lab.simulate.rails import NO_DEVICE_FRACTION
from bonafide.lab.simulate.shops import Shop
from bonafide.lab.simulate.world import World

SECOND_HAND_FRACTION: Final = 0.02
"""New users on a phone, or with a number, that was somebody else's."""
INVITED_FRACTION: Final = 0.2


def plan_joining(world: World) -> None:
    """Have everybody sign up and every shop apply when their time comes."""
    for user in world.people:
        world.clock.at(user.joined, join, world, user)
    for shop in world.shops:
        world.clock.at(shop.opened - DAY_MS, apply, world, shop)


def join(world: World, user: User) -> None:
    """Sign up, link the own account, and get the line."""
    rng, feed, clock = world.stream("joining"), world.feed, world.clock
    if rng.random() < SECOND_HAND_FRACTION and user.household < 0:
        before = rng.choice(world.people)
        user.device, user.phone = (before.device, user.phone) if rng.random() < 0.5 else (user.device, before.phone)
    inviter = rng.choice(world.people).id if rng.random() < INVITED_FRACTION else None
    device = None if rng.random() < NO_DEVICE_FRACTION else user.device
    feed.tell("registration", clock.now, user.id, user.phone, device, user.ip, user.address, inviter)
    clock.at(clock.now + 2 * MINUTE_MS, link, world, user.account, "user", user.id)
    clock.at(clock.now + 5 * MINUTE_MS, _grant, world, user)


def link(world: World, account: str, owner_type: str, owner: str) -> None:
    """Tell whose an account is."""
    world.feed.tell("account_link", world.clock.now, account, owner_type, owner)


def _grant(world: World, user: User) -> None:
    world.feed.tell("credit_line", world.clock.now, user.id, user.limit, CURRENCY, "grant")


def apply(world: World, shop: Shop) -> None:
    """Apply as a merchant, a day before the opening."""
    days_before = int(world.stream("joining").expovariate(1 / 300))
    opened_on = (shop.opened // DAY_MS - days_before) * DAY_MS
    told = write_application(world.seed, shop)
    world.feed.tell(
        "merchant_application", world.clock.now, shop.id, told.legal_name, told.registration_no, shop.owner,
        shop.category.name, shop.address, shop.account, shop.phone, opened_on, told.documents,
    )  # fmt: skip
    world.clock.at(world.clock.now + HOUR_MS, link, world, shop.account, "merchant", shop.id)
    world.feed.tell("login", world.clock.now, "merchant", shop.id, shop.device, shop.ip, True)
