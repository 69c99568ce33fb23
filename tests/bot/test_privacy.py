"""One's own data: all of it is handed out, and none of it is left."""

import json
import threading
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from aiosqlite import Connection

from adapters.cli import main
from adapters.console.inbound import from_line
from adapters.keeping import whose
from bot.errors import FolderInUse
from bot.event import User
from bot.job import Origin
from bot.quota import Setting
from bot.reply import Reply, Sent
from bot.settings import Settings
from bot.store import privacy
from bot.store.store import Store
from tests.bot.gallery_factory import GROUP, Atelier, opened_atelier
from tests.bot.test_image import a_file
from tests.conftest import opened_studio
from tests.flow.game import Game, game

GONE = User("t", "gone", "要走的人")


@pytest.fixture
async def atelier(tmp_path: Path) -> AsyncGenerator[Atelier]:
    async with opened_atelier(tmp_path / "data") as atelier:
        yield atelier


async def lived_in(atelier: Atelier) -> str:
    """Two people draw, one from the other's picture; return the image that one handed in."""
    store = atelier.store
    image = store.sources.keep("source", a_file()).sha256
    await atelier.draw("stays", "留下的山")
    await atelier.draw("gone", "机密的独角兽", parent=Origin(1), source=image, count=2)
    await atelier.draw("stays", "河", parent=Origin(2))
    await store.write(atelier.gallery.favour, 1, GONE.key, GROUP.key)
    await store.write(atelier.gallery.favour, 2, "t:stays", GROUP.key)
    await store.write(store.outbox.put, GROUP, Reply(text="画好了：机密的独角兽"), job_id=2)
    parcel = await store.read(store.outbox.next, GROUP.key)
    assert parcel is not None
    await store.write(store.outbox.sent, parcel.delivery, [Sent("m9")])
    await store.write(store.outbox.put, GROUP, Reply(text="没听懂：机密的独角兽"))
    parcel = await store.read(store.outbox.next, GROUP.key)
    assert parcel is not None
    await store.write(store.outbox.sent, parcel.delivery, [])
    return image


def nobodys(_: str, __: bytes) -> str | None:
    return None


async def test_what_is_forgotten_is_in_no_row_no_file_and_no_byte(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with opened_atelier(data) as atelier:
        image = await lived_in(atelier)
        await atelier.ask("gone", "还在画的独角兽")
        theirs = await atelier.store.read(atelier.gallery.of_user, GONE.key)
        found = await privacy.forget(atelier.store, GONE, nobodys)
        assert (found.artworks, found.jobs, found.favourites) == (2, 2, 1)
        assert not any(path.stem == one.sha256 for one in theirs for path in atelier.files())
        assert not atelier.store.sources.path(image).exists()
        left = await atelier.store.read(privacy.known, GONE.key)
        assert not left.anything
    async with opened_atelier(data) as atelier:
        kept = await atelier.store.read(atelier.gallery.latest, 9)
        assert [(one.id, one.parent_id) for one in kept] == [(4, 1), (1, None)]
        assert await atelier.find("山", "stays") == [1]
        assert all(all(atelier.gallery.files(artwork)) for artwork in kept)
    for path in data.rglob("*"):
        if path.is_file():
            bytes_ = path.read_bytes()
            assert "独角兽".encode() not in bytes_, path
            assert GONE.key.encode() not in bytes_, path
            assert GONE.name.encode() not in bytes_, path


async def test_forgetting_twice_finds_nothing_the_second_time(atelier: Atelier) -> None:
    await lived_in(atelier)
    await privacy.forget(atelier.store, GONE, nobodys)
    assert not (await privacy.forget(atelier.store, GONE, nobodys)).anything


async def test_an_image_that_somebody_else_handed_in_too_stays(atelier: Atelier) -> None:
    image = await lived_in(atelier)
    await atelier.draw("stays", "同一张照片", source=image)
    await privacy.forget(atelier.store, GONE, nobodys)
    assert atelier.store.sources.path(image).exists()


async def test_what_is_being_drawn_for_whoever_is_forgotten_ends_in_nothing(
    tmp_path: Path,
) -> None:
    async with opened_studio(tmp_path) as studio:
        await studio.says("阿青", "画一座山")
        await studio.says("小丹", "画一条河")
        job = await studio.store.write(studio.store.queue.claim)
        assert job is not None
        await privacy.forget(studio.store, job.user, whose)
        await studio.painter.paint(job)
        await studio.paint_all()
        found = await studio.store.read(studio.store.gallery.latest, 9)
        assert [artwork.owner for artwork in found] == ["console:小丹"]
        assert not any("画好了" in text and "山" in text for text in studio.texts)
        await studio.says("阿青", "画一片湖")
        await studio.paint_all()
        assert studio.texts[-1].startswith("画好了")


async def test_a_reply_that_arrives_after_all_is_forgotten_does_no_harm(atelier: Atelier) -> None:
    store = atelier.store
    (artwork,) = await atelier.draw("gone", "山")
    await store.write(store.outbox.put, GROUP, Reply(text="好了"), job_id=artwork.job_id, last=True)
    parcel = await store.read(store.outbox.next, GROUP.key)
    assert parcel is not None
    await privacy.forget(store, GONE, nobodys)
    await store.write(store.outbox.sent, parcel.delivery, [Sent("m1")])
    assert await store.read(store.queue.about, GROUP, "m1") is None


async def test_updates_that_nobody_has_answered_are_forgotten_too(tmp_path: Path) -> None:
    async with opened_studio(tmp_path) as studio:
        store: Store = studio.store
        for id_, name in (("1", "阿青"), ("2", "小丹")):
            body = from_line("画一座山", id_, name, images=[])
            await store.write(store.inbox.receive, "console", id_, body)
        await store.write(store.inbox.receive, "telegram", "3", b"{}")
        await store.write(store.inbox.receive, "console", "4", b"\xff")
        await privacy.forget(store, User("console", "阿青"), whose)

        async def bodies(db: Connection) -> list[bytes]:
            rows = await db.execute_fetchall("SELECT body FROM updates ORDER BY id")
            return [row[0] for row in rows]

        first, *others = await store.read(bodies)
        assert first == b""
        assert all(others)
        await studio.answer()
        assert (await studio.job(1)).user.name == "小丹"


async def test_every_table_that_names_a_user_is_known(atelier: Atelier) -> None:
    async def naming(db: Connection) -> dict[str, str]:
        rows = await db.execute_fetchall(
            "SELECT m.name AS name, c.name AS column"
            " FROM sqlite_schema m, pragma_table_info(m.name) c"
            " WHERE m.type = 'table'"
            " AND c.name IN ('user', 'owner', 'host', 'person', 'user_id', 'who')"
        )
        return {row["name"]: row["column"] for row in rows}

    assert await atelier.store.read(naming) == privacy.NAMING


# ── export ───────────────────────────────────────────────────────────────────────────────────


async def exported(atelier: Atelier, data: Path, user: str, to: Path) -> privacy.Known:
    return await atelier.store.read(privacy.export, data, user, to)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def test_all_that_is_ones_own_is_handed_out_and_nothing_else(
    atelier: Atelier, tmp_path: Path
) -> None:
    image, to = await lived_in(atelier), tmp_path / "out"
    found = await exported(atelier, tmp_path / "data", GONE.key, to)
    assert (found.artworks, found.jobs, found.favourites) == (2, 1, 1)
    artworks = lines(to / "artworks.jsonl")
    assert [(row["id"], row["file"], row["parent"]) for row in artworks] == [
        (3, "3.png", 1), (2, "2.png", 1),
    ]  # fmt: skip
    assert {path.name for path in (to / "pictures").iterdir()} == {"2.png", "3.png"}
    (first, _) = await atelier.store.read(atelier.gallery.of_user, GONE.key)
    assert (to / "pictures" / "3.png").read_bytes() == first.path.read_bytes()
    (job,) = lines(to / "jobs.jsonl")
    assert job["request"]["prompt"] == "机密的独角兽"  # pyright: ignore[reportIndexIssue]
    assert [row["id"] for row in lines(to / "favourites.jsonl")] == [1]
    assert [path.stem for path in (to / "sources").iterdir()] == [image]
    everything = "".join(path.read_text("utf-8") for path in to.glob("*.jsonl"))
    assert "留下的山" not in everything


async def test_nothing_is_written_where_something_is(atelier: Atelier, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(FolderInUse):
        await exported(atelier, tmp_path / "data", GONE.key, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


async def test_a_picture_that_is_gone_is_said_to_be(atelier: Atelier, tmp_path: Path) -> None:
    (artwork,) = await atelier.draw("gone", "山")
    artwork.path.unlink()
    await exported(atelier, tmp_path / "data", GONE.key, tmp_path / "out")
    assert [row["file"] for row in lines(tmp_path / "out" / "artworks.jsonl")] == [None]


async def test_the_commands_say_what_they_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    data = tmp_path / "data"
    async with opened_atelier(data) as atelier:
        await lived_in(atelier)

    codes: list[int] = []

    def command(*words: str) -> None:
        codes.append(main([*words, "--data", str(data)]))

    for words in (
        ("export", GONE.key, "--to", str(tmp_path / "out")),
        ("forget", GONE.key),
        ("forget", GONE.key),
        ("export", "t:nobody", "--to", str(tmp_path / "none")),
        ("forget", "gone"),
    ):
        # the commands have loops of their own
        thread = threading.Thread(target=command, args=words)
        thread.start()
        thread.join()
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "t:gone：2 幅作品，1 个任务，1 个收藏",
        "t:gone：2 幅作品，1 个任务，1 个收藏，都删除了",
        "t:gone：没有任何数据",
        "t:nobody：没有任何数据",
    ]
    assert err == "gone：请写成 平台:编号，例如 console:阿青\n"
    assert codes == [0, 0, 1, 1, 1]
    assert not (tmp_path / "none").exists()


async def test_what_somebody_wanted_where_they_said_nothing_is_forgotten(atelier: Atelier) -> None:
    preferences = atelier.store.preferences
    await atelier.store.write(preferences.put, GONE.key, Settings(styles=("水墨",)))
    await atelier.store.write(preferences.put, "t:stays", Settings(aspect="2:3"))
    await lived_in(atelier)
    await privacy.forget(atelier.store, GONE, nobodys)
    assert await atelier.store.read(preferences.get, GONE.key) == Settings()
    assert await atelier.store.read(preferences.get, "t:stays") == Settings(aspect="2:3")


async def operated_on(store: Store) -> None:
    """One who stays and one who goes: settings, limits, gifts, a ban, and acts."""
    for user in (GONE, User("t", "stays", "留下的人")):
        await store.write(store.names.seen, user)
        await store.write(store.preferences.put, user.key, Settings(aspect="2:3"))
        limit = Setting(pictures=7)
        await store.write(store.allowances.put, "person", user.key, limit, day=None, today=0.0)
        await store.write(store.bans.put, user, "刷屏", None)
        gift = await store.write(store.gifts.give, user, GROUP, (2, 3), 60.0)
        await store.write(store.gifts.take, gift, GONE)
        await store.write(store.acts.put, user, GROUP, "封禁", "为了试", GONE.key)


async def test_settings_limits_gifts_bans_and_acts_are_handed_out(
    atelier: Atelier, tmp_path: Path
) -> None:
    await operated_on(atelier.store)
    to = tmp_path / "out"
    found = await exported(atelier, tmp_path / "data", GONE.key, to)
    assert found.anything
    assert found.others == 10
    assert [row["name"] for row in lines(to / "names.jsonl")] == [GONE.name]
    assert json.loads(str(lines(to / "settings.jsonl")[0]["settings"]))["aspect"] == "2:3"
    assert [(row["what"], row["amount"]) for row in lines(to / "allowances.jsonl")] == [
        ("pictures", 7)
    ]
    assert [row["reason"] for row in lines(to / "bans.jsonl")] == ["刷屏"]
    assert [row["pictures"] for row in lines(to / "gifts.jsonl")] == [5]
    assert [row["gift_id"] for row in lines(to / "shares.jsonl")] == [1, 2]
    assert [row["detail"] for row in lines(to / "acts.jsonl")] == ["为了试"]
    assert [row["command"] for row in lines(to / "suffered.jsonl")] == ["封禁", "封禁"]
    everything = "".join(path.read_text("utf-8") for path in to.glob("*.jsonl"))
    assert "stays" not in everything


async def test_settings_limits_gifts_bans_and_acts_are_forgotten(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with opened_atelier(data) as atelier:
        store = atelier.store
        await operated_on(store)
        await privacy.forget(store, GONE, nobodys)
        assert not (await store.read(privacy.known, GONE.key)).anything
        stays = User("t", "stays")
        assert await store.read(store.bans.of, stays) is not None
        assert (await store.read(privacy.known, stays.key)).others == 6
        gift = await store.read(store.gifts.get, 2)
        assert gift is not None
        assert [(share.taken, share.user, share.pictures) for share in gift.shares] == [
            *((True, "", 2), (False, "", 3)),
        ]
    for path in data.rglob("*"):
        if path.is_file():
            assert GONE.key.encode() not in path.read_bytes(), path
            assert GONE.name.encode() not in path.read_bytes(), path


# ── group sessions ───────────────────────────────────────────────────────────────────────────


async def played_together(played: Game) -> None:
    """要走的人 and 留下的人 play a relay to its end, and begin another."""
    for said in ("江南，3 棒", "塞北，3 棒"):
        await played.says("要走的人", f"/开局 接龙 {said}")
        await played.presses("留下的人", "加入")
        for name, words in (("要走的人", "机密的独角兽"), ("留下的人", "桥"), ("要走的人", "龙")):
            if "塞北" in said and words != "机密的独角兽":
                break
            await played.answers(name, words, played.board)
            await played.paints()
    session = await played.session(1)
    await played.store.write(played.store.sessions.score, session, "chat:要走的人", 3)
    await played.store.write(played.store.sessions.score, session, "chat:留下的人", 1)
    await played.answers("留下的人", "桥", played.board)


async def test_what_somebody_did_in_sessions_is_handed_out(tmp_path: Path) -> None:
    async with game(tmp_path / "data") as played:
        await played_together(played)
        to = tmp_path / "out"
        found = await played.store.read(privacy.export, tmp_path / "data", "chat:要走的人", to)
        assert found.anything
    first, second = lines(to / "sessions.jsonl")
    assert (first["name"], first["hosts"], second["kind"]) == ("要走的人", 1, "relay")
    steps = json.loads(str(first["steps"]))
    assert [step["words"] for step in steps] == ["机密的独角兽", "龙"]
    assert [row["points"] for row in lines(to / "scores.jsonl")] == [3]
    assert len(lines(to / "turns.jsonl")) == 3
    assert "留下的人" not in (to / "turns.jsonl").read_text(encoding="utf-8")


async def test_who_is_forgotten_is_in_no_session_and_the_others_play_on(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with game(data) as played:
        await played_together(played)
        store = played.store
        await privacy.forget(store, User("chat", "要走的人"), nobodys)
        over, playing = await played.session(1), await played.session(2)
        assert (over.phase, playing.phase, playing.host) == ("closed", "open", "chat:留下的人")
        assert [over.name_of(step.member) for step in over.steps] == ["有人", "留下的人", "有人"]
        assert [step.words for step in over.steps] == ["", "桥", ""]
        assert [member.key for member in over.members] == ["gone:1", "chat:留下的人"]
        ranking = await store.read(store.sessions.ranking, "chat:群一", "relay", 0.0, 9)
        assert [(rank.user, rank.points) for rank in ranking] == [("chat:留下的人", 1)]
        for table in ("sessions", "turns", "scores"):
            assert "要走的人" not in await rows_of(store, table)
        assert not (await store.read(privacy.known, "chat:要走的人")).anything
        await played.paints()
        await played.shows_boards()
        while (await played.session(2)).phase == "open":
            await played.answers("留下的人", "船", played.board)
            await played.paints()
        assert [step.words for step in (await played.session(2)).steps] == ["", "桥", "船"]


async def rows_of(store: Store, table: str) -> str:
    async def rows(db: Connection) -> str:
        found = await db.execute_fetchall(f"SELECT * FROM {table}")  # noqa: S608
        return str([tuple(row) for row in found])

    return await store.read(rows)
