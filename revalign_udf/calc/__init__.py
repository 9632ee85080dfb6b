"""Pure arithmetic shared by range functions, metric formulas and the generated Lite module.

Nothing here reads a file, a clock or a network, and nothing beyond the standard library is imported. Numbers come in
as int, float, Fraction or Decimal and leave as exact fractions; a float stands for the shortest decimal that reads
back as it (`revalign_udf.money.exact`), so 0.1 + 0.2 is 0.3. What has no result raises a coded error, never a
made-up 0.

============== ==========================================================================
module         answers
============== ==========================================================================
``sums``       the one exact sum
``ratios``     ratio, growth, return on a cost
``acquisition``cost and value of a customer, payback
``recurring``  MRR, ARR, intervals, annualised rates
``retention``  churn, NRR, GRR, quick ratio
``funnel``     step and overall conversion
``surveys``    NPS, share of good answers
``ledger``     amounts by customer and period, out of three columns of cells
``movements``  MRR from period to period, cohorts
``attribution``what is credited to each touch before a sale
``commission`` a pot shared to the last cent
``hours``      working time
``promises``   promises between teams: kept, broken, not yet due
``survival``   Kaplan-Meier: lifetimes and velocities with the unfinished counted in
``cells``      what a spreadsheet cell or range may hold, read in one way for every route
``texts``      texts, dates, periods and filters out of cells, by the same rules
``instants``   dates with times out of cells
``results``    what goes back into a cell
``fx``         exchange rates
``expression`` the formula language of metrics and reports
============== ==========================================================================
"""
