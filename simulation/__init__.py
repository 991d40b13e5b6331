"""HOW: tables, parameters, population, random draws, the engines, outcomes and economics."""
