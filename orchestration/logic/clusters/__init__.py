"""Clusters of alike buyers by k-means: fitted on the first days of past periods, so that numbers stay the same.

anchors.py: the days of the fits and their customers; fit.py: scaling, k-means, choice of k; matching.py: the same number
for the same cluster; naming.py: words; model.py: the result and its SQL; tables.py: the two insight tables. No
configuration lives here.
"""
