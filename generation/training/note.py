"""What was left out of the data, and what was odd in it: counted, and named as far as one reads."""

from collections.abc import Iterable
from enum import Enum

NAMED = 10
"""Names in one sentence; the others are a count."""


class Why(Enum):
    """Why something cannot be learned from, and what its owner can do."""

    NO_CAPTION = "没有说明文字", "在图片旁放同名的 .txt，或写 metadata.jsonl，或统一给一句说明"
    EMPTY = "文件是空的", "重新复制这些文件"
    DAMAGED = "图片打不开或不完整", "换成完整的 JPEG、PNG、WEBP 或 BMP"
    TOO_LARGE = "图片太大（最多 8000 万像素、200 MB）", "先把它们缩小"
    UNKNOWN = "是不支持的图片格式", "转成 JPEG、PNG、WEBP 或 BMP"
    REPEATED = "和前面的图片一样", "换成不同的图片"
    UNREADABLE = "读不出来", "检查文件的权限和磁盘"
    OUTSIDE = "指到文件夹外面", "把图片复制进文件夹，路径写成相对的"
    ABSENT = "写了但没有这个文件", "检查 metadata 里的文件名"
    NO_FILE = "不是普通文件", "只放图片文件"
    BAD_ENTRY = "metadata 的这一行读不懂", "按 datasets 的 imagefolder 格式写"
    NO_TAB = "行里没有制表符", "每行写成 文字<TAB>base64 图片"
    LONG_ROW = "行太长（最多 300 MB）", "检查换行是不是丢了"
    BROKEN_BASE64 = "base64 解不开", "重新导出这些行"
    NO_TEXT = "说明文字读不懂或太长", "存成 UTF-8 的短文本"

    def __init__(self, words: str, remedy: str) -> None:
        self.words = words
        self.remedy = remedy


class Odd(Enum):
    """What is worth a word, and no reason to leave a picture out."""

    ANIMATED = "是动图，只用第一帧"
    GB18030 = "不是 UTF-8，按 GB18030 读了"
    CAPTION_OUTSIDE = "说明文件指到文件夹外面，没有读"
    CAPTION_UNREADABLE = "说明文件读不出来，没有用"
    TWICE = "metadata 里写了两次，用第一次的"
    SEVERAL = "有几句说明，用第一句"
    NOT_FOLLOWED = "是指向文件夹的链接，没有进去"
    SECOND_METADATA = "旁边已有 metadata.jsonl，没有读"


class Unusable(Exception):
    """Something cannot be learned from."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(why.words)
        self.why = why
        self.detail = f"（{detail}）" if detail else ""
        """Stands behind its name."""


class _Tally:
    def __init__(self) -> None:
        self.count = 0
        self._names: list[str] = []

    def add(self, name: str) -> None:
        self.count += 1
        if len(self._names) < NAMED:
            self._names.append(name)

    @property
    def names(self) -> str:
        return "、".join(self._names) + (" 等" if self.count > len(self._names) else "")


class Notes:
    """All that is to be said about the data."""

    def __init__(self) -> None:
        self._left: dict[Why, _Tally] = {}
        self._odd: dict[Odd, _Tally] = {}
        self._more: list[str] = []

    def leave_out(self, why: Why, name: str) -> None:
        """Count something that is not learned from."""
        self._left.setdefault(why, _Tally()).add(name)

    def remark(self, odd: Odd, name: str) -> None:
        """Count something odd."""
        self._odd.setdefault(odd, _Tally()).add(name)

    def say(self, sentence: str) -> None:
        """Add a sentence of its own."""
        self._more.append(sentence)

    @property
    def left_out(self) -> int:
        """How many are not learned from."""
        return sum(tally.count for tally in self._left.values())

    @property
    def reasons(self) -> str:
        """Why they were left out, the most frequent first, and what to do."""
        often = sorted(self._left.items(), key=lambda item: -item[1].count)
        return "；".join(
            f"{why.words} {tally.count} 个（{tally.names}），请{why.remedy}" for why, tally in often
        )

    def sentences(self) -> tuple[str, ...]:
        """Return one sentence for each thing."""
        left = (
            f"{why.words}，{tally.count} 个没有用上：{tally.names}"
            for why, tally in self._left.items()
        )
        odd: Iterable[str] = (
            f"{odd.value}（{tally.count} 个）：{tally.names}" for odd, tally in self._odd.items()
        )
        return (*left, *odd, *self._more)
