"""Stand-ins for the two ends of the line, as strict as what they stand for; no mocks."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from io import BytesIO

import PIL.Image

from adapters.console import inbound
from adapters.console.outbound import sent_as
from bot.event import Event
from bot.reply import Delivery, Sent, Status
from generation.errors import BadRecipe
from generation.recipe import UPSCALES, Expand, Picture, Progress, Recipe


class FakeEngine:
    """Draws at once: the pixels of a picture are the digest of its recipe, over and over."""

    def __init__(self, open_image: Callable[[str], bytes]) -> None:
        self._open_image = open_image
        self.errors: list[Exception] = []
        """Each is raised by one draw, in order."""
        self.deadly: set[str] = set()
        """Prompts that fail every draw that they are in flight with."""
        self.deadly_error: Exception | None = None
        self.crowd = 0
        """The first crash waits until so many draws are in flight."""
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
                    tell(Progress(index=index, step=step, steps=recipe.steps))
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
        return Picture(recipe=recipe, width=width, height=height, rgb=rgb, seconds=0.0, notes=notes)

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
        self.shown: list[Status] = []
        self.errors: list[Exception] = []
        """Each is raised by one send, in order."""

    def to_event(self, body: bytes) -> Event | None:
        return inbound.to_event(body)

    async def send(self, delivery: Delivery) -> Sequence[Sent]:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(delivery)
        return sent_as(delivery)

    async def show(self, status: Status) -> None:
        self.shown.append(status)
