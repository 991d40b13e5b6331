"""Experiments as files: declared, cut into small tasks, run anywhere, resumed, and gathered into bands."""
