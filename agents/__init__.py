"""WHO: what a child, a service and a condition is, and the rules by which each acts."""
