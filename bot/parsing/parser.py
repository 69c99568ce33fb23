"""Reads a request out of a message."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from bot import segment, unfold
from bot.errors import NotUnderstood
from bot.parsing import flag, talk
from bot.parsing.draft import CUT, QUOTED, STOPS, Draft
from bot.parsing.numeral import NUMERAL
from bot.parsing.pattern import EMOJI
from bot.parsing.reader import READERS, Changes, changed, read
from bot.parsing.text import clean, fold
from bot.parsing.vocabulary import Owners, Vocabulary
from bot.request import Request
from bot.style import Styles
from bot.wording import later, say

EXAMPLE = later("想画什么呢？例如：画两张竖版水墨风的江南烟雨，不要文字")
_ENCLOSED = {"“": "”", "「": "」", "『": "』", '"': '"'}
_MAX_TAILS = 8
POETIC = "诗意"
"""The style of a picture to a poem, if there is one of this name."""
_CLAUSE = re.compile(rf"[^{STOPS}{CUT}{QUOTED}()（）]*")
_PHRASE = re.compile(
    "(?<=.)(?:[里上下中]?(?:中间|在|正在|贴|印|写|铺|盖|放|摆|挂|站|坐|躺|趴|飞[过着行翔舞在])|和|与|旁|边上|之间|对面|附近|底下)"
)
_AROUND = re.compile(
    rf"^[{EMOJI}\s]+(?=[^{EMOJI}\s])"
    rf"|(?<=[^{EMOJI}\s个只颗朵条位张家群对着有和与是在跟抱拿骑吃的])[{EMOJI}\s]+$"
)
_QUOTATION = re.compile("[“「『\"'‘](.*?)[”」』\"'’]", re.DOTALL)
_AMBIGUOUS = frozenset({"头像"})
"""Words that jieba takes apart: 个头|像, 当头|像."""
_HAN = re.compile("[\u4e00-\u9fff]+$")
_THINGS = re.compile(rf"[{STOPS}]*(?:{NUMERAL})[个只条朵匹棵座位头辆艘架把杯碗张幅群对双片颗间]")
"""One thing or several at the head: what is described, not said."""
_DESCRIBED = re.compile(rf"(?:{NUMERAL})[只条朵匹棵座头辆艘架群双片颗]\w+[在着]")
"""One that does something, even if it is 问什么时候开饭."""
_BARE = re.compile(rf"[{STOPS}{CUT}]*[\u4e00-\u9fff]{{1,8}}(?P<end>的)[{STOPS}{CUT}]*$")
"""The end of 来张海豚的."""
_HEAD = re.compile(r"[^,，:：\s]{1,12}(?:[,，:：\s]+|$)")
_ANYTHING = re.compile(rf"[{STOPS}{CUT}]*点(?:什么|东西)")
"""What is nothing yet: 画点什么吧，要有猫."""
_BEGUN = re.compile(rf"[{STOPS}{CUT}]*(?P<verb>画)(?=[\u4e00-\u9fff])")
_AMOUNT = re.compile(
    rf"(?:{NUMERAL}|几)?\s?[张幅份个只条朵匹棵座位头辆艘架把杯碗群对双片颗间些点]"
    rf"|{NUMERAL}(?<!一)"
)
_HUNG = re.compile(
    rf"[^{STOPS}{CUT}]{{0,20}}?(?:画|照片|地图)(?:被|[放挂摆贴铺靠立躺飘悬掉][在着满了])"
)
"""A picture in the picture: 没画完的画放在画架上."""
_DOES = re.compile(
    rf"[上下里中]?(?:面|边)?(?:正|都|全|各)?(?:[被在围摆拼排堆叠连并放靠挂贴写印刻铺盖配加倒散飘飞落挨搭组装立竖折撕揉卷夹钉粘拴绑系藏躺坐站趴长冒滴燃烧亮空摊压晾晒漂浮插塞翻悬挤]|画[着满]"
    rf"|对着|首尾|破了|裂开)[^的{STOPS}{CUT}]*(?=[{STOPS}{CUT}{QUOTED}]|$)"
)
"""What a thing does or what is on it, to the end of what is said."""
_FRAMED = re.compile(rf"[^{STOPS}{CUT}]{{1,60}}的(?:图片?|照片|相片)(?=[{STOPS}{CUT}]|$)")
_PART = re.compile(
    rf"(?P<part>[^{STOPS}{CUT}的上下里中前后旁和与在有]{{1,5}}?)(?:的(?!图|照片|画|设计|样子|特写|海报)"
    rf"(?=[^{STOPS}{CUT}])"
    rf"|(?={NUMERAL}[个只条把张本支根]))"
)
_HAN_OR_LETTER = re.compile(r"[^\W_]|[\U0001f300-\U0001faff]")
_MAX_CLAUSES = 8
_TOLD = 2
"""Points from which what comes before a wish is talk."""
_CLEARLY = 1
"""The same before what can be nothing but a wish: 画一只…."""
_PAINT = re.compile(
    rf"(?:请|再|就|你|帮|给我|帮我|麻烦)*[给帮替为]?[^{STOPS}{CUT}画]{{0,6}}画(?:{NUMERAL}[^\W\d]|[个张只幅条])"
)
_PAINT_LATER = re.compile(
    rf"(?<=[^{STOPS}{CUT}])[,，。 ](?P<verb>画(?:个(?=[^{STOPS}{CUT}])|(?={NUMERAL}[^\W\d下些点])))"
)
_USED = re.compile(
    rf"[用做弄写交](?:的|到)?[{STOPS}{CUT}]*$"
    "|想[看要]|喜欢|需要|说要|[吵闹嚷求]着|非要|让我画|要我画"
)
"""What a picture is for, or who wants it: 做PPT要用, 孩子想看恐龙."""
_OWN = ("个性", "个体", "个别", "个展", "个子", "个儿", "个头儿")
_SIZES = "大小"
"""jieba has words of a measure word and one of these: 张大, 个大."""
_TO_DRAW = "LNS"
"""Categories of what can be drawn: letters, numbers, symbols."""


def parse(text: str, styles: Styles, *, has_source: bool = False, usual_count: int = 1) -> Request:
    """Read a request, as 「帮我画两张竖版的水墨风小猫，不要文字」.

    What is understood as a setting is taken out of the sentence, step by step, and what is left
    is the prompt, in the user's words and order. Values are as said; policy puts them in bounds.

    Args:
        text: What was said to the bot, in full.
        styles: What styles there are.
        has_source: Whether a picture to draw on came with it; then 画成水墨 says enough.
        usual_count: Pictures where nobody says how many; a seed is of one, and {红,蓝} are two.

    Raises:
        NotUnderstood: Nothing says what to draw.
        TooLong: The message is not read at all.
    """
    reading = Reading(clean(text, lines=True), vocabulary_of(styles))
    reading.refuse_talk()
    reading.take_flags()
    reading.take_poem()
    reading.take_lead()
    reading.take_courtesy()
    reading.take_settings()
    reading.take_questions()
    reading.take_story()
    reading.take_lead()
    reading.take_questions()
    reading.take_counts()
    reading.take_lead()
    reading.take_courtesy()
    reading.take_wrapper()
    return reading.finish(needs_words=not has_source, usual_count=usual_count)


def _any(found: re.Match[str]) -> bool:
    del found
    return True


class Reading:
    """A message half understood: what is known of the request, and the words that are left."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.draft = Draft(_unwrapped(_bare(text)))
        self._vocabulary = vocabulary
        self._whole = vocabulary.address.sub("", self.draft.folded)
        self.request = Request(prompt="")
        self._asked = self._led = self._numbered = self._counts = self._vain = False
        self._poem = ""
        self._ratio = False

    def refuse_talk(self) -> None:
        """Refuse what is said to people, or about pictures.

        Raises:
            NotUnderstood: It is.
        """
        if self._vocabulary.talk.search(self._whole) and not _DESCRIBED.match(self._whole):
            raise NotUnderstood(say(EXAMPLE))

    def take_flags(self) -> None:
        """Understand --ar 2:3 and the like."""
        for found in flag.take(self.draft, self._vocabulary):
            if found.field is None:
                self._note(say("不认识“{said}”，没有用上", said=found.typed))
                continue
            try:
                self._change(found.changes(self._vocabulary))
            except ValueError:
                self._note(say("没看懂“{said}”，没有用上", said=found.typed))
        self._asked = self._asked or bool(self.request.prompt)

    def take_poem(self) -> None:
        """Keep what follows 给这句诗配图, or else stands before it, whole: it has no settings."""
        found = self._vocabulary.poem.search(self.draft.folded)
        if found is None:
            return
        self._asked = True
        known = self._vocabulary.styles.get(POETIC)
        self.request = changed(
            replace(self.request, poem=True), {"styles": (known,) if known else ()}
        )
        start, end = found.span()
        quoted = QUOTED in found[0]
        said = self.draft.said
        if not quoted and not self.draft.folded[end:].strip(STOPS + CUT):
            self._poem = _quoted(said[:start].replace(CUT, " ").strip(" ，,\n"))
            self.draft.erase(0, len(said))
            return
        self._poem = said[start:end] if quoted else said[end:].replace(CUT, " ").strip()
        if quoted:
            self._poem = _quoted(self._poem)
        # what stands between 配图 and the colon is no poem: 给这句诗配图，横版：…
        head, colon, tail = self._poem.partition("：") if "：" in self._poem[:12] else ("", "", "")
        if colon:
            self._poem = tail.strip()
        self.draft.erase(start, len(said))
        if colon:
            self.draft.add(head)
        elif not found[0].rstrip().endswith(":"):
            self._take_before_poem()

    def _take_before_poem(self) -> None:
        """Understand settings that stand at the head of a poem, or instead: 配图，要竖版，…."""
        for _ in range(_MAX_CLAUSES):
            head = _HEAD.match(self._poem)
            if head is None or self._is_content(head[0]):
                break
            self.draft.add(head[0])
            self._poem = self._poem[head.end() :].strip()

    def _is_content(self, text: str) -> bool:
        """Tell whether words are left when settings are taken out; what to avoid may be a line."""
        draft = Draft(text)
        taken = (
            draft.cut(pattern) for pattern in (*self._vocabulary.settings, *self._vocabulary.counts)
        )
        lines = [groups for found in taken for groups in found if "avoid" in groups]
        return bool(lines or draft.rest())

    def take_lead(self) -> None:
        """Cut off what comes before the content, unless that was done; then how many pictures."""
        if not self._led:
            opened = self._vocabulary.lead.match(self.draft.folded)
            groups = self._take(self._vocabulary.lead, self._is_lead)
            self._asked = self._asked or any(groups)
            self._led = any(found.keys() & {"verb", "command", "english"} for found in groups)
            self._take_painted()
            self._vain = not self._led and (self._vain or self._is_vain(opened))
        self._take_second_lead()
        self._take(self._vocabulary.label)
        if self._asked and not self._numbered:
            self._numbered = bool(self.draft.cut(self._vocabulary.measure, self._is_measure))
        if not self._numbered:
            self._numbered = self._counted()

    def _take_painted(self) -> None:
        """Cut off 画 before what only looks like the rest of another word: 画风车, 画成都."""
        begun = _BEGUN.match(self.draft.folded)
        if self._led or begun is None:
            return
        after = _CLAUSE.match(self.draft.folded, begun.end())
        first, *others = segment.words(after[0])[:2] if after and after[0] else ("",)
        painted = self._vocabulary.painted
        particle = first if first in painted.particles and others else ""
        if (len(first) > 1 and first not in painted.never) or particle:
            self.draft.erase(begun.start("verb"), begun.end() + len(particle))
            self._asked = self._led = True

    def _is_lead(self, lead: re.Match[str]) -> bool:
        """Tell 嗯，水墨 from 水墨的早: what is left of settings is content."""
        said = lead["verb"] or lead["command"] or lead["english"] or lead["wish"]
        return bool(said) or not (self._is_set() and lead.end() == len(lead.string))

    def _is_vain(self, lead: re.Match[str] | None) -> bool:
        """Tell a wish for some other deed: 能不能商用, 帮我投个票."""
        return (
            lead is not None
            and lead["wish"] in self._vocabulary.modal
            and lead[0][-1] not in STOPS + CUT
            and not _AMOUNT.match(lead.string, lead.end())
            and not self._vocabulary.drawn.search(self._whole)
        )

    def _take_second_lead(self) -> None:
        """Cut off a wish that names nothing, and the one after it: 再画一个吧，画只猫."""
        first = self._vocabulary.hollow_lead.match(self.draft.folded)
        if not (self._led and first):
            return
        if self._is_wish(self.draft.folded[first.end() :]):
            self.draft.erase(0, first.end())
            self._take(self._vocabulary.lead)
        elif _ANYTHING.match(first[0]):
            self.draft.erase(0, first.end())

    def take_story(self) -> None:
        """Cut off what somebody tells before a wish: 我女儿明天过生日，帮她画….

        What comes before must be talk, and the wish have content of its own: of 我的猫，画成漫画
        all is content.
        """
        if self._led or _THINGS.match(self._whole):
            return
        folded = self.draft.folded
        for begin in list(self._vocabulary.wish.finditer(folded, 1))[:_MAX_CLAUSES]:
            at = begin.start()
            if self._is_wish(folded[at:]) and self._is_told(
                folded[:at], _CLEARLY if _PAINT.match(folded, at) else _TOLD
            ):
                self.draft.erase(0, at)
                return
        later = _PAINT_LATER.search(folded)
        if later:  # 小说封面，画一个剑客
            self.draft.erase(*later.span("verb"))
            self._asked = True

    def _is_wish(self, folded: str) -> bool:
        """Tell whether a picture is asked for in words, with something in it."""
        lead = self._vocabulary.lead.match(folded)
        if lead is None or not (lead["verb"] or lead["wish"]):
            return False
        rest = folded[lead.end() :]
        amount = self._vocabulary.amount.match(rest) or self._vocabulary.measure.match(rest)
        clear = amount or _THINGS.match(rest) or (lead["verb"] and lead["wish"])
        content = _HAN_OR_LETTER.search(rest, amount.end() if amount else 0)
        return bool((clear or (lead["verb"] or "").startswith("画")) and content)

    def _is_told(self, folded: str, least: int) -> bool:
        """Tell talk from content in what comes before a wish."""
        said = _words(folded)
        used = _USED.search(folded) is not None
        last = len(said) > 1 and not used and said[-1] in ("的", "和")
        return used or self._points(said) - last >= least

    def _points(self, said: list[str]) -> int:
        """Return what speaks for talk, less what speaks for a description."""
        vocabulary = self._vocabulary
        calm = sum(word in vocabulary.calm for word in said)
        return talk.points(said, vocabulary.marks, vocabulary.ends) - calm

    def _counted(self) -> bool:
        """Understand a number of pictures at the head."""
        found = self.draft.cut(self._vocabulary.amount, self._are_pictures)
        for groups in found:
            self._hear("count", groups["count"])
        self._asked = self._asked or bool(found)
        return bool(found)

    def _are_pictures(self, amount: re.Match[str]) -> bool:
        """Tell 两张猫 from 两张桌子."""
        after = self.draft.folded[amount.end() :]
        if self._vocabulary.amount.match(after):  # 画两张一张桌子
            return True
        if _FRAMED.match(after):  # 三张桌子摆成一排的照片
            return True
        owners = self._vocabulary.owners[amount["unit"]]
        if after.startswith(amount["unit"]) or _HUNG.match(after):  # 一幅幅画卷
            return False
        about = (_head(after), _part(after), _placed(after, owners))
        return not any(map(owners.has, about))

    def _is_measure(self, measure: re.Match[str]) -> bool:
        """Tell 画头大象 from 画头像."""
        after = self.draft.folded[measure.start("measure") :]
        clause, word = _CLAUSE.match(after), measure["measure"]
        if clause is None or clause[0] == word:
            return after[len(word) :].startswith(
                (CUT, " ", QUOTED)
            )  # 来个头像，…: the shape is cut out
        if self._vocabulary.whole.match(clause[0]):
            return False
        first = segment.first(clause[0])
        if word == "个":  # 画个 says it: 画个人像
            return not first.startswith(_OWN)
        if self._vocabulary.apart.match(clause[0]):
            return True
        return first == word or (first[:-1] == word and first[-1] in _SIZES)

    def take_courtesy(self) -> None:
        """Cut off 吧, 谢谢 and the like, one by one from the end."""
        for _ in range(_MAX_TAILS):
            found = self.draft.cut(self._vocabulary.tail)
            if not found:
                break
            self._asked = self._asked or "画" in fold(found[0].get("courtesy", ""))

    def take_questions(self) -> None:
        """Cut off 吗 inside a wish: 能画一只猫吗，要竖版."""
        if self._asked:
            self.draft.cut(self._vocabulary.question)

    def take_settings(self) -> None:
        """Understand numbers, sizes, shapes, styles and what to avoid, wherever they stand."""
        for pattern in self._vocabulary.settings:
            self._take(pattern, self._is_whole if "aspect" in pattern.groupindex else _any)

    def take_counts(self) -> None:
        """Understand how many pictures, where the lead has not said it."""
        for pattern in self._vocabulary.counts:
            self._take(pattern)

    def take_wrapper(self) -> None:
        """Cut off the end of 一张…的图, if a picture was asked for."""
        if self._asked or self.request.count > 1:
            self.draft.cut(self._vocabulary.wrapper)
        if self._numbered and self._asked:
            bare = _BARE.match(self.draft.folded)
            if bare:
                self.draft.erase(*bare.span("end"))

    def finish(self, *, needs_words: bool, usual_count: int = 1) -> Request:
        """Return the request; its prompt is what was not understood as anything else.

        Raises:
            NotUnderstood: No words are left, or they ask for no picture.
        """
        rest, literal = self.draft.rest(), self.request.prompt
        # what was cut may have stood between a letter and its mark: cleaned once more
        prompt = clean(literal or self._poem or _bare(rest), lines=self.request.poem)
        if not any(unicodedata.category(character)[0] in _TO_DRAW for character in prompt):
            if needs_words:
                raise NotUnderstood(say(EXAMPLE))
            prompt = ""
        if self._vain and not self._is_set():
            raise NotUnderstood(say(EXAMPLE))
        if not self._asked and (self._vocabulary.unasked.search(self._whole) or self._is_talk()):
            raise NotUnderstood(say(EXAMPLE))
        for found in self._vocabulary.strange.finditer(prompt):
            self._note(say("没有“{name}”这种画风，只当描述来画", name=found["name"]))
        if literal and rest:
            self._note(say("说了 --prompt，“{rest}”没有用上", rest=rest))
        said = self._counts or self.request.seed is not None or unfold.many(prompt) > 1
        count = self.request.count if said else usual_count
        return replace(self.request, prompt=prompt, avoid=clean(self.request.avoid), count=count)

    def _is_whole(self, found: re.Match[str]) -> bool:
        """Tell 方图 from what stands in 东方图腾."""
        start, end = found.span("aspect")
        around = self.draft.folded[max(0, start - 8) : start + 8 + end - start]
        if found["aspect"] in _AMBIGUOUS or not _HAN.match(found["aspect"]):
            return True
        at, edges = max(0, start - 8), set[int]()
        for word in segment.words(around):
            edges.add(at)
            at += len(word)
        edges.add(at)
        return start in edges and end in edges

    def _is_talk(self) -> bool:
        """Weigh the words of a message that asks for nothing in so many words."""
        if _THINGS.match(self._whole):
            return False
        listed = any(comma in self._whole for comma in ",，、")
        if not listed and self._vocabulary.remarks.has(_words(self._whole)):
            return True
        return self._points(_words(self._whole)) - 2 * self._is_set() - listed >= talk.TALK

    def _is_set(self) -> bool:
        """Tell whether something was said of how to draw."""
        return replace(self.request, prompt="", notes=()) != Request(prompt="")

    def _take(
        self, pattern: re.Pattern[str], judge: Callable[[re.Match[str]], bool] = _any
    ) -> list[dict[str, str]]:
        """Cut out what the pattern finds; groups that are named for a field change it."""
        finds = self.draft.cut(pattern, judge)
        for groups in finds:
            for field, said in groups.items():
                if field in READERS:
                    self._hear(field, said)
        return finds

    def _hear(self, field: str, said: str) -> None:
        if field == "aspect":
            if self._ratio:  # 竖版，3:4: the ratio says it closer
                return
            self._ratio = fold(said) not in self._vocabulary.shapes
        try:
            self._change(read(field, said, self._vocabulary))
        except ValueError:
            self._note(say("没看懂“{said}”，没有用上", said=said))

    def _change(self, changes: Changes) -> None:
        self._counts = self._counts or "count" in changes
        self.request = changed(self.request, changes)

    def _note(self, words: str) -> None:
        self.request = changed(self.request, {"notes": (" ".join(words.split()),)})


@lru_cache(maxsize=8)
def vocabulary_of(styles: Styles) -> Vocabulary:
    """Return the words of control, those of styles among them."""
    return Vocabulary.of(styles.names())


def _words(folded: str) -> list[str]:
    """Return the words of a folded text, without stops and cuts."""
    return [word for word in segment.words(folded) if word not in STOPS + CUT]


def _bare(text: str) -> str:
    """Return a message without the emoji round it; one that is all emoji stays."""
    bare = _AROUND.sub("", text)
    return bare or text


def _quoted(text: str) -> str:
    """Return what stands between the quotation marks in a text."""
    found = _QUOTATION.search(text)
    return found[1] if found else text


def _head(text: str) -> str:
    """Return the word that a phrase is about, its last: 床 of 柔软的大床, 猫 of 桌子上的猫.

    A phrase ends where a clause does, or where it goes on with where or what somebody does.
    """
    clause = _CLAUSE.match(text)
    phrase = _PHRASE.split(clause[0], maxsplit=1)[0].strip() if clause else ""
    said = segment.words(phrase.removesuffix("的"))
    return said[-1] if said else ""


def _part(text: str) -> str:
    """Return the word that a number counts in what has it as a part: 两张嘴的怪物."""
    found = _PART.match(text)
    said = segment.words(found["part"]) if found else ()
    return said[-1] if said else ""


def _placed(text: str, owners: Owners) -> str:
    """Return the first thing that takes the measure word and does something: 桌子围成一圈."""
    clause = _CLAUSE.match(text)
    said = segment.words(clause[0])[:_MAX_CLAUSES] if clause else ()
    at = 0
    for word in said:
        at += len(word)
        if owners.has(word) and _DOES.match(text, at):
            return word
    return ""


def _unwrapped(text: str) -> str:
    """Return a message without the quotation marks that are round all of it."""
    inner, close = text[1:-1], _ENCLOSED.get(text[:1])
    whole = close is not None and text.endswith(close) and close not in inner and len(text) > 1
    return inner.strip() if whole else text
