Attribute VB_Name = "RevalignCells"
Option Explicit
Option Private Module
' Cells to Python and back. Every REVALIGN_ function passes through RevalignCall.

Private Const MODULE_1900 As String = "revalign_udf.excel.udfs"
Private Const MODULE_1904 As String = "revalign_udf.excel.udfs1904"
Private Const MODULE_COMMANDS As String = "revalign_udf.excel.commands"
Private Const AS_OF As String = "REVALIGN_ASOF"
Private Const DAYS_1904 As Long = 1462 ' between the two ways Excel counts days
Private Const FIRST_ERROR As Double = 2146828288# ' an error value travels as its number less this

' What the cell of a function shows. Whatever goes wrong is an error value, never a text that SUM would skip.
' A function on the snapshot gets the day that the workbook pins, as one value more.
Public Function RevalignCall(ByVal udf As String, ByVal given As Variant, Optional ByVal snapshot As Boolean = False) As Variant
    Dim raw As Variant, place As Long, pin As Variant
    On Error GoTo failed
    raw = Array()
    If UBound(given) >= 0 Then ReDim raw(0 To UBound(given))
    For place = 0 To UBound(given)
        raw(place) = RevalignRaw(given(place))
    Next place
    If snapshot Then
        pin = RevalignAsOf()
        If Not IsEmpty(pin) Then
            ReDim Preserve raw(0 To UBound(raw) + 1)
            raw(UBound(raw)) = pin
        End If
    End If
    RevalignCall = RevalignAnswer(XLPy.CallUDF(RevalignModule(), (udf), (raw)))
    Exit Function
failed:
    RevalignLost Err.Number
    RevalignCall = CVErr(xlErrValue)
End Function

' What a button asks Python; an error goes on to the button. The answer is always taken: pywin32 writes into the
' arguments of a call whose answer nobody wants.
Public Function RevalignAsk(ByVal command As String, ByVal given As Variant) As Variant
    RevalignAsk = XLPy.CallUDF(MODULE_COMMANDS, (command), (given))
End Function

' The values of an argument, which may be left out. Value2, because Value rounds cells formatted as currency to four decimals.
Private Function RevalignRaw(Optional ByVal given As Variant) As Variant
    Dim block As Range
    If Not IsObject(given) Then
        RevalignRaw = given
        Exit Function
    End If
    Set block = given
    If block.Areas.Count > 1 Then
        ' of (A1:A9,C1:C9) Excel would hand over the first block and drop the rest in silence
        RevalignRaw = CVErr(xlErrValue)
        Exit Function
    End If
    If block.Rows.Count = block.Worksheet.Rows.Count Or block.Columns.Count = block.Worksheet.Columns.Count Then
        ' of a whole column, the part in use
        Set block = Application.Intersect(block, block.Worksheet.UsedRange)
        If block Is Nothing Then Exit Function
    End If
    RevalignRaw = block.Value2
End Function

' The workbook of the calling cell; called from elsewhere, the active one.
Private Function RevalignBook() As Workbook
    If IsObject(Application.Caller) Then
        Set RevalignBook = Application.Caller.Worksheet.Parent
    Else
        Set RevalignBook = ActiveWorkbook
    End If
End Function

' What the workbook's name REVALIGN_ASOF holds, a day counted from 1900; Empty where it has no such name or a blank cell.
' What is no day goes on as it is: Python refuses it by name.
Public Function RevalignAsOf() As Variant
    Dim book As Workbook, found As Name, page As Worksheet, value As Variant
    Set book = RevalignBook()
    If book Is Nothing Then Exit Function
    Set found = RevalignName(book)
    If found Is Nothing Then Exit Function
    Set page = book.Worksheets(1)
    If IsObject(page.Evaluate(found.RefersTo)) Then
        value = page.Evaluate(found.RefersTo).Value2
    Else
        value = page.Evaluate(found.RefersTo)
    End If
    If VarType(value) = vbDouble And book.Date1904 Then
        If value <> 0 Then value = value + DAYS_1904
    End If
    RevalignAsOf = value
End Function

Private Function RevalignName(ByVal book As Workbook) As Name
    Dim found As Name, other As Name
    On Error Resume Next
    Set found = book.Names(AS_OF)
    On Error GoTo 0
    If found Is Nothing Then Exit Function
    If InStr(found.Name, "!") > 0 Then
        ' a sheet's own name of this kind, which hides that of the workbook
        Set found = Nothing
        For Each other In book.Names
            If UCase$(other.Name) = AS_OF Then Set found = other
        Next other
    End If
    Set RevalignName = found
End Function

' A workbook that counts days from 1904 asks the functions that count the same way.
Private Function RevalignModule() As String
    Dim book As Workbook
    Set book = RevalignBook()
    RevalignModule = MODULE_1900
    If Not book Is Nothing Then
        If book.Date1904 Then RevalignModule = MODULE_1904
    End If
End Function

Private Function RevalignAnswer(ByVal answer As Variant) As Variant
    Dim i As Long, j As Long
    If Not IsArray(answer) Then
        RevalignAnswer = RevalignValue(answer)
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
    RevalignAnswer = answer
End Function

' A number comes from Python as Double; a Long is the code of an error value.
Private Function RevalignValue(ByVal cell As Variant) As Variant
    If VarType(cell) = vbLong Then
        RevalignValue = CVErr(CLng(cell + FIRST_ERROR))
    Else
        RevalignValue = cell
    End If
End Function

' -1 for an array of one dimension: one row.
Private Function RevalignColumns(ByVal answer As Variant) As Long
    On Error Resume Next
    RevalignColumns = -1
    RevalignColumns = UBound(answer, 2)
End Function
