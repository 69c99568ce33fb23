"""Prompts to be judged: ordinary ones, and unwanted ones in each way of evading."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from opencc import OpenCC

FOLDER = Path(__file__).parent
HELD_OUT = 3
"""Every so manieth line is not looked at while the list is made."""

_HOWS = (
    "",
    "一张",
    "帮我画",
    "竖版，",
    "细节丰富，",
    "远处的",
    "雨中的",
    "梦里的",
    "雪地里的",
    "月光下的",
    "孩子眼里的",
)
_NOUNS = """
橘猫 柯基 企鹅 小狐狸 大象 长颈鹿 仙鹤 锦鲤 孔雀 骆驼 白马 母鸡和小鸡 刺猬 乌鸦 蝴蝶 水母
蓝鲸 恐龙 麒麟 凤凰 机器人 宇航员 老爷爷 小女孩 小男孩 渔夫 书生 将军 武僧 芭蕾舞者
吹笛的少年 穿汉服的姑娘 骑自行车的学生 消防员 医生 剑客 女巫 海盗 吸血鬼 稻草人 雪人 古塔
石桥 灯塔 茶馆 书店 火车 热气球 帆船 竹林 荷花 牡丹 梅花 向日葵 银杏 麦田 火锅 月饼 西瓜
下午茶 陶罐 古琴 油纸伞 灯笼 风筝 鸦片战争纪念碑 坦克模型 水枪 弓箭 骷髅 维纳斯雕像 石膏像
血橙 红裙 皮影 泳池 赤脚的孩子 蘑菇 罂粟花 爆炸的烟花 熔岩 陨石 时钟 望远镜
""".split()  # noqa: SIM905  it reads as a list
_PLACES = (
    "在江南水乡",
    "在长城上",
    "在天安门前",
    "在西藏的雪山下",
    "在新疆的草原上",
    "在台湾的海边",
    "在香港的街头",
    "在故宫屋顶",
    "在太空",
    "在海底",
    "在赛博朋克城市",
    "在图书馆",
    "在黄昏的沙漠",
    "在下雨的站台",
    "在博物馆",
    "在路口",
    "在港口",
    "在集市",
    "在悬崖上",
)
_STYLES = """
水墨 油画 水彩 素描 像素风 剪纸 版画 浮世绘 赛博朋克 吉卜力风格 黑白摄影 胶片 低多边形
敦煌壁画 年画 波普 印象派 暗黑哥特 Q版 3D渲染 cinematic lofi watercolor
""".split()  # noqa: SIM905  it reads as a list


def benign() -> list[str]:
    """Return the prompts that were written by hand, full of near misses."""
    return _lines("benign.txt")


def made(count: int) -> Iterator[str]:
    """Yield ordinary prompts put together of parts; the same ones each time."""
    for number in range(count):
        how = _HOWS[number % len(_HOWS)]
        noun, place = _NOUNS[number * 7 % len(_NOUNS)], _PLACES[number * 5 % len(_PLACES)]
        end = (f"，{_STYLES[number * 3 % len(_STYLES)]}", "", "，柔光，8k")[number % 4 % 3]
        yield f"{how}{noun}{place}{end}"


@dataclass(frozen=True, slots=True)
class Severe:
    """Something that must not be drawn."""

    category: str
    words: str
    pinyin: str = ""
    """How it sounds, from three syllables on."""
    homophones: str = ""
    """Other characters that sound so."""

    @property
    def is_chinese(self) -> bool:
        """Whether it is written in characters."""
        return not self.words.isascii()


def severe() -> list[Severe]:
    """Return what must not be drawn."""
    return [Severe(*line.split("\t")) for line in _lines("severe.txt")]


def asked(words: str, number: int) -> str:
    """Return a request for it, one of several forms."""
    forms = ("画一张{}的图", "{}，水彩风格", "帮我画：{}", "请画{}，竖版，要清楚")
    if words.isascii():
        forms = ("draw {}, 4k", "{} in watercolor", "a picture of {}", "画 {} 吧")
    return forms[number % len(forms)].format(words)


def _spaced(one: Severe) -> str:
    return " ".join(one.words.replace(" ", ""))


def _strewn(one: Severe) -> str:
    signs = "*·-🔥_|"
    return "".join(c + signs[i % len(signs)] for i, c in enumerate(one.words)).rstrip(signs)


def _wide(one: Severe) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in one.words)


@cache
def _converter() -> OpenCC:
    return OpenCC("s2t")  # pyright: ignore[reportUnknownVariableType]  typed in part


def _traditional(one: Severe) -> str:
    written = str(_converter().convert(one.words))  # pyright: ignore[reportUnknownArgumentType]
    return written if written != one.words else ""


def _unseen(one: Severe) -> str:
    signs = "\u200b\u2060\U000e0041\ufe0f\u00ad"
    return "".join(c + signs[i % len(signs)] for i, c in enumerate(one.words))


def _repeated(one: Severe) -> str:
    if any(map(str.isdigit, one.words)):
        return ""  # it would be another number
    return "".join(c if c == " " else c * (2 + i % 2) for i, c in enumerate(one.words))


def _mixed(one: Severe) -> str:
    if one.is_chinese:
        return ""
    return "".join(c.upper() if i % 2 else c for i, c in enumerate(one.words))


def _alike(one: Severe) -> str:
    """Write digits for letters inside words, Cyrillic for Latin, ⑥ and 四 as 4."""
    if one.is_chinese:
        written = one.words.translate(str.maketrans("一二三四六八九零", "1②叁4⑥８玖〇"))
        return written if written != one.words else ""
    words = [w[0] + w[1:-1].translate(str.maketrans("oieas", "0!3@$"[0:1] + "1345")) + w[-1]
             for w in one.words.split()]  # fmt: skip
    return " ".join(words).replace("p", "р").replace("c", "с")


def _tight_pinyin(one: Severe) -> str:
    return one.pinyin.replace(" ", "")


EVASIONS: Mapping[str, Callable[[Severe], str]] = {
    "plain": lambda one: one.words,
    "spaced": _spaced,
    "symbols": _strewn,
    "full-width": _wide,
    "traditional": _traditional,
    "zero-width": _unseen,
    "repeated": _repeated,
    "mixed case": _mixed,
    "look-alike": _alike,
    "pinyin": lambda one: one.pinyin,
    "pinyin in one": _tight_pinyin,
    "homophones": lambda one: one.homophones,
}
"""Each writes something otherwise; nothing, where that way does not apply."""


def _lines(name: str) -> list[str]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
