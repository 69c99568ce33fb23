"""Pictures as a terminal shows them."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.console.iterm2 import to_iterm2
from adapters.console.kitty import to_kitty
from adapters.console.terminal import Depth, Graphics
from generation.recipe import Preview

if TYPE_CHECKING:
    from PIL.Image import Image

CELL_PX = 10, 20
"""Width and height of a character as sixel terminals have it since the VT340."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Easel:
    """Shows pictures in one way."""

    graphics: Graphics
    depth: Depth

    def show(self, path: Path, columns: int, lines: int) -> str:
        """Return what shows a picture file in at most so many cells, without a line end.

        Raises:
            OSError: The file is gone or is no picture.
        """
        from PIL import Image

        with Image.open(path) as picture:
            columns, lines = fit(*picture.size, columns, lines)
            match self.graphics:
                case "kitty":
                    return to_kitty(_png(path, picture), columns, lines)
                case "iterm2":
                    return to_iterm2(path.read_bytes(), columns, lines)
                case "sixel":
                    from adapters.console.sixel import to_sixel

                    size = columns * CELL_PX[0], lines * CELL_PX[1]
                    return to_sixel(picture.convert("RGB").resize(size))
                case "blocks":
                    from adapters.console.blocks import to_blocks

                    return to_blocks(picture, columns, lines, self.depth)
                case "none":
                    return ""

    def sketch(self, preview: Preview, columns: int, lines: int) -> str:
        """Return a picture in the making in half blocks, which every redraw of a prompt bears."""
        if self.graphics == "none":
            return ""
        from PIL import Image

        from adapters.console.blocks import to_blocks

        picture = Image.frombytes("RGB", (preview.width, preview.height), preview.rgb)
        return to_blocks(picture, *fit(*picture.size, columns, lines), self.depth)


def _png(path: Path, picture: "Image") -> bytes:
    """Return a picture file as PNG; of what moves, the first frame."""
    if picture.format == "PNG":
        return path.read_bytes()
    file = BytesIO()
    picture.convert("RGB").save(file, "PNG")
    return file.getvalue()


def fit(width: int, height: int, columns: int, lines: int) -> tuple[int, int]:
    """Return the most columns and lines that a picture fills in a frame of cells.

    A cell is twice as tall as wide.

    Args:
        width: Of the picture.
        height: Of the picture.
        columns: Of the frame.
        lines: Of the frame.
    """
    scale = min(columns / width, 2 * lines / height)
    return (
        min(columns, max(1, round(width * scale))),
        min(lines, max(1, round(height * scale / 2))),
    )
