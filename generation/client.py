"""The engine as the bot sees it: starts when it is needed, and again when it is gone."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context

from generation.config import EngineConfig
from generation.errors import BadRecipe
from generation.link import Link
from generation.recipe import Picture, Progress, Recipe
from generation.wire import Beat

log = logging.getLogger(__name__)

LONGEST_PAUSE_S = 30.0
"""Between two starts of an engine that ends each time."""


def no_images(sha256: str) -> bytes:
    """Open no image: enough for who draws from words alone.

    Raises:
        FileNotFoundError: Always.
    """
    raise FileNotFoundError(sha256)


class EngineClient:
    """Draws in another process; is a bot.ports.Engine."""

    def __init__(
        self, config: EngineConfig, open_image: Callable[[str], bytes] = no_images
    ) -> None:
        """Set up the client; nothing is started yet.

        Args:
            config: Goes to the engine as it is.
            open_image: Returns the file of a source or mask by its SHA-256, from any thread;
                raises OSError if there is none.
        """
        self._config, self._open_image = config, open_image
        self.ready = asyncio.Event()
        """Set while an engine is warm."""
        self._link: asyncio.Task[Link] | None = None
        self._starts = 0
        """Since a draw was last finished."""
        self.starts = 0
        """Since the client began; all but the first are restarts."""

    @property
    def pid(self) -> int | None:
        """Of the engine's process, while it is our child."""
        link = self._living()
        return link.pid if link else None

    @property
    def beat(self) -> Beat | None:
        """The last sign of life of the living engine."""
        link = self._living()
        return link.beat if link else None

    def warm(self) -> None:
        """Start the engine if there is none; does not wait for it."""
        self._reach().add_done_callback(_log_failure)

    async def draw(
        self, recipes: Sequence[Recipe], tell: Callable[[Progress], None], *, owner: str = ""
    ) -> list[Picture]:
        """Return one picture for each recipe, in order; cancelling the call stops the drawing.

        Args:
            recipes: What to draw; the engine batches them as it can.
            tell: Is told of each step, from the event loop.
            owner: Whom it is drawn for: the engine shares its steps among owners.

        Raises:
            EngineError: A recipe cannot be drawn, or the engine is gone.
        """
        if not recipes:
            return []
        images = await asyncio.to_thread(self._opened, recipes)
        # shielded: who stops waiting for the engine must not stop its start for the others
        link = await asyncio.shield(self._reach())
        pictures = await link.draw(recipes, tell, owner=owner, images=images)
        self._starts = 0
        return pictures

    async def close(self) -> None:
        """End the engine; a later draw would start another."""
        if self._link is None:
            return
        self._link.cancel()
        await asyncio.wait({self._link})
        if link := self._living():
            await link.close()

    def _opened(self, recipes: Sequence[Recipe]) -> Mapping[str, bytes]:
        """Return the files of all sources and masks, each once."""
        try:
            return {
                name: self._open_image(name)
                for name in {name for recipe in recipes for name in (recipe.source, recipe.mask)}
                if name
            }
        except OSError as error:
            raise BadRecipe("原图或遮罩已经不在了，请重新给一次") from error

    def _reach(self) -> asyncio.Task[Link]:
        """Return the link to the living engine, or to one that is being started."""
        if self._link is None or (self._link.done() and not self._living()):
            # in a context of its own: an engine is nobody's, whoever happens to need it first
            self._link = asyncio.create_task(self._open(), context=Context())
        return self._link

    def _living(self) -> Link | None:
        task = self._link
        if task is None or not task.done() or task.cancelled() or task.exception():
            return None
        return task.result() if task.result().end is None else None

    async def _open(self) -> Link:
        """Start an engine; one that ends each time is given ever more time: 0, 1, 2, 4 … s."""
        restarts, self._starts = self._starts, self._starts + 1
        self.starts += 1
        if restarts > 1:
            await asyncio.sleep(min(2.0 ** (restarts - 2), LONGEST_PAUSE_S))
        return await Link.open(self._config, self.ready)


def _log_failure(task: asyncio.Task[Link]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.warning("no engine: %s", error)
