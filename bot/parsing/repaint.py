"""Reads what is to be drawn where a picture is masked: 换成一朵花, 把帽子去掉, 涂的地方画一只猫."""

import re
from dataclasses import replace

from bot.errors import NotUnderstood
from bot.follow import Follow
from bot.parsing.follow import follow, stated
from bot.parsing.parser import parse
from bot.parsing.text import clean, fold
from bot.style import Styles
from bot.wording import say

_PLACE = re.compile(
    r"(?:把|将|在|给)?我?(?:(?:用[红蓝黑白绿黄]色?)?"
    r"(?:涂|圈|标|框|抹|画)(?:掉|上|了|过|红|黑|白|住|出来?|起来|好)?的?"
    r"|透明的?|空白的?|空的|镂空的?|挖掉的?)"
    r"(?:那|这)?(?:个|些|块|一块)?(?:地方|区域|部分|位置|处|里)(?:里面?|上面?|中)?(?:给我|帮我)?"
    r"|(?:把|将|在)?(?:这里|这儿|那里|此处|这一?块|这个地方|这部分)(?:给我|帮我)?"
    r"|局部(?:重绘|重画|修改)[:：,，]?|inpaint(?:ing)?[:：,]?"
)
"""Words for where: the mask says it already."""
_NEW = re.compile(
    r"^(?:请|帮我|给我|重新?)*"
    r"(?:[替改变换]?[换改变]?(?:成|为)|画(?:成|上|个)?|加上?|添上?|放上?|填上?|补上?|补成|填成)"
    r"(?P<new>.+)$"
)
_BARE = re.compile(
    r"^(?:请|帮我|给我|把它|把)*(?:去掉|涂掉|抹掉|擦掉|删掉|消除|移除|去除|删除|不要了?|抠掉|补[全好上]|填[好上满])"
    r"(?:它|这个|吧|掉)?$"
)
"""Something is to go, and it is not said what."""
_AGAIN = re.compile(
    r"^(?:请|帮我|给我)*(?:重画|重新画|再画|重来|重绘|换一?个|改一?改)(?:一下|吧|一?次)?$"
)
_SAYS_WHERE = re.compile(
    rf"{_PLACE.pattern}|重绘|透明|镂空|涂掉|抹掉|擦掉|补全|补上|填上|填满|fill\b"
    r"|(?:把|将).+(?:去掉|换成|改成|变成)"
)
_EDGE = "，,。.；;：:！! 的"


def says_where(text: str) -> bool:
    """Return whether words are about a part of a picture: a clear part of it may be that."""
    return _SAYS_WHERE.search(fold(clean(text))) is not None


def repaint(text: str, styles: Styles) -> Follow:
    """Return what is to be drawn where a picture is masked.

    Words that are all there stand for the part alone. With none, or where it is only to go, the
    prompt is what it was.

    Raises:
        NotUnderstood: The words say nothing that can be drawn.
        TooLong: The message is not read at all.
    """
    whole = clean(text)
    words = _PLACE.sub("", whole).strip(_EDGE)
    if not words or _BARE.match(fold(words)) or _AGAIN.match(fold(words)):
        return Follow(reseed=True)
    change = follow(words, styles)
    if change is not None and not change.replace:
        if change.add:  # the part is to be that, whatever else is in the picture
            return replace(change, add=(), prompt="，".join(change.add))
        return change
    if change is not None and all(len(old) > 1 or old not in "它这那" for old, _ in change.replace):
        return change
    found = _NEW.match(words)
    try:
        request = parse("画" + (found["new"] if found else words), styles)
    except NotUnderstood as error:
        words = "涂过的地方要画什么？例如：换成一朵花"
        raise NotUnderstood(say(words)) from error
    changes = stated(request)
    changes.pop("count", None)
    return Follow(prompt=request.prompt, changes=changes, count=request.count, reseed=True)
