-- Who was told of a case: its page and its proof ask by case, and read every notice without these.
CREATE INDEX notices_case ON notices (case_id);
CREATE INDEX notifications_case ON notifications (case_id);
