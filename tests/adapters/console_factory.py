"""Replies and statuses for tests of the terminal; a test names only what matters to it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, Unpack

from adapters.console.inbound import CHAT
from bot.action import Action, Verb
from bot.artwork import Artwork
from bot.form import Field, Form
from bot.reply import Button, Delivery, Reply, Status
from generation.recipe import Preview, Recipe

REDO = Button("再来一张", Action(Verb.REDO, 7))
CANCEL = Button("取消", Action(Verb.CANCEL, 8))


class Facts(TypedDict, total=False):
    """Of a status."""

    ahead: int
    seconds_left: float | None
    number: int
    count: int
    step: int
    steps: int
    paused: str | None
    preview: Preview | None


def a_delivery(  # noqa: PLR0913  all but one are named
    text: str = "画好了 #7：雪地里的企鹅",
    *,
    artworks: Sequence[Artwork] = (),
    buttons: Sequence[Sequence[Button]] = (),
    job_id: int | None = 7,
    last: bool = False,
    repeated: bool = False,
    struck: tuple[tuple[int, int], ...] = (),
    form: Form | None = None,
) -> Delivery:
    reply = Reply(
        text=text,
        artworks=tuple(artworks),
        buttons=tuple(tuple(row) for row in buttons),
        to="m1",
        struck=struck,
        form=form,
    )
    return Delivery(id=1, chat=CHAT, reply=reply, job_id=job_id, last=last, repeated=repeated)


def an_artwork(path: Path = Path("data/gallery/00/11.png"), *, seed: int = 42) -> Artwork:
    recipe = Recipe(
        model="mini",
        prompt="雪地里的企鹅",
        width=128,
        height=192,
        steps=20,
        guidance=5.0,
        sampler="euler",
        seed=seed,
    )
    return Artwork(
        id=11, job_id=7, recipe=recipe, path=path, sha256="00", owner="console:阿青", made_at=0.0
    )


def a_form(prompt: str = "雪地里的企鹅", *, target: int = 12) -> Form:
    fields = (
        Field(name="prompt", label="描述", value=prompt, most=1000, help="画什么"),
        Field(name="style", label="风格", value="水墨", choices=("水墨", "水彩", "油画")),
        Field(name="seed", label="种子", help="空着就换一颗"),
    )
    return Form(action=Action(Verb.EDIT, target), title=f"改一改编号 {target}", fields=fields)


def a_status(job_id: int = 7, **facts: Unpack[Facts]) -> Status:
    return Status(job_id=job_id, chat=CHAT, **facts)


def a_preview(width: int = 4, height: int = 4) -> Preview:
    return Preview(width=width, height=height, rgb=bytes(range(3 * width * height)))
