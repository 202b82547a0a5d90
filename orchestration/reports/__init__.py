"""The files that people take into their hands: workbooks, CSV and pages, made from what is published.

`write_reports` is the way in; `folder.py` puts a publication's folder in place, the other modules fill it. Everything
is read from the published files, so that a report never says what readers cannot see. No class is decided here.
"""

from orchestration.reports.pages import criteria_page
from orchestration.reports.told import Line, Section
from orchestration.reports.words import sections
from orchestration.reports.write import KINDS, NothingPublished, Reports, write_reports

__all__ = ["KINDS", "Line", "NothingPublished", "Reports", "Section", "criteria_page", "sections", "write_reports"]
