"""How much a day gives, as arithmetic; and who has which role."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.errors import QuotaUsed
from bot.event import Chat, User
from bot.quota import DAY_S, Limits, Quota, QuotaConfig, Setting, Settled, Used, said
from bot.role import OPERATOR, RoleConfig, Roles

AQING = User("telegram", "1")
HERE = Chat("telegram", "-9", group=True)
NOTHING = Used()
NOON = 12 * 3600.0
"""Of the first day, UTC."""


def check(config: QuotaConfig, mine: Used = NOTHING, chats: Used = NOTHING, count: int = 1) -> None:
    quota = Quota(config)
    quota.check(quota.limits(AQING, HERE), count, mine, chats, NOON)


def test_without_limits_anything_goes() -> None:
    check(QuotaConfig(), Used(pictures=10**9, seconds=1e9, last_at=NOON), count=10**6)


@pytest.mark.parametrize(
    ("limits", "mine", "chats", "count", "words"),
    [
        (
            {"pictures_per_day": 5},
            {"pictures": 5},
            {},
            1,
            "你今天的 5 张用完了，明天 0 点再来（还有 4 小时）",
        ),
        (
            {"pictures_per_day": 5},
            {"pictures": 3},
            {},
            4,
            "你今天还剩 2 张，这次要 4 张，少要几张就能画",
        ),
        (
            {"seconds_per_day": 60},
            {"seconds": 60.0},
            {},
            1,
            "你今天的绘画时间（60 秒）用完了，明天 0 点再来（还有 4 小时）",
        ),
        (
            {"chat_pictures_per_day": 9},
            {},
            {"pictures": 9},
            1,
            "这里今天的 9 张用完了，明天 0 点再来（还有 4 小时）",
        ),
        ({"cooldown_s": 30}, {"last_at": NOON - 18.5}, {}, 1, "歇一下，12 秒后再来"),
    ],
)
def test_who_has_had_it_is_told_when_there_is_more(
    limits: dict[str, float],
    mine: dict[str, float],
    chats: dict[str, float],
    count: int,
    words: str,
) -> None:
    config = QuotaConfig.model_validate(limits)
    with pytest.raises(QuotaUsed) as refusal:
        check(config, Used(**mine), Used(**chats), count)  # pyright: ignore[reportArgumentType]
    assert str(refusal.value) == words


def test_the_last_picture_of_the_day_is_drawn() -> None:
    check(QuotaConfig(pictures_per_day=5), Used(pictures=4))
    check(QuotaConfig(seconds_per_day=60), Used(seconds=59.9))
    check(QuotaConfig(cooldown_s=30), Used(last_at=NOON - 30))


def test_a_clock_that_was_put_back_locks_nobody_out() -> None:
    with pytest.raises(QuotaUsed, match="歇一下，30 秒后再来"):
        check(QuotaConfig(cooldown_s=30), Used(last_at=NOON + 3600))


def test_a_role_takes_the_place_of_the_usual_limits() -> None:
    roles = Roles(
        {
            "friend": RoleConfig(users=("telegram:1",), pictures_per_day=50, cooldown_s=5),
            "patron": RoleConfig(users=("telegram:1", "telegram:2"), pictures_per_day=0),
        }
    )
    quota = Quota(QuotaConfig(pictures_per_day=5, cooldown_s=60, seconds_per_day=9), roles)
    one, two, three = (quota.limits(User("telegram", id_), HERE) for id_ in "123")
    assert (one.pictures, one.cooldown_s, one.seconds) == (0, 5, 9)
    assert (two.pictures, two.cooldown_s) == (0, 60)
    assert (three.pictures, three.cooldown_s) == (5, 60)


@pytest.mark.parametrize("field", ["pictures_per_day", "seconds_per_day", "cooldown_s"])
def test_a_limit_below_nothing_is_no_config(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        QuotaConfig.model_validate({field: -1})


@given(st.floats(0, 4e9), st.sampled_from([-5, 0, 5.5, 8]))
def test_a_day_begins_at_midnight_on_the_wall(now: float, offset: float) -> None:
    begun = Quota(QuotaConfig(utc_offset_h=offset)).day_of(now)
    assert begun <= now < begun + DAY_S
    assert (begun + offset * 3600) % DAY_S == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((1, "1 分钟"), (61, "2 分钟"), (3600, "1 小时"), (3601, "1 小时 1 分钟")),
        *((86400, "24 小时"), (3 * 86400, "3 天"), (3 * 86400 + 3600, "3 天 1 小时")),
    ],
)
def test_a_time_as_one_says_it(seconds: float, words: str) -> None:
    assert said(seconds) == words


# ── what operators set ───────────────────────────────────────────────────────────────────────


def test_what_is_set_for_a_person_comes_before_their_role_and_that_before_the_config() -> None:
    roles = Roles({"vip": RoleConfig(users=(AQING.key,), pictures_per_day=20)})
    quota = Quota(QuotaConfig(pictures_per_day=5, cooldown_s=60), roles)
    vip = Settled(roles={"vip": Setting(pictures=30)})
    mine = Settled(roles={"vip": Setting(pictures=30)}, person=Setting(pictures=1))
    assert quota.limits(AQING, HERE).pictures == 20
    assert quota.limits(AQING, HERE, vip).pictures == 30
    assert quota.limits(AQING, HERE, mine) == Limits(pictures=1, cooldown_s=60)
    unlimited = Settled(person=Setting(pictures=0, cooldown_s=0))
    assert not quota.limits(AQING, HERE, unlimited).anything


def test_what_is_set_for_a_chat_holds_for_the_chat() -> None:
    quota = Quota(QuotaConfig(chat_pictures_per_day=9, chat_seconds_per_day=60))
    found = quota.limits(AQING, HERE, Settled(chat=Setting(pictures=99)))
    assert (found.chat_pictures, found.chat_seconds, found.pictures) == (99, 60, 0)


# ── gifts ────────────────────────────────────────────────────────────────────────────────────

counts = st.integers(0, 1000)


@given(st.integers(1, 1000), counts, counts, counts, counts)
def test_gifts_count_on_both_sides(
    most: int, drawn: int, given: int, taken: int, back: int
) -> None:
    used = Used(pictures=drawn, given=given, taken=taken, returned=back)
    limits = Limits(pictures=most)
    left, to_give = limits.left(used), limits.to_give(used)
    assert left == max(0, most - drawn - given + taken + back)
    assert left is not None
    assert 0 <= to_give <= left
    assert given + to_give <= max(most, given)  # no more than one day's in a day
    assert Limits().left(used) is None


# ── roles ────────────────────────────────────────────────────────────────────────────────────


def test_a_role_comes_from_ids_or_from_what_the_platform_says_in_its_chats() -> None:
    roles = Roles(
        {
            "staff": RoleConfig(
                platform_roles=("admin", "owner"), chats=(HERE.key,), operator=True, waiting=50
            ),
            "friend": RoleConfig(users=("telegram:2",), waiting=30),
        }
    )
    admin, friend = User("telegram", "1", roles=("admin",)), User("telegram", "2")
    elsewhere = Chat("telegram", "-1", group=True)
    assert list(roles.of(admin, HERE)) == ["staff"]
    assert roles.is_operator(admin, HERE)
    assert not roles.is_operator(admin, elsewhere)
    assert not roles.is_operator(AQING, HERE)
    assert list(roles.of(friend, elsewhere)) == ["friend"]
    assert not roles.is_operator(friend, HERE)
    both = User("telegram", "2", roles=("owner",))
    assert [roles.waiting(one, HERE) for one in (AQING, friend, both)] == [None, 30, 50]


def test_whoever_sits_at_the_machine_runs_it_and_no_platform_can_say_so_by_a_role() -> None:
    me = User("console", "me", roles=(OPERATOR,))
    assert Roles().is_operator(me, HERE)
    guests = Roles({"guest": RoleConfig(platform_roles=(OPERATOR,), pictures_per_day=1)})
    assert not guests.of(me, HERE)


def test_who_founds_a_group_is_no_operator_by_that() -> None:
    with pytest.raises(ValidationError, match="needs chats"):
        RoleConfig(platform_roles=("owner",), operator=True)


def test_roles_do_not_make_another_person() -> None:
    assert User("t", "1", roles=("admin",)) == User("t", "1")
    assert User("t", "1", roles=("admin",)).key == "t:1"


# ── a clock that jumps ───────────────────────────────────────────────────────────────────────


@given(st.floats(0, 4e9), st.sampled_from([-3600.0, 3600.0]), st.floats(0, 7200))
def test_an_hour_that_is_skipped_or_lived_twice_keeps_nobody_longer_than_the_cooldown(
    at: float, jump: float, since: float
) -> None:
    config = QuotaConfig(cooldown_s=60)
    quota = Quota(config)
    now = at + since + jump
    try:
        quota.check(quota.limits(AQING, HERE), 1, Used(last_at=at), NOTHING, now)
    except QuotaUsed as refusal:
        waits = int("".join(filter(str.isdigit, str(refusal))))
        assert 1 <= waits <= 60
        assert now < at + 60
