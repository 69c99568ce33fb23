"""Replies to what Telegram's calls take; pure.

All markup is entities, which count in UTF-16 units; no word of a user is ever read as markup.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from telegram import (
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResult,
    InlineQueryResultArticle,
    InlineQueryResultCachedPhoto,
    InputTextMessageContent,
    LinkPreviewOptions,
    MessageEntity,
    User,
)
from telegram.constants import MessageEntityType

from adapters.telegram.hidden import SIGN, Hidden
from adapters.telegram.inbound import DRAW, PLATFORM
from adapters.telegram.limits import MOST
from bot import link, texts
from bot.artwork import Artwork
from bot.form import Form
from bot.reply import Button, Delivery, Named, Reply
from bot.wording import say

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
TITLE = 60
"""Characters of the words of an inline result that are shown."""

T = TypeVar("T")
Markup = InlineKeyboardMarkup | ForceReply | None


@dataclass(frozen=True, slots=True)
class Words:
    """A text and its markup."""

    text: str
    entities: tuple[MessageEntity, ...] = ()

    @property
    def units(self) -> int:
        """Its length in UTF-16 units."""
        return units(self.text)


def units(text: str) -> int:
    """Return the length of a text in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def words_of(reply: Reply, *, repeated: bool = False) -> Words:
    """Return the words of a reply, with what is struck through and who is named."""
    text = reply.text
    pictured = bool(reply.artworks or reply.plate)
    if pictured and not texts.says_label(text):
        text = texts.marked(text)
    spans = (
        *((MessageEntityType.STRIKETHROUGH, start, end, None) for start, end in reply.struck),
        *((MessageEntityType.TEXT_MENTION, *_span(one), _person(one)) for one in reply.named),
    )
    marked = [
        _entity(reply.text, kind, start, end, person)
        for kind, start, end, person in spans
        if person is not None or kind == MessageEntityType.STRIKETHROUGH
    ]
    words = Words(text, tuple(marked[: MOST.entities]))
    return _after(texts.repeated(""), words) if repeated else words


def asking(reply: Reply, words: Words, username: str) -> list[Words]:
    """Return a question, so that an answer to it is understood; what it asks is hidden in it.

    A form is a block that is tapped to copy; where all does not fit, it is a message of its own.
    """
    form = reply.form
    hidden = Hidden(
        asks=reply.asks, form=None if form is None else form.action, attached=reply.attached
    )
    sign = MessageEntity(MessageEntityType.TEXT_LINK, 0, units(SIGN), url=hidden.url(username))
    lead = Words(f"{SIGN} ", (sign,))
    if form is None:
        return [_joined(lead, words)]
    block = _block(form)
    whole = _joined(lead, words, Words("\n\n"), block)
    if whole.units <= MOST.text:
        return [whole]
    return [*split(words), _joined(lead, block)]


def split(words: Words, most: int = MOST.text) -> list[Words]:
    """Return words in as many messages as they need, parted between lines where that can be."""
    parts: list[Words] = []
    while words.units > most:
        end = _end(words.text, most)
        head = words.text[:end]
        parts.append(Words(head.rstrip(), _within(words.entities, 0, units(head.rstrip()))))
        rest = words.text[end:].lstrip("\n")
        at = words.units - units(rest)
        words = Words(rest, _within(words.entities, at, words.units))
    return [*parts, words]


def clipped(words: Words, most: int) -> Words:
    """Return words that fit; the end is left out of those that do not."""
    if words.units <= most:
        return words
    text = words.text[: _end(words.text, most - 1)].rstrip()
    return Words(f"{text}…", _within(words.entities, 0, units(text)))


def keyboard(rows: Iterable[Sequence[Button]], share: str = "") -> InlineKeyboardMarkup | None:
    """Return buttons, as many in a row and in all as there may be.

    Args:
        rows: Of our own buttons.
        share: A link that is to be handed on; empty: none.
    """
    laid = [
        [InlineKeyboardButton(b.label, callback_data=b.action.pack()) for b in part]
        for row in rows
        for part in _parts(row, MOST.in_a_row)
    ]
    if share:
        url = f"https://t.me/share/url?url={quote(share, safe='')}"
        laid.append([InlineKeyboardButton(say("🔗 分享"), url=url)])
    count, kept = 0, list[list[InlineKeyboardButton]]()
    for row in laid:
        count += len(row)
        if count <= MOST.buttons:
            kept.append(row)
    return InlineKeyboardMarkup(kept) if kept else None


def markup_of(reply: Reply, username: str) -> Markup:
    """Return what stands under a reply: buttons, or a field for an answer."""
    if leads_away(reply):
        go = InlineKeyboardButton(say("🤫 去私聊说"), url=deep_link(username, reply.link))
        return InlineKeyboardMarkup([[go]])
    if questions(reply):
        return ForceReply(selective=True)
    return keyboard(reply.buttons, deep_link(username, reply.link) if reply.link else "")


def leads_away(reply: Reply) -> bool:
    """Return whether what it asks for is said in the talk with the bot, and nowhere else."""
    return reply.link.startswith(link.SESSION)


def questions(reply: Reply) -> bool:
    """Return whether it is answered by a message that says it does."""
    asks = reply.form is not None or bool(reply.asks or reply.attached)
    return asks and not leads_away(reply)


def links_to(artworks: Iterable[Artwork], username: str) -> InlineKeyboardMarkup:
    """Return buttons that show pictures in the talk with the bot, where they cannot be shown."""
    buttons = [
        InlineKeyboardButton(
            say("看第 {number} 张", number=number), url=deep_link(username, link.to(artwork))
        )
        for number, artwork in enumerate(artworks, 1)
    ]
    return InlineKeyboardMarkup([list(row) for row in _parts(buttons, 4)])


def deep_link(username: str, payload: str) -> str:
    """Return a link that opens the talk with the bot, and says what for."""
    return f"https://t.me/{username}?start={payload}"


def results(delivery: Delivery, username: str) -> list[InlineQueryResult]:
    """Return what is shown to who types words by way of the bot.

    First, the offer to draw them; then pictures that Telegram has: others cannot be shown there.
    """
    reply = delivery.reply
    found: list[InlineQueryResult] = [_offer(reply.text, username)] if reply.text else []
    for artwork in reply.artworks:
        file_id = delivery.uploaded.get(artwork.sha256)
        if file_id is not None:
            caption = texts.marked(_short(artwork.recipe.prompt))
            found.append(InlineQueryResultCachedPhoto(f"art{artwork.id}", file_id, caption=caption))
    return found[: MOST.inline_results]


def shows_as_photo(width: int, height: int, size: int) -> bool:
    """Return whether Telegram takes a picture of so many pixels and bytes as a photo."""
    short, long = sorted((width, height))
    return (
        size <= MOST.photo_bytes
        and width + height <= MOST.photo_sides_px
        and long <= MOST.photo_ratio * max(1, short)
    )


def albums(count: int) -> list[int]:
    """Return how many pictures each album has, none of them alone: 11 are 6 and 5."""
    if count <= MOST.album:
        return [count]
    parts = -(-count // MOST.album)
    return [count // parts + (number < count % parts) for number in range(parts)]


def _offer(words: str, username: str) -> InlineQueryResultArticle:
    title = say("🎨 画：{words}", words=_short(words))
    # without a button Telegram does not tell which message it became
    opens = InlineKeyboardButton(say("打开丹青"), url=f"https://t.me/{username}")
    return InlineQueryResultArticle(
        DRAW,
        title,
        InputTextMessageContent(
            clipped(Words(f"{say('🎨 画：{words}', words=words)} ⏳"), MOST.text).text,
            link_preview_options=NO_PREVIEW,
        ),
        description=say("画好了就放在这条消息里"),
        reply_markup=InlineKeyboardMarkup([[opens]]),
    )


def _short(words: str) -> str:
    return words if len(words) <= TITLE else words[: TITLE - 1] + "…"


def _block(form: Form) -> Words:
    """Return a form as one text that is changed and sent back."""
    (field,) = form.within(1).fields
    text = (
        field.value
        if len(form.fields) > 1
        else say("{label}：{value}", label=field.label, value=field.value)
    )
    text = clipped(Words(text), MOST.text - 64).text or " "
    return Words(text, (MessageEntity(MessageEntityType.PRE, 0, units(text)),))


def _span(named: Named) -> tuple[int, int]:
    return named.start, named.end


def _person(named: Named) -> User | None:
    """Return whom a text names; nobody that is no person, as a channel is none."""
    platform, _, id_ = named.user.partition(":")
    if platform != PLATFORM or not id_.isdecimal():
        return None
    return User(int(id_), "", is_bot=False)


def _entity(text: str, kind: str, start: int, end: int, user: User | None) -> MessageEntity:
    at = units(text[:start])
    return MessageEntity(kind, at, units(text[start:end]), user=user)


def _after(lead: str, words: Words) -> Words:
    return _joined(Words(lead), words)


def _joined(*parts: Words) -> Words:
    text, entities = "", list[MessageEntity]()
    for part in parts:
        at = units(text)
        entities += [_moved(entity, at) for entity in part.entities]
        text += part.text
    return Words(text, tuple(entities))


def _moved(entity: MessageEntity, by: int, length: int | None = None) -> MessageEntity:
    return MessageEntity(
        entity.type,
        entity.offset + by,
        entity.length if length is None else length,
        url=entity.url,
        user=entity.user,
    )


def _within(entities: Iterable[MessageEntity], start: int, end: int) -> tuple[MessageEntity, ...]:
    """Return the markup of a part of a text, counted from there."""
    found = list[MessageEntity]()
    for entity in entities:
        left, right = max(start, entity.offset), min(end, entity.offset + entity.length)
        if left < right:
            found.append(_moved(entity, left - start - entity.offset, right - left))
    return tuple(found)


def _end(text: str, most: int) -> int:
    """Return where a text is parted so that what is before has at most so many units."""
    at = len(text.encode("utf-16-le", "surrogatepass")[: 2 * most].decode("utf-16-le", "ignore"))
    line = text.rfind("\n", 0, at + 1)
    return line if line > at // 2 else at


def _parts(row: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    return (row[at : at + most] for at in range(0, len(row), most))
