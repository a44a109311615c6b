-- Lists of cases by what people look for and sort by. Of these columns only `ended` and `ended_at`
-- change, once, with the update that `cases_due` makes a cold one already.
CREATE INDEX cases_ended ON cases (ended, opened_at, id) WHERE ended <> '';
CREATE INDEX cases_late ON cases (opened_at, id) WHERE ended_at > first_due_at;
-- An expression, so that no statement that names merchant and original is ever planned by it.
CREATE INDEX cases_merchant ON cases ((merchant_id || ''), opened_at, id);
CREATE INDEX cases_terminal ON cases (terminal_id);
CREATE INDEX cases_amount ON cases (amount, id);
CREATE INDEX cases_last_four ON cases (right(card_masked, 4), opened_at);
