"""Whose turn it is to write."""

import asyncio

from bot.store.turn import Line, Turn


async def takes(line: Line, name: str, served: list[str]) -> None:
    """Wait in a line, and note when it is one's turn."""
    async with line:
        served.append(name)


async def test_who_is_in_a_hurry_goes_before_all_who_wait_and_each_line_keeps_its_order() -> None:
    turn, served = Turn(), list[str]()

    async with asyncio.TaskGroup() as tasks, turn.line:
        for name in ("first", "second"):
            tasks.create_task(takes(turn.line, name, served))
        for name in ("hurried", "hurried too"):
            tasks.create_task(takes(turn.hurry, name, served))
        await asyncio.sleep(0)
    assert served == ["hurried", "hurried too", "first", "second"]


async def test_answers_and_all_else_are_served_by_turns() -> None:
    turn, served = Turn(), list[str]()

    async with asyncio.TaskGroup() as tasks, turn.line:
        for number in range(3):
            tasks.create_task(takes(turn.line, f"work {number}", served))
        for number in range(4):
            tasks.create_task(takes(turn.answer, f"answer {number}", served))
        tasks.create_task(takes(turn.hurry, "hurried", served))
        await asyncio.sleep(0)
    by_turns = ["answer 0", "work 0", "answer 1", "work 1", "answer 2", "work 2", "answer 3"]
    assert served == ["hurried", *by_turns]


async def test_who_gives_up_waiting_keeps_nobody_else_waiting() -> None:
    turn = Turn()
    async with turn.line:
        gone = asyncio.ensure_future(turn.hurry.__aenter__())
        await asyncio.sleep(0)
        gone.cancel()
    async with asyncio.timeout(1), turn.line:
        pass
