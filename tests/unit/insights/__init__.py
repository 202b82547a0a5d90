"""Tests of the insights: features, classes, tiers, warnings, tier table. A package, so that they share marts.py."""
