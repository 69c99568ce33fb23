"""The regular expressions of the parser, made of the word tables; groups are named for fields.

All match folded text. None holds two unbounded repeats that can share characters, so that each
takes time in proportion to the text.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bot.parsing.draft import CUT, STOPS
from bot.parsing.numeral import NUMERAL

Words = Mapping[str, Any]
"""The tables of words.toml."""
Patterns = tuple[re.Pattern[str], ...]

# Where something may begin or end that is said by itself, what may stand between two such
# things, and what may stand between a setting and its value.
START = rf"(?:^|(?<=[{STOPS}{CUT}（(\[【]))"
END = rf"(?=[{STOPS}{CUT}）)\]】]|$)"
GAP = rf"[{STOPS}{CUT}]"
IS = r"\s?(?:是|为|用|取|设为|[:=#])?\s?"


def either(words: Iterable[str]) -> str:
    """Match any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True))


def unless(table: Mapping[str, str]) -> str:
    """Match any word of the table, unless one of what it names comes after."""
    return "|".join(
        re.escape(word) + (f"(?!{either(table[word].split())})" if table[word] else "")
        for word in sorted(table, key=len, reverse=True)
    )


def before(table: Mapping[str, str]) -> str:
    """Match any word of the table, if one of what it names comes after."""
    return "|".join(
        f"{re.escape(word)}(?={either(table[word].split())})"
        for word in sorted(table, key=len, reverse=True)
    )


def flag(words: Words) -> re.Pattern[str]:
    """Match a flag up to its value.

    A phone makes one long dash of two hyphens, but writers use long dashes too: after those,
    only known English names are flags, and of those not the ones that are common words.
    """
    names = {name for group in words["flags"].values() for name in group}
    english = {name for name in names if name.isascii()} - set(words["flags_typed"]["words"])
    return re.compile(
        rf"(?:--(?P<name>[a-z][a-z_-]{{0,20}}|{either(names - english)})"
        rf"|[—–]{{1,2}}\s?(?P<english>{either(english)})(?![a-z_-]))[\s=:]*"
    )


def lead(words: Words) -> re.Pattern[str]:
    """Match all that comes before the first word of content: 丹青，帮我画两张."""
    amount = rf"\s?(?:{NUMERAL}|几)?\s?[张幅份]|{NUMERAL}?个"
    wishes = f"{unless(words['wishes'])}|{before(words['wishes_before'])}"
    verbs = f"{unless(words['verbs'])}|(?:{either(words['verbs_before']['words'])})(?={amount})"
    soon = f"(?={GAP}|$|{wishes}|{verbs})"
    names, commands = either(words["names"]), either(words["commands"])
    greetings = either(words["greetings"]["words"])
    pictures = either(words["wrappers"]["words"])
    measures = either(words["pictures"]["bare"]["words"])
    owners = either(words["pictures"]["bare"]["unless"])
    made = either(words["made"]["words"])
    taken = rf"[把将](?=[^{STOPS}{CUT}]{{1,100}}(?:{made}))"
    command = rf"/(?:{commands})(?:@\w+)?(?![a-z])(?: prompt:)?"
    return re.compile(
        # atomic, not possessive: before Python 3.11.5 "(…)*+" lost what it had matched (gh-106052)
        rf"^(?>(?:(?P<command>{command})|{GAP}|@?(?:{names})(?:bot)?{soon}|(?:{greetings}){soon}"
        rf"|{wishes}|{taken})*)(?P<verb>(?:{verbs})(?:一下|点)?)?{GAP}*+"
        rf"(?:{_pictures(words)}|(?(verb)|(?<=要))(?:{measures})(?!{owners}|{GAP}|$))?"
        rf"(?:(?(verb)|(?!))(?:{pictures})(?={GAP}|$))?(?:{GAP}*(?:内容|主题|画面)(?:是|为|:))?"
    )


def tail(words: Words) -> re.Pattern[str]:
    """Match the last word of courtesy."""
    never = "".join(words["tails"]["unless_after"])
    return re.compile(rf"(?<![{never}])(?:{either(words['tails']['words'])})[{STOPS}{CUT}]*$")


def wrapper(words: Words) -> re.Pattern[str]:
    """Match what only says that it is a picture: 一张…的图."""
    return re.compile(f"的(?:{either(words['wrappers']['words'])}){END}")


def counts(words: Words) -> Patterns:
    """Match how many pictures, where the lead does not say it."""
    pictures = _pictures(words)
    asks = "(?:(?:一?共|总共|数量|只?要|请?来|画|出|生成|给我|多画|多来)+)?"
    owners = {thing for things in words["pictures"]["things"].values() for thing in things.split()}
    not_owned = "".join(f"(?<!{re.escape(thing)})" for thing in sorted(owners))
    amount = f"{NUMERAL}|{either(words['pictures']['vague'])}"
    return _compiled(
        f"{START}{asks}{pictures}(?:就[行好]|即可|的?图)?{END}",
        rf"(?<![着了有的是这那第0-9.])(?<=[^{STOPS}{CUT}]){not_owned}(?P<count>{amount})\s?[张幅份]图?{END}",
        rf"(?<![0-9a-z])[x×✕*]\s?(?P<count>\d{{1,20}})张?{END}",
        rf"(?P<count>{NUMERAL})连[拍抽发画]?{END}",
        rf"{START}(?:数量|张数){IS}(?P<count>{NUMERAL})张?{END}",
    )


def numbers(words: Words) -> Patterns:
    """Match seeds, steps, guidance, samplers, sizes and ratios."""
    free = "(?<![0-9a-z.])"
    whole, real = r"-?\d{1,30}", r"\d{1,9}(?:\.\d{1,9})?"
    ratio = rf"(?:\d{{1,3}}\s?[:比/]\s?\d{{1,3}}|{NUMERAL}比{NUMERAL})(?![0-9:])"
    ratios: list[str] = words["ratios"]["usual"]
    usual = either([*ratios, *(ratio.replace(":", "比") for ratio in ratios)])
    samplers = either(words["samplers"])
    measure, frame = "(?:尺寸|大小|分辨率)", "(?:的?(?:比例|画幅|构图|尺寸))?的?"
    unit = r"(?![0-9])\s?(?:像素|px)?"
    width = rf"宽度?{IS}(?P<width>\d{{2,5}}){unit}"
    height = rf"高度?{IS}(?P<height>\d{{2,5}}){unit}"
    size = r"\d{3,5}\s?(?:[x×✕*]|乘以?)\s?\d{3,5}(?![0-9a-z])(?:\s?像素|px)?"
    return _compiled(
        rf"(?:随机)?种子(?:号|数|值)?{IS}(?P<seed>{whole})(?!\s?[颗粒个0-9])",
        rf"{free}seed{IS}(?P<seed>{whole})",
        rf"{START}随机种子{END}",
        rf"(?:(?:采样|迭代)?步数|{free}steps?){IS}(?P<steps>\d{{1,20}})步?",
        rf"(?:采样|迭代|跑){IS}(?P<steps>{NUMERAL})步",
        rf"{START}(?:用|要)?(?P<steps>{NUMERAL})\s?(?:步|steps?){END}",
        rf"(?<![走退跑差第每后前了着0-9.])(?P<steps>\d{{1,20}})步{END}",
        rf"(?:引导|提示词相关性)(?:系数|强度|值|度|比例)?{IS}(?P<guidance>{real})",
        rf"{free}(?:cfg|guidance)(?:[ _-]?scale)?{IS}(?P<guidance>{real})",
        rf"采样(?:器|方法|方式)?{IS}(?P<sampler>{samplers})(?![a-z0-9+])",
        rf"用?{free}(?P<sampler>{samplers})\s?采样器?",
        rf"{START}(?P<sampler>{samplers})(?<!euler){END}",
        rf"(?:(?:图片)?{measure}{IS})?{free}(?P<size>{size})的?",
        rf"{measure}{IS}(?P<size>\d{{3,5}})(?![0-9a-z:])的?",
        f"{width}{GAP}?{height}",
        f"{height}{GAP}?{width}",
        rf"(?:画幅|画面比例|宽高比|长宽比|比例|尺寸){IS}(?P<aspect>{ratio})的?",
        rf"{free}(?<![:分])(?P<aspect>{usual})(?![0-9:a-z获胜赢负领]){frame}",
        rf"{START}(?P<aspect>{ratio}){frame}{END}",
    )


def shapes(words: Words) -> Patterns:
    """Match words for upright, broad and square."""
    every = [word for group in words["shapes"].values() for word in group.split()]
    alone, last = words["shapes_alone"]["words"], words["shapes_last"]["words"]
    anywhere = set(every) - set(alone) - set(last)
    exceptions: dict[str, str] = words["shapes_unless"]
    free = unless({word: exceptions.get(word, "") for word in anywhere})
    wish = rf"(?:{START}(?:要|用|做成|改成|换成|当|做|作为|弄成)|适合(?:做|当)?|用来[做当])?"
    frame = "(?:构图|画幅|画面|版式|版面|比例|尺寸|的?壁纸|的?图片|的?图)"
    return _compiled(
        rf"{wish}(?<!不要)(?<!不用)(?P<aspect>{free})(?:{frame})?(?:的|用)?",
        rf"{START}(?P<aspect>{either(alone)})(?:{frame}的?|的?{END})",
        rf"(?P<aspect>{either(alone)}){frame}的?",
        rf"(?:的|做|当|作为|用作)?(?P<aspect>{either(last)}){END}",
    )


def styles(words: Words, known: Mapping[str, str]) -> Patterns:
    """Match styles by name or alias.

    Args:
        words: The word tables.
        known: Canonical names by folded alias.
    """
    names = f"(?:{either(name for name in known if not name.isascii())})"
    table = words["style"]
    wind = table["wind"].replace(" ", "")
    mark = f"(?:{either(table['marks'])}|(?<=风)格)(?!(?<=风)[{wind}])"  # 中国风|格 too
    kind = f"画(?!{either(table['kinds'].split())})"
    thing = f"(?!{either(table['things'].split())}|风[{wind}])"
    several = rf"(?P<styles>{names}(?:风?(?:[+&、和与加]|加上){names}){{0,8}})"
    made = "(?:[画做改变换弄]成|变为|改为)"
    wanted = r"(?<!不要)(?<!不是)(?<!不用)(?<!别用)"
    ends = rf"(?:的|{END})"
    return _compiled(
        rf"{START}(?:风格|画风){IS}{several}(?:{mark}|{kind})?",
        rf"(?:风格|画风)[:=]\s?(?P<styles>[^{STOPS}{CUT}]{{1,20}})",
        rf"{wanted}(?:{START}[用以按要]|{made})?{several}(?:{mark})(?:来|的)?",
        rf"{START}[用以按]{several}(?:{kind}|(?=画|来)|的?(?:形式|方式|手法|技法|效果))的?",
        rf"[用以]{several}(?:{kind}|来画|表现)?{END}",
        rf"{made}{several}(?:{kind}|版|的样子)?{ends}",
        rf"(?<![上里中下])的{several}(?:{kind})?{END}",
        rf"{START}(?:要|用)?{several}(?:{kind})?{thing}(?:版)?的?",
    )


def strange() -> re.Pattern[str]:
    """Match what is called a style and is none that we know."""
    return re.compile(
        r"(?:^|[用以,，、。\s])(?P<name>[^,，、。\s用以的]{1,8})(?:风格|画风)", re.IGNORECASE
    )


def fast(words: Words) -> Patterns:
    """Match the wish to have it soon: 快速画一只猫, but not 快速奔跑的马."""
    table = words["fast"]
    return _compiled(
        f"{START}(?:用)?(?P<fast>{either(table['words'])})(?:{END}|(?={either(table['before'])}))"
    )


def avoid(words: Words) -> Patterns:
    """Match what should not be seen: 不要文字和水印."""
    table = words["avoid"]
    never = f"(?!{either(table['never'])})"
    item = rf"(?:[^,;。!?()（），；！？{CUT}\s]|(?<=[a-z])\s(?=[a-z])){{1,200}}"
    typical, also = either(table["typical"]), either(table["also"])
    more = rf"(?:[,、\s]{{1,3}}(?:{typical}|和|或){{1,8}}{END})*"
    return _compiled(
        rf"(?:{either(table['listed'])})[:=]?\s?(?P<avoid>[^{CUT}。\n]{{1,1000}})",
        rf"(?<![要特个区分告离级类])(?:{also})?{never}"
        rf"(?:{either(table['words'])})\s?(?P<avoid>{item}{more})",
        rf"(?<![有要])(?:{also})?(?:{either(table['mild'])})(?P<avoid>[^{STOPS}{CUT}的]{{1,12}})的?{END}",
    )


def items() -> re.Pattern[str]:
    """Match what stands between two things to avoid; 和服 and 暖和 are whole words."""
    return re.compile(
        r"[、,;/|，；]|或者|或|以及|还有|(?<![暖柔温饱])和(?![服尚平谐室风式])"
        r"|(?<![a-z])\s+|\s+(?![a-z])"
    )


def hollow(words: Words) -> re.Pattern[str]:
    """Match words round a thing to avoid that say nothing: 任何…的."""
    table = words["avoid"]
    return re.compile(
        f"^(?:{either([*table['words'], *table['lead']])})(?=.)|(?<=.)(?:{either(table['tails'])})$"
    )


def talk(words: Words) -> re.Pattern[str]:
    """Match what people say without wanting a picture."""
    return re.compile("|".join(words["talk"]["patterns"]))


def _compiled(*sources: str) -> Patterns:
    return tuple(map(re.compile, sources))


def _pictures(words: Words) -> str:
    """Match a number of pictures, as 两张, but not of things, as 两张桌子."""
    quality = r"(?:[大小长圆方红黄蓝绿白黑木旧老新破空金]{1,3}色?的?|[^，,。的\s]{1,4}的)?"
    in_passing = r"(?!的|[上下前后里旁][面边头]?的)"
    measures = "|".join(
        f"{measure}(?!{quality}(?>{either(things.split())}){in_passing})"
        for measure, things in words["pictures"]["things"].items()
    )
    amount = f"{NUMERAL}|{either(words['pictures']['vague'])}"
    return rf"(?P<count>{amount})\s?(?:{measures})(?:图片|照片|图(?![书案腾纸形钉])|画(?={GAP}|$))?"
