"""One's own updates are answered in order, those of others beside them."""

import asyncio
from collections.abc import Sequence

from bot.event import Chat, Event, Lookup, Message, Moved, User
from bot.store.inbox import Update
from bot.turns import ALBUM_S, Arrived, Turns

GROUP = Chat("t", "群", group=True)


class Desk:
    """Answers updates when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0
        self.turns = Turns(self.answer, lambda: self.now)
        self.answered = list[list[int]]()
        self.begun = list[int]()
        self.gates = dict[int, asyncio.Event]()
        self._ids = 0

    async def answer(self, arrived: Sequence[Arrived]) -> None:
        ids = [one.update.id for one in arrived]
        self.begun += ids
        if ids[0] in self.gates:
            await self.gates[ids[0]].wait()
        self.answered.append(ids)

    def comes(self, event: Event | None, tasks: asyncio.TaskGroup, *, slow: bool = False) -> int:
        self._ids += 1
        if slow:
            self.gates[self._ids] = asyncio.Event()
        update = Update(id=self._ids, platform="t", body=b"", attempts=0, received_at=self.now)
        self.turns.put(Arrived(update=update, event=event), tasks)
        return self._ids


def said(name: str, album: str = "", chat: Chat = GROUP) -> Message:
    return Message(id="1", chat=chat, user=User("t", name), text="", to_me=True, album=album)


async def breathe() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_slow_one_holds_up_its_own_person_only() -> None:
    desk = Desk()
    async with asyncio.TaskGroup() as tasks:
        slow = desk.comes(said("阿青"), tasks, slow=True)
        after = desk.comes(said("阿青"), tasks)
        other = desk.comes(said("老王"), tasks)
        elsewhere = desk.comes(said("阿青", chat=Chat("t", "别处")), tasks)
        looks = desk.comes(Lookup(id="q", chat=GROUP, user=User("t", "阿青"), text=""), tasks)
        moved = desk.comes(Moved(id="m", chat=GROUP, to=GROUP), tasks)
        await breathe()
        assert desk.answered == [[other], [elsewhere], [looks], [moved]]
        assert desk.turns.waiting == 2
        desk.gates[slow].set()
    assert desk.answered[-2:] == [[slow], [after]]
    assert desk.turns.waiting == 0


async def test_what_cannot_be_read_is_answered_too() -> None:
    desk = Desk()
    async with asyncio.TaskGroup() as tasks:
        first, second = desk.comes(None, tasks), desk.comes(None, tasks)
    assert desk.answered == [[first], [second]]


async def test_an_album_is_answered_as_one_when_no_more_of_it_comes() -> None:
    desk = Desk()
    async with asyncio.TaskGroup() as tasks:
        first = desk.comes(said("阿青", "A"), tasks)
        words = desk.comes(said("阿青"), tasks)
        second = desk.comes(said("阿青", "A"), tasks)
        await breathe()
        assert desk.answered == []
        desk.now += ALBUM_S
    assert desk.answered == [[first, second], [words]]


async def test_an_album_found_after_a_restart_waits_for_nothing() -> None:
    desk = Desk()
    async with asyncio.TaskGroup() as tasks:
        ids = [desk.comes(said("阿青", "A"), tasks) for _ in range(3)]
        desk.now += 60
        await breathe()
        assert desk.answered == [ids]
