"""A child as a Mesa agent: the same fields as its record."""

import mesa
import numpy as np

from agents.child import CHILD


class Child(mesa.Agent):  # type: ignore[misc]
    """A child of the Mesa model: the fields of `CHILD` as plain Python numbers."""

    def __init__(self, model: mesa.Model, record: np.void) -> None:
        super().__init__(model)
        for name in CHILD.names or ():
            setattr(self, name, record[name].item())
