Attribute VB_Name = "RevalignPython"
Option Explicit
Option Private Module
' Starts Python once per Excel and connects to the object that xlwings serves (xlwings.com_server).
' Python registers that object under a class id made here, in the memory of Windows only: nothing is written to the
' registry, and nothing listens on the network. Python ends with Excel.

Private Type RevalignGuid
    part1 As Long
    part2 As Integer
    part3 As Integer
    part4(0 To 7) As Byte
End Type

Private Declare PtrSafe Function CoCreateGuid Lib "ole32" (ByRef made As RevalignGuid) As Long
Private Declare PtrSafe Function CoCreateInstance Lib "ole32" (ByRef clsid As RevalignGuid, ByVal outer As LongPtr, _
    ByVal context As Long, ByRef iid As RevalignGuid, ByRef found As Object) As Long
Private Declare PtrSafe Function GetCurrentProcessId Lib "kernel32" () As Long
Private Declare PtrSafe Function OpenProcess Lib "kernel32" (ByVal rights As Long, ByVal inherit As Long, _
    ByVal process As Long) As LongPtr
Private Declare PtrSafe Function GetExitCodeProcess Lib "kernel32" (ByVal process As LongPtr, ByRef code As Long) As Long
Private Declare PtrSafe Function CloseHandle Lib "kernel32" (ByVal process As LongPtr) As Long
Private Declare PtrSafe Sub Sleep Lib "kernel32" (ByVal milliseconds As Long)

Private Const LOCAL_SERVER As Long = 4
Private Const CLASS_NOT_REGISTERED As Long = &H80040154
Private Const MAY_QUERY As Long = &H1000
Private Const STILL_ACTIVE As Long = 259
Private Const PATIENCE As Long = 60000 ' milliseconds
Private Const RESTARTS As Long = 3

Private server As Object
Private trouble As String
Private losses As Long

' The object the functions call. After a failed start every cell fails at once, until a button asks again.
Public Function XLPy() As Object
    If server Is Nothing Then
        If trouble = "" Then RevalignConnect
        If trouble <> "" Then Err.Raise vbObjectError + 513, "Revalign", trouble
    End If
    Set XLPy = server
End Function

' Why Python cannot be reached; empty when nothing is known to be wrong.
Public Function RevalignTrouble() As String
    RevalignTrouble = trouble
End Function

' Forget a failed start: the next call tries again.
Public Sub RevalignRetry()
    If server Is Nothing Then
        trouble = ""
        losses = 0
    End If
End Sub

' After an error of a call: when Python is gone, the next call starts it anew, three times.
Public Sub RevalignLost(ByVal number As Long)
    Select Case number
        Case 462, &H800706BA, &H800706BE, &H800706BF, &H80010108, &H80010007
            Set server = Nothing
            losses = losses + 1
            If losses > RESTARTS Then trouble = "Python stopped " & losses & " times. Press Status to try again."
    End Select
End Sub

' The command that starts Python.
Public Function RevalignCommand(ByVal clsid As String) As String
    RevalignCommand = """" & RevalignExpanded(REVALIGN_PYTHON) & """ -P -m revalign_udf.excel.comserver " & clsid _
        & " --excel " & GetCurrentProcessId()
    If REVALIGN_PROJECT <> "" Then
        RevalignCommand = RevalignCommand & " --project """ & RevalignExpanded(REVALIGN_PROJECT) & """"
    End If
End Function

Private Sub RevalignConnect()
    Dim clsid As RevalignGuid, dispatch As RevalignGuid
    Dim task As Double, process As LongPtr, code As Long, waited As Long, result As Long
    On Error GoTo failed
    dispatch.part1 = &H20400 ' IDispatch
    dispatch.part4(0) = &HC0
    dispatch.part4(7) = &H46
    result = CoCreateGuid(clsid)
    task = Shell(RevalignCommand(RevalignGuidText(clsid)), vbHide)
    process = OpenProcess(MAY_QUERY, 0, CLng(task))
    Do
        result = CoCreateInstance(clsid, 0, LOCAL_SERVER, dispatch, server)
        If result = 0 Then Exit Do
        If result <> CLASS_NOT_REGISTERED Then
            trouble = "Windows refuses the connection to Python (code " & Hex$(result) & ")."
            Exit Do
        End If
        code = STILL_ACTIVE
        If process <> 0 Then result = GetExitCodeProcess(process, code)
        If code <> STILL_ACTIVE Then
            trouble = "Python ended before it answered (code " & code & ")."
            Exit Do
        End If
        If waited >= PATIENCE Then
            trouble = "Python did not answer within a minute."
            Exit Do
        End If
        Sleep 50
        waited = waited + 50
    Loop
    If process <> 0 Then result = CloseHandle(process)
    Exit Sub
failed:
    trouble = "Python could not be started: " & Err.Description
End Sub

Private Function RevalignGuidText(ByRef guid As RevalignGuid) As String
    Dim place As Long
    RevalignGuidText = "{" & Right$("0000000" & Hex$(guid.part1), 8) & "-" & Right$("000" & Hex$(guid.part2), 4) _
        & "-" & Right$("000" & Hex$(guid.part3), 4) & "-"
    For place = 0 To 7
        RevalignGuidText = RevalignGuidText & Right$("0" & Hex$(guid.part4(place)), 2)
        If place = 1 Then RevalignGuidText = RevalignGuidText & "-"
    Next place
    RevalignGuidText = RevalignGuidText & "}"
End Function

' A path with the variables of Windows in it, such as %LOCALAPPDATA%.
Private Function RevalignExpanded(ByVal path As String) As String
    Dim pieces As Variant, place As Long
    pieces = Split(path, "%")
    If UBound(pieces) < 2 Then
        RevalignExpanded = path
        Exit Function
    End If
    RevalignExpanded = pieces(0)
    For place = 1 To UBound(pieces)
        If place Mod 2 = 1 And place < UBound(pieces) Then
            RevalignExpanded = RevalignExpanded & Environ$(pieces(place))
        ElseIf place Mod 2 = 1 Then
            RevalignExpanded = RevalignExpanded & "%" & pieces(place)
        Else
            RevalignExpanded = RevalignExpanded & pieces(place)
        End If
    Next place
End Function
