-- name: limit
-- description: From which amount on, in minor units, a second person is needed for a merchant.
SELECT second_person_from FROM merchants WHERE merchant_id = :merchant;
