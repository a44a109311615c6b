"""What a merchant gets in writing of a day or a month: what it sold, what it gets, and when."""
