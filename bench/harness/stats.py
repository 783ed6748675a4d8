"""Medians, spreads, and ratios of things measured side by side."""

import statistics


def median(values):
    return statistics.median(values)


def spread(values):
    """Half the range as a share of the median."""
    middle = statistics.median(values)
    return (max(values) - min(values)) / 2 / middle if middle else 0.0


def ratios(numerators, denominators):
    """The ratio in each round that has both. Rounds are keys."""
    return [numerators[r] / denominators[r] for r in sorted(numerators) if r in denominators and denominators[r]]
