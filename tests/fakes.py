"""Stand-ins for the two ends of the line, as strict as what they stand for; no mocks."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO

import PIL.Image

from adapters.console import inbound
from adapters.console.outbound import sent_as
from bot.action import Action
from bot.errors import ChatMoved, MessageGone, NotSent
from bot.event import Attachment, Chat, Event, Message, Press, Said, Submission, User
from bot.reply import Button, Delivery, Edit, Limits, Rate, Sent, Status
from generation.errors import BadRecipe
from generation.recipe import UPSCALES, Expand, Picture, Preview, Progress, Recipe


class FakeEngine:
    """Draws at once: the pixels of a picture are the digest of its recipe, over and over."""

    def __init__(self, open_image: Callable[[str], bytes]) -> None:
        self._open_image = open_image
        self.errors: list[Exception] = []
        """Each is raised by one draw, in order."""
        self.deadly: set[str] = set()
        """Prompts that fail every draw that they are in flight with."""
        self.deadly_error: Exception | None = None
        self.preview: Preview | None = None
        """What is shown of each step."""
        self.crowd = 0
        """The first crash waits until so many draws are in flight."""
        self.seconds = 0.0
        """That each picture takes, as it says."""
        self.drawn: list[Recipe] = []
        self.owners: list[str] = []
        """For whom each draw was."""
        self.in_flight: list[Sequence[Recipe]] = []
        self.together: list[int] = []
        """How many draws were in flight when each began, with itself."""
        self.gate = asyncio.Event()
        """While it is not set, nothing is finished."""
        self.gate.set()
        self._moved = asyncio.Condition()

    async def until(self, count: int) -> None:
        """Return when so many draws are in flight."""
        async with self._moved:
            await self._moved.wait_for(lambda: len(self.in_flight) == count)

    async def draw(
        self, recipes: Sequence[Recipe], tell: Callable[[Progress], None], *, owner: str = ""
    ) -> list[Picture]:
        if not recipes:
            raise BadRecipe("nothing to draw")
        self.owners.append(owner)
        self.in_flight.append(recipes)
        self.together.append(len(self.in_flight))
        await self._note()
        try:
            if self.errors:
                raise self.errors.pop(0)
            await self._meet_the_deadly()
            await self.gate.wait()
            pictures = [self.picture(recipe) for recipe in recipes]
            for index, recipe in enumerate(recipes):
                for step in range(recipe.steps + 1):
                    tell(Progress(index=index, step=step, steps=recipe.steps, preview=self.preview))
            self.drawn += recipes
            return pictures
        finally:
            self.in_flight.remove(recipes)
            await self._note()

    async def _note(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    async def _meet_the_deadly(self) -> None:
        """Die with whoever else is in flight, as a crash of the real process does."""
        async with self._moved:
            await self._moved.wait_for(lambda: len(self.in_flight) >= self.crowd)
        prompts = {recipe.prompt for recipes in self.in_flight for recipe in recipes}
        if self.deadly_error is not None and prompts & self.deadly:
            await asyncio.sleep(0)  # all who fly along see it before the first is gone
            self.crowd = 0
            raise self.deadly_error

    def picture(self, recipe: Recipe) -> Picture:
        """Return what is drawn of a recipe, each time the same."""
        _check(recipe)
        digest = hashlib.sha256(repr(recipe).encode()).digest()
        width, height = recipe.picture_px
        size = width * height * 3
        rgb = (digest * (size // len(digest) + 1))[:size]
        notes = self._notes(recipe)
        return Picture(
            recipe=recipe, width=width, height=height, rgb=rgb, seconds=self.seconds, notes=notes
        )

    def _notes(self, recipe: Recipe) -> tuple[str, ...]:
        """Open what the recipe names, and say if a mask had to be scaled."""
        try:
            source, mask = (
                PIL.Image.open(BytesIO(self._open_image(name))).size if name else None
                for name in (recipe.source, recipe.mask)
            )
        except OSError as error:
            raise BadRecipe("原图或遮罩已经不在了，请重新给一次") from error
        if mask is None or mask == source:
            return ()
        return (f"遮罩 {mask[0]}×{mask[1]} 已缩放",)


def _check(recipe: Recipe) -> None:
    margins = recipe.expand or Expand()
    across, upright = margins.left + margins.right, margins.up + margins.down
    faults = (
        bool(recipe.mask or recipe.expand) and not recipe.source,
        recipe.hires > 1 and bool(recipe.source),
        not 0 < recipe.strength <= 1,
        not 1 <= recipe.hires <= 4,
        recipe.upscale not in UPSCALES,
        min(margins.left, margins.up, margins.right, margins.down) < 0,
        across >= recipe.width or upright >= recipe.height,
    )
    if any(faults):
        raise BadRecipe(f"画不了：{recipe}")


class FakeAdapter:
    """Keeps what it was told to send; reads what the console reads."""

    def __init__(self) -> None:
        self.sent: list[Delivery] = []
        self.attachments: dict[str, bytes | Exception] = {}
        """What came with messages, by reference."""
        self.avatars: dict[str, bytes | NotSent] = {}
        """Of users, by id."""
        self.people: dict[str, User] = {}
        """Who can be named in a text, as @name."""
        self.shown: list[Status] = []
        self.errors: list[Exception] = []
        """Each is raised by one send, in order."""
        self.group = False
        """Whether the chat is one."""
        self.roles: dict[str, tuple[str, ...]] = {}
        """What it says of whom, by name; of others, that they sit at the machine."""

    def to_event(self, body: bytes) -> Event | None:
        event = inbound.to_event(body)
        if isinstance(event, Message):
            named = (user for name, user in self.people.items() if f"@{name}" in event.text)
            event = replace(event, mentions=tuple(named))
        if event is not None and self.group:
            event = replace(event, chat=replace(event.chat, group=True))
        if not isinstance(event, Said) or event.user.name not in self.roles:
            return event
        user = replace(event.user, roles=self.roles[event.user.name])
        return replace(event, user=user)

    async def send(self, delivery: Delivery) -> Sequence[Sent]:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(delivery)
        return sent_as(delivery)

    @property
    def limits(self) -> Limits:
        return Limits()

    async def edit(self, edit: Edit) -> Sequence[Sent]:
        raise MessageGone(edit.message)

    async def fetch(self, attachment: Attachment) -> bytes:
        found = self.attachments[attachment.ref]
        if isinstance(found, Exception):
            raise found
        return found

    async def roles_of(self, user: User, chat: Chat) -> tuple[str, ...]:
        del chat
        return user.roles

    async def avatar(self, user: User) -> bytes | None:
        found = self.avatars.get(user.id)
        if isinstance(found, Exception):
            raise found
        return found

    async def pin(self, chat: Chat, message: str, *, on: bool) -> None:
        del chat, message, on

    async def branch(self, chat: Chat, message: str, title: str) -> Chat | None:
        del chat, message, title
        return None

    async def show(self, status: Status) -> None:
        self.shown.append(status)


class PacedEngine(FakeEngine):
    """Draws as far as it is told to, all pictures of a draw at once."""

    def __init__(self, open_image: Callable[[str], bytes]) -> None:
        super().__init__(open_image)
        self._left: dict[str, int] = {}

    async def go(self, words: str, steps: int) -> None:
        """Let the draw whose prompt has these words go so many steps, and wait until it has."""
        async with self._moved:
            self._left[words] = steps
            self._moved.notify_all()
            await self._moved.wait_for(lambda: self._left[words] == 0)

    async def draw(
        self, recipes: Sequence[Recipe], tell: Callable[[Progress], None], *, owner: str = ""
    ) -> list[Picture]:
        self.owners.append(owner)
        self.in_flight.append(recipes)
        await self._note()
        try:
            if self.errors:
                raise self.errors.pop(0)
            for step in range(1, recipes[0].steps + 1):
                await self._step(recipes, step, tell)
            self.drawn += recipes
            return [self.picture(recipe) for recipe in recipes]
        finally:
            self.in_flight.remove(recipes)
            await self._note()

    async def _step(
        self, recipes: Sequence[Recipe], step: int, tell: Callable[[Progress], None]
    ) -> None:
        def allowed() -> list[str]:
            return [words for words, left in self._left.items() if left and words in prompt]

        prompt = recipes[0].prompt
        async with self._moved:
            await self._moved.wait_for(lambda: bool(allowed()))
            for index, recipe in enumerate(recipes):
                tell(Progress(index=index, step=step, steps=recipe.steps, preview=_grey(step)))
            self._left[allowed()[0]] -= 1
            self._moved.notify_all()


def _grey(step: int) -> Preview:
    return Preview(width=8, height=8, rgb=bytes([step % 256]) * 192)


@dataclass
class Posted:
    """A message in the chat."""

    id: str
    chat: str
    to: str | None
    text: str
    buttons: list[Button]
    pictures: int
    sent_at: float
    delivery: Delivery
    sketch: bytes | None = None
    seen: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    """When it showed which words."""
    unsure: Edit | None = None
    """What it became when nobody was told."""


@dataclass
class Tokens:
    """What a platform has left of the calls that it takes."""

    rate: Rate
    left: float
    at: float

    def spend(self, calls: int, now: float) -> bool:
        """Take so many; False if there are not enough, nor as many as there can be."""
        most = self.rate.calls
        self.left = min(most, self.left + (now - self.at) * most / self.rate.per_s)
        self.at = now
        slack = 1e-5 * most / self.rate.per_s  # sums of seconds since the epoch are no finer
        if self.left < min(calls, most) - slack:
            return False
        self.left -= calls
        return True


class StrictChat:
    """A chat program with edits: it refuses what such programs refuse."""

    def __init__(self, now: Callable[[], float], limits: Limits) -> None:
        self._now = now
        self._limits = limits
        self.messages: dict[str, Posted] = {}
        self._posted = 0
        self.refused: list[str] = []
        """What should not have been asked."""
        self.errors: list[BaseException] = []
        """Each is raised by one send, in order."""
        self.edit_errors: list[BaseException] = []
        """Each is raised by one edit, in order."""
        self.lost: list[BaseException] = []
        """Each is raised by one call after it was done: nobody knows."""
        self.calls: dict[str, list[float]] = {}
        """When each chat was called."""
        self._tokens: dict[str, Tokens] = {}
        self.moved: dict[str, str] = {}
        """Where chats are, by id, that are no more where they were."""
        self.gone: set[str] = set()
        """Ids of chats that the bot was put out of."""
        self.tried: list[str] = []
        """The id of the chat of each call, whatever came of it."""
        self.uploads: list[str] = []
        """SHA-256 of each file that it was given to keep."""
        self.pinned: set[str] = set()
        """Messages that are kept in sight."""
        self.pin_errors: list[BaseException] = []
        """Each is raised by one pin, in order."""
        self.roles: dict[str, tuple[str, ...]] = {}
        """What people are in the chats, by name."""
        self.branches = False
        """Whether places of their own are opened under messages."""
        self.titles: dict[str, str] = {}
        """Of such places, by the message that they are under."""

    @property
    def limits(self) -> Limits:
        return self._limits

    def to_event(self, body: bytes) -> Event | None:
        said = json.loads(body)
        chat = Chat("chat", said["chat"], said["chat"].startswith("群"))
        user = User("chat", said["user"], said["user"])
        if "press" in said:
            return Press(id=said["id"], chat=chat, user=user, action=Action.unpack(said["press"]))
        if "submit" in said:
            action, values = Action.unpack(said["submit"]), said["values"]
            return Submission(id=said["id"], chat=chat, user=user, action=action, values=values)
        return Message(
            id=said["id"],
            chat=chat,
            user=user,
            text=said["text"],
            to_me=said.get("to_me", True),
            reply_to=said.get("reply_to", ""),
            topic=said.get("topic", ""),
            mentions=tuple(User("chat", name, name) for name in said.get("mentions", ())),
        )

    async def send(self, delivery: Delivery) -> Sequence[Sent]:
        self._find(delivery.chat)
        if self.errors:
            raise self.errors.pop(0)
        reply = delivery.reply
        pictures = len(reply.artworks)
        self._call(delivery.chat, 0 if reply.aside else pictures + 1 if pictures > 1 else 1)
        if len(reply.artworks) > self._limits.album:
            self._refuse("an album that large")
        text = f"（补发）{reply.text}" if delivery.repeated else reply.text
        files = [self._upload(artwork.sha256, delivery.uploaded) for artwork in reply.artworks]
        sent = [_shown(self._post(delivery, text).id, files if pictures == 1 else [])]
        if pictures > 1:
            sent += [
                Sent(self._post(delivery, "").id, number, file) for number, file in enumerate(files)
            ]
        self._lose()
        return sent

    async def fetch(self, attachment: Attachment) -> bytes:
        raise NotSent(f"nothing comes with a message here: {attachment.ref}")

    async def roles_of(self, user: User, chat: Chat) -> tuple[str, ...]:
        del chat
        return self.roles.get(user.name, user.roles)

    async def avatar(self, user: User) -> bytes | None:
        del user
        return None

    async def edit(self, edit: Edit) -> Sequence[Sent]:
        self._find(edit.chat)
        if self.edit_errors:
            raise self.edit_errors.pop(0)
        message = self.messages.get(edit.message)
        if message is None or message.chat != edit.chat.id:
            raise MessageGone("message to edit not found")
        if message.unsure == edit:  # the platform says that nothing is changed, and so it is
            message.unsure = None
            return [Sent(message.id, 0 if edit.reply.artworks else None)]
        if message.pictures and not edit.reply.buttons:
            raise MessageGone("a picture does not become words")
        self._check(message, edit)
        self._call(edit.chat, 1)
        files = [self._upload(artwork.sha256, edit.uploaded) for artwork in edit.reply.artworks]
        message.text = edit.reply.text
        message.buttons = [button for row in edit.reply.buttons for button in row]
        message.sketch = None if edit.reply.artworks else edit.sketch or message.sketch
        message.pictures = len(edit.reply.artworks) or message.pictures
        message.seen.append((self._now(), message.text))
        message.unsure = edit
        self._lose()
        message.unsure = None
        return [_shown(message.id, files)]

    async def pin(self, chat: Chat, message: str, *, on: bool) -> None:
        self._find(chat)
        if self.pin_errors:
            raise self.pin_errors.pop(0)
        if message not in self.messages:
            raise NotSent("no such message", arrived=False, refused=True)
        self.pinned.add(message) if on else self.pinned.discard(message)

    async def branch(self, chat: Chat, message: str, title: str) -> Chat | None:
        self._find(chat)
        if message not in self.messages:
            raise NotSent("no such message", arrived=False, refused=True)
        if not self.branches:
            return None
        self.titles[message] = title
        return Chat(chat.platform, f"{chat.id}/{message}", group=True)

    async def show(self, status: Status) -> None:
        self._refuse(f"live progress: {status}")

    def _check(self, message: Posted, edit: Edit) -> None:
        reply = edit.reply
        bears = message.sketch is not None or bool(message.pictures)
        pictured = bears or edit.sketch is not None or bool(reply.artworks)
        gap = self._limits.group_s if edit.chat.group else self._limits.private_s
        last = max(self.calls[edit.chat.key])
        buttons = [button for row in reply.buttons for button in row]
        same = (reply.text, buttons) == (message.text, message.buttons)
        if same and not reply.artworks and edit.sketch in {None, message.sketch}:
            self._refuse(f"message is not modified: {reply.text}")
        if len(reply.text) > (self._limits.caption if pictured else self._limits.text):
            self._refuse("message is too long")
        if not edit.last and self._now() - last < gap:
            self._refuse(f"too many edits: {self._now() - last} s")
        if edit.pictured != (message.sketch is not None):
            self._refuse("there is no text in the message to edit, or no caption")
        if edit.sketch is not None and not self._limits.sketches:
            self._refuse("a sketch")
        if len(reply.artworks) > self._limits.turns:
            self._refuse("a message of words does not become an album")
        if message.pictures and buttons:
            self._refuse("an edit after the last word")

    def _post(self, delivery: Delivery, text: str) -> Posted:
        self._posted += 1
        id_ = f"{delivery.chat.id}/{self._posted}"
        now, reply = self._now(), delivery.reply
        posted = Posted(
            id=id_,
            chat=delivery.chat.id,
            to=reply.to,
            text=text,
            buttons=[button for row in reply.buttons for button in row] if text else [],
            pictures=len(reply.artworks) if text else 0,
            sent_at=now,
            delivery=delivery,
            seen=[(now, text)],
        )
        self.messages[id_] = posted
        return posted

    def _find(self, chat: Chat) -> None:
        """Tell where a chat is that is not here."""
        self.tried.append(chat.id)
        if chat.id in self.moved:
            raise ChatMoved(self.moved[chat.id])
        if chat.id in self.gone:
            raise NotSent("Forbidden: the bot was kicked", final=True)

    def _call(self, chat: Chat, calls: int) -> None:
        """Note a call; refuse it if there are too many."""
        now, limits = self._now(), self._limits
        of_chat = limits.group_rate if chat.group else limits.private_rate
        for key, rate in ((chat.key, of_chat), ("", limits.all_rate)):
            if rate is not None:
                tokens = self._tokens.setdefault(key, Tokens(rate, rate.calls, now))
                if calls and not tokens.spend(calls, now):
                    self._refuse(f"too many calls: {chat.key or 'all'}")
        self.calls.setdefault(chat.key, []).append(now)

    def _upload(self, file: str, uploaded: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Take a file, unless it is known already; return by what it is known."""
        if uploaded.get(file) in {f"file {number}" for number in range(len(self.uploads))}:
            return ()
        self.uploads.append(file)
        return ((file, f"file {len(self.uploads) - 1}"),)

    def _lose(self) -> None:
        if self.lost:
            raise self.lost.pop(0)

    def _refuse(self, words: str) -> None:
        self.refused.append(words)
        raise NotSent(words)


def _shown(message: str, files: Sequence[tuple[tuple[str, str], ...]]) -> Sent:
    """Return a message that shows one picture, or none."""
    return Sent(message, 0, files[0]) if files else Sent(message)
