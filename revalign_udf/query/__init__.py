"""The one door for numbers.

Excel, Sheets, workbooks, the command line and notebooks all ask here; the same question gives the same answer, to the
last digit, everywhere.

==================== ================================================================================================
module               what it does
==================== ================================================================================================
door                 the questions that can be asked
reading              which snapshot answers: the published one, that of a day, those closed periods are frozen on
understanding, asked from words to a question understood: names, filters, parameters, what the caller may see
session, answering   an open snapshot with its memory, and the number or the coded reason why there is none
shaping              which columns and rows of a table are shown, in which order: for cells and for blocks of reports
==================== ================================================================================================
"""

from revalign_udf.query.answers import Answer, Caller, Comparison, Explanation, Table
from revalign_udf.query.bridging import Bridge
from revalign_udf.query.door import Query
from revalign_udf.query.drifts import PeriodDrift

__all__ = ["Answer", "Bridge", "Caller", "Comparison", "Explanation", "PeriodDrift", "Query", "Table"]
