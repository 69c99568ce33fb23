"""Results that go out together in busy chats: which, and as what; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot import menu, texts
from bot.progress import spoken
from bot.reply import Delivery, Limits, Named, Reply, Sent
from bot.store.outbox import Parcel

FOLD_S = 4.0
"""A result waits so long for those that are nearly done."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the pictures of a job are among those that go out with them."""

    job_id: int
    first: int
    """From 1."""
    last: int


def next_of(
    parcels: Sequence[Parcel], limits: Limits, now: float, *, more: bool
) -> tuple[Parcel, ...]:
    """Return what goes out next: one reply, or results that go together; none: nothing yet.

    Words do not wait for a result that waits for others; results keep their order.

    Args:
        parcels: What waits for a chat, in order.
        limits: Of the platform.
        now: Seconds since the epoch, UTC.
        more: Whether another result of the chat is nearly there.
    """
    if not parcels or parcels[0].due_at > now:
        return ()
    first = parcels[0]
    if first.fold is not None:  # as it went out before
        return tuple(parcel for parcel in parcels if parcel.fold == first.fold)
    if not _folds(first, limits):
        return (first,)
    together = _together(parcels, limits)
    full = len(together) < sum(_folds(parcel, limits) for parcel in parcels)
    if more and not full and now < first.created_at + FOLD_S:
        words = [p for p in parcels if p.kind != "closes" and not _folds(p, limits)]
        return tuple(parcel for parcel in words[:1] if parcel.due_at <= now)
    return together


def folded(parcels: Sequence[Parcel]) -> Delivery:
    """Return results as one delivery: their pictures, one line for each job, numbered buttons."""
    first = parcels[0]
    text, named = "", list[Named]()
    for parcel, place in zip(parcels, places(parcels), strict=True):
        among = parcel.delivery.reply.among
        assert among is not None  # noqa: S101  else it does not fold
        text += "\n" if text else ""
        text += str(place.first) if place.first == place.last else f"{place.first}–{place.last}"
        text += " "
        named.append(Named(len(text), len(text) + len(among.name), among.user))
        text += f"{among.name} {among.text}"
    artworks = tuple(a for parcel in parcels for a in parcel.delivery.reply.artworks)
    with spoken(first.language):
        reply = Reply(
            text=texts.marked(text),
            artworks=artworks,
            buttons=menu.numbered(artworks),
            named=tuple(named),
        )
    return Delivery(
        id=first.delivery.id,
        chat=first.delivery.chat,
        reply=reply,
        last=True,
        repeated=any(parcel.delivery.repeated for parcel in parcels),
        uploaded={
            sha256: reference
            for parcel in parcels
            for sha256, reference in parcel.delivery.uploaded.items()
        },
    )


def calls(parcels: Sequence[Parcel]) -> int:
    """Return for how many calls a platform takes what goes out together.

    Each picture of an album is a message, and so are the words with the buttons below it. What is
    said in passing is none.
    """
    if parcels[0].delivery.reply.aside:
        return 0
    pictures = sum(len(parcel.delivery.reply.artworks) for parcel in parcels)
    return pictures + 1 if pictures > 1 else 1


def places(parcels: Iterable[Parcel]) -> list[Place]:
    """Return where the pictures of each job are among those of all."""
    found, at = list[Place](), 1
    for parcel in parcels:
        count = len(parcel.delivery.reply.artworks)
        found.append(Place(parcel.delivery.job_id or 0, at, at + count - 1))
        at += count
    return found


def own(sent: Iterable[Sent], place: Place) -> list[Sent]:
    """Return the messages that show a picture of a job, with its number in that job."""
    return [
        replace(message, number=message.number + 1 - place.first)
        for message in sent
        if message.number is not None and place.first <= message.number + 1 <= place.last
    ]


def _folds(parcel: Parcel, limits: Limits) -> bool:
    """Return whether a result may go out with others."""
    delivery = parcel.delivery
    return (
        delivery.chat.group
        and delivery.last
        and delivery.job_id is not None
        and delivery.reply.among is not None
        and not delivery.reply.originals
        and parcel.attempts == 0  # one that has been tried alone may have arrived alone
        and 0 < len(delivery.reply.artworks) < limits.album
    )


def _together(parcels: Sequence[Parcel], limits: Limits) -> tuple[Parcel, ...]:
    """Return as many of the oldest results as fit into an album.

    None whose job's own message waits as well: that is to say afterwards where the result is.
    """
    opening = {parcel.delivery.job_id for parcel in parcels if parcel.kind == "opens"}
    found = list[Parcel]()
    for parcel in parcels:
        if not _folds(parcel, limits):
            continue
        if parcel.delivery.job_id in opening:
            break
        reply = folded([*found, parcel]).reply
        if found and (len(reply.artworks) > limits.album or len(reply.text) > limits.caption):
            break
        found.append(parcel)
    return tuple(found)
