"""Files to and from banks: credit transfers out, statements and status reports in."""
