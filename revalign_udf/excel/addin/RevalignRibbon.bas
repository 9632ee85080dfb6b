Attribute VB_Name = "RevalignRibbon"
Option Explicit
' The buttons of the tab Revalign. No button changes a cell that holds something.

Private Const TITLE As String = "Revalign"

Public Sub RevalignOnInsert(ByVal control As IRibbonControl)
    RevalignInsertMetric
End Sub

Public Sub RevalignOnRefresh(ByVal control As IRibbonControl)
    RevalignRefresh
End Sub

Public Sub RevalignOnExplain(ByVal control As IRibbonControl)
    RevalignExplain
End Sub

Public Sub RevalignOnFreeze(ByVal control As IRibbonControl)
    RevalignFreezePeriod
End Sub

Public Sub RevalignOnStatus(ByVal control As IRibbonControl)
    RevalignStatus
End Sub

Public Sub RevalignOnHelp(ByVal control As IRibbonControl)
    RevalignHelpPage
End Sub

' Writes =REVALIGN_METRIC("...","...") into the active cell, which must be empty, and opens Excel's own dialog of it.
Public Sub RevalignInsertMetric()
    Dim metric As String, period As String, said As String
    On Error GoTo failed
    RevalignRetry
    If ActiveCell Is Nothing Then
        MsgBox "Open a workbook and select an empty cell first.", vbInformation, TITLE
        Exit Sub
    End If
    If ActiveCell.Formula <> "" Then
        MsgBox "The cell " & ActiveCell.Address(False, False) & " is not empty. Select an empty one.", vbInformation, TITLE
        Exit Sub
    End If
    metric = InputBox("Which metric? For example mrr, nrr, churn_rate.", TITLE, "mrr")
    If metric = "" Then Exit Sub
    period = InputBox("Which period? For example 2026-09, 2026-Q3, FY26, LAST_MONTH, LTM.", TITLE, "LAST_MONTH")
    If period = "" Then Exit Sub
    said = RevalignAsk("REVALIGN_CHECKED", Array(metric, period, RevalignAsOf()))
    If said <> "" Then
        MsgBox said, vbExclamation, TITLE
        Exit Sub
    End If
    ActiveCell.Formula = "=REVALIGN_METRIC(" & RevalignQuoted(metric) & "," & RevalignQuoted(period) & ")"
    Application.Dialogs(xlDialogFunctionWizard).Show
    Exit Sub
failed:
    RevalignTell "The metric could not be inserted.", Err.Description
End Sub

' Every formula once more, from the newest published snapshot.
Public Sub RevalignRefresh()
    On Error GoTo failed
    RevalignRetry
    Application.CalculateFull
    If RevalignTrouble() <> "" Then RevalignTell "The functions cannot be calculated.", ""
    Exit Sub
failed:
    RevalignTell "The workbooks could not be calculated.", Err.Description
End Sub

' On an error: what it means. On a metric: a new sheet with the way to its number.
Public Sub RevalignExplain()
    Dim formula As String, parts As Collection, part As Variant, asked As String, said As String
    Dim cell As Range, page As Worksheet
    On Error GoTo failed
    RevalignRetry
    If ActiveCell Is Nothing Then
        MsgBox "Select a cell with a REVALIGN_ function first.", vbInformation, TITLE
        Exit Sub
    End If
    Set cell = ActiveCell
    formula = cell.Formula
    If InStr(1, formula, "REVALIGN_", vbTextCompare) = 0 Then
        MsgBox "The cell " & cell.Address(False, False) & " holds no REVALIGN_ function.", vbInformation, TITLE
        Exit Sub
    End If
    If IsError(cell.Value) Then
        said = RevalignAsk("REVALIGN_FORGET", Array())
        cell.Calculate
        said = RevalignAsk("REVALIGN_SAID", Array())
        If said = "" Then said = "The error does not come from a REVALIGN_ function of this cell."
        MsgBox said, vbInformation, TITLE
        Exit Sub
    End If
    Set parts = RevalignArguments(formula, "REVALIGN_METRIC(")
    If parts Is Nothing Then
        MsgBox "Only REVALIGN_METRIC can be explained. For others see Help.", vbInformation, TITLE
        Exit Sub
    End If
    For Each part In parts
        asked = asked & IIf(asked = "", "", ",") & RevalignFixed(CStr(part), cell.Worksheet)
    Next part
    Set page = cell.Worksheet.Parent.Worksheets.Add(After:=cell.Worksheet)
    page.Range("A1").Value = "How " & cell.Worksheet.Name & "!" & cell.Address(False, False) & " came about"
    RevalignSpill page.Range("A3"), "=REVALIGN_EXPLAIN(" & asked & ")"
    Exit Sub
failed:
    RevalignTell "The cell could not be explained.", Err.Description
End Sub

' Asks the scheduled jobs to close a period: its numbers then never move in silence. Cells are left alone.
Public Sub RevalignFreezePeriod()
    Dim period As String, reason As String
    On Error GoTo failed
    RevalignRetry
    period = InputBox("Close which period? For example 2026-09 or LAST_MONTH.", TITLE, "LAST_MONTH")
    If period = "" Then Exit Sub
    reason = InputBox("A word on why, for the record.", TITLE, "Month-end close")
    If reason = "" Then Exit Sub
    If MsgBox("Ask for " & period & " to be closed? Later changes in the systems will show as drift.", _
        vbOKCancel + vbQuestion, TITLE) <> vbOK Then Exit Sub
    MsgBox RevalignAsk("REVALIGN_FREEZE", Array(period, reason)), vbInformation, TITLE
    Exit Sub
failed:
    RevalignTell "The request could not be left.", Err.Description
End Sub

' How fresh the numbers are, or why there are none.
Public Sub RevalignStatus()
    On Error GoTo failed
    RevalignRetry
    MsgBox RevalignAsk("REVALIGN_ABOUT", Array()), vbInformation, TITLE
    Exit Sub
failed:
    RevalignTell "Python cannot be reached.", Err.Description
End Sub

' The text that came with the add-in.
Public Sub RevalignHelpPage()
    On Error GoTo failed
    ThisWorkbook.FollowHyperlink ThisWorkbook.Path & "\README.txt"
    Exit Sub
failed:
    RevalignTell "README.txt could not be opened. It lies beside " & ThisWorkbook.FullName & ".", Err.Description
End Sub

Private Sub RevalignTell(ByVal what As String, ByVal why As String)
    If RevalignTrouble() <> "" Then
        why = RevalignTrouble() & vbCrLf & vbCrLf & "Try this in a command window:" & vbCrLf _
            & """" & Replace(REVALIGN_PYTHON, "pythonw.exe", "python.exe") & """ -P -m revalign_udf.excel.comserver --check"
    End If
    MsgBox what & vbCrLf & vbCrLf & why, vbExclamation, TITLE
End Sub

Private Function RevalignQuoted(ByVal text As String) As String
    RevalignQuoted = """" & Replace(text, """", """""") & """"
End Function

' Formula2 spills; an Excel without it fills a block.
Private Sub RevalignSpill(ByVal cell As Range, ByVal formula As String)
    On Error GoTo older
    cell.Formula2 = formula
    Exit Sub
older:
    cell.Resize(60, 8).FormulaArray = formula
End Sub

' The arguments of the first call of a function in a formula, as they are written; Nothing when it is not called.
Private Function RevalignArguments(ByVal formula As String, ByVal opening As String) As Collection
    Dim place As Long, depth As Long, letter As String, quote As String, piece As String
    Dim found As New Collection
    place = InStr(1, formula, opening, vbTextCompare)
    If place = 0 Then Exit Function
    For place = place + Len(opening) To Len(formula)
        letter = Mid$(formula, place, 1)
        If quote <> "" Then
            If letter = quote Then quote = ""
        ElseIf letter = """" Or letter = "'" Then
            quote = letter
        ElseIf letter = "(" Or letter = "{" Then
            depth = depth + 1
        ElseIf letter = ")" And depth = 0 Then
            Exit For
        ElseIf letter = ")" Or letter = "}" Then
            depth = depth - 1
        ElseIf letter = "," And depth = 0 Then
            found.Add Trim$(piece)
            piece = ""
            letter = ""
        End If
        piece = piece & letter
    Next place
    found.Add Trim$(piece)
    Set RevalignArguments = found
End Function

' An argument that means the same on another sheet: a reference with its sheet, or the value it has now.
Private Function RevalignFixed(ByVal text As String, ByVal page As Worksheet) As String
    Dim value As Variant, block As Range
    If text = "" Then Exit Function
    If IsObject(page.Evaluate(text)) Then
        Set block = page.Evaluate(text)
        If block.Worksheet.Parent Is page.Parent Then
            RevalignFixed = "'" & Replace(block.Worksheet.Name, "'", "''") & "'!" & block.Address
        Else
            RevalignFixed = block.Address(External:=True)
        End If
        Exit Function
    End If
    value = page.Evaluate(text)
    If IsError(value) Or IsArray(value) Then
        Err.Raise vbObjectError + 514, TITLE, "The argument " & text & " has no single value."
    End If
    Select Case VarType(value)
        Case vbString
            RevalignFixed = RevalignQuoted(value)
        Case vbBoolean
            RevalignFixed = IIf(value, "TRUE", "FALSE")
        Case Else
            RevalignFixed = Trim$(Str$(value))
    End Select
End Function
