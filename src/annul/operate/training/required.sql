-- name: of_person
-- description: The certificates of a person.
SELECT number, person, course, version, at, valid_until FROM certificates WHERE person = :person;

-- name: of_merchant
-- description: The certificates of those who are let in at a merchant.
SELECT c.number, c.person, c.course, c.version, c.at, c.valid_until
FROM certificates c JOIN users u ON u.name = c.person
WHERE u.active AND u.merchant_id = :merchant;

-- name: terminal
-- description: Whether a shop has this terminal.
SELECT EXISTS (SELECT FROM terminals WHERE merchant_id = :merchant AND terminal_id = :terminal);
