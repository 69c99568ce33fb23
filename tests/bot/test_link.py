"""Links that lead to a picture from anywhere."""

import re
from dataclasses import replace

import pytest

from bot import link
from tests.adapters.console_factory import an_artwork


def test_a_link_leads_to_its_picture_and_to_no_other() -> None:
    artwork = replace(an_artwork(), id=12, sha256="0" * 48 + "0123456789abcdef")
    payload = link.to(artwork)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", payload)
    found = link.read(payload)
    assert found is not None
    assert found.target == 12
    assert found.is_of(artwork)
    assert not found.is_of(replace(artwork, sha256="f" * 64))


@pytest.mark.parametrize(
    "payload",
    ["", "art_12", "art_0_0123456789abcdef", "art_12_0123456789ABCDEF", "art_-1_0", "x" * 64],
)
def test_what_leads_nowhere_is_none(payload: str) -> None:
    assert link.read(payload) is None
