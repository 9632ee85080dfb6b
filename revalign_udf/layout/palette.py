"""The colours of a report, told once for every surface: what is blue in the .xlsx is the same blue on a synced sheet.

All are ``#RRGGBB``. They are read with every kind of colour vision, and in grey by how light or dark they are.
"""

from __future__ import annotations

__all__ = ["ACCENT", "ENTRY", "ENTRY_TEXT", "FLAG", "HEAT", "PALE", "PALETTE"]

#: behind the head of a column that asks the core, and of one that is computed from its neighbours
ACCENT, PALE = "#0B3C5D", "#EAF1F6"

#: the series of a chart, in this order. Neighbours differ in lightness by 22 and any two by 9 (of 100), with every kind
#: of colour vision, so that they are told apart on a grey print as well
PALETTE = ("#0A46BE", "#E78D00", "#004530", "#89D1FF", "#331A41", "#AB6E3B")

#: the ends of a heat scale, lightest and darkest, in one hue
HEAT = ("#F7FBFF", "#2171B5")

#: behind a cell that passes the test of a flag; such a cell is bold as well
FLAG = "#FFE8B3"

#: behind a cell people are meant to type in, and its text
ENTRY, ENTRY_TEXT = "#FFF9DB", "#1F3864"
