"""Carry the same rules in Mesa: one agent a child, for reading, teaching and extending."""

from copy import copy
from typing import Any

import mesa
import numpy as np

from agents.agent import Child
from agents.child import CHILD
from simulation.child_state import count_held
from simulation.holding import hold
from simulation.ledger import Ledger, view_ledger
from simulation.world import Context, World, plain
from simulation.year import ALL, YEAR


class ReadingModel(mesa.Model):  # type: ignore[misc]
    """A Mesa model of children who live the year's phases one after another."""

    def __init__(self, children: Any, world: World, book: Any) -> None:
        super().__init__(rng=0)  # Mesa wants a generator; no rule draws from it.
        self.world = plain(world)
        kept = view_ledger(book)
        self.book = kept._replace(journal=kept.journal.view(np.recarray))
        for record in children:
            Child(self, record)

    def live_year(self, context: Context, year: int, parts: int) -> None:
        """Let all children finish each phase before the next begins."""
        now = plain(context)
        for phase in (phase for part, phase in YEAR if parts & part):
            self.agents.do(lambda child, phase=phase: phase(child, self.world, now, self.book, year))


class MesaEngine:
    """The Mesa model behind the same four calls as the compiled engine."""

    def __init__(self, children: Any, world: World, book: Any, jobs: int = 1) -> None:
        del jobs  # One thread: agents are Python objects.
        self.model: Any = ReadingModel(children, world, book)

    def live(self, context: Context, year_from: int, year_to: int, parts: int = ALL) -> None:
        """Let every child live the years, or parts of them, under one context."""
        for year in range(year_from, year_to):
            self.model.live_year(context, year, parts)

    def attempt(self, context: Context, year: int, chosen: Any) -> tuple[Any, Any, Any]:
        """Let copies of children try the year's holding: see `CompiledEngine.attempt`."""
        now, kept = plain(context), self.model.book
        book = kept._replace(**{name: np.zeros_like(part) for name, part in kept._asdict().items()})
        asked = np.zeros(len(chosen), np.bool_)
        held = np.zeros((2, *book.admitted.shape[:2]), np.int64)
        agents = list(self.model.agents)
        for k, number in enumerate(chosen):
            child = copy(agents[number])
            before = int(book.asked[0])
            hold(child, self.model.world, now, book, year)
            asked[k] = book.asked[0] != before
            count_held(child, self.model.world, held[int(asked[k])], year)
        return asked, book.admitted, held

    def replace(self, children: Any) -> None:
        """Go on with other records; what the ledger holds stays."""
        self.model.remove_all_agents()
        for record in children:
            Child(self.model, record)

    def records(self) -> Any:
        """Give the children's records as they stand."""
        agents = list(self.model.agents)
        records = np.zeros(len(agents), CHILD)
        for name in CHILD.names or ():
            records[name] = [getattr(child, name) for child in agents]
        return records

    def ledger(self) -> Ledger:
        """Give the model's ledger."""
        book: Ledger = self.model.book
        return book

    def close(self) -> None:
        """Release the model: Mesa keeps a class-level table of every model's agents."""
        self.model.remove_all_agents()
        table = getattr(mesa.Agent, "_ids", None)
        if table is not None:
            table.pop(self.model, None)
        self.model = None
