"""Mark a rule: plain Python where it is called from Python, machine code where an engine compiles it."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

# Before numba is first imported: a vector maths library would round exponentials otherwise than Python does.
os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")

from numba.extending import register_jitable

Rule = TypeVar("Rule", bound=Callable[..., Any])


def rule(function: Rule) -> Rule:
    """Register a function with the compiler and give it back as it is."""
    register_jitable(function)
    return function
