-- What people look a case up by when they hold a card or a slip in their hands. None of these
-- columns ever changes, so an update of a case touches none of these indexes.
CREATE INDEX cases_last_four ON cases (right(card_masked, 4), opened_at);
CREATE INDEX cases_amount ON cases (amount, opened_at);
CREATE INDEX terminals_number ON terminals (terminal_id);
