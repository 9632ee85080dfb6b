"""Excel adapters, generated from the function registry. README.md beside this file compares the three routes.

=============== ================================================================================================
module          holds
=============== ================================================================================================
``codes``       Excel's error values as the numbers COM carries
``classic``     one Python function per registered function, with what xlwings needs to know
``udfs``        those functions, decorated by xlwings: the module Excel's cells reach (imports xlwings)
``udfs1904``    the same for workbooks that count days from 1904
``desk``        what the buttons of the classic add-in ask, as texts
``commands``    those, decorated by xlwings
``comserver``   the Python process behind the classic add-in
``vba``         the VBA of the classic add-in
``addin``       ``revalign.xlam`` as a file, with its texts and README; the check of an existing one
``office``      our own Office.js add-in
``lite``        the module for xlwings Lite
=============== ================================================================================================
"""
