"""The contract between bot and engine: one Recipe in, one Picture out, Progress between."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Levels = Literal["model", "karras"]
"""How noise levels are spaced: as the model's own scheduler file says, or after Karras et al."""


Edges = Literal["copy", "reflect"]
"""What a new margin is filled with before it is drawn: the edge drawn out, or its mirror image."""


UPSCALES = (1, 2, 4)
"""How many times larger a finished picture can be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expand:
    """Margins to be drawn around a source: outpainting. Pixels of the picture."""

    left: int = 0
    up: int = 0
    right: int = 0
    down: int = 0
    edges: Edges = "copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that decides the pixels of one picture; equal recipes give equal pictures."""

    model: str
    """Name of a model in the zoo."""
    prompt: str
    avoid: str = ""
    """What should not be seen: the negative prompt."""
    width: int
    """Pixels that are drawn, a multiple of what the model asks for."""
    height: int
    """Pixels that are drawn, a multiple of what the model asks for."""
    steps: int
    """Denoising steps, 1 or more."""
    guidance: float
    """Weight of the prompt (classifier-free guidance); 1 is none."""
    sampler: str
    """One of generation.samplers: euler, euler_a, ddim, heun, dpmpp_2m, lcm."""
    levels: Levels = "model"
    seed: int
    """Of the first noise, 0 to 2**63 - 1."""
    loras: Mapping[str, float] = field(default_factory=dict[str, float])
    """Weight of each LoRA, by name."""
    source: str = ""
    """The picture to start from, by the SHA-256 of its file; empty: from noise alone."""
    mask: str = ""
    """Where the source is drawn anew (white) and kept (black), by the SHA-256 of its file."""
    strength: float = 0.6
    """How much of the way is drawn anew, above 0 to 1; of the source, or of the second pass."""
    expand: Expand | None = None
    """Margins to draw around the source; width and height are those with them."""
    hires: float = 1.0
    """Draw at 1/hires of the size first, then enlarge the latents and refine them by strength."""
    fast: bool = False
    """Trade a little likeness for speed: guidance in the middle of the way only, deep features of
    the network kept for some steps."""
    upscale: int = 1
    """How much larger the finished picture is made by a super-resolution network: one of UPSCALES;
    1 is not at all."""
    skip_translation: bool = False
    """Leave the words as they are, though the model's card names a translator."""
    polish: bool = False
    """Let the polisher that the model's card names rewrite the prompt."""
    until: int | None = None
    """Steps after which the picture is handed out as the model foresees it then (its denoised
    prediction); less than the whole way; None: all."""

    @property
    def way(self) -> int:
        """Steps of the whole way, those of all its passes; of a source its last part alone."""
        part = self.steps - begin(self.steps, self.strength)
        if self.hires > 1:
            return self.steps + part
        return part if self.source else self.steps

    @property
    def picture_px(self) -> tuple[int, int]:
        """Width and height of the picture that is handed out."""
        return self.width * self.upscale, self.height * self.upscale


def begin(steps: int, strength: float) -> int:
    """Return how many of the steps a source of that strength leaves out; one at least is done."""
    return steps - max(1, min(int(steps * strength), steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What the engine made of one recipe."""

    recipe: Recipe
    width: int
    """Pixels: those of the recipe, times its upscale."""
    height: int
    rgb: bytes
    """height × width × 3 bytes, row by row from the top."""
    seconds: float
    """From admission to the last pixel."""
    notes: tuple[str, ...] = ()
    """Sentences for the user: what was changed to fit, as the size of a mask; what the words
    became; which of them the model does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a picture in the making looks like."""

    width: int
    """Pixels; smaller than the picture, or as large."""
    height: int
    rgb: bytes
    """height × width × 3 bytes, row by row from the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one recipe of a draw has come."""

    index: int
    """Which recipe of the draw."""
    step: int
    """Steps done, 0 (admitted) to steps."""
    steps: int
    preview: Preview | None = None
