"""Churn: who shows signs of leaving, why, what is at stake and who acts. Rules today; models belong here too.

Pure: no Dagster, no files, no clock, nothing remembered from earlier runs.
"""
