"""Carry the same rules in Mesa: one agent a child, for reading, teaching and extending."""

from typing import Any

import mesa
import numpy as np

from agents.child import CHILD, Child
from simulation.ledger import Ledger, view_ledger
from simulation.world import Context, World, plain
from simulation.year import YEAR


class ReadingModel(mesa.Model):  # type: ignore[misc]
    """A Mesa model of children who live the year's phases one after another."""

    def __init__(self, children: Any, world: World, book: Any) -> None:
        super().__init__(rng=0)  # Mesa wants a generator; no rule draws from it.
        self.world = plain(world)
        kept = view_ledger(book)
        self.book = kept._replace(journal=kept.journal.view(np.recarray))
        for record in children:
            Child(self, record)

    def live_year(self, context: Context, year: int) -> None:
        """Let all children finish each phase before the next begins."""
        now = plain(context)
        for phase in YEAR:
            self.agents.do(lambda child, phase=phase: phase(child, self.world, now, self.book, year))


class MesaEngine:
    """The Mesa model behind the same four calls as the compiled engine."""

    def __init__(self, children: Any, world: World, book: Any, jobs: int = 1) -> None:
        del jobs  # One thread: agents are Python objects.
        self.model: Any = ReadingModel(children, world, book)

    def live(self, context: Context, year_from: int, year_to: int) -> None:
        """Let every child live the years under one context."""
        for year in range(year_from, year_to):
            self.model.live_year(context, year)

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
