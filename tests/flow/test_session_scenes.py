"""docs/sessions-scenes.md shows what people in a group session see."""

from pathlib import Path

from tests.flow.session_transcript import kept, played


async def test_the_games_are_what_people_see(tmp_path: Path) -> None:
    assert (await played(tmp_path)).splitlines() == kept().splitlines()
