"""Effects: what classes did in each month, what an intervention changed, and tables that tell when to adjust.

Each table is one pure function `(con, as_of, settings) -> rows`, listed in segmentation/catalogue.py. Classes, tiers
and features are made in segmentation; nothing here decides one.
"""
