"""/溯源: what a picture came from and what came from it, as a tree of pictures."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from aiosqlite import Connection
from PIL import Image

from bot import lineage, texts
from bot.action import Action, Verb
from bot.artwork import Artwork
from bot.command import Call, Command, Desk
from bot.difference import difference
from bot.errors import LabelMissing, NoSuchPicture
from bot.follow import only
from bot.game.weight import plain
from bot.label import assembled, packet_of
from bot.lineage import Family
from bot.reply import Button, Plate, Reply, in_rows
from bot.request import Request
from bot.store.store import Store
from bot.wording import say

SHOWN = 24
"""Characters of a prompt or of what was changed that are told."""
IN_A_ROW = 5


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """Show the family tree of a picture: by its number, or of the one that is answered.

    Raises:
        NoSuchPicture: There is none of that number that whoever asks may see.
    """
    gallery, who = desk.store.gallery, (call.user.key, call.chat.key)
    artwork = await gallery.seen(db, await _asked(desk.store, db, call), *who)
    if artwork is None:
        raise NoSuchPicture(say("找不到这张画"))
    ancestors = await gallery.ancestors(db, artwork.id, *who)
    kin = lineage.family(artwork, ancestors, await gallery.children(db, artwork.id, *who))
    if len(kin.members) == 1:
        words = "编号 {id} 不是从别的画改来的，也还没有从它改出来的画"
        return Reply(text=say(words, id=artwork.id), to=call.id)
    changed = {one.id: await _changed(desk.store, db, one, kin) for one in kin.members.values()}
    plate = await asyncio.to_thread(_drawn, desk.store, kin, changed)
    return Reply(text=_told(kin, changed), plate=plate, buttons=_buttons(kin), to=call.id)


async def _asked(store: Store, db: Connection, call: Call) -> int:
    """Return the number of the picture that is meant; 0 if none is."""
    if call.argument or not call.reply_to:
        return call.number
    about = await store.queue.about(db, call.chat, call.reply_to)
    artworks = await store.gallery.of(db, about.job_id) if about else ()
    number = about.number if about and about.number else 0
    return next((one.id for one in artworks if one.number == number), 0)


async def _changed(store: Store, db: Connection, artwork: Artwork, kin: Family) -> str:
    """Return what was changed in a picture, or what the first of the tree shows."""
    request, before = await _requests(store, db, artwork)
    if request is None or before is None or artwork.id == kin.root:
        return _short(plain(artwork.recipe.prompt))
    return _short(difference(_unweighed(before), _unweighed(request)))


def _unweighed(request: Request) -> Request:
    """Return a request without weights: as a step goes on, they change in all words before it."""
    return replace(request, prompt=plain(request.prompt))


async def _requests(
    store: Store, db: Connection, artwork: Artwork
) -> tuple[Request | None, Request | None]:
    """Return what a picture was asked for with, and what that came from."""
    job = await store.queue.get(db, artwork.job_id)
    if job is None:
        return None, None
    request = only(job.request, artwork.number)
    above = None if job.parent is None else await store.queue.get(db, job.parent.job_id)
    if above is None or job.parent is None:
        return request, None
    return request, only(above.request, job.parent.number or 0)


def _drawn(store: Store, kin: Family, changed: dict[int, str]) -> Plate | None:
    """Draw the tree; None if no picture of it is left to be drawn."""
    key = repr((kin.asked, kin.children, kin.distant, changed))
    key += "".join(artwork.sha256 for artwork in kin.members.values())
    if (before := store.plates.drawn(key)) is not None:
        return before
    thumbnails: dict[int, Image.Image] = {}
    packet = ""
    for artwork in kin.members.values():
        try:
            path = store.gallery.thumbnail(artwork)
            packet = packet_of(path.read_bytes())
            with Image.open(path, formats=("WEBP",)) as image:
                thumbnails[artwork.id] = image.convert("RGB")
        except (OSError, LabelMissing):
            continue
    if not packet:
        return None
    tree = lineage.drawn(kin, thumbnails, changed)
    return store.plates.keep(key, assembled(tree, packet), tree.size)


def _told(kin: Family, changed: dict[int, str]) -> str:
    """Tell the tree in words, as far as it is shown."""
    lines = [say("编号 {id} 的来历：", id=kin.asked)]
    above = {child: parent for parent, below in kin.children.items() for child in below}
    for id_ in _in_order(kin):
        from_ = f" ← {above[id_]}" if id_ in above else ""
        lines.append(f"  {id_}{from_} · {changed[id_]}")
    if kin.more:
        lines.append(say("还有 {count} 张，图上画不下；/溯源 编号 从那一张看起", count=kin.more))
    return texts.marked("\n".join(lines))


def _buttons(kin: Family) -> tuple[tuple[Button, ...], ...]:
    buttons = [Button(str(id_), Action(Verb.SHOW, id_)) for id_ in _in_order(kin)]
    return in_rows(buttons, IN_A_ROW)


def _in_order(kin: Family) -> Iterable[int]:
    """Yield each after what it came from."""
    waiting = [kin.root]
    while waiting:
        id_ = waiting.pop(0)
        yield id_
        waiting += kin.children.get(id_, [])


def _short(words: str) -> str:
    return words if len(words) <= SHOWN else words[: SHOWN - 1] + "…"


COMMAND = Command(
    names=("溯源", "lineage", "家谱"),
    hint="一张画从哪来、后来改成了什么；后面写编号，或者回复那张画",
    run=run,
    asks="看哪张的来历？例如：/溯源 12（编号在 /历史 里），或者回复那张画说 /溯源",
    answers=True,
)
