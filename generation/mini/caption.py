"""Captions: a scene in the words that people type, and that the bot's styles add."""

from numpy.random import Generator

from generation.mini.draw import chance, pick, rank
from generation.mini.noun import COLOURS, NOUNS, Thing

BACKDROPS: dict[str, tuple[str, ...]] = {
    "雪地": ("雪地里", "雪地上", "雪中", "雪地"),
    "草地": ("草地上", "草原上", "草坪上", "草地"),
    "海底": ("海底", "海里", "水下", "大海深处"),
    "星空": ("星空下", "夜空下", "夜里", "星空"),
    "日落": ("日落时", "夕阳下", "黄昏时", "日落"),
    "沙漠": ("沙漠里", "沙漠中", "沙漠"),
    "森林": ("森林里", "树林里", "森林中", "森林"),
    "雨天": ("雨天里", "雨中", "下雨天", "雨天"),
    "海边": ("海边", "沙滩上", "海滩上"),
    "花田": ("花田里", "花丛中", "花园里", "花田"),
    "城市": ("城市里", "街头", "夜景里", "城市"),
    "雪山": ("雪山下", "雪山前", "山脚下", "雪山"),
}
"""Drawn backgrounds and the ways to say that something is there, the usual one first."""

TREATMENTS: dict[str, tuple[str, ...]] = {
    "水墨": ("水墨画", "国画"),
    "剪纸": ("剪纸", "剪纸画"),
    "像素": ("像素画", "像素艺术"),
    "赛博朋克": ("赛博朋克", "霓虹"),
    "油画": ("油画", "厚涂"),
    "素描": ("素描画", "铅笔画"),
    "水彩": ("水彩画", "水彩"),
    "动漫": ("动漫", "动画"),
}
"""Picture styles, each a LoRA, and what a picture in that style is called."""

SIDES = ("左边", "右边")

_DIGITS = "一两三"
_FILLERS = (
    *("可爱的", "漂亮的", "开心的", "好看的", "小小的"),
    *("胖乎乎的", "美丽的", "帅气的", "萌萌的", "酷酷的"),
)
_DOING = ("在", "坐在", "站在", "待在", "出现在")
_TAIL = ("插画", "高清", "细节丰富", "治愈系", "卡通", "精美", "壁纸", "大师作品", "可爱风格")


def words_besides_nouns() -> tuple[str, ...]:
    """List all that captions are made of besides the nouns and their measure words."""
    places = (way for name, ways in BACKDROPS.items() for way in (name, *ways))
    styles = (way for name, ways in TREATMENTS.items() for way in (name, *ways))
    colours = (way for name, ways in COLOURS.items() for way in (name, *ways))
    rest = ("和与跟，、的在有是色", "背景", "风格", _DIGITS, "123")
    return (*colours, *places, *styles, *SIDES, *rest, *_FILLERS, *_DOING, *_TAIL)


def say(
    rng: Generator,
    things: tuple[Thing, ...],
    backdrop: str | None,
    wash: str | None,
    side: str | None = None,
) -> str:
    """Say what a scene holds, in one of many ways.

    Args:
        rng: Chooses the way.
        things: One kind of thing, or two of which the first stands on the left.
        backdrop: One of BACKDROPS.
        wash: Colour of a plain background.
        side: One of SIDES where the only thing stands.
    """
    first, *others = things
    words = _say_sides(rng, first, *others) if others else _say_thing(rng, first)
    if side is not None:
        words = pick(rng, (f"{words}在{side}", f"{side}有{words}", f"{side}的{words}"))
    if backdrop is not None:
        words = _say_backdrop(rng, words, backdrop)
    elif wash is not None:
        colour = pick(rng, COLOURS[wash]) if chance(rng, 0.2) else COLOURS[wash][0]
        colour = f"{colour}背景"
        words = pick(rng, (f"{words}，{colour}", f"{colour}的{words}", f"{colour}，{words}"))
    if chance(rng, 0.08):
        tail = pick(rng, _TAIL)
        words = f"{words}，{tail}" if chance(rng, 0.7) else f"{tail}，{words}"
    return words


def say_treatment(rng: Generator, words: str, treatment: str) -> str:
    """Say in which style a scene is painted, mostly as the bot's styles say it."""
    match rank(rng, (0.7, 0.8, 0.9)):
        case 0:
            return f"{words}，{treatment}风"
        case 1:
            return f"{words}，{treatment}风格"
        case 2:
            return f"{words}，{pick(rng, TREATMENTS[treatment])}"
        case _:
            return f"{pick(rng, TREATMENTS[treatment])}，{words}"


def _say_sides(rng: Generator, *things: Thing) -> str:
    left, right = (_say_thing(rng, thing) for thing in things)
    match rank(rng, (0.6, 0.68, 0.76, 0.84, 0.92)):
        case 0:
            return f"{left}{pick(rng, ('和', '和', '与', '、', '跟'))}{right}"
        case 1:
            return f"左边{left}，右边{right}"
        case 2:
            return f"右边{right}，左边{left}"
        case 3:
            return f"左边是{left}，右边是{right}"
        case 4:
            return f"{left}在左边，{right}在右边"
        case _:
            return f"{right}在右边，{left}在左边"


def _say_thing(rng: Generator, thing: Thing) -> str:
    noun = NOUNS[thing.noun]
    name = pick(rng, noun.aliases) if chance(rng, 0.25) else noun.name
    amount = _say_amount(rng, noun.measures, thing.count)
    if chance(rng, 0.08):
        name = pick(rng, _FILLERS) + name
    if thing.colour is None:
        return amount + name
    colour = pick(rng, COLOURS[thing.colour])
    of = "" if chance(rng, 0.15) else "的"
    return f"{colour}{of}{amount}{name}" if chance(rng, 0.1) else f"{amount}{colour}{of}{name}"


def _say_amount(rng: Generator, measures: str, count: int) -> str:
    measure = measures[0]
    if chance(rng, 0.2):
        measure = pick(rng, tuple(measures))
    number = _DIGITS[count - 1]
    if count > 1 and chance(rng, 0.08):
        number = str(count)
    return "" if count == 1 and chance(rng, 0.35) else number + measure


def _say_backdrop(rng: Generator, words: str, backdrop: str) -> str:
    ways = BACKDROPS[backdrop]
    where = ways[0] if chance(rng, 0.5) else pick(rng, ways)
    match rank(rng, (0.34, 0.54, 0.62, 0.74, 0.88)):
        case 0:
            return f"{where}的{words}"
        case 1:
            return f"{words}{pick(rng, _DOING)}{where}"
        case 2:
            return f"{where}有{words}"
        case 3:
            return f"{words}，{where}"
        case 4:
            return f"{words}，{backdrop}"
        case _:
            return f"{backdrop}，{words}"
