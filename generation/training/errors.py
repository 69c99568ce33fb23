"""Everything that can go wrong in a training; the words are for who started it.

EngineError
└── TrainingError
    ├── BadPlan          an argument cannot be, or does not go with the others
    ├── FolderTaken      another training runs in the same folder
    ├── OtherTraining    the folder holds another training, or something that is none
    ├── TooLarge         it does not fit in memory; says what to lower
    ├── NotSaved         the disk is full, or cannot be written
    ├── BrokenCheckpoint there is no such checkpoint, or it cannot be read
    └── Diverged         the loss is no number any more
"""

from generation.errors import EngineError


class TrainingError(EngineError):
    """Base of all errors of a training but those of its data."""


class BadPlan(TrainingError):
    """An argument cannot be, or does not go with the others."""


class FolderTaken(TrainingError):
    """Another training runs in the same folder."""


class OtherTraining(TrainingError):
    """The folder holds another training, or something that is none."""


class TooLarge(TrainingError):
    """The training does not fit in memory."""


class NotSaved(TrainingError):
    """What was learned cannot be written."""


class BrokenCheckpoint(TrainingError):
    """There is no such checkpoint, or it cannot be read."""


class Diverged(TrainingError):
    """The loss is no number any more."""
