"""Search: finds what was drawn, only one's own, and takes every text for words."""

import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from aiosqlite import Connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.event import Chat
from bot.store import search
from bot.store.gallery import ENTER_WORDS, READ_ANEW, SEARCH, TAKE_WORDS
from bot.store.store import FILE
from tests.bot.gallery_factory import GROUP, Atelier, opened_atelier


@pytest.fixture
async def atelier(tmp_path: Path) -> AsyncGenerator[Atelier]:
    async with opened_atelier(tmp_path) as atelier:
        yield atelier


async def test_words_of_prompts_and_styles_are_found_newest_first(atelier: Atelier) -> None:
    await atelier.draw("a", "雪地里的两只企鹅", styles=("水墨",))
    await atelier.draw("a", "海边的企鹅")
    await atelier.draw("a", "海边的灯塔")
    assert await atelier.find("企鹅", "a") == [2, 1]
    assert await atelier.find("海边 企鹅", "a") == [2]
    assert await atelier.find("水墨", "a") == [1]
    assert await atelier.find("沙漠", "a") == []


async def test_the_last_word_may_be_a_beginning(atelier: Atelier) -> None:
    await atelier.draw("a", "a lighthouse at sunset，雪地里")
    for beginning in ("l", "li", "light", "雪", "sunset LIGHTH"):
        assert await atelier.find(beginning, "a") == [1], beginning
    assert await atelier.find("light sunset", "a") == []


@pytest.mark.parametrize(
    "asked", ["LIGHTHOUSE", "ｌｉｇｈｔｈｏｕｓｅ", "龍", "龙", "🐉", "café", "cafe\u0301"]
)
async def test_other_ways_of_writing_a_word_find_it(atelier: Atelier, asked: str) -> None:
    await atelier.draw("a", "龙 🐉️ Lighthouse Café")
    assert await atelier.find(asked, "a") == [1]


async def test_a_search_is_within_a_user_or_a_chat(atelier: Atelier) -> None:
    other = Chat("t", "other", group=True)
    await atelier.draw("a", "企鹅")
    await atelier.draw("b", "企鹅")
    await atelier.draw("b", "企鹅", other)
    assert await atelier.find("企鹅", "a") == [1]
    assert await atelier.find("企鹅", "b") == [3, 2]
    assert await atelier.find("企鹅", chat=GROUP.key) == [2, 1]
    assert await atelier.find("企鹅", chat=other.key) == [3]
    assert await atelier.find("企鹅", "nobody") == []


async def test_a_search_of_nobody_or_of_two_at_once_is_a_mistake(atelier: Atelier) -> None:
    with pytest.raises(ValueError, match="among"):
        await atelier.find("企鹅")
    with pytest.raises(ValueError, match="among"):
        await atelier.find("企鹅", "a", chat="t:group")


async def test_no_words_lead_out_of_the_scope(atelier: Atelier) -> None:
    await atelier.draw("victim", "机密的企鹅")
    scope = search.of_user("t:victim")
    # typed as words, or drawn by somebody who would be found as the victim
    await atelier.draw("a", f"企鹅 {scope} {scope.removeprefix(search.SCOPE)} t:victim")
    for asked in (
        f'企鹅" OR "{scope}', f"{scope}", f"words:{scope}", '" OR "企鹅', "企鹅 OR 机密",
    ):  # fmt: skip
        assert 1 not in await atelier.find(asked, "a"), asked
    assert await atelier.find("企鹅", "victim") == [1]


@pytest.mark.parametrize(
    "asked",
    ['"*', "NEAR(", "NEAR(a b, 2)", "words : a", "-a", "^a", "a*", "*", '"', "'", "a AND", "OR",
     "NOT", "a OR b", "{words}:a", "a + b", "\x00", "\ud800", "(", "%", "_", "", " ", "\u3000",
     "。", "a\x00b", "' OR 1=1 --", "search", "delete-all"],
)  # fmt: skip
async def test_signs_of_the_query_language_are_plain(atelier: Atelier, asked: str) -> None:
    await atelier.draw("a", "near or not and a b")
    found = await atelier.find(asked, "a")
    assert set(found) <= {1}
    assert bool(search.tokens(asked)) or found == []


@pytest.mark.parametrize("asked", ["NEAR(", "a OR b", "not", '"near"', "and*", "NEAR(a b, 2)"])
async def test_words_of_the_query_language_are_words(atelier: Atelier, asked: str) -> None:
    await atelier.draw("a", "near 2 or not and a b")
    assert await atelier.find(asked, "a") == [1]


TEXTS = st.text(max_size=80) | st.text(
    st.sampled_from(
        '画一只猫雪地里的企鹅月亮 aB1"*:^-(){}+.，。\u200d\ufe0f🐉é\u0301ßİ\ue000\ud800\x00'
    ),
    max_size=80,
)


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(text=TEXTS, other=TEXTS)
@example(text='"*', other="NEAR(")
@example(text="c" * 1000, other="c")
async def test_any_text_is_searched_and_finds_itself(
    atelier: Atelier, text: str, other: str
) -> None:
    async def kept(db: Connection) -> set[int]:
        entry = search.entry(text, "t:a", GROUP.key)
        await db.execute(ENTER_WORDS, (7, entry))
        found = {one: await matches(db, one) for one in (text, *search.tokens(text))}
        strange = await matches(db, other)
        await db.execute(TAKE_WORDS, (7, entry))
        assert await matches(db, text) == []
        assert strange in ([], [7])
        return {hit for one, hits in found.items() if search.tokens(one) for hit in hits or [0]}

    assert await atelier.store.write(kept) == ({7} if search.tokens(text) else set())


async def matches(db: Connection, asked: str) -> list[int]:
    query = search.match(asked, search.of_user("t:a"))
    if query is None:
        return []
    rows = await db.execute_fetchall("SELECT rowid FROM search WHERE search MATCH ?", (query,))
    return [row[0] for row in rows]


async def test_pages_of_a_search_follow_each_other(atelier: Atelier) -> None:
    for _ in range(7):
        await atelier.draw("a", "企鹅")
    assert await atelier.find("企鹅", "a", limit=3) == [7, 6, 5]
    assert await atelier.find("企鹅", "a", limit=3, before=5) == [4, 3, 2]
    assert await atelier.find("企鹅", "a", limit=3, before=2) == [1]
    assert await atelier.find("企鹅", "a", before=-(2**70)) == []
    assert await atelier.find("企鹅", "a", limit=-1) == []


async def test_what_was_deleted_is_not_found(atelier: Atelier) -> None:
    await atelier.draw("a", "企鹅")
    await atelier.draw("a", "企鹅和海豹")
    await atelier.store.write(atelier.gallery.delete, 2, "t:a")
    assert await atelier.find("企鹅", "a") == [1]

    async def in_index(db: Connection) -> list[int]:
        return await matches(db, "海豹")

    assert await atelier.store.read(in_index) == []


async def test_rows_from_before_the_index_are_read_little_by_little(tmp_path: Path) -> None:
    async with opened_atelier(tmp_path) as atelier:
        for number in range(5):
            await atelier.draw("a", f"企鹅 {number}")
        await atelier.draw("a", "海豹")
    with sqlite3.connect(tmp_path / FILE) as file:
        file.execute("INSERT INTO search (search) VALUES ('delete-all')")
        file.execute(READ_ANEW, (search.reading(),))
        file.execute("UPDATE artworks SET bytes = 0")
    file.close()
    async with opened_atelier(tmp_path) as atelier:
        store, gallery = atelier.store, atelier.gallery
        assert await atelier.find("企鹅", "a") == []
        await store.write(gallery.delete, 6, "t:a")  # it is in no index: nothing is taken out
        assert await store.write(gallery.read_on, 2)
        assert await atelier.find("企鹅", "a") == [5, 4]
        await atelier.draw("a", "企鹅 新")
        await store.write(gallery.delete, 5, "t:a")
        await store.write(gallery.delete, 1, "t:a")
        while await store.write(gallery.read_on, 2):
            pass
        assert await atelier.find("企鹅", "a") == [7, 4, 3, 2]
        left = await store.read(gallery.get, (7, 4, 3, 2))
        size = sum(gallery.pictures.size(artwork.path) for artwork in left)
        assert (await store.read(gallery.state))[:2] == (size, 0)


async def test_an_index_of_words_told_apart_otherwise_is_made_anew(tmp_path: Path) -> None:
    async with opened_atelier(tmp_path) as atelier:
        await atelier.draw("a", "企鹅")
    with sqlite3.connect(tmp_path / FILE) as file:
        file.execute("UPDATE gallery SET reading = 'an older jieba'")
    file.close()
    async with opened_atelier(tmp_path) as atelier:
        assert await atelier.find("企鹅", "a") == []
        while await atelier.store.write(atelier.gallery.read_on, 10):
            pass
        assert await atelier.find("企鹅", "a") == [1]


async def test_a_search_sorts_nothing(atelier: Atelier) -> None:
    async def plan(db: Connection) -> list[str]:
        values = {"query": '"a"', "before": 9, "user": "a", "chat": None, "limit": 1}
        rows = await db.execute_fetchall(f"EXPLAIN QUERY PLAN {SEARCH}", values)
        return [row["detail"] for row in rows]

    steps = await atelier.store.read(plan)
    assert steps[0].startswith("SCAN search VIRTUAL TABLE")
    assert steps[1:] == ["SEARCH artworks USING INTEGER PRIMARY KEY (rowid=?)"]
