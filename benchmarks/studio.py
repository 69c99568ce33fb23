"""The gallery against its bars: pages, search, size, and acknowledging while old things go.

    python benchmarks/studio.py [--quick] [--artworks N] [--json FILE]

The database is filled by SQL, its pictures are not there but for those that go while it is
measured. Searching through LIKE runs on the same rows, for comparison. TMPDIR chooses the disk.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from itertools import count
from pathlib import Path
from random import Random  # noqa: TID251  which pages are looked at, from a seed
from statistics import median, quantiles
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parents[1]))

from aiosqlite import Connection

from adapters.build import policy
from adapters.config import Config
from adapters.console.inbound import PLATFORM, from_line
from benchmarks.figure import Figure, arguments, report
from bot import segment
from bot.action import Action, Verb
from bot.app import App
from bot.artwork import Artwork
from bot.event import Chat, Press, User
from bot.pace import Pace
from bot.request import Request
from bot.rules import Rules
from bot.store import search
from bot.store.backup import back_up
from bot.store.compact import compact
from bot.store.gallery import ENTER_WORDS
from bot.store.limits import GalleryConfig, QueueConfig
from bot.store.pictures import digest
from bot.store.store import FILE, Store
from bot.store.upkeep import Upkeep
from bot.style import Styles
from generation.recipe import Recipe
from tests.fakes import FakeAdapter

T = TypeVar("T")

ARTWORKS, QUICK = 1_000_000, 20_000
LIMITS = QueueConfig(waiting_per_user=10**6, waiting_per_chat=10**6)
"""So wide that nothing is refused: what is measured is the work."""
USERS, CHATS = 2_000, 200
FAVOURITE = 50
"""One artwork in so many is somebody's favourite."""
SUBJECTS = (
    *("企鹅", "灯塔", "帆船", "月亮", "独角兽", "小猫", "骏马", "竹林", "瀑布", "城堡", "火车"),
    *("向日葵", "机器人", "金鱼", "茶壶", "雪人", "孔雀", "石桥", "风车", "lighthouse", "dragon"),
)
PLACES = (
    *("雪地里的", "海边的", "星空下的", "雨后的", "江南水乡的", "沙漠里的", "山顶上的", "花园里的"),
    *("黄昏时分的", "水墨画里的", "秋天的", "清晨薄雾中的"),
)
MANNERS = ("，远山如黛", "，柔和的光", "，细节丰富", "，广角", "，倒影", "，暖色调", "")
TIMES, QUICK_TIMES = 400, 150
PAGE = 10
ENTRIES = 16
"""Entries of a commit, as where older artworks are indexed."""
RETIRED = 3_000
"""Artworks that retention removes while lines are acknowledged."""
SEED = 7


def measure(data: Path, artworks: int, times: int) -> Iterator[Figure]:
    """Fill a store, and measure everything in it."""
    seconds = timed(lambda: asyncio.run(fill(data, artworks)))
    yield Figure(name="artworks", words="artworks in the store", value=artworks, unit="")
    yield Figure(name="fill_s", words="filling it", value=seconds, unit="s")
    size = (data / FILE).stat().st_size / artworks
    words = "database per artwork, with its job, message and words"
    yield Figure(name="bytes_per_artwork", words=words, value=size, unit="B", bar=1200)
    for name, words, found, bar in asyncio.run(pages(data, artworks, times)):
        yield from spread(name, words, found, bar)
    entry_s, words_s = asyncio.run(entering(data, times // 4))
    words = f"an entry of the search index, {ENTRIES} a commit, mean"
    yield Figure(name="search_entry_ms", words=words, value=1000 * entry_s, unit="ms", bar=1)
    words = "telling its words apart, of that"
    yield Figure(name="words_ms", words=words, value=1000 * words_s, unit="ms")
    yield from buttons(data, artworks, 25 * times)
    yield from acknowledged(data, artworks)


# ── the store ────────────────────────────────────────────────────────────────────────────────


def prompt(number: int) -> str:
    """Return the prompt of an artwork; common words and rare ones."""
    rng = Random(number)  # noqa: S311
    words = rng.choice(PLACES) + rng.choice(SUBJECTS) + rng.choice(MANNERS)
    return f"{words}，第{rng.randrange(100_000)}号" if number % 20 == 0 else words


def whose(number: int) -> tuple[str, str]:
    """Return the keys of user and chat; a few draw much, many a little."""
    rng = Random(-number - 1)  # noqa: S311
    user = int(USERS * rng.random() ** 3)
    return f"console:u{user}", f"console:room{user % CHATS}"


JOB = """
INSERT INTO jobs (id, user, user_name, chat, chat_group, reply_to, state, request, cost, attempts,
                  created_at, claimed_at, drawn_at, ended_at)
VALUES (?1, ?2, ?2, ?3, 1, 'm' || ?1, 'delivered', ?4, 0.5, 1, ?5, ?5 + 1, ?5 + 9, ?5 + 10)
"""
MESSAGE = "INSERT INTO messages (chat, message, job_id) VALUES (?, ?, ?)"
ARTWORK = """
INSERT INTO artworks (id, job_id, number, recipe, path, sha256, owner, made_at, parent_id, chat,
                      bytes)
VALUES (?1, ?1, 0, ?2, '', ?3, ?4, ?5, ?6, ?7, 40000)
"""
FAVOUR = "INSERT INTO favourites (user, artwork_id, at) VALUES (?, ?, ?)"
CHUNK = 5_000


def job(id_: int, made_at: float) -> tuple[object, ...]:
    """Return the row of a job."""
    request = Request(prompt=prompt(id_), styles=styles(id_), width=512, height=512, seed=id_)
    return (id_, *whose(id_), compact(request), made_at)


def message(id_: int, _: float) -> tuple[object, ...]:
    """Return the row of the message that showed its picture."""
    return (whose(id_)[1], f"r{id_}", id_)


def artwork(id_: int, made_at: float) -> tuple[object, ...]:
    """Return the row of its artwork."""
    recipe = Recipe(
        model="mini", prompt=prompt(id_), avoid="文字，水印", width=512, height=512, steps=20,
        guidance=4.0, sampler="dpmpp_2m", seed=id_,
    )  # fmt: skip
    user, chat = whose(id_)
    parent = id_ - 7 if id_ % 10 == 0 and id_ > 7 else None
    return (id_, compact(recipe), digest(str(id_).encode()), user, made_at, parent, chat)


def entry(id_: int) -> str:
    """Return its entry in the search index."""
    said = words_of(prompt(id_))
    user, chat = whose(id_)
    return " ".join((search.of_user(user), search.of_chat(chat), *said, *styles(id_)))


def styles(id_: int) -> tuple[str, ...]:
    """Return the styles of an artwork."""
    return ("水墨",) if id_ % 3 == 0 else ()


words_of = lru_cache(maxsize=1 << 16)(search.tokens)
"""Prompts come again and again here, and are told apart once."""


async def fill(data: Path, artworks: int) -> None:
    """Make a store with so many artworks, each of a job and with a message."""
    now = time.time()

    async def some(db: Connection, first: int) -> None:
        ids = range(first, min(first + CHUNK, artworks + 1))
        for statement, row in ((JOB, job), (MESSAGE, message), (ARTWORK, artwork)):
            await db.executemany(
                statement, [row(id_, now - (artworks - id_) * 30.0) for id_ in ids]
            )
        await db.executemany(ENTER_WORDS, [(id_, entry(id_)) for id_ in ids])
        favourites = [(f"console:u{id_ % 97}", id_, now) for id_ in ids if id_ % FAVOURITE == 0]
        await db.executemany(FAVOUR, favourites)

    async with opened(data) as store:
        for first in range(1, artworks + 1, CHUNK):
            await store.write(some, first)


@asynccontextmanager
async def opened(data: Path) -> AsyncGenerator[Store]:
    """Open the store for the time of a measurement."""
    store = await Store.open(data, LIMITS, [PLATFORM], time.time)
    try:
        yield store
    finally:
        await store.close()


# ── pages ────────────────────────────────────────────────────────────────────────────────────

LIKE = """
SELECT * FROM artworks WHERE chat = ? AND json_extract(recipe, '$.prompt') LIKE ? AND id < ?
ORDER BY id DESC LIMIT ?
"""


class Visitor:
    """Looks at pages: anyone's, the first or a later one."""

    def __init__(self, store: Store, artworks: int) -> None:
        self._store, self._gallery, self._artworks = store, store.gallery, artworks
        self._rng = Random(SEED)  # noqa: S311

    async def history(self) -> None:
        """Look at one's own."""
        user, _, before = self._anyone()
        await self._store.read(self._gallery.of_user, user, before, PAGE)

    async def chat(self) -> None:
        """Look at a chat's."""
        _, where, before = self._anyone()
        await self._store.read(self._gallery.of_chat, where, before, PAGE)

    async def favourites(self) -> None:
        """Look at favourites."""
        user, (_, _, before) = f"console:u{self._rng.randrange(97)}", self._anyone()
        await self._store.read(self._gallery.favourites, user, before, PAGE)

    async def own(self) -> None:
        """Search among one's own."""
        user, _, before = self._anyone()
        await self._store.read(
            self._gallery.search, self._asked(), user=user, before=before, limit=PAGE
        )

    async def here(self) -> None:
        """Search in a chat."""
        _, where, before = self._anyone()
        await self._store.read(
            self._gallery.search, self._asked(), chat=where, before=before, limit=PAGE
        )

    async def family(self) -> None:
        """Look what a picture came from, and what came from it."""
        user, where = whose(id_ := self._rng.randrange(1, self._artworks + 1))
        await self._store.read(self._gallery.ancestors, id_, user, where)
        await self._store.read(self._gallery.children, id_, user, where)

    async def like(self) -> None:
        """Search in a chat without an index of words."""
        _, where, _ = self._anyone()
        values = (where, f"%{self._rare()}%", self._artworks, PAGE)

        async def read(db: Connection) -> None:
            await db.execute_fetchall(LIKE, values)

        await self._store.read(read)

    def _anyone(self) -> tuple[str, str, int | None]:
        user, chat = whose(self._rng.randrange(1, self._artworks + 1))
        later = self._rng.randrange(1, self._artworks + 1)
        return user, chat, self._rng.choice((None, later))

    def _asked(self) -> str:
        """Return what is searched for: common words, several, beginnings, rare ones."""
        subject, place = self._rng.choice(SUBJECTS), self._rng.choice(PLACES)
        common = (subject, f"{place}{subject}", subject[:1], f"水墨 {subject}", "的")
        return self._rng.choice((*common, self._rare()))

    def _rare(self) -> str:
        return f"第{self._rng.randrange(100_000)}号"


async def pages(
    data: Path, artworks: int, times: int
) -> list[tuple[str, str, list[float], float | None]]:
    """Return name, words, seconds and bar of each kind of page."""
    async with opened(data) as store:
        visitor = Visitor(store, artworks)
        await visitor.own()  # the dictionary is loaded
        found: list[tuple[str, str, list[float], float | None]] = []
        for name, words, look, bar in (
            ("history", "a page of one's history", visitor.history, 20.0),
            ("gallery", "a page of a chat's gallery", visitor.chat, 20.0),
            ("favourites", "a page of favourites", visitor.favourites, 20.0),
            ("search", "a search among one's own", visitor.own, 20.0),
            ("search_chat", "a search in a chat", visitor.here, 20.0),
            ("family", "a family tree, both ways", visitor.family, 20.0),
            ("like", "a search by LIKE, for comparison", visitor.like, None),
        ):
            runs = times if bar else times // 10
            found.append((name, words, [await seconds_of(look) for _ in range(runs)], bar))
        return found


async def entering(data: Path, times: int) -> tuple[float, float]:
    """Return the seconds of an entry in the index, on disk and words and all; of words alone."""
    texts = [f"{prompt(number)}，{number}" for number in range(ENTRIES * times)]
    began = time.perf_counter()
    for number, text in enumerate(texts):
        search.entry(text, *whose(number))
    words_s = time.perf_counter() - began
    segment.words.cache_clear()

    async def enter(db: Connection, first: int) -> None:
        for number in range(first, first + ENTRIES):
            await db.execute(
                ENTER_WORDS, (10**9 + number, search.entry(texts[number], *whose(number)))
            )

    async with opened(data) as store:
        began = time.perf_counter()
        for first in range(0, len(texts), ENTRIES):
            await store.write(enter, first)
        return (time.perf_counter() - began) / len(texts), words_s / len(texts)


# ── buttons ──────────────────────────────────────────────────────────────────────────────────


class Pressed(FakeAdapter):
    """Reads presses in any chat."""

    def to_event(self, body: bytes) -> Press:
        """Return the press in "id user chat action"."""
        id_, user, chat, action = body.decode().split(" ")
        return Press(
            id=id_,
            user=User(PLATFORM, user.removeprefix(f"{PLATFORM}:")),
            chat=Chat(PLATFORM, chat.removeprefix(f"{PLATFORM}:"), group=True),
            action=Action.unpack(action),
        )


async def pressing(
    data: Path, presses: list[tuple[str, str, Action]]
) -> tuple[list[str], list[float], int]:
    """Press buttons; return what is said of each, how long it took, and how many jobs it made."""
    told, seconds = list[str](), list[float]()
    async with opened(data) as store:
        app = App(
            store,
            {PLATFORM: Pressed()},
            Styles.load(),
            Rules(policy=policy(Config())),
            Pace(time.monotonic),
            partial(next, count(1)),
        )
        before = await store.read(number_of_jobs)
        for number, (user, chat, action) in enumerate(presses):
            id_ = f"{len(presses)}.{number}"
            body = f"{id_} {user} {chat} {action.pack()}".encode()
            began = time.perf_counter()
            await app.hear(PLATFORM, id_, body)
            update = await store.read(store.inbox.next)
            assert update is not None
            await app.receive(update)
            seconds.append(time.perf_counter() - began)
            told.append(await store.read(last_said))
        return told, seconds, await store.read(number_of_jobs) - before


async def number_of_jobs(db: Connection) -> int:
    """Count jobs."""
    return next(row[0] for row in await db.execute_fetchall("SELECT max(id) FROM jobs"))


async def last_said(db: Connection) -> str:
    """Return the newest reply, as JSON."""
    newest = "SELECT reply FROM outbox ORDER BY id DESC LIMIT 1"
    return next(row[0] for row in await db.execute_fetchall(newest))


def buttons(data: Path, artworks: int, times: int) -> Iterator[Figure]:
    """Press buttons of any artworks after the store was closed, then ones that must do nothing."""
    rng = Random(SEED)  # noqa: S311
    ids = [rng.randrange(1, artworks + 1) for _ in range(times)]
    told, seconds, _ = asyncio.run(
        pressing(data, [(*whose(id_), Action(Verb.INFO, id_)) for id_ in ids])
    )
    found = sum(f"编号 {id_}" in words for id_, words in zip(ids, told, strict=True))
    words = f"buttons that find their artwork after a restart, of {times:,}"
    yield Figure(name="buttons", words=words, value=found, unit="", bar=float(times), at_least=True)
    yield Figure(name="press_p95_ms", words="a press to its answer on disk, p95", unit="ms",
                 value=1000 * quantiles(seconds, n=20)[-1])  # fmt: skip
    idle = [press for id_ in ids[: times // 10] for press in of_no_use(id_, artworks)]
    told, _, made = asyncio.run(pressing(data, idle))
    refused = sum("编号" not in words or "找不到" in words for words in told)
    words = f"buttons of others, of other chats, or of what is gone, refused of {len(idle):,}"
    yield Figure(
        name="refused", words=words, value=refused, unit="", bar=float(len(idle)), at_least=True
    )
    yield Figure(name="refused_jobs", words="jobs that those made", value=made, unit="", bar=0.0)


def of_no_use(id_: int, artworks: int) -> list[tuple[str, str, Action]]:
    """Return presses on an artwork that must do nothing."""
    user, chat = whose(id_)
    return [
        ("console:stranger", chat, Action(Verb.VARY, id_)),
        (user, "console:elsewhere", Action(Verb.UPSCALE, id_, "2")),
        (user, chat, Action(Verb.INFO, artworks + 10**6 + id_)),
        (user, chat, Action(Verb.WEAR, id_, "0" * 12)),
    ]


# ── acknowledging ────────────────────────────────────────────────────────────────────────────


def acknowledged(data: Path, artworks: int) -> Iterator[Figure]:
    """Acknowledge lines by themselves, while retention removes, and while a backup is written."""
    alone, during, removed, backed_up, seconds = asyncio.run(talking(data, artworks))
    words = "a line to its acknowledgement on disk, nothing else going on, p99"
    yield Figure(name="ack_alone_p99_ms", words=words, value=p99_ms(alone), unit="ms")
    words = f"while retention removes {removed} artworks, p99"
    yield Figure(name="ack_retention_p99_ms", words=words, value=p99_ms(during), unit="ms", bar=100)
    words = f"while a backup is written ({seconds:.1f} s), p99"
    yield Figure(name="ack_backup_p99_ms", words=words, value=p99_ms(backed_up), unit="ms", bar=100)
    for name, found in (("alone", alone), ("retention", during), ("backup", backed_up)):
        yield Figure(name=f"acks_{name}", words=f"lines, {name}", value=len(found), unit="")


async def talking(
    data: Path, artworks: int
) -> tuple[list[float], list[float], int, list[float], float]:
    """Return the seconds of lines: alone, during retention, during a backup; and what these did."""
    numbers = count()
    async with opened(data) as store:
        app = App(
            store,
            {PLATFORM: FakeAdapter()},
            Styles.load(),
            Rules(policy=policy(Config())),
            Pace(time.monotonic),
            partial(next, count(1)),
        )
        say = partial(answer, app, store, numbers)
        alone = [await say() for _ in range(200)]
        retired = min(RETIRED, artworks // 4)
        oldest = await put_files(store, retired)
        days = int((time.time() - oldest[-1].made_at) / 86400)
        upkeep = Upkeep(store, await aged(store, oldest, days))
        during, removed = await beside(upkeep.retain(), say)
        began = time.perf_counter()
        backed_up, _ = await beside(in_a_thread(data), say)
        return alone, during, removed, backed_up, time.perf_counter() - began


async def put_files(store: Store, number: int) -> list[Artwork]:
    """Give the oldest artworks files, and return them, oldest first."""
    found = await store.read(store.gallery.get, range(1, number + 1))
    for artwork in found:
        for file in store.gallery.pictures.files(artwork.path):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"\0" * 20_000)
    return list(found)


async def aged(store: Store, oldest: list[Artwork], days: int) -> GalleryConfig:
    """Make those older than all others by far, and return the config that lets just them go."""

    async def back(db: Connection) -> None:
        await db.execute(
            "UPDATE artworks SET made_at = made_at - 1e9 WHERE id <= ?", (oldest[-1].id,)
        )

    await store.write(back)
    return GalleryConfig(days=days + 5000)


async def in_a_thread(data: Path) -> int:
    """Write a backup beside the data folder."""
    return await asyncio.to_thread(back_up, data, data.with_name("backup.tar"))


async def beside(work: Awaitable[T], say: Callable[[], Awaitable[float]]) -> tuple[list[float], T]:
    """Say lines until some work is done, and return their seconds and what it made."""
    task, found = asyncio.ensure_future(work), list[float]()
    while not task.done():
        found.append(await say())
    return found, task.result()


async def answer(app: App, store: Store, numbers: Iterator[int]) -> float:
    """Return the seconds from a line to the commit of its answer."""
    number = next(numbers)
    began = time.perf_counter()
    line = from_line(prompt(number + 1), f"b{number}", f"u{number * 41}")
    await app.hear(PLATFORM, f"b{number}", line)
    update = await store.read(store.inbox.next)
    assert update is not None
    await app.receive(update)
    return time.perf_counter() - began


# ── tools ────────────────────────────────────────────────────────────────────────────────────


async def seconds_of(work: Callable[[], Awaitable[object]]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def p99_ms(seconds: list[float]) -> float:
    """Return the 99th percentile, milliseconds."""
    return 1000 * (quantiles(seconds, n=100)[-1] if len(seconds) > 1 else seconds[0])


def spread(name: str, words: str, seconds: list[float], bar: float | None) -> Iterator[Figure]:
    """Tell the 95th percentile, against the bar, and the median."""
    p95_ms = quantiles(seconds, n=20)[-1] * 1000
    yield Figure(name=f"{name}_p95_ms", words=f"{words}, p95", value=p95_ms, unit="ms", bar=bar)
    middle = median(seconds) * 1000
    yield Figure(name=f"{name}_median_ms", words="median", value=middle, unit="ms")


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--artworks", type=int, metavar="N", help=f"how many ({ARTWORKS})")
    given = parser.parse_args()
    artworks = given.artworks or (QUICK if given.quick else ARTWORKS)
    times = QUICK_TIMES if given.quick else TIMES
    with tempfile.TemporaryDirectory(prefix="danqing-studio-") as folder:
        figures = measure(Path(folder) / "data", artworks, times)
        report("the gallery", figures, given.json)


if __name__ == "__main__":
    main()
