"""The two published cost models, rebuilt from their published figures, and the bridge from them to the children."""
