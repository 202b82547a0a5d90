"""Customer lifetime value: how many orders, of what size, a customer will still place, by BG/NBD and gamma-gamma.

likelihood.py: finds the maximum; bgnbd.py: orders and P(alive); gamma_gamma.py: size of an order; history.py: what the
models read of the orders; fit.py: the two fitted together, or why not; tables.py: the two insight tables. No number of
the configuration lives here. P(alive) is no churn score: it is 1 for who bought once.
"""
