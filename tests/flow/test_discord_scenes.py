"""docs/discord-scenes.md shows what people on Discord see."""

from pathlib import Path

from tests.flow.discord_transcript import kept, played


async def test_the_scenes_are_what_people_see(tmp_path: Path) -> None:
    assert (await played(tmp_path)).splitlines() == kept().splitlines()
