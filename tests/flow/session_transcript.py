"""Group sessions as docs/sessions-scenes.md has them: a game of each kind played, and written down.

python -m tests.flow.session_transcript      # writes the page anew
"""

import asyncio
import re
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.game.contest import Contest
from bot.game.guess import Guess
from bot.reply import Reply
from tests.fakes import Posted
from tests.flow.game import Game, game
from tests.flow.scene import GROUP

PAGE = Path(__file__).parents[2] / "docs" / "sessions-scenes.md"
BOT = "丹青"
LABEL = "（AI生成）"
_BLOCK = re.compile(r"(?<=```\n)── .*?(?=```)", re.DOTALL)


class Script:
    """A game that is written down while it is played."""

    def __init__(self, played: Game, title: str) -> None:
        self.played = played
        self.lines = [f"── {title} ──"]
        self._seen = set[str]()

    # ── what people do ──

    async def says(self, name: str, text: str) -> None:
        """Somebody says something to the bot."""
        self.lines.append(f"{name}：{text}")
        await self.played.says(name, text)
        self._flush(name)

    async def murmurs(self, name: str, text: str) -> None:
        """Somebody says something to all."""
        self.lines.append(f"{name}：{text}")
        await self.played.murmurs(name, text)
        self._flush(name)

    async def whispers(self, name: str, text: str) -> None:
        """Somebody says something to the bot in private, and is answered there."""
        self.lines.append(f"（私聊）{name}：{text}")
        await self.played.says(name, text, chat=name)
        self._flush(name)

    async def answers(self, name: str, text: str) -> None:
        """Somebody answers the board."""
        self.lines.append(f"{name} ↩ 看板：{text}")
        await self.played.answers(name, text, self.played.board)
        self._flush(name)

    async def presses(self, name: str, label: str, message: Posted | None = None) -> None:
        """Somebody presses a button, of the board if not of another message."""
        self.lines.append(f"{name} 按 [{label}]")
        if message is None and all(one.label != label for one in self.played.board.buttons):
            await self.played.shows_boards()
        await self.played.presses(name, label, message)
        self._flush(name)

    async def fills_in(self, name: str, form: str, title: str, words: str) -> None:
        """Somebody hands in a form of one field."""
        self.lines.append(f"   ▤ {title}：{words}")
        await self.played.fills_in(name, form, words=words)
        self._flush(name)

    # ── what goes on ──

    async def paints(self) -> None:
        """What is asked for is drawn."""
        await self.played.paints()
        self._flush("")

    async def later(self, seconds: float) -> None:
        """Time passes."""
        if seconds:
            self.lines.append(f"      …… {seconds:g} 秒后")
        await self.played.later(seconds)
        self._flush("")

    async def board(self) -> None:
        """Look at the board, as it is by now."""
        board = await self.played.shows_boards()
        self._flush("")
        first, *rest = board.text.split("\n")
        self.lines += [f"   ▣ {first}", *(f"     {line}".rstrip() for line in rest)]
        labels = " ".join(f"[{button.label}]" for button in board.buttons)
        self.lines += [f"     {labels}"] if labels else []

    # ── what is shown ──

    def _flush(self, name: str) -> None:
        """Write down what is new, but boards."""
        for posted in list(self.played.chat.messages.values()):
            if posted.id in self._seen or "🎨" in posted.text[:8]:
                continue
            self._seen.add(posted.id)
            if posted.text:  # the others of an album have none
                self.lines += self._shown(posted, name)

    def _shown(self, posted: Posted, name: str) -> list[str]:
        reply = posted.delivery.reply
        whom = f"（悄悄对{name}）" if reply.aside and name else ""
        where = "" if posted.chat == GROUP else "（私聊）"
        shown = _pictured(reply, posted.pictures)
        if "长卷" in self.lines[0]:
            shown = shown.replace("海报", "长卷")
        text = f"{shown}{posted.text.removesuffix(LABEL)}"
        first, *rest = text.split("\n")
        lines = [f"{where}{BOT}{whom}：{first}", *(f"      {line}" for line in rest)]
        rows = [" ".join(f"[{one.label}]" for one in row) for row in reply.buttons]
        return [*lines, *(f"      {row}" for row in rows)]

    @property
    def last(self) -> Posted:
        """The message with a plate that was shown last."""
        shown = self.played.chat.messages.values()
        return [one for one in shown if one.delivery.reply.plate][-1]


def _pictured(reply: Reply, pictures: int) -> str:
    """Return what a message shows, in brackets."""
    if pictures:
        return f"[画 {pictures} 张] " if pictures > 1 else "[画] "
    if reply.plate is None:
        return ""
    if reply.plate.path.suffix == ".gif":
        return "[动图] "
    if any("再来一局" in one.label for row in reply.buttons for one in row):
        return "[海报] "
    return "[投票图] " if reply.buttons else "[还没画清楚的图] "


@asynccontextmanager
async def _playing(folder: Path, title: str) -> AsyncGenerator[Script]:
    folder.mkdir()
    async with game(folder) as played:
        yield Script(played, title)


async def played(folder: Path) -> str:
    """Play the games, and return them as the page has them."""
    plays = (_relay, _scroll, _contest, _guess, _chorus)
    told = [await play(folder / str(number)) for number, play in enumerate(plays)]
    return "\n".join(line for lines in told for line in [*lines, ""])


async def _relay(folder: Path) -> list[str]:
    """Three take turns: one too early, a vote to undo, somebody who is away, words not wanted."""
    async with _playing(folder, "接龙") as script:
        await script.says("小明", "/开局 接龙 江南烟雨，水墨风，4 棒，60 秒，禁词 下雨")
        await script.presses("小红", "🙋 加入")
        await script.presses("阿青", "🙋 加入")
        await script.says("小明", "一座石桥")
        await script.paints()
        await script.board()
        await script.answers("阿青", "岸边有柳树")
        await script.answers("小红", "忽然下雨了")
        await script.answers("小红", "桥上来了一头大象")
        await script.paints()
        await script.presses("小明", "↩️ 撤回")
        await script.presses("阿青", "↩️ 撤回")
        await script.answers("小红", "桥下一只小船")
        await script.paints()
        await script.later(60)
        await script.says("小明", "船上有人吹笛子")
        await script.paints()
        await script.presses("小明", "⏭ 跳过")
        await script.answers("小红", "岸边有柳树")
        await script.answers("阿青", "岸边有柳树")
        await script.paints()
        await script.board()
        return script.lines


async def _scroll(folder: Path) -> list[str]:
    """Two draw on to the right; the host pauses, hands over and leaves, the other ends it."""
    async with _playing(folder, "长卷") as script:
        await script.says("小明", "/开局 长卷 森林里，水彩风，8 段")
        await script.presses("小红", "🙋 加入")
        await script.says("小明", "一只熊猫")
        await script.paints()
        await script.presses("小红", "⏸ 暂停")
        await script.presses("小明", "⏸ 暂停")
        await script.answers("小红", "一座房子")
        await script.presses("小明", "▶️ 继续")
        await script.answers("小红", "一座房子")
        await script.paints()
        await script.says("小明", "/移交 小红")
        await script.says("小明", "/退出局")
        await script.presses("小红", "🏁 结束")
        await script.paints()
        await script.board()
        return script.lines


async def _contest(folder: Path) -> list[str]:
    """Four enter, one by a form; a vote for oneself, one changed, the list of who has won."""
    async with _playing(folder, "斗图") as script:
        await script.says("小明", "/开局 斗图 月亮上的早餐，油画风")
        await script.board()
        await script.answers("小明", "两只兔子在喝粥")
        await script.presses("小红", "✍️ 参赛")
        await script.fills_in("小红", "play:1:enter", "参赛｜怎么画？", "一只煎蛋当太阳")
        await script.answers("阿青", "宇航员端着一碗面")
        await script.answers("阿青", "宇航员在下饺子")
        await script.presses("小明", "⏭ 截稿")
        await script.paints()
        session = await script.played.session()
        assert isinstance(session.game, Contest)
        marks = {step.member: session.game.ballot.mark(step.mark) for step in session.steps}
        ming, hong, qing = (marks[f"chat:{name}"] for name in ("小明", "小红", "阿青"))
        sheet = script.last
        await script.presses("小明", ming, sheet)
        await script.presses("小明", hong, sheet)
        await script.presses("小红", qing, sheet)
        await script.presses("路人", hong, sheet)
        await script.board()
        await script.presses("小红", ming, sheet)
        await script.presses("阿青", hong, sheet)
        await script.paints()
        await script.board()
        await script.says("路人", "/榜单")
        await script.says("路人", "/作品")
        return script.lines


async def _guess(folder: Path) -> list[str]:
    """Three words: one guessed late, one that a member has set, one that nobody gets."""
    async with _playing(folder, "你画我猜") as script:
        await script.says("小明", "/开局 你画我猜 简单，3 题，50 秒")
        await script.paints()
        await script.later(0)
        await script.presses("阿青", "🙋 加入")
        await script.whispers("阿青", "/出题 骑车的熊猫")
        await script.paints()
        await script.later(20)
        await script.says("小红", "是不是一只鞋")
        found = (await script.played.session()).game
        assert isinstance(found, Guess)
        assert found.round is not None
        word = found.round.riddle.text
        await script.murmurs("小红", f"{word}！")
        await script.murmurs("小明", word)
        await script.later(6)
        await script.murmurs("小明", "熊猫")
        await script.later(10)
        await script.murmurs("小红", "骑车的熊猫")
        await script.paints()
        await script.board()
        await script.later(6)
        await script.later(50)
        await script.paints()
        await script.board()
        return script.lines


async def _chorus(folder: Path) -> list[str]:
    """Four shout words, some the same, some only talk; one picture of all."""
    async with _playing(folder, "众笔") as script:
        await script.says("小明", "/开局 众笔 雪地里，水彩风")
        await script.murmurs("小明", "熊猫 灯笼")
        await script.murmurs("小红", "松树")
        await script.murmurs("阿青", "熊猫！")
        await script.murmurs("小红", "哈哈哈哈")
        await script.murmurs("小黄", "+1")
        await script.murmurs("小红", "红灯笼")
        await script.board()
        await script.later(60)
        await script.paints()
        await script.board()
        await script.presses("小红", "🔁 再来一局", script.last)
        return script.lines


def kept() -> str:
    """Return the games as the page has them."""
    found = _BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    return found[0]


def main() -> None:
    """Write the page's games anew."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = asyncio.run(played(Path(folder)))
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_BLOCK.sub(lambda _: fresh, page, count=1), encoding="utf-8")


if __name__ == "__main__":
    main()
