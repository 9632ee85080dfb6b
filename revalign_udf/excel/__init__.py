"""Excel adapters, generated from the function registry.

This folder holds the classic add-in (COM, Excel on Windows): Excel calls a VBA function, VBA calls Python through
xlwings, Python calls the registry.

=========== ===================================================================================
module      holds
=========== ===================================================================================
``codes``   Excel's error values as the numbers COM carries
``classic`` one Python function per registered function, with what xlwings needs to know
``udfs``    those functions, decorated by xlwings: the module Excel loads (imports xlwings)
``vba``     the text of the VBA module that belongs to it
=========== ===================================================================================
"""
