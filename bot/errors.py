"""Errors that a user is told of.

StudioError
├── NotUnderstood     the message reads as no request
├── TooLong           the message is not read at all
├── UnknownStyle      nothing is known under that name
├── UnknownCommand    nor is there such a command
├── BadImage          an image that was handed in cannot be used
├── NotWanted         what is asked for is not drawn here
├── NoSource          a mask or margins without the picture that they belong to
├── QueueFull         the user or the chat has too many pictures waiting
├── QuotaUsed         the user or the chat has had what a day gives
├── DiskFull          nothing more can be kept
├── NoRoom            the disk has no room for more pictures
├── NoSuchJob         the button's job is gone, over, or somebody else's
└── NoSuchPicture     there is none that could be changed so, or nobody knows which is meant
StoreError            (the operator is told)
├── StoreBusy         another process uses the data folder
├── NewerStore        the data folder was written by a newer version
├── StoreReadOnly     the data folder cannot be written
├── FolderInUse       there is something already where files were to be put
├── BackupBroken      a backup is not what was once written
└── StoreDamaged      the database cannot be read
NotSent               (the courier is told: a reply did not go out, or nobody knows)
LabelMissing          (a picture without its label goes nowhere; its job fails)
"""


class StudioError(Exception):
    """Base of all errors whose words are shown to the user, in Chinese."""


class NotUnderstood(StudioError):
    """The message reads as no request."""


class TooLong(StudioError):
    """The message is not read at all."""


class UnknownStyle(StudioError):
    """Nothing is known under that name."""


class UnknownCommand(StudioError):
    """There is no command of that name."""


class BadImage(StudioError):
    """An image that was handed in cannot be used."""


class NotWanted(StudioError):
    """What is asked for is not drawn here."""


class NoSource(StudioError):
    """There is a mask, or there are margins, without the picture that they belong to."""


class QueueFull(StudioError):
    """The user or the chat has too many pictures waiting."""


class QuotaUsed(StudioError):
    """The user or the chat has had what a day gives, or asks again too soon."""


class DiskFull(StudioError):
    """Nothing more can be kept."""


class NoRoom(StudioError):
    """The disk has no room for more pictures."""


class NoSuchJob(StudioError):
    """The button's job is gone, over, or somebody else's."""


class NoSuchPicture(StudioError):
    """There is no picture that could be changed so, or nobody knows which is meant."""


class NotSent(Exception):
    """A reply did not go out, or nobody knows; said by an adapter to the courier."""

    def __init__(
        self,
        words: str,
        *,
        arrived: bool | None = False,
        retry_after_s: float | None = None,
        final: bool = False,
    ) -> None:
        """Say what is known.

        Args:
            words: For the log.
            arrived: False if it surely did not arrive; None if it may have.
            retry_after_s: What the platform asked for.
            final: No further attempt can succeed: the chat is gone, or the bot was put out of it.
        """
        super().__init__(words)
        self.arrived = arrived
        self.retry_after_s = retry_after_s
        self.final = final


class StoreError(Exception):
    """Base of all errors of the data folder; its words are shown to the operator."""


class StoreBusy(StoreError):
    """Another process uses the data folder."""


class NewerStore(StoreError):
    """The data folder was written by a newer version."""


class StoreReadOnly(StoreError):
    """The data folder cannot be written."""


class FolderInUse(StoreError):
    """There is something already where files were to be put."""


class BackupBroken(StoreError):
    """A backup is not what was once written."""


class StoreDamaged(StoreError):
    """The database cannot be read."""


class LabelMissing(Exception):
    """A picture does not carry its label, or cannot."""
