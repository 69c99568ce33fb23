"""[queue] and [gallery] of config.toml."""

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt


class QueueConfig(BaseModel):
    """How much one user and one chat may have on its way."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    waiting_per_user: PositiveInt = 20
    """Jobs of one user that may wait."""
    waiting_per_chat: PositiveInt = 200
    """Jobs of one chat that may wait."""
    drawing_per_user: PositiveInt = 2
    """Jobs of one user that are drawn at the same time."""
    drawing_per_chat: PositiveInt = 8
    """Jobs of one chat that are drawn at the same time."""
    in_flight: PositiveInt = 8
    """Jobs that are drawn at the same time; the engine batches them."""
    min_free_mb: NonNegativeInt = 32
    """With less room on the disk, in MiB, no picture is begun."""


class GalleryConfig(BaseModel):
    """What is kept of what was drawn; favourites always are."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    days: NonNegativeInt = 0
    """Artworks are kept so long; 0: for ever."""
    max_mb: NonNegativeInt = 0
    """All files of artworks together take so much, in MiB, then the oldest go; 0: no limit."""
