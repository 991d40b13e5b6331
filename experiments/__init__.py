"""WHICH QUESTION: the base case, its report, the command line and the benchmark."""
