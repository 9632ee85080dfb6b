Attribute VB_Name = "Revalign"
' Generated from the function registry: do not edit, run `revalign excel addin` again.
Option Explicit

' A number comes from Python as Double; a Long is the code of an error value.
Private Function RevalignValue(ByVal cell As Variant) As Variant
    If VarType(cell) = vbLong Then
        RevalignValue = CVErr(cell And &HFFFF&)
    Else
        RevalignValue = cell
    End If
End Function

Private Function RevalignColumns(ByVal answer As Variant) As Long
    On Error Resume Next
    RevalignColumns = -1
    RevalignColumns = UBound(answer, 2)
End Function

Private Function RevalignCell(ByVal answer As Variant) As Variant
    Dim i As Long, j As Long
    If Not IsArray(answer) Then
        RevalignCell = RevalignValue(answer)
        Exit Function
    End If
    If RevalignColumns(answer) = -1 Then
        For i = LBound(answer) To UBound(answer)
            answer(i) = RevalignValue(answer(i))
        Next i
    Else
        For i = LBound(answer, 1) To UBound(answer, 1)
            For j = LBound(answer, 2) To UBound(answer, 2)
                answer(i, j) = RevalignValue(answer(i, j))
            Next j
        Next i
    End If
    RevalignCell = answer
End Function

Function REVALIGN_CAC(sales_expense, marketing_expense, new_customers)
    Dim given As Variant
    On Error GoTo failed
    given = Array(sales_expense, marketing_expense, new_customers)
    REVALIGN_CAC = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_CAC", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_CAC = CVErr(xlErrValue)
End Function

Function REVALIGN_LTV(average_order_value, order_frequency, lifetime, Optional unit, Optional acquisition_cost)
    Dim given As Variant
    On Error GoTo failed
    given = Array(average_order_value, order_frequency, lifetime, unit, acquisition_cost)
    REVALIGN_LTV = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_LTV", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_LTV = CVErr(xlErrValue)
End Function

Function REVALIGN_LTV_TO_CAC(ltv, cac)
    Dim given As Variant
    On Error GoTo failed
    given = Array(ltv, cac)
    REVALIGN_LTV_TO_CAC = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_LTV_TO_CAC", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_LTV_TO_CAC = CVErr(xlErrValue)
End Function

Function REVALIGN_PAYBACK(cac, monthly_contribution)
    Dim given As Variant
    On Error GoTo failed
    given = Array(cac, monthly_contribution)
    REVALIGN_PAYBACK = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_PAYBACK", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_PAYBACK = CVErr(xlErrValue)
End Function

Function REVALIGN_RENEWALS_TO_BREAK_EVEN(payback_months, term_months)
    Dim given As Variant
    On Error GoTo failed
    given = Array(payback_months, term_months)
    REVALIGN_RENEWALS_TO_BREAK_EVEN = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_RENEWALS_TO_BREAK_EVEN", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_RENEWALS_TO_BREAK_EVEN = CVErr(xlErrValue)
End Function

Function REVALIGN_AOV(revenue, orders)
    Dim given As Variant
    On Error GoTo failed
    given = Array(revenue, orders)
    REVALIGN_AOV = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_AOV", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_AOV = CVErr(xlErrValue)
End Function

Function REVALIGN_ORDER_FREQUENCY(orders, new_customers)
    Dim given As Variant
    On Error GoTo failed
    given = Array(orders, new_customers)
    REVALIGN_ORDER_FREQUENCY = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_ORDER_FREQUENCY", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_ORDER_FREQUENCY = CVErr(xlErrValue)
End Function

Function REVALIGN_REVENUE_GROWTH(current, previous)
    Dim given As Variant
    On Error GoTo failed
    given = Array(current, previous)
    REVALIGN_REVENUE_GROWTH = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_REVENUE_GROWTH", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_REVENUE_GROWTH = CVErr(xlErrValue)
End Function

Function REVALIGN_ROI(value, cost, Optional form)
    Dim given As Variant
    On Error GoTo failed
    given = Array(value, cost, form)
    REVALIGN_ROI = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_ROI", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_ROI = CVErr(xlErrValue)
End Function

Function REVALIGN_SPLIT(period, Optional rep)
    Dim given As Variant
    On Error GoTo failed
    given = Array(period, rep)
    REVALIGN_SPLIT = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_SPLIT", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_SPLIT = CVErr(xlErrValue)
End Function

Function REVALIGN_SLA_RATE(handed_at, first_contact_at, limit_hours, Optional business_hours, _
        Optional holidays, Optional as_of)
    Dim given As Variant
    On Error GoTo failed
    given = Array(handed_at, first_contact_at, limit_hours, business_hours, holidays, as_of)
    REVALIGN_SLA_RATE = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_SLA_RATE", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_SLA_RATE = CVErr(xlErrValue)
End Function

Function REVALIGN_SLA(handoff, period, Optional as_of, Optional field1, Optional value1, Optional field2, _
        Optional value2, Optional field3, Optional value3, Optional field4, Optional value4, Optional field5, _
        Optional value5, Optional field6, Optional value6, Optional field7, Optional value7, Optional field8, _
        Optional value8)
    Dim given As Variant
    On Error GoTo failed
    given = Array(handoff, period, as_of, field1, value1, field2, value2, field3, value3, field4, value4, _
        field5, value5, field6, value6, field7, value7, field8, value8)
    REVALIGN_SLA = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_SLA", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_SLA = CVErr(xlErrValue)
End Function

Function REVALIGN_MRR(amounts, Optional intervals, Optional quantities, Optional one_time_flags)
    Dim given As Variant
    On Error GoTo failed
    given = Array(amounts, intervals, quantities, one_time_flags)
    REVALIGN_MRR = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_MRR", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_MRR = CVErr(xlErrValue)
End Function

Function REVALIGN_ARR(mrr)
    Dim given As Variant
    On Error GoTo failed
    given = Array(mrr)
    REVALIGN_ARR = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_ARR", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_ARR = CVErr(xlErrValue)
End Function

Function REVALIGN_ARR_CONTRACT(contract_value, months)
    Dim given As Variant
    On Error GoTo failed
    given = Array(contract_value, months)
    REVALIGN_ARR_CONTRACT = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_ARR_CONTRACT", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_ARR_CONTRACT = CVErr(xlErrValue)
End Function

Function REVALIGN_ANNUALISE(churn_rate, term_months)
    Dim given As Variant
    On Error GoTo failed
    given = Array(churn_rate, term_months)
    REVALIGN_ANNUALISE = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_ANNUALISE", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_ANNUALISE = CVErr(xlErrValue)
End Function

Function REVALIGN_CHURN(lost, at_start)
    Dim given As Variant
    On Error GoTo failed
    given = Array(lost, at_start)
    REVALIGN_CHURN = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_CHURN", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_CHURN = CVErr(xlErrValue)
End Function

Function REVALIGN_ELIGIBLE_CHURN(lost_at_renewal, up_for_renewal)
    Dim given As Variant
    On Error GoTo failed
    given = Array(lost_at_renewal, up_for_renewal)
    REVALIGN_ELIGIBLE_CHURN = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_ELIGIBLE_CHURN", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_ELIGIBLE_CHURN = CVErr(xlErrValue)
End Function

Function REVALIGN_NRR(opening_mrr, closing_mrr)
    Dim given As Variant
    On Error GoTo failed
    given = Array(opening_mrr, closing_mrr)
    REVALIGN_NRR = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_NRR", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_NRR = CVErr(xlErrValue)
End Function

Function REVALIGN_GRR(opening_mrr, closing_mrr)
    Dim given As Variant
    On Error GoTo failed
    given = Array(opening_mrr, closing_mrr)
    REVALIGN_GRR = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_GRR", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_GRR = CVErr(xlErrValue)
End Function

Function REVALIGN_NRR_TOTALS(opening, expansion, contraction, churned)
    Dim given As Variant
    On Error GoTo failed
    given = Array(opening, expansion, contraction, churned)
    REVALIGN_NRR_TOTALS = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_NRR_TOTALS", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_NRR_TOTALS = CVErr(xlErrValue)
End Function

Function REVALIGN_GRR_TOTALS(opening, expansion, contraction, churned)
    Dim given As Variant
    On Error GoTo failed
    given = Array(opening, expansion, contraction, churned)
    REVALIGN_GRR_TOTALS = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_GRR_TOTALS", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_GRR_TOTALS = CVErr(xlErrValue)
End Function

Function REVALIGN_QUICK_RATIO(new_, expansion, contraction, churned, Optional reactivation)
    Dim given As Variant
    On Error GoTo failed
    given = Array(new_, expansion, contraction, churned, reactivation)
    REVALIGN_QUICK_RATIO = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_QUICK_RATIO", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_QUICK_RATIO = CVErr(xlErrValue)
End Function

Function REVALIGN_UPSELL_SHARE(upsell, total_sales)
    Dim given As Variant
    On Error GoTo failed
    given = Array(upsell, total_sales)
    REVALIGN_UPSELL_SHARE = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_UPSELL_SHARE", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_UPSELL_SHARE = CVErr(xlErrValue)
End Function

Function REVALIGN_METRIC(metric, period, Optional as_of, Optional field1, Optional value1, Optional field2, _
        Optional value2, Optional field3, Optional value3, Optional field4, Optional value4, Optional field5, _
        Optional value5, Optional field6, Optional value6, Optional field7, Optional value7, Optional field8, _
        Optional value8)
    Dim given As Variant
    On Error GoTo failed
    given = Array(metric, period, as_of, field1, value1, field2, value2, field3, value3, field4, value4, _
        field5, value5, field6, value6, field7, value7, field8, value8)
    REVALIGN_METRIC = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_METRIC", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_METRIC = CVErr(xlErrValue)
End Function

Function REVALIGN_SERIES(metric, from_period, to_period, Optional grain, Optional as_of, Optional field1, _
        Optional value1, Optional field2, Optional value2, Optional field3, Optional value3, Optional field4, _
        Optional value4, Optional field5, Optional value5, Optional field6, Optional value6, Optional field7, _
        Optional value7, Optional field8, Optional value8)
    Dim given As Variant
    On Error GoTo failed
    given = Array(metric, from_period, to_period, grain, as_of, field1, value1, field2, value2, field3, value3, _
        field4, value4, field5, value5, field6, value6, field7, value7, field8, value8)
    REVALIGN_SERIES = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_SERIES", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_SERIES = CVErr(xlErrValue)
End Function

Function REVALIGN_TABLE(metrics, periods, Optional by_field, Optional as_of, Optional field1, Optional value1, _
        Optional field2, Optional value2, Optional field3, Optional value3, Optional field4, Optional value4, _
        Optional field5, Optional value5, Optional field6, Optional value6, Optional field7, Optional value7, _
        Optional field8, Optional value8)
    Dim given As Variant
    On Error GoTo failed
    given = Array(metrics, periods, by_field, as_of, field1, value1, field2, value2, field3, value3, field4, _
        value4, field5, value5, field6, value6, field7, value7, field8, value8)
    REVALIGN_TABLE = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_TABLE", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_TABLE = CVErr(xlErrValue)
End Function

Function REVALIGN_EXPLAIN(metric, period, Optional as_of, Optional field1, Optional value1, Optional field2, _
        Optional value2, Optional field3, Optional value3, Optional field4, Optional value4, Optional field5, _
        Optional value5, Optional field6, Optional value6, Optional field7, Optional value7, Optional field8, _
        Optional value8)
    Dim given As Variant
    On Error GoTo failed
    given = Array(metric, period, as_of, field1, value1, field2, value2, field3, value3, field4, value4, _
        field5, value5, field6, value6, field7, value7, field8, value8)
    REVALIGN_EXPLAIN = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_EXPLAIN", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_EXPLAIN = CVErr(xlErrValue)
End Function

Function REVALIGN_RECORDS(metric, period, Optional as_of, Optional field1, Optional value1, Optional field2, _
        Optional value2, Optional field3, Optional value3, Optional field4, Optional value4, Optional field5, _
        Optional value5, Optional field6, Optional value6, Optional field7, Optional value7, Optional field8, _
        Optional value8)
    Dim given As Variant
    On Error GoTo failed
    given = Array(metric, period, as_of, field1, value1, field2, value2, field3, value3, field4, value4, _
        field5, value5, field6, value6, field7, value7, field8, value8)
    REVALIGN_RECORDS = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_RECORDS", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_RECORDS = CVErr(xlErrValue)
End Function

Function REVALIGN_DEFINE(metric)
    Dim given As Variant
    On Error GoTo failed
    given = Array(metric)
    REVALIGN_DEFINE = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_DEFINE", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_DEFINE = CVErr(xlErrValue)
End Function

Function REVALIGN_STATUS(Optional source)
    Dim given As Variant
    On Error GoTo failed
    given = Array(source)
    REVALIGN_STATUS = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_STATUS", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_STATUS = CVErr(xlErrValue)
End Function

Function REVALIGN_LIST(kind)
    Dim given As Variant
    On Error GoTo failed
    given = Array(kind)
    REVALIGN_LIST = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_LIST", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_LIST = CVErr(xlErrValue)
End Function

Function REVALIGN_PERIOD(token, Optional anchor)
    Dim given As Variant
    On Error GoTo failed
    given = Array(token, anchor)
    REVALIGN_PERIOD = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_PERIOD", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_PERIOD = CVErr(xlErrValue)
End Function

Function REVALIGN_CONVERSION(reached_next, reached)
    Dim given As Variant
    On Error GoTo failed
    given = Array(reached_next, reached)
    REVALIGN_CONVERSION = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_CONVERSION", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_CONVERSION = CVErr(xlErrValue)
End Function

Function REVALIGN_FUNNEL(stage_counts, Optional stage_names)
    Dim given As Variant
    On Error GoTo failed
    given = Array(stage_counts, stage_names)
    REVALIGN_FUNNEL = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_FUNNEL", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_FUNNEL = CVErr(xlErrValue)
End Function

Function REVALIGN_NPS(scores)
    Dim given As Variant
    On Error GoTo failed
    given = Array(scores)
    REVALIGN_NPS = RevalignCell(XLPy.CallUDF("revalign_udf.excel.udfs", "REVALIGN_NPS", given, _
        ActiveWorkbook, Application.Caller))
    Exit Function
failed:
    REVALIGN_NPS = CVErr(xlErrValue)
End Function

Public Sub RevalignDescribe()
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
    Describe_REVALIGN_SLA_RATE
    Describe_REVALIGN_SLA
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
    Describe_REVALIGN_METRIC
    Describe_REVALIGN_SERIES
    Describe_REVALIGN_TABLE
    Describe_REVALIGN_EXPLAIN
    Describe_REVALIGN_RECORDS
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
    Application.MacroOptions Macro:="REVALIGN_CAC", Category:="Revalign", _
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
    Application.MacroOptions Macro:="REVALIGN_LTV", Category:="Revalign", _
        Description:="Lifetime value of a customer: order value x orders per year x lifetime, less the acquisition cost if given.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_LTV_TO_CAC()
    Dim texts(0 To 1) As String
    texts(0) = "Lifetime value of a customer."
    texts(1) = "Acquisition cost of a customer."
    Application.MacroOptions Macro:="REVALIGN_LTV_TO_CAC", Category:="Revalign", _
        Description:="Lifetime value divided by acquisition cost. The benchmark is strictly above 3.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_PAYBACK()
    Dim texts(0 To 1) As String
    texts(0) = "Acquisition cost of a customer."
    texts(1) = "Monthly revenue per customer x gross margin."
    Application.MacroOptions Macro:="REVALIGN_PAYBACK", Category:="Revalign", _
        Description:="Months until a customer's margin has paid its acquisition cost. #DIV/0! means never.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_RENEWALS_TO_BREAK_EVEN()
    Dim texts(0 To 1) As String
    texts(0) = "Months to pay back, as PAYBACK gives it."
    texts(1) = "Length of one contract term in months."
    Application.MacroOptions Macro:="REVALIGN_RENEWALS_TO_BREAK_EVEN", Category:="Revalign", _
        Description:="Renewals a customer must sign before its acquisition is paid back.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_AOV()
    Dim texts(0 To 1) As String
    texts(0) = "Revenue of the orders; a range is added up."
    texts(1) = "Number of orders of the period; a range is added up."
    Application.MacroOptions Macro:="REVALIGN_AOV", Category:="Revalign", _
        Description:="Average order value: revenue divided by the number of orders.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_ORDER_FREQUENCY()
    Dim texts(0 To 1) As String
    texts(0) = "Number of orders of the period; a range is added up."
    texts(1) = "Customers won in the period; a range is added up."
    Application.MacroOptions Macro:="REVALIGN_ORDER_FREQUENCY", Category:="Revalign", _
        Description:="Orders per new customer of the same period.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_REVENUE_GROWTH()
    Dim texts(0 To 1) As String
    texts(0) = "Revenue of the later period; a range is added up."
    texts(1) = "Revenue of the earlier period of the same length; a range is added up."
    Application.MacroOptions Macro:="REVALIGN_REVENUE_GROWTH", Category:="Revalign", _
        Description:="Change of revenue from one period to the next, as a fraction of the earlier one.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_ROI()
    Dim texts(0 To 2) As String
    texts(0) = "What it brought; a range is added up."
    texts(1) = "What it cost; a range is added up."
    texts(2) = """roi"" (default) for (value - cost) / cost, ""ratio"" for value / cost."
    Application.MacroOptions Macro:="REVALIGN_ROI", Category:="Revalign", _
        Description:="Return on a cost: (value - cost) / cost, or value / cost with form ""ratio"".", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_SPLIT()
    Dim texts(0 To 1) As String
    texts(0) = "A pay period, or several whole ones: 2026-Q3, 2026, LAST_QUARTER."
    texts(1) = "Name of one rep, for the statement to the record; empty for all reps."
    Application.MacroOptions Macro:="REVALIGN_SPLIT", Category:="Revalign", _
        Description:="How the commission of a period is shared by the project's rule; with a rep, its statement to the record.", _
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
    Application.MacroOptions Macro:="REVALIGN_SLA_RATE", Category:="Revalign", _
        Description:="Share of hand-offs contacted within the promised working hours; untouched past the limit is broken, what is not
yet due is left out.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_SLA()
    Dim texts(0 To 18) As String
    texts(0) = "A promise, a team, a hand-off such as ""marketing > sales"", or ""all""."
    texts(1) = "A date, or 2026-09, 2026-Q3, FY26-Q3, 2026, LAST_MONTH, YTD, LTM."
    texts(2) = "Date of the snapshot to read; empty for the newest."
    texts(3) = "Dimension to filter by; or one range of two columns."
    texts(4) = "The value to keep; empty means all."
    texts(5) = "Dimension to filter by; or one range of two columns."
    texts(6) = "The value to keep; empty means all."
    texts(7) = "Dimension to filter by; or one range of two columns."
    texts(8) = "The value to keep; empty means all."
    texts(9) = "Dimension to filter by; or one range of two columns."
    texts(10) = "The value to keep; empty means all."
    texts(11) = "Dimension to filter by; or one range of two columns."
    texts(12) = "The value to keep; empty means all."
    texts(13) = "Dimension to filter by; or one range of two columns."
    texts(14) = "The value to keep; empty means all."
    texts(15) = "Dimension to filter by; or one range of two columns."
    texts(16) = "The value to keep; empty means all."
    texts(17) = "Dimension to filter by; or one range of two columns."
    texts(18) = "The value to keep; empty means all."
    Application.MacroOptions Macro:="REVALIGN_SLA", Category:="Revalign", _
        Description:="What became of the promises between teams: promised, kept, broken, not yet due, the share kept and the hours.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_MRR()
    Dim texts(0 To 3) As String
    texts(0) = "Amount of each item per billing interval, less its discount."
    texts(1) = "Billing interval of each item, or one for all: day, week, month, quarter, year. Default month."
    texts(2) = "Quantity of each item, or one for all. Default 1."
    texts(3) = "TRUE for items that do not recur; they are left out."
    Application.MacroOptions Macro:="REVALIGN_MRR", Category:="Revalign", _
        Description:="Monthly recurring revenue of a list of items. One-time items are left out.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_ARR()
    Dim texts(0 To 0) As String
    texts(0) = "Monthly recurring revenue at one instant; a range is added up."
    Application.MacroOptions Macro:="REVALIGN_ARR", Category:="Revalign", _
        Description:="Annual recurring revenue: 12 x MRR.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_ARR_CONTRACT()
    Dim texts(0 To 1) As String
    texts(0) = "Value of the whole contract, without one-off payments."
    texts(1) = "Length of the contract in months."
    Application.MacroOptions Macro:="REVALIGN_ARR_CONTRACT", Category:="Revalign", _
        Description:="Annual value of a contract: value x 12 / months.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_ANNUALISE()
    Dim texts(0 To 1) As String
    texts(0) = "Share lost per term, as a fraction: 3 % is 0.03."
    texts(1) = "Length of one term in months."
    Application.MacroOptions Macro:="REVALIGN_ANNUALISE", Category:="Revalign", _
        Description:="A churn rate per contract term as a rate per year: 1 - (1 - rate) ^ (12 / term).", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_CHURN()
    Dim texts(0 To 1) As String
    texts(0) = "Customers (or revenue) lost of those at the start; a range is added up."
    texts(1) = "Customers (or revenue) at the start; a range is added up."
    Application.MacroOptions Macro:="REVALIGN_CHURN", Category:="Revalign", _
        Description:="Share lost of what was there at the start. Leave out who joined and left inside the period.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_ELIGIBLE_CHURN()
    Dim texts(0 To 1) As String
    texts(0) = "Lost of those up for renewal; a range is added up."
    texts(1) = "Up for renewal in the period; a range is added up."
    Application.MacroOptions Macro:="REVALIGN_ELIGIBLE_CHURN", Category:="Revalign", _
        Description:="Share lost of those whose contract came up for renewal.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_NRR()
    Dim texts(0 To 1) As String
    texts(0) = "MRR of each customer at the start; rows at zero or below do not count."
    texts(1) = "MRR of the same customers at the end, in the same order; blank is 0."
    Application.MacroOptions Macro:="REVALIGN_NRR", Category:="Revalign", _
        Description:="Net revenue retention of the customers paying at the start: closing MRR / opening MRR.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_GRR()
    Dim texts(0 To 1) As String
    texts(0) = "MRR of each customer at the start; rows at zero or below do not count."
    texts(1) = "MRR of the same customers at the end, in the same order; blank is 0."
    Application.MacroOptions Macro:="REVALIGN_GRR", Category:="Revalign", _
        Description:="Gross revenue retention: as NRR, each customer counted with at most its opening MRR.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_NRR_TOTALS()
    Dim texts(0 To 3) As String
    texts(0) = "Recurring revenue at the start; a range is added up."
    texts(1) = "Revenue gained from customers that were there; a range is added up."
    texts(2) = "Revenue lost from customers that stayed, as magnitudes or negative; a range is added up."
    texts(3) = "Revenue lost with customers that left, as magnitudes or negative; a range is added up."
    Application.MacroOptions Macro:="REVALIGN_NRR_TOTALS", Category:="Revalign", _
        Description:="Net revenue retention approximated from period totals: (opening + expansion - losses) / opening.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_GRR_TOTALS()
    Dim texts(0 To 3) As String
    texts(0) = "Recurring revenue at the start; a range is added up."
    texts(1) = "Revenue gained from customers that were there; a range is added up."
    texts(2) = "Revenue lost from customers that stayed, as magnitudes or negative; a range is added up."
    texts(3) = "Revenue lost with customers that left, as magnitudes or negative; a range is added up."
    Application.MacroOptions Macro:="REVALIGN_GRR_TOTALS", Category:="Revalign", _
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
    Application.MacroOptions Macro:="REVALIGN_QUICK_RATIO", Category:="Revalign", _
        Description:="Growth against losses: (new + expansion + reactivation) / (contraction + churned).", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_UPSELL_SHARE()
    Dim texts(0 To 1) As String
    texts(0) = "Upsell, cross-sell and expansion value; a range is added up."
    texts(1) = "All sales value without renewals; a range is added up."
    Application.MacroOptions Macro:="REVALIGN_UPSELL_SHARE", Category:="Revalign", _
        Description:="Share of sales that came from selling more to customers; renewals belong in neither number.", _
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
    Application.MacroOptions Macro:="REVALIGN_METRIC", Category:="Revalign", _
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
    Application.MacroOptions Macro:="REVALIGN_SERIES", Category:="Revalign", _
        Description:="A metric over time: one row per period, with its value; compared, also difference and share.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_TABLE()
    Dim texts(0 To 19) As String
    texts(0) = "Names of metrics, in a range or one."
    texts(1) = "Periods, in a range or one."
    texts(2) = "Dimension to cut by, such as segment."
    texts(3) = "Date of the snapshot to read; empty for the newest. Leave empty before filters."
    texts(4) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(5) = "The value to keep; empty means all."
    texts(6) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(7) = "The value to keep; empty means all."
    texts(8) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(9) = "The value to keep; empty means all."
    texts(10) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(11) = "The value to keep; empty means all."
    texts(12) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(13) = "The value to keep; empty means all."
    texts(14) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(15) = "The value to keep; empty means all."
    texts(16) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(17) = "The value to keep; empty means all."
    texts(18) = "Dimension to filter by, a parameter, profile, in_currency, compare or show; or one range of two columns."
    texts(19) = "The value to keep; empty means all."
    Application.MacroOptions Macro:="REVALIGN_TABLE", Category:="Revalign", _
        Description:="Several metrics over several periods, cut by a dimension if one is named; totals are computed, never summed.", _
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
    Application.MacroOptions Macro:="REVALIGN_EXPLAIN", Category:="Revalign", _
        Description:="How a number came about: definition, components, arithmetic, records in and out.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_RECORDS()
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
    Application.MacroOptions Macro:="REVALIGN_RECORDS", Category:="Revalign", _
        Description:="The source records behind a number, each with what it contributes to each component.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_DEFINE()
    Dim texts(0 To 0) As String
    texts(0) = "Name of a metric, such as nrr or logo_churn. REVALIGN.LIST shows them."
    Application.MacroOptions Macro:="REVALIGN_DEFINE", Category:="Revalign", _
        Description:="What a metric means and which teams own it.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_STATUS()
    Dim texts(0 To 0) As String
    texts(0) = "Name of one source; empty for all."
    Application.MacroOptions Macro:="REVALIGN_STATUS", Category:="Revalign", _
        Description:="How fresh the published numbers are, by source.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_LIST()
    Dim texts(0 To 0) As String
    texts(0) = "metrics, dimensions, periods, or the name of a dimension for its values."
    Application.MacroOptions Macro:="REVALIGN_LIST", Category:="Revalign", _
        Description:="Valid names, for drop-down lists.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_PERIOD()
    Dim texts(0 To 1) As String
    texts(0) = "2026-09, 2026-Q3, FY26-Q3, LAST_MONTH ..."
    texts(1) = "Date from which LAST_MONTH and the like count; empty for the snapshot's own."
    Application.MacroOptions Macro:="REVALIGN_PERIOD", Category:="Revalign", _
        Description:="The first day of a period as a real date, for headers that every function reads as that period's month.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_CONVERSION()
    Dim texts(0 To 1) As String
    texts(0) = "How many reached the next stage; a range is added up."
    texts(1) = "How many reached the stage; a range is added up."
    Application.MacroOptions Macro:="REVALIGN_CONVERSION", Category:="Revalign", _
        Description:="Share of those who reached a stage that reached the next one.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_FUNNEL()
    Dim texts(0 To 1) As String
    texts(0) = "How many reached each stage, from the first to the last."
    texts(1) = "Names of the stages, in the same order."
    Application.MacroOptions Macro:="REVALIGN_FUNNEL", Category:="Revalign", _
        Description:="Step and overall conversion of every stage, with headers.", _
        ArgumentDescriptions:=texts
End Sub

Private Sub Describe_REVALIGN_NPS()
    Dim texts(0 To 0) As String
    texts(0) = "Scores from 0 to 10, one per answer; blank cells are no answers."
    Application.MacroOptions Macro:="REVALIGN_NPS", Category:="Revalign", _
        Description:="Net promoter score in points, -100 to 100: share of 9 and 10 minus share of 0 to 6.", _
        ArgumentDescriptions:=texts
End Sub
