"""Telegram's updates to events: recorded ones, and ones with holes in them."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.telegram.inbound import WANTED, Ears, Me, callback_of, kept, to_event
from adapters.telegram.place import Place
from bot.event import Event, Joined, Left, Lookup, Message, Moved, Outsider, Press, Stray
from tests.telegram_api.person import Person
from tests.telegram_api.server import FakeTelegram
from tests.telegram_api.world import Setting, World

ME = Me(id=7000000001, username="danqing_bot")
PNG_1 = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
    b"\x00\x00\x00\x0cIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00"
    b"IEND\xaeB`\x82"
)


class Recorder:
    """A Telegram without a socket: what it would bring is looked at."""

    def __init__(self) -> None:
        self.telegram = FakeTelegram(World(Setting(can_read_all=True), None))
        self.telegram.world.updates.allow(WANTED)
        self.qing = self.telegram.person("阿青")
        self.wang = self.telegram.person("老王")

    @property
    def raw(self) -> dict[str, Any]:
        return dict(self.telegram.world.updates.pending[-1].raw)

    def event(self, ears: Ears | None = None) -> Event | None:
        return to_event(kept(ME, self.raw)[1], ears or Ears())

    def standing(self) -> Event | None:
        """Return what the newest news of the bot's own standing means."""
        told = [u.raw for u in self.telegram.world.updates.pending if "my_chat_member" in u.raw]
        return to_event(kept(ME, told[-1])[1], Ears())

    def message(self) -> Message:
        event = self.event()
        assert isinstance(event, Message)
        return event


def test_in_private_all_is_said_to_it() -> None:
    play = Recorder()
    play.qing.says(play.qing.private, "@danqing_bot 画一只猫")
    said = play.message()
    assert (said.to_me, said.text, said.user.name) == (True, "画一只猫", "阿青")
    assert said.chat.key == f"telegram:{play.qing.user.id}"
    assert not said.chat.group


def test_in_a_group_only_what_addresses_it() -> None:
    play = Recorder()
    group = play.telegram.group("群", play.qing, play.wang)
    play.qing.says(group, "画一只猫")
    assert not play.message().to_me
    play.qing.says(group, "/draw@other_bot 画一只猫")
    assert not play.message().to_me
    play.qing.says(group, "丹青，画一只猫")
    assert (play.message().to_me, play.message().text) == (True, "画一只猫")


def test_who_is_answered_and_who_is_named_is_told() -> None:
    play = Recorder()
    group = play.telegram.group("群", play.qing, play.wang)
    his = play.wang.says(group, "看这个")
    play.qing.says(group, "/draw 老王 的头像", to=his, mentions=[play.wang])
    said = play.message()
    assert said.reply_to == str(his.id)
    assert said.replied is not None
    assert said.replied.name == "老王"
    assert [user.name for user in said.mentions] == ["老王"]


def test_a_topic_is_part_of_the_id_and_its_first_message_is_answered_by_nobody() -> None:
    play = Recorder()
    group = play.telegram.group("群", play.qing, topics=("画画",))
    topic = group.topics["画画"]
    play.qing.says(group, "/draw 猫", topic=topic)
    said = play.message()
    assert Place.read(said.id).topic == topic.id
    assert said.reply_to == ""
    assert "reply_to_message" in play.raw["message"]


def test_pictures_come_in_every_form() -> None:
    play = Recorder()
    private = play.qing.private
    play.qing.sends_photo(private, PNG_1, "画成水墨")
    (photo,) = play.message().attached
    play.qing.sends_file(private, PNG_1, "a.png", "image/png", "画成水墨")
    (file,) = play.message().attached
    assert photo.ref != file.ref
    assert file.size == len(PNG_1)
    play.qing.sends_file(private, b"%PDF", "a.pdf", "application/pdf")
    assert play.message().attached == ()
    sent = play.qing.sends_album(private, [PNG_1, PNG_1], "画成水墨")
    assert play.message().album == sent[0].album


def test_somebody_elses_photo_that_is_answered_is_drawn_on() -> None:
    play = Recorder()
    group = play.telegram.group("群", play.qing, play.wang)
    photo = play.wang.sends_photo(group, PNG_1)
    play.qing.says(group, "丹青，画成水墨", to=photo)
    assert [one.ref for one in play.message().attached] == [photo.file_id]
    play.qing.says(group, "好看", to=photo)
    assert play.message().attached == ()


def test_the_news_of_chats() -> None:
    play = Recorder()
    group = play.telegram.group("群", play.qing)
    play.qing.puts_out(group)
    assert isinstance(play.standing(), Left)
    play.qing.lets_in(group)
    assert isinstance(play.standing(), Joined)
    play.qing.blocks()
    assert isinstance(play.standing(), Left)
    play.qing.unblocks()
    assert play.standing() is None
    old = play.telegram.group("老群", play.qing, upgradable=True)
    new = play.telegram.upgrade(old)
    found = [to_event(kept(ME, u.raw)[1], Ears()) for u in play.telegram.world.updates.pending]
    moved = [event for event in found if isinstance(event, Moved)]
    assert [event.to.id for event in moved] == [str(new.id)]


def test_presses_forged_and_real() -> None:
    play = Recorder()
    group = play.telegram.group("群", play.qing)
    message = play.qing.says(group, "/draw 猫")
    query = play.qing.presses_data(message, "vary:12")
    event = play.event()
    assert isinstance(event, Press)
    assert Place.read(event.id) == Place(callback=query.id, message=message.id)
    assert callback_of(play.raw) == query.id
    play.qing.presses_data(message, "vary:0012")
    assert isinstance(play.event(), Stray)


def test_a_lookup_is_of_ones_own_talk() -> None:
    play = Recorder()
    play.qing.looks_up("竹林")
    event = play.event()
    assert isinstance(event, Lookup)
    assert (event.text, event.chat.id) == ("竹林", str(play.qing.user.id))


def test_strangers_are_outsiders_where_somebody_is_listed() -> None:
    play = Recorder()
    group = play.telegram.group("群", play.qing, play.wang)
    mine, ours = Ears(users=frozenset({play.qing.user.id})), Ears(chats=frozenset({group.id}))
    play.wang.says(group, "/draw 猫")
    assert isinstance(play.event(mine), Outsider)
    assert isinstance(play.event(ours), Message)
    play.wang.says(group, "天气真好")
    assert play.event(mine) is None  # not said to it: nobody is told anything
    play.qing.says(play.qing.private, "画猫")
    assert isinstance(play.event(mine), Message)
    assert isinstance(play.event(ours), Outsider)


def test_other_bots_edits_and_what_comes_by_way_of_it_say_nothing() -> None:
    play = Recorder()
    group = play.telegram.group("群", play.qing)
    said = play.qing.says(group, "/draw 猫")
    raw = copy.deepcopy(play.raw)
    raw["message"]["from"]["is_bot"] = True
    assert to_event(kept(ME, raw)[1], Ears()) is None
    by_way = copy.deepcopy(play.raw)
    by_way["message"]["via_bot"] = {"id": ME.id, "is_bot": True, "first_name": "丹青"}
    assert to_event(kept(ME, by_way)[1], Ears()) is None
    edited = {"update_id": 1, "edited_message": said.raw}
    assert to_event(kept(ME, edited)[1], Ears()) is None
    unheard_of = {"update_id": 1, "hologram": {"message": said.raw}}
    assert to_event(kept(ME, unheard_of)[1], Ears()) is None


def recorded() -> list[dict[str, Any]]:
    play = Recorder()
    qing: Person = play.qing
    group = play.telegram.group("群", qing, play.wang, topics=("画画",))
    said = qing.says(group, "/draw 猫", topic=group.topics["画画"])
    qing.sends_photo(group, PNG_1, "丹青，画成水墨", to=said)
    qing.presses_data(said, "vary:12")
    qing.looks_up("猫")
    qing.puts_out(group)
    old = play.telegram.group("老群", qing, upgradable=True)
    play.telegram.upgrade(old)
    return [dict(update.raw) for update in play.telegram.world.updates.pending]


RECORDED = recorded()


@given(st.data())
def test_an_update_with_holes_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    raw = copy.deepcopy(data.draw(st.sampled_from(RECORDED)))
    node: Any = raw[next(key for key in raw if key != "update_id")]
    for _ in range(data.draw(st.integers(0, 4))):
        keys = [key for key, value in node.items() if isinstance(value, dict)]
        if not keys:
            break
        node = node[data.draw(st.sampled_from(keys))]
    key = data.draw(st.sampled_from(sorted(node)))
    wrong = st.sampled_from([None, "", -1, 2**63, [], {}, "x" * 5000, True, [None], {"id": None}])
    if data.draw(st.booleans()):
        del node[key]
    else:
        node[key] = data.draw(wrong)
    try:
        to_event(kept(ME, raw)[1], Ears())
    except ValueError:
        return


@pytest.mark.parametrize("date", [2**63, 2**45, -(2**45)])
def test_an_update_of_no_time_is_refused(date: int) -> None:
    raw = copy.deepcopy(next(one for one in RECORDED if "message" in one))
    raw["message"]["date"] = date
    with pytest.raises(ValueError, match=r"no update of Telegram|year"):
        to_event(kept(ME, raw)[1], Ears())


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"me": 1, "update": 2}', b"\xff"])
def test_what_is_no_update_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        to_event(body, Ears())
