"""Every reply, in the bot's own words."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot import link, menu, standing
from bot.action import Action, Verb
from bot.artwork import Artwork
from bot.event import Outsider, Press
from bot.follow import Revision
from bot.form import Form
from bot.job import Job, Place, State
from bot.quota import Left, Limits, Used
from bot.receipt import BETWEEN, Fact, facts, written
from bot.reply import Among, Button, Reply
from bot.request import Request
from bot.settings import Settings, Verbosity
from bot.wording import english, later, retold, say
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

LABEL = later("AI生成")
"""The interface label that stands near every picture (GB 45438-2025)."""

MARK = later("{words}（AI生成）")
"""How every message with pictures ends: the label of the interface."""

SHOWN = 60
"""Characters of a prompt that an answer repeats."""

MINUTE_S, HOUR_S = 60, 3600

REGRETS: Mapping[type[EngineError], str] = {
    UnknownModel: later("画它要用的模型还没有安装，请换个画风，或告诉管理员"),
    BrokenModel: later("画它要用的模型坏了，请换个画风，或告诉管理员"),
    UnknownLora: later("这个画风要用的 LoRA 还没有安装，请换个画风，或告诉管理员"),
    BrokenLora: later("这个画风要用的 LoRA 坏了，或不是给它的模型的，请换个画风，或告诉管理员"),
    BrokenUpscaler: later("放大用的网络还没有安装，或者坏了，请不放大再画，或告诉管理员"),
    BadRecipe: later("这样画不出来，换个说法试试"),
    OutOfMemory: later("画面太大，内存不够，请画小一点"),
    EngineAbsent: later("引擎起不来，已经记下来给管理员看，请稍后再试"),
    EngineLost: later("画了几次，引擎都中途停了，换个说法试试"),
}


def accepted(
    job: Job,
    asked: Request,
    place: Place,
    seconds: float | None,
    made: Revision | None = None,
    left: Left | None = None,
    verbosity: Verbosity = "full",
) -> Reply:
    """The request is in the queue: what was understood, and when it is drawn.

    Args:
        job: As it will be drawn.
        asked: As it was said.
        place: What comes before it.
        seconds: Until it is done, if that can be told.
        made: What it was derived from, and how.
        left: What the user may still have today.
        verbosity: How much of all that is said; what was changed is said in any case.
    """
    head = say("收到 #{job}：{prompt}", job=job.id, prompt=_prompt(job.request)) + "\n"
    if verbosity == "quiet":
        head = say("收到 #{job}", job=job.id) + BETWEEN
    told = [_from(made), made.difference] if made else []
    wait = _wait(place, seconds)
    if left is not None and verbosity != "quiet":
        wait += _left(left)
    understood = [*map(Fact, filter(None, told)), *facts(asked, job.request, made and made.before)]
    line, struck = written([*(understood if verbosity == "full" else []), *map(Fact, wait)])
    until = BETWEEN.join(_wait(place, seconds))
    at = len(head) + line.rindex(until)
    notes = "".join(f"\n· {note}" for note in job.request.notes)
    cancel = Button(say("取消"), Action(Verb.CANCEL, job.id))
    return Reply(
        text=head + line + notes,
        struck=tuple((len(head) + start, len(head) + end) for start, end in struck),
        wait=(at, at + len(until)),
        buttons=((cancel,),),
        to=job.reply_to,
        veiled=job.request.flagged,
    )


def paused(reply: Reply, reason: str) -> Reply:
    """The request is in the queue, but nothing is drawn for now: said in place of the wait."""
    words = pausing(reason)
    if reply.wait is None:
        return replace(reply, text=f"{reply.text}\n· {words}")
    start, end = reply.wait
    text = reply.text[:start] + words + reply.text[end:]
    return replace(reply, text=text, wait=(start, start + len(words)))


def pausing(reason: str) -> str:
    """Nothing is drawn for now."""
    why = say("（{reason}）", reason=reason) if reason else ""
    return say("管理员暂停了画画{why}，恢复后按顺序画", why=why)


def _left(left: Left) -> list[str]:
    told: list[str] = []
    if left.pictures is not None:
        told.append(say("今天还剩 {left} 张", left=left.pictures))
    if left.seconds is not None:
        told.append(say("今天还剩 {left:.0f} 秒", left=left.seconds))
    return told


def waiting(job: Job, place: Place, seconds: float | None) -> str:
    """Where a job is in the queue, as one line."""
    return BETWEEN.join([f"#{job.id} {_shown(job)}", *_wait(place, seconds)])


def drawing(job: Job) -> str:
    """A job that is being drawn, as one line."""
    return BETWEEN.join([f"#{job.id} {_shown(job)}", say("正在画")])


def finished(job: Job, artworks: tuple[Artwork, ...], notes: tuple[str, ...] = ()) -> Reply:
    """The pictures are done; the notes say what was changed to fit."""
    done = say("画好了 #{job}：{what}", job=job.id, what=_shown(job))
    told = [f"· {retold(note)}" for note in notes]
    line = say("#{job}：{what}", job=job.id, what=_shown(job))
    return Reply(
        text=marked("\n".join([done, *told])),
        artworks=artworks,
        buttons=menu.under(job, artworks),
        to=job.reply_to,
        among=Among(
            user=job.user.key, name=job.user.name or job.user.id, text="\n".join([line, *told])
        ),
    )


def failed(job: Job, error: Exception) -> Reply:
    """The engine could not draw it."""
    reason = regret(error)
    redo = Button(say("再试一次"), Action(Verb.REDO, job.id))
    text = say("#{job} 没画成：{reason}", job=job.id, reason=reason)
    return Reply(text=text, buttons=((redo,),), to=job.reply_to)


def regret(error: Exception) -> str:
    """Why something was not drawn."""
    reasons = (say(words) for kind, words in REGRETS.items() if isinstance(error, kind))
    reason = next(reasons, say("出了点意外，已经记下来了"))
    if isinstance(error, BadRecipe) and str(error):  # its words are for the user
        return say("{reason}（{detail}）", reason=reason, detail=retold(str(error)))
    return reason


def cancelled(job: Job, to: str) -> Reply:
    """The job is stopped."""
    return Reply(text=say("#{job} 已取消", job=job.id), to=to)


def offered(question: str, buttons: menu.Rows, press: Press) -> Reply:
    """There is more than one way to do it."""
    return Reply(text=question, buttons=buttons, to=press.id)


def one_of(artwork: Artwork, buttons: menu.Rows, press: Press) -> Reply:
    """All that can be done to one picture of several."""
    words = say("第 {number} 张，编号 {id}", number=artwork.number + 1, id=artwork.id)
    return Reply(text=words, buttons=buttons, to=press.id)


def to_edit(form: Form, press: Press) -> Reply:
    """The picture can be changed in a form, or in words."""
    how = say("不动的照旧；也可以回复那张画，说要改什么（例如：换成水墨，加一只猫，竖版）")
    return Reply(text=f"{form.title}\n{how}", form=form, to=press.id)


def to_fill_in_again(words: str, form: Form, to: str) -> Reply:
    """What was filled in cannot be taken, and why; it is still in the form."""
    return Reply(text=words, form=form, to=to)


def ordered_already(job: Job, place: Place, seconds: float | None, to: str) -> Reply:
    """What is asked for is on its way already."""
    if job.state is State.QUEUED:
        where = BETWEEN.join(_wait(place, seconds))
        return refused_aside(say("#{job} 就是它，已经在排队：{where}", job=job.id, where=where), to)
    return refused_aside(say("#{job} 就是它，正在画，好了再按吧", job=job.id), to)


def made_of(artwork: Artwork, line: str, press: Press) -> Reply:
    """What a picture was made of; the last line asks for it again."""
    recipe = artwork.recipe
    width, height = recipe.picture_px
    told = [
        say("编号 {id}", id=artwork.id),
        f"{width}×{height}",
        say("模型 {name}", name=recipe.model),
        say("{steps} 步", steps=recipe.steps),
        say("引导 {weight:g}", weight=recipe.guidance),
        say("采样器 {name}", name=recipe.sampler),
        say("种子 {seed}", seed=recipe.seed),
        *(f"LoRA {name} {weight:g}" for name, weight in recipe.loras.items()),
    ]
    lines = [
        BETWEEN.join(told),
        *([say("从一张图画起，下面这一行不带那张图：")] if recipe.source else []),
    ]
    return Reply(text="\n".join([*lines, line]), to=press.id, link=link.to(artwork))


def original(artwork: Artwork, press: Press) -> Reply:
    """The file itself."""
    return Reply(text=marked(say("原图")), artworks=(artwork,), originals=True, to=press.id)


def favoured(artwork: Artwork, press: Press, *, now: bool) -> Reply:
    """The picture is a favourite, or not any more."""
    words = (
        say("已收藏编号 {id}", id=artwork.id) if now else say("不再收藏编号 {id}", id=artwork.id)
    )
    return Reply(text=words, to=press.id, aside=True)


def deleted(artwork: Artwork, press: Press) -> Reply:
    """The picture is gone."""
    return Reply(text=say("编号 {id} 已经删掉了", id=artwork.id), to=press.id)


def listed(artworks: Sequence[Artwork], buttons: menu.Rows, to: str) -> Reply:
    """Pictures with their numbers."""
    lines = [f"{artwork.id} · {_short(artwork.recipe.prompt)}" for artwork in artworks]
    lines.append(say("/查看 编号 看其中一张"))
    return Reply(text=marked("\n".join(lines)), artworks=tuple(artworks), buttons=buttons, to=to)


def shown(artwork: Artwork, buttons: menu.Rows, to: str) -> Reply:
    """One picture."""
    words = marked(f"{artwork.id} · {_short(artwork.recipe.prompt)}")
    return Reply(text=words, artworks=(artwork,), buttons=buttons, to=to)


def settings(mine: Settings, here: Settings, to: str, *, group: bool, how: bool) -> Reply:
    """What somebody wants where they say nothing, whose wish that is, and how to change it.

    Args:
        mine: Their own settings.
        here: The chat's.
        to: The message that is answered.
        group: Whether others are in the chat.
        how: Whether to say how.
    """
    told = standing.lines(mine, here, group=group)
    lines = [say("没说的时候："), *(f"  {line}" for line in told)]
    if how:
        words = later(
            "改自己的：/设置 水墨风，竖版，两张，不要文字，简短，英文；/设置 预览 关；/设置 清除"
        )
        lines.append(say(words))
    if how and group:
        lines.append(say("改本群的（群主和管理员）：/设置 本群 预览 开，按钮 共享"))
        lines.append(say("局的规矩：/设置 本群 局 8 棒，60 秒；/设置 本群 开局 管理员"))
    return Reply(text="\n".join(lines), to=to)


def quota(used: Used, limits: Limits, to: str) -> Reply:
    """What somebody has had today, and may still have."""
    lines = [
        say(
            "今天画了 {pictures} 张，用了 {seconds:.0f} 秒",
            pictures=used.pictures,
            seconds=used.seconds,
        )
    ]
    if limits.pictures:
        left = limits.left(used)
        lines.append(say("每天 {most} 张，还剩 {left} 张", most=limits.pictures, left=left))
    if used.given or used.taken or used.returned:
        gifts = {"given": used.given, "taken": used.taken, "returned": used.returned}
        lines.append(say("福袋：送出 {given} 张，抢到 {taken} 张，退回 {returned} 张", **gifts))
    if limits.seconds:
        rest = max(0.0, limits.seconds - used.seconds)
        lines.append(say("每天 {most:g} 秒，还剩 {left:.0f} 秒", most=limits.seconds, left=rest))
    if limits.cooldown_s:
        lines.append(say("两次之间隔 {seconds:g} 秒", seconds=limits.cooldown_s))
    if len(lines) == 1:
        lines.append(say("没有限制，画吧"))
    return Reply(text="\n".join(lines), to=to)


def asked(words: str, command: str, to: str) -> Reply:
    """What the argument of a command is: whoever answers need not say the command again."""
    return Reply(text=words, asks=command, to=to)


def not_for(event: Outsider) -> Reply:
    """The studio is not open to somebody, or somewhere; an operator needs the keys to open it."""
    keys = {"user": event.user.key, "chat": event.chat.key}
    words = later("还没有对你开放画画，请管理员在设置里加上：{user}")
    if event.chat.group:
        words = later("这里没有开放画画，请管理员在设置里加上：{chat}")
    return Reply(text=say(words, **keys), to=event.id, aside=event.pressed)


def greeting() -> Reply:
    """The bot has come into a group."""
    words = later(
        "大家好，我是丹青，说一句话就能画一张画：\n"
        "  /draw 雪地里的两只企鹅，水墨风，竖版\n"
        "回复我的画可以接着改：换成水墨，把猫换成狗。/帮助 看全部"
    )
    return Reply(text=say(words))


def refused(words: str, to: str) -> Reply:
    """The request cannot be taken, and why."""
    return Reply(text=words, to=to)


def refused_aside(words: str, to: str) -> Reply:
    """A button or form cannot be taken, and why: that is for whoever pressed."""
    return Reply(text=words, to=to, aside=True)


def apology(to: str | None = None) -> Reply:
    """Something is wrong with the bot itself."""
    words = say("这句话我处理时出错了，已经记下来给管理员看，换个说法试试？")
    return Reply(text=words, to=to)


def marked(words: str) -> str:
    """Return words that go with pictures, with the label of the interface at their end."""
    return say(MARK, words=words)


def says_label(words: str) -> bool:
    """Return whether words end with the label of the interface already."""
    return words.rstrip("）)").endswith((LABEL, english()[LABEL]))


def repeated(words: str) -> str:
    """Return words that may have arrived before."""
    return say("（补发，可能重复）{words}", words=words)


def _shown(job: Job) -> str:
    request = job.request
    if job.share is not None and job.share.held:
        return say("（保密）")
    several = [say("{count} 张", count=request.count)] if request.count > 1 else []
    told, prompt = [*request.styles, *several], _prompt(request)
    return say("{prompt}（{told}）", prompt=prompt, told=say("，").join(told)) if told else prompt


def _prompt(request: Request) -> str:
    return _short(request.prompt) or say("照原图")


def _short(prompt: str) -> str:
    return prompt if len(prompt) <= SHOWN else prompt[: SHOWN - 1] + "…"


def _from(made: Revision) -> str:
    parent = made.parent
    if parent.number is None:
        return say("改自 #{job}", job=parent.job_id)
    return say("改自 #{job} 第 {number} 张", job=parent.job_id, number=parent.number + 1)


def _wait(place: Place, seconds: float | None) -> list[str]:
    about = [] if seconds is None else [say("约 {time}", time=duration(seconds))]
    return [_place(place), *about]


def _place(place: Place) -> str:
    """Say what comes first: other people, or else what oneself has asked for before."""
    if place.people:
        return say("前面 {people} 人", people=place.people)
    if place.jobs:
        return say("前面还有你的 {jobs} 个任务", jobs=place.jobs)
    return say("马上开始")


def duration(seconds: float) -> str:
    """Return a time as one says it."""
    if seconds < MINUTE_S:
        return say("{seconds} 秒", seconds=max(1, round(seconds)))
    if seconds < HOUR_S:
        return say("{minutes} 分钟", minutes=round(seconds / MINUTE_S))
    return say("{hours:.1f} 小时", hours=seconds / HOUR_S)
