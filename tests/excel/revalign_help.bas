Attribute VB_Name = "RevalignHelp"
' Generated from the function registry: do not edit, run `revalign excel addin` again.
Option Explicit

Public Sub RevalignDescribe()
    Dim front As Workbook, kept As Boolean, hidden As Boolean
    On Error GoTo done
    Set front = ActiveWorkbook
    kept = ThisWorkbook.Saved
    hidden = ThisWorkbook.IsAddin
    Application.ScreenUpdating = False
    ' Excel describes no function of a hidden workbook
    If hidden Then ThisWorkbook.IsAddin = False
    RevalignDescribeAll
done:
    On Error Resume Next
    If hidden Then ThisWorkbook.IsAddin = True
    ThisWorkbook.Saved = kept
    If Not front Is Nothing Then front.Activate
    Application.ScreenUpdating = True
End Sub

Private Function RevalignMacro(ByVal udf As String) As String
    RevalignMacro = "'" & ThisWorkbook.Name & "'!" & udf
End Function

Private Sub RevalignDescribeAll()
    Describe_REVALIGN_CAC
    Describe_REVALIGN_LTV
    Describe_REVALIGN_LTV_TO_CAC
    Describe_REVALIGN_PAYBACK
    Describe_REVALIGN_RENEWALS_TO_BREAK_EVEN
    Describe_REVALIGN_AOV
    Describe_REVALIGN_ORDER_FREQUENCY
    Describe_REVALIGN_REVENUE_GROWTH
    Describe_REVALIGN_ROI
    Describe_REVALIGN_SPLIT
    Describe_REVALIGN_MOVEMENTS
    Describe_REVALIGN_COHORTS
    Describe_REVALIGN_SLA_RATE
    Describe_REVALIGN_SLA
    Describe_REVALIGN_BRIDGE
    Describe_REVALIGN_DRIFT
    Describe_REVALIGN_MRR
    Describe_REVALIGN_ARR
    Describe_REVALIGN_ARR_CONTRACT
    Describe_REVALIGN_ANNUALISE
    Describe_REVALIGN_CHURN
    Describe_REVALIGN_ELIGIBLE_CHURN
    Describe_REVALIGN_NRR
    Describe_REVALIGN_GRR
    Describe_REVALIGN_NRR_TOTALS
    Describe_REVALIGN_GRR_TOTALS
    Describe_REVALIGN_QUICK_RATIO
    Describe_REVALIGN_UPSELL_SHARE
    Describe_REVALIGN_REVIEW
    Describe_REVALIGN_ATTRIBUTION
    Describe_REVALIGN_COMMISSION_SPLIT
    Describe_REVALIGN_METRIC
    Describe_REVALIGN_SERIES
    Describe_REVALIGN_TABLE
    Describe_REVALIGN_EXPLAIN
    Describe_REVALIGN_RECORDS
    Describe_REVALIGN_STAMP
    Describe_REVALIGN_DEFINE
    Describe_REVALIGN_STATUS
    Describe_REVALIGN_LIST
    Describe_REVALIGN_PERIOD
    Describe_REVALIGN_CONVERSION
    Describe_REVALIGN_FUNNEL
    Describe_REVALIGN_NPS
End Sub

Private Sub Describe_REVALIGN_CAC()
    Dim texts(0 To 2) As String
    texts(0) = "Sales expense of the period, salaries included; a range is added up."
    texts(1) = "Marketing expense, tools and agencies included; a range is added up."
    texts(2) = "Customers won in the period; a range is added up."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_CAC"), Category:="Revalign", _
        Description:="Customer acquisition cost: all sales and marketing expense of a period divided by its new customers.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_LTV()
    Dim texts(0 To 4) As String
    texts(0) = "Money per order, as AOV gives it."
    texts(1) = "Orders per customer and year, as ORDER_FREQUENCY gives it."
    texts(2) = "How long a customer stays, in the unit named next."
    texts(3) = "Unit of the lifetime: ""years"" or ""months"". It must be given."
    texts(4) = "Subtracted from the result; leave out for the gross value."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_LTV"), Category:="Revalign", _
        Description:="Lifetime value of a customer: order value x orders per year x lifetime, less the acquisition cost if given.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_LTV_TO_CAC()
    Dim texts(0 To 1) As String
    texts(0) = "Lifetime value of a customer."
    texts(1) = "Acquisition cost of a customer."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_LTV_TO_CAC"), Category:="Revalign", _
        Description:="Lifetime value divided by acquisition cost. The benchmark is strictly above 3.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_PAYBACK()
    Dim texts(0 To 1) As String
    texts(0) = "Acquisition cost of a customer."
    texts(1) = "Monthly revenue per customer x gross margin."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_PAYBACK"), Category:="Revalign", _
        Description:="Months until a customer's margin has paid its acquisition cost. #DIV/0! means never.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_RENEWALS_TO_BREAK_EVEN()
    Dim texts(0 To 1) As String
    texts(0) = "Months to pay back, as PAYBACK gives it."
    texts(1) = "Length of one contract term in months."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_RENEWALS_TO_BREAK_EVEN"), Category:="Revalign", _
        Description:="Renewals a customer must sign before its acquisition is paid back.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_AOV()
    Dim texts(0 To 1) As String
    texts(0) = "Revenue of the orders; a range is added up."
    texts(1) = "Number of orders of the period; a range is added up."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_AOV"), Category:="Revalign", _
        Description:="Average order value: revenue divided by the number of orders.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_ORDER_FREQUENCY()
    Dim texts(0 To 1) As String
    texts(0) = "Number of orders of the period; a range is added up."
    texts(1) = "Customers won in the period; a range is added up."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_ORDER_FREQUENCY"), Category:="Revalign", _
        Description:="Orders per new customer of the same period.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_REVENUE_GROWTH()
    Dim texts(0 To 1) As String
    texts(0) = "Revenue of the later period; a range is added up."
    texts(1) = "Revenue of the earlier period of the same length; a range is added up."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_REVENUE_GROWTH"), Category:="Revalign", _
        Description:="Change of revenue from one period to the next, as a fraction of the earlier one.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_ROI()
    Dim texts(0 To 2) As String
    texts(0) = "What it brought; a range is added up."
    texts(1) = "What it cost; a range is added up."
    texts(2) = """roi"" (default) for (value - cost) / cost, ""ratio"" for value / cost."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_ROI"), Category:="Revalign", _
        Description:="Return on a cost: (value - cost) / cost, or value / cost with form ""ratio"".", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_SPLIT()
    Dim texts(0 To 17) As String
    texts(0) = "A pay period, or several whole ones: 2026-Q3, 2026, LAST_QUARTER."
    texts(1) = "Name of one rep, for the statement to the record; empty for all reps."
    texts(2) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(3) = "The value to keep; empty means all."
    texts(4) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(5) = "The value to keep; empty means all."
    texts(6) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(7) = "The value to keep; empty means all."
    texts(8) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(9) = "The value to keep; empty means all."
    texts(10) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(11) = "The value to keep; empty means all."
    texts(12) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(13) = "The value to keep; empty means all."
    texts(14) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(15) = "The value to keep; empty means all."
    texts(16) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(17) = "The value to keep; empty means all."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_SPLIT"), Category:="Revalign", _
        Description:="How the commission of a period is shared by the project's rule; with a rep, its statement to the record.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_MOVEMENTS()
    Dim texts(0 To 2) As String
    texts(0) = "Customer of each row, written the same way in every row; rows of one customer and period are added up."
    texts(1) = "Period of each row: a date (its month), 2026-09, 2026-Q3 or 2026; all of one length. Every period from the first to the last is listed."
    texts(2) = "MRR of the customer in that period. A customer without a row in a period has none then."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_MOVEMENTS"), Category:="Revalign", _
        Description:="How MRR went from each period to the next: opening, moves (losses negative), closing. The first period opens with 0, so all its MRR is new.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_COHORTS()
    Dim texts(0 To 3) As String
    texts(0) = "Customer of each row, written the same way in every row; rows of one customer and period are added up."
    texts(1) = "Period of each row: a date (its month), 2026-09, 2026-Q3 or 2026; all of one length."
    texts(2) = "Amount of the customer in that period: MRR, revenue, or 1 for being there."
    texts(3) = """logo"" (default): share of customers; ""nrr"", ""grr"": share of the first amount, ""grr"" of each customer at most what it had; ""amount"", ""customers"": the sums."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_COHORTS"), Category:="Revalign", _
        Description:="Cohorts by the period of each customer's first amount above 0: what is left in that period and each one after it; blank where there are no rows yet.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_SLA_RATE()
    Dim texts(0 To 5) As String
    texts(0) = "When each lead was handed over: dates with times."
    texts(1) = "When each was first contacted; blank for not yet."
    texts(2) = "The promise: so many working hours from hand-off to first contact."
    texts(3) = "As ""Mon-Fri 09:00-17:00 Europe/Stockholm""; empty: always."
    texts(4) = "Days on which nobody works."
    texts(5) = "When to judge; a date means its end. Needed if any wait."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_SLA_RATE"), Category:="Revalign", _
        Description:="Share of hand-offs contacted within the promised working hours; untouched past the limit is broken, what is not yet due is left out.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_SLA()
    Dim texts(0 To 18) As String
    texts(0) = "A promise, a team, a hand-off such as ""marketing > sales"", or ""all""."
    texts(1) = "A date, or 2026-09, 2026-Q3, FY26-Q3, 2026, LAST_MONTH, YTD, LTM."
    texts(2) = "Date of the snapshot to read; empty for the newest."
    texts(3) = "Dimension to filter by; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(4) = "The value to keep; empty means all."
    texts(5) = "Dimension to filter by; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(6) = "The value to keep; empty means all."
    texts(7) = "Dimension to filter by; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(8) = "The value to keep; empty means all."
    texts(9) = "Dimension to filter by; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(10) = "The value to keep; empty means all."
    texts(11) = "Dimension to filter by; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(12) = "The value to keep; empty means all."
    texts(13) = "Dimension to filter by; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(14) = "The value to keep; empty means all."
    texts(15) = "Dimension to filter by; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(16) = "The value to keep; empty means all."
    texts(17) = "Dimension to filter by; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(18) = "The value to keep; empty means all."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_SLA"), Category:="Revalign", _
        Description:="What became of the promises between teams: promised, kept, broken, not yet due, the share kept and the hours.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_BRIDGE()
    Dim texts(0 To 19) As String
    texts(0) = "A metric, with @ and a profile behind it for a vendor's definitions: logo_churn, logo_churn@stripe; or bookings."
    texts(1) = "The other number: the same metric by another profile; from bookings: mrr, new_mrr, arr ..."
    texts(2) = "A date, or 2026-09, 2026-Q3, FY26-Q3, 2026, LAST_MONTH, YTD, LTM."
    texts(3) = "Date of the snapshot to read; empty for the newest."
    texts(4) = "Dimension to filter by, in_currency, or show with items or customers; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(5) = "The value to keep; empty means all."
    texts(6) = "Dimension to filter by, in_currency, or show with items or customers; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(7) = "The value to keep; empty means all."
    texts(8) = "Dimension to filter by, in_currency, or show with items or customers; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(9) = "The value to keep; empty means all."
    texts(10) = "Dimension to filter by, in_currency, or show with items or customers; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(11) = "The value to keep; empty means all."
    texts(12) = "Dimension to filter by, in_currency, or show with items or customers; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(13) = "The value to keep; empty means all."
    texts(14) = "Dimension to filter by, in_currency, or show with items or customers; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(15) = "The value to keep; empty means all."
    texts(16) = "Dimension to filter by, in_currency, or show with items or customers; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(17) = "The value to keep; empty means all."
    texts(18) = "Dimension to filter by, in_currency, or show with items or customers; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(19) = "The value to keep; empty means all."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_BRIDGE"), Category:="Revalign", _
        Description:="What lies between two rival numbers, item by item; the residual in the last row is 0.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_DRIFT()
    Dim texts(0 To 17) As String
    texts(0) = "A closed period: 2026-09, 2026-Q3. REVALIGN.LIST closed shows them."
    texts(1) = "Only these metrics, moved or not; empty for all that moved."
    texts(2) = "show with metrics or records: those alone, as a table. Of such a table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(3) = "The value to keep; empty means all."
    texts(4) = "show with metrics or records: those alone, as a table. Of such a table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(5) = "The value to keep; empty means all."
    texts(6) = "show with metrics or records: those alone, as a table. Of such a table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(7) = "The value to keep; empty means all."
    texts(8) = "show with metrics or records: those alone, as a table. Of such a table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(9) = "The value to keep; empty means all."
    texts(10) = "show with metrics or records: those alone, as a table. Of such a table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(11) = "The value to keep; empty means all."
    texts(12) = "show with metrics or records: those alone, as a table. Of such a table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(13) = "The value to keep; empty means all."
    texts(14) = "show with metrics or records: those alone, as a table. Of such a table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(15) = "The value to keep; empty means all."
    texts(16) = "show with metrics or records: those alone, as a table. Of such a table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(17) = "The value to keep; empty means all."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_DRIFT"), Category:="Revalign", _
        Description:="What became of a closed period's numbers since the close, by cause: late, edited and deleted records, exchange rates, new definitions. The closed numbers themselves stay.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_MRR()
    Dim texts(0 To 3) As String
    texts(0) = "Amount of each item per billing interval, less its discount."
    texts(1) = "Billing interval of each item, or one for all: day, week, month, quarter, year. Default month."
    texts(2) = "Quantity of each item, or one for all. Default 1."
    texts(3) = "TRUE for items that do not recur; they are left out."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_MRR"), Category:="Revalign", _
        Description:="Monthly recurring revenue of a list of items. One-time items are left out.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_ARR()
    Dim texts(0 To 0) As String
    texts(0) = "Monthly recurring revenue at one instant; a range is added up."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_ARR"), Category:="Revalign", _
        Description:="Annual recurring revenue: 12 x MRR.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_ARR_CONTRACT()
    Dim texts(0 To 1) As String
    texts(0) = "Value of the whole contract, without one-off payments."
    texts(1) = "Length of the contract in months."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_ARR_CONTRACT"), Category:="Revalign", _
        Description:="Annual value of a contract: value x 12 / months.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_ANNUALISE()
    Dim texts(0 To 1) As String
    texts(0) = "Share lost per term, as a fraction: 3 % is 0.03."
    texts(1) = "Length of one term in months."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_ANNUALISE"), Category:="Revalign", _
        Description:="A churn rate per contract term as a rate per year: 1 - (1 - rate) ^ (12 / term).", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_CHURN()
    Dim texts(0 To 1) As String
    texts(0) = "Customers (or revenue) lost of those at the start; a range is added up."
    texts(1) = "Customers (or revenue) at the start; a range is added up."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_CHURN"), Category:="Revalign", _
        Description:="Share lost of what was there at the start. Leave out who joined and left inside the period.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_ELIGIBLE_CHURN()
    Dim texts(0 To 1) As String
    texts(0) = "Lost of those up for renewal; a range is added up."
    texts(1) = "Up for renewal in the period; a range is added up."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_ELIGIBLE_CHURN"), Category:="Revalign", _
        Description:="Share lost of those whose contract came up for renewal.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_NRR()
    Dim texts(0 To 1) As String
    texts(0) = "MRR of each customer at the start; rows at zero or below do not count."
    texts(1) = "MRR of the same customers at the end, in the same order; blank is 0."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_NRR"), Category:="Revalign", _
        Description:="Net revenue retention of the customers paying at the start: closing MRR / opening MRR.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_GRR()
    Dim texts(0 To 1) As String
    texts(0) = "MRR of each customer at the start; rows at zero or below do not count."
    texts(1) = "MRR of the same customers at the end, in the same order; blank is 0."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_GRR"), Category:="Revalign", _
        Description:="Gross revenue retention: as NRR, each customer counted with at most its opening MRR.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_NRR_TOTALS()
    Dim texts(0 To 3) As String
    texts(0) = "Recurring revenue at the start; a range is added up."
    texts(1) = "Revenue gained from customers that were there; a range is added up."
    texts(2) = "Revenue lost from customers that stayed, as magnitudes or negative; a range is added up."
    texts(3) = "Revenue lost with customers that left, as magnitudes or negative; a range is added up."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_NRR_TOTALS"), Category:="Revalign", _
        Description:="Net revenue retention approximated from period totals: (opening + expansion - losses) / opening.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_GRR_TOTALS()
    Dim texts(0 To 3) As String
    texts(0) = "Recurring revenue at the start; a range is added up."
    texts(1) = "Revenue gained from customers that were there; a range is added up."
    texts(2) = "Revenue lost from customers that stayed, as magnitudes or negative; a range is added up."
    texts(3) = "Revenue lost with customers that left, as magnitudes or negative; a range is added up."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_GRR_TOTALS"), Category:="Revalign", _
        Description:="Gross revenue retention approximated from period totals: (opening - losses) / opening.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_QUICK_RATIO()
    Dim texts(0 To 4) As String
    texts(0) = "Recurring revenue from new customers; a range is added up."
    texts(1) = "Revenue gained from customers that were there; a range is added up."
    texts(2) = "Revenue lost from customers that stayed, as magnitudes or negative; a range is added up."
    texts(3) = "Revenue lost with customers that left, as magnitudes or negative; a range is added up."
    texts(4) = "Recurring revenue from returning customers, if it shall count."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_QUICK_RATIO"), Category:="Revalign", _
        Description:="Growth against losses: (new + expansion + reactivation) / (contraction + churned).", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_UPSELL_SHARE()
    Dim texts(0 To 1) As String
    texts(0) = "Upsell, cross-sell and expansion value; a range is added up."
    texts(1) = "All sales value without renewals; a range is added up."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_UPSELL_SHARE"), Category:="Revalign", _
        Description:="Share of sales that came from selling more to customers; renewals belong in neither number.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_REVIEW()
    Dim texts(0 To 18) As String
    texts(0) = "A date, or 2026-09, 2026-Q3, FY26-Q3, 2026, THIS_QUARTER, LAST_QUARTER."
    texts(1) = "checks: every part with its limit; pace: each stage beside its goal; bring: who brings what, and when."
    texts(2) = "Date of the snapshot to read; empty for the newest."
    texts(3) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(4) = "The value to keep; empty means all."
    texts(5) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(6) = "The value to keep; empty means all."
    texts(7) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(8) = "The value to keep; empty means all."
    texts(9) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(10) = "The value to keep; empty means all."
    texts(11) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(12) = "The value to keep; empty means all."
    texts(13) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(14) = "The value to keep; empty means all."
    texts(15) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(16) = "The value to keep; empty means all."
    texts(17) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(18) = "The value to keep; empty means all."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_REVIEW"), Category:="Revalign", _
        Description:="The page the heads of the teams look at together: pace, promises, KPIs, definitions, drift, content, priorities. One part that fails fails the review.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_ATTRIBUTION()
    Dim texts(0 To 6) As String
    texts(0) = "first, last, linear, u, w, time_decay."
    texts(1) = "When each touch was: dates, with times where one day has several; in any order."
    texts(2) = "Channel of each touch, beside it; blank is ""(none)""."
    texts(3) = "Value of the sale; credits are whole hundredths that add up to it, or finer where it has more decimals."
    texts(4) = "For time_decay: whole days in which a touch's weight halves. Default 7."
    texts(5) = "Day of the sale. Touches after it are credited nothing; time_decay counts back from it, else from the last touch."
    texts(6) = "For w: two cells, when the lead and when the opportunity was created; a blank one counts at the first touch."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_ATTRIBUTION"), Category:="Revalign", _
        Description:="What each channel is credited of a sale's value, by a published model; the credits add up to the value.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_COMMISSION_SPLIT()
    Dim texts(0 To 2) As String
    texts(0) = "Money to share; shares are whole hundredths that add up to it, or finer where it has more decimals."
    texts(1) = "What each share goes by, such as net new revenue; below 0 counts as 0."
    texts(2) = "Name of each share, such as the rep; numbered from 1 without."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_COMMISSION_SPLIT"), Category:="Revalign", _
        Description:="A pot shared by weights to the last cent: the shares add up to the pot, largest remainders first.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_METRIC()
    Dim texts(0 To 18) As String
    texts(0) = "Name of a metric, such as nrr or logo_churn. REVALIGN.LIST shows them."
    texts(1) = "A date, or 2026-09, 2026-Q3, FY26-Q3, 2026, LAST_MONTH, YTD, LTM."
    texts(2) = "Date of the snapshot to read; empty for the newest. Leave empty before filters."
    texts(3) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(4) = "The value to keep; empty means all."
    texts(5) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(6) = "The value to keep; empty means all."
    texts(7) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(8) = "The value to keep; empty means all."
    texts(9) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(10) = "The value to keep; empty means all."
    texts(11) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(12) = "The value to keep; empty means all."
    texts(13) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(14) = "The value to keep; empty means all."
    texts(15) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(16) = "The value to keep; empty means all."
    texts(17) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(18) = "The value to keep; empty means all."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_METRIC"), Category:="Revalign", _
        Description:="One number of the published snapshot: a metric for a period, filtered by field and value pairs.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_SERIES()
    Dim texts(0 To 20) As String
    texts(0) = "Name of a metric, such as nrr or logo_churn. REVALIGN.LIST shows them."
    texts(1) = "The first period."
    texts(2) = "The last period."
    texts(3) = "month, quarter or year; empty for the grain of the first period."
    texts(4) = "Date of the snapshot to read; empty for the newest. Leave empty before filters."
    texts(5) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(6) = "The value to keep; empty means all."
    texts(7) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(8) = "The value to keep; empty means all."
    texts(9) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(10) = "The value to keep; empty means all."
    texts(11) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(12) = "The value to keep; empty means all."
    texts(13) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(14) = "The value to keep; empty means all."
    texts(15) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(16) = "The value to keep; empty means all."
    texts(17) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(18) = "The value to keep; empty means all."
    texts(19) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(20) = "The value to keep; empty means all."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_SERIES"), Category:="Revalign", _
        Description:="A metric over time: one row per period, with its value; compared, also difference and share.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_TABLE()
    Dim texts(0 To 19) As String
    texts(0) = "Names of metrics, in a range or one."
    texts(1) = "Periods, in a range or one."
    texts(2) = "Dimension to cut by, such as segment."
    texts(3) = "Date of the snapshot to read; empty for the newest. Leave empty before filters."
    texts(4) = "Dimension to filter by, a parameter, profile, in_currency, compare; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(5) = "The value to keep; empty means all."
    texts(6) = "Dimension to filter by, a parameter, profile, in_currency, compare; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(7) = "The value to keep; empty means all."
    texts(8) = "Dimension to filter by, a parameter, profile, in_currency, compare; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(9) = "The value to keep; empty means all."
    texts(10) = "Dimension to filter by, a parameter, profile, in_currency, compare; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(11) = "The value to keep; empty means all."
    texts(12) = "Dimension to filter by, a parameter, profile, in_currency, compare; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(13) = "The value to keep; empty means all."
    texts(14) = "Dimension to filter by, a parameter, profile, in_currency, compare; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(15) = "The value to keep; empty means all."
    texts(16) = "Dimension to filter by, a parameter, profile, in_currency, compare; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(17) = "The value to keep; empty means all."
    texts(18) = "Dimension to filter by, a parameter, profile, in_currency, compare; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(19) = "The value to keep; empty means all."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_TABLE"), Category:="Revalign", _
        Description:="Several metrics over several periods, cut by a dimension if one is named; totals are computed, never summed. Of a metric that is a table itself: its rows, the period before each.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_EXPLAIN()
    Dim texts(0 To 18) As String
    texts(0) = "Name of a metric, such as nrr or logo_churn. REVALIGN.LIST shows them."
    texts(1) = "A date, or 2026-09, 2026-Q3, FY26-Q3, 2026, LAST_MONTH, YTD, LTM."
    texts(2) = "Date of the snapshot to read; empty for the newest. Leave empty before filters."
    texts(3) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(4) = "The value to keep; empty means all."
    texts(5) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(6) = "The value to keep; empty means all."
    texts(7) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(8) = "The value to keep; empty means all."
    texts(9) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(10) = "The value to keep; empty means all."
    texts(11) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(12) = "The value to keep; empty means all."
    texts(13) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(14) = "The value to keep; empty means all."
    texts(15) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(16) = "The value to keep; empty means all."
    texts(17) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(18) = "The value to keep; empty means all."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_EXPLAIN"), Category:="Revalign", _
        Description:="How a number came about: definition, components, arithmetic, records in and out.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_RECORDS()
    Dim texts(0 To 18) As String
    texts(0) = "Name of a metric, such as nrr or logo_churn. REVALIGN.LIST shows them."
    texts(1) = "A date, or 2026-09, 2026-Q3, FY26-Q3, 2026, LAST_MONTH, YTD, LTM."
    texts(2) = "Date of the snapshot to read; empty for the newest. Leave empty before filters."
    texts(3) = "Dimension to filter by, a parameter, profile, in_currency; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(4) = "The value to keep; empty means all."
    texts(5) = "Dimension to filter by, a parameter, profile, in_currency; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(6) = "The value to keep; empty means all."
    texts(7) = "Dimension to filter by, a parameter, profile, in_currency; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(8) = "The value to keep; empty means all."
    texts(9) = "Dimension to filter by, a parameter, profile, in_currency; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(10) = "The value to keep; empty means all."
    texts(11) = "Dimension to filter by, a parameter, profile, in_currency; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(12) = "The value to keep; empty means all."
    texts(13) = "Dimension to filter by, a parameter, profile, in_currency; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(14) = "The value to keep; empty means all."
    texts(15) = "Dimension to filter by, a parameter, profile, in_currency; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(16) = "The value to keep; empty means all."
    texts(17) = "Dimension to filter by, a parameter, profile, in_currency; columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(18) = "The value to keep; empty means all."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_RECORDS"), Category:="Revalign", _
        Description:="The source records behind a number, each with what it contributes to each component, by component and day unless another order is asked for.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_STAMP()
    Dim texts(0 To 18) As String
    texts(0) = "Name of a metric, such as nrr or logo_churn. REVALIGN.LIST shows them."
    texts(1) = "A date, or 2026-09, 2026-Q3, FY26-Q3, 2026, LAST_MONTH, YTD, LTM."
    texts(2) = "Date of the snapshot to read; empty for the newest. Leave empty before filters."
    texts(3) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(4) = "The value to keep; empty means all."
    texts(5) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(6) = "The value to keep; empty means all."
    texts(7) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(8) = "The value to keep; empty means all."
    texts(9) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(10) = "The value to keep; empty means all."
    texts(11) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(12) = "The value to keep; empty means all."
    texts(13) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(14) = "The value to keep; empty means all."
    texts(15) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(16) = "The value to keep; empty means all."
    texts(17) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(18) = "The value to keep; empty means all."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_STAMP"), Category:="Revalign", _
        Description:="What a number stands on, in one text: the version of its definition, a digest of definition and question, and the snapshot. Equal stamps, equal numbers.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_DEFINE()
    Dim texts(0 To 16) As String
    texts(0) = "Name of a metric, such as nrr or logo_churn. REVALIGN.LIST shows them."
    texts(1) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(2) = "The value to keep; empty means all."
    texts(3) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(4) = "The value to keep; empty means all."
    texts(5) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(6) = "The value to keep; empty means all."
    texts(7) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(8) = "The value to keep; empty means all."
    texts(9) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(10) = "The value to keep; empty means all."
    texts(11) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(12) = "The value to keep; empty means all."
    texts(13) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(14) = "The value to keep; empty means all."
    texts(15) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(16) = "The value to keep; empty means all."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_DEFINE"), Category:="Revalign", _
        Description:="What a metric means and which teams own it.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_STATUS()
    Dim texts(0 To 16) As String
    texts(0) = "Name of one source; empty for all."
    texts(1) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(2) = "The value to keep; empty means all."
    texts(3) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(4) = "The value to keep; empty means all."
    texts(5) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(6) = "The value to keep; empty means all."
    texts(7) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(8) = "The value to keep; empty means all."
    texts(9) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(10) = "The value to keep; empty means all."
    texts(11) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(12) = "The value to keep; empty means all."
    texts(13) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(14) = "The value to keep; empty means all."
    texts(15) = "How to show the table: columns (""stage, reached""), heads (no), sort (""-value""), limit (50), dates (real); or one range of two columns."
    texts(16) = "The value to keep; empty means all."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_STATUS"), Category:="Revalign", _
        Description:="How fresh the published numbers are, by source.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_LIST()
    Dim texts(0 To 0) As String
    texts(0) = "metrics, dimensions, a dimension's name for its values, periods, months, quarters, years, closed, profiles, currencies, sources, promises or functions."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_LIST"), Category:="Revalign", _
        Description:="Valid names, for drop-down lists.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_PERIOD()
    Dim texts(0 To 1) As String
    texts(0) = "2026-09, 2026-Q3, FY26-Q3, LAST_MONTH ..."
    texts(1) = "Date from which LAST_MONTH and the like count; empty for the snapshot's own."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_PERIOD"), Category:="Revalign", _
        Description:="The first day of a period as a real date, for headers that every function reads as that period's month.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_CONVERSION()
    Dim texts(0 To 1) As String
    texts(0) = "How many reached the next stage; a range is added up."
    texts(1) = "How many reached the stage; a range is added up."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_CONVERSION"), Category:="Revalign", _
        Description:="Share of those who reached a stage that reached the next one.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_FUNNEL()
    Dim texts(0 To 1) As String
    texts(0) = "How many reached each stage, from the first to the last."
    texts(1) = "Names of the stages, in the same order."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_FUNNEL"), Category:="Revalign", _
        Description:="Step and overall conversion of every stage, with headers.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_NPS()
    Dim texts(0 To 0) As String
    texts(0) = "Scores from 0 to 10, one per answer; blank cells are no answers."
    Application.MacroOptions Macro:=RevalignMacro("REVALIGN_NPS"), Category:="Revalign", _
        Description:="Net promoter score in points, -100 to 100: share of 9 and 10 minus share of 0 to 6.", _
        ArgumentDescriptions:=texts
End Sub
