"""What goes with time of group sessions, and what never does."""

from pathlib import Path

from aiosqlite import Connection

from bot.store.limits import GalleryConfig
from bot.store.upkeep import BATCH, DAY_S, Upkeep
from tests.flow.game import Game, game


async def plays(played: Game, theme: str) -> None:
    """小明 plays alone, two turns."""
    await played.says("小明", f"/开局 接龙 {theme}，2 棒")
    for words in ("桥", "船"):
        await played.says("小明", words)
        await played.paints()


async def counts(played: Game) -> dict[str, int]:
    async def found(db: Connection) -> dict[str, int]:
        counted = dict[str, int]()
        for table in ("sessions", "turns", "session_messages", "scores"):
            (row,) = await db.execute_fetchall(f"SELECT count(*) FROM {table}")  # noqa: S608
            counted[table] = row[0]
        return counted

    return await played.store.read(found)


async def test_turns_of_long_ago_go_and_the_session_stays(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await plays(played, "江南")
        before = await counts(played)
        assert before["turns"] > 2
        assert before["session_messages"] > 2
        await Upkeep(played.store, GalleryConfig()).forget()
        assert await counts(played) == before
        played.clock.now += 31 * DAY_S
        await played.says("小明", "/开局 接龙 塞北，2 棒")
        await Upkeep(played.store, GalleryConfig()).forget()
        after = await counts(played)
        assert (after["sessions"], after["turns"]) == (2, 1)
        assert [one.words for one in (await played.session(1)).steps] == ["桥", "船"]


async def test_turns_of_many_sessions_go(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        for number in range(BATCH + 2):
            await played.says("小明", f"/开局 接龙 江南{number}")
            await played.says("小明", "/结束")
        played.clock.now += 31 * DAY_S
        await Upkeep(played.store, GalleryConfig()).forget()
        assert (await counts(played))["turns"] == 0
        assert (await counts(played))["sessions"] == 0


async def test_sessions_go_when_their_pictures_have_and_what_was_won_stays(
    tmp_path: Path,
) -> None:
    async with game(tmp_path) as played:
        await plays(played, "江南")
        await plays(played, "塞北")
        session = await played.session(2)
        await played.store.write(played.store.sessions.score, session, "chat:小明", 3)
        upkeep = Upkeep(played.store, GalleryConfig(days=40))
        played.clock.now += 31 * DAY_S
        await upkeep.retain()
        await upkeep.forget()
        assert (await counts(played))["sessions"] == 2
        played.clock.now += 31 * DAY_S
        await upkeep.retain()
        await upkeep.forget()
        assert await counts(played) == {
            "sessions": 1, "turns": 0, "session_messages": 0, "scores": 1,
        }  # fmt: skip
        ranking = await played.store.read(
            played.store.sessions.ranking, "chat:群一", "relay", 0.0, 9
        )
        assert [(rank.name, rank.points) for rank in ranking] == [("小明", 3)]


async def test_the_finale_leaves_out_pictures_that_are_gone(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 接龙 江南，9 棒")
        for words in ("桥", "船", "灯"):
            await played.says("小明", words)
            await played.paints()
        session = await played.session()
        (gone,) = await played.store.read(played.store.gallery.get, [session.steps[1].artworks[0]])
        await played.store.write(played.store.gallery.remove, [gone])
        played.store.gallery.remove_files([gone])
        await played.says("小明", "/结束")
        await played.settles()
        assert (await played.session()).phase == "closed"
        finale = next(one for one in played.chat.messages.values() if one.pictures > 1)
        assert finale.pictures == 2
        assert played.last.buttons[0].label == "🔁 再来一局"
