"""What v1 answers, one module per subject: annul answers with these models, the client reads them.

Amounts are integers in minor units, times are in UTC.
"""
