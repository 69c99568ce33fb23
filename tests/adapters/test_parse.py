import io
import json
from pathlib import Path

import pytest

from adapters.cli import main


@pytest.mark.parametrize(
    ("text", "group", "intent"),
    [
        ("画一只猫", [], "draw"),
        ("画一只猫", ["--group"], "none"),
        ("丹青，画一只猫", ["--group"], "draw"),
        ("小画，画一只猫", ["--group"], "draw"),
        ("。画一只猫", ["--group"], "draw"),
        ("/draw@danqing_bot 一只猫", ["--group"], "draw"),
    ],
)
def test_in_a_group_only_what_addresses_the_bot_is_read(
    text: str,
    group: list[str],
    intent: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chat = '[chat]\nnames = ["丹青", "小画"]\nprefixes = ["。画"]\n'
    (tmp_path / "config.toml").write_text(chat, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["parse", *group, text]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["intent"] == intent
    assert found["prompt"] == ("一只猫" if intent == "draw" else "")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{text}\n".encode())))
    assert main(["parse", *group]) == 0
    assert json.loads(capsys.readouterr().out) == found
