-- name: keep
-- description: Keep who did what to which thing, and why.
INSERT INTO audit (id, at, who, role, action, object, reason, detail)
VALUES (:id, :at, :who, :role, :action, :object, :reason, :detail);

-- name: log
-- description: What was done, the latest first, after the last row of a page; empty means any.
SELECT id, at, who, role, action, object, reason, detail FROM audit
WHERE (:who::text = '' OR who = :who)
  AND (:action::text = '' OR action = :action)
  AND (:text::text = '' OR position(lower(:text) IN lower(object || ' ' || reason)) > 0)
  AND (:since::timestamptz IS NULL OR at >= :since)
  AND (:until::timestamptz IS NULL OR at < :until)
  AND (:after_at::timestamptz IS NULL OR (at, id) < (:after_at, :after_id::uuid))
ORDER BY at DESC, id DESC LIMIT :limit;
