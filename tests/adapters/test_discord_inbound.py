"""Discord's events to events: as they were recorded, and ones with holes in them."""

import copy
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord.hidden import Question, Ref, face, whose
from adapters.discord.inbound import Ears, Me, asks_form, kept, place_of, to_event
from adapters.discord.options import entries, words_of
from adapters.discord.place import EPOCH_MS, Place, born
from bot.action import Action, Verb
from bot.event import Attachment, Event, Joined, Left, Message, Outsider, Press, Stray, Submission
from bot.start import SessionConfig, start
from bot.style import Styles

ME = Me(id=99, application=98, username="danqing")
BOT = {"id": "99", "username": "danqing", "bot": True}
QING = {"id": "7", "username": "qing", "global_name": "阿青"}
WANG = {"id": "8", "username": "wang", "global_name": None}
PICTURE = {"id": "30", "filename": "a.png", "size": 12, "url": "https://cdn/a.png",
           "content_type": "image/png"}  # fmt: skip
SENDS = str(1 << 10 | 1 << 11 | 1 << 38)
WORD = "tok"
Raw = dict[str, Any]


def event(type_: str, data: Mapping[str, Any], ears: Ears | None = None) -> Event | None:
    return to_event(kept(ME, type_, data)[1], ears or Ears())


def said(content: str = "画一只猫", **more: Any) -> Raw:
    """What somebody writes in a server."""
    there: Raw = {"id": "20", "type": 0, "channel_id": "5", "guild_id": "4", "author": QING}
    written: Raw = {"content": content, "mentions": [], "attachments": []}
    told = there | written | more
    return {key: value for key, value in told.items() if value is not None}


def heard(data: Raw, ears: Ears | None = None) -> Message:
    found = event("MESSAGE_CREATE", data, ears)
    assert isinstance(found, Message)
    return found


def wanted(type_: int, data: Any, **more: Any) -> Raw:
    """What somebody wants by a tap in a server."""
    told: Raw = {
        "id": "40", "token": WORD, "type": type_, "channel_id": "5", "guild_id": "4",
        "channel": {"id": "5", "type": 0}, "app_permissions": SENDS, "context": 0,
        "authorizing_integration_owners": {"0": "4"}, "data": data,
        "member": {"user": QING, "nick": None, "roles": ["61"], "permissions": "0"},
    }  # fmt: skip
    return {key: value for key, value in (told | more).items() if value is not None}


def command(name: str, options: Mapping[str, Any] | None = None, **more: Any) -> Raw:
    given = [{"name": key, "type": 3, "value": value} for key, value in (options or {}).items()]
    data: Raw = {"id": "50", "name": name, "type": more.pop("kind", 1), "options": given}
    data |= {key: more.pop(key) for key in ("resolved", "target_id") if key in more}
    return wanted(2, data, **more)


def commanded(*args: Any, **more: Any) -> Message:
    found = event("INTERACTION_CREATE", command(*args, **more))
    assert isinstance(found, Message)
    return found


def pressed(custom_id: str, **more: Any) -> Raw:
    message = more.pop("message", {"id": "21", "flags": 0, "author": BOT})
    values = {"values": more.pop("values")} if "values" in more else {}
    data = {"custom_id": custom_id, "component_type": 2, **values}
    return wanted(3, data, message=message, **more)


def filled(custom_id: str, values: Mapping[str, str]) -> Raw:
    fields = [
        {"type": 18, "component": {"type": 4, "custom_id": name, "value": value}}
        for name, value in values.items()
    ]
    return wanted(5, {"custom_id": custom_id, "components": fields})


# ── messages ────────────────────────────────────────────────────────────────────────────────


def test_in_private_all_is_said_to_it() -> None:
    found = heard(said(guild_id=None))
    assert (found.to_me, found.text, found.id) == (True, "画一只猫", "20")
    assert (found.chat.key, found.chat.group) == ("discord:5", False)
    assert (found.user.key, found.user.name) == ("discord:7", "阿青")


@pytest.mark.parametrize(
    ("content", "rest"),
    [
        ("<@99> 画一只猫", "画一只猫"),
        ("<@!99> 画一只猫", "画一只猫"),
        ("丹青，画一只猫", "画一只猫"),
        ("<@99> /画 一只猫", "/画 一只猫"),
        ("画一只猫", None),
        ("<@98> 画一只猫", None),
        ("看 <@99> 画的猫", "看 画的猫"),
    ],
)
def test_in_a_server_only_what_addresses_it(content: str, rest: str | None) -> None:
    found = heard(said(content))
    assert found.to_me is (rest is not None)
    assert rest is None or found.text == rest


def test_what_answers_it_is_said_to_it() -> None:
    mine = {"id": "19", "author": BOT, "attachments": [PICTURE]}
    found = heard(said("换成水墨", type=19, referenced_message=mine))
    assert (found.to_me, found.reply_to, found.replied) == (True, "19", None)
    assert found.attached == ()


def test_somebody_elses_picture_that_is_answered_is_drawn_on() -> None:
    his = {"id": "19", "author": WANG, "attachments": [PICTURE]}
    found = heard(said("<@99> 画成水墨", type=19, referenced_message=his))
    assert found.attached == (Attachment(ref="5/19/30|https://cdn/a.png", size=12),)
    assert found.replied is not None
    assert found.replied.name == "wang"
    own = heard(said("<@99> 画", type=19, referenced_message=his, attachments=[PICTURE]))
    assert [one.ref for one in own.attached] == ["5/20/30|https://cdn/a.png"]
    assert heard(said("好看", type=19, referenced_message=his)).attached == ()


def test_what_answers_a_question_is_said_with_its_command() -> None:
    ask = {"components": [{"type": 1, "components": [{"custom_id": "ask:搜索:5/19/30"}]}]}
    mine = {"id": "19", "author": BOT, **ask}
    found = heard(said("企鹅", type=19, referenced_message=mine))
    assert (found.text, found.reply_to) == ("/搜索 企鹅", "")
    assert [one.ref for one in found.attached] == ["5/19/30"]
    assert heard(said("/队列", type=19, referenced_message=mine)).text == "/队列"


def test_people_are_called_as_everybody_sees_them_and_emoji_say_nothing() -> None:
    known = [WANG | {"member": {"nick": "老王"}}, BOT]
    found = heard(said("<@99> <:cat:123> 画 <@8> 和 <@77><a:wow:5>", mentions=known))
    assert found.text == "画 @老王 和 <@77>"
    assert [one.name for one in found.mentions] == ["老王"]
    own = heard(said("<@99> 画我", member={"nick": "小青"}))
    assert own.user.name == "小青"


@pytest.mark.parametrize(
    "more",
    [
        {"author": BOT},
        {"webhook_id": "5"},
        {"type": 7},
        {"type": 18},
        {"content": "  "},
        {"content": "<:cat:123>"},
    ],
    ids=str,
)
def test_bots_the_system_and_silence_say_nothing(more: Raw) -> None:
    assert event("MESSAGE_CREATE", said() | more) is None


def test_a_picture_is_known_by_its_kind_or_its_name() -> None:
    files = [
        PICTURE,
        PICTURE | {"id": "31", "content_type": None, "filename": "B.JPG"},
        PICTURE | {"id": "32", "content_type": "application/pdf", "filename": "c.pdf"},
    ]
    found = heard(said("", guild_id=None, attachments=files))
    assert [one.ref.partition("|")[0] for one in found.attached] == ["5/20/30", "5/20/31"]


# ── commands ────────────────────────────────────────────────────────────────────────────────


def test_each_option_of_a_command_is_a_word_of_a_sentence() -> None:
    given = {
        "prompt": "一只猫", "style": "水“墨”", "shape": "2:3", "count": 3, "strength": 0.5,
        "avoid": "狗", "seed": 7, "steps": 20, "fast": True,
    }  # fmt: skip
    found = commanded("draw", given)
    assert found.text == (
        "/draw 一只猫 --style “水「墨」” --ar 2:3 --n 3 --strength 0.5 --no “狗” --seed 7"
        " --steps 20 --fast"
    )
    assert found.to_me
    assert Place.read(found.id) == Place(interaction=40, kind="c", token=WORD)
    assert commanded("draw", {"prompt": "猫", "fast": False}).text == "/draw 猫"


def test_a_session_is_opened_as_if_it_was_typed() -> None:
    given = {"kind": "接龙", "theme": "江南烟雨", "style": "水墨", "turns": 8, "seconds": 60}
    typed = commanded("session", given).text
    assert typed == "/session 接龙 江南烟雨，水墨 8轮 60秒"
    assert commanded("session", {"kind": "众笔", "seconds": 90}).text == "/session 众笔 90秒"
    wanted = start(typed.partition(" ")[2], Styles.load(), SessionConfig())
    assert (wanted.kind, wanted.terms.turns, wanted.terms.turn_s) == ("relay", 8, 60.0)
    assert (wanted.request.prompt, wanted.request.styles) == ("江南烟雨", ("水墨",))


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.key)
def test_every_command_says_something_with_any_of_its_options(entry: Any) -> None:
    values = {3: "词", 4: 3, 5: True, 6: "8", 10: 0.5, 11: "30"}
    resolved = {"users": {"8": WANG}, "attachments": {"30": PICTURE}}
    for option in entry.options:
        name = option.name["en-US"]
        data = command(entry.name["en-US"], {name: values[option.type]}, resolved=resolved)
        found = words_of(data)
        assert found.text or found.attached
        assert "{}" not in found.text
    assert words_of(command(entry.name["en-US"], kind=entry.type)).private is entry.private


def test_a_picture_and_a_person_of_a_command() -> None:
    resolved = {"attachments": {"30": PICTURE}}
    found = commanded("draw", {"prompt": "画成水墨", "picture": "30"}, resolved=resolved)
    assert found.attached == (Attachment(ref="https://cdn/a.png", size=12),)


def test_a_command_that_is_no_more_is_said_as_it_was() -> None:
    assert commanded("hologram").text == "/hologram"


def test_who_runs_a_server_is_an_admin() -> None:
    member = {"user": QING, "roles": ["61"], "permissions": str(1 << 5)}
    assert commanded("queue", member=member).user.roles == ("member", "61", "admin")
    assert commanded("queue").user.roles == ("member", "61")
    alone = commanded("queue", guild_id=None, member=None, user=QING, context=1)
    assert (alone.user.roles, alone.chat.group) == ((), False)


def test_what_is_chosen_on_a_message_is_about_it() -> None:
    (redo, *_) = [one for one in entries() if one.type == 3 and not one.asks]
    mine = {"id": "21", "author": BOT, "attachments": [PICTURE]}
    found = commanded(
        redo.name["en-US"], kind=3, target_id="21", resolved={"messages": {"21": mine}}
    )
    assert found.reply_to == "21"
    assert found.text == redo.words


@pytest.mark.parametrize(
    ("more", "outside"),
    [
        ({}, False),
        ({"app_permissions": str(1 << 10)}, True),
        ({"app_permissions": str(1 << 11)}, True),
        ({"channel": {"type": 11}, "app_permissions": str(1 << 10 | 1 << 11)}, True),
        ({"channel": {"type": 11}}, False),
        ({"authorizing_integration_owners": {"1": "7"}}, True),
        ({"guild_id": None, "member": None, "user": QING, "context": 1}, False),
        ({"guild_id": None, "member": None, "user": QING, "context": 2}, True),
    ],
    ids=str,
)
def test_where_the_bot_may_not_write_is_known_from_the_start(more: Raw, outside: bool) -> None:  # noqa: FBT001
    assert place_of(command("queue", **more)).outside is outside


# ── buttons and forms ───────────────────────────────────────────────────────────────────────


def test_presses_forged_and_real() -> None:
    found = event("INTERACTION_CREATE", pressed("vary:12"))
    assert isinstance(found, Press)
    assert found.action == Action(Verb.VARY, 12)
    assert Place.read(found.id) == Place(interaction=40, kind="p", token=WORD, message=21)
    for forged in ("vary:0012", "", "vary", "boom:1", "ask", "pick:0"):
        assert isinstance(event("INTERACTION_CREATE", pressed(forged)), Stray)


def test_what_is_chosen_from_a_list_is_pressed() -> None:
    found = event("INTERACTION_CREATE", pressed("pick:0", values=["wear:3:abc"]))
    assert isinstance(found, Press)
    assert found.action == Action(Verb.WEAR, 3, "abc")


def test_what_was_pressed_where_only_one_sees_it_is_answered_there() -> None:
    unseen = {"id": "21", "flags": 1 << 6, "author": BOT}
    found = event("INTERACTION_CREATE", pressed("vary:12", message=unseen))
    assert isinstance(found, Press)
    assert Place.read(found.id).private


def test_a_form_that_was_kept_is_a_form_of_its_action() -> None:
    found = event("INTERACTION_CREATE", pressed("fill:9f3a#edit:7"))
    assert isinstance(found, Press)
    assert found.action == Action(Verb.EDIT, 7)
    assert asks_form(pressed("edit:7"))
    assert asks_form(pressed("fill:9f3a#edit:7"))
    assert not asks_form(pressed("vary:7"))
    assert not asks_form(filled("edit:7", {}))


def test_what_was_filled_in() -> None:
    found = event("INTERACTION_CREATE", filled("edit:7", {"prompt": "鱼", "+": "风格：水墨"}))
    assert isinstance(found, Submission)
    assert (found.action, found.values) == (
        Action(Verb.EDIT, 7),
        {"prompt": "鱼", "+": "风格：水墨"},
    )
    asked = event("INTERACTION_CREATE", filled("ask:搜索:5/19/30", {"words": "企鹅"}))
    assert isinstance(asked, Message)
    assert (asked.text, asked.attached) == ("/搜索 企鹅", (Attachment(ref="5/19/30"),))
    assert isinstance(event("INTERACTION_CREATE", filled("ask", {"words": "企鹅"})), Stray)
    rows = wanted(5, {"custom_id": "edit:7", "components": [
        {"type": 1, "components": [{"type": 4, "custom_id": "prompt", "value": "鱼"}]}
    ]})  # fmt: skip
    old = event("INTERACTION_CREATE", rows)
    assert isinstance(old, Submission)
    assert old.values == {"prompt": "鱼"}


def test_who_types_and_who_only_looks_wants_nothing() -> None:
    typing = command("draw", {"style": "水"}) | {"type": 4}
    assert event("INTERACTION_CREATE", typing) is None
    assert event("INTERACTION_CREATE", {"id": "1", "type": 1}) is None


# ── who is served, and what becomes of channels ─────────────────────────────────────────────


def test_strangers_are_outsiders_where_somebody_is_listed() -> None:
    here, mine = Ears(servers=frozenset({4})), Ears(users=frozenset({7}))
    other = said("丹青，画猫", author=WANG)
    assert isinstance(event("MESSAGE_CREATE", other, here), Message)
    assert isinstance(event("MESSAGE_CREATE", other, mine), Outsider)
    assert isinstance(event("MESSAGE_CREATE", said("丹青，画猫"), mine), Message)
    assert isinstance(event("MESSAGE_CREATE", said(guild_id=None), here), Outsider)
    quiet = event("MESSAGE_CREATE", said("天气真好", author=WANG), mine)
    assert quiet is None  # not said to it: nobody is told anything
    found = event("INTERACTION_CREATE", pressed("vary:12"), Ears(users=frozenset({8})))
    assert isinstance(found, Outsider)
    assert found.pressed


def test_the_news_of_servers_and_channels() -> None:
    server: Raw = {"id": "4", "joined_at": "2026-01-01", "system_channel_id": None}
    channels = [{"id": "5", "type": 2}, {"id": "6", "type": 0}, {"id": "7", "type": 0}]
    found = event("GUILD_CREATE", server | {"channels": channels, "members": ["x"] * 99})
    assert isinstance(found, Joined)
    assert (found.chat.id, found.chat.group) == ("6", True)
    told = event("GUILD_CREATE", server | {"channels": channels, "system_channel_id": "7"})
    assert isinstance(told, Joined)
    assert told.chat.id == "7"
    assert event("GUILD_CREATE", server | {"channels": []}) is None
    for kind in ("CHANNEL_DELETE", "THREAD_DELETE"):
        left = event(kind, {"id": "5", "guild_id": "4", "type": 0})
        assert isinstance(left, Left)
        assert left.chat.key == "discord:5"
    assert event("TYPING_START", {"id": "5"}) is None


def test_an_event_is_known_by_its_id_and_a_joining_by_its_time() -> None:
    assert kept(ME, "MESSAGE_CREATE", said())[0] == "20"
    server: Raw = {"id": "4", "joined_at": "2026-01-01", "members": ["x"] * 9999}
    id_, body = kept(ME, "GUILD_CREATE", server)
    assert id_ == "4.2026-01-01"
    assert len(body) < 300


# ── what is packed ──────────────────────────────────────────────────────────────────────────

ids = st.integers(0, 10**20 - 1)
tokens = st.from_regex(r"[A-Za-z0-9_\-.:+=]{1,300}", fullmatch=True)
places = st.builds(
    Place,
    message=st.none() | ids,
    interaction=ids,
    kind=st.sampled_from(["c", "p"]),
    token=tokens,
    private=st.booleans(),
    outside=st.booleans(),
)


@given(places | st.builds(Place, message=st.none() | ids))
def test_a_place_is_read_as_it_was_packed(place: Place) -> None:
    assert Place.read(place.pack()) == place


@given(st.none() | st.text(max_size=60))
def test_anything_else_is_a_place_in_particular_or_none(packed: str | None) -> None:
    assert Place.read(Place.read(packed).pack()) == Place.read(packed)


@given(st.integers(EPOCH_MS, EPOCH_MS + 10**13))
def test_an_id_tells_when_it_was_made(at_ms: int) -> None:
    assert born((at_ms - EPOCH_MS) << 22 | 12345) == pytest.approx(at_ms / 1000)


numbers = st.integers(0, 10**20 - 1).map(str)
urls = st.just("") | st.from_regex(r"https://cdn/[!-~]{1,60}", fullmatch=True)
refs = st.builds(Ref, numbers, numbers, numbers, urls)


@given(refs)
def test_where_a_picture_is_is_read_as_it_was_packed(ref: Ref) -> None:
    assert Ref.read(ref.pack()) == ref
    assert whose(ref.pack()) is None


@given(numbers)
def test_whose_face_it_is_is_read_as_it_was_packed(user: str) -> None:
    assert whose(face(user)) == user
    assert Ref.read(face(user)) is None


@given(st.sampled_from(["", "搜索", "draw"]), st.lists(refs | numbers.map(face), max_size=6))
def test_a_question_keeps_what_fits_and_nothing_else(asks: str, packed: list[Ref | str]) -> None:
    attached = tuple(Attachment(ref=one if isinstance(one, str) else one.pack()) for one in packed)
    custom_id = Question(asks=asks, attached=attached).pack(100)
    assert 1 <= len(custom_id) <= 100
    found = Question.read(custom_id)
    assert found is not None
    assert found.asks == asks
    lasting = [one.ref.partition("|")[0] for one in attached]
    assert all(one.ref in lasting for one in found.attached)
    assert Question.read(found.pack(100)) == found


@given(st.text(max_size=100))
def test_anything_is_a_question_or_none(custom_id: str) -> None:
    found = Question.read(custom_id)
    assert (found is not None) is custom_id.startswith("ask:")


# ── events with holes ───────────────────────────────────────────────────────────────────────

RECORDED: list[tuple[str, Raw]] = [
    ("MESSAGE_CREATE", said("<@99> 画 <@8>", mentions=[WANG], attachments=[PICTURE])),
    ("MESSAGE_CREATE", said("好", type=19, referenced_message={
        "id": "19", "author": BOT, "attachments": [PICTURE],
        "components": [{"components": [{"custom_id": "ask:搜索:5/19/30"}]}]})),
    ("INTERACTION_CREATE", command("draw", {"prompt": "猫", "picture": "30", "fast": True},
                                   resolved={"attachments": {"30": PICTURE}})),
    ("INTERACTION_CREATE", pressed("pick:0", values=["wear:3:abc"])),
    ("INTERACTION_CREATE", filled("edit:7", {"prompt": "鱼"})),
    ("INTERACTION_CREATE", command("Redo", kind=3, target_id="21", resolved={
        "messages": {"21": {"id": "21", "author": WANG, "attachments": [PICTURE]}}})),
    ("GUILD_CREATE", {"id": "4", "joined_at": "2026-01-01", "channels": [{"id": "6", "type": 0}]}),
    ("CHANNEL_DELETE", {"id": "5"}),
]  # fmt: skip
KINDS = sorted({kind for kind, _ in RECORDED})
json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


def read(type_: str, data: Any) -> None:
    """Read an event as the inbox would have it; whatever is none is said to be none."""
    body = msgspec.json.encode({"me": ME, "type": type_, "data": data})
    try:
        to_event(body, Ears())
    except (ValueError, msgspec.DecodeError):
        return


def keys_of(node: Raw | list[Any]) -> list[Any]:
    return sorted(node) if isinstance(node, dict) else list(range(len(node)))


@given(st.data())
def test_an_event_with_holes_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    kind, raw = copy.deepcopy(data.draw(st.sampled_from(RECORDED)))
    node: Any = raw
    for _ in range(data.draw(st.integers(0, 5))):
        inner = [key for key in keys_of(node) if isinstance(node[key], dict | list) and node[key]]
        if not inner:
            break
        node = node[data.draw(st.sampled_from(inner))]
    key = data.draw(st.sampled_from(keys_of(node)))
    if data.draw(st.booleans()):
        del node[key]
    else:
        node[key] = data.draw(json)
    read(kind, raw)


@given(st.sampled_from(KINDS), st.dictionaries(st.text(max_size=12), json, max_size=8))
def test_any_object_is_an_event_or_none(kind: str, data: Raw) -> None:
    read(kind, data)


NAMES = [
    "id", "type", "data", "author", "content", "channel_id", "guild_id", "member", "user",
    "message", "token", "attachments", "mentions", "referenced_message", "channels", "joined_at",
]  # fmt: skip
values = json | st.sampled_from([2, 3, 5, "5", QING, {"name": "draw"}, [PICTURE]])


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(NAMES), values))
def test_any_object_with_known_names_is_an_event_or_none(kind: str, data: Raw) -> None:
    read(kind, data)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"me": 1, "data": 2}', b"\xff"])
def test_what_is_no_event_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        to_event(body, Ears())
