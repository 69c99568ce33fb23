"""/敏感词: the operator's own list of words that are not wanted."""

import re
from collections.abc import Mapping

from aiosqlite import Connection

from bot.command import Call, Command, Desk
from bot.errors import NotUnderstood
from bot.reply import Reply
from bot.wording import later, say
from bot.words.entry import OWN, Action, BrokenWords
from bot.words.judge import Words

ASKS = later(
    "例如：/敏感词 加 公司机密；/敏感词 加 伤口 gore 去掉；/敏感词 放行 大麻叶纹样；"
    "/敏感词 删 公司机密；/敏感词 试 一句话"
)
LONGEST = 40
"""Characters of a word."""
SHOWN = 30
"""Words of one category and action."""
_CATEGORY = re.compile(r"[a-z0-9_-]{1,24}")
_ADD = re.compile("加|添加|add")
_ALLOW = re.compile("放行|允许|allow")
_REMOVE = re.compile("删|删除|remove|delete")
_TEST = re.compile("试|测试|test")
_LIST = re.compile("|列表|list")
_ACTIONS: Mapping[Action, re.Pattern[str]] = {
    "block": re.compile("拦截|拦|禁|block"),
    "soften": re.compile("去掉|软化|soften"),
    "flag": re.compile("标记|记|flag"),
    "allow": _ALLOW,
}
_CALLED: Mapping[Action, str] = {
    "block": later("拦截"),
    "soften": later("去掉"),
    "flag": later("标记"),
    "allow": later("放行"),
}


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """List the own words, add, allow or remove one, or try a sentence."""
    words = desk.rules.words
    if words is None:
        raise NotUnderstood(say("敏感词没有打开（配置里的 words.enabled）"))
    verb, _, rest = call.argument.partition(" ")
    rest, verb = rest.strip(), verb.lower()
    if _LIST.fullmatch(verb):
        return Reply(text=_list(words), to=call.id)
    if _TEST.fullmatch(verb) and rest:
        return Reply(text=_tried(words, rest), to=call.id)
    if not rest or not any(known.fullmatch(verb) for known in (_ADD, _ALLOW, _REMOVE)):
        raise NotUnderstood(say(ASKS))
    try:
        told = _changed(words, verb, rest)
    except BrokenWords as error:
        raise NotUnderstood("\n".join(error.faults)) from error
    await desk.store.acts.put(db, call.user, call.chat, COMMAND.names[0], call.argument)
    return Reply(text=told, to=call.id)


def _list(words: Words) -> str:
    lines: list[str] = []
    try:
        own = words.own()
    except BrokenWords as error:
        raise NotUnderstood("\n".join(error.faults)) from error
    for category, action, found in own:
        shown = say("、").join(found[:SHOWN])
        more = say("……共 {count} 个", count=len(found)) if len(found) > SHOWN else ""
        lines.append(f"  {category} {say(_CALLED[action])}：{shown}{more}")
    head = say("自己的敏感词：") if lines else say("还没有自己的敏感词")
    return "\n".join([head, *lines, say(ASKS)])


def _tried(words: Words, text: str) -> str:
    verdict = words.judge(text)
    if verdict.action == "allow":
        return say("放行：没有敏感词")
    return say(
        "{action}：{word}（{category}）",
        action=say(_CALLED[verdict.action]),
        word=verdict.word,
        category=verdict.category,
    )


def _changed(words: Words, verb: str, rest: str) -> str:
    """Change the file; return what is said of it.

    Raises:
        BrokenWords: It cannot be changed so.
        NotUnderstood: Nor would it change anything.
    """
    if _REMOVE.fullmatch(verb):
        if not words.remove(rest):
            hint = later("自己的敏感词里没有“{word}”；程序自带的用 /敏感词 放行")
            raise NotUnderstood(say(hint, word=rest))
        return say("删掉了“{word}”，马上生效", word=rest)
    word, category, action = _entry(rest, "allow" if _ALLOW.fullmatch(verb) else "block")
    if len(word) > LONGEST:
        raise NotUnderstood(say("一个词最多 {most} 个字", most=LONGEST))
    if not words.add(category, action, word):
        raise NotUnderstood(say("“{word}”已经在里面了", word=word))
    done = say(_CALLED[action])
    words_ = later("加上了“{word}”：{action}，类别 {category}，马上生效")
    return say(words_, word=word, action=done, category=category)


def _entry(said: str, action: Action) -> tuple[str, str, Action]:
    """Read a word, and behind it, in any order, a category and an action."""
    word, *others = said.split()
    category = OWN
    for other in others:
        named: list[Action] = [
            of for of, words in _ACTIONS.items() if words.fullmatch(other.lower())
        ]
        if named:
            action = named[0]
        elif _CATEGORY.fullmatch(other.lower()):
            category = other.lower()
        else:
            raise NotUnderstood(say("类别用小写字母写，例如 gore；词里的空格写成 -"))
    return word, category, action


COMMAND = Command(
    names=("敏感词", "words"),
    hint=later("自己的敏感词：列表、加、放行、删、试"),
    run=run,
    operator=True,
)
