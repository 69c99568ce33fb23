"""Which canvases take the next step together: fair among owners at every step; pure policy.

Each owner has a counter of what was drawn for them, in cost. A canvas stands in line where the
counter will be when those of its owner that came before it are done; what it has had itself does
not count against it. So a picture once begun goes on until a lighter owner wants its rows, owners
of equal standing are served as they came, and a dump of pictures stretches far down the line.

Source: the counters, Sheng et al. 2024, Fairness in Serving Large Language Models (virtual token
counter), arXiv:2401.00588, Algorithm 2; the line, Goyal et al. 1996, Start-time Fair Queuing,
doi:10.1145/248156.248171. Here a packet is one step of one canvas, many are served at once, and
the level that newcomers start from rises while it holds somebody back.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Generic, Protocol, TypeVar

UNITS = 1_000_000
"""Of a cost of 1. The books are in whole numbers: canvases that stand equal stay equal, and do
not change places at every step for the last digit of a sum."""


class Batchable(Protocol):
    """What the scheduler must know of a canvas."""

    @property
    def model(self) -> str:
        """Name of the model that it needs in memory."""
        ...

    @property
    def shape(self) -> Hashable:
        """Canvases of equal shape may share a batch; asked once it has begun, and may change."""
        ...

    @property
    def rows(self) -> int:
        """How many rows of a batch its next step takes."""
        ...

    @property
    def owner(self) -> str:
        """For whom it is drawn."""
        ...

    @property
    def step_cost(self) -> float:
        """Cost of its next step, above 0; megapixels of its rows, or any other measure."""
        ...

    @property
    def whole_cost(self) -> float:
        """About what all its steps cost, in the same measure; asked when it is admitted."""
        ...


C = TypeVar("C", bound=Batchable)


@dataclass(slots=True)
class _Place:
    """Where a canvas stands; costs in units."""

    owner: str
    whole: int
    level: int
    """Of newcomers, when it came."""
    spent: int = 0
    """On its steps so far."""
    begun: bool = False
    seated: bool = False
    """Whether it may step: its model has a seat, and nobody before it waits for one."""


class Scheduler(Generic[C]):
    """Canvases in line, and what their owners were served.

    The first in line chooses the shape; those of its shape join it while there are rows. As the
    line is made anew for each step, one whose rows do not fit may be passed by smaller ones: it
    still has the first claim to the rows that it needs, and they have none.

    A model keeps its seat while a canvas that it has stepped is not done. Who waits for a seat
    holds back all that are later in line and have not stepped yet, so that the seat gets free.
    """

    def __init__(self, *, cap: Callable[[C], int], seats: int) -> None:
        """Begin without canvases.

        Args:
            cap: The most rows of a batch of canvases of this one's shape.
            seats: How many models may be in memory.
        """
        self._cap, self._seats = cap, seats
        self._places: dict[C, _Place] = {}
        """In the order in which they came."""
        self._counters: dict[str, int] = {}
        """What was drawn for each owner; of those who have left, only what is above the level."""
        self._level = 0
        """Counter of newcomers; never falls while somebody is here."""

    @property
    def idle(self) -> bool:
        """Whether nothing is to be done."""
        return not self._places

    @property
    def models(self) -> set[str]:
        """Names of those that have a seat."""
        return {canvas.model for canvas, place in self._places.items() if place.seated}

    def admit(self, canvas: C) -> None:
        """Let a canvas stand in line, behind what its owner has had, or else at the level."""
        self._places[canvas] = _Place(canvas.owner, _units(canvas.whole_cost), self._level)

    def seat(self) -> list[C]:
        """Give seats to those whose turn it is, and return those that have not begun: now they do.

        Each is returned once, even if it has to wait again before its first step.
        """
        found: list[C] = []
        models = {canvas.model for canvas, place in self._places.items() if place.spent}
        free = True
        for canvas, place in self._line():
            if place.spent:
                continue
            free = free and len(models | {canvas.model}) <= self._seats
            place.seated = free
            if free:
                models.add(canvas.model)
                if not place.begun:
                    place.begun = True
                    found.append(canvas)
        return found

    def next_batch(self) -> list[C]:
        """Return the canvases of the next step, the first in line first; [] when idle."""
        batch: list[C] = []
        shape, free = None, 0
        for canvas, place in self._line():
            if not place.seated:
                continue
            if not batch:  # it goes even if it is too large for any batch
                shape, free = canvas.shape, max(self._cap(canvas), canvas.rows)
            if canvas.rows <= free and canvas.shape == shape:
                batch.append(canvas)
                free -= canvas.rows
            if not free:
                break
        return batch

    def served(self, batch: Sequence[C]) -> None:
        """Charge the next step of these canvases to their owners, before it is taken."""
        spent = 0
        for canvas in batch:
            place, cost = self._places[canvas], _units(canvas.step_cost)
            place.spent += cost
            self._counters[place.owner] = self._counters.get(place.owner, 0) + cost
            spent += cost
        self._lift(set(batch), spent)

    def drop(self, canvas: C) -> None:
        """Forget a canvas that is finished, failed or no longer wanted."""
        self._places.pop(canvas, None)
        if self.idle:  # nobody waited for what others had
            self._counters.clear()
            self._level = 0

    def faults(self) -> list[str]:
        """Return what is wrong with the books, in words for who reads the log; [] when right."""
        places = self._places.items()
        stepped = {canvas.model for canvas, place in places if place.spent}
        spent = dict.fromkeys((place.owner for place in self._places.values()), 0)
        for place in self._places.values():
            spent[place.owner] += place.spent
        checks = (
            (len(self.models) > self._seats, f"{sorted(self.models)} have {self._seats} seats"),
            (not stepped <= self.models, f"a model of {sorted(stepped)} has lost its seat"),
            (any(p.seated and not p.begun for _, p in places), "one is seated and has not begun"),
            (self.idle and bool(self._counters), "counters are kept when nobody is here"),
            *(
                (self._counters.get(owner, 0) < sum_, f"{owner!r} was served less than it had")
                for owner, sum_ in spent.items()
            ),
        )
        return [words for wrong, words in checks if wrong]

    def _line(self) -> list[tuple[C, _Place]]:
        """Return all canvases in line; equal ones as they came."""
        due = self._counters.copy()
        line: list[tuple[int, C, _Place]] = []
        for canvas, place in self._places.items():
            stands = max(due.get(place.owner, 0) - place.spent, place.level)
            due[place.owner] = stands + max(place.whole, place.spent)
            line.append((stands, canvas, place))
        line.sort(key=itemgetter(0))
        return [(canvas, place) for _, canvas, place in line]

    def _lift(self, batch: set[C], spent: int) -> None:
        """Lift owners to the level that they came at, and the level to that of those who wait.

        Whoever got all the steps they could take has no claim on those who did not, so the level
        is that of owners who were left out; of all, when nobody was. It also rises at the pace of
        an equal share up to the most served of them: an endless row of newcomers keeps nobody out.
        """
        oldest: dict[str, _Place] = {}
        waiting: set[str] = set()
        for canvas, place in self._places.items():
            oldest.setdefault(place.owner, place)
            if canvas not in batch:
                waiting.add(place.owner)
        stands = self._counters.copy()
        for owner, place in oldest.items():
            counter = max(stands.get(owner, 0), place.level + place.spent)
            self._counters[owner] = counter
            stands[owner] = counter - place.spent
        if waiting:
            least = min(stands[owner] for owner in waiting)
            satisfied = oldest.keys() - waiting
            most = max(at for owner, at in stands.items() if owner not in satisfied)
            self._level = max(self._level, least, min(self._level + spent // len(oldest), most))
        else:
            self._level = max(self._level, *stands.values(), 0)
        self._counters = {
            owner: counter
            for owner, counter in self._counters.items()
            if owner in oldest or counter > self._level
        }


def _units(cost: float) -> int:
    return max(1, round(cost * UNITS))
