"""Everything that can go wrong in the engine.

EngineError
├── UnknownModel      the recipe names a model that is not in the zoo
├── BrokenModel       the model's folder is missing, damaged, or of a kind that is not loaded
├── UnknownLora       the recipe names a LoRA that there is not
├── BrokenLora        its file is damaged, unsafe, of another kind, or for another model
├── BrokenEmbedding   a word of textual inversion cannot be used, or is for another model
├── BadData           pictures to learn from are missing, or none of them is of use
├── BrokenUpscaler    the network that enlarges pictures is missing, damaged, unsafe, or none
├── BrokenWriter      the text model that translates or polishes is missing, damaged or unsafe
├── BadRecipe         the recipe asks for what no model can do, as an unknown sampler
├── OutOfMemory       the picture does not fit, even alone
└── EngineLost        the engine process is gone; the job may be tried again
    └── EngineAbsent  it does not even start, or nobody listens
"""


class EngineError(Exception):
    """Base of all errors that cross the process boundary."""

    retry: bool = False
    """Whether the same recipes may succeed at the next attempt."""


class UnknownModel(EngineError):
    """The recipe names a model that is not in the zoo."""


class BrokenModel(EngineError):
    """The model's folder is missing, damaged, or of a kind that is not loaded."""


class UnknownLora(EngineError):
    """The recipe names a LoRA that there is not."""


class BrokenLora(EngineError):
    """The file of a LoRA is damaged, unsafe, of a kind that is not loaded, or for another model."""


class BrokenEmbedding(EngineError):
    """A word of textual inversion cannot be used, or is for another model."""


class BadData(EngineError):
    """Pictures to learn from are missing, or none of them is of use."""


class BrokenUpscaler(EngineError):
    """The network that enlarges pictures is missing, damaged, unsafe, or none that does."""


class BrokenWriter(EngineError):
    """The text model that translates or polishes is missing, damaged, unsafe, or cannot do it."""


class BadRecipe(EngineError):
    """The recipe asks for what no model can do."""


class OutOfMemory(EngineError):
    """The picture does not fit in memory, even alone in its batch."""


class EngineLost(EngineError):
    """The engine process is gone."""

    retry = True


class EngineAbsent(EngineLost):
    """The engine does not even start, or nobody listens."""
