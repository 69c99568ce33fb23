"""Everything a user reads is said through bot/wording.py, and has its English."""

import ast
import re
import tomllib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Formatter

import pytest

from bot.commands import COMMANDS
from bot.style import Styles
from bot.wording import ENGINE, FOLDER, LANGUAGE, english, retold, say
from bot.words.entry import shipped

ROOT = Path(__file__).parents[2]
HAN = re.compile("[\u4e00-\u9fff]")
CHINESE = re.compile("[\u3001-\u303f\u4e00-\u9fff\uff01-\uff5e]")
"""With the marks between Chinese words."""
BOTH = re.compile("[A-Za-z]{3}.*, .*[\u4e00-\u9fff]|[\u4e00-\u9fff].*, .*[a-z]{3}")
"""What an operator reads at the start is said in both languages at once."""
OF_A_COMMAND = {"hint", "asks"}
"""Arguments of a Command that are sentences, said where it is shown."""
LEXICON = (
    *("bot/parsing/", "bot/words/", "bot/segment.py", "bot/script.py", "bot/game/match.py"),
    *("bot/address.py", "bot/label.py", "bot/style.py", "bot/terms.py"),
)
"""What reads Chinese rather than says it; there only what is raised or noted is looked at."""
READ = {
    "bot/commands/settings.py": {"CLEAR", "WHOLE_CHAT"},
    "bot/commands/allow.py": {"张", "张p", "今天 "},
    "bot/commands/clear.py": {"_ALL", "_HERE"},
    "bot/commands/status.py": {"AUDIT"},
    "bot/commands/words.py": {"_ADD", "_ALLOW", "_REMOVE", "_TEST", "_LIST", "_ACTIONS"},
    "bot/follow.py": {"背景"},
    "bot/store/samples.py": {"PROMPT", "草地上的一只狐狸"},
    "adapters/console/inbound.py": {"ROLES"},
    "adapters/telegram/inbound.py": {"丹青"},
    "adapters/discord/inbound.py": {"丹青"},
    "adapters/discord/options.py": {"“", "”", "「", "」"},
    "bot/talk.py": {"DRAW"},
    "bot/game/guess.py": {"SAID", "_GOAL", "_LEVEL", "_ROUNDS", "_TURNS", "轮"},
    "bot/game/riddle.py": {"_JOINED"},
    "bot/game/weight.py": {"JOINED"},
}
"""Names of tables, and words, that are read or drawn, in files that also say something."""
CALLED = {name for command in COMMANDS for name in command.names}
"""What commands are called, also where it is kept who gave which."""
LISTED = {*shipped().why.values(), *(style.about for style in Styles.load())}
"""What is said of unwanted words, and of styles, stands in their lists."""
FILES = [
    path
    for folder in ("bot", "adapters/console", "adapters/telegram", "adapters/discord")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


def sentences(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield what is said as a sentence, now or later, also by a name that it was given before."""
    names = set[str]()
    for call in ast.walk(tree):
        match call:
            case ast.Call(func=ast.Name(id="say"), args=[ast.Name(id=name)]):
                names.add(name)
            case ast.Call(func=ast.Name(id="say" | "later"), args=[sentence]):
                yield sentence
            case ast.Call(func=ast.Name(id="Command"), keywords=words):
                yield from (word.value for word in words if word.arg in OF_A_COMMAND)
            case _:
                pass
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() as sentence):
                if name in names:
                    yield sentence
            case _:
                pass


def literals(tree: ast.AST) -> list[str]:
    found = (one.value for one in sentences(tree) if isinstance(one, ast.Constant))
    return [one for one in found if isinstance(one, str) and one]


def all_said() -> set[str]:
    files = [*FILES, ROOT / "adapters/guide.py"]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    return {*LISTED, *(sentence for tree in trees for sentence in literals(tree))}


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def catalogues() -> dict[str, dict[str, str]]:
    return {
        path.name: tomllib.loads(path.read_text(encoding="utf-8"))
        for path in sorted(FOLDER.glob("*.toml"))
    }


def unsaid(path: Path) -> Iterator[str]:
    """Yield literals in Chinese that somebody may read, and that nothing says."""
    place = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    roots: list[ast.AST] = [tree]
    if place.startswith(LEXICON):
        roots = [node for node in ast.walk(tree) if is_told(node)]
    passed = {id(found) for found in sentences(tree)} | {id(node) for node in read(tree, place)}
    for root in roots:
        for node in ast.walk(root):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if BOTH.search(node.value) or node.value in CALLED | READ.get(place, set()):
                continue
            if HAN.search(node.value) and id(node) not in passed:
                yield f"{place}:{node.lineno}: {node.value!r}"


def is_told(node: ast.AST) -> bool:
    """Return whether a statement or call tells the user something."""
    if isinstance(node, ast.Raise):
        return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr == "_note"
    return isinstance(node, ast.keyword) and node.arg == "notes"


def read(tree: ast.AST, place: str) -> Iterator[ast.AST]:
    """Yield docstrings, names of commands, and what stands in tables that only read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value  # a docstring
        if isinstance(node, ast.keyword) and node.arg == "names":
            yield from ast.walk(node.value)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"re.compile", "said"}:
            yield from ast.walk(node)  # what is said is for an operator, in both languages
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign)
            else []
        )
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        if names & READ.get(place, set()):
            yield from ast.walk(node)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_user_reads_goes_through_say(path: Path) -> None:
    assert list(unsaid(path)) == []


def test_every_sentence_has_its_english() -> None:
    assert sorted(all_said() - english().keys()) == []


def test_english_stands_for_nothing_that_nobody_says() -> None:
    engine = tomllib.loads(ENGINE.read_text(encoding="utf-8"))
    assert sorted(english().keys() - all_said() - engine.keys()) == []


def test_no_sentence_stands_twice() -> None:
    found = [sentence for one in catalogues().values() for sentence in one]
    assert sorted({sentence for sentence in found if found.count(sentence) > 1}) == []


def test_the_fields_are_the_same_in_both_languages() -> None:
    named = {"chinese", "english"}  # the two names of a command, each for its readers
    told = {chinese: fields(told) | named for chinese, told in english().items()}
    assert [chinese for chinese in told if fields(chinese) | named != told[chinese]] == []


def test_english_is_english() -> None:
    assert [told for told in english().values() if CHINESE.search(told)] == []


def engine_says() -> Iterator[str]:
    """Yield what the engine may tell a user: words of a BadRecipe, notes of a picture."""
    for path in sorted((ROOT / "generation").rglob("*.py")):
        if "training" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                yield from (filled(literal) for literal in told_by_engine(node))


def told_by_engine(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Raise(exc=ast.Call(func=ast.Name(id="BadRecipe"), args=args)):
            return [told for told in args if not begins_with_another(told)]
        case ast.Call(func=ast.Name(id="_refuse"), args=args):
            return [fault.elts[1] for fault in args if isinstance(fault, ast.Tuple)]
        case ast.Call(func=ast.Name(id="_told"), args=[_, note]):
            return [note]
        case ast.Call(func=ast.Attribute(value=ast.Name(id="notes"), attr="append"), args=args):
            return args
        case (
            ast.keyword(arg="notes", value=ast.Tuple(elts=notes))
            | ast.Assign(targets=[ast.Name(id="notes")], value=ast.Tuple(elts=notes))
        ):
            return notes
        case _:
            return []


def begins_with_another(told: ast.expr) -> bool:
    """Return whether a sentence begins with one made elsewhere; such are listed in the test."""
    return isinstance(told, ast.JoinedStr) and isinstance(told.values[0], ast.FormattedValue)


def filled(found: ast.expr) -> str:
    """Return a literal with something in each of its holes; empty if it is none."""
    if isinstance(found, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "7" for part in found.values
        )
    return str(found.value) if isinstance(found, ast.Constant) else ""


def test_what_the_engine_says_has_its_english_too() -> None:
    said = [
        *engine_says(),
        "描述太长了：有 300 个字，这个模型最多读得下大约 225 个",
        "图片太大：最多 4000 万像素，每边最多 12000",
        "图片太大：最多 4000 万像素，每边最多 12000，这张是 20000×10",
        "这个模型不认识“qzx”“wvu”等，没有用上",
        "翻译时不认识“qzx”",
    ]
    assert sum(map(bool, map(CHINESE.search, said))) > 30
    with in_english():
        assert [words for words in said if CHINESE.search(retold(words))] == []


def test_numbers_have_their_forms() -> None:
    with in_english():
        assert say("{count} 张", count=1) == "1 picture"
        assert say("{count} 张", count=3) == "3 pictures"
    assert say("{count} 张", count=3) == "3 张"


@contextmanager
def in_english() -> Generator[None]:
    before = LANGUAGE.set("en")
    try:
        yield
    finally:
        LANGUAGE.reset(before)
