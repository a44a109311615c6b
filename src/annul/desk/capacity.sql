-- What a cell has worked out of its capacity.

-- name: report
-- description: The report, and when it was worked out.
SELECT at, report FROM capacity_reports;
