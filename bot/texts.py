"""Every reply, in the bot's own words."""

from collections.abc import Mapping, Sequence

from bot import menu
from bot.action import Action, Verb
from bot.artwork import Artwork
from bot.event import Press
from bot.follow import Revision
from bot.job import Job, Place
from bot.quota import Limits, Used
from bot.receipt import BETWEEN, SHAPES, Fact, facts, written
from bot.reply import Button, Reply
from bot.request import Request
from bot.settings import Settings
from generation.errors import (
    BadRecipe,
    BrokenLora,
    BrokenModel,
    BrokenUpscaler,
    EngineAbsent,
    EngineError,
    EngineLost,
    OutOfMemory,
    UnknownLora,
    UnknownModel,
)

MARK = "（AI生成）"
"""What every message with pictures ends with: the label of the interface."""

SHOWN = 60
"""Characters of a prompt that an answer repeats."""

MINUTE_S, HOUR_S = 60, 3600

REGRETS: Mapping[type[EngineError], str] = {
    UnknownModel: "画它要用的模型还没有安装，请换个画风，或告诉管理员",
    BrokenModel: "画它要用的模型坏了，请换个画风，或告诉管理员",
    UnknownLora: "这个画风要用的 LoRA 还没有安装，请换个画风，或告诉管理员",
    BrokenLora: "这个画风要用的 LoRA 坏了，或不是给它的模型的，请换个画风，或告诉管理员",
    BrokenUpscaler: "放大用的网络还没有安装，或者坏了，请不放大再画，或告诉管理员",
    BadRecipe: "这样画不出来，换个说法试试",
    OutOfMemory: "画面太大，内存不够，请画小一点",
    EngineAbsent: "引擎起不来，已经记下来给管理员看，请稍后再试",
    EngineLost: "画了几次，引擎都中途停了，换个说法试试",
}


def accepted(
    job: Job,
    asked: Request,
    place: Place,
    seconds: float | None,
    made: Revision | None = None,
    left: int | None = None,
) -> Reply:
    """The request is in the queue: what was understood, and when it is drawn.

    Args:
        job: As it will be drawn.
        asked: As it was said.
        place: What comes before it.
        seconds: Until it is done, if that can be told.
        made: What it was derived from, and how.
        left: Pictures that the user may still ask for today, if there is a limit.
    """
    head = f"收到 #{job.id}：{_prompt(job.request)}\n"
    told = [_from(made), made.difference] if made else []
    wait = [_place(place), *([] if seconds is None else [f"约 {_duration(seconds)}"])]
    if left is not None:
        wait.append(f"今天还剩 {left} 张")
    understood = facts(asked, job.request, made and made.before)
    line, struck = written([*map(Fact, filter(None, told)), *understood, *map(Fact, wait)])
    notes = "".join(f"\n· {note}" for note in job.request.notes)
    cancel = Button("取消", Action(Verb.CANCEL, job.id))
    return Reply(
        text=head + line + notes,
        struck=tuple((len(head) + start, len(head) + end) for start, end in struck),
        buttons=((cancel,),),
        to=job.reply_to,
    )


def waiting(job: Job, place: Place, seconds: float | None) -> str:
    """Where a job is in the queue, as one line."""
    wait = [_place(place), *([] if seconds is None else [f"约 {_duration(seconds)}"])]
    return BETWEEN.join([f"#{job.id} {_shown(job)}", *wait])


def drawing(job: Job) -> str:
    """A job that is being drawn, as one line."""
    return BETWEEN.join([f"#{job.id} {_shown(job)}", "正在画"])


def finished(job: Job, artworks: tuple[Artwork, ...], notes: tuple[str, ...] = ()) -> Reply:
    """The pictures are done; the notes say what was changed to fit."""
    lines = [f"画好了 #{job.id}：{_shown(job)}", *(f"· {note}" for note in notes)]
    return Reply(
        text="\n".join(lines) + MARK,
        artworks=artworks,
        buttons=menu.under(job, artworks),
        to=job.reply_to,
    )


def failed(job: Job, error: Exception) -> Reply:
    """The engine could not draw it."""
    reasons = (words for kind, words in REGRETS.items() if isinstance(error, kind))
    reason = next(reasons, "出了点意外，已经记下来了")
    if isinstance(error, BadRecipe) and str(error):
        reason = f"{reason}（{error}）"  # its words are for the user
    redo = Button("再试一次", Action(Verb.REDO, job.id))
    return Reply(text=f"#{job.id} 没画成：{reason}", buttons=((redo,),), to=job.reply_to)


def cancelled(job: Job, to: str) -> Reply:
    """The job is stopped."""
    return Reply(text=f"#{job.id} 已取消", to=to)


def offered(question: str, buttons: menu.Rows, press: Press) -> Reply:
    """There is more than one way to do it."""
    return Reply(text=question, buttons=buttons, to=press.id)


def one_of(artwork: Artwork, buttons: menu.Rows, press: Press) -> Reply:
    """All that can be done to one picture of several."""
    words = f"第 {artwork.number + 1} 张，编号 {artwork.id}"
    return Reply(text=words, buttons=buttons, to=press.id)


def to_edit(line: str, press: Press) -> Reply:
    """The picture can be changed in words, or by the line that it was made of."""
    words = "回复这条消息，说要改什么（例如：换成水墨，加一只猫，竖版）；或者改好这一行再发一次："
    return Reply(text=f"{words}\n{line}", to=press.id)


def made_of(artwork: Artwork, line: str, press: Press) -> Reply:
    """What a picture was made of; the last line asks for it again."""
    recipe = artwork.recipe
    width, height = recipe.picture_px
    told = [
        f"编号 {artwork.id}",
        f"{width}×{height}",
        f"模型 {recipe.model}",
        f"{recipe.steps} 步",
        f"引导 {recipe.guidance:g}",
        f"采样器 {recipe.sampler}",
        f"种子 {recipe.seed}",
        *(f"LoRA {name} {weight:g}" for name, weight in recipe.loras.items()),
    ]
    lines = [
        BETWEEN.join(told),
        *(["从一张图画起，下面这一行不带那张图："] if recipe.source else []),
    ]
    return Reply(text="\n".join([*lines, line]), to=press.id)


def original(artwork: Artwork, press: Press) -> Reply:
    """The file itself."""
    return Reply(text=f"原图{MARK}", artworks=(artwork,), originals=True, to=press.id)


def favoured(artwork: Artwork, press: Press, *, now: bool) -> Reply:
    """The picture is a favourite, or not any more."""
    words = "已收藏" if now else "不再收藏"
    return Reply(text=f"{words}编号 {artwork.id}", to=press.id)


def deleted(artwork: Artwork, press: Press) -> Reply:
    """The picture is gone."""
    return Reply(text=f"编号 {artwork.id} 已经删掉了", to=press.id)


def listed(artworks: Sequence[Artwork], buttons: menu.Rows, to: str) -> Reply:
    """Pictures with their numbers."""
    lines = [f"{artwork.id} · {_short(artwork.recipe.prompt)}" for artwork in artworks]
    lines.append("/查看 编号 看其中一张")
    return Reply(text="\n".join(lines) + MARK, artworks=tuple(artworks), buttons=buttons, to=to)


def shown(artwork: Artwork, buttons: menu.Rows, to: str) -> Reply:
    """One picture."""
    words = f"{artwork.id} · {_short(artwork.recipe.prompt)}{MARK}"
    return Reply(text=words, artworks=(artwork,), buttons=buttons, to=to)


def settings(found: Settings, how: str, to: str) -> Reply:
    """What somebody wants where they say nothing."""
    told = [
        f"风格：{'＋'.join(found.styles) or '不定'}",
        f"形状：{SHAPES.get(found.aspect, found.aspect) if found.aspect else '不定'}",
        f"不要：{found.avoid.replace(',', '、') or '不定'}",
    ]
    lines = ["没说的时候：", *(f"  {line}" for line in told), *filter(None, [how])]
    return Reply(text="\n".join(lines), to=to)


def quota(used: Used, limits: Limits, to: str) -> Reply:
    """What somebody has had today, and may still have."""
    lines = [f"今天画了 {used.pictures} 张，用了 {used.seconds:.0f} 秒"]
    if limits.pictures:
        lines.append(
            f"每天 {limits.pictures} 张，还剩 {max(0, limits.pictures - used.pictures)} 张"
        )
    if limits.seconds:
        rest = max(0.0, limits.seconds - used.seconds)
        lines.append(f"每天 {limits.seconds:g} 秒，还剩 {rest:.0f} 秒")
    if limits.cooldown_s:
        lines.append(f"两次之间隔 {limits.cooldown_s:g} 秒")
    if len(lines) == 1:
        lines.append("没有限制，画吧")
    return Reply(text="\n".join(lines), to=to)


def refused(words: str, to: str) -> Reply:
    """The request cannot be taken, and why."""
    return Reply(text=words, to=to)


def apology(to: str | None = None) -> Reply:
    """Something is wrong with the bot itself."""
    return Reply(text="这句话我处理时出错了，已经记下来给管理员看，换个说法试试？", to=to)


def _shown(job: Job) -> str:
    request = job.request
    told = [*request.styles, *([f"{request.count} 张"] if request.count > 1 else [])]
    return _prompt(request) + (f"（{'，'.join(told)}）" if told else "")


def _prompt(request: Request) -> str:
    return _short(request.prompt) or "照原图"


def _short(prompt: str) -> str:
    return prompt if len(prompt) <= SHOWN else prompt[: SHOWN - 1] + "…"


def _from(made: Revision) -> str:
    which = "" if made.parent.number is None else f" 第 {made.parent.number + 1} 张"
    return f"改自 #{made.parent.job_id}{which}"


def _place(place: Place) -> str:
    """Say what comes first: other people, or else what oneself has asked for before."""
    if place.people:
        return f"前面 {place.people} 人"
    return f"前面还有你的 {place.jobs} 个任务" if place.jobs else "马上开始"


def _duration(seconds: float) -> str:
    if seconds < MINUTE_S:
        return f"{max(1, round(seconds))} 秒"
    if seconds < HOUR_S:
        return f"{round(seconds / MINUTE_S)} 分钟"
    return f"{seconds / HOUR_S:.1f} 小时"
