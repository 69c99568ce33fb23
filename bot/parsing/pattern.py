"""The regular expressions of the parser, made of the word tables; groups are named for fields.

All match folded text. None holds two unbounded repeats that can share characters, so that each
takes time in proportion to the text.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bot.parsing.draft import CUT, QUOTED, STOPS
from bot.parsing.numeral import HAN, NUMERAL

Words = Mapping[str, Any]
"""The tables of words.toml."""
Patterns = tuple[re.Pattern[str], ...]

# Where something may begin or end that is said by itself, what may stand between two such
# things, and what may stand between a setting and its value.
START = rf"(?:^|(?<=[{STOPS}{CUT}（(\[【]))"
END = rf"(?=[{STOPS}{CUT}）)\]】]|$)"
GAP = rf"[{STOPS}{CUT}]"
EMOJI = "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d"
"""Inside a regular expression's brackets."""
IS = (
    r"\s?(?:是|为|用|取|(?:固定|指定|设置|设定|定)[为成在]?|设为|设成|[改换调加提升降减增][成为到至]"
    r"|[:=#])?\s?"
)


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
        rf"|(?:[—–]{{1,2}}\s?|(?<!\S)-(?=[a-z]{{1,8}}[ =:]?\d))"
        rf"(?P<english>{either(english)})(?![a-z_-]))[\s=:]*"
    )


def lead(words: Words) -> re.Pattern[str]:
    """Match all that comes before the first word of content: 丹青，帮我画两张."""
    every = either(words["pictures"]["bare"]["words"])
    amount = rf"\s?(?:{NUMERAL}|几)?\s?[张幅份]|{NUMERAL}(?:{every})|个"
    family = either(words["family"]["words"])
    gift = f"想[要送]给?(?:{family})(?=一?[张幅])"  # 想送她一张康乃馨的画
    wishes = f"{unless(words['wishes'])}|{before(words['wishes_before'])}|{gift}"
    ends = rf"(?:{every})[^{STOPS}{CUT}]{{1,20}}(?:给我|出来)"  # 整只龙给我, but not 整只鸡
    common = either(words["verbs_before"]["words"])
    # 幫我整隻貓, but not 整只鸡
    asked = f"(?(wish)(?:{common})(?={every})|(?!))"
    manner = rf"画得(?=[^{STOPS}{CUT}]{{1,6}}[点些]的)"  # 画得可爱一点的猫
    verbs = f"{unless(words['verbs'])}|{manner}|(?:{common})(?={amount}|{ends})"
    greetings = either(words["greetings"]["words"])
    people, kin = (either(words["greetings"][who]) for who in ("people", "kin"))
    names, commands = either(words["names"]), either(words["commands"])
    soon = f"(?={GAP}|[{EMOJI}]|$|{wishes}|{verbs}|{greetings}|{names}|(?:{people}){GAP})"
    pictures = either(words["wrappers"]["words"])
    made = either(words["made"]["words"])
    taken = rf"[把将](?=[^{STOPS}{CUT}]{{1,100}}(?:{made}))"
    command = rf"/(?:{commands})(?:@\w+)?(?![a-z])(?: prompt:)?"
    called = (
        rf"(?:{kin}|{people}){{1,2}}[呀啊哦哈]?"
        rf"(?=[,，!！~～ 、:：]{{1,3}}(?:{wishes}|{verbs}|{greetings}|{people}))"
    )
    english = either(words["english"]["verbs"])
    polite = rf"(?:{either(words['english']['wishes'])})\s?(?=(?:{english})?\s?[\u4e00-\u9fff])"
    dreamt = "我?(?:昨晚|昨天|昨夜|今早|刚才|刚刚)?(?:做梦)?梦[到见][了过]?(?=一)"  # …, 帮我画出来
    verbs += rf"|(?<![a-z])(?:{english})\s?(?:me|us)?(?=\s?[\u4e00-\u9fff])"
    return re.compile(
        # atomic, not possessive: before Python 3.11.5 "(…)*+" lost what it had matched (gh-106052)
        rf"^(?>(?:(?P<command>{command})|{GAP}|[{EMOJI}]+(?=\s?(?:{wishes}|{verbs}|{greetings}|{names}))|@?(?:{names})(?:bot|{kin}|{people}|大人|酱)?{soon}|(?:{greetings})[呀啊哦哈]?{soon}"
        rf"|(?:机器人|bot|助手|画师)(?={GAP}{{1,3}}(?:{wishes}|{verbs}))|用?ai(?=画(?![画师家得的]))"
        rf"|(?:根据|按照?|基于)(?:以下|下面|这个|这段|如下)?的?(?:描述|内容|文字|提示词|要求|场景)来?(?={verbs})"
        rf"|(?:有没有|哪位|哪个|求|请|有)?(?:大佬|大神|老师|朋友|人|群友|高手|好心人)[能可以会帮来忙我]*(?=画(?:{NUMERAL}|[个张只幅条]))"
        rf"|(?:{people})[呀啊哦哈]?(?={GAP}{{0,3}}(?:{wishes}|{verbs}|{greetings}|{people}|{names}))"
        rf"|[给帮替为](?:我们?|咱们?)?(?:家)?(?:{family})(?=[画来做整生弄搞])|[给帮替为][^{STOPS}{CUT}画用以]{{1,6}}(?=画(?:{NUMERAL}|[个张只幅条]))|{called}|{polite}|{dreamt}|[哈嘿呵]{{2,}}|(?P<wish>{wishes})|{taken})*)(?P<verb>(?:{verbs}|{asked})(?:一下|点(?![心点燃灯缀阵睛穴火兵名什啥]))?(?:[吗嘛吧呗]*(?={GAP}))?)?{GAP}*+"
        rf"(?:(?(verb)|(?!))(?:{pictures})(?={GAP}|$))?"
        rf"|^{GAP}*(?P<english>(?:please |can you |could you )*draw(?: me)?(?: please)?)"
        " (?=[a-z0-9\u4e00-\u9fff])"
    )


def hollow_lead(words: Words) -> re.Pattern[str]:
    """Match a wish that names nothing, before one that does: 再画一个吧，…."""
    return re.compile(
        rf"^{GAP}*(?:一?[个张幅份](?:图|画|东西)?|点东西|点什么|东西)?[吧呗嘛啊呀]*{GAP}+(?={GAP}*[^{STOPS}{CUT}])"
    )


def wish(words: Words) -> re.Pattern[str]:
    """Match where a wish begins inside what somebody tells: 我很无聊，给我画…."""
    whom = words["told"]["family"]
    return re.compile(
        rf"(?<=[{STOPS}{CUT}])(?![{STOPS}{CUT}])|(?<=.)(?={whom}(?:画|生成|来[一两张个]))"
    )


def address(words: Words) -> re.Pattern[str]:
    """Match the name of whom it is said to."""
    names = either(words["names"])
    return re.compile(rf"^(?:{GAP}|@?(?:{names})(?:bot)?)+")


def label(words: Words) -> re.Pattern[str]:
    """Match what only says that the content comes now: 提示词：…, 内容是…."""
    names = either(words["wrappers"]["labels"])
    return re.compile(
        rf"{START}(?<!negative )(?:{names})\s?:{GAP}*"
        rf"|^{GAP}*(?:(?:{names})\s?(?<![a-z])(?:是|为)|画的是){GAP}*"
        rf"|^{GAP}*关于(?=[^{STOPS}{CUT}]{{1,40}}的(?:{either(words['wrappers']['words'])}){END})"
        rf"|^{GAP}*{CUT}{GAP}*(?:上面|里面|图上|图里)是"
    )


def amount(words: Words) -> re.Pattern[str]:
    """Match a number of pictures at the head, as 两张; whether of pictures is decided elsewhere."""
    pictures = either(words["wrappers"]["words"])
    return re.compile(
        rf"^{GAP}*{_pictures(words)}(?:[吧呗啊哈]+(?={GAP}|$))?(?:(?:{pictures})(?={GAP}|$))?"
        rf"(?:{GAP}{{1,3}}(?:{either(words['wrappers']['count_labels'])}))?"
    )


def measure(words: Words) -> re.Pattern[str]:
    """Match a measure word without a number at the head; whether it is one is decided elsewhere."""
    return re.compile(
        rf"^{GAP}*(?P<measure>{either(words['pictures']['bare']['words'])})"
        rf"(?:(?:{either(words['wrappers']['words'])})我?(?={GAP}|$))?"
    )


def poem(words: Words) -> re.Pattern[str]:
    """Match what asks for a picture to a poem, which is all that follows."""
    said = words["poems"]["said"]
    return re.compile(
        rf"(?:{START}|(?<=[我请烦帮你张幅{QUOTED}]))(?:{said})(?:[^:]{{0,12}}?(?:[:,\s]|{CUT})\s*|(?={QUOTED})|$)"
        rf"|(?:{START}|(?<=[我请烦帮你]))(?:[给为]){QUOTED}+(?:这|那)?(?:句|首)?诗?配(?:一?[张幅个])?(?:插?图|插?画)"
    )


def question(words: Words) -> re.Pattern[str]:
    """Match what makes a question of a wish, at the end of a clause, but not of 酒吧."""
    never = "".join(words["tails"]["unless_after"])
    return re.compile(rf"(?<=[^{STOPS}{CUT}])(?<![{never}])(?:[吗嘛吧](?=[{STOPS}{CUT}]|$)|不$)")


def tail(words: Words) -> re.Pattern[str]:
    """Match the last word of courtesy."""
    never = "".join(words["tails"]["unless_after"])
    names = either(words["names"])
    said, alone = either(words["tails"]["words"]), either(words["tails"]["alone"])
    return re.compile(
        rf"(?P<courtesy>(?<![{never}])(?:{said})|吗|(?<![做备修写煮烤建治搭穿摆弄盖变])好[了啦]"
        rf"|(?<![笑a-z])(?:哈{{2,}}|嘿{{2,}}|h{{2,}})|{START}我们?(?:要|想|准备|打算|急着|等着)(?:用来|拿来|拿去)?"
        rf"(?:发|送|用|当|做|打印|收藏|换)(?!.{{0,9}}(?:头像|壁纸|桌面))[^的{STOPS}{CUT}]{{0,10}}|{START}(?:{alone})"
        rf"|@(?:{names})(?:bot)?|{START}(?:{names})|(?<=[图画])(?:看看|瞧瞧)|(?<=照片)(?:看看|瞧瞧)"
        rf"|{START}(?:请|麻烦|你|能|可以|帮忙|再|然后)+(?:帮我|给我)?画(?:[出下]来|一[下画]))"
        rf"[{STOPS}{CUT}]*$|[（(](?:{said}|{alone})[）)]$"
    )


def wrapper(words: Words) -> re.Pattern[str]:
    """Match what only says that it is a picture: 一张…的图."""
    pictures = either(words["wrappers"]["words"])
    return re.compile(rf"(?:的(?:{pictures})|(?<=[\u4e00-\u9fff])图片){END}")


def counts(words: Words) -> Patterns:
    """Match how many pictures, where the lead does not say it."""
    pictures = _pictures(words)
    asks = (
        "(?:(?:一?共|总共|数量|一次(?:性)?|每次|只?要|请?来|弄|整|画|出|生成|给我"
        "|多[画来出]|各[画来])+)?"
    )
    amount = f"{NUMERAL}|{either(words['pictures']['vague'])}"
    return _compiled(
        f"{START}{asks}{pictures}(?:就[行好]|就?够了?|即可|的?图)?{END}",
        rf"{START}(?:一次(?:性)?|每次){asks}{pictures}",
        rf"(?<![着了有的是这那第0-9.])(?<=[^{STOPS}{CUT}])(?:各[画来]?)?(?P<count>{amount})\s?[张幅份]图?{END}",
        rf"(?<![0-9a-z])[x×✕*]\s?(?P<count>{NUMERAL})张?{END}",
        rf"(?P<count>{NUMERAL})连[拍抽发画]?{END}",
        rf"{START}(?:数量|张数){IS}(?P<count>{NUMERAL})张?{END}",
    )


def numbers(words: Words) -> Patterns:
    """Match seeds, steps, guidance, samplers, sizes and ratios."""
    free = "(?<![0-9a-z.])"
    real, worded = r"\d{1,9}(?:\.\d{1,9})?", rf"{HAN}{{1,9}}(?:点{HAN}{{1,4}})?"
    # a number in Chinese numerals ends what is said: 种子千姿百态
    ends = f"(?=[的来画竖横]|{END})"
    whole = rf"-?\d{{1,30}}|{NUMERAL}{ends}"
    ratio = rf"(?:\d{{1,3}}\s?[:比/]\s?\d{{1,3}}|{NUMERAL}比{NUMERAL})(?![0-9:])"
    ratios: list[str] = words["ratios"]["usual"]
    spelled: list[str] = words["ratios"]["spelled"]
    usual = either([*ratios, *(ratio.replace(":", "比") for ratio in ratios), *spelled])
    samplers = either(words["samplers"])
    measure, frame = "(?:尺寸|大小|分辨率)", "(?:的?(?:比例|画幅|构图|尺寸))?的?"
    unit = r"(?![0-9])\s?(?:像素|px)?"
    width = rf"宽度?{IS}(?P<width>\d{{2,5}}|{HAN}{{3,7}}){unit}"
    height = rf"高度?{IS}(?P<height>\d{{2,5}}|{HAN}{{3,7}}){unit}"
    size = (
        r"(?:\d{3,5}\s?(?:[x×✕*]|乘以?)\s?\d{3,5}(?![0-9a-z])"
        rf"|{HAN}{{3,7}}乘以?{HAN}{{3,7}})(?:\s?像素|px)?"
    )
    return _compiled(
        rf"(?:用|固定|指定)*(?:随机)?种子(?:号|数|值)?{IS}(?P<seed>{whole})(?!\s?[颗粒个]|[0-9])",
        rf"(?:(?:重绘|重画|去噪|降噪|改动)的?(?:幅度|强度|程度)|{START}重[绘画]){IS}(?P<strength>[01](?:\.\d{{1,9}})?(?![0-9.])|[零〇一](?:点{HAN}{{1,4}})?{ends})",
        rf"{free}(?:denoising )?strength{IS}(?P<strength>[01](?:\.\d{{1,9}})?)(?![0-9.])",
        rf"{START}(?P<upscale>{NUMERAL})\s?倍放大{END}",
        rf"(?<![被了着])(?:最后|然后|再|并且?|画[好完]后?|出图后?)*放大(?:到|成|为)?{IS}(?P<upscale>{NUMERAL})\s?倍{END}",
        rf"{START}(?:(?:使?用)?模型{IS}|model\s?[:=]\s?)(?P<model>[a-z0-9][a-z0-9_.-]{{0,60}})",
        rf"(?:请?(?:使|采|选)?用|换成?|以)?\s?{free}(?P<model>[a-z0-9][a-z0-9_.-]{{0,60}})\s?模型(?:来|的)?",
        rf"{free}seed{IS}(?P<seed>{whole})",
        rf"{START}随机种子{END}",
        rf"(?:(?:采样|迭代)?步数|{free}steps?){IS}(?P<steps>{NUMERAL})步?",
        rf"(?:采样|迭代|跑){IS}(?P<steps>{NUMERAL})步",
        rf"{START}(?:用|要)?(?P<steps>{NUMERAL})\s?(?:步|steps?){END}",
        rf"(?<![走退跑差第每后前了着0-9.])(?P<steps>\d{{1,20}})步{END}",
        rf"(?<![走退跑差第每后前了着爬进过到这那几笑])(?<!{HAN})(?P<steps>{HAN}?[十百]{HAN}{{0,3}})步{END}",
        rf"(?:引导|提示词相关性)(?:系数|强度|值|度|比例)?{IS}(?P<guidance>{real}|{worded}{ends})",
        rf"{free}(?:cfg|guidance)(?:[ _-]?scale)?{IS}(?P<guidance>{real}|{worded}{ends})",
        rf"采样(?:器|方法|方式)?{IS}(?P<sampler>{samplers})(?![a-z0-9+])",
        rf"用?{free}(?P<sampler>{samplers})\s?采样器?",
        rf"{START}(?P<sampler>{samplers})(?<!euler){END}",
        rf"(?:(?:图片)?{measure}{IS})?{free}(?P<size>{size})(?:\s?的)?",
        rf"{measure}{IS}(?P<size>\d{{3,5}})(?![0-9a-z:])的?",
        f"{width}{GAP}?{height}",
        f"{height}{GAP}?{width}",
        r"(?<!\d)(?P<width>\d{2,5})宽[,，x× ]?(?P<height>\d{2,5})高",
        rf"(?:画幅|画面比例|宽高比|长宽比|比例|尺寸){IS}(?P<aspect>{ratio})的?",
        rf"(?:{START}(?:(?:记得|最好|可以)?(?:要|是|用)|最好))?{free}(?<![:分])(?<![在着示有停])(?<!{HAN})(?P<aspect>{usual})(?![0-9:a-z获胜赢负领战逆绝击]|{HAN}|的?(?:比[分赛]|战绩|成绩|优势|胜|领先|逆转)){frame}",
        rf"(?<![a-z]\s){START}(?P<aspect>{ratio}){frame}{END}",
    )


def shapes(words: Words) -> Patterns:
    """Match words for upright, broad and square."""
    every = [word for group in words["shapes"].values() for word in group.split()]
    alone, last = words["shapes_alone"]["words"], words["shapes_last"]["words"]
    anywhere = set(every) - set(alone) - set(last)
    exceptions: dict[str, str] = words["shapes_unless"]
    free = unless({word: exceptions.get(word, "") for word in anywhere})
    want = "(?:记得|最好|可以)?(?:要|是|用)|最好"
    one, made = "(?:一?[张幅个款]|一份)?", "做成|改成|换成|换|当|做|作为|用作|用于|弄成"
    wish = rf"(?:{START}(?:{want}|{made})?{one}|适合(?:做|当)?|用来[做当]|做|当作?|用作)?"
    frame = "(?:构图|画幅|画面|版式|版面|比例|尺寸|的?壁纸|的?图片|的?图)"
    wide = either([word for word in alone if word in ("宽屏", "宽幅", "横式", "竖式")])
    return _compiled(
        rf"的(?P<aspect>{free})(?:{frame})?{END}",
        rf"(?:然后|最好|记得)*(?<!不)(?:想要|需要|要求|要|做成|弄成|改成)(?P<aspect>{free})(?:{frame})?的?{END}",
        rf"{START}(?P<aspect>{wide})的",
        rf"{START}(?P<aspect>[竖横]着?|打[竖横直])(?=画(?:{NUMERAL}|[个张只条幅]))",
        rf"{wish}(?<!不要)(?<!不用)(?P<aspect>{free})(?:{frame})?(?:的|用|吧{END})?",
        rf"{START}(?:{want})?(?P<aspect>{either(alone)})(?:{frame}的?|的?{END})",
        rf"(?P<aspect>{either(alone)}){frame}的?",
        rf"(?<![有着印刻][^{STOPS}{CUT}])(?<![有着印刻][^{STOPS}{CUT}]{{2}})(?<![有着印刻][^{STOPS}{CUT}]{{3}})"
        rf"(?:的|{START}[一1]?[个张款]|(?:我?(?:想|要|想要|准备|打算|用来|拿来|可以))?(?:[做弄整搞]?一?[个张]|做|当|作为|用作|换|换成|换一?个))?(?:{either(words['shapes_last']['of'])})?(?P<aspect>{either(last)})(?:用|使用)?{END}",
    )


def styles(words: Words, known: Mapping[str, str]) -> Patterns:
    """Match styles by name or alias.

    Args:
        words: The word tables.
        known: Canonical names by folded alias.
    """
    table = words["style"]
    wind = table["wind"].replace(" ", "")
    ours = sorted((name for name in known if not name.isascii()), key=len, reverse=True)
    windy = (re.escape(name) + f"(?![{wind}])" * name.endswith("风") for name in ours)
    names = f"(?:{'|'.join(windy)})"
    english = either(name for name in known if name.isascii())
    weight = r"\s?[:*]\s?\d(?:\.\d{1,4})?"
    weighed = rf"(?:{names}|(?<![a-z])(?:{english}))(?:风格|画风|风)?{weight}"
    mark = f"(?:{either(table['marks'])}|(?<=风)格)(?!(?<=风)[{wind}])"  # 中国风|格 too
    kind = f"画(?!{either(table['kinds'].split())})"
    feels = either(table["feels"])
    thing = f"(?![0-9]|{either(table['things'].split())}|风(?![景光])[{wind}])"
    also = r"\s?(?:风格|画风|风)?\s?(?:[+&、和与加]|加上)\s?"
    several = rf"(?:铅笔|炭笔|中国|传统)?(?P<styles>{names}(?:{also}{names}){{0,8}})"
    made = "(?:(?:请|帮我|给我)*[画做改变换弄]成|变为|改为)"
    wanted = r"(?<!不要)(?<!不是)(?<!不用)(?<!别用)"
    ends = rf"(?:的|{END})"
    owned = "".join(f"(?<!{word})" for word in table["owners"].split())
    return _compiled(
        rf"{START}(?:整体|画面)?(?:的)?(?:风格|画风)(?:偏向?|接近|类似|参考|走|要|选|选择|{IS}){several}(?:{mark}|{kind})?(?:的{END})?",
        rf"(?:风格|画风)[:=]\s?(?P<styles>[^{STOPS}{CUT}]{{1,20}})",
        rf"{START}(?P<weighed>{weighed}(?:(?:{GAP}|[+和加]){{1,3}}{weighed}){{0,7}})",
        rf"(?<![a-z])(?P<styles>{english})\s?(?:风格|画风|风)(?![{wind}])(?:\s?的)?",
        rf"{START}[用以按]{several}的(?:{mark})(?:来|的)?",
        rf"{wanted}{START}(?:偏向?|接近|要)?{several}(?:{mark})?一?[点些]的?{END}",
        rf"{wanted}{START}{several}(?:{mark})?的?(?:混合|结合|混搭|融合)(?:风格?)?的?{END}",
        rf"{START}[用以按]{several}(?:{mark})?来?(?:表现|呈现|展现|描绘|刻画|演绎|诠释|表达)",
        rf"{wanted}(?:{START}(?:整体|画面|统一)?[用以按要是]?|{made})?{several}\s?(?:{mark})"
        rf"(?:来?(?:呈现|表现|展现|来画){END}|来|\s?的)?",
        rf"{wanted}{START}(?:要|有|想要|要有)?(?:一?点)?{several}的?(?:那种)?(?:{feels})(?:的|{END})",
        rf"{START}[用以按]{several}(?:{kind}(?!出|下来)|来(?:画|呈现|表现){END}|(?=画|来)|的?(?:形式|方式|手法|技法|效果)(?:来?(?:表现|呈现))?)的?",
        rf"[用以]{several}(?:{kind}|来画|表现)?{END}",
        rf"{made}{several}(?:{kind}|版|的样子)?{ends}",
        rf"(?<![上里中下着]){owned}的{several}(?:{kind})?{END}",
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
    never = f"(?!{either(table['never'])}|(?<=[^{STOPS}{CUT}])(?:不要|别)太)"
    item = rf"(?:[^,;。!?()（），；！？{CUT}\s]|(?<=[a-z])\s(?=[a-z])){{1,200}}"
    typical, also = either(table["typical"]), either(table["also"])
    within = either(table["places"])
    listed = rf"(?:、[^{STOPS}{CUT}的]{{1,12}}){{0,8}}"
    inside = "(?:(?:背景|画面|图|画|照片)[里中上]?的)?"
    more = rf"(?:[,、\s]{{1,3}}(?:{typical}|和|或){{1,8}}{END})*"
    return _compiled(
        rf"{START}(?:{also})?{never}(?:{either(table['begun'])})\s?(?P<avoid>{inside}[^{STOPS}{CUT}的]{{1,12}}{listed}{more}){END}",
        rf"(?<![要特个区分告离级类写说喊叫])(?<![写印刻][着有])(?:{START}(?:{within})|{also})?{never}"
        rf"(?:{either(table['words'])})\s?(?P<avoid>{item}{more})",
        rf"{START}无(?P<avoid>(?:{typical})(?:[、和]?无(?:{typical})){{0,5}}){END}",
        rf"(?<=[{STOPS}{CUT}])(?P<avoid>[^{STOPS}{CUT}要]{{1,6}}?)[就都]?不要(?:了|出现|有)?{END}",
        rf"(?<![有要])(?:{START}(?:{within})|{also})?(?:{either(table['mild'])})(?P<avoid>[^{STOPS}{CUT}的]{{1,12}}{listed})的?{END}",
    )


def listed(words: Words) -> re.Pattern[str]:
    """Match a list of what should not be seen, under its name: 反向提示词：…."""
    names = either(words["avoid"]["listed"])
    return re.compile(rf"(?:{names})[:=]?\s?(?P<avoid>[^{CUT}。\n]{{1,1000}})")


def items(words: Words) -> re.Pattern[str]:
    """Match what stands between two things to avoid; 和服 and 暖和 are whole words."""
    typical = either(words["avoid"]["typical"])
    return re.compile(
        rf"[、,;/|，；]|(?<=.)无(?={typical})|也?(?:别有|不要|唔要)|也别|或者|或|以及|还有|(?<![暖柔温饱])和(?![服尚平谐室风式])"
        r"|(?<![a-z])\s+|\s+(?![a-z])"
    )


def hollow(words: Words) -> re.Pattern[str]:
    """Match words round a thing to avoid that say nothing: 任何…的."""
    table = words["avoid"]
    return re.compile(
        f"^(?:{either([*table['words'], *table['lead']])})(?=.)|(?<=.)(?:{either(table['tails'])})$"
    )


def talk(words: Words) -> re.Pattern[str]:
    """Match what is no request, whatever else is said."""
    table = words["errands"]
    wish = "(?:帮我|给我|麻烦你?|请你?|谁能|谁来|我想|我要|能不能|你能|帮忙|可以)(?:再|先|去)?"
    errands = (
        f"^{GAP}*(?:{wish}(?:{either(table['verbs'])})(?!.*画)"
        f"|(?:我们?|好|真|很|也|都|就|只|还|又)*想要?(?:{either(table['verbs'])}|{either(table['wants'])})(?!.*(?:[图的]|画(?![架板笔框材室展集册])))"
        f"|(?:我们?|好|真|很|也|都|就|只|还|又)*(?:想|想要|要)(?:一?[个点份句])?(?:{either(table['wanted'])})[啊呀吧呢嘛了]*{END})"
    )
    papers = (
        f"^{GAP}*(?=(?:{wish}){{0,3}}(?:给我|来|发|传|要|想要|求|需要|找|拿|弄|搞|出|写|做|生成|整|帮))"
        f"(?!.*[画图本])[^{STOPS}{CUT}]{{0,16}}(?:{either(table['papers'])})"
        f"(?:[吧呗吗啊呀]|谢谢)*{END}"
    )
    shows = f"^{GAP}*(?:我|我们|咱们)?(?:想|要|去)+看(?:{either(table['shows'])}){END}"
    return re.compile("|".join([*words["talk"]["always"], errands, papers, shows]))


def unasked(words: Words) -> re.Pattern[str]:
    """Match what is no request unless one is made in words."""
    return re.compile("|".join(words["talk"]["unasked"]))


def polish(words: Words) -> Patterns:
    """Match the wish to have the words rewritten: 润色后画…, but not 正在润色文章的编辑."""
    table = words["polish"]
    asks = "(?:请|先|再|帮我|给我|麻烦|你|要|需要|记得|可以|并)*"
    ends = f"(?:{END}|(?=画|再|帮|给|生成|来[一张个])|(?:之?后|完)(?:之?后)?(?:再|然后|就)?)"
    never = "(?:请|也)*(?:不要|不用|别|无需|无须|不需要)(?:再|给我|帮我)*"
    return _compiled(
        rf"{START}{never}{table['says']}{END}",
        rf"{START}{asks}(?P<polish>{table['says']})(?!{either(table['of'].split())}){ends}",
    )


def skip_translation(words: Words) -> Patterns:
    """Match the wish to leave the words as they are: 不要翻译."""
    table = words["skip_translation"]
    after = f"(?:{either(table['as'].split())})*"
    never = "(?:不要|不用|别|甭|无需|无须|请勿|不需要|唔好|唔使)"
    return _compiled(
        rf"(?:{never}(?:再|给我|帮我)?|{START}不)(?P<skip_translation>{table['says']}){after}{END}"
    )


def fillers(words: Words) -> Patterns:
    """Match clauses that say nothing: 嗯, 就是."""
    said = either(words["fillers"]["words"])
    return _compiled(rf"{START}(?:{said}){END}")


def _compiled(*sources: str) -> Patterns:
    return tuple(map(re.compile, sources))


def _pictures(words: Words) -> str:
    """Match a number of pictures, as 两张, but not of things, as 两张桌子."""
    measures = either(words["pictures"]["things"])
    amount = f"{NUMERAL}|{either(words['pictures']['vague'])}"
    count = rf"(?P<count>{amount})\s?(?P<unit>{measures})"
    return rf"{count}(?:图片|照片|图(?![书案腾纸形钉])|画(?={GAP}|$))?"
