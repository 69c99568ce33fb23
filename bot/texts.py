"""Every reply, in the bot's own words."""

from collections.abc import Mapping

from bot.action import Action, Verb
from bot.artwork import Artwork
from bot.follow import Revision
from bot.job import Job, Place
from bot.receipt import Fact, facts, written
from bot.reply import Button, Reply
from bot.request import Request
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
    job: Job, asked: Request, place: Place, seconds: float | None, made: Revision | None = None
) -> Reply:
    """The request is in the queue: what was understood, and when it is drawn.

    Args:
        job: As it will be drawn.
        asked: As it was said.
        place: What comes before it.
        seconds: Until it is done, if that can be told.
        made: What it was derived from, and how.
    """
    head = f"收到 #{job.id}：{_prompt(job.request)}\n"
    told = [_from(made), made.difference] if made else []
    wait = [_place(place), *([] if seconds is None else [f"约 {_duration(seconds)}"])]
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


def finished(job: Job, artworks: tuple[Artwork, ...], notes: tuple[str, ...] = ()) -> Reply:
    """The pictures are done; the notes say what was changed to fit."""
    lines = [f"画好了 #{job.id}：{_shown(job)}", *(f"· {note}" for note in notes)]
    redo = Button("再来一张" if len(artworks) == 1 else "再来一组", Action(Verb.REDO, job.id))
    return Reply(
        text="\n".join(lines) + MARK,
        artworks=artworks,
        buttons=((redo,),),
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
    prompt = request.prompt or "照原图"
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
