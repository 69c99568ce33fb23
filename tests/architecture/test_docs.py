"""Docs that fail when they lie."""

import ast
import re
from pathlib import Path

import pytest

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
