"""What someone asked for."""

from dataclasses import dataclass

from generation.recipe import Expand


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What someone asked for, in the words of the domain; a style turns it into recipes.

    None means that nothing was said: the style, or the door for the seed, decides.
    """

    prompt: str
    avoid: str = ""
    """What should not be seen; several things are joined by commas."""
    styles: tuple[str, ...] = ()
    """Canonical names of styles."""
    weights: tuple[float, ...] = ()
    """How much of each style, one for each; empty: of all as much as usual."""
    model: str = ""
    """Name of a model in the zoo; empty: the style's."""
    poem: bool = False
    """Whether the prompt is a poem, to be kept whole."""
    aspect: str | None = None
    """Width to height in words of the domain, as "2:3"."""
    width: int | None = None
    """Pixels."""
    height: int | None = None
    """Pixels."""
    count: int = 1
    """Pictures; of each wording, where {红,蓝} in the prompt stands for several."""
    total: bool = False
    """Whether count is of all wordings together; so where it was settled."""
    seed: int | None = None
    """Of the first picture; the next count up. Chosen at the door, so a retry repeats it."""
    steps: int | None = None
    """Denoising steps."""
    guidance: float | None = None
    """Weight of the prompt; 1 is none."""
    sampler: str | None = None
    """One of those that a Recipe may name."""
    source: str = ""
    """The picture to start from, by the SHA-256 of its file; empty: none."""
    source_px: tuple[int, int] | None = None
    """Width and height of the source."""
    mask: str = ""
    """Where the source is drawn anew (white), by the SHA-256 of its file; empty: none."""
    strength: float | None = None
    """How much is drawn anew of a source, or of an enlarged draft: above 0 to 1."""
    expand: Expand | None = None
    """Margins to draw around the source: pixels of the source, or of the picture where its size
    is said."""
    hires: float = 1.0
    """How much larger than usual. Of a picture without a source a draft is drawn first."""
    upscale: int = 1
    """How many times larger the finished picture is made; its size here is that before."""
    fast: bool = False
    """Trade a little likeness for speed."""
    skip_translation: bool = False
    """Leave the words as they are, where the model would have them translated."""
    polish: bool = False
    """Let a text model rewrite the prompt, where the model has one."""
    stages: tuple[int, ...] = ()
    """Steps after which it is shown, each a picture of its own; the last may be all; empty: only
    the finished one."""
    flagged: bool = False
    """Whether a word in it was flagged: the pictures are shown to who wants to see them."""
    notes: tuple[str, ...] = ()
    """Sentences for the user: what was not understood, or was changed to fit a limit."""
