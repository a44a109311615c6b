-- Card data leaves what older versions have kept. They hid what they knew to be secret (fields 2, 35,
-- 36, 45, 52 and a few tags of 55) and kept everything else, so that card numbers and tracks in other
-- fields stayed. What may stay is written here once more and is frozen here; the code has its own
-- table (wire/shown.py), which may grow.
--
-- Cost: one pass over each table, and only rows that match are rewritten; run again, it changes
-- nothing. Messages: 5 us a row that may stay as it is, 0.5 ms one that is rewritten (which has chip
-- data, private fields or long numbers in its text; voids carry them seldom). Ten million rows are
-- read in about a minute and the time to fetch them; each million of them that is rewritten adds
-- eight minutes, and room for it that VACUUM gives back. Only immutable functions of the row's own
-- columns.
--
-- Hosts of an older version must be stopped first: what they still write is not seen here.

-- The pattern finds `"number": "value"` of the fields' JSON text that may not stay: the key is not
-- listed, or its value is not of the form beside it. A quote within a value has a backslash before
-- it, so that nothing inside a value looks like a key.
UPDATE messages m
SET fields = regexp_replace(m.fields::text, p.card_data, '\1"\2": "<removed>"', 'g')::jsonb
FROM (SELECT '(?x)
    ([{ ])"(?!
        # Too short for a card number in every dialect, and a merchant number of fifteen.
        (?:[3-9]|[12][0-9]|3[0-37-9]|4[019]|5[01]|6[6-9]|7[0-9]|8[0-5]|9[1-49]|100)":[ ]"[^"\\]{0,12}"
        |42":[ ]"[^"\\]{0,15}"
        # Masked already.
        |(?:2|34|102|103)":[ ]"[0-9]{0,6}\*+[0-9]{0,4}"
        |(?:35|36|45)":[ ]"[0-9]{0,6}\*+[0-9]{0,4}(?:[D=]\**)?"
        |[0-9]+":[ ]"<(?:removed|[0-9]+[ ]bytes)>"
        # Free text without thirteen digits in a row, also with single blanks or dashes between.
        |(?:43|44|63)":[ ]"(?!(?:[^"\\]|\\.)*[0-9０-９](?:[ -]?[0-9０-９]){12})
        # Counts, security control, balances, function and batch, the original, MAC, its time.
        |48":[ ]"[0-9]{0,4}"
        |53":[ ]"[0-9]{3}0{13}"
        |54":[ ]"(?:[0-9]{4}[0-9A-Z]{3}[CD]0[0-9]{11}){1,6}"
        |59":[ ]"(?:A3=[0-9]{6}\*+[0-9]{4})?[ ]?(?:A4=20[0-9]{2}[01][0-9][0-3][0-9]{13})?"
        |60":[ ]"(?:[^"\\]{0,12}|[0-2][0-9]0[0-9]{5}0[0-9]{2}[0256][0-2](?:[01](?:[0-9]{3})?)?)"
        |61":[ ]"(?:[0-9]{0,12}|0[0-9]{11}[01][0-9][0-3][0-9](?:[0-9]{2}(?:[0-9]{11})?)?)"
        |90":[ ]"0[0-9]{9}[01][0-9][0-3][0-9][0-2][0-9][0-5][0-9]{3}(?:[0-9]{11}0{11}|(?:000[0-9]{8}){2})"
        |(?:64|128)":[ ]"(?:(?:3[0-9]|4[1-6]){8}|(?=[0-9]*[A-F])[0-9A-F]{16})"
    )([0-9]+)":[ ]"(?:[^"\\]|\\.)*"' AS card_data) p
-- Most rows are let off without the pattern, which takes thirty times as long: they have only fields
-- whose width no row of a dialect lets a card number into, or whose values a short look clears.
WHERE CASE WHEN
    m.fields - '{2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,
                 33,35,37,38,39,40,41,42,43,44,49,50,51,52,53,60,61,63,64,90,100,128}'::text[] <> '{}'
    OR m.fields->>'43' ~ '[0-9０-９](?:[ -]?[0-9０-９]){12}'
    OR m.fields->>'44' ~ '[0-9０-９](?:[ -]?[0-9０-９]){12}'
    OR m.fields->>'63' ~ '[0-9０-９](?:[ -]?[0-9０-９]){12}'
    OR m.fields->>'53' !~ '^...0{13}$'
    OR m.fields->>'60' !~ '^.{0,12}$|^[0-2].0.....0..[0256][0-2](?:[01](?:...)?)?$'
    OR m.fields->>'61' !~ '^.{0,12}$|^0...........[01].[0-3].(?:..(?:...........)?)?$'
    OR m.fields->>'64' !~ '[A-F]|^(?:3.|4[1-6]){8}$'
    OR m.fields->>'90' !~ '^0.........[01].[0-3].[0-2].[0-5]...(?:(?:000........){2}|...........0{11})$'
    OR m.fields ? '128'
    OR octet_length(m.fields->>'42') > 15
THEN m.fields::text ~ p.card_data END;

-- What a terminal said of itself in field 62. Empty is unknown, and raises no alarm about a serial
-- number that is not the registered one; the next sign-in says it anew.
UPDATE terminals SET information = ''
WHERE information <> serial AND information ~ '[0-9０-９](?:[ -]?[0-9０-９]){12}';

-- Reasons and notes that people typed. The identity of a case is no row of digits: its groups stand
-- beside dashes and letters.
UPDATE audit
SET reason = regexp_replace(
    reason, '(?<![0-9A-Fa-f]|[0-9A-Fa-f]-)[0-9０-９](?:[ -]?[0-9０-９]){12,}(?!-?[0-9A-Fa-f])',
    '<removed>', 'g')
WHERE reason ~ '(?<![0-9A-Fa-f]|[0-9A-Fa-f]-)[0-9０-９](?:[ -]?[0-9０-９]){12,}(?!-?[0-9A-Fa-f])';

UPDATE policies
SET note = regexp_replace(
    note, '(?<![0-9A-Fa-f]|[0-9A-Fa-f]-)[0-9０-９](?:[ -]?[0-9０-９]){12,}(?!-?[0-9A-Fa-f])',
    '<removed>', 'g')
WHERE note ~ '(?<![0-9A-Fa-f]|[0-9A-Fa-f]-)[0-9０-９](?:[ -]?[0-9０-９]){12,}(?!-?[0-9A-Fa-f])';

-- Left as they are, because annul writes them from its own words, numbers and masked cards:
-- refusals, incidents, notices, notifications, deliveries, idempotency (answers, gone in seven days),
-- lessons, batches.claimed (62 digits of totals, or the message was refused). audit.detail names
-- identities, addresses and telephone numbers. case_events is a hash chain that exported proofs
-- refer to: of what it holds only the reasons that people typed are free text.
