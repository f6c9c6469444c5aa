"""The register finds what looking at every merchant finds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.office.merchants.application import Application, Merchant, Paper, Standing
from bonafide.office.merchants.register import CROWD, NAMESAKES_MAX, Register
from bonafide.testing.applications.twin import slow_relatives

STANDINGS: tuple[Standing, ...] = ("applied", "active", "refused", "suspended", "closed")
_few = lambda prefix: st.integers(0, 3).map(lambda n: f"{prefix}{n}")
APPLICATIONS = st.builds(
    Application, merchant=st.integers(0, 30).map(lambda n: f"m{n}"),
    legal_name=st.sampled_from(["明华贸易有限公司", "明華貿易", "明华商贸", "Acme Ltd", "Аcme Ltd", "Acne", "Zeta", "",
                                "..."]),
    registration_no=st.sampled_from(["91110000600037341L", "9111 0000 600037341l", "DE136695976", "136695976", "x", "",
                                          "13-6695976"]),
    representative=_few("p"), category=st.just("toys"), address=st.none() | st.sampled_from(["a 1号", "A1號", "b"]),
    account=st.none() | _few("a"), phone=st.none() | _few("t"), devices=st.lists(_few("d"), max_size=2).map(tuple),
    papers=st.lists(st.builds(Paper, st.just("licence"), _few("l")), max_size=2).map(tuple),
)  # fmt: skip
MERCHANTS = st.lists(st.builds(Merchant, APPLICATIONS, st.sampled_from(STANDINGS)), max_size=25)


@settings(max_examples=80)
@given(MERCHANTS, APPLICATIONS, st.sets(st.integers(0, 30).map(lambda n: f"m{n}"), max_size=5))
def test_the_register_finds_what_looking_at_all_finds(
    merchants: list[Merchant], asked: Application, gone: set[str]
) -> None:  # fmt: skip
    register = Register(merchants)
    for key in gone:
        register.drop(key)
    last = {one.key: one for one in merchants}  # of a merchant that is put twice the last counts
    left = [one for one in last.values() if one.key not in gone]
    assert register.relatives(asked) == slow_relatives(left, asked)
    assert sorted(one.key for one in register) == sorted(one.key for one in left)


def one(n: int, **more: object) -> Application:
    told = {"merchant": f"m{n}", "legal_name": f"shop number {n * 7919}", "registration_no": f"r{n}",
            "representative": f"p{n}", "category": "toys", **more}  # fmt: skip
    return Application(**told)  # type: ignore[arg-type]


def test_what_a_crowd_shares_says_nothing() -> None:
    few = Register(Merchant(one(n, address="mall"), "active") for n in range(CROWD - 1))
    many = Register(Merchant(one(n, address="mall"), "active") for n in range(CROWD))
    asked = one(99, address="MALL", legal_name="quite another")
    assert len(few.relatives(asked)) == CROWD - 1
    assert many.relatives(asked) == []


def test_of_very_many_namesakes_the_nearest_count() -> None:
    names = [f"groceries and more house x{n}" for n in range(NAMESAKES_MAX + 40)]
    register = Register(Merchant(one(n, legal_name=name), "active") for n, name in enumerate(names))
    asked = one(999, legal_name="groceries and more house x77")
    found = register.relatives(asked)
    assert len(found) == NAMESAKES_MAX
    assert "m77" in {relative.key for relative in found}
    assert found == slow_relatives(list(register), asked)


def test_what_a_merchant_said_before_is_forgotten_when_it_says_something_else() -> None:
    register = Register([Merchant(one(1, account="a"), "active")])
    register.put(Merchant(one(1, account="b"), "active"))
    assert register.relatives(one(2, account="a")) == []
    assert [r.key for r in register.relatives(one(2, account="b"))] == ["m1"]
    assert len(register) == 1
