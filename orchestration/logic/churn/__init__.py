"""Churn: who shows signs of leaving, why, what is at stake and who acts. Warnings by rule, probabilities by model.

Pure: no Dagster, no files, no clock, nothing remembered from earlier runs.
"""
