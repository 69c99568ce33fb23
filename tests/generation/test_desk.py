"""The drawing thread's desk: whose canvas is whose."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import pytest

from generation import wire
from generation.desk import Desk, Inbox
from generation.recipe import Recipe
from tests.generation.factory import recipe
from tests.generation.reference import engine

CAT = recipe(model="v")
LONG = replace(CAT, steps=250)


class Client:
    """Keeps what it is told."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self.told: SimpleQueue[wire.Answered] = SimpleQueue()

    def ask(self, message: wire.Asked | None) -> None:
        self._inbox.put((self, message))

    def send(self, message: wire.Answered) -> None:
        self.told.put(message)

    def until(self, kind: type[wire.Answered]) -> Iterator[wire.Answered]:
        """What is told, up to the first of a kind."""
        while not isinstance(message := self.told.get(timeout=30), kind):
            yield message
        yield message


@pytest.fixture
def inbox() -> Inbox:
    return SimpleQueue()


@pytest.fixture
def desk(models: dict[str, Path], inbox: Inbox) -> Desk:
    desk = Desk(engine(models), inbox)
    Thread(target=desk.run, daemon=True).start()
    return desk


def draw(draw_id: int, *recipes: Recipe) -> wire.Draw:
    return wire.Draw(draw_id, list(recipes))


def test_a_cancelled_draw_leaves_the_engine_idle(desk: Desk, inbox: Inbox) -> None:
    client = Client(inbox)
    client.ask(draw(1, LONG, LONG))
    list(client.until(wire.Told))
    client.ask(wire.Cancel(1))
    client.ask(draw(2, CAT))
    *_, drawn = client.until(wire.Drawn)
    assert isinstance(drawn, wire.Drawn)
    assert drawn.id == 2
    assert not desk.busy


@pytest.mark.usefixtures("desk")
def test_who_hangs_up_takes_their_own_draws_only(inbox: Inbox) -> None:
    gone, here = Client(inbox), Client(inbox)
    gone.ask(draw(1, LONG))
    here.ask(draw(1, CAT))
    gone.ask(None)
    assert list(here.until(wire.Drawn))
    assert not any(isinstance(said, wire.Drawn) for said in drained(gone))


@pytest.mark.usefixtures("desk")
def test_a_draw_fails_once_and_whole(inbox: Inbox) -> None:
    client = Client(inbox)
    client.ask(draw(1, CAT, replace(CAT, sampler="magic"), replace(CAT, sampler="more magic")))
    client.ask(draw(2, CAT))
    said = [m for m in client.until(wire.Drawn) if isinstance(m, wire.Failed | wire.Drawn)]
    assert [(type(message), message.id) for message in said] == [(wire.Failed, 1), (wire.Drawn, 2)]


def drained(client: Client) -> list[wire.Answered]:
    return [client.told.get() for _ in range(client.told.qsize())]
