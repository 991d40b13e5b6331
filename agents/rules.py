"""Mark a rule: plain Python where it is called from Python, machine code where an engine compiles it."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba.extending import register_jitable

Rule = TypeVar("Rule", bound=Callable[..., Any])


def rule(function: Rule) -> Rule:
    """Register a function with the compiler and give it back as it is."""
    register_jitable(function)
    return function
