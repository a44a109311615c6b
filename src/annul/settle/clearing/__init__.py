"""Files of the clearing: read whatever their layout, into rows of one form."""
