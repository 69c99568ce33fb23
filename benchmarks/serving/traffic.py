"""Who asks for what, and when: requests that differ in all that a chat can choose."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from benchmarks.serving.job import Load, Served
from generation.recipe import Recipe

MODEL = "studio"
"""Name of the one model that there is."""
PROMPTS = (
    "一只猫在月下",
    "雪地里的两只企鹅",
    "江南烟雨",
    "海底的红色小鱼",
    "星空下的房子",
    "山顶的灯塔",
    "秋天的枫树",
    "河边的白马",
    "花园里的蝴蝶",
    "沙漠里的骆驼",
)
STEPS = (12, 20, 30)
SAMPLERS = ("euler", "euler_a", "ddim", "dpmpp_2m")
GUIDED = 0.85
"""Share of requests with guidance, of 4 or 5; the others are drawn with lcm or euler, at 1."""
STYLED = 0.6
"""Share of requests with a LoRA."""
TASKS = {"text": 0.75, "image": 0.15, "inpaint": 0.10}
STRENGTH = 0.6

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What requests choose from."""

    side: int
    """Of each picture, pixels."""
    loras: Sequence[str]
    sources: Sequence[str]
    """Names of pictures to start from."""
    masks: Sequence[str]


def requests(count: int, scene: Scene, *, seed: int, steps: Sequence[int] = STEPS) -> list[Recipe]:
    """Return requests of which each has its own mixture; shares are exact, their order is random.

    Args:
        count: How many.
        scene: What they choose from.
        seed: Of the mixture; the same gives the same list.
        steps: Each for as many requests.
    """
    chance = np.random.default_rng(seed)

    def dealt(choices: Mapping[T, float]) -> list[T]:
        """Return as many of each choice as its share says, in random order."""
        bounds = np.cumsum([0.0, *choices.values()]) / sum(choices.values())
        cards = np.searchsorted(bounds, (np.arange(count) + 0.5) / count) - 1
        names = list(choices)
        return [names[card] for card in chance.permutation(cards)]

    ways = {(sampler, weight): GUIDED / 8 for sampler in SAMPLERS for weight in (4.0, 5.0)}
    ways |= {(sampler, 1.0): (1 - GUIDED) / 2 for sampler in ("lcm", "euler")}
    styles = {"": 1 - STYLED} | {name: STYLED / len(scene.loras) for name in scene.loras}
    found: list[Recipe] = []
    for index, (count_, (sampler, weight), style, task) in enumerate(
        zip(dealt(dict.fromkeys(steps, 1.0)), dealt(ways), dealt(styles), dealt(TASKS), strict=True)
    ):
        start: dict[str, Any] = {}
        if task != "text":
            start = {"source": scene.sources[index % len(scene.sources)], "strength": STRENGTH}
        if task == "inpaint":
            start["mask"] = scene.masks[index % len(scene.masks)]
        found.append(
            Recipe(
                model=MODEL,
                prompt=PROMPTS[index % len(PROMPTS)],
                avoid="模糊" if index % 3 == 0 else "",
                width=scene.side,
                height=scene.side,
                steps=count_,
                guidance=weight,
                sampler=sampler,
                seed=seed * 10_000 + index,
                loras={style: 1.0} if style else {},
                **start,
            )
        )
    return found


def poisson(count: int, rate: float, *, seed: int) -> list[float]:
    """Return when requests come that know nothing of each other, seconds.

    Args:
        count: How many.
        rate: Requests in a second.
        seed: The same gives the same moments, stretched by the rate.
    """
    pauses = np.random.default_rng(seed).exponential(1.0, count)
    return [float(at) for at in np.cumsum(pauses) / rate]


def task(recipe: Recipe) -> str:
    """Return which of TASKS a recipe is."""
    if recipe.mask:
        return "inpaint"
    return "image" if recipe.source else "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A request that has come."""

    index: int
    recipe: Recipe
    owner: str
    arrived_s: float


class Server(Protocol):
    """Draws what it is given."""

    @property
    def idle(self) -> bool:
        """Whether it has nothing to do."""
        ...

    def take(self, order: Order) -> None:
        """Let a request wait for its turn."""
        ...

    def work(self) -> list[tuple[Order, float]]:
        """Do what is done at once: a step, or a picture.

        Returns:
            Whose pictures are done, and when on time.perf_counter each was first worked on.
        """
        ...


class _Line:
    """Requests on their way to the server."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._next = 0
        self._ready: deque[tuple[float, str]] = deque()
        """Users of a closed loop who want the next picture, and since when."""
        self._ready.extend((0.0, f"u{user}") for user in range(load.users))

    @property
    def over(self) -> bool:
        """Whether nobody will ask again."""
        return self._next == len(self._load.recipes)

    @property
    def next_s(self) -> float:
        """When the next request comes, of an open loop."""
        return self._load.arrivals_s[self._next]

    def come(self, now_s: float) -> list[Order]:
        """Return the requests that have come by now."""
        found: list[Order] = []
        while not self.over and (who := self._who(now_s)):
            arrived_s, owner = who
            recipe = self._load.recipes[self._next]
            found.append(Order(index=self._next, recipe=recipe, owner=owner, arrived_s=arrived_s))
            self._next += 1
        return found

    def _who(self, now_s: float) -> tuple[float, str] | None:
        if self._load.users:
            return self._ready.popleft() if self._ready else None
        if self.next_s > now_s:
            return None
        return self.next_s, f"u{self._next}"

    def done(self, order: Order, now_s: float) -> None:
        """Hand somebody their picture."""
        self._ready.append((now_s, order.owner))


def serve(server: Server, load: Load) -> list[Served]:
    """Let a server draw a load, and return what came of each request."""
    line, served = _Line(load), list[Served]()
    began = time.perf_counter()
    while len(served) < len(load.recipes):
        now_s = time.perf_counter() - began
        for order in line.come(now_s):
            server.take(order)
        if server.idle:
            time.sleep(max(line.next_s - now_s, 0))
            continue
        for order, started in server.work():
            ended_s = time.perf_counter() - began
            line.done(order, ended_s)
            served.append(
                Served(
                    index=order.index,
                    arrived_s=order.arrived_s,
                    started_s=started - began,
                    ended_s=ended_s,
                )
            )
    return served
