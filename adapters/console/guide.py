"""What the studio tells of itself, and what it completes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adapters.console.seat import AS
from bot import commands
from bot.wording import say

LEAVE = "/quit"


def named() -> Mapping[str, str]:
    """Return commands, with what they do; the terminal answers some itself."""
    told = {f"/{command.names[1]}": say(command.hint) for command in commands.COMMANDS}
    return {**told, AS: say("换个人说话，例如 /as 小红"), LEAVE: say("离开")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """Facts of this studio that a user may want to know."""

    gallery: Path
    """The folder that pictures go to."""
    styles: Mapping[str, str] = field(default_factory=dict[str, str])
    """What is to be said of each style, by name."""
    flags: Mapping[str, str] = field(default_factory=dict[str, str])
    """What is to be said of each flag, by its form, as "--seed"."""

    def welcome(self) -> str:
        """Return what is said at the start."""
        styles = say("、").join(list(self.styles)[:6]) or say("默认")
        if len(self.styles) > 6:  # noqa: PLR2004  a line's worth
            styles += "……"
        return say(
            "丹青：说一句话，画一张画。\n"
            "  例：雪地里的两只企鹅，水墨风，竖版\n"
            "  风格：{styles}（/styles 看全部）\n"
            "  画都存在 {gallery}，都是AI生成的，也都带着这个标识。\n"
            "  /help 怎么用，Ctrl-D 离开。",
            styles=styles,
            gallery=self.gallery,
        )

    def answer(self, command: str) -> str | None:
        """Return the answer to a command of the terminal, or None if it is none."""
        match command:
            case "/help":
                return self._help()
            case _:
                return None

    def _help(self) -> str:
        words = say(
            "说要画什么就行，可以带上张数、大小、风格和不要的东西：\n"
            "  画三张海底的章鱼，横版，不要鱼\n"
            "  日落时的帆船 --seed 42\n"
            "  #3 换成水墨（改第 3 号任务的画；十分钟内的上一张不用写编号）\n"
            "按钮前有编号：输入 :1 就是按下 [1]，或者打 / 再选。\n"
            "Tab 补全，↑ 找回说过的话，Ctrl-C 清掉这一行，连按两次离开。"
        )
        shared = say(
            "几个人一起玩：@小红 一座石桥 是小红说的；/as 小红 之后都算小红说的，/as 换回来。"
        )
        flags = {flag: say(note) for flag, note in self.flags.items()}
        return "\n".join(filter(None, [words, shared, _table(named()), _table(flags)]))


def _table(notes: Mapping[str, str]) -> str:
    return "\n".join(f"  {name}  {note}".rstrip() for name, note in notes.items())
