"""Docs that fail when they lie."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from adapters.cli import main
from adapters.config import Config

ROOT = Path(__file__).parents[2]
DOCS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").glob("*.md")]
WORDS = {doc: doc.read_text(encoding="utf-8") for doc in sorted(DOCS)}
NAMED = [
    pytest.param(path, name, id=f"{doc.name}-{path}::{name}")
    for doc, words in WORDS.items()
    for path, name in sorted(set(re.findall(r"`([\w/]+\.py)::([\w.]+)`", words)))
]
LINKED = [
    pytest.param(doc, target, id=f"{doc.name}-{target}")
    for doc, words in WORDS.items()
    for target in sorted(set(re.findall(r"\]\((?!https?:)([^)\s]+)\)", words)))
]


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_what_the_docs_name_exists(path: str, name: str) -> None:
    body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    for part in name.split("."):
        found = [node for node in body if part in names_of(node)]
        assert found, f"there is no {name} in {path}"
        body = getattr(found[0], "body", [])


def names_of(node: ast.stmt) -> set[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.Assign() | ast.AnnAssign():
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            return {found.id for target in targets for found in ast.walk(target)
                    if isinstance(found, ast.Name)}  # fmt: skip
        case _:
            return set()


@pytest.mark.parametrize(("doc", "target"), LINKED)
def test_links_lead_somewhere(doc: Path, target: str) -> None:
    path, _, heading = target.partition("#")
    linked = (doc.parent / path).resolve() if path else doc
    assert linked.exists()
    if heading:
        titles = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
        assert heading in {re.sub(r"[^\w\- ]", "", t.lower()).replace(" ", "-") for t in titles}


READMES = ["README.md", "README.zh-CN.md"]


def table(readme: str, under: str, first: str) -> dict[str, str]:
    """First and second cell of each row below a heading, of which the first cell is so."""
    words = (ROOT / readme).read_text(encoding="utf-8")
    section = re.split(r"^## ", words, flags=re.MULTILINE)
    (rows,) = [part for part in section if re.match(under, part)]
    return dict(re.findall(rf"^\| `{first}[^`]*` \| ([^|]+) \|", rows, re.MULTILINE))


def settings(model: type[BaseModel], under: str = "") -> Iterator[tuple[str, object]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings(kind, f"{under}{name}.")
        else:
            yield f"{under}{name}", field.get_default(call_default_factory=True)


@pytest.mark.parametrize("readme", READMES)
def test_the_table_of_settings_is_that_of_the_program(readme: str) -> None:
    told = table(readme, "Configuration|配置", r"([a-z_.]+)")
    real = dict(settings(Config))
    assert list(told) == list(real)
    for name, default in told.items():
        if default.startswith("`"):
            assert default.strip("`") == json.dumps(real[name], default=str), name


@pytest.mark.parametrize("readme", READMES)
def test_the_table_of_commands_is_that_of_the_program(
    readme: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    real = re.findall(r"^    ([a-z]+) ", capsys.readouterr().out, re.MULTILINE)
    assert list(table(readme, "Commands|命令", r"danqing ([a-z]+)")) == real


def test_the_two_readmes_tell_the_same() -> None:
    english, chinese = ((ROOT / readme).read_text(encoding="utf-8") for readme in READMES)
    for sign in (r"^#+ ", r"^\|", r"^```", r"^- "):
        found = [len(re.findall(sign, words, re.MULTILINE)) for words in (english, chinese)]
        assert found[0] == found[1], sign
