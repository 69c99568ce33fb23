"""[console]: how the terminal looks."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Pictures = Literal["auto", "kitty", "iterm2", "sixel", "blocks", "none"]
"""How pictures are shown; auto asks the terminal."""


class ConsoleConfig(BaseModel):
    """[console]."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pictures: Pictures = "auto"
    preview: bool = True
    """Whether a picture in the making is shown under the prompt."""
    width_cells: int = Field(default=40, ge=8, le=200)
    """Width of a finished picture, in columns of the terminal."""
    history: int = Field(default=1000, ge=0, le=100_000)
    """How many typed lines are remembered."""
