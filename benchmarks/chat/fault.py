"""What the bot says of what was asked for, and a promise that was broken."""

import re
from dataclasses import dataclass
from typing import Literal

MARKED = re.compile(r"^（补发[^）]*）")
ACCEPTED = re.compile(r"^收到 #(\d+)")
JOB = re.compile(r"#(\d+)：")
APOLOGY = "处理时出错了"
FULL = "个任务在排队，等画好一个再来吧"
GIVEN_UP = "#{} 没画成"

Kind = Literal["lost", "repeated", "wrong"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A promise that was broken."""

    kind: Kind
    words: str
