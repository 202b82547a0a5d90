"""Readers of the places data comes from; pure, no Dagster. Each kind of reader of `sources.yml` has one module here."""
