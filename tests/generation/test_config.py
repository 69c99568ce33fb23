"""What a config of the engine may not say."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from generation.config import ASK, Card, EngineConfig


def test_a_card_names_what_there_is() -> None:
    config = EngineConfig(
        translators={"zh-en": Path("a")},
        polishers={"bloom": Path("b")},
        cards={"mini": Card(translator="zh-en", polisher="bloom")},
    )
    assert config.cards["mini"].ask == ASK
    assert EngineConfig().cards == {}


@pytest.mark.parametrize(
    ("cards", "words"),
    [
        ({"sd15": {}}, "'sd15' is not in models, which has: mini"),
        ({"mini": {"translator": "en"}}, "'en' is not in translators, which has: zh-en"),
        ({"mini": {"polisher": "bloom"}}, "'bloom' is not in polishers, which has: nothing"),
        ({"mini": {"ask": "polish this"}}, "pattern"),
        ({"mini": {"translater": "zh-en"}}, "Extra inputs"),
    ],
)
def test_a_card_that_names_what_there_is_not_is_refused(
    cards: dict[str, object], words: str
) -> None:
    given = {"translators": {"zh-en": "a"}, "cards": cards}
    with pytest.raises(ValidationError, match=words):
        EngineConfig.model_validate(given)
