"""Leads: how likely a customer who never bought is to buy (scores.py), and how far each is on the way (stages.py)."""
