"""Errors that a user is told of.

StudioError
├── NotUnderstood     the message reads as no request
├── NotFilledIn       a form was handed in with what is no value of its fields
├── NotChanged        nor does it change anything
├── TooLong           the message is not read at all
├── UnknownStyle      nothing is known under that name
├── UnknownCommand    nor is there such a command
├── BadImage          an image that was handed in cannot be used
├── NothingPainted    a copy of a picture is as the picture is
├── NoAvatar          there is no avatar to be had
├── NotWanted         what is asked for is not drawn here
├── NotAllowed        it is for others to say
├── NotNow            it is no turn of a group session, or not theirs
├── NoSource          a mask or margins without the picture that they belong to
├── QueueFull         the user or the chat has too many pictures waiting
├── QuotaUsed         the user or the chat has had what a day gives
├── DiskFull          nothing more can be kept
├── NoRoom            the disk has no room for more pictures
├── NoSuchPerson      nobody, or nobody in particular, is called so
├── NoShare           a gift cannot be given, or has nothing for whoever presses
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
MessageGone           (so it is: a message cannot be edited any more)
ChatMoved             (nor is the chat what it was: it goes on under another id)
LabelMissing          (a picture without its label goes nowhere; its job fails)
"""


class StudioError(Exception):
    """Base of all errors whose words are shown to the user, said in their language."""


class NotUnderstood(StudioError):
    """The message reads as no request."""


class NotFilledIn(StudioError):
    """A form was handed in with what is no value of its fields; says of each which and why."""


class NotChanged(StudioError):
    """A form was handed in as it was."""


class TooLong(StudioError):
    """The message is not read at all."""


class UnknownStyle(StudioError):
    """Nothing is known under that name."""


class UnknownCommand(StudioError):
    """There is no command of that name."""


class BadImage(StudioError):
    """An image that was handed in cannot be used."""


class NothingPainted(StudioError):
    """A copy of a picture is as the picture is: nothing says where to draw."""


class NoAvatar(StudioError):
    """There is no avatar to be had, or nobody knows whose."""


class NotWanted(StudioError):
    """What is asked for is not drawn here."""


class NotAllowed(StudioError):
    """It is for others to say: a group's settings are its admins'."""


class NotNow(StudioError):
    """It is no turn of a group session as that is now, or not that person's."""


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


class NoSuchPerson(StudioError):
    """Nobody is called so, or several are."""


class NoShare(StudioError):
    """A gift cannot be given, or has nothing for whoever presses."""


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
        refused: bool = False,
        hopeless: bool = False,
    ) -> None:
        """Say what is known.

        Args:
            words: For the log.
            arrived: False if it surely did not arrive; None if it may have.
            retry_after_s: What the platform asked for.
            final: No further attempt can succeed: the chat is gone, or the bot was put out of it.
            refused: The platform was there, and will not have it as it is; else it was out of
                reach, or wants to be asked again later.
            hopeless: No further attempt at this can succeed; all else can be said there.
        """
        super().__init__(words)
        self.arrived = arrived
        self.retry_after_s = retry_after_s
        self.final = final
        self.refused = refused
        self.hopeless = hopeless


class MessageGone(Exception):
    """A message cannot be edited any more, or not into this; said by an adapter to the courier."""


class ChatMoved(Exception):
    """A chat goes on under another id; said by an adapter to the courier. Nothing went out."""

    def __init__(self, to: str) -> None:
        """Say where.

        Args:
            to: The platform's own id of the chat from now on.
        """
        super().__init__(to)
        self.to = to


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
