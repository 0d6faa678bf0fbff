"""The front doors of vendors' formats, the one place above the wires that names a vendor: whose
address it is, which dialect, and what only its clients ask for. What all doors share is beside it.
"""
